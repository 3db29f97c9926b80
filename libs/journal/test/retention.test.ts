import './seed.ts';
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { openJournalReader } from '../src/index.ts';
import { firstSeqToKeep, type RetentionFacts } from '../src/retention.ts';
import { fill, note, openFor, TestClock, testFolder } from './fixture.ts';

const factor = Number(process.env.TICKPATH_SOAK ?? 1);

const facts = fc
  .record({
    firstSeq: fc.integer({ min: 1, max: 50 }),
    events: fc.nat(50),
    snapshot: fc.nat(120),
    young: fc.option(fc.nat(120)),
    usedBytes: fc.nat(1e6),
    held: fc.array(fc.nat(120), { maxLength: 3 }),
  })
  .map(
    ({ firstSeq, events, snapshot, young, usedBytes, held }): RetentionFacts => ({
      firstSeq,
      lastSeq: firstSeq + events - 1,
      snapshotSeq: Math.min(snapshot, firstSeq + events - 1),
      firstYoungSeq: young === null ? undefined : firstSeq + young,
      usedBytes,
      held,
    }),
  );

test('retention never takes what a recovery needs, nor what a live follower needs unless the cap is exceeded', () => {
  const retention = fc.record({ keepBehindSnapshot: fc.nat(60), maxBytes: fc.nat(1e6) }, { requiredKeys: [] });
  fc.assert(
    fc.property(retention, facts, (wanted, given) => {
      const keep = firstSeqToKeep(wanted, given);
      assert(keep >= given.firstSeq);
      if (keep === given.firstSeq) return;
      assert(keep <= given.snapshotSeq + 1 && keep <= given.lastSeq);
      const isOverCap = wanted.maxBytes !== undefined && given.usedBytes > wanted.maxBytes;
      if (!isOverCap) for (const seq of given.held) assert(keep <= seq + 1);
    }),
    { numRuns: 2000 * factor },
  );
});

test('events go by age, as far as two snapshots hold them and live followers have read them', async (t) => {
  const clock = new TestClock();
  const journal = await openFor(t, { folder: testFolder(t), nowNs: clock.nowNs, retention: { maxAgeMs: 1000 } });
  fill(journal, 10);
  clock.passMs(2000);
  fill(journal, 10);
  assert.equal((await journal.compact()).firstSeq, 1);
  await journal.saveSnapshot('a');
  journal.hold('store', 4);
  await journal.saveSnapshot('b');
  assert.equal(journal.firstSeq, 5);
  journal.release('store');
  assert.deepEqual(await journal.compact(), { events: 6, answers: 0, firstSeq: 11, isCapBlocked: false });
  clock.passMs(5000);
  await journal.compact();
  assert.equal(journal.firstSeq, 20);
  assert.equal(journal.lastSeq, 20);
  assert.equal(journal.versionOf('fill'), 20);
});

test('versions of streams that are gone are remembered, also by the next writer', async (t) => {
  const folder = testFolder(t);
  const retention = { keepBehindSnapshot: 0 };
  const first = await openFor(t, { folder, retention });
  first.transact((tx) => tx.append('gone', [note(1), note(2)], 0));
  fill(first, 3);
  await first.saveSnapshot(1);
  await first.saveSnapshot(2);
  assert.equal(first.firstSeq, 5);
  assert.equal(first.versionOf('gone'), 2);
  await first.close();
  const journal = await openFor(t, { folder, retention });
  assert.throws(() => journal.transact((tx) => tx.append('gone', [note(3)], 0)), {
    code: 'CONCURRENCY_CONFLICT',
    actualVersion: 2,
  });
  journal.transact((tx) => tx.append('gone', [note(3)], 2));
  assert.deepEqual(
    [...journal.readStream('gone')].map(({ version }) => version),
    [3],
  );
  await journal.verify();
});

test('the cap holds whoever is behind, says when it cannot, and the file stops growing', async (t) => {
  const folder = testFolder(t);
  const maxBytes = 1_000_000;
  const faults: string[] = [];
  const onFault = (error: Error) => faults.push(error.message);
  const journal = await openFor(t, { folder, retention: { maxBytes }, onFault });
  journal.hold('dead follower', 0);
  const grow = () =>
    journal.transact((tx) =>
      tx.append(
        's',
        Array.from({ length: 100 }, () => note('x'.repeat(1000))),
        'any',
      ),
    );
  for (let i = 0; i < 20; i += 1) grow();
  assert.equal((await journal.compact()).isCapBlocked, true);
  const reader = openJournalReader(join(folder, 'test.sqlite'));
  t.after(() => reader.close());
  for (let round = 0; round < 10; round += 1) {
    for (let i = 0; i < 4; i += 1) grow();
    await journal.saveSnapshot(round);
  }
  assert(reader.info().usedBytes <= maxBytes * 1.2, `${reader.info().usedBytes} bytes`);
  assert(journal.firstSeq > 1);
  assert.equal(reader.firstSeq, journal.firstSeq);
  assert.match(faults[0] ?? '', /more than its cap/);
});

test('answers are forgotten by age', async (t) => {
  const clock = new TestClock();
  const journal = await openFor(t, { folder: testFolder(t), nowNs: clock.nowNs, retention: { maxAnswerAgeMs: 1000 } });
  for (let i = 0; i < 500; i += 1) journal.transact((tx) => tx.answer(`old ${i}`, Buffer.from('x')));
  clock.passMs(1500);
  journal.transact((tx) => tx.answer('young', Buffer.from('y')));
  assert.equal((await journal.compact()).answers, 500);
  assert.equal(journal.answers.get('old 1'), undefined);
  assert.deepEqual(journal.answers.get('young'), Uint8Array.from(Buffer.from('y')));
});

test('while it compacts others commit, and nothing they write is touched', async (t) => {
  const journal = await openFor(t, { folder: testFolder(t), retention: { keepBehindSnapshot: 0 } });
  for (let i = 0; i < 50; i += 1) {
    journal.transact((tx) =>
      tx.append(
        `s${i % 7}`,
        Array.from({ length: 100 }, (_, k) => note(k)),
        'any',
      ),
    );
  }
  await journal.saveSnapshot(1);
  const compacting = journal.saveSnapshot(2);
  let turns = 0;
  let isDone = false;
  const writing = (async () => {
    while (!isDone) {
      journal.transact((tx) => tx.append('busy', [note(turns)], turns));
      turns += 1;
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
  })();
  await compacting;
  isDone = true;
  await writing;
  assert(turns > 10, `${turns} turns`);
  assert.equal(journal.firstSeq, 5001);
  assert.deepEqual(
    [...journal.readAll()].map(({ payload }) => payload),
    Array.from({ length: turns }, (_, i) => i),
  );
  await journal.verify();
});
