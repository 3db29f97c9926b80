import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { tradeUpdate } from './core/alpaca-messages.ts';
import type { CredentialCheck } from './core/market-session.ts';
import type { OrderEvent } from './core/matching.ts';
import { createTradeStreamSession, stepTradeStream, type TradeStreamSession } from './core/trade-stream-session.ts';
import { headerCredentials } from './credentials.ts';
import { closeSockets, textOf } from './market-server.ts';
import type { VenueMetrics } from './metrics.ts';

export interface TradeStreamOptions {
  readonly areValid: CredentialCheck;
  readonly authTimeoutMs: number;
  readonly maxMessageBytes: number;
  /** A client with more than this waiting is closed: what it misses it finds by REST. */
  readonly slowClientBytes: number;
  readonly metrics: VenueMetrics;
  readonly log: { info(fields: object, message: string): void };
}

/** The `/stream` WebSocket. Its frames are BINARY and hold JSON, as the paper host sends them. */
export interface TradeStream {
  accept(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  publish(event: OrderEvent): void;
  close(): Promise<void>;
}

export function createTradeStream(options: TradeStreamOptions): TradeStream {
  const { areValid, metrics, log } = options;
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: options.maxMessageBytes,
    perMessageDeflate: false,
    clientTracking: false,
  });
  const clients = new Map<WebSocket, TradeStreamSession>();

  const connect = (socket: WebSocket, request: IncomingMessage) => {
    const credentials = headerCredentials(request.headers);
    const isAuthorized = credentials !== null && areValid(credentials.keyId, credentials.secretKey);
    const session = createTradeStreamSession(isAuthorized);
    clients.set(socket, session);
    metrics.clients('trade-updates', clients.size);
    log.info({ clients: clients.size }, 'trade-updates client connected');
    const authTimer = setTimeout(() => {
      if (!session.isAuthorized) socket.close(1008, 'auth timeout');
    }, options.authTimeoutMs).unref();
    socket.on('message', (data) => socket.send(binary(stepTradeStream(session, textOf(data), areValid))));
    socket.on('error', (error) => log.info({ reason: error.message }, 'trade-updates client broke the protocol'));
    socket.on('close', (code) => {
      clearTimeout(authTimer);
      clients.delete(socket);
      metrics.clients('trade-updates', clients.size);
      log.info({ clients: clients.size, code }, 'trade-updates client disconnected');
    });
  };

  return {
    accept: (request, socket, head) => server.handleUpgrade(request, socket, head, connect),
    publish(event) {
      let frame: Buffer | null = null;
      for (const [socket, session] of clients) {
        if (!session.listensToTradeUpdates || socket.readyState !== socket.OPEN) continue;
        frame ??= binary(tradeUpdate(event));
        socket.send(frame);
        if (socket.bufferedAmount > options.slowClientBytes) socket.terminate();
      }
    },
    close: () => closeSockets([...clients.keys()]),
  };
}

function binary(message: object): Buffer {
  return Buffer.from(JSON.stringify(message));
}
