import type { Clock, Logger } from '@tickpath/runtime';
import type { FeedIdentity } from '@tickpath/wire';
import { WebSocket } from 'ws';

export interface AlpacaFeedOptions {
  readonly url: string;
  readonly keyId: string;
  readonly secretKey: string;
  readonly symbols: readonly string[];
  readonly clock: Clock;
  readonly log: Logger;
  /** A parsed array of data messages and when it came; control messages are not in it. */
  readonly onFrame: (messages: readonly unknown[], receivedNs: bigint) => void;
  readonly onConnection: (state: FeedState) => void;
  /** Called on every connection, before data can come. The subscriber then says when it is ready: `subscribe`. */
  readonly onIdentity: (identity: FeedIdentity) => void;
  readonly onFault: (reason: FrameFault) => void;
}

/** Why a whole frame was not read. */
export const FRAME_FAULTS = ['json', 'not-an-array'] as const;
export type FrameFault = (typeof FRAME_FAULTS)[number];

export const FEED_STATES = ['disconnected', 'connecting', 'authenticated', 'subscribed'] as const;
export type FeedState = (typeof FEED_STATES)[number];

/** Longest name of a run that is passed on in every beat. */
const MAX_RUN_LENGTH = 128;
const BACKOFF_FIRST_MS = 100;
const BACKOFF_LAST_MS = 5_000;

/**
 * A client of Alpaca's market-data WebSocket: connects, authenticates, subscribes once it is told to, and hands on what
 * comes; after a lost connection it tries again with exponential back-off. A replaying venue starts its tape for the
 * first subscriber, so `subscribe` waits until everyone is there; while paused, data stays in the socket and the venue
 * waits.
 */
export class AlpacaFeed {
  readonly #options: AlpacaFeedOptions;
  #socket: WebSocket | undefined;
  #retry: NodeJS.Timeout | undefined;
  #failures = 0;
  #paused = false;
  #wanted = false;
  #authenticated = false;
  #closed = false;

  constructor(options: AlpacaFeedOptions) {
    this.#options = options;
  }

  connect(): void {
    const { url, onConnection, onIdentity, log } = this.#options;
    onConnection('connecting');
    const socket = new WebSocket(url, { perMessageDeflate: false });
    this.#socket = socket;
    socket.on('upgrade', (response) => {
      const run = response.headers['x-tickpath-run'];
      const pace = response.headers['x-tickpath-pace'] === 'replay' ? 'replay' : 'live';
      onIdentity({ run: typeof run === 'string' && run.length <= MAX_RUN_LENGTH ? run : new URL(url).host, pace });
    });
    socket.on('message', (data) => this.#receive(data as Buffer));
    socket.on('error', (error) => log.debug({ err: error }, 'feed connection failed'));
    socket.on('close', () => this.#reconnect());
    if (this.#paused) socket.once('open', () => this.#paused && socket.pause());
  }

  /** Subscribes as soon as authenticated, on this connection and every later one. */
  subscribe(): void {
    this.#wanted = true;
    if (!this.#authenticated) return;
    const { symbols } = this.#options;
    this.#send({ action: 'subscribe', trades: symbols, quotes: symbols });
  }

  setPaused(paused: boolean): void {
    this.#paused = paused;
    const socket = this.#socket;
    if (socket?.readyState !== WebSocket.OPEN) return;
    if (paused) socket.pause();
    else socket.resume();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#retry);
    this.#socket?.terminate();
  }

  #receive(data: Buffer): void {
    const receivedNs = this.#options.clock.nowNs();
    let messages: unknown;
    try {
      messages = JSON.parse(data.toString());
    } catch {
      return this.#options.onFault('json');
    }
    if (!Array.isArray(messages)) return this.#options.onFault('not-an-array');
    const kind = (messages[0] as { T?: unknown } | undefined)?.T;
    if (kind === 'success' || kind === 'error' || kind === 'subscription') this.#control(messages[0]);
    else this.#options.onFrame(messages, receivedNs);
  }

  #control(message: Record<string, unknown>): void {
    const { keyId, secretKey, log, onConnection } = this.#options;
    if (message.T === 'success' && message.msg === 'connected') {
      this.#send({ action: 'auth', key: keyId, secret: secretKey });
    } else if (message.T === 'success' && message.msg === 'authenticated') {
      onConnection('authenticated');
      this.#authenticated = true;
      if (this.#wanted) this.subscribe();
    } else if (message.T === 'subscription') {
      this.#failures = 0;
      onConnection('subscribed');
      log.info({ trades: message.trades, quotes: message.quotes }, 'subscribed to the venue');
    } else if (message.T === 'error') {
      log.error({ code: message.code }, `the venue answered ${message.code}: ${message.msg}`);
      this.#socket?.close();
    }
  }

  #send(message: Record<string, unknown>): void {
    this.#socket?.send(JSON.stringify(message));
  }

  #reconnect(): void {
    if (this.#closed) return;
    this.#authenticated = false;
    const { onConnection, log } = this.#options;
    onConnection('disconnected');
    const delayMs = Math.min(BACKOFF_FIRST_MS * 2 ** this.#failures, BACKOFF_LAST_MS);
    // The venue starts at the same time as we do: the first refusals are no news.
    if (this.#failures === 4) log.warn({ delayMs }, `the venue does not answer at ${this.#options.url}`);
    this.#failures += 1;
    this.#retry = setTimeout(() => this.connect(), delayMs);
  }
}
