import assert from 'node:assert/strict';
import { readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { TestProcess } from '@tickpath/testkit';
import type { JournalProgress } from '../src/index.ts';
import { BOOT, fill, note, open, openFor, testFolder, withCode } from './fixture.ts';

const PROGRAM = fileURLToPath(new URL('./opening-process.ts', import.meta.url));

/** A journal whose writer was killed after `commits` commits. */
async function killedJournal(t: TestContext, commits: number): Promise<string> {
  const folder = testFolder(t);
  const child = new TestProcess([process.execPath, PROGRAM, join(folder, 'test.sqlite'), BOOT, String(commits)]);
  await child.line(/^done/);
  child.kill('SIGKILL');
  await child.ended;
  return folder;
}

test('after the death of a process all is there, and the generation is the same', async (t) => {
  const folder = await killedJournal(t, 40);
  const journal = await openFor(t, { folder });
  assert.deepEqual([journal.lastSeq, journal.identity.generation], [40, 1]);
});

test('after a clean end another start of the machine keeps the generation', async (t) => {
  const folder = testFolder(t);
  const first = await open({ folder });
  fill(first, 5);
  await first.close();
  const journal = await openFor(t, { folder, bootId: 'boot-2' });
  assert.deepEqual([journal.lastSeq, journal.identity.generation], [5, 1]);
});

test('an end of the machine raises the generation, says so, and keeps all that was flushed', async (t) => {
  const folder = await killedJournal(t, 40);
  const wal = join(folder, 'test.sqlite-wal');
  // What the disk never got: the commits behind the last flush, in the middle of a frame.
  truncateSync(wal, statSync(wal).size * 0.75);
  const progress: JournalProgress[] = [];
  const journal = await open({ folder, bootId: 'boot-2', onProgress: (step) => progress.push(step) });
  assert(journal.lastSeq >= 20 && journal.lastSeq < 40, `${journal.lastSeq} events`);
  assert.equal(journal.identity.generation, 2);
  const said = progress.find(({ phase }) => phase === 'generation');
  assert.deepEqual(said && 'lastSeq' in said && [said.generation, said.lastSeq], [2, journal.lastSeq]);
  const seqs = [...journal.readAll()].map(({ seq, payload }) => [seq, payload]);
  assert.deepEqual(
    seqs,
    Array.from({ length: journal.lastSeq }, (_, i) => [i + 1, i + 1]),
  );
  journal.transact((tx) => tx.append('s', [note('again')], 'any'));
  await journal.close();
  const later = await openFor(t, { folder, bootId: 'boot-2' });
  assert.equal(later.identity.generation, 2);
});

test('the files as the disk has them at a flush hold everything flushed, whatever comes later', async (t) => {
  const folder = testFolder(t);
  const journal = await openFor(t, { folder });
  const copy = testFolder(t);
  for (let round = 1; round <= 5; round += 1) {
    // Enough that checkpoints empty the WAL in between.
    for (let i = 0; i < 30; i += 1) {
      journal.transact((tx) =>
        tx.append(
          `s${i}`,
          Array.from({ length: 20 }, () => note('x'.repeat(2000))),
          'any',
        ),
      );
    }
    const committed = journal.transact((tx) => tx.append('mark', [note(round)], 'any'));
    await journal.flushed(committed);
    const flushedSeq = journal.lastSeq;
    const walBytes = statSync(join(folder, 'test.sqlite-wal')).size;
    fill(journal, 20);
    // Not by this process: closing the main file here would drop SQLite's locks.
    const cp = new TestProcess(['cp', join(folder, 'test.sqlite'), join(folder, 'test.sqlite-wal'), copy]);
    assert.equal((await cp.ended).code, 0);
    truncateSync(join(copy, 'test.sqlite-wal'), walBytes);
    const survivor = await open({ folder: copy, bootId: 'boot-2' });
    assert(survivor.lastSeq >= flushedSeq, `${survivor.lastSeq} of ${flushedSeq} flushed`);
    assert.equal(survivor.versionOf('mark'), round);
    await survivor.verify();
    await survivor.close();
  }
});

test('damage inside the WAL of a killed process is found, not taken for its end', async (t) => {
  const folder = await killedJournal(t, 40);
  const wal = join(folder, 'test.sqlite-wal');
  const whole = readFileSync(wal);
  const main = readFileSync(join(folder, 'test.sqlite'));
  for (const share of [0.001, 0.2, 0.5, 0.99]) {
    const damaged = Buffer.from(whole);
    const at = Math.floor(whole.length * share);
    damaged.writeUInt8((damaged.readUInt8(at) + 1) % 256, at);
    writeFileSync(wal, damaged);
    writeFileSync(join(folder, 'test.sqlite'), main);
    await assert.rejects(open({ folder }), withCode('JOURNAL_DAMAGED', /WAL/));
  }
});
