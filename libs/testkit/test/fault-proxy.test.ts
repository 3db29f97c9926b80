import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import { type Envelope, NO_METRICS, Requester, Responder } from '@tickpath/wire';
import { Publisher, Pull, Push, type Socket, Subscriber } from 'zeromq';
import { eventually } from '../src/condition.ts';
import type { FaultStats } from '../src/fault-lane.ts';
import type { Faults } from '../src/fault-plan.ts';
import { FaultProxy, type FaultProxyOptions } from '../src/fault-proxy.ts';

const SEED = Number(process.env.TICKPATH_SEED ?? Math.floor(Math.random() * 2 ** 31));
console.log(`TICKPATH_SEED=${SEED}`);

const LISTEN = 'tcp://127.0.0.1:*';

async function proxyTo(t: TestContext, upstream: string, options: Partial<FaultProxyOptions> = {}) {
  const proxy = await FaultProxy.open({ seed: SEED, kind: 'pub-sub', listen: LISTEN, upstream, ...options });
  t.after(() => proxy.close());
  return proxy;
}

function owned<S extends Socket>(t: TestContext, socket: S): S {
  t.after(() => socket.close());
  return socket;
}

async function publisher(t: TestContext): Promise<Publisher> {
  const pub = owned(t, new Publisher({ linger: 0, sendHighWaterMark: 0 }));
  await pub.bind(LISTEN);
  return pub;
}

/** What a subscriber has received so far, as `topic:text`. */
function subscriber(t: TestContext, address: string, topics: readonly string[]): { sub: Subscriber; got: string[] } {
  const sub = owned(t, new Subscriber({ linger: 0, receiveHighWaterMark: 0 }));
  sub.connect(address);
  sub.subscribe(...topics);
  const got: string[] = [];
  void (async () => {
    for await (const [topic, text] of sub) got.push(`${topic}:${text}`);
  })();
  return { sub, got };
}

/** Publishes to `topic` until it arrives: then the subscription is in force. */
async function untilItArrives(pub: Publisher, got: string[], topic: string): Promise<void> {
  let probes = 0;
  await eventually(`${topic} arrives`, async () => {
    probes += 1;
    await pub.send([topic, `probe-${probes}`]);
    return got.some((text) => text.startsWith(`${topic}:probe`)) ? true : undefined;
  });
  await eventually('all probes have arrived', () => (got.at(-1) === `${topic}:probe-${probes}` ? true : undefined));
  got.length = 0;
}

const isProbe = ([, text]: readonly Buffer[]): boolean => String(text).startsWith('probe');

async function publishNumbers(pub: Publisher, count: number): Promise<void> {
  for (let number = 0; number < count; number += 1) await pub.send(['A/x', String(number)]);
  await pub.send(['A/x', 'probe-end']);
}

/** What arrives of `count` numbers under these faults, and what the proxy says it did. */
async function runNumbers(t: TestContext, faults: Faults, count: number): Promise<[number[], FaultStats]> {
  const pub = await publisher(t);
  const proxy = await proxyTo(t, String(pub.lastEndpoint), { spare: isProbe });
  const { got } = subscriber(t, proxy.address, ['A/']);
  await untilItArrives(pub, got, 'A/x');
  const before = proxy.stats();
  proxy.set(faults);
  await publishNumbers(pub, count);
  await eventually('everything is through', () => {
    const { forwarded, dropped } = proxy.stats();
    return forwarded - before.forwarded + dropped === count + 1 && got.includes('A/x:probe-end') ? true : undefined;
  });
  const { forwarded, duplicated } = proxy.stats();
  const expected = forwarded - before.forwarded + duplicated;
  await eventually('everything has arrived', () => (got.length === expected ? true : undefined));
  const numbers = got.filter((text) => text !== 'A/x:probe-end').map((text) => Number(text.slice('A/x:'.length)));
  return [numbers, { ...proxy.stats(), forwarded: forwarded - before.forwarded }];
}

const inOrder = (count: number) => Array.from({ length: count }, (_, number) => number);

test('without faults everything comes through, in order, and nothing else', async (t) => {
  const [numbers, stats] = await runNumbers(t, {}, 5000);
  assert.deepEqual(numbers, inOrder(5000));
  assert.deepEqual(stats, {
    forwarded: 5001,
    dropped: 0,
    duplicated: 0,
    reordered: 0,
    delayed: 0,
    cuts: 0,
    lost: 0,
  });
});

test('what is dropped, duplicated and reordered follows from the seed, and the counts say what happened', async (t) => {
  const faults: Faults = { drop: 0.1, duplicate: 0.05, reorder: { rate: 0.1, window: 3 } };
  const [numbers, stats] = await runNumbers(t, faults, 3000);
  const [again] = await runNumbers(t, faults, 3000);
  // Which ones come, and how often; when the sender pauses for long, held ones are let go earlier.
  const sorted = (run: readonly number[]) => run.toSorted((a, b) => a - b);
  assert.deepEqual(sorted(again), sorted(numbers));
  const distinct = new Set(numbers);
  assert.equal(3000 - distinct.size, stats.dropped);
  assert.equal(numbers.length - distinct.size, stats.duplicated);
  assert.ok(stats.dropped > 200 && stats.duplicated > 80, JSON.stringify(stats));
  let latest = -1;
  let late = 0;
  for (const [at, number] of numbers.entries()) {
    if (number < latest && number !== numbers[at - 1]) late += 1;
    latest = Math.max(latest, number);
  }
  assert.equal(late, stats.reordered);
  assert.ok(late > 100, JSON.stringify(stats));
});

test('a delay holds messages up and keeps their order', async (t) => {
  const beganMs = performance.now();
  const [numbers, stats] = await runNumbers(t, { delayMs: [20, 60] }, 200);
  assert.deepEqual(numbers, inOrder(200));
  assert.equal(stats.delayed, 200);
  assert.ok(performance.now() - beganMs >= 50);
});

test('the last message is let go though nothing comes behind it', async (t) => {
  const pub = await publisher(t);
  const proxy = await proxyTo(t, String(pub.lastEndpoint), { spare: isProbe });
  const { got } = subscriber(t, proxy.address, ['A/']);
  await untilItArrives(pub, got, 'A/x');
  proxy.set({ reorder: { rate: 1, window: 50 } });
  await pub.send(['A/x', 'last']);
  await eventually('it arrives', () => (got.length > 0 ? true : undefined));
  assert.deepEqual([got, proxy.stats().reordered], [['A/x:last'], 0]);
});

test('subscriptions pass through, come and go, and only what somebody wants is forwarded', async (t) => {
  const pub = await publisher(t);
  const proxy = await proxyTo(t, String(pub.lastEndpoint), { faults: { drop: 1 }, spare: isProbe });
  const first = subscriber(t, proxy.address, ['A/']);
  const second = subscriber(t, proxy.address, ['A/', 'B/']);
  await untilItArrives(pub, first.got, 'A/x');
  await untilItArrives(pub, second.got, 'B/x');
  assert.ok(first.got.every((text) => text.startsWith('A/')));
  second.sub.close();
  await eventually('B/ is given up', async () => {
    const before = proxy.stats().dropped;
    await pub.send(['B/x', 'unwanted']);
    await untilItArrives(pub, first.got, 'A/x');
    return proxy.stats().dropped === before ? true : undefined;
  });
});

for (const side of ['upstream', 'clients', 'both'] as const) {
  test(`a cut of ${side} loses what is published meanwhile; subscriptions come back by themselves`, async (t) => {
    const pub = await publisher(t);
    const proxy = await proxyTo(t, String(pub.lastEndpoint));
    const { got } = subscriber(t, proxy.address, ['A/']);
    await untilItArrives(pub, got, 'A/x');
    proxy.cutUntilRestored(side);
    for (let number = 0; number < 100; number += 1) await pub.send(['A/x', 'while cut']);
    await proxy.restore();
    await untilItArrives(pub, got, 'A/x');
    assert.equal(proxy.stats().cuts, 1);
    assert.ok(!got.includes('A/x:while cut'));
    await proxy.cut(20, side);
    await untilItArrives(pub, got, 'A/x');
    assert.equal(proxy.stats().cuts, 2);
  });
}

test('PUSH to PULL: everything in order, and a PULL that is away holds the PUSH up', async (t) => {
  const push = owned(t, new Push({ linger: 0, sendTimeout: 300 }));
  await push.bind(LISTEN);
  const proxy = await proxyTo(t, String(push.lastEndpoint), { kind: 'push-pull' });
  let sent = 0;
  // The lane's room and a few high-water marks, then nobody takes any more.
  await assert.rejects(
    async () => {
      for (; sent < 1_000_000; sent += 1) await push.send([String(sent), Buffer.alloc(1000)]);
    },
    { code: 'EAGAIN' },
  );
  const pull = owned(t, new Pull({ linger: 0 }));
  pull.connect(proxy.address);
  for (let number = 0; number < sent; number += 1) assert.equal(String((await pull.receive())[0]), String(number));
  const { forwarded, dropped, lost } = proxy.stats();
  assert.deepEqual([forwarded, dropped, lost], [sent, 0, 0]);
});

function freeAddress(): Promise<string> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(`tcp://127.0.0.1:${port}`));
    });
  });
}

async function service(t: TestContext): Promise<{ address: string; handled: string[] }> {
  const address = await freeAddress();
  const handled: string[] = [];
  const responder = await Responder.open({
    source: 'service',
    epoch: 1,
    bind: address,
    nowNs: () => process.hrtime.bigint(),
    metrics: NO_METRICS,
    handle: (request: Envelope) => {
      const { requestId, symbol } = request.payload as { requestId: string; symbol: string };
      handled.push(symbol);
      return { kind: 'bars', payload: { requestId, symbol, bars: [] } };
    },
  });
  t.after(() => responder.close());
  return { address, handled };
}

function asker(t: TestContext, connect: string, retries: number): (symbol: string) => Promise<string> {
  const nowNs = () => process.hrtime.bigint();
  const options = { source: 'asker', epoch: 1, connect, nowNs, timeoutMs: 200, retries };
  const requester = new Requester({ ...options, backOff: { minMs: 1, maxMs: 5 } });
  t.after(() => requester.close());
  return async (symbol) => {
    const payload = { requestId: `id-${symbol}`, symbol, interval: '1s', count: 1 } as const;
    const result = await requester.ask('barsQuery', payload);
    return result.ok ? (result.reply.payload as { symbol: string }).symbol : result.code;
  };
}

test('requests and replies pass through for many clients at once', async (t) => {
  const { address } = await service(t);
  const proxy = await proxyTo(t, address, { kind: 'router' });
  const clients = Array.from({ length: 20 }, async (_, client) => {
    const ask = asker(t, proxy.address, 20);
    for (let round = 0; round < 10; round += 1) {
      assert.equal(await ask(`S${client}.${round}`), `S${client}.${round}`);
    }
  });
  await Promise.all(clients);
});

test('lost requests and lost replies are asked again until they are answered', async (t) => {
  const { address, handled } = await service(t);
  const faults: Faults = { drop: 0.3, duplicate: 0.2 };
  const proxy = await proxyTo(t, address, { kind: 'router', faults });
  const ask = asker(t, proxy.address, 50);
  for (let round = 0; round < 20; round += 1) assert.equal(await ask(`S${round}`), `S${round}`);
  assert.ok(proxy.stats().dropped > 0, JSON.stringify(proxy.stats()));
  assert.ok(handled.length > 20, 'a reply that is lost makes a request arrive twice');
});

test('faults of one direction leave the other alone', async (t) => {
  const { address, handled } = await service(t);
  const proxy = await proxyTo(t, address, { kind: 'router' });
  const ask = asker(t, proxy.address, 0);
  assert.equal(await ask('OK'), 'OK');
  proxy.set({ drop: 1 }, 'down');
  assert.equal(await ask('UNANSWERED'), 'TIMEOUT');
  proxy.set({ drop: 1 }, 'up');
  proxy.set({}, 'down');
  assert.equal(await ask('UNHEARD'), 'TIMEOUT');
  assert.deepEqual(handled, ['OK', 'UNANSWERED']);
});

test('a cut makes the service unavailable; after it the same requester goes on', async (t) => {
  const { address, handled } = await service(t);
  const proxy = await proxyTo(t, address, { kind: 'router' });
  const ask = asker(t, proxy.address, 0);
  const patient = asker(t, proxy.address, 100);
  assert.equal(await ask('BEFORE'), 'BEFORE');
  proxy.cutUntilRestored();
  // The first may still be handed to a connection that has just ended.
  await eventually('nobody listens', async () => ((await ask('CUT')) === 'UNAVAILABLE' ? true : undefined));
  const asking = patient('AFTER');
  await proxy.restore();
  assert.equal(await asking, 'AFTER');
  assert.equal(await ask('AGAIN'), 'AGAIN');
  assert.deepEqual(handled, ['BEFORE', 'AFTER', 'AGAIN']);
  assert.throws(() => {
    proxy.cutUntilRestored();
    proxy.cutUntilRestored();
  }, /already cut/);
});
