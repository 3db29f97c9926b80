import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import type { Envelope } from '../src/envelope.ts';
import { type LogRecord, MemoryLog } from '../src/log.ts';
import { LogFollower } from '../src/log-follower.ts';
import { LogPublisher } from '../src/log-publisher.ts';
import type { Payload } from '../src/messages.ts';
import { NO_METRICS } from '../src/metrics-port.ts';
import { Requester } from '../src/requester.ts';
import { Happenings } from './guarded-sockets.ts';
import { freeAddress, serve } from './request-service.ts';

/** Far beyond the time a test takes: nothing here is learned from silence. */
const HEARTBEAT_MS = 60_000;
const nowNs = () => process.hrtime.bigint();

type HintsType = 'pub' | 'push';

/**
 * An owner whose sockets can be closed and opened again, as if the connection had broken. `beforeReply` holds back an
 * answer that has been made.
 */
async function openOwner(t: TestContext, type: HintsType, beforeReply: () => Promise<void> = async () => {}) {
  const at = { pub: await freeAddress(), push: await freeAddress(), requests: await freeAddress() };
  const log = new MemoryLog({ source: 'owner', identity: { uuid: randomUUID(), generation: 1 } });
  const common = { source: 'owner', nowNs, metrics: NO_METRICS, heartbeatMs: HEARTBEAT_MS };
  const open = () => LogPublisher.open({ ...common, log, bind: { pub: at.pub, push: at.push }, hintCapacity: 10 });
  let publisher = await open();
  t.after(() => publisher.close());
  const handle = async ({ payload }: Envelope) => {
    const reply = publisher.answerSince(payload as Payload<'since'>);
    await beforeReply();
    return reply;
  };
  await serve(t, { bind: at.requests, handle });
  const reopen = async (): Promise<void> => {
    try {
      publisher = await open();
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'ADDRESS_IN_USE') throw error;
      await new Promise((resolve) => setImmediate(resolve));
      await reopen();
    }
  };
  const append = (clOrdId: string) => log.append('OrderRefused', { clOrdId, symbol: 'A', reason: '' }, nowNs(), null);
  const hint = (record: LogRecord) => publisher.hint(record);
  return { append, hint, hints: at[type], requests: at.requests, cut: () => publisher.close(), reopen };
}

/** A follower and what it is told, in words and in turn. */
function follow(t: TestContext, type: HintsType, owner: { readonly hints: string; readonly requests: string }) {
  const told = new Happenings<string>();
  const connect = owner.requests;
  const requester = new Requester({ source: 'follower', epoch: 1, connect, nowNs, timeoutMs: 10_000, retries: 0 });
  const follower = new LogFollower({
    name: 'follower',
    hints: { type: type === 'pub' ? 'sub' : 'pull', connect: owner.hints },
    requester,
    metrics: NO_METRICS,
    newRequestId: randomUUID,
    from: undefined,
    heartbeatMs: HEARTBEAT_MS,
    apply: (event) => told.add((event.payload as Payload<'OrderRefused'>).clOrdId),
    onCaughtUp: ({ seq }) => told.add(`caught up ${seq}`),
    onNewLog: () => {
      told.add('new log');
      return 'follow';
    },
    onCut: () => told.add('cut'),
    onSilence: () => told.add('silence'),
  });
  t.after(() => {
    follower.close();
    requester.close();
  });
  return { told, follower };
}

for (const type of ['pub', 'push'] as const) {
  test(`a follower over ${type.toUpperCase()} is told at once that the connection broke, and then that it has caught up again`, async (t) => {
    const owner = await openOwner(t, type);
    owner.append('before');
    const { told } = follow(t, type, owner);
    await told.reach(2);
    for (const round of [1, 2]) {
      // A hint that comes through shows that there is a connection to break.
      const heard = owner.append(`heard ${round}`);
      while (!told.seen.includes(`heard ${round}`)) {
        owner.hint(heard);
        await new Promise((resolve) => setImmediate(resolve));
      }
      owner.append(`unheard ${round}`);
      owner.cut();
      await told.reach(2 + 4 * round);
      await owner.reopen();
    }
    assert.deepEqual(told.seen, [
      ...['before', 'caught up 1'],
      ...['heard 1', 'cut', 'unheard 1', 'caught up 3'],
      ...['heard 2', 'cut', 'unheard 2', 'caught up 5'],
    ]);
  });
}

test('a follower that is renewed has caught up by an answer to what it asked after that, and by no earlier one', async (t) => {
  const asked = new Happenings<string>();
  const firstReply = Promise.withResolvers<void>();
  const owner = await openOwner(t, 'push', () => {
    asked.add('asked');
    return asked.seen.length === 1 ? firstReply.promise : Promise.resolve();
  });
  owner.append('before');
  const { told, follower } = follow(t, 'push', owner);
  await asked.reach(1);
  owner.append('unheard');
  follower.renew();
  firstReply.resolve();
  await told.reach(4);
  owner.append('unheard 2');
  follower.renew();
  await told.reach(7);
  follower.close();
  follower.renew();
  assert.deepEqual(told.seen, [...['cut', 'before', 'unheard', 'caught up 2'], ...['cut', 'unheard 2', 'caught up 3']]);
});
