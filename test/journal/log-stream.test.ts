import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Journal, openJournal, type Retention } from '@tickpath/journal';
import { addresses } from '@tickpath/runtime';
import { eventually, freePortOffset, networkAt } from '@tickpath/testkit';
import {
  decodeFrame,
  type Envelope,
  JournalLog,
  LogFollower,
  type LogPosition,
  LogPublisher,
  type LogRecord,
  NO_METRICS,
  type Payload,
  type PayloadJson,
  Requester,
  Responder,
  toJson,
} from '@tickpath/wire';

type Events = { readonly OrderRefused: PayloadJson };

const nowNs = () => BigInt(Date.now()) * 1_000_000n;
const HEARTBEAT_MS = 50;
const TRACEPARENT = '00-8f3a0c1d2e4b5a69788796a5b4c3d2e1-1234567890abcdef-01';

async function openIn(t: TestContext, folder: string, retention?: Retention): Promise<Journal<Events>> {
  const journal = await openJournal<Events>({
    path: join(folder, 'owner.sqlite'),
    types: { OrderRefused: { schema: 1 } },
    nowNs,
    random: randomBytes,
    bootId: 'boot-1',
    ...(retention === undefined ? {} : { retention }),
  });
  t.after(() => journal.close());
  return journal;
}

function folderFor(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'tickpath-log-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const logOf = (journal: Journal<Events>) =>
  new JournalLog({
    source: 'owner',
    journal,
    traceparentOf: ({ correlationId }) => (correlationId === null ? null : TRACEPARENT),
  });

function append(journal: Journal<Events>, clOrdId: string, reason = '') {
  const payload = toJson('OrderRefused', { clOrdId, symbol: 'A', reason });
  return journal.transact((tx) =>
    tx.append(`order/${clOrdId}`, [{ type: 'OrderRefused', payload, correlationId: clOrdId }], 0),
  );
}

function decoded(bytes: Uint8Array): Envelope {
  const envelopes: Envelope[] = [];
  decodeFrame(bytes, (envelope) => envelopes.push(envelope), assert.fail);
  return envelopes[0] as Envelope;
}

const plain = (records: readonly LogRecord[]) => records.map(({ seq, bytes }) => `${seq} ${bytes.toString('hex')}`);

test("a journal is a log under the journal's own names and numbers, the same after it was opened again", async (t) => {
  const folder = folderFor(t);
  const journal = await openIn(t, folder);
  const log = logOf(journal);
  assert.deepEqual([log.firstSeq, log.lastSeq, log.since(0, 1000)], [1, 0, []]);
  const records = ['a', 'b', 'c'].map((clOrdId) => {
    const { events } = append(journal, clOrdId);
    return log.record(events[0] as (typeof events)[number]);
  });
  assert.deepEqual(plain(log.since(0, 1_000_000)), plain(records), 'what is hinted is what is read');
  const { kind, source, epoch, seq, traceparent, payload } = decoded(records[1]?.bytes as Buffer);
  assert.deepEqual([kind, source, epoch, seq, traceparent], ['OrderRefused', 'owner', 1, 2, TRACEPARENT]);
  assert.deepEqual(payload, { clOrdId: 'b', symbol: 'A', reason: '' });
  const { identity } = log;
  await journal.close();
  const again = logOf(await openIn(t, folder));
  assert.deepEqual([again.identity, again.lastSeq], [identity, 3]);
  assert.deepEqual(plain(again.since(0, 1_000_000)), plain(records));
});

test('a page has at least one event and no more bytes than were asked for, whatever the events say', async (t) => {
  const journal = await openIn(t, folderFor(t));
  const log = logOf(journal);
  // Three bytes each on the wire, one character each to a journal that counts JSON.
  for (let n = 1; n <= 40; n += 1) append(journal, `${n}`, '価'.repeat(1000));
  const all = log.since(0, Number.MAX_SAFE_INTEGER);
  assert.equal(all.length, 40);
  const page = log.since(0, 20_000);
  const bytes = page.reduce((sum, record) => sum + record.bytes.length, 0);
  assert.ok(page.length > 1 && bytes <= 20_000, `${page.length} events of ${bytes} bytes`);
  assert.deepEqual(plain(log.since(7, 0)), plain(all.slice(7, 8)));
  assert.deepEqual(plain(log.since(-5, 0)), plain(all.slice(0, 1)));
  assert.deepEqual([log.since(40, 1000), log.since(1000, 1000)], [[], []]);
});

/** The journal's log on sockets, and a follower of it; `told` is what that was told, in words and in turn. */
async function followed(t: TestContext, journal: Journal<Events>, from: LogPosition | undefined) {
  const at = addresses(networkAt(await freePortOffset()));
  const log = logOf(journal);
  const common = { source: 'owner', epoch: 1, nowNs, metrics: NO_METRICS, heartbeatMs: HEARTBEAT_MS };
  const publisher = await LogPublisher.open({ ...common, log, bind: { pub: at.bind('riskLog') }, hintCapacity: 100 });
  const handle = ({ payload }: Envelope) => publisher.answerSince(payload as Payload<'since'>);
  const responder = await Responder.open({ ...common, bind: at.bind('riskRequests'), handle });
  const connect = at.connect('riskRequests');
  const requester = new Requester({ ...common, source: 'follower', connect, timeoutMs: 1000, retries: 0 });
  const told: string[] = [];
  const follower = new LogFollower({
    ...common,
    name: 'follower',
    hints: { type: 'sub', connect: at.connect('riskLog') },
    requester,
    newRequestId: randomUUID,
    from,
    apply: ({ payload }, { seq }) => told.push(`${seq} ${(payload as Payload<'OrderRefused'>).clOrdId}`),
    onCaughtUp: ({ seq }) => told.push(`caught up ${seq}`),
    onNewLog: () => 'follow',
    onCompacted: ({ seq }, firstSeq) => told.push(`compacted ${seq} < ${firstSeq}`),
    onSilence: () => {},
  });
  t.after(() => {
    for (const each of [follower, requester, responder, publisher]) each.close();
  });
  const publish = (clOrdId: string) => {
    const { events } = append(journal, clOrdId);
    for (const event of events) publisher.hint(log.record(event));
  };
  return { follower, publish, told };
}

test('a follower goes on where it was, over sockets: history, then hints', async (t) => {
  const journal = await openIn(t, folderFor(t));
  for (const clOrdId of ['a', 'b', 'c']) append(journal, clOrdId);
  const { told, publish } = await followed(t, journal, { ...journal.identity, seq: 1 });
  await eventually('caught up', () => (told.length >= 3 ? true : undefined));
  publish('d');
  await eventually('the hint', () => (told.length >= 4 ? true : undefined));
  assert.deepEqual(told, ['2 b', '3 c', 'caught up 3', '4 d']);
});

test('a follower of which retention has removed the next event says so, and goes on when that is accepted', async (t) => {
  const journal = await openIn(t, folderFor(t), { keepBehindSnapshot: 0 });
  for (let n = 1; n <= 30; n += 1) append(journal, `${n}`);
  await journal.saveSnapshot({ at: 30 });
  for (let n = 31; n <= 33; n += 1) append(journal, `${n}`);
  await journal.saveSnapshot({ at: 33 });
  await journal.settled();
  const { firstSeq } = journal;
  assert.equal(firstSeq, 31);
  const { told, follower, publish } = await followed(t, journal, { ...journal.identity, seq: 4 });
  await eventually('told of it', () => (told.length >= 1 ? true : undefined));
  publish('34');
  assert.equal(follower.accept(), true);
  await eventually('caught up', () => (told.at(-1)?.startsWith('caught up') ? true : undefined));
  assert.deepEqual(told, ['compacted 4 < 31', '31 31', '32 32', '33 33', '34 34', 'caught up 34']);
});
