import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { Packr, Unpackr } from 'msgpackr';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import type { OrderEvent } from './core/orders/order.ts';
import {
  type CredentialCheck,
  createTradeStreamSession,
  stepTradeStream,
  type TradeStreamSession,
} from './core/protocol/trade-stream-session.ts';
import { tradeUpdate } from './core/protocol/trade-update.ts';
import { headerCredentials } from './credentials.ts';
import { closeSockets } from './market-server.ts';
import type { VenueMetrics } from './metrics.ts';

export interface TradeStreamOptions {
  readonly areValid: CredentialCheck;
  readonly authTimeoutMs: number;
  readonly maxMessageBytes: number;
  /** A client with more than this waiting, when there is more to tell, is closed: what it misses it finds by REST. */
  readonly slowClientBytes: number;
  /** How often clients are pinged; one that has not answered by the next ping is cut off. */
  readonly pingIntervalMs?: number;
  readonly metrics: VenueMetrics;
  readonly log: { info(fields: object, message: string): void };
}

/**
 * The `/stream` WebSocket. Its frames are binary and hold JSON, as the paper host sends them, or MessagePack to a client
 * whose upgrade names that content type.
 */
export interface TradeStream {
  accept(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  publish(event: OrderEvent): void;
  close(): Promise<void>;
}

/** How messages are written to a client and read from it. */
interface Encoding {
  encode(message: object): Buffer;
  /** `undefined` for what cannot be read. */
  decode(bytes: Buffer): unknown;
}

interface Client {
  readonly socket: WebSocket;
  /** What the WebSocket writes to. */
  readonly connection: Duplex;
  readonly session: TradeStreamSession;
  readonly encoding: Encoding;
  hasAnswered: boolean;
}

const PING_INTERVAL_MS = 10_000;

export function createTradeStream(options: TradeStreamOptions): TradeStream {
  const { areValid, metrics, log } = options;
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: options.maxMessageBytes,
    perMessageDeflate: false,
    clientTracking: false,
  });
  const clients = new Set<Client>();
  const pings = setInterval(() => {
    for (const client of clients) ping(client);
  }, options.pingIntervalMs ?? PING_INTERVAL_MS).unref();

  const ping = (client: Client) => {
    if (client.hasAnswered) {
      client.hasAnswered = false;
      client.socket.ping();
      return;
    }
    log.info({ clients: clients.size }, 'trade-updates client is silent');
    client.socket.terminate();
  };

  const send = ({ socket }: Client, frame: Buffer) => {
    if (socket.readyState === socket.OPEN) socket.send(frame, { binary: true });
  };

  const dropIfSlow = ({ socket }: Client) => {
    if (socket.bufferedAmount <= options.slowClientBytes) return;
    const { bufferedAmount: bufferedBytes } = socket;
    log.info({ bufferedBytes, limitBytes: options.slowClientBytes }, 'trade-updates client is too slow');
    socket.terminate();
  };

  /**
   * What is told together is written together: one call to the system for all updates of a transaction. Only what was told
   * before may be too much: a client cannot have read what has not been written.
   */
  const hold = (client: Client) => {
    const { connection } = client;
    if (connection.writableCorked > 0) return;
    dropIfSlow(client);
    connection.cork();
    queueMicrotask(() => connection.uncork());
  };

  const connect = (socket: WebSocket, request: IncomingMessage) => {
    const credentials = headerCredentials(request.headers);
    const isAuthorized = credentials !== null && areValid(credentials.keyId, credentials.secretKey);
    const encoding = request.headers['content-type']?.includes('msgpack') === true ? MESSAGE_PACK : JSON_BYTES;
    const client: Client = {
      socket,
      connection: request.socket,
      session: createTradeStreamSession(isAuthorized),
      encoding,
      hasAnswered: true,
    };
    clients.add(client);
    metrics.clients('trade-updates', clients.size);
    log.info({ clients: clients.size }, 'trade-updates client connected');
    const authTimer = setTimeout(() => {
      if (!client.session.isAuthorized) socket.close(1008, 'auth timeout');
    }, options.authTimeoutMs).unref();
    socket.on('message', (data) => {
      client.hasAnswered = true;
      send(client, encoding.encode(stepTradeStream(client.session, encoding.decode(bytesOf(data)), areValid)));
      dropIfSlow(client);
    });
    socket.on('pong', () => {
      client.hasAnswered = true;
    });
    socket.on('error', (error) => log.info({ reason: error.message }, 'trade-updates client broke the protocol'));
    socket.on('close', (code) => {
      clearTimeout(authTimer);
      clients.delete(client);
      metrics.clients('trade-updates', clients.size);
      log.info({ clients: clients.size, code }, 'trade-updates client disconnected');
    });
  };

  return {
    accept: (request, socket, head) => server.handleUpgrade(request, socket, head, connect),
    publish(event) {
      const listening = [...clients].filter(({ session }) => session.listensToTradeUpdates);
      const update = listening.length === 0 ? null : tradeUpdate(event);
      if (update === null) return;
      /** Each update is written once for all clients of an encoding. */
      const frames = new Map<Encoding, Buffer>();
      for (const client of listening) {
        const frame = frames.get(client.encoding) ?? client.encoding.encode(update);
        frames.set(client.encoding, frame);
        hold(client);
        send(client, frame);
      }
    },
    close() {
      clearInterval(pings);
      return closeSockets([...clients].map(({ socket }) => socket));
    },
  };
}

/** The bytes of a WebSocket message, in whichever pieces ws hands it over. */
function bytesOf(data: RawData): Buffer {
  if (Array.isArray(data)) return Buffer.concat(data);
  return Buffer.isBuffer(data) ? data : Buffer.from(data);
}

const JSON_BYTES: Encoding = {
  encode: (message) => Buffer.from(JSON.stringify(message)),
  decode(bytes) {
    try {
      return JSON.parse(bytes.toString('utf8'));
    } catch {
      return undefined;
    }
  },
};

// Plain maps only: neither msgpackr's records nor its extensions for object graphs are read or written.
const PLAIN = { useRecords: false, mapsAsObjects: true, structuredClone: false } as const;
const packer = new Packr(PLAIN);
const unpacker = new Unpackr(PLAIN);

const MESSAGE_PACK: Encoding = {
  encode: (message) => packer.pack(message),
  decode(bytes) {
    try {
      return unpacker.unpack(bytes);
    } catch {
      return undefined;
    }
  },
};
