import assert from 'node:assert/strict';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { test } from 'node:test';
import { WebSocket } from 'ws';
import type { OrderEvent } from '../src/core/orders/order.ts';
import { createTradeStream, type TradeStreamOptions } from '../src/trade-stream.ts';
import { aQuote, eventually } from './builders.ts';
import { listener } from './protocol/listener.ts';
import { readMessagePack } from './protocol/message-pack.ts';
import { Stand } from './protocol/stand.ts';
import { HEADERS, KEY, NO_METRICS, startVenue } from './venue-harness.ts';

const BODY_LIMIT_BYTES = 4096;
const ORDER = { symbol: 'AAPL', qty: '10', side: 'buy', type: 'market', time_in_force: 'day' };
const MESSAGE_PACK = { headers: { 'content-type': 'application/msgpack' } };
const AUTH = { action: 'auth', key: KEY.keyId, secret: KEY.secretKey };

test('frames are binary and hold JSON, also of what cannot be read', async () => {
  await using venue = await startVenue();
  const client = venue.connect('/stream');
  await eventually('the stream to open', () => client.socket.readyState === client.socket.OPEN);
  for (const message of ['{', '[]', 'null', { action: 'dance' }, AUTH, { action: 'listen', data: {} }])
    client.send(message);
  const answers = await client.received(6);
  assert.deepEqual(
    answers.map(({ action, stream }) => action ?? stream),
    ['error', 'error', 'error', 'error', 'authorization', 'error'],
  );
  assert.ok(client.frames.every(({ isBinary }) => isBinary));
});

test('a client whose upgrade names MessagePack is read and answered in it, with the same content', async () => {
  await using venue = await startVenue();
  const plain = await listener(venue);
  const packed = venue.connect('/stream', MESSAGE_PACK);
  await eventually('the stream to open', () => packed.socket.readyState === packed.socket.OPEN);
  // {"action":"auth","key":KEY,"secret":SECRET} and {"action":"listen","data":{"streams":["trade_updates"]}}
  const text = (value: string) => Buffer.concat([Buffer.from([0xa0 + value.length]), Buffer.from(value)]);
  const map = (...entries: Buffer[]) => Buffer.concat([Buffer.from([0x80 + entries.length / 2]), ...entries]);
  const list = Buffer.concat([Buffer.from([0x91]), text('trade_updates')]);
  packed.socket.send(
    map(text('action'), text('auth'), text('key'), text(KEY.keyId), text('secret'), text(KEY.secretKey)),
  );
  packed.socket.send(map(text('action'), text('listen'), text('data'), map(text('streams'), list)));
  packed.socket.send(Buffer.from([0xc1]));
  packed.socket.send(Buffer.from([0xdf, 0xff, 0xff, 0xff, 0xff]));
  packed.socket.send(Buffer.alloc(4000, 0x91));
  await eventually('the answers', () => packed.frames.length === 5);
  venue.show(aQuote({ askSz: '5' }));
  await venue.request('POST', '/v2/orders', ORDER);
  venue.show(aQuote({ askSz: '5' }));
  venue.show(aQuote({ askPx: '190.02', askSz: '5' }));
  await eventually('the updates', () => packed.frames.length >= 9);
  const read = packed.frames.map(
    ({ bytes }) => readMessagePack(Buffer.from(bytes)) as { action?: string; stream?: string; data: object },
  );
  assert.deepEqual(read.slice(0, 2), [
    { stream: 'authorization', data: { action: 'authenticate', status: 'authorized' } },
    { stream: 'listening', data: { streams: ['trade_updates'] } },
  ]);
  assert.deepEqual(
    read.slice(2, 5).map(({ action }) => action),
    ['error', 'error', 'error'],
  );
  const updates = await plain.received(read.length - 5);
  assert.deepEqual(read.slice(5), updates);
  assert.ok(packed.frames.every(({ isBinary }) => isBinary));
});

test('a client that does not authenticate in time, or sends too much, is closed', async () => {
  await using venue = await startVenue({ authTimeoutMs: 20 });
  const late = venue.connect('/stream');
  await eventually('the close', () => late.closeCode() === 1008);
  const large = venue.connect('/stream', { headers: HEADERS });
  await eventually('the stream to open', () => large.socket.readyState === large.socket.OPEN);
  large.send('x'.repeat(BODY_LIMIT_BYTES + 1));
  await eventually('the close', () => large.closeCode() === 1009);
});

/** A stream on a server of its own, for what a venue's own pace would make long. */
async function startStream(options: Partial<TradeStreamOptions>) {
  const messages: string[] = [];
  const stream = createTradeStream({
    ...{ areValid: () => true, authTimeoutMs: 5000, maxMessageBytes: 4096, slowClientBytes: 100_000 },
    metrics: NO_METRICS,
    log: { info: (_fields, message) => void messages.push(message) },
    ...options,
  });
  const server = createServer();
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) =>
    stream.accept(request, socket, head),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const clients: WebSocket[] = [];
  return {
    messages,
    stream,
    connect(autoPong = true) {
      const client = new WebSocket(`ws://127.0.0.1:${port}/stream`, { autoPong, headers: HEADERS });
      clients.push(client);
      return client;
    },
    async [Symbol.asyncDispose]() {
      for (const client of clients) client.terminate();
      await stream.close();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

test('a client that answers no ping is cut off, one that answers stays', async () => {
  await using server = await startStream({ pingIntervalMs: 300 });
  const [silent, alive] = [server.connect(false), server.connect()];
  let pings = 0;
  alive.on('ping', () => {
    pings += 1;
  });
  const closed = new Promise<number>((resolve) => silent.once('close', resolve));
  assert.equal(await closed, 1006);
  await eventually('pings to the other', () => pings >= 3);
  assert.equal(alive.readyState, alive.OPEN);
  assert.deepEqual(server.messages.filter((message) => message === 'trade-updates client is silent').length, 1);
});

function anUpdate(): OrderEvent {
  const stand = new Stand();
  stand.order({ symbol: 'AAPL', side: 'buy', qty: '1', type: 'limit', limit_price: '1' });
  const [update] = stand.events;
  assert.ok(update !== undefined);
  return update;
}

async function listenOn(client: WebSocket): Promise<void> {
  await eventually('the stream to open', () => client.readyState === client.OPEN);
  client.send(JSON.stringify({ action: 'listen', data: { streams: ['trade_updates'] } }));
  await new Promise((resolve) => client.once('message', resolve));
}

test('a client that reads is not cut off by more updates of one turn than a slow one may leave waiting', async () => {
  const slowClientBytes = 20_000;
  await using server = await startStream({ slowClientBytes });
  const update = anUpdate();
  const client = server.connect();
  await listenOn(client);
  let bytes = 0;
  let received = 0;
  client.on('message', (data: Buffer) => {
    bytes += data.length;
    received += 1;
  });
  for (let published = 0; published < 200; published += 1) server.stream.publish(update);
  await eventually('every update', () => received === 200);
  assert.ok(bytes > slowClientBytes, `${bytes} bytes in all`);
  assert.equal(client.readyState, client.OPEN);
});

test('a client that does not read is cut off, and the others get every update', async () => {
  await using server = await startStream({ slowClientBytes: 20_000 });
  const update = anUpdate();
  const [slow, quick] = [server.connect(), server.connect()];
  let received = 0;
  quick.on('message', () => {
    received += 1;
  });
  for (const client of [slow, quick]) await listenOn(client);
  slow.pause();
  let published = 0;
  while (!server.messages.includes('trade-updates client is too slow')) {
    server.stream.publish(update);
    published += 1;
    assert.ok(published < 100_000, 'the slow client is never cut off');
    if (published % 10 === 0) await eventually('the other client', () => received > published - 10);
  }
  await eventually('every update', () => received === published + 1);
  assert.equal(quick.readyState, quick.OPEN);
});
