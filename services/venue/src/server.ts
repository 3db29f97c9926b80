import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { fastify } from 'fastify';
import { type Credentials, credentialCheck } from './credentials.ts';
import type { Exchange } from './exchange.ts';
import { createMarketServer, type MarketServer } from './market-server.ts';
import type { VenueMetrics } from './metrics.ts';
import type { OrderTraces } from './order-traces.ts';
import { createTradeStream } from './trade-stream.ts';
import { registerTrading } from './trading-server.ts';

export interface VenueServerOptions {
  readonly exchange: Exchange;
  readonly traces: OrderTraces;
  /** The wall clock's time. */
  readonly nowNs: () => bigint;
  readonly credentials: Credentials;
  readonly run: { readonly id: string; readonly pace: 'live' | 'replay' };
  readonly limits: {
    readonly authTimeoutMs: number;
    readonly bodyLimitBytes: number;
    readonly slowClientBytes: number;
    readonly symbolLimit: number;
  };
  readonly metrics: VenueMetrics;
  readonly log: {
    info(fields: object, message: string): void;
    error(fields: object, message: string): void;
  };
}

/** Alpaca's three faces on one port: market-data WebSocket, trading REST and the trade-updates WebSocket. */
export interface VenueServer {
  readonly market: MarketServer;
  /** Binds and answers with the port, which is the system's choice for port 0. */
  listen(address: { host: string; port: number }): Promise<number>;
  close(): Promise<void>;
}

const MARKET_PATHS = new Set(['/v2/iex', '/v2/sip', '/v2/test']);

export function createVenueServer(options: VenueServerOptions): VenueServer {
  const { exchange, traces, nowNs, credentials, run, limits, metrics, log } = options;
  const areValid = credentialCheck(credentials);
  const app = fastify({ logger: false, bodyLimit: limits.bodyLimitBytes, forceCloseConnections: true });
  const shared = { authTimeoutMs: limits.authTimeoutMs, maxMessageBytes: limits.bodyLimitBytes, metrics, log };
  const market = createMarketServer({
    ...shared,
    rules: { areValid, symbolLimit: limits.symbolLimit },
    headers: { 'x-tickpath-run': run.id, 'x-tickpath-pace': run.pace },
  });
  const stream = createTradeStream({ ...shared, areValid, slowClientBytes: limits.slowClientBytes });
  const unlisten = exchange.listen((event) => stream.publish(event));
  const isOpen = credentials.keyId === '' && credentials.secretKey === '';
  registerTrading(app, { exchange, traces, nowNs, areValid, isOpen, metrics, log });

  app.server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy());
    const path = request.url?.split('?')[0] ?? '';
    const isMessagePack = request.headers['content-type']?.includes('msgpack') === true;
    if (isMessagePack) return turnAway(socket, '415 Unsupported Media Type', 'this venue speaks JSON only');
    if (MARKET_PATHS.has(path)) return market.accept(request, socket, head);
    if (path === '/stream') return stream.accept(request, socket, head);
    turnAway(socket, '404 Not Found', 'endpoint not found.');
  });

  return {
    market,
    async listen(address) {
      await app.listen(address);
      return (app.server.address() as AddressInfo).port;
    },
    async close() {
      unlisten();
      await Promise.all([market.close(), stream.close()]);
      await app.close();
    },
  };
}

function turnAway(socket: Duplex, status: string, message: string): void {
  const body = JSON.stringify({ message });
  socket.end(
    `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n` +
      `Connection: close\r\n\r\n${body}`,
  );
}
