import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import {
  type ConnectionFault,
  EXCHANGE_FAULTS,
  type ExchangeFault,
  FrameFaults,
  isConnectionFault,
  isSnapshotFault,
  type SnapshotFault,
  type StreamFrame,
  seededRandom,
} from './exchange-server-faults.ts';

/** One thing that happens at an exchange; what it is made of is its own affair. */
export interface ExchangeEvent {
  readonly kind: StreamFrame['kind'];
}

export interface RestAnswer {
  readonly status: number;
  readonly body: string;
}

/** What one client has subscribed, and how it is spoken to. */
export interface ExchangeSession<E extends ExchangeEvent> {
  /** What it is told before it has asked for anything. */
  greeting(): readonly StreamFrame[];
  /** The answers to a message of the client's. */
  receive(text: string): readonly StreamFrame[];
  /** The event as this client sees it; undefined when it has not subscribed it. */
  frame(event: E): StreamFrame | undefined;
}

/** An exchange without sockets: a recorded market and its protocol. */
export interface Exchange<E extends ExchangeEvent = ExchangeEvent> {
  connect(): ExchangeSession<E>;
  /** The next thing that happens, which is then part of the exchange's state; undefined when the recording is over. */
  step(): E | undefined;
  /** The event never was: it is in no record of the exchange. */
  forget(event: E): void;
  /** The answer to a GET. `isOld`: from a book that has long been another. */
  rest(url: URL, isOld: boolean): RestAnswer;
  isSnapshot(url: URL): boolean;
  /** The frame with a wrong sequence number or checksum; undefined where it has none. */
  lie(text: string, random: () => number): string | undefined;
}

export interface ExchangeServerOptions<E extends ExchangeEvent> {
  readonly exchange: Exchange<E>;
  readonly seed: number;
}

interface Client<E extends ExchangeEvent> {
  readonly socket: WebSocket;
  readonly raw: Socket;
  readonly session: ExchangeSession<E>;
  isHalfOpen: boolean;
}

const TICK_MS = 10;
const GOING_AWAY = 1001;

/**
 * A recorded exchange on real sockets, WebSocket and HTTP on one port. It stands still until `play`; each fault injected
 * is done once, to the next frame, connection or request that it fits, and counted in `done` when it has been done.
 */
export class ExchangeServer<E extends ExchangeEvent = ExchangeEvent> {
  readonly done: Record<ExchangeFault, number>;
  isAtEnd = false;
  readonly #exchange: Exchange<E>;
  readonly #server: Server;
  readonly #sockets: WebSocketServer;
  readonly #faults: FrameFaults;
  readonly #clients = new Set<Client<E>>();
  readonly #unanswered = new Set<ServerResponse>();
  readonly #snapshotFaults: SnapshotFault[] = [];
  readonly #connectionFaults: ConnectionFault[] = [];
  #timer: NodeJS.Timeout | undefined;

  private constructor({ exchange, seed }: ExchangeServerOptions<E>) {
    this.#exchange = exchange;
    const random = seededRandom(seed);
    this.done = Object.fromEntries(EXCHANGE_FAULTS.map((fault) => [fault, 0])) as Record<ExchangeFault, number>;
    this.#faults = new FrameFaults({
      random,
      lie: (text) => exchange.lie(text, random),
      done: (fault) => {
        this.done[fault] += 1;
      },
    });
    this.#server = createServer((request, response) => this.#answer(request, response));
    this.#sockets = new WebSocketServer({ server: this.#server, autoPong: false });
    this.#sockets.on('connection', (socket, request) => this.#welcome(socket, request.socket));
  }

  static async open<E extends ExchangeEvent>(options: ExchangeServerOptions<E>): Promise<ExchangeServer<E>> {
    const server = new ExchangeServer(options);
    await new Promise<void>((resolve, reject) => {
      server.#server.once('error', reject);
      server.#server.listen(0, '127.0.0.1', resolve);
    });
    return server;
  }

  get streamUrl(): string {
    return `ws://127.0.0.1:${this.#port}/stream`;
  }

  get restUrl(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Lets the market go on, so many events each 10 ms. */
  play(eventsATick: number): void {
    clearInterval(this.#timer);
    this.#timer = setInterval(() => this.#step(eventsATick), TICK_MS);
  }

  /** Lets the market stand still; a frame that was held back is sent. */
  pause(): void {
    clearInterval(this.#timer);
    for (const text of this.#faults.flush()) this.#broadcast(text);
  }

  /** `kind`: what the harmed frames tell of; left to chance when it is not given. */
  inject(fault: ExchangeFault, kind?: 'book' | 'trade'): void {
    if (isConnectionFault(fault)) this.#connectionFaults.push(fault);
    else if (isSnapshotFault(fault)) {
      this.#snapshotFaults.push(fault);
      // What goes wrong with snapshots shows when one is needed.
      this.#faults.arm('hole', 'book');
    } else this.#faults.arm(fault, kind);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    for (const response of this.#unanswered) response.destroy();
    for (const { socket } of this.#clients) socket.terminate();
    this.#sockets.close();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  get #port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  #welcome(socket: WebSocket, raw: Socket): void {
    const client = { socket, raw, session: this.#exchange.connect(), isHalfOpen: false };
    this.#clients.add(client);
    socket.on('message', (data) => {
      if (client.isHalfOpen) return;
      for (const { text } of client.session.receive(data.toString())) this.#send(client, text);
    });
    socket.on('ping', (data) => {
      if (!client.isHalfOpen) socket.pong(data);
    });
    // A client that is cut off may be heard of as an error before the close.
    socket.on('error', () => socket.terminate());
    socket.on('close', () => this.#clients.delete(client));
    for (const { text } of client.session.greeting()) this.#send(client, text);
  }

  #step(events: number): void {
    for (let at = 0; at < events && !this.isAtEnd; at += 1) {
      const event = this.#exchange.step();
      if (event === undefined) this.isAtEnd = true;
      else if (this.#faults.swallows(event.kind)) this.#exchange.forget(event);
      else this.#tell(event);
    }
  }

  #tell(event: E): void {
    for (const client of this.#clients) {
      const isOpen = !client.isHalfOpen && client.socket.readyState === client.socket.OPEN;
      const frame = isOpen ? client.session.frame(event) : undefined;
      if (frame === undefined) continue;
      for (const sent of this.#faults.pass(frame)) this.#send(client, sent);
      const fault = this.#connectionFaults.shift();
      if (fault !== undefined) this.#break(client, fault);
    }
  }

  #broadcast(text: string): void {
    for (const client of this.#clients) this.#send(client, text);
  }

  #send(client: Client<E>, frame: string | Buffer): void {
    if (client.isHalfOpen || client.socket.readyState !== client.socket.OPEN) return;
    client.socket.send(frame);
  }

  #break(client: Client<E>, fault: ConnectionFault): void {
    if (fault === 'close') client.socket.close(GOING_AWAY, 'the server goes away');
    else if (fault === 'reset') client.raw.resetAndDestroy();
    else client.isHalfOpen = true;
    this.#faults.forget();
    this.done[fault] += 1;
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '/', this.restUrl);
    const fault = this.#exchange.isSnapshot(url) ? this.#snapshotFaults.shift() : undefined;
    if (fault !== undefined) this.done[fault] += 1;
    if (fault === 'snapshot-timeout') {
      this.#unanswered.add(response);
      response.on('close', () => this.#unanswered.delete(response));
      return;
    }
    if (fault === 'snapshot-429') response.setHeader('Retry-After', '1');
    const refused = fault === 'snapshot-429' ? 429 : fault === 'snapshot-500' ? 500 : undefined;
    const { status, body } =
      refused === undefined
        ? this.#exchange.rest(url, fault === 'snapshot-stale')
        : { status: refused, body: '{"code":-1003,"msg":"not now"}' };
    response.writeHead(status, { 'Content-Type': 'application/json' }).end(body);
  }
}
