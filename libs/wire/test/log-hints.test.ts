import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { Pull } from 'zeromq';
import { decodeFrame, type Envelope, MAX_FRAME_BYTES } from '../src/envelope.ts';
import { type LogRecord, MemoryLog } from '../src/log.ts';
import { LogFollower } from '../src/log-follower.ts';
import { LogPublisher } from '../src/log-publisher.ts';
import type { Payload } from '../src/messages.ts';
import { NO_METRICS } from '../src/metrics-port.ts';
import { Requester } from '../src/requester.ts';
import { Happenings } from './guarded-sockets.ts';
import { freeAddress, serve } from './request-service.ts';

/** Far beyond the time a test takes: only hints and answers are on the way. */
const HEARTBEAT_MS = 60_000;
const nowNs = () => process.hrtime.bigint();

/** An owner of a log whose hints go out over PUSH, which keeps them until there is someone to take them. */
async function openOwner(t: TestContext) {
  const at = { pub: await freeAddress(), push: await freeAddress(), requests: await freeAddress() };
  const log = new MemoryLog({ source: 'owner', identity: { uuid: randomUUID(), generation: 1 } });
  const common = { source: 'owner', nowNs, metrics: NO_METRICS, heartbeatMs: HEARTBEAT_MS };
  const publisher = await LogPublisher.open({ ...common, log, bind: at, hintCapacity: 10 });
  t.after(() => publisher.close());
  const handle = ({ payload }: Envelope) => publisher.answerSince(payload as Payload<'since'>);
  await serve(t, { bind: at.requests, handle });
  const append = (clOrdId: string) => log.append('OrderRefused', { clOrdId, symbol: 'A', reason: '' }, nowNs(), null);
  return { at, publisher, append };
}

test('events that are hinted together leave in one message, or in as few as they fit into, in order', async (t) => {
  const { at, publisher, append } = await openOwner(t);
  const socket = new Pull({ maxMessageSize: 2 * MAX_FRAME_BYTES });
  t.after(() => socket.close());
  socket.connect(at.push);
  const next = async () => (await socket.receive())[1] as Buffer;
  const seqsOf = (frame: Buffer) => {
    const seqs: number[] = [];
    decodeFrame(
      frame,
      ({ seq }) => seqs.push(seq),
      (fault) => assert.fail(fault),
    );
    return seqs;
  };

  publisher.hint(append('one'), append('two'), append('three'));
  publisher.hint();
  publisher.hint(append('four'));
  assert.deepEqual(seqsOf(await next()), [1, 2, 3]);
  assert.deepEqual(seqsOf(await next()), [4], 'nothing makes no message');

  const sized = (seq: number, length: number): LogRecord => ({ seq, bytes: Buffer.alloc(length, seq) });
  const half = MAX_FRAME_BYTES / 2;
  publisher.hint(sized(1, half), sized(2, half), sized(3, 1), sized(4, MAX_FRAME_BYTES), sized(5, 2));
  const frames = [await next(), await next(), await next(), await next()];
  assert.deepEqual(
    frames.map((frame) => frame.length),
    [2 * half, 1, MAX_FRAME_BYTES, 2],
  );
  assert.deepEqual(
    frames.map((frame) => frame.at(-1)),
    [2, 3, 4, 5],
  );
});

test('a follower that an event closes applies nothing of what is behind it in the same message', async (t) => {
  const { at, publisher, append } = await openOwner(t);
  const told = new Happenings<string>();
  const connect = at.requests;
  const requester = new Requester({ source: 'follower', epoch: 1, connect, nowNs, timeoutMs: 10_000, retries: 0 });
  const follower = new LogFollower({
    name: 'follower',
    hints: { type: 'pull', connect: at.push },
    requester,
    metrics: NO_METRICS,
    newRequestId: randomUUID,
    from: undefined,
    heartbeatMs: HEARTBEAT_MS,
    apply: (event) => {
      const { clOrdId } = event.payload as Payload<'OrderRefused'>;
      told.add(clOrdId);
      if (clOrdId === 'last') follower.close();
    },
    onCaughtUp: () => told.add('caught up'),
    onNewLog: () => 'stop',
    onSilence: () => {},
  });
  t.after(() => {
    follower.close();
    requester.close();
  });
  await told.reach(1);
  publisher.hint(append('first'), append('last'), append('behind'));
  await told.reach(3);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(told.seen, ['caught up', 'first', 'last']);
});
