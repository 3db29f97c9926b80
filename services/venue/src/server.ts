import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { fastify } from 'fastify';
import type { VenueConfig } from './config.ts';
import { registerControl } from './control-server.ts';
import type { History } from './core/market/history.ts';
import { marketEndpointOf } from './core/protocol/market-channels.ts';
import type { Assets } from './core/reference/assets.ts';
import { type Credentials, credentialCheck } from './credentials.ts';
import { refuseWithMessage, registerData } from './data-server.ts';
import type { Exchange } from './exchange.ts';
import type { Feed } from './feed/feed.ts';
import { HTTP_OPTIONS } from './http-frame.ts';
import { createMarketServer, type MarketServer } from './market-server.ts';
import type { VenueMetrics } from './metrics.ts';
import type { OrderTraces } from './order-traces.ts';
import { registerRateLimit } from './rate-limit.ts';
import { registerReference } from './reference-server.ts';
import { createTradeStream } from './trade-stream.ts';
import { registerTrading } from './trading-server.ts';

export interface VenueServerOptions {
  readonly exchange: Exchange;
  readonly traces: OrderTraces;
  readonly assets: Assets;
  readonly history: History;
  /** The wall clock's time; the market's own is the exchange's. */
  readonly nowNs: () => bigint;
  readonly credentials: Credentials;
  /** The run as it is now: a tape that is moved begins another. */
  readonly run: () => { readonly id: string; readonly pace: 'live' | 'replay' };
  /** What is being played; `null` before it is, or when nothing is. */
  readonly feed: () => Feed | null;
  readonly config: Pick<
    VenueConfig,
    | 'initialCashUsd'
    | 'hours'
    | 'authTimeoutMs'
    | 'bodyLimitBytes'
    | 'slowClientBytes'
    | 'symbolLimit'
    | 'connectionLimit'
    | 'requestsPerMinute'
    | 'compression'
  >;
  readonly metrics: VenueMetrics;
  readonly log: {
    info(fields: object, message: string): void;
    error(fields: object, message: string): void;
  };
}

/** Alpaca's faces on one port: market data, by WebSocket and REST, the trading REST and the trade-updates WebSocket. */
export interface VenueServer {
  readonly market: MarketServer;
  /** Binds and answers with the port, which is the system's choice for port 0. */
  listen(address: { host: string; port: number }): Promise<number>;
  close(): Promise<void>;
}

/** A minute. */
const REPLAY_UNANSWERED_PINGS = 6;

export function createVenueServer(options: VenueServerOptions): VenueServer {
  const { exchange, history, config, credentials, run, metrics, log } = options;
  const areValid = credentialCheck(credentials);
  const sockets = {
    areValid,
    authTimeoutMs: config.authTimeoutMs,
    maxMessageBytes: config.bodyLimitBytes,
    metrics,
    log,
  };
  const market = createMarketServer({
    ...sockets,
    ...config,
    history,
    // The reader of a tape may stand still as long as it likes within reason, as the tape does.
    unansweredPings: run().pace === 'replay' ? REPLAY_UNANSWERED_PINGS : 1,
    headers: () => ({ 'x-tickpath-run': run().id, 'x-tickpath-pace': run().pace }),
  });
  const stream = createTradeStream({ ...sockets, slowClientBytes: config.slowClientBytes });
  const unlisten = exchange.listen((event) => stream.publish(event));
  const app = createApp(options, areValid);

  app.server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy());
    const path = request.url?.split('?')[0] ?? '';
    const endpoint = marketEndpointOf(path);
    if (endpoint !== undefined) return market.accept({ request, socket, head }, endpoint);
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

/**
 * The REST faces. Market data has hooks and errors of its own: it tells nothing that has to be on the disk first, its errors
 * are `{message}` alone, and crypto needs no key.
 */
function createApp(options: VenueServerOptions, areValid: (keyId: string, secretKey: string) => boolean) {
  const { exchange, traces, assets, history, nowNs, config, metrics, log } = options;
  const { hours, requestsPerMinute, bodyLimitBytes: bodyLimit } = config;
  const app = fastify({ ...HTTP_OPTIONS, logger: false, bodyLimit, forceCloseConnections: true });
  const marketNowNs = () => exchange.nowNs();
  void app.register(async (trading) => {
    registerTrading(trading, { exchange, traces, assets, nowNs, areValid, metrics, log });
    registerRateLimit(trading, { requestsPerMinute, nowNs });
    registerReference(trading, { assets, nowNs: marketNowNs, hours });
    registerControl(trading, { feed: options.feed, run: options.run, exchange, initialCashUsd: config.initialCashUsd });
  });
  void app.register(async (data) => {
    registerData(data, { history, nowNs: marketNowNs, areValid, metrics, log });
    registerRateLimit(data, { requestsPerMinute, nowNs, refuse: refuseWithMessage });
  });
  return app;
}

function turnAway(socket: Duplex, status: string, message: string): void {
  const body = JSON.stringify({ message });
  socket.end(
    `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n` +
      `Connection: close\r\n\r\n${body}`,
  );
}
