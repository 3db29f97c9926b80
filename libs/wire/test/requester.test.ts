import assert from 'node:assert/strict';
import { createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { eventually } from '@tickpath/testkit';
import { Router } from 'zeromq';
import { encodeEnvelope } from '../src/envelope.ts';
import type { Kind, Payload } from '../src/messages.ts';
import type { AnyReply } from '../src/responder.ts';
import { failure } from '../src/responder.ts';
import { answeredSymbol, barsQuery, barsReply, freeAddress, requester, serve, symbolOf } from './request-service.ts';

/** A ROUTER that answers each message with the frames it is told to. */
async function rawServer(t: TestContext, answer: (payload: Buffer) => Buffer[][]): Promise<string> {
  const router = new Router({ linger: 0 });
  t.after(() => router.close());
  await router.bind('tcp://127.0.0.1:*');
  void (async () => {
    for await (const frames of router) {
      const route = frames.slice(0, -1);
      for (const reply of answer(frames.at(-1) as Buffer)) await router.send([...route, ...reply]);
    }
  })();
  return String(router.lastEndpoint);
}

function envelope<K extends Kind>(kind: K, payload: Payload<K>): Buffer {
  return encodeEnvelope(kind, { source: 'raw', epoch: 1, seq: 0, tsNs: 1n, traceparent: null }, payload);
}

test('a request that finds nobody is UNAVAILABLE: it was handed to no one, and nobody gets it later', async (t) => {
  const address = await freeAddress();
  const asker = requester(t, address, { timeoutMs: 30, retries: 2 });
  const result = await asker.ask('barsQuery', barsQuery('LOST'));
  assert.equal(result.ok ? 'OK' : result.code, 'UNAVAILABLE');

  const executed: string[] = [];
  await serve(t, {
    bind: address,
    handle: (request) => {
      executed.push(symbolOf(request));
      return barsReply(request, symbolOf(request));
    },
  });
  const patient = requester(t, address);
  assert.equal(answeredSymbol(await patient.ask('barsQuery', barsQuery('AAPL'))), 'AAPL');
  assert.deepEqual(executed, ['AAPL']);
});

test('a listener that does not speak ZeroMQ counts as nobody', async (t) => {
  const sockets: Socket[] = [];
  const server = createServer((socket) => sockets.push(socket));
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const result = await requester(t, `tcp://127.0.0.1:${port}`, { timeoutMs: 50 }).ask('barsQuery', barsQuery('AAPL'));
  assert.equal(result.ok ? 'OK' : result.code, 'UNAVAILABLE');
});

test('an address that cannot be connected to is a result, not an exception', async (t) => {
  const result = await requester(t, 'tcp://nowhere').ask('barsQuery', barsQuery('AAPL'));
  assert.equal(result.ok ? 'OK' : result.code, 'UNAVAILABLE');
});

test('a request that is not answered is a TIMEOUT, also when the service then goes away', async (t) => {
  let handled = 0;
  const { address, responder } = await serve(t, {
    handle: () => {
      handled += 1;
      if (handled === 2) responder.close();
      return new Promise<AnyReply>(() => {});
    },
  });
  const result = await requester(t, address, { timeoutMs: 100, retries: 4 }).ask('barsQuery', barsQuery('AAPL'));
  assert.equal(result.ok ? 'OK' : result.code, 'TIMEOUT');
  assert.equal(handled, 2);
});

test('the reply to a try that was given up is never taken for the reply to the next', async (t) => {
  const first = Promise.withResolvers<AnyReply>();
  let tries = 0;
  const { address } = await serve(t, {
    handle: (request) => {
      tries += 1;
      if (tries === 1) return first.promise;
      // Same id, same bytes: only the connection tells the two apart. The stale reply leaves before the fresh one.
      first.resolve(barsReply(request, 'STALE'));
      return first.promise.then(() => barsReply(request, 'FRESH'));
    },
  });
  const asker = requester(t, address, { timeoutMs: 200, retries: 3 });
  assert.equal(answeredSymbol(await asker.ask('barsQuery', barsQuery('AAPL'))), 'FRESH');
  assert.equal(tries, 2);
});

test('a reply that comes twice is not taken for the reply to the next request', async (t) => {
  const address = await rawServer(t, (payload) => [[payload], [payload]]);
  const asker = requester(t, address);
  for (let number = 0; number < 20; number += 1) {
    assert.equal(answeredSymbol(await asker.ask('barsQuery', barsQuery(`S${number}`))), `S${number}`);
  }
});

const unreadable: [what: string, reply: Buffer[]][] = [
  ['garbage', [Buffer.from('not msgpack')]],
  ['an empty frame', [Buffer.alloc(0)]],
  ['two frames', [envelope('position', { position: 1 }), envelope('position', { position: 1 })]],
  ['the reply to another request', [envelope('bars', { requestId: 'another', symbol: 'AAPL', bars: [] })]],
  ['a message that is no reply', [envelope('position', { position: 1 })]],
  ['the failure of another request', [envelope('failure', { requestId: 'another', code: 'NOT_READY', text: '' })]],
];
for (const [what, reply] of unreadable) {
  test(`${what} is a BAD_REPLY, and the next request is answered`, async (t) => {
    let answered = 0;
    const address = await rawServer(t, (payload) => {
      answered += 1;
      return [answered === 1 ? reply : [payload]];
    });
    const asker = requester(t, address);
    const result = await asker.ask('barsQuery', barsQuery('AAPL'));
    assert.deepEqual(result.ok ? 'OK' : { ...result, text: '' }, {
      ok: false,
      code: 'BAD_REPLY',
      text: '',
      failure: null,
    });
    assert.equal(answeredSymbol(await asker.ask('barsQuery', barsQuery('MSFT'))), 'MSFT');
  });
}

test('a failure that the service states is kept apart', async (t) => {
  const { address } = await serve(t, {
    handle: (request) => failure((request.payload as { requestId: string }).requestId, 'NOT_READY', 'catching up'),
  });
  const result = await requester(t, address).ask('barsQuery', barsQuery('AAPL'));
  assert.deepEqual(result, {
    ok: false,
    code: 'BAD_REPLY',
    text: 'NOT_READY: catching up',
    failure: { code: 'NOT_READY', text: 'catching up' },
  });
});

test('close ends what is asked, what pauses and what waits in line', async (t) => {
  const asked = Promise.withResolvers<void>();
  const paused = Promise.withResolvers<void>();
  const silent = await serve(t, {
    handle: () => {
      asked.resolve();
      return new Promise<AnyReply>(() => {});
    },
  });
  const asking = requester(t, silent.address, { timeoutMs: 60_000 });
  const pausing = requester(t, await freeAddress(), {
    timeoutMs: 1,
    retries: 3,
    backOff: { minMs: 60_000, maxMs: 60_000 },
    random: () => {
      paused.resolve();
      return 1;
    },
  });
  const connecting = requester(t, await freeAddress(), { timeoutMs: 60_000 });
  const results = [asking, pausing, connecting].flatMap((asker) => [
    asker.ask('barsQuery', barsQuery('AAPL')),
    asker.ask('barsQuery', barsQuery('MSFT')),
  ]);
  await Promise.all([asked.promise, paused.promise]);
  for (const asker of [asking, pausing, connecting]) asker.close();
  for (const result of await Promise.all(results)) assert.equal(result.ok ? 'OK' : result.code, 'CLOSED');
  const late = await asking.ask('barsQuery', barsQuery('AAPL'));
  assert.equal(late.ok ? 'OK' : late.code, 'CLOSED');
});

test('the deadline bounds the whole, whatever retries and back-off would take', async (t) => {
  const silent = await serve(t, { handle: () => new Promise<AnyReply>(() => {}) });
  const asker = requester(t, silent.address, { timeoutMs: 60, retries: 1000, deadlineMs: 300 });
  const beganMs = performance.now();
  const results = await Promise.all([
    asker.ask('barsQuery', barsQuery('AAPL')),
    asker.ask('barsQuery', barsQuery('MSFT')),
  ]);
  const tookMs = performance.now() - beganMs;
  // The second has waited in line until its time was over: it was never sent.
  assert.deepEqual(
    results.map((result) => (result.ok ? 'OK' : result.code)),
    ['TIMEOUT', 'UNAVAILABLE'],
  );
  assert.ok(tookMs >= 290 && tookMs < 3000, `${tookMs} ms`);
});

test('pauses grow from minMs to maxMs, each by half to all of its length', async (t) => {
  const jitter = [0, 0.5, 0.999];
  const pauses: number[] = [];
  const realSetTimeout = globalThis.setTimeout;
  t.mock.method(globalThis, 'setTimeout', (callback: () => void, ms: number) => {
    pauses.push(ms);
    return realSetTimeout(callback, 0);
  });
  const asker = requester(t, await freeAddress(), {
    timeoutMs: 1,
    retries: 6,
    backOff: { minMs: 1000, maxMs: 5000 },
    random: () => jitter[pauses.length % jitter.length] as number,
  });
  await asker.ask('barsQuery', barsQuery('AAPL'));
  assert.deepEqual(pauses, [500, 1500, 3998, 2500, 3750, 4997.5]);
});

test('a payload that cannot be encoded rejects its own call and no other', async (t) => {
  const { address } = await serve(t, { handle: (request) => barsReply(request, symbolOf(request)) });
  const asker = requester(t, address);
  const bad = asker.ask('since', { requestId: 'x', after: 'text' as unknown as number, maxBytes: 1n as never });
  const good = asker.ask('barsQuery', barsQuery('AAPL'));
  await bad.catch(() => {});
  assert.equal(answeredSymbol(await good), 'AAPL');
});

test('a requester outlives its service: the next one on the address answers', async (t) => {
  const address = await freeAddress();
  const handle = (name: string) => (request: Parameters<typeof barsReply>[0]) => barsReply(request, name);
  const first = await serve(t, { bind: address, handle: handle('FIRST') });
  const asker = requester(t, address, { timeoutMs: 500, retries: 20 });
  assert.equal(answeredSymbol(await asker.ask('barsQuery', barsQuery('AAPL'))), 'FIRST');
  first.responder.close();
  await eventually('the address is free again', async () => {
    try {
      return await serve(t, { bind: address, handle: handle('SECOND') });
    } catch {
      return undefined;
    }
  });
  assert.equal(answeredSymbol(await asker.ask('barsQuery', barsQuery('AAPL'))), 'SECOND');
});
