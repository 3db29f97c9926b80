import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { eventually } from '@tickpath/testkit';
import type { Journal, JournalProgress } from '../src/index.ts';
import { openJournalReader } from '../src/index.ts';
import { type Events, fill, open, openFor, TestClock, testFolder, withCode } from './fixture.ts';

/** Changes the file behind the journal's back, while nobody has it open. */
function tamper(folder: string, sql: string): void {
  const database = new DatabaseSync(join(folder, 'test.sqlite'));
  database.exec(sql);
  database.close();
}

async function recovered(journal: Journal<Events>) {
  const found: { state?: unknown; payloads: unknown[] } = { payloads: [] };
  const report = await journal.recover({
    snapshot: ({ state }) => {
      found.state = state;
    },
    event: ({ payload }) => found.payloads.push(payload),
  });
  return { ...found, ...report };
}

test('a recovery is the newest snapshot and the events behind it, with progress', async (t) => {
  const folder = testFolder(t);
  const progress: JournalProgress[] = [];
  const journal = await openFor(t, { folder, onProgress: (step) => progress.push(step) });
  fill(journal, 3);
  await journal.saveSnapshot({ upTo: 3 });
  fill(journal, 2);
  await journal.saveSnapshot({ upTo: 5 });
  fill(journal, 4);
  const { state, payloads, snapshotSeq, events } = await recovered(journal);
  assert.deepEqual([state, payloads, snapshotSeq, events], [{ upTo: 5 }, [0, 1, 2, 3], 5, 4]);
  assert.deepEqual(progress, [
    { phase: 'recovering', done: 0, total: 4 },
    { phase: 'recovering', done: 4, total: 4 },
  ]);
});

test('when the newer snapshot is damaged the older one and a longer tail give the same', async (t) => {
  const folder = testFolder(t);
  const first = await open({ folder });
  fill(first, 3);
  await first.saveSnapshot({ upTo: 3 });
  fill(first, 2);
  await first.saveSnapshot({ upTo: 5 });
  await first.close();
  tamper(folder, `UPDATE snapshot SET state = '{"upTo":6}' WHERE seq = 5`);
  const faults: Error[] = [];
  const journal = await openFor(t, { folder, onFault: (error) => faults.push(error) });
  const { state, payloads, damagedSnapshots } = await recovered(journal);
  assert.deepEqual([state, payloads], [{ upTo: 3 }, [0, 1]]);
  assert.match(damagedSnapshots[0]?.message ?? '', /snapshot 2 does not match/);
  assert.equal(faults.length, 1);
  await assert.rejects(journal.verify(), withCode('JOURNAL_DAMAGED', /snapshot/));
});

test('without a readable snapshot, and with its events gone, a recovery stops', async (t) => {
  const folder = testFolder(t);
  const first = await open({ folder, retention: { keepBehindSnapshot: 0 } });
  fill(first, 3);
  await first.saveSnapshot(1);
  fill(first, 3);
  await first.saveSnapshot(2);
  assert.equal(first.firstSeq, 4);
  await first.close();
  tamper(folder, 'UPDATE snapshot SET checksum = 1');
  const journal = await openFor(t, { folder });
  await assert.rejects(recovered(journal), withCode('JOURNAL_DAMAGED', /no snapshot reaches/));
  assert.throws(() => journal.loadSnapshot(), withCode('JOURNAL_DAMAGED'));
});

test('the older snapshot stays until the newer has been read back, and goes no earlier than a third', async (t) => {
  const folder = testFolder(t);
  const journal = await openFor(t, { folder });
  const kept = () => {
    const reader = openJournalReader(join(folder, 'test.sqlite'));
    const seqs = reader.info().snapshots.map(({ seq }) => seq);
    reader.close();
    return seqs;
  };
  for (let i = 1; i <= 3; i += 1) {
    fill(journal, 1);
    const saved = journal.saveSnapshot(i);
    assert.deepEqual(kept(), [3, 2, 1].slice(3 - i));
    await saved;
  }
  assert.deepEqual(kept(), [3, 2]);
});

test('a snapshot is taken by itself every so many events, and every so often if there are any', async (t) => {
  const clock = new TestClock();
  const snapshot = { everyEvents: 10, everyMs: 20 };
  const journal = await openFor(t, { folder: testFolder(t), snapshot, nowNs: clock.nowNs });
  let taken = 0;
  fill(journal, 9);
  assert.equal(journal.snapshotDue, false);
  journal.snapshotWhenDue(() => {
    taken += 1;
    return { lastSeq: journal.lastSeq };
  });
  fill(journal, 1);
  assert.equal(journal.snapshotDue, true);
  await eventually('a snapshot of ten events', () => (taken === 1 ? true : undefined));
  await journal.settled();
  assert.deepEqual(journal.loadSnapshot()?.state, { lastSeq: 10 });
  clock.passMs(1000);
  assert.equal(journal.snapshotDue, false);
  fill(journal, 1);
  await eventually('a snapshot of an old event', () => (taken === 2 ? true : undefined));
  await journal.settled();
  assert.equal(journal.loadSnapshot()?.seq, 11);
});

test('a snapshot of a newer shape stops a recovery', async (t) => {
  const folder = testFolder(t);
  const first = await open({ folder, snapshot: { schema: 2 } });
  await first.saveSnapshot(1);
  await first.close();
  const journal = await openFor(t, { folder });
  await assert.rejects(recovered(journal), withCode('JOURNAL_NEWER_SCHEMA', /schema 2, newer than 1/));
});
