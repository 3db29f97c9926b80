import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Publisher, Pull, Push, Subscriber } from 'zeromq';
import { Outbox } from '../src/outbox.ts';

const BURST = 10_000;

test('under block a burst reaches a slow PULL whole and in order, and timers run on', async () => {
  const push = new Push({ linger: 0, sendHighWaterMark: 10 });
  const pull = new Pull({ linger: 0, receiveHighWaterMark: 10 });
  await push.bind('tcp://127.0.0.1:*');
  pull.connect(String(push.lastEndpoint));
  const outbox = new Outbox(push, { capacity: 100, whenFull: 'block', onDrop: assert.fail });
  const received: number[] = [];
  const reading = (async () => {
    for await (const [frame] of pull) if (received.push(Number(String(frame))) === BURST) return;
  })();

  let fired = 0;
  const timer = setInterval(() => {
    fired += 1;
  }, 1);
  let deepest = 0;
  for (let number = 0; number < BURST; number += 1) {
    assert.notEqual(await outbox.send([Buffer.from(String(number))]), 'closed');
    deepest = Math.max(deepest, outbox.depth);
  }
  await outbox.drain();
  await reading;
  clearInterval(timer);
  assert.deepEqual(
    received,
    Array.from({ length: BURST }, (_, number) => number),
  );
  assert.ok(deepest > 0 && deepest <= 100, `deepest ${deepest}`);
  assert.ok(fired > 0, `${fired} timers`);
  push.close();
  pull.close();
});

test('a PUSH that nobody pulls from stalls nobody: hints above the capacity are dropped and counted', async () => {
  const push = new Push({ linger: 0 });
  await push.bind('tcp://127.0.0.1:*');
  const drops: string[] = [];
  const outbox = new Outbox(push, { capacity: 5, whenFull: 'drop-newest', onDrop: (reason) => drops.push(reason) });
  const results = Array.from({ length: 10 }, (_, number) => outbox.offer([Buffer.from(String(number))]));
  assert.deepEqual(results, ['sent', ...Array(5).fill('queued'), ...Array(4).fill('dropped')]);
  assert.deepEqual(drops, Array(4).fill('queue-full'));

  const pull = new Pull({ linger: 0 });
  pull.connect(String(push.lastEndpoint));
  const received: string[] = [];
  for (let count = 0; count < 6; count += 1) received.push(String((await pull.receive())[0]));
  assert.deepEqual(received, ['0', '1', '2', '3', '4', '5']);
  push.close();
  pull.close();
});

test('a publisher that offers within one turn sends everything, though ZeroMQ takes one message at a time', async () => {
  const pub = new Publisher({ linger: 0, sendHighWaterMark: 0 });
  const sub = new Subscriber({ linger: 0, receiveHighWaterMark: 0 });
  await pub.bind('tcp://127.0.0.1:*');
  sub.connect(String(pub.lastEndpoint));
  sub.subscribe('');
  const outbox = new Outbox(pub, { capacity: BURST, whenFull: 'drop-newest', onDrop: assert.fail });
  const probe = setInterval(() => outbox.offer([Buffer.from('probe')]), 5);
  await sub.receive();
  clearInterval(probe);
  for (let number = 0; number < BURST; number += 1) outbox.offer([Buffer.from(String(number))]);
  const received: number[] = [];
  for await (const [frame] of sub) {
    const text = String(frame);
    if (text !== 'probe' && received.push(Number(text)) === BURST) break;
  }
  assert.deepEqual(
    received,
    Array.from({ length: BURST }, (_, number) => number),
  );
  pub.close();
  sub.close();
});
