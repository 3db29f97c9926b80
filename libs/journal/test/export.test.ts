import './seed.ts';
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { exportJournal, readExport, verifyExport } from '../src/index.ts';
import { fill, note, openFor, testFolder, withCode } from './fixture.ts';

const payloads = [
  'plain',
  '\u2028 \u0085 \ud800',
  { '10': 1, '9': 2, a: [-0, 1e-300, 1e21], __proto__: null },
  null,
  [],
  ',"payload":1}',
];

test('an export of a live journal gives the same events back, whatever is in them', async (t) => {
  const folder = testFolder(t);
  const journal = await openFor(t, { folder });
  journal.transact((tx) => tx.append('s/"ü"', payloads.map(note), 0));
  await journal.saveSnapshot({ cash: '1' });
  const dir = join(folder, 'export');
  const manifest = await exportJournal(join(folder, 'test.sqlite'), dir);
  assert.deepEqual([manifest.firstSeq, manifest.lastSeq, manifest.uuid], [1, payloads.length, journal.identity.uuid]);
  const found = [];
  for await (const event of readExport(dir)) found.push(event);
  assert.deepEqual(found, [...journal.readAll()]);
  assert.deepEqual(await verifyExport(dir), manifest);
  await assert.rejects(exportJournal(join(folder, 'test.sqlite'), dir), withCode('JOURNAL_MISUSE', /not empty/));
});

test('an empty journal can be exported', async (t) => {
  const folder = testFolder(t);
  await openFor(t, { folder });
  const dir = join(folder, 'export');
  await exportJournal(join(folder, 'test.sqlite'), dir);
  await verifyExport(dir);
  for await (const event of readExport(dir)) assert.fail(String(event));
});

test('any changed byte of an export is found, and no wrong event is given', async (t) => {
  const folder = testFolder(t);
  const journal = await openFor(t, { folder });
  fill(journal, 5);
  await journal.saveSnapshot({ cash: '1' });
  const dir = join(folder, 'export');
  await exportJournal(join(folder, 'test.sqlite'), dir);
  const right = [...journal.readAll()];
  const files = readdirSync(dir).map((name) => ({ path: join(dir, name), bytes: readFileSync(join(dir, name)) }));
  const place = fc.record({
    file: fc.constantFrom(...files),
    share: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    add: fc.integer({ min: 1, max: 255 }),
  });
  await fc.assert(
    fc.asyncProperty(place, async ({ file, share, add }) => {
      const bytes = Buffer.from(file.bytes);
      const at = Math.floor(share * bytes.length);
      bytes.writeUInt8((bytes.readUInt8(at) + add) % 256, at);
      writeFileSync(file.path, bytes);
      await assert.rejects(verifyExport(dir), withCode('JOURNAL_DAMAGED'));
      const found: unknown[] = [];
      try {
        for await (const event of readExport(dir)) found.push(event);
      } catch (error) {
        withCode('JOURNAL_DAMAGED')(error);
      }
      assert.deepEqual(found, right.slice(0, found.length));
      writeFileSync(file.path, file.bytes);
    }),
    { numRuns: 200 },
  );
});
