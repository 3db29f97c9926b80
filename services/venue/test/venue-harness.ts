import { rmSync } from 'node:fs';
import { NO_TRACING, type SpanRecord, type Tracing } from '@tickpath/runtime';
import { type ClientOptions, WebSocket } from 'ws';
import type { VenueJournal } from '../src/book.ts';
import { accountIdentity } from '../src/core/account.ts';
import { createSyntheticMarket } from '../src/core/synthetic-market.ts';
import { createExchange, type Exchange } from '../src/exchange.ts';
import { createReplayFeed, createSyntheticFeed, type Feed, type FeedOptions, type Pace } from '../src/feed.ts';
import type { VenueMetrics } from '../src/metrics.ts';
import { createOrderTraces } from '../src/order-traces.ts';
import { createVenueServer } from '../src/server.ts';
import type { Tape } from '../src/tape.ts';
import { eventually } from './builders.ts';
import { dataFolder, openTestBook } from './test-book.ts';

export const KEY = { keyId: 'TESTKEY', secretKey: 'TESTSECRET' };
const HEADERS = { 'apca-api-key-id': KEY.keyId, 'apca-api-secret-key': KEY.secretKey };

export const NO_METRICS: VenueMetrics = {
  ticks() {},
  clients() {},
  order() {},
  fill() {},
  match() {},
  httpRequest() {},
};

export interface VenueSettings {
  readonly tape?: Tape;
  readonly pace?: Pace;
  readonly synthetic?: { readonly ticksPerSecond: number };
  readonly slowClientBytes?: number;
  readonly frameLimit?: number;
  readonly authTimeoutMs?: number;
  readonly credentials?: typeof KEY;
  /** Where its journal is: for a venue that is started again. Otherwise a folder of its own, gone when `using` ends. */
  readonly dataDir?: string;
  readonly initialCashUsd?: string;
  /** What each flush of the journal waits for, given the number of flushes before it. */
  readonly beforeFlush?: (flushes: number) => Promise<void>;
}

export interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

export interface TestVenue {
  readonly url: string;
  readonly exchange: Exchange;
  readonly journal: VenueJournal;
  readonly feed: Feed | null;
  readonly log: { message: string; fields: object }[];
  /** Every span emitted so far. */
  readonly spans: readonly SpanRecord[];
  /** A REST request with the venue's key, or with the headers given. */
  request(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  connect(path: string, options?: ClientOptions): TestClient;
  /** A market-data client that has authenticated and subscribed to everything. */
  subscriber(): Promise<TestClient>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface TestClient {
  readonly socket: WebSocket;
  /** Every message so far, taken out of its array frame. */
  readonly messages: Record<string, unknown>[];
  readonly frames: { text: string; isBinary: boolean }[];
  readonly upgrade: Record<string, unknown>;
  closeCode(): number | null;
  send(message: unknown): void;
  /** Waits until `count` messages have come in. */
  received(count: number): Promise<Record<string, unknown>[]>;
}

/** A venue on a port of its own, in this process, with the source named or none. */
export async function startVenue(settings: VenueSettings = {}): Promise<TestVenue> {
  const log: TestVenue['log'] = [];
  const record = (fields: object, message: string) => void log.push({ fields, message });
  const logger = { info: record, warn: record, error: record, debug: () => {} };
  const clock = { nowNs: () => BigInt(Date.now()) * 1_000_000n };
  const slowClientBytes = settings.slowClientBytes ?? 1_000_000;
  let feed: Feed | null = null;
  const dataDir = settings.dataDir ?? dataFolder();
  const runId = `test-run-${crypto.randomUUID()}`;
  const { journal, book } = await openTestBook(dataDir, {
    idScope: runId,
    newAccount: accountIdentity(runId, clock.nowNs()),
    initialCashUsd: settings.initialCashUsd ?? '1000000',
    log: logger,
  });
  let flushes = 0;
  const exchange = createExchange({
    journal: {
      transact: (work) => journal.transact(work),
      async flushed(committed) {
        await settings.beforeFlush?.(flushes++);
        return journal.flushed(committed);
      },
    },
    book,
    nowNs: () => feed?.nowNs() ?? clock.nowNs(),
    newId: () => crypto.randomUUID(),
    metrics: NO_METRICS,
    log: logger,
    failpoint: () => {},
    onFatal(error) {
      throw error;
    },
  });
  const spans: SpanRecord[] = [];
  const tracing: Tracing = { ...NO_TRACING, enabled: true, emit: (make) => void spans.push(...make()) };
  const server = createVenueServer({
    exchange,
    traces: createOrderTraces({ exchange, tracing, nowNs: clock.nowNs }),
    nowNs: clock.nowNs,
    credentials: settings.credentials ?? KEY,
    run: { id: runId, pace: settings.tape === undefined ? 'live' : 'replay' },
    limits: { authTimeoutMs: settings.authTimeoutMs ?? 5000, bodyLimitBytes: 4096, slowClientBytes, symbolLimit: 10 },
    metrics: NO_METRICS,
    log: logger,
  });
  const frameLimit = settings.frameLimit ?? 256;
  const options: FeedOptions = {
    exchange,
    market: server.market,
    clock,
    frameLimit,
    slowClientBytes,
    metrics: NO_METRICS,
    log: logger,
  };
  if (settings.tape !== undefined) {
    feed = createReplayFeed(
      settings.tape,
      { pace: settings.pace ?? 'max', startNs: settings.tape.firstNs ?? 0n },
      options,
    );
  } else if (settings.synthetic !== undefined) {
    const symbols = [{ symbol: 'AAPL', priceCents: 19_000 }];
    feed = createSyntheticFeed(
      createSyntheticMarket({ seed: 1, symbols, startNs: clock.nowNs(), ...settings.synthetic }),
      options,
    );
  }
  const port = await server.listen({ host: '127.0.0.1', port: 0 });
  const stopping = new AbortController();
  const running = feed?.run(stopping.signal);
  const clients: TestClient[] = [];
  const url = `http://127.0.0.1:${port}`;

  const connect = (path: string, clientOptions: ClientOptions = {}): TestClient => {
    const client = createClient(new WebSocket(`ws://127.0.0.1:${port}${path}`, clientOptions));
    clients.push(client);
    return client;
  };
  return {
    url,
    exchange,
    journal,
    feed,
    log,
    spans,
    async request(method, path, body, headers = HEADERS) {
      const isText = typeof body === 'string';
      const response = await fetch(url + path, {
        method,
        headers: { ...headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
        ...(body !== undefined && { body: isText ? body : JSON.stringify(body) }),
      });
      const text = await response.text();
      return { status: response.status, body: text === '' ? {} : JSON.parse(text) };
    },
    connect,
    async subscriber() {
      const client = connect('/v2/iex', { headers: HEADERS });
      await client.received(2);
      client.send({ action: 'subscribe', trades: ['*'], quotes: ['*'] });
      await client.received(3);
      return client;
    },
    async [Symbol.asyncDispose]() {
      stopping.abort();
      for (const { socket } of clients) socket.resume();
      await running;
      await server.close();
      await exchange.settled();
      await journal.close();
      if (settings.dataDir === undefined) rmSync(dataDir, { recursive: true });
    },
  };
}

function createClient(socket: WebSocket): TestClient {
  const messages: Record<string, unknown>[] = [];
  const frames: TestClient['frames'] = [];
  const upgrade: Record<string, unknown> = {};
  let code: number | null = null;
  socket.on('upgrade', (response) => Object.assign(upgrade, response.headers));
  socket.on('message', (data, isBinary) => {
    const text = String(data);
    frames.push({ text, isBinary });
    const value: unknown = JSON.parse(text);
    messages.push(...((Array.isArray(value) ? value : [value]) as Record<string, unknown>[]));
  });
  socket.on('error', () => {});
  socket.on('close', (closeCode) => {
    code = closeCode;
  });
  return {
    socket,
    messages,
    frames,
    upgrade,
    closeCode: () => code,
    send: (message) => socket.send(typeof message === 'string' ? message : JSON.stringify(message)),
    async received(count) {
      await eventually(`${count} messages`, () => messages.length >= count);
      return messages;
    },
  };
}
