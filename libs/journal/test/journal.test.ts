import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Committed, ConcurrencyConflict, type Flushed } from '../src/index.ts';
import { fill, filled, note, open, opened, openFor, testFolder, withCode } from './fixture.ts';

test('events come back as they were appended, in global order and by stream', async (t) => {
  const journal = await openFor(t, { folder: testFolder(t) });
  const { events } = journal.transact((tx) => {
    tx.append('order/1', [opened('5'), { ...filled('5', '1.25'), correlationId: 'c', causationId: 'k' }], 0);
    tx.append('order/2', [opened('7')], 0);
    tx.append('order/1', [note('late')], 2);
  });
  assert.deepEqual([...journal.readAll()], events);
  assert.deepEqual(
    events.map(({ seq, stream, version }) => [seq, stream, version]),
    [
      [1, 'order/1', 1],
      [2, 'order/1', 2],
      [3, 'order/2', 1],
      [4, 'order/1', 3],
    ],
  );
  assert.deepEqual([...journal.readStream('order/1', 2)], [events[1], events[3]]);
  assert.deepEqual([...journal.readAll(4)], [events[3]]);
  assert.deepEqual([...journal.readStream('nobody')], []);
  assert.equal(new Set(events.map(({ eventId }) => eventId)).size, 4);
  for (const { eventId } of events)
    assert.match(eventId, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

test('a conflict names stream and both versions, and nothing of the transaction is kept', async (t) => {
  const journal = await openFor(t, { folder: testFolder(t) });
  journal.transact((tx) => tx.append('s', [note(1), note(2)], 0));
  assert.throws(
    () =>
      journal.transact((tx) => {
        tx.append('other', [note(1)], 0);
        tx.answer('r', Buffer.from('x'));
        tx.append('s', [note(3)], 1);
      }),
    (error) => {
      assert(error instanceof ConcurrencyConflict);
      assert.deepEqual(
        [error.code, error.stream, error.expectedVersion, error.actualVersion],
        ['CONCURRENCY_CONFLICT', 's', 1, 2],
      );
      return true;
    },
  );
  assert.equal(journal.lastSeq, 2);
  assert.equal(journal.versionOf('other'), 0);
  assert.equal(journal.answers.get('r'), undefined);
  const { value } = journal.transact((tx) => tx.append('s', [note(3)], 2).map(({ version }) => version));
  assert.deepEqual(value, [3]);
});

test('streams, snapshot, answer and position are committed together, or none of them', async (t) => {
  const folder = testFolder(t);
  const write = (journal: Awaited<ReturnType<typeof open>>, fails: boolean) =>
    journal.transact((tx) => {
      tx.append('a', [note('a')], 0);
      tx.append('b', [note('b')], 0);
      tx.answer('request', Buffer.from([0, 1, 255]));
      tx.position('execution', { uuid: 'u', generation: 2, seq: 9 });
      tx.snapshot({ cash: '1.5' });
      if (fails) throw new Error('no');
    });
  let journal = await open({ folder });
  assert.throws(() => write(journal, true), /no/);
  assert.deepEqual(
    [journal.lastSeq, journal.loadSnapshot(), journal.positionOf('execution')],
    [0, undefined, undefined],
  );
  write(journal, false);
  await journal.close();
  journal = await openFor(t, { folder });
  assert.equal(journal.lastSeq, 2);
  assert.deepEqual(journal.answers.get('request'), Uint8Array.from([0, 1, 255]));
  assert.deepEqual(journal.positionOf('execution'), { uuid: 'u', generation: 2, seq: 9 });
  const snapshot = journal.loadSnapshot();
  assert.deepEqual([snapshot?.seq, snapshot?.state], [2, { cash: '1.5' }]);
});

test('a transaction whose function returns a promise writes nothing', async (t) => {
  const journal = await openFor(t, { folder: testFolder(t) });
  const work = async () => {
    throw new Error('too late to matter');
  };
  assert.throws(
    () =>
      journal.transact((tx) => {
        tx.append('s', [note(1)], 0);
        return work();
      }),
    withCode('JOURNAL_MISUSE', /promise/),
  );
  assert.equal(journal.lastSeq, 0);
});

test('what is not JSON, not named, not known or not in time is refused, and nothing is written', async (t) => {
  const journal = await openFor(t, { folder: testFolder(t) });
  const cycle: Record<string, unknown> = {};
  cycle.self = cycle;
  for (const payload of [undefined, 5n, cycle, () => {}, 'x'.repeat(1024 * 1024)]) {
    assert.throws(() => journal.transact((tx) => tx.append('s', [note(payload)], 0)), withCode('JOURNAL_MISUSE'));
  }
  for (const stream of ['', 'a\nb', 'x'.repeat(257), '\ud800']) {
    assert.throws(() => journal.transact((tx) => tx.append(stream, [note(1)], 0)), withCode('JOURNAL_MISUSE'));
  }
  const unknown = { type: 'Unknown', payload: 1 } as never;
  assert.throws(() => journal.transact((tx) => tx.append('s', [unknown], 0)), withCode('JOURNAL_MISUSE', /Unknown/));
  assert.throws(() => journal.transact(() => journal.transact(() => 1)), withCode('JOURNAL_MISUSE', /inside/));
  const { value: kept } = journal.transact((tx) => tx);
  assert.throws(() => kept.append('s', [note(1)], 0), withCode('JOURNAL_MISUSE', /over/));
  assert.equal(journal.lastSeq, 0);
});

test('an answer is kept once', async (t) => {
  const journal = await openFor(t, { folder: testFolder(t) });
  journal.transact((tx) => tx.answer('r', Buffer.from('first')));
  assert.throws(
    () => journal.transact((tx) => tx.answer('r', Buffer.from('again'))),
    withCode('JOURNAL_MISUSE', /executed/),
  );
  assert.deepEqual(journal.answers.get('r'), Uint8Array.from(Buffer.from('first')));
});

test('only the journal that committed can flush, and only it makes what an effect may take', async (t) => {
  const journal = await openFor(t, { folder: testFolder(t) });
  const other = await openFor(t, { folder: testFolder(t) });
  const publish = (committed: Committed<string>) => committed.value;
  const acknowledge = (flushed: Flushed<string>) => flushed.value;
  const committed = journal.transact((tx) => {
    tx.append('s', [note(1)], 0);
    return 'done';
  });
  // @ts-expect-error a look-alike is no Committed
  assert.equal(publish({ value: 'forged', events: [] }), 'forged');
  // @ts-expect-error what is committed is not yet flushed
  assert.equal(acknowledge(committed), 'done');
  assert.equal(publish(committed), 'done');
  assert.equal(acknowledge(await journal.flushed(committed)), 'done');
  await assert.rejects(other.flushed(committed), withCode('JOURNAL_MISUSE', /another journal/));
});

test('a time range gives what was appended in it, also when the clock was set back', async (t) => {
  let nowNs = 100n;
  const journal = await openFor(t, { folder: testFolder(t), nowNs: () => nowNs });
  for (const at of [100n, 200n, 50n, 300n, 120n]) {
    nowNs = at;
    journal.transact((tx) => tx.append('s', [note(String(at))], 'any'));
  }
  const found = [...journal.readTime(100n, 200n)].map(({ seq, tsNs }) => [seq, tsNs]);
  assert.deepEqual(found, [
    [1, 100n],
    [5, 120n],
  ]);
});

test('since gives at least one event and no more bytes than asked for', async (t) => {
  const journal = await openFor(t, { folder: testFolder(t) });
  journal.transact((tx) =>
    tx.append(
      's',
      Array.from({ length: 50 }, (_, i) => note('x'.repeat(1000 + i))),
      0,
    ),
  );
  const seqs = (after: number, maxBytes: number) => {
    const answer = journal.since(after, maxBytes);
    return answer.status === 'EVENTS' ? answer.events.map(({ seq }) => seq) : answer.status;
  };
  assert.deepEqual(seqs(0, 1), [1]);
  assert.deepEqual(seqs(10, 3700), [11, 12, 13]);
  assert.equal(seqs(0, 1e9).length, 50);
  assert.deepEqual(seqs(50, 1e9), []);
});

test('a closed journal refuses everything and can be opened again, the same', async (t) => {
  const folder = testFolder(t);
  const journal = await open({ folder });
  fill(journal, 3);
  const { identity } = journal;
  await Promise.all([journal.close(), journal.close()]);
  for (const use of [
    () => journal.transact(() => 1),
    () => journal.readAll(),
    () => journal.since(0, 1),
    () => journal.versionOf('s'),
  ]) {
    assert.throws(use, withCode('JOURNAL_CLOSED'));
  }
  const again = await openFor(t, { folder });
  assert.deepEqual(again.identity, identity);
  assert.equal(again.lastSeq, 3);
  assert.equal(again.versionOf('fill'), 3);
});
