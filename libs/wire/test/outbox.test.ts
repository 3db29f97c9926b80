import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type DropReason, type FullPolicy, Outbox, type OutboxTarget, type SendResult } from '../src/outbox.ts';
import { NaiveOutbox } from './naive-outbox.ts';
import './seed.ts';

/** Takes one message at a time, as ZeroMQ does, and settles it when told to. */
class SteppedSocket implements OutboxTarget {
  closed = false;
  readonly taken: number[] = [];
  #settle: { resolve: () => void; reject: (error: Error) => void } | undefined;

  send([frame]: Buffer[]): Promise<void> {
    assert.equal(this.#settle, undefined, 'a second send while one is pending: EBUSY');
    this.taken.push(numberOf(frame));
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
  }

  settle(isRefused: boolean): void {
    const settle = this.#settle;
    this.#settle = undefined;
    if (isRefused) settle?.reject(new Error('EHOSTUNREACH'));
    else settle?.resolve();
  }

  close(): void {
    this.closed = true;
    this.settle(true);
  }
}

const message = (number: number): Buffer[] => [Buffer.from(String(number))];
const numberOf = (frame: Buffer | undefined): number => Number(String(frame));
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

type Step = 'offer' | 'send' | 'accept' | 'refuse' | 'close';

const policies = fc.oneof(
  fc.constantFrom<FullPolicy>('block', 'drop-newest', 'drop-oldest'),
  fc.integer({ min: 1, max: 4 }).map((sample): FullPolicy => ({ sample })),
);
const steps = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom<Step>('offer', 'send') },
    { weight: 4, arbitrary: fc.constant<Step>('accept') },
    { weight: 1, arbitrary: fc.constantFrom<Step>('refuse', 'close') },
  ),
  { maxLength: 60 },
);

test('whatever is offered, sent, refused and closed, it does as the naive model', async () => {
  await fc.assert(
    fc.asyncProperty(policies, fc.integer({ min: 1, max: 5 }), steps, async (whenFull, capacity, script) => {
      const socket = new SteppedSocket();
      const drops: DropReason[] = [];
      const outbox = new Outbox(socket, { capacity, whenFull, onDrop: (reason) => drops.push(reason) });
      const model = new NaiveOutbox(capacity, whenFull);
      const results = new Map<number, SendResult>();
      for (const [number, step] of script.entries()) {
        if (step === 'offer') {
          assert.equal(outbox.offer(message(number)), model.offer(number));
        } else if (step === 'send') {
          model.send(number);
          void outbox.send(message(number)).then((result) => results.set(number, result));
        } else if (step === 'close') {
          model.close();
          socket.close();
        } else {
          model.settle(step === 'refuse');
          socket.settle(step === 'refuse');
        }
        await turn();
        await turn();
        assert.deepEqual(socket.taken, model.taken);
        assert.deepEqual(drops, model.drops);
        assert.equal(outbox.depth, model.queue.length);
        assert.deepEqual(results, model.results);
      }
    }),
    { numRuns: 300 },
  );
});

test('drain resolves when the last message is with ZeroMQ, and at once when nothing is under way', async () => {
  const socket = new SteppedSocket();
  const outbox = new Outbox(socket, { capacity: 5, whenFull: 'block', onDrop: assert.fail });
  await outbox.drain();
  outbox.offer(message(1));
  outbox.offer(message(2));
  let isDrained = false;
  const drained = outbox.drain().then(() => {
    isDrained = true;
  });
  socket.settle(false);
  await turn();
  assert.equal(isDrained, false);
  socket.settle(false);
  await drained;
  assert.deepEqual(socket.taken, [1, 2]);
});

test('closing the socket ends a drain and who waits for room', async () => {
  const socket = new SteppedSocket();
  const drops: DropReason[] = [];
  const outbox = new Outbox(socket, { capacity: 1, whenFull: 'block', onDrop: (reason) => drops.push(reason) });
  outbox.offer(message(1));
  outbox.offer(message(2));
  const waiting = outbox.send(message(3));
  const drained = outbox.drain();
  socket.close();
  assert.equal(await waiting, 'closed');
  await drained;
  assert.deepEqual(drops, ['closed', 'closed']);
  assert.equal(outbox.offer(message(4)), 'closed');
});

test('a socket that throws instead of rejecting costs that message only', async () => {
  let calls = 0;
  const drops: DropReason[] = [];
  const socket: OutboxTarget = {
    closed: false,
    send: () => {
      calls += 1;
      if (calls === 1) throw new Error('EBUSY');
      return Promise.resolve();
    },
  };
  const outbox = new Outbox(socket, { capacity: 3, whenFull: 'drop-newest', onDrop: (reason) => drops.push(reason) });
  outbox.offer(message(1));
  outbox.offer(message(2));
  await outbox.drain();
  assert.deepEqual([calls, drops], [2, ['unreachable']]);
});

test('options that make no sense are refused', () => {
  const socket = new SteppedSocket();
  const make = (capacity: number, whenFull: FullPolicy) => () =>
    new Outbox(socket, { capacity, whenFull, onDrop: () => {} });
  assert.throws(make(0, 'block'), RangeError);
  assert.throws(make(1.5, 'block'), RangeError);
  assert.throws(make(1, { sample: 0 }), RangeError);
});

/** Takes everything at once: nothing but the outbox itself gives timers their turn. */
const instantSocket: OutboxTarget = { closed: false, send: () => Promise.resolve() };

test('timers run on while a long queue is written', async () => {
  const outbox = new Outbox(instantSocket, { capacity: 1_000_000, whenFull: 'drop-newest', onDrop: assert.fail });
  for (let number = 0; number < 500_000; number += 1) outbox.offer([]);
  await assertTimersRun(() => outbox.drain());
});

for (const whenFull of ['block', 'drop-newest', { sample: 10 }] as const) {
  test(`timers run on while a sender never stops, ${JSON.stringify(whenFull)}`, async () => {
    const outbox = new Outbox(instantSocket, { capacity: 10, whenFull, onDrop: () => {} });
    await assertTimersRun(async () => {
      for (let number = 0; number < 300_000; number += 1) await outbox.send([]);
    });
  });
}

async function assertTimersRun(work: () => Promise<void>): Promise<void> {
  let fired = 0;
  const timer = setInterval(() => {
    fired += 1;
  }, 1);
  const beganMs = performance.now();
  await work();
  const tookMs = performance.now() - beganMs;
  clearInterval(timer);
  // Each turn is to be over after 1 ms; a busy machine may take it away for longer.
  assert.ok(fired >= tookMs / 20, `${fired} timers in ${tookMs} ms`);
}
