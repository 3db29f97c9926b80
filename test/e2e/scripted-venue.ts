import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';

/** What is sent of a symbol each time its turn comes. */
export type SymbolMode =
  /** Trades at 100. */
  | 'good'
  /** A trade at 100 and one at 200: neither price is ever confirmed against the other. */
  | 'jumping'
  /** Nothing. */
  | 'silent';

const EVERY_MS = 50;
const GOOD_PX = 100;
const WRONG_PX = 200;

/**
 * A venue whose market the test writes: it speaks as much of Alpaca's protocol as a subscriber of trades needs, at live
 * pace, and what it sends of each symbol can be changed at any time.
 */
export class ScriptedVenue {
  readonly modes = new Map<string, SymbolMode>();
  readonly #server: Server;
  readonly #sockets: WebSocketServer;
  readonly #timer: NodeJS.Timeout;
  #trades = 0;

  private constructor(server: Server) {
    this.#server = server;
    this.#sockets = new WebSocketServer({ server });
    this.#sockets.on('connection', (socket) => serve(socket));
    this.#timer = setInterval(() => this.#trade(), EVERY_MS);
  }

  static async open(port: number): Promise<ScriptedVenue> {
    // Its REST interface knows no instruments.
    const server = createServer((_request, response) => response.end('[]'));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', resolve);
    });
    return new ScriptedVenue(server);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Cuts every connection; clients may come again. */
  cut(): void {
    for (const client of this.#sockets.clients) client.terminate();
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.cut();
    this.#sockets.close();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #trade(): void {
    const messages = [...this.modes].flatMap(([symbol, mode]) => {
      if (mode === 'silent') return [];
      return (mode === 'good' ? [GOOD_PX] : [WRONG_PX, GOOD_PX]).map((px) => this.#message(symbol, px));
    });
    if (messages.length === 0) return;
    for (const client of this.#sockets.clients) client.send(JSON.stringify(messages));
  }

  #message(symbol: string, p: number) {
    this.#trades += 1;
    const t = new Date().toISOString();
    return { T: 't', S: symbol, i: this.#trades, x: 'V', p, s: 1, c: ['@'], z: 'C', t };
  }
}

function serve(socket: WebSocket): void {
  const send = (message: object) => socket.send(JSON.stringify([message]));
  send({ T: 'success', msg: 'connected' });
  socket.on('message', (data) => {
    const { action, key: _key, secret: _secret, ...channels } = JSON.parse(String(data)) as Record<string, unknown>;
    if (action === 'auth') send({ T: 'success', msg: 'authenticated' });
    else if (action === 'subscribe') send({ T: 'subscription', ...channels });
  });
}
