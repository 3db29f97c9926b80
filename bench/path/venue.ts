import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { alpacaOrder, tradeUpdates, type VenueOrder } from './alpaca-order.ts';

export interface BenchVenueOptions {
  readonly port: number;
  readonly run: string;
  readonly pace: 'live' | 'replay';
}

type OrderListener = (clOrdId: string, arrivedNs: bigint) => void;

const ACCOUNT = { id: 'b0b6dd9d-8b9b-48a9-ba46-b9d54906e415', cash: '1000000000000' };
const NS_PER_MS = 1_000_000n;
/** Bytes that may wait for a reader before a sender that asks has to wait. */
const HIGH_WATER_BYTES = 256 * 1024;

/**
 * As much of Alpaca as a tick and an order need: one market-data client, `POST /v2/orders` whose orders fill at once,
 * and `trade_updates` for who listens. It runs in the driver, so a tick's departure and its order's arrival are read
 * from one clock. The arrival is when the request's headers have been parsed.
 */
export class BenchVenue {
  readonly #options: BenchVenueOptions;
  readonly #server: Server;
  readonly #sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
  readonly #updateListeners = new Set<WebSocket>();
  #reader: WebSocket | undefined;
  #orders = 0;
  #onOrder: OrderListener = () => {};

  private constructor(options: BenchVenueOptions) {
    this.#options = options;
    this.#server = createServer((request, response) => this.#answer(request, response));
    this.#server.keepAliveTimeout = 0;
    this.#server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
    this.#sockets.on('headers', (lines) =>
      lines.push(`x-tickpath-run: ${options.run}`, `x-tickpath-pace: ${options.pace}`),
    );
  }

  static async open(options: BenchVenueOptions): Promise<BenchVenue> {
    const venue = new BenchVenue(options);
    await new Promise<void>((resolve, reject) => {
      venue.#server.once('error', reject).listen({ host: '127.0.0.1', port: options.port }, resolve);
    });
    return venue;
  }

  /** Whether a market-data client has subscribed. */
  get isRead(): boolean {
    return this.#reader !== undefined;
  }

  /** Who is told of orders from now on; one at a time. */
  listen(onOrder: OrderListener): void {
    this.#onOrder = onOrder;
  }

  /** Hands a frame to the reader's socket without waiting. */
  send(frame: Buffer): void {
    this.#subscribed().send(frame, { binary: false });
  }

  /** As `send`, and resolves when the reader has taken enough that more may be sent. */
  sendPaced(frame: Buffer): Promise<void> | undefined {
    const reader = this.#subscribed();
    if (reader.bufferedAmount < HIGH_WATER_BYTES) {
      reader.send(frame, { binary: false });
      return undefined;
    }
    return new Promise((resolve, reject) => {
      reader.send(frame, { binary: false }, (error) => (error ? reject(error) : resolve()));
    });
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets.clients) socket.terminate();
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }

  #subscribed(): WebSocket {
    if (this.#reader === undefined) throw new Error('the market-data client has gone');
    return this.#reader;
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const arrivedNs = process.hrtime.bigint();
    // Execution asks for the account it trades on, and for what came before, of which there is nothing.
    if (request.method === 'GET' && request.url === '/v2/account') return respond(response, 200, ACCOUNT);
    if (request.method === 'GET' && /^\/v2\/(?:orders\?|positions$)/.test(request.url ?? '')) {
      return respond(response, 200, []);
    }
    if (request.method !== 'POST' || request.url !== '/v2/orders') {
      respond(response, 404, { code: 40410000, message: 'endpoint not found.' });
      return;
    }
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = JSON.parse(Buffer.concat(chunks).toString()) as Record<string, string>;
      this.#onOrder(body.client_order_id ?? '', arrivedNs);
      const order = this.#accept(body);
      respond(response, 200, alpacaOrder(order, '0'));
      if (this.#updateListeners.size === 0) return;
      for (const update of tradeUpdates(order)) for (const socket of this.#updateListeners) socket.send(update);
    });
  }

  #accept({ client_order_id: clOrdId = '', symbol = '', side = '', qty = '' }: Record<string, string>): VenueOrder {
    this.#orders += 1;
    const orderId = `bench-${this.#options.port}-${String(this.#orders).padStart(24, '0')}`;
    return { orderId, clOrdId, symbol, side, qty, createdNs: BigInt(Date.now()) * NS_PER_MS };
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.#sockets.handleUpgrade(request, socket, head, (client) => {
      if (request.url === '/stream') this.#serveUpdates(client);
      else this.#serveMarketData(client);
    });
  }

  #serveMarketData(client: WebSocket): void {
    const say = (message: object) => client.send(JSON.stringify([message]));
    client.on('message', (data) => {
      const { action, trades, quotes } = JSON.parse(String(data)) as Record<string, unknown>;
      if (action === 'auth') say({ T: 'success', msg: 'authenticated' });
      if (action !== 'subscribe') return;
      say({ T: 'subscription', trades, quotes });
      this.#reader = client;
    });
    client.on('close', () => {
      if (this.#reader === client) this.#reader = undefined;
    });
    say({ T: 'success', msg: 'connected' });
  }

  #serveUpdates(client: WebSocket): void {
    const say = (message: object) => client.send(Buffer.from(JSON.stringify(message)));
    client.on('message', (data) => {
      const { action } = JSON.parse(String(data)) as Record<string, unknown>;
      if (action === 'auth') say({ stream: 'authorization', data: { action: 'authenticate', status: 'authorized' } });
      if (action !== 'listen') return;
      say({ stream: 'listening', data: { streams: ['trade_updates'] } });
      this.#updateListeners.add(client);
    });
    client.on('close', () => this.#updateListeners.delete(client));
  }
}

function respond(response: ServerResponse, status: number, body: object): void {
  const text = JSON.stringify(body);
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
  response.end(text);
}
