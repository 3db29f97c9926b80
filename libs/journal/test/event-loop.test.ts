import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { eventually } from '@tickpath/testkit';
import { note, openFor, testFolder } from './fixture.ts';

const MIB = 1024 * 1024;

/** Commits `rows` events of 1 kB at a time until three checkpoints have emptied the WAL. */
async function untilEmptied(t: TestContext, rows: number, pause: () => Promise<void>): Promise<void> {
  const folder = testFolder(t);
  let emptied = 0;
  const metrics = {
    committed: () => {},
    flushed: () => {},
    checkpointed: (walBytes: number) => {
      if (walBytes === 0) emptied += 1;
    },
    snapshotProved: () => {},
    compacted: () => {},
  };
  const journal = await openFor(t, { folder, metrics });
  const started = performance.now();
  let largest = 0;
  while (emptied < 3) {
    assert(performance.now() - started < 30_000, `emptied ${emptied} times, ${largest} bytes at most`);
    journal.transact((tx) =>
      tx.append(
        's',
        Array.from({ length: rows }, () => note('x'.repeat(1000))),
        'any',
      ),
    );
    largest = Math.max(largest, statSync(join(folder, 'test.sqlite-wal')).size);
    await pause();
  }
  assert(largest < 200 * MIB, `${largest} bytes`);
  assert.equal([...journal.readAll()].length, journal.lastSeq);
  await journal.verify();
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
const afterMs = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

test('the WAL is emptied under commits that come one by one, and none is refused', (t) =>
  untilEmptied(t, 20, () => afterMs(1)));
test('the WAL is emptied under commits that never pause', (t) => untilEmptied(t, 1, turn));
test('the WAL is emptied under large commits that never pause', (t) => untilEmptied(t, 2000, turn));
test('the WAL is emptied between bursts', (t) => {
  let commits = 0;
  return untilEmptied(t, 5, async () => {
    commits += 1;
    if (commits % 200 === 0) await afterMs(10);
  });
});

test('a reader that stays keeps the WAL from being emptied, not the commits from being taken', async (t) => {
  const folder = testFolder(t);
  const path = join(folder, 'test.sqlite');
  const faults: Error[] = [];
  const journal = await openFor(t, { folder, onFault: (error) => faults.push(error) });
  let version = 0;
  const commit = async () => {
    journal.transact((tx) => tx.append('s', [note('x'.repeat(2000))], version));
    version += 1;
    if (version % 10 === 0) await turn();
  };
  await commit();
  const reader = new DatabaseSync(path, { readOnly: true });
  reader.exec('BEGIN');
  assert.equal(reader.prepare('SELECT count(*) AS n FROM event').get()?.n, 1);
  while (version < 3000) await commit();
  assert(statSync(`${path}-wal`).size > 8 * MIB);
  assert.equal(reader.prepare('SELECT count(*) AS n FROM event').get()?.n, 1);
  reader.close();
  await eventually('the WAL emptied', async () => {
    await commit();
    return statSync(`${path}-wal`).size < MIB ? true : undefined;
  });
  assert.deepEqual(faults, []);
  await journal.verify();
});
