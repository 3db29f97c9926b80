import { EventEmitter } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import { marketMessageText } from './core/alpaca-messages.ts';
import type { MarketEvent } from './core/market-event.ts';
import {
  createMarketSession,
  type MarketSession,
  type MarketSessionInput,
  type MarketSessionRules,
  stepMarketSession,
  subscriptionKey,
  wants,
} from './core/market-session.ts';
import { headerCredentials } from './credentials.ts';
import type { VenueMetrics } from './metrics.ts';

export interface MarketServerOptions {
  readonly rules: MarketSessionRules;
  readonly authTimeoutMs: number;
  readonly maxMessageBytes: number;
  /** Sent with the answer to the upgrade: which run this is and at which pace it goes. */
  readonly headers: Readonly<Record<string, string>>;
  readonly metrics: VenueMetrics;
  readonly log: { info(fields: object, message: string): void };
}

/** The market-data WebSocket: sessions, and the frames that go to them. */
export interface MarketServer {
  accept(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Sends the events as one frame to each client that wants some of them. Never waits: see `mostBufferedBytes`. */
  publish(events: readonly MarketEvent[]): void;
  subscriberCount(): number;
  /** Bytes that wait for the slowest client. */
  mostBufferedBytes(): number;
  /** Tells clients with more than `limitBytes` waiting "407 slow client" and closes them. */
  closeSlow(limitBytes: number): void;
  /** Resolves at the next subscription, disconnect or byte sent; rejects when the signal aborts. */
  changed(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

interface Client {
  readonly socket: WebSocket;
  readonly session: MarketSession;
  readonly authTimer: NodeJS.Timeout;
}

const CLOSE_GRACE_MS = 300;
const ERROR_GRACE_MS = 1000;

export function createMarketServer(options: MarketServerOptions): MarketServer {
  const { rules, metrics, log } = options;
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: options.maxMessageBytes,
    perMessageDeflate: false,
    clientTracking: false,
  });
  const clients = new Set<Client>();
  /** Clients that get the same events, so that a frame is put together once for all of them. */
  let groups: Client[][] = [];
  const changes = new EventEmitter();
  const changed = () => changes.emit('change');

  server.on('headers', (lines) => {
    for (const [name, value] of Object.entries(options.headers)) lines.push(`${name}: ${value}`);
  });

  const regroup = () => {
    const byKey = new Map<string, Client[]>();
    for (const client of clients) {
      if (client.session.phase !== 'subscribed') continue;
      const key = subscriptionKey(client.session);
      const group = byKey.get(key);
      if (group === undefined) byKey.set(key, [client]);
      else group.push(client);
    }
    groups = [...byKey.values()];
    changed();
  };

  const apply = (client: Client, input: MarketSessionInput) => {
    const { messages, close } = stepMarketSession(client.session, input, rules);
    for (const message of messages) {
      client.socket.send(JSON.stringify([message]));
      if (message.T === 'subscription') {
        const { trades, quotes } = client.session.channels;
        log.info({ trades: trades.size, quotes: quotes.size }, 'market-data client subscribed');
      }
    }
    if (client.session.phase !== 'connected') clearTimeout(client.authTimer);
    regroup();
    if (!close) return;
    client.socket.close(1008, 'closed after an error');
    setTimeout(() => client.socket.terminate(), ERROR_GRACE_MS).unref();
  };

  const connect = (socket: WebSocket, request: IncomingMessage) => {
    const authTimer = setTimeout(() => apply(client, { kind: 'auth-timeout' }), options.authTimeoutMs).unref();
    const client: Client = { socket, session: createMarketSession(), authTimer };
    clients.add(client);
    metrics.clients('market-data', clients.size);
    log.info({ clients: clients.size, path: request.url }, 'market-data client connected');
    socket.on('message', (data) => apply(client, { kind: 'message', text: textOf(data) }));
    socket.on('error', (error) => log.info({ reason: error.message }, 'market-data client broke the protocol'));
    socket.on('close', (code) => {
      clearTimeout(authTimer);
      clients.delete(client);
      metrics.clients('market-data', clients.size);
      log.info({ clients: clients.size, code }, 'market-data client disconnected');
      regroup();
    });
    apply(client, { kind: 'open', credentials: headerCredentials(request.headers) });
  };

  return {
    accept: (request, socket, head) => server.handleUpgrade(request, socket, head, connect),
    publish(events) {
      const texts: string[] = [];
      for (const group of groups) {
        const session = group[0]?.session;
        const frame = session === undefined ? null : frameFor(session, events, texts);
        if (frame === null) continue;
        for (const { socket } of group) {
          if (socket.readyState === socket.OPEN) socket.send(frame, { binary: false }, changed);
        }
      }
    },
    subscriberCount: () => groups.reduce((sum, group) => sum + group.length, 0),
    mostBufferedBytes() {
      let most = 0;
      for (const { socket } of clients) most = Math.max(most, socket.bufferedAmount);
      return most;
    },
    closeSlow(limitBytes) {
      for (const client of clients) {
        if (client.session.phase === 'closed' || client.socket.bufferedAmount <= limitBytes) continue;
        log.info({ bufferedBytes: client.socket.bufferedAmount, limitBytes }, 'market-data client is too slow');
        apply(client, { kind: 'slow' });
      }
    },
    changed: (signal) =>
      new Promise((resolve, reject) => {
        const done = () => {
          changes.off('change', done);
          signal.removeEventListener('abort', aborted);
          resolve();
        };
        const aborted = () => {
          changes.off('change', done);
          reject(signal.reason);
        };
        if (signal.aborted) return aborted();
        changes.once('change', done);
        signal.addEventListener('abort', aborted, { once: true });
      }),
    close: () => closeSockets([...clients].map((client) => client.socket)),
  };
}

/** The events this session wants as one frame; `texts` keeps what has been written for the groups before. */
function frameFor(session: MarketSession, events: readonly MarketEvent[], texts: string[]): Buffer | null {
  const wanted: string[] = [];
  for (const [index, event] of events.entries()) {
    if (!wants(session, event.kind === 'trade' ? 'trades' : 'quotes', event.symbol)) continue;
    let text = texts[index];
    if (text === undefined) {
      text = marketMessageText(event);
      texts[index] = text;
    }
    wanted.push(text);
  }
  return wanted.length === 0 ? null : Buffer.from(`[${wanted.join(',')}]`);
}

/** The text of a WebSocket message, in whichever pieces ws hands it over. */
export function textOf(data: RawData): string {
  if (Array.isArray(data)) return Buffer.concat(data).toString('utf8');
  return Buffer.isBuffer(data) ? data.toString('utf8') : Buffer.from(data).toString('utf8');
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
