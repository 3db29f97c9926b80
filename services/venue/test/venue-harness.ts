import { rmSync } from 'node:fs';
import { NO_TRACING, type SpanRecord, type Tracing } from '@tickpath/runtime';
import { Unpackr } from 'msgpackr';
import { type ClientOptions, WebSocket } from 'ws';
import type { VenueJournal } from '../src/book.ts';
import { accountIdentity } from '../src/core/account/identity.ts';
import { createBars } from '../src/core/market/bars.ts';
import { createHistory, type History } from '../src/core/market/history.ts';
import { createSyntheticMarket, type SyntheticConfig } from '../src/core/market/synthetic-market.ts';
import type { VenueRules } from '../src/core/orders/state.ts';
import type { Assets } from '../src/core/reference/assets.ts';
import { createExchange, type Exchange } from '../src/exchange.ts';
import { type Feed, type FeedOptions, type Pace, publish, type TapePosition } from '../src/feed/feed.ts';
import { createReplayFeed } from '../src/feed/replay-feed.ts';
import { createSyntheticFeed } from '../src/feed/synthetic-feed.ts';
import type { MarketServer } from '../src/market-server.ts';
import type { VenueMetrics } from '../src/metrics.ts';
import { createOrderTraces } from '../src/order-traces.ts';
import { createVenueServer, type VenueServerOptions } from '../src/server.ts';
import type { Tape } from '../src/tape/tape.ts';
import { ASSETS, eventually, PLAIN_RULES } from './builders.ts';
import { dataFolder, openTestBook } from './test-book.ts';

export const KEY = { keyId: 'TESTKEY', secretKey: 'TESTSECRET' };
export const HEADERS = { 'apca-api-key-id': KEY.keyId, 'apca-api-secret-key': KEY.secretKey };

const unpackr = new Unpackr({ useRecords: false, int64AsType: 'number' });

export const NO_METRICS: VenueMetrics = {
  ticks() {},
  dropped() {},
  clients() {},
  order() {},
  fill() {},
  match() {},
  httpRequest() {},
};

export interface VenueSettings {
  readonly tape?: Tape;
  /** Opens the same tape anew, for a seek; by default the tape given is read again. */
  readonly reopen?: () => Promise<Tape>;
  readonly pace?: Pace;
  /** Whether a tape goes on behind the position in the journal, if that is of the same tape. */
  readonly resume?: boolean;
  readonly synthetic?: Partial<SyntheticConfig>;
  readonly assets?: Assets;
  readonly rules?: Partial<VenueRules>;
  /** What the server is configured with, beyond the harness's defaults. */
  readonly config?: Partial<VenueServerOptions['config']>;
  readonly slowClientBytes?: number;
  readonly frameLimit?: number;
  readonly authTimeoutMs?: number;
  readonly eventsPerSymbol?: number;
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
  readonly text: string;
  readonly headers: Headers;
}

export interface TestVenue {
  readonly url: string;
  readonly exchange: Exchange;
  readonly market: MarketServer;
  readonly history: History;
  readonly journal: VenueJournal;
  readonly feed: Feed | null;
  /** The run as it is now. */
  readonly run: () => { readonly id: string; readonly pace: 'live' | 'replay' };
  readonly log: { message: string; fields: object }[];
  /** Every span emitted so far. */
  readonly spans: readonly SpanRecord[];
  /** Shows events as a feed does: to the exchange, then to bars, history and clients. For a venue without a source. */
  show(...events: Parameters<Exchange['onMarket']>[0][]): void;
  /** A REST request with the venue's key, or with the headers given. */
  request(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  connect(path: string, options?: ClientOptions): TestClient;
  /** A market-data client that has authenticated and subscribed to trades and quotes of everything. */
  subscriber(path?: string, subscription?: object): Promise<TestClient>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface TestClient {
  readonly socket: WebSocket;
  /** Every message so far, taken out of its array frame. */
  readonly messages: Record<string, unknown>[];
  readonly frames: { text: string; bytes: Uint8Array; isBinary: boolean }[];
  readonly upgrade: Record<string, unknown>;
  closeCode(): number | null;
  send(message: unknown): void;
  /** Waits until `count` messages have come in. */
  received(count: number): Promise<Record<string, unknown>[]>;
}

const CONFIG: VenueServerOptions['config'] = {
  hours: 'always',
  authTimeoutMs: 5000,
  bodyLimitBytes: 4096,
  slowClientBytes: 1_000_000,
  symbolLimit: 10,
  connectionLimit: 0,
  requestsPerMinute: 0,
  compression: false,
  initialCashUsd: '1000000',
};

/** A venue on a port of its own, in this process, with the source named or none. */
export async function startVenue(settings: VenueSettings = {}): Promise<TestVenue> {
  const log: TestVenue['log'] = [];
  const record = (fields: object, message: string) => void log.push({ fields, message });
  const logger = { info: record, warn: record, error: record, debug: () => {} };
  const clock = { nowNs: () => BigInt(Date.now()) * 1_000_000n };
  const { tape, assets = ASSETS, slowClientBytes = CONFIG.slowClientBytes } = settings;
  const rules = { ...PLAIN_RULES, ...settings.rules };
  let feed: Feed | null = null;
  const dataDir = settings.dataDir ?? dataFolder();
  const firstRunId = `test-run-${crypto.randomUUID()}`;
  const { journal, book } = await openTestBook(dataDir, {
    idScope: firstRunId,
    rules,
    assets,
    newAccount: accountIdentity(firstRunId, clock.nowNs()),
    initialCashUsd: settings.initialCashUsd ?? '1000000',
    log: logger,
  });
  let flushes = 0;
  const exchange = createExchange({
    journal: {
      transact: (work) => journal.transact(work),
      async flushed(committed, begin) {
        await settings.beforeFlush?.(flushes++);
        return journal.flushed(committed, begin);
      },
    },
    book,
    nowNs: () => feed?.nowNs() ?? clock.nowNs(),
    newId: () => crypto.randomUUID(),
    position: () => (feed === null ? null : { ...feed.position() }),
    metrics: NO_METRICS,
    log: logger,
    failpoint: () => {},
    onFatal(error) {
      throw error;
    },
  });
  const source = tape === undefined ? 'synthetic' : 'replay';
  const sourceId = tape?.sourceId ?? 'test';
  const isResumed = settings.resume === true && book.run?.sourceId === sourceId;
  let runId = isResumed ? (book.run?.runId ?? firstRunId) : firstRunId;
  const run = () => ({ id: runId, pace: tape === undefined ? 'live' : 'replay' }) as const;
  const beginRun = (id: string) => {
    runId = id;
    exchange.beginRun({ runId, source, sourceId, startedNs: clock.nowNs() });
  };

  const spans: SpanRecord[] = [];
  const tracing: Tracing = { ...NO_TRACING, enabled: true, emit: (make) => void spans.push(...make()) };
  const history = createHistory({ eventsPerSymbol: settings.eventsPerSymbol ?? 100_000 });
  const bars = createBars();
  const server = createVenueServer({
    exchange,
    traces: createOrderTraces({ exchange, tracing, nowNs: clock.nowNs }),
    assets,
    history,
    nowNs: clock.nowNs,
    credentials: settings.credentials ?? KEY,
    run,
    feed: () => feed,
    config: {
      ...CONFIG,
      hours: rules.hours,
      slowClientBytes,
      authTimeoutMs: settings.authTimeoutMs ?? CONFIG.authTimeoutMs,
      ...settings.config,
    },
    metrics: NO_METRICS,
    log: logger,
  });
  const options: FeedOptions = {
    exchange,
    market: server.market,
    bars,
    history,
    beginRun: () => beginRun(`test-run-${crypto.randomUUID()}`),
    clock,
    frameLimit: settings.frameLimit ?? 256,
    slowClientBytes,
    metrics: NO_METRICS,
    log: logger,
  };
  if (tape !== undefined) {
    const position = isResumed ? (book.lastPosition as unknown as TapePosition | null) : null;
    const reopen = settings.reopen ?? (() => Promise.resolve(tape));
    feed = createReplayFeed({ tape, reopen, pace: settings.pace ?? 'max', position }, options);
  } else if (settings.synthetic !== undefined) {
    const symbols = [{ instrument: assets.instrumentOf('AAPL'), priceCents: 19_000 }];
    const config = { seed: 1, symbols, startNs: clock.nowNs(), ticksPerSecond: 20, ...settings.synthetic };
    feed = createSyntheticFeed(createSyntheticMarket(config), options);
  }
  if (!isResumed) beginRun(firstRunId);
  const port = await server.listen({ host: '127.0.0.1', port: 0 });
  const stopping = new AbortController();
  const running = feed?.run(stopping.signal);
  const clients: TestClient[] = [];
  const url = `http://127.0.0.1:${port}`;

  const connect = (path: string, clientOptions: ClientOptions = {}): TestClient => {
    const isPack = clientOptions.headers?.['content-type'] === 'application/msgpack';
    const client = createClient(new WebSocket(`ws://127.0.0.1:${port}${path}`, clientOptions), isPack);
    clients.push(client);
    return client;
  };
  return {
    url,
    exchange,
    market: server.market,
    history,
    journal,
    feed,
    run,
    log,
    spans,
    show(...events) {
      for (const event of events) exchange.onMarket(event);
      publish(events, options);
    },
    async request(method, path, body, headers = HEADERS) {
      const isText = typeof body === 'string';
      const response = await fetch(url + path, {
        method,
        headers: { ...headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
        ...(body !== undefined && { body: isText ? body : JSON.stringify(body) }),
      });
      const text = await response.text();
      return { status: response.status, body: text === '' ? {} : JSON.parse(text), text, headers: response.headers };
    },
    connect,
    async subscriber(path = '/v2/iex', subscription = { trades: ['*'], quotes: ['*'] }) {
      const client = connect(path, { headers: HEADERS });
      await client.received(2);
      client.send({ action: 'subscribe', ...subscription });
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

function createClient(socket: WebSocket, isPack: boolean): TestClient {
  const messages: Record<string, unknown>[] = [];
  const frames: TestClient['frames'] = [];
  const upgrade: Record<string, unknown> = {};
  let code: number | null = null;
  socket.on('upgrade', (response) => Object.assign(upgrade, response.headers));
  socket.on('message', (data, isBinary) => {
    const bytes = data as Buffer;
    const text = bytes.toString();
    frames.push({ text, bytes, isBinary });
    const value: unknown = isPack ? unpackr.unpack(bytes) : JSON.parse(text);
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
