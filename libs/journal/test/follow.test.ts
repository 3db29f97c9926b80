import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collect, fill, note, open, openFor, testFolder, withCode } from './fixture.ts';

test('followers that begin anywhere while others append see every event once, in order', async (t) => {
  const journal = await openFor(t, { folder: testFolder(t) });
  const total = 3000;
  fill(journal, 300);
  const followers: Promise<number[]>[] = [];
  while (journal.lastSeq < total) {
    if (journal.lastSeq % 270 < 9) {
      const from = Math.max(1, journal.lastSeq - 150);
      followers.push(collect(journal.follow(from), total - from + 1).then((events) => events.map(({ seq }) => seq)));
    }
    // Bursts of any size, some in the turn in which a follower waits.
    const burst = Math.min(1 + (journal.lastSeq % 9), total - journal.lastSeq);
    journal.transact((tx) =>
      tx.append(
        'live',
        Array.from({ length: burst }, () => note('x')),
        'any',
      ),
    );
    if (journal.lastSeq % 4 === 0) await new Promise<void>((resolve) => setImmediate(resolve));
    else await null;
  }
  assert(followers.length > 5);
  for (const seqs of await Promise.all(followers)) {
    assert.deepEqual(
      seqs,
      Array.from({ length: seqs.length }, (_, i) => (seqs[0] ?? 0) + i),
    );
    assert.equal(seqs.at(-1), total);
  }
});

test('a follower waits for an event that is not there yet, and ends when it is told to', async (t) => {
  const journal = await openFor(t, { folder: testFolder(t) });
  const stop = new AbortController();
  const followed = collect(journal.follow(3, stop.signal), 10);
  fill(journal, 4);
  await journal.flushed(journal.transact(() => 0));
  stop.abort();
  assert.deepEqual(
    (await followed).map(({ seq }) => seq),
    [3, 4],
  );
  assert.deepEqual(await collect(journal.follow(1, AbortSignal.abort()), 1), []);
});

test('a follower below the first event gets COMPACTED, at its start and when retention overtakes it', async (t) => {
  const journal = await openFor(t, { folder: testFolder(t), retention: { keepBehindSnapshot: 0 } });
  fill(journal, 1000);
  const slow = journal.follow(1);
  assert.equal((await slow.next()).value?.seq, 1);
  await journal.saveSnapshot(1);
  fill(journal, 1);
  await journal.saveSnapshot(2);
  assert.equal(journal.firstSeq, 1001);
  const rest = async () => {
    for await (const _event of slow);
  };
  await assert.rejects(rest(), withCode('COMPACTED', /the first is 1001/));
  await assert.rejects(journal.follow(1000).next(), withCode('COMPACTED'));
  assert.throws(() => [...journal.readAll(1000)], withCode('COMPACTED'));
  assert.throws(() => [...journal.readStream('fill', 1000)], withCode('COMPACTED'));
  assert.deepEqual(journal.since(999, 1), { status: 'COMPACTED', firstSeq: 1001 });
  assert.equal(journal.since(1000, 1).status, 'EVENTS');
  assert.equal((await journal.follow(1001).next()).value?.seq, 1001);
});

test('a follower of a journal that is closed is told so', async (t) => {
  const journal = await open({ folder: testFolder(t) });
  const next = journal.follow(1).next();
  await journal.close();
  await assert.rejects(next, withCode('JOURNAL_CLOSED'));
});
