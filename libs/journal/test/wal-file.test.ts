import './seed.ts';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import fc from 'fast-check';
import { PAGE_BYTES } from '../src/schema.ts';
import { hasLostCommits } from '../src/wal-file.ts';
import { testFolder } from './fixture.ts';

/** A WAL of many commits of one row each, as bytes, and how many frames it has. */
function walOf(folder: string): { readonly bytes: Buffer; readonly frames: number } {
  const database = new DatabaseSync(join(folder, 'test.sqlite'));
  database.exec(
    `PRAGMA page_size = ${PAGE_BYTES}; PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; CREATE TABLE t (a)`,
  );
  for (let i = 0; i < 30; i += 1) database.exec(`INSERT INTO t VALUES (${i})`);
  const bytes = readFileSync(join(folder, 'test.sqlite-wal'));
  database.close();
  return { bytes, frames: (bytes.length - 32) / FRAME_BYTES };
}

const FRAME_BYTES = 24 + PAGE_BYTES;
const readerOf = (bytes: Buffer) => (position: number, sizeBytes: number) =>
  bytes.subarray(position, position + sizeBytes);

test('a whole WAL, one cut anywhere and none at all have lost nothing that was committed', (t) => {
  const { bytes, frames } = walOf(testFolder(t));
  assert.equal(hasLostCommits(readerOf(bytes), bytes.length, frames), false);
  for (const size of [0, 10, 32, 50]) assert.equal(hasLostCommits(readerOf(bytes), size, 0), false);
  for (let kept = 0; kept < frames; kept += 1) {
    const size = 32 + kept * FRAME_BYTES + ((kept * 137) % FRAME_BYTES);
    assert.equal(hasLostCommits(readerOf(bytes.subarray(0, size)), size, kept), false, `${kept} frames`);
  }
});

test('a changed byte anywhere in a WAL that ends with a commit is found', (t) => {
  const { bytes, frames } = walOf(testFolder(t));
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, add) => {
      const damaged = Buffer.from(bytes);
      damaged.writeUInt8((damaged.readUInt8(at) + add) % 256, at);
      // What SQLite then takes for valid ends before the damaged frame, or before everything.
      const valid = at < 32 ? 0 : Math.floor((at - 32) / FRAME_BYTES);
      assert.equal(hasLostCommits(readerOf(damaged), damaged.length, valid), true);
    }),
    { numRuns: 2000 },
  );
  assert(frames > 30);
});
