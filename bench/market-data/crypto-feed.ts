import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type WebSocket, WebSocketServer } from 'ws';

/** Bytes that may wait for a reader before a sender has to. */
const HIGH_WATER_BYTES = 256 * 1024;

/**
 * As much of Alpaca's crypto data as market-data needs to be subscribed: the handshake of the stream, for one reader after
 * the other, and assets. It runs in the driver, so when a message left is read from the driver's clock.
 */
export class CryptoFeed {
  readonly #server: Server;
  readonly #sockets: WebSocketServer;
  #reader: WebSocket | undefined;

  private constructor(headers: readonly string[]) {
    this.#server = createServer((request, response) => answer(request, response));
    this.#sockets = new WebSocketServer({ server: this.#server, perMessageDeflate: false });
    this.#sockets.on('headers', (lines) => lines.push(...headers));
    this.#sockets.on('connection', (socket) => this.#serve(socket));
  }

  /** Listens on a port of the system's choice. At replay pace the reader may let the feed wait. */
  static async open({ run, pace }: { run: string; pace: 'live' | 'replay' }): Promise<CryptoFeed> {
    const feed = new CryptoFeed([`x-tickpath-run: ${run}`, `x-tickpath-pace: ${pace}`]);
    await new Promise<void>((resolve, reject) => {
      feed.#server.once('error', reject).listen({ host: '127.0.0.1', port: 0 }, resolve);
    });
    return feed;
  }

  get port(): number {
    const address = this.#server.address();
    if (typeof address !== 'object' || address === null) throw new Error('the feed is not listening');
    return address.port;
  }

  /** Whether somebody has subscribed. */
  get isRead(): boolean {
    return this.#reader !== undefined;
  }

  send(frame: string): void {
    this.#subscribed().send(frame);
  }

  /** As `send`; gives a promise when more may only be sent once it has resolved. */
  sendPaced(frame: string): Promise<void> | undefined {
    const reader = this.#subscribed();
    if (reader.bufferedAmount < HIGH_WATER_BYTES) {
      reader.send(frame);
      return undefined;
    }
    return new Promise((resolve, reject) => {
      reader.send(frame, (error) => (error ? reject(error) : resolve()));
    });
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets.clients) socket.terminate();
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }

  #subscribed(): WebSocket {
    if (this.#reader === undefined) throw new Error('nobody reads the feed any more');
    return this.#reader;
  }

  #serve(socket: WebSocket): void {
    const say = (message: object) => socket.send(JSON.stringify([message]));
    socket.on('message', (data) => {
      const { action, ...lists } = JSON.parse(String(data)) as Record<string, unknown>;
      if (action === 'auth') say({ T: 'success', msg: 'authenticated' });
      if (action !== 'subscribe') return;
      say({ T: 'subscription', ...lists });
      this.#reader = socket;
    });
    socket.on('close', () => {
      if (this.#reader === socket) this.#reader = undefined;
    });
    say({ T: 'success', msg: 'connected' });
  }
}

/** Any pair is there, with increments finer than any price of the bench. */
function answer({ url = '' }: IncomingMessage, response: ServerResponse): void {
  const symbol = decodeURIComponent(url.split('/').at(-1) ?? '');
  const increments = { price_increment: '0.000000001', min_trade_increment: '0.000000001', min_order_size: '0.0001' };
  const asset = { symbol, class: 'crypto', tradable: true, fractionable: true, ...increments };
  const text = JSON.stringify(url.startsWith('/v2/assets/') ? asset : { message: 'not found' });
  response.writeHead(url.startsWith('/v2/assets/') ? 200 : 404, { 'content-type': 'application/json' });
  response.end(text);
}
