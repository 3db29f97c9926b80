import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { Publisher } from 'zeromq';
import { decodeFrame, type Envelope, encodeEnvelope } from '../src/envelope.ts';
import { MemoryLog } from '../src/log.ts';
import type { Payload } from '../src/messages.ts';
import type { Reply } from '../src/responder.ts';
import { bindSocket } from '../src/socket.ts';
import { HEARTBEAT_TOPIC, logTopic } from '../src/topics.ts';
import { follow, nowNs, openOwner, upTo } from './followed-log.ts';
import { Happenings } from './guarded-sockets.ts';
import { freeAddress, serve } from './request-service.ts';
import './seed.ts';

test('a new generation is followed from its first event, each once and in order, and caught up with again', async (t) => {
  const owner = await openOwner(t);
  const { uuid } = owner.log.identity;
  for (const n of upTo(5)) owner.append(`old-${n}`);
  const { told } = follow(t, owner.at);
  await told.reach(6);
  for (const generation of [2, 3]) {
    owner.log.beginGeneration();
    for (const n of upTo(3)) owner.append(`${generation}-${n}`);
    const before = told.seen.length;
    await told.reach(before + 5);
    owner.append(`${generation}-4`);
    await told.reach(before + 6);
  }
  assert.deepEqual(told.seen, [
    ...upTo(5).map((n) => `${uuid}/1 ${n} old-${n}`),
    `caught up ${uuid}/1 5`,
    `new ${uuid}/1 > ${uuid}/2`,
    ...upTo(3).map((n) => `${uuid}/2 ${n} 2-${n}`),
    `caught up ${uuid}/2 3`,
    `${uuid}/2 4 2-4`,
    `new ${uuid}/2 > ${uuid}/3`,
    ...upTo(3).map((n) => `${uuid}/3 ${n} 3-${n}`),
    `caught up ${uuid}/3 3`,
    `${uuid}/3 4 3-4`,
  ]);
});

test('a generation that is still empty is learned from the beat, and caught up with at once', async (t) => {
  const owner = await openOwner(t);
  const { uuid } = owner.log.identity;
  owner.append('old');
  const { told } = follow(t, owner.at);
  await told.reach(2);
  owner.log.beginGeneration();
  await told.reach(4);
  assert.deepEqual(told.seen.slice(2), [`new ${uuid}/1 > ${uuid}/2`, `caught up ${uuid}/2 0`]);
});

test('the log of another owner at the same addresses is followed from its first event, whatever was read before', async (t) => {
  const first = await openOwner(t);
  for (const n of upTo(7)) first.append(`first-${n}`);
  const { told } = follow(t, first.at);
  await told.reach(8);
  first.close();
  const second = await openOwner(t, first.at);
  const [one, two] = [first.log.identity.uuid, second.log.identity.uuid];
  for (const n of upTo(9)) second.append(`second-${n}`);
  await told.reach(8 + 11);
  assert.equal(told.seen[8], `new ${one}/1 > ${two}/1`);
  const events = told.seen.slice(9).filter((line) => !line.startsWith('caught up'));
  assert.deepEqual(
    events,
    upTo(9).map((n) => `${two}/1 ${n} second-${n}`),
  );
  assert.equal(told.seen.filter((line) => line.startsWith(`caught up ${two}/1`)).length, 1);
});

test('a follower that goes on from a log which is gone is told so before anything is applied', async (t) => {
  const owner = await openOwner(t);
  owner.append('only');
  const { uuid } = owner.log.identity;
  const { told } = follow(t, owner.at, { from: { uuid: 'gone', generation: 4, seq: 12 } });
  await told.reach(3);
  assert.deepEqual(told.seen, [`new gone/4 > ${uuid}/1`, `${uuid}/1 1 only`, `caught up ${uuid}/1 1`]);
});

test('hints and beats of another generation, or another log, make it ask and are never applied', async (t) => {
  const at = { pub: await freeAddress(), requests: await freeAddress() };
  const log = new MemoryLog({ source: 'owner', identity: { uuid: randomUUID(), generation: 2 } });
  const asked = new Happenings<number>();
  const { responder } = await serve(t, {
    bind: at.requests,
    handle: ({ payload }): Reply<'sinceReply'> => {
      const { requestId, after, maxBytes } = payload as Payload<'since'>;
      asked.add(after);
      const records = log.since(after, maxBytes);
      const reply = { requestId, ...log.identity, lastSeq: log.lastSeq, count: records.length, firstSeq: 1 };
      return { kind: 'sinceReply', payload: reply, attached: records.map(({ bytes }) => bytes) };
    },
  });
  t.after(() => responder.close());
  const pub = new Publisher({ linger: 0 });
  t.after(() => pub.close());
  await bindSocket(pub, at.pub);
  log.append('OrderRefused', { clOrdId: 'true-1', symbol: 'A', reason: '' }, nowNs(), null);
  const { told } = follow(t, at);
  await told.reach(2);

  const { uuid } = log.identity;
  const hint = (topicUuid: string, epoch: number, seq: number) => {
    const header = { source: 'owner', epoch, seq, tsNs: nowNs(), traceparent: null };
    const payload = { clOrdId: 'false', symbol: 'A', reason: '' };
    return [logTopic(topicUuid), encodeEnvelope('OrderRefused', header, payload)];
  };
  const beat = (generation: number) => {
    const header = { source: 'owner', epoch: generation, seq: 0, tsNs: nowNs(), traceparent: null };
    return [HEARTBEAT_TOPIC, encodeEnvelope('logHeartbeat', header, { uuid, generation, lastSeq: 0 })];
  };
  for (const message of [hint(uuid, 1, 2), hint(uuid, 3, 2), hint('other', 2, 2), beat(1), beat(3)]) {
    const before = asked.seen.length;
    // PUB gives nothing to a subscriber that it does not know yet: said again until it was heard.
    while (asked.seen.length === before) {
      await pub.send(message);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  const next = log.append('OrderRefused', { clOrdId: 'true-2', symbol: 'A', reason: '' }, nowNs(), null);
  await pub.send([logTopic(uuid), next.bytes]);
  await told.reach(3);
  assert.deepEqual(told.seen, [`${uuid}/2 1 true-1`, `caught up ${uuid}/2 1`, `${uuid}/2 2 true-2`]);
  assert.ok(asked.seen.length >= 6);
});

test('whatever is appended and whenever generations begin, the follower ends with the last one, whole and in order', async (t) => {
  const courses = fc.array(fc.oneof({ weight: 6, arbitrary: fc.constant('append') }, fc.constant('begin')), {
    minLength: 1,
    maxLength: 30,
  });
  const [course = []] = fc.sample(fc.array(courses, { minLength: 4, maxLength: 4 }), 1);
  for (const steps of course) {
    const owner = await openOwner(t);
    const { told } = follow(t, owner.at);
    for (const [n, step] of steps.entries()) {
      if (step === 'append') owner.append(`${n}`);
      else owner.log.beginGeneration();
      if (n % 4 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    owner.append('last');
    const { uuid, generation } = owner.log.identity;
    const mine = () => told.seen.filter((line) => line.startsWith(`${uuid}/${generation} `));
    while (!told.seen.some((line) => line.endsWith(' last'))) await told.reach(told.seen.length + 1);
    const whole: string[] = [];
    for (const { bytes, seq } of owner.log.since(0, Number.MAX_SAFE_INTEGER)) {
      const collect = ({ payload }: Envelope) =>
        whole.push(`${uuid}/${generation} ${seq} ${(payload as Payload<'OrderRefused'>).clOrdId}`);
      decodeFrame(bytes, collect, assert.fail);
    }
    assert.deepEqual(mine(), whole);
    const caughtUp = told.seen.filter((line) => line.startsWith('caught up'));
    assert.equal(new Set(caughtUp.map((line) => line.split(' ')[2])).size, caughtUp.length, 'once a log');
    owner.close();
  }
});

test('a log that begins anew forgets what it held and counts from 1 under the next generation of its UUID', () => {
  const log = new MemoryLog({ source: 'owner', identity: { uuid: 'u', generation: 0 } });
  const append = () => log.append('OrderRefused', { clOrdId: 'x', symbol: 'A', reason: '' }, 1n, null);
  append();
  append();
  assert.deepEqual(log.beginGeneration(), { uuid: 'u', generation: 1 });
  assert.deepEqual([log.lastSeq, log.since(0, 1000)], [0, []]);
  const envelopes: Envelope[] = [];
  decodeFrame(append().bytes, (envelope) => envelopes.push(envelope), assert.fail);
  assert.deepEqual(
    envelopes.map(({ epoch, seq }) => [epoch, seq]),
    [[1, 1]],
  );
});
