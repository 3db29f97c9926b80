import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import type { Logger } from '@tickpath/runtime';
import { createClock } from '@tickpath/runtime';
import { type WebSocket, WebSocketServer } from 'ws';
import { createAlpacaProtocol } from '../src/core/feeds/alpaca.ts';
import { createKrakenProtocol } from '../src/core/feeds/kraken.ts';
import type { FeedOutput } from '../src/core/feeds/protocol.ts';
import { FeedSocket, type FeedSocketOptions, type FeedTraffic } from '../src/feed-socket.ts';
import { RestClient } from '../src/rest-client.ts';

const BOUND_MS = 10_000;
const CONNECTION = {
  backoffFirstMs: 20,
  backoffLastMs: 50,
  stableMs: 60_000,
  handshakeMs: 5_000,
  pingMs: 10_000,
  idleMs: 20_000,
};

async function until(what: string, isTrue: () => boolean): Promise<void> {
  const deadline = performance.now() + BOUND_MS;
  while (!isTrue()) {
    if (performance.now() > deadline) throw new Error(`not within ${BOUND_MS} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** A venue that speaks as Alpaca does: greets, lets everyone in, confirms what is subscribed. */
class Venue {
  readonly sockets: WebSocket[] = [];
  readonly heard: Record<string, unknown>[] = [];
  readonly http: Server;
  readonly asked: string[] = [];
  run = 'run 1';
  rest: (path: string) => string = () => '{"trades":{},"next_page_token":null}';
  readonly #wss: WebSocketServer;

  constructor(autoPong: boolean) {
    this.http = createServer((request, response) => {
      this.asked.push(String(request.url));
      response.end(this.rest(String(request.url)));
    });
    this.#wss = new WebSocketServer({ server: this.http, autoPong });
    this.#wss.on('headers', (headers) => headers.push(`x-tickpath-run: ${this.run}`));
    this.#wss.on('connection', (socket) => {
      this.sockets.push(socket);
      socket.on('message', (data) => this.#hear(socket, JSON.parse(data.toString())));
      socket.send('[{"T":"success","msg":"connected"}]');
    });
  }

  #hear(socket: WebSocket, message: Record<string, unknown>): void {
    this.heard.push(message);
    if (message.action === 'auth') socket.send('[{"T":"success","msg":"authenticated"}]');
    else socket.send(JSON.stringify([{ T: 'subscription', ...message, action: undefined }]));
  }

  get url(): string {
    return `127.0.0.1:${(this.http.address() as AddressInfo).port}`;
  }

  trade(id: number, socket = this.sockets.at(-1)): void {
    const t = `2026-10-06T22:36:${String(id).padStart(2, '0')}Z`;
    socket?.send(JSON.stringify([{ T: 't', S: 'AAPL', i: id, x: 'P', p: 1, s: 1, t }]));
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.terminate();
    this.#wss.close();
    this.http.closeAllConnections();
    await new Promise((resolve) => this.http.close(resolve));
  }
}

interface Setting extends Partial<FeedSocketOptions> {
  readonly autoPong?: boolean;
}

async function opened(t: TestContext, { autoPong = true, ...options }: Setting = {}) {
  const venue = new Venue(autoPong);
  await new Promise<void>((resolve) => venue.http.listen(0, '127.0.0.1', resolve));
  const rest = new RestClient({
    baseUrl: `http://${venue.url}`,
    headers: {},
    requestsPerMinute: 60_000,
    timeoutMs: 2_000,
    bodyTimeoutMs: 2_000,
    retries: 0,
    maxBodyBytes: 1_000_000,
  });
  const outputs: FeedOutput[] = [];
  const states: string[] = [];
  const traffic: FeedTraffic[] = [];
  const silent = () => {};
  const feed = new FeedSocket({
    url: `ws://${venue.url}/v2/iex`,
    createProtocol: () =>
      createAlpacaProtocol({
        assetClass: 'us_equity',
        feed: 'iex',
        keyId: 'key',
        secretKey: 'secret',
        channels: ['trades'],
        quoteSizeUnit: 1,
        recoversTrades: true,
      }),
    rest: { data: rest, trading: rest },
    connection: CONNECTION,
    clock: createClock(),
    log: { debug: silent, info: silent, warn: silent, error: silent } as unknown as Logger,
    random: () => 0,
    onOutputs: (some) => outputs.push(...some),
    onConnection: (state) => states.push(state),
    onTraffic: (one) => traffic.push(one),
    ...options,
  });
  t.after(async () => {
    feed.close();
    await rest.close();
    await venue.close();
  });
  const tradeIds = () =>
    outputs.flatMap((output) =>
      output.kind === 'event' && output.event.kind === 'trade' ? [Number(output.event.tradeId)] : [],
    );
  return { venue, feed, outputs, states, traffic, tradeIds };
}

test('a feed logs in, subscribes and hands on what comes', async (t) => {
  const { venue, feed, states, tradeIds, traffic } = await opened(t);
  feed.subscribe(['AAPL']);
  feed.start();
  await until('subscribed', () => states.includes('subscribed'));
  venue.trade(1);
  await until('the trade', () => tradeIds().length === 1);
  assert.deepEqual(states, ['connecting', 'authenticated', 'subscribed']);
  const kinds = traffic.map(({ type }) => type).filter((type) => type !== 'http');
  assert.deepEqual(kinds, ['subscribe', 'upgrade', 'connect', 'recv', 'send', 'recv', 'send', 'recv', 'recv']);
});

test('subscriptions change while the connection lives', async (t) => {
  const { venue, feed, states } = await opened(t);
  feed.subscribe(['AAPL']);
  feed.start();
  await until('subscribed', () => states.includes('subscribed'));
  feed.subscribe(['SPY']);
  await until('both messages', () => venue.heard.length === 4);
  assert.deepEqual(venue.heard.slice(2), [
    { action: 'unsubscribe', trades: ['AAPL'] },
    { action: 'subscribe', trades: ['SPY'] },
  ]);
});

test('a lost connection comes back by itself, and the trades between come from REST, each once', async (t) => {
  const { venue, feed, states, tradeIds } = await opened(t);
  feed.subscribe(['AAPL']);
  feed.start();
  await until('subscribed', () => states.includes('subscribed'));
  venue.trade(1);
  await until('the trade', () => tradeIds().length === 1);
  const past = [1, 2, 3].map((id) => ({ i: id, x: 'P', p: 1, s: 1, t: `2026-10-06T22:36:0${id}Z` }));
  venue.rest = () => JSON.stringify({ trades: { AAPL: past }, next_page_token: null });
  venue.sockets[0]?.terminate();
  await until('the missed trades', () => tradeIds().length === 3);
  venue.trade(4);
  await until('the next trade', () => tradeIds().length === 4);
  assert.deepEqual(tradeIds(), [1, 2, 3, 4]);
  assert.deepEqual(states.slice(3), ['reconnecting', 'connecting', 'authenticated', 'subscribed']);
});

test('a connection that answers no pings is closed and another one made', async (t) => {
  const connection = { ...CONNECTION, pingMs: 50, idleMs: 400 };
  const { venue, feed, states } = await opened(t, { autoPong: false, connection });
  let pings = 0;
  feed.subscribe(['AAPL']);
  feed.start();
  await until('subscribed', () => states.includes('subscribed'));
  venue.sockets[0]?.on('ping', () => {
    pings += 1;
  });
  await until('a second connection', () => venue.sockets.length === 2);
  assert.ok(pings > 0);
  assert.ok(states.includes('reconnecting'));
});

test('a silent connection that answers pings is kept', async (t) => {
  const connection = { ...CONNECTION, pingMs: 50, idleMs: 700 };
  const { venue, feed, states } = await opened(t, { connection });
  let pings = 0;
  feed.subscribe(['AAPL']);
  feed.start();
  await until('subscribed', () => states.includes('subscribed'));
  venue.sockets[0]?.on('ping', () => {
    pings += 1;
  });
  await until('pings for longer than the idle time', () => pings >= 4);
  assert.equal(venue.sockets.length, 1);
});

test('an error of the venue leads to another connection', async (t) => {
  const { venue, feed, states, outputs } = await opened(t);
  feed.subscribe(['AAPL']);
  feed.start();
  await until('subscribed', () => states.includes('subscribed'));
  venue.sockets[0]?.send('[{"T":"error","code":407,"msg":"slow client"}]');
  await until('a second connection', () => venue.sockets.length === 2);
  const refused = outputs.find((output) => output.kind === 'rejected' && output.reason === 'refused');
  assert.deepEqual(refused, { kind: 'rejected', reason: 'refused', text: 'refused: "407: slow client"' });
});

test('with another run of the venue the same ids are other trades', async (t) => {
  const { venue, feed, states, tradeIds } = await opened(t);
  feed.subscribe(['AAPL']);
  feed.start();
  await until('subscribed', () => states.includes('subscribed'));
  venue.trade(1);
  await until('the trade', () => tradeIds().length === 1);
  venue.run = 'run 2';
  venue.sockets[0]?.terminate();
  await until('subscribed again', () => states.filter((state) => state === 'subscribed').length === 2);
  venue.trade(1);
  await until('the trade of the other run', () => tradeIds().length === 2);
  assert.ok(!venue.asked.some((path) => path.startsWith('/v2/stocks/trades')), 'nothing of the run before is fetched');
});

test('what a protocol says of its books comes behind the word of the run that they are of', async (t) => {
  const told: string[] = [];
  const { venue, feed, states } = await opened(t, {
    createProtocol: () => createKrakenProtocol({ depth: 10 }),
    onUpgrade: (headers) => told.push(String(headers['x-tickpath-run'])),
    onOutputs: (some) => {
      for (const output of some) if (output.kind === 'book-invalid') told.push(output.reason);
    },
  });
  feed.subscribe(['BTC-USD']);
  feed.start();
  await until('the first run', () => states.includes('authenticated'));
  venue.run = 'run 2';
  venue.sockets[0]?.terminate();
  await until('the second run', () => states.filter((state) => state === 'authenticated').length === 2);
  assert.deepEqual(told, ['no-snapshot', 'run 1', 'reconnect', 'unsubscribed', 'run 2', 'no-snapshot']);
});

test('a book is lost with the connection, not again with every attempt to get another', async (t) => {
  const { venue, feed, states, outputs } = await opened(t, {
    createProtocol: () => createKrakenProtocol({ depth: 10 }),
  });
  feed.subscribe(['BTC-USD']);
  feed.start();
  await until('a connection', () => states.includes('authenticated'));
  await venue.close();
  await until('attempts that fail', () => states.filter((state) => state === 'connecting').length > 3);
  const lost = outputs.filter((output) => output.kind === 'book-invalid' && output.reason === 'reconnect');
  assert.equal(lost.length, 1);
});

test('while paused nothing is read, and nothing is lost', async (t) => {
  const { venue, feed, states, tradeIds } = await opened(t);
  feed.subscribe(['AAPL']);
  feed.start();
  await until('subscribed', () => states.includes('subscribed'));
  feed.setPaused(true);
  for (let id = 1; id <= 50; id += 1) venue.trade(id);
  // Meanwhile other messages go to the venue and come back.
  for (let at = 0; at < 5; at += 1) await (await fetch(`http://${venue.url}/v2/stocks/trades`)).text();
  const early = tradeIds().length;
  feed.setPaused(false);
  await until('all trades', () => tradeIds().length === 50);
  assert.ok(early < 50, `${early} were read while paused`);
  assert.deepEqual(
    tradeIds(),
    Array.from({ length: 50 }, (_, index) => index + 1),
  );
});

test('binary frames are counted, and a closed feed dials no more', async (t) => {
  const { venue, feed, states, outputs, traffic } = await opened(t);
  feed.start();
  await until('authenticated', () => states.includes('authenticated'));
  venue.sockets[0]?.send(Buffer.from([1, 2, 3]));
  await until('the frame', () => outputs.some((output) => output.kind === 'unknown' && output.type === 'binary'));
  feed.close();
  assert.equal(states.at(-1), 'disconnected');
  await until('the venue to see it', () => venue.sockets[0]?.readyState === 3);
  assert.equal(venue.sockets.length, 1);
  assert.equal(traffic.at(-1)?.type, 'stop');
});
