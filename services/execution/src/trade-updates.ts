import type { Logger } from '@tickpath/runtime';
import { WebSocket } from 'ws';

export interface TradeUpdatesOptions {
  readonly url: string;
  readonly keyId: string;
  readonly secretKey: string;
  readonly log: Logger;
  readonly onListening: (up: boolean) => void;
  /** The `data` of each `trade_updates` message, parsed. */
  readonly onUpdate: (data: unknown) => void;
  readonly onFault: (reason: string) => void;
  /** Milliseconds between two pings; the venue has as long to answer one. */
  readonly pingMs?: number;
}

const BACKOFF_FIRST_MS = 100;
const BACKOFF_LAST_MS = 5_000;
/** A venue that takes a connection and says nothing on it is as good as none. */
const HANDSHAKE_MS = 5_000;
const PING_MS = 3_000;

/** A client of Alpaca's account stream that stays connected: `onListening` says when updates flow and when they do not. */
export class TradeUpdates {
  readonly #options: TradeUpdatesOptions;
  #socket: WebSocket | undefined;
  #retry: NodeJS.Timeout | undefined;
  #ping: NodeJS.Timeout | undefined;
  #failures = 0;
  #listening = false;
  #closed = false;

  constructor(options: TradeUpdatesOptions) {
    this.#options = options;
  }

  connect(): void {
    const { url, keyId, secretKey, log } = this.#options;
    const socket = new WebSocket(url, { perMessageDeflate: false, handshakeTimeout: HANDSHAKE_MS });
    this.#socket = socket;
    socket.on('open', () => {
      this.#watch(socket);
      this.#send({ action: 'auth', key: keyId, secret: secretKey });
    });
    socket.on('message', (data) => this.#receive(data as Buffer));
    socket.on('error', (error) => log.debug({ err: error }, 'order updates: connection failed'));
    socket.on('close', () => this.#reconnect());
  }

  /** Takes a fresh connection, for when nobody knows what has become of this one. `onListening(false)` comes at once. */
  renew(): void {
    this.#setListening(false);
    this.#socket?.terminate();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#retry);
    clearInterval(this.#ping);
    this.#socket?.terminate();
  }

  /** A connection that was cut unseen looks like an account in which nothing happens: every ping wants its pong. */
  #watch(socket: WebSocket): void {
    let answered = true;
    socket.on('pong', () => {
      answered = true;
    });
    this.#ping = setInterval(() => {
      if (!answered) return this.renew();
      answered = false;
      socket.ping();
    }, this.#options.pingMs ?? PING_MS);
  }

  #receive(data: Buffer): void {
    const { log, onUpdate, onFault } = this.#options;
    let message: { stream?: unknown; data?: Record<string, unknown> };
    try {
      message = JSON.parse(data.toString());
    } catch {
      return onFault('json');
    }
    if (message.stream === 'trade_updates') onUpdate(message.data);
    else if (message.stream === 'listening') this.#setListening(true);
    else if (message.stream === 'authorization' && message.data?.status === 'authorized') {
      this.#send({ action: 'listen', data: { streams: ['trade_updates'] } });
    } else {
      log.error({ answer: message }, 'order updates: the venue refused');
      this.#socket?.close();
    }
  }

  #send(message: Record<string, unknown>): void {
    this.#socket?.send(JSON.stringify(message));
  }

  #setListening(up: boolean): void {
    if (up) this.#failures = 0;
    if (up === this.#listening) return;
    this.#listening = up;
    this.#options.onListening(up);
  }

  #reconnect(): void {
    clearInterval(this.#ping);
    if (this.#closed) return;
    this.#setListening(false);
    const delayMs = Math.min(BACKOFF_FIRST_MS * 2 ** this.#failures, BACKOFF_LAST_MS);
    this.#failures += 1;
    this.#retry = setTimeout(() => this.connect(), delayMs);
  }
}
