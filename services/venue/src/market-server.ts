import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import type { MarketBook, MarketEvent } from './core/market/event.ts';
import type { History, SymbolHistory } from './core/market/history.ts';
import type { MarketEndpoint } from './core/protocol/market-channels.ts';
import { createJsonEncoding, createPackEncoding, type MarketEncoding } from './core/protocol/market-encoding.ts';
import {
  createMarketSession,
  type MarketSession,
  type MarketSessionInput,
  type MarketSessionRules,
  stepMarketSession,
} from './core/protocol/market-session.ts';
import { headerCredentials } from './credentials.ts';
import { createChangeSignal, createConnectionPlaces } from './market-connections.ts';
import { MarketGroups } from './market-groups.ts';
import type { VenueMetrics } from './metrics.ts';

export interface MarketServerOptions {
  readonly areValid: (keyId: string, secretKey: string) => boolean;
  readonly symbolLimit: number;
  /** Connections of one key to one endpoint; 0 is no limit. */
  readonly connectionLimit: number;
  /** Whether clients may ask for permessage-deflate. */
  readonly compression: boolean;
  readonly authTimeoutMs: number;
  readonly maxMessageBytes: number;
  /** How often clients are pinged. Default 10 s. */
  readonly pingIntervalMs?: number;
  /** Pings that a client may leave unanswered: with one more it is cut off. A reader that pauses answers none. Default 1. */
  readonly unansweredPings?: number;
  /**
   * Beyond it a client that asks without reading the answers is not listened to until it has read them. What had come in by
   * then is still answered, up to four times as much: then it is cut off. Default 16 MiB.
   */
  readonly mostUnreadBytes?: number;
  /** Sent with the answer to the upgrade: which run this is and at which pace it goes. */
  readonly headers: () => Readonly<Record<string, string>>;
  /** Has the books that a new subscriber gets first. */
  readonly history: Pick<History, 'of' | 'all'>;
  readonly metrics: Pick<VenueMetrics, 'clients'>;
  readonly log: { info(fields: object, message: string): void };
}

/** The market-data WebSocket: sessions, and the frames that go to them. */
export interface MarketServer {
  accept(upgrade: MarketUpgrade, endpoint: MarketEndpoint): void;
  /** Sends the events as one frame to each client that wants some of them. Never waits: see `mostBufferedBytes`. */
  publish(events: readonly MarketEvent[]): void;
  /** Clients subscribed to something. */
  subscriberCount(): number;
  /** Bytes that wait for the slowest client. */
  mostBufferedBytes(): number;
  /** Tells clients with more than `limitBytes` waiting "407 slow client" and closes them. */
  closeSlow(limitBytes: number): void;
  /** Resolves at the next subscription, disconnect or byte sent; rejects when the signal aborts. */
  changed(signal: AbortSignal): Promise<void>;
  /** Closes every connection with a WebSocket close code, as when another run begins (1012); new ones are taken at once. */
  disconnectAll(code: number, reason: string): void;
  close(): Promise<void>;
}

/** A request for a WebSocket, as Node's HTTP server hands it over. */
export interface MarketUpgrade {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
}

interface Client {
  readonly socket: WebSocket;
  readonly session: MarketSession;
  readonly encoding: MarketEncoding;
  readonly authTimer: NodeJS.Timeout;
  /** Called when bytes have left. */
  readonly sent: () => void;
  /** Pings since it was last heard of. */
  unanswered: number;
}

const MOST_UNREAD_BYTES = 16_777_216;
const CLOSE_GRACE_MS = 300;
const ERROR_GRACE_MS = 1000;
const PING_INTERVAL_MS = 10_000;
/** No context is kept between messages, so that a thousand idle clients hold no compressor each. */
const DEFLATE = { serverNoContextTakeover: true, clientNoContextTakeover: true, threshold: 512, concurrencyLimit: 4 };

export function createMarketServer(options: MarketServerOptions): MarketServer {
  const { metrics, log, history, unansweredPings = 1, mostUnreadBytes = MOST_UNREAD_BYTES } = options;
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: options.maxMessageBytes,
    perMessageDeflate: options.compression ? DEFLATE : false,
    clientTracking: false,
  });
  const encodings = { json: createJsonEncoding(), msgpack: createPackEncoding() };
  const clients = new Set<Client>();
  const groups = new MarketGroups<Client>();
  /** Clients whose bytes have not all left yet. */
  const waiting = new Set<Client>();
  const places = createConnectionPlaces(options.connectionLimit);
  const changes = createChangeSignal();

  server.on('headers', (lines) => {
    for (const [name, value] of Object.entries(options.headers())) lines.push(`${name}: ${value}`);
  });

  const send = (client: Client, frame: Uint8Array) => {
    const { socket, encoding, sent } = client;
    if (socket.readyState !== socket.OPEN) return;
    waiting.add(client);
    socket.send(frame, { binary: encoding.isBinary }, sent);
  };

  const rulesFor = ({ path }: MarketEndpoint): MarketSessionRules => ({
    areValid: options.areValid,
    symbolLimit: options.symbolLimit,
    isFull: (keyId) => places.isFull(placeOf(path, keyId)),
  });

  const apply = (client: Client, input: MarketSessionInput) => {
    const { session, encoding, socket } = client;
    const { endpoint, keyId: before } = session;
    const { messages, books, close } = stepMarketSession(session, input, rulesFor(endpoint));
    for (const message of messages) {
      send(client, encoding.control(message));
      if (message.T === 'subscription') log.info(subscribed(session), 'market-data client subscribed');
    }
    if (session.phase !== 'connected') clearTimeout(client.authTimer);
    if (before === null && session.keyId !== null) places.take(placeOf(endpoint.path, session.keyId));
    const whole = wholeBooks(history, books);
    if (whole.length > 0) send(client, encoding.batch(whole).frame([...whole.keys()]));
    groups.place(client, session, encoding);
    changes.notify();
    if (!close) return;
    socket.close(1008, 'closed after an error');
    setTimeout(() => socket.terminate(), ERROR_GRACE_MS).unref();
  };

  const connect = (socket: WebSocket, request: IncomingMessage, endpoint: MarketEndpoint) => {
    const isPack = request.headers['content-type']?.includes('msgpack') === true;
    const authTimer = setTimeout(() => apply(client, { kind: 'auth-timeout' }), options.authTimeoutMs).unref();
    const client: Client = {
      socket,
      session: createMarketSession(endpoint),
      encoding: isPack ? encodings.msgpack : encodings.json,
      authTimer,
      sent() {
        if (socket.bufferedAmount === 0) {
          waiting.delete(client);
          if (socket.isPaused) socket.resume();
        }
        changes.notify();
      },
      unanswered: 0,
    };
    clients.add(client);
    metrics.clients('market-data', clients.size);
    log.info({ clients: clients.size, path: endpoint.path }, 'market-data client connected');
    socket.on('message', (data, isBinary) => {
      client.unanswered = 0;
      const reader = isBinary ? client.encoding : encodings.json;
      apply(client, { kind: 'message', message: reader.read(bytesOf(data)) });
      if (socket.bufferedAmount > mostUnreadBytes) socket.pause();
      if (socket.bufferedAmount > 4 * mostUnreadBytes) socket.terminate();
    });
    socket.on('pong', () => {
      client.unanswered = 0;
    });
    socket.on('error', (error) => log.info({ reason: error.message }, 'market-data client broke the protocol'));
    socket.on('close', (code) => {
      clearTimeout(authTimer);
      clients.delete(client);
      waiting.delete(client);
      const { keyId } = client.session;
      if (keyId !== null) places.leave(placeOf(endpoint.path, keyId));
      groups.remove(client);
      metrics.clients('market-data', clients.size);
      log.info({ clients: clients.size, code }, 'market-data client disconnected');
      changes.notify();
    });
    apply(client, { kind: 'open', credentials: headerCredentials(request.headers) });
  };

  const pinging = setInterval(() => {
    for (const client of clients) {
      if (client.unanswered >= unansweredPings) {
        log.info({ path: client.session.endpoint.path }, 'market-data client has answered no ping');
        client.socket.terminate();
        continue;
      }
      client.unanswered += 1;
      if (client.socket.readyState === client.socket.OPEN) client.socket.ping();
    }
  }, options.pingIntervalMs ?? PING_INTERVAL_MS).unref();

  return {
    accept: ({ request, socket, head }, endpoint) =>
      server.handleUpgrade(request, socket, head, (webSocket) => connect(webSocket, request, endpoint)),
    publish(events) {
      groups.publish(events, (frame, _encoding, members) => {
        for (const client of members) send(client, frame);
      });
    },
    subscriberCount: () => groups.subscriberCount,
    mostBufferedBytes() {
      let most = 0;
      for (const { socket } of waiting) most = Math.max(most, socket.bufferedAmount);
      return most;
    },
    closeSlow(limitBytes) {
      for (const client of waiting) {
        const { bufferedAmount: bufferedBytes } = client.socket;
        if (client.session.phase === 'closed' || bufferedBytes <= limitBytes) continue;
        log.info({ bufferedBytes, limitBytes }, 'market-data client is too slow');
        apply(client, { kind: 'slow' });
      }
    },
    changed: (signal) => changes.next(signal),
    disconnectAll(code, reason) {
      for (const client of clients) {
        const { socket, session } = client;
        // At once, and not with the close: what is shown next is for those who come back.
        session.phase = 'closed';
        groups.remove(client);
        waiting.delete(client);
        socket.close(code, reason);
        setTimeout(() => socket.terminate(), ERROR_GRACE_MS).unref();
      }
      changes.notify();
    },
    close() {
      clearInterval(pinging);
      return closeSockets([...clients].map((client) => client.socket));
    },
  };
}

/** What a connection counts under for the limit. */
function placeOf(path: string, keyId: string): string {
  return `${path} ${keyId}`;
}

/** How many symbols a client has on each channel. */
function subscribed({ endpoint, channels }: MarketSession): object {
  return {
    path: endpoint.path,
    ...Object.fromEntries(
      endpoint.channels.filter((name) => channels[name].size > 0).map((name) => [name, channels[name].size]),
    ),
  };
}

/** The books of these symbols as they stand, `*` for all. */
function wholeBooks(history: Pick<History, 'of' | 'all'>, symbols: readonly string[]): MarketBook[] {
  if (symbols.length === 0) return [];
  const known = symbols.includes('*') ? [...history.all()] : symbols.map((symbol) => history.of(symbol));
  return known.filter((one) => one !== undefined).flatMap(wholeBook);
}

function wholeBook(symbol: SymbolHistory): MarketBook[] {
  const book = symbol.book();
  return book === undefined ? [] : [{ kind: 'book', instrument: symbol.instrument, reset: true, ...book }];
}

function bytesOf(data: RawData): Uint8Array {
  if (Array.isArray(data)) return Buffer.concat(data);
  return Buffer.isBuffer(data) ? data : new Uint8Array(data);
}

/** The text of a WebSocket message, in whichever pieces ws hands it over. */
export function textOf(data: RawData): string {
  return Buffer.from(bytesOf(data)).toString('utf8');
}

/** Says goodbye to every socket and cuts off those that do not answer. */
export async function closeSockets(sockets: readonly WebSocket[]): Promise<void> {
  const closed = sockets.map(
    (socket) =>
      new Promise<void>((resolve) => (socket.readyState === 3 ? resolve() : socket.once('close', () => resolve()))),
  );
  for (const socket of sockets) socket.close(1001, 'the venue stops');
  const timer = setTimeout(() => {
    for (const socket of sockets) socket.terminate();
  }, CLOSE_GRACE_MS);
  await Promise.all(closed);
  clearTimeout(timer);
}
