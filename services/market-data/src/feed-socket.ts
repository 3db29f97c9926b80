import type { Clock, Logger } from '@tickpath/runtime';
import { WebSocket } from 'ws';
import {
  type Connection,
  type ConnectionInput,
  type ConnectionOptions,
  type ConnectionOutput,
  type FeedState,
  openConnection,
  stepConnection,
} from './core/connection.ts';
import type { BookFault, FeedOutput, FetchApi, Stamps, VenueProtocol } from './core/feeds/protocol.ts';
import type { Wanted } from './feed-homes.ts';
import type { RestClient } from './rest-client.ts';

/** What passes between the venue and us, and when the clock was looked at: with it a recording can be played again. */
export type FeedTraffic =
  /** The handshake was answered; `run` and `pace` as the venue names them. */
  | { readonly type: 'upgrade'; readonly run: string | null; readonly pace: string | null }
  | ({ readonly type: 'subscribe' } & Wanted)
  | { readonly type: 'connect'; readonly url: string }
  | { readonly type: 'recv' | 'send'; readonly data: string }
  | { readonly type: 'http'; readonly path: string; readonly data: string }
  | { readonly type: 'http-failed'; readonly path: string; readonly reason: string }
  | { readonly type: 'disconnect'; readonly reason: string }
  | { readonly type: 'clock' }
  /** We end: nothing follows. */
  | { readonly type: 'stop' };

export interface FeedSocketOptions {
  readonly url: string;
  /** Called at the start, and again when the venue shows another run: nothing of one run holds in the next. */
  readonly createProtocol: () => VenueProtocol;
  readonly rest: Readonly<Record<FetchApi, RestClient>>;
  readonly connection: ConnectionOptions;
  readonly clock: Clock;
  readonly log: Logger;
  /** In [0, 1). */
  readonly random: () => number;
  /** What the protocol says, in order, but for what concerns the connection alone. */
  readonly onOutputs: (outputs: readonly FeedOutput[], stamps: Stamps) => void;
  readonly onConnection: (state: FeedState, nowNs: bigint) => void;
  /** What is wanted from now on, after what the protocol says of the change. */
  readonly onWanted?: (wanted: Wanted) => void;
  /** The answer to the handshake, before data can come; its headers may name the run. */
  readonly onUpgrade?: (headers: Readonly<Record<string, string | string[] | undefined>>) => void;
  /** Told of traffic before anything comes of it, with the time that it is taken for. */
  readonly onTraffic?: (traffic: FeedTraffic, nowNs: bigint) => void;
  /** Called each time the protocol has looked at the clock. */
  readonly onClock?: (nowNs: bigint) => void;
}

/** How often the protocol and the watchdog look at the clock. */
const CLOCK_MS = 250;
/** Largest message that is taken; full books of busy pairs have some MB. */
const MAX_FRAME_BYTES = 64 * 1024 * 1024;
const RUN_HEADER = 'x-tickpath-run';
const PACE_HEADER = 'x-tickpath-pace';
const NS_PER_MS = 1_000_000;

/**
 * The connection of one feed: carries out what its protocol and its connection machine decide. It dials until it is
 * closed, answers pings, closes a half-open socket, and hands on what the protocol makes of the frames.
 */
export class FeedSocket {
  readonly #options: FeedSocketOptions;
  readonly #connection: Connection;
  #protocol: VenueProtocol;
  #run: string | undefined;
  #symbols: readonly string[] = [];
  #socket: WebSocket | undefined;
  #clockTimer: NodeJS.Timeout | undefined;
  #dialTimer: NodeJS.Timeout | undefined;
  #isPaused = false;
  #isClosed = false;
  /** It has been said that the venue cannot be reached. */
  #isUnreached = false;

  constructor(options: FeedSocketOptions) {
    this.#options = options;
    this.#connection = openConnection(options.connection);
    this.#protocol = options.createProtocol();
  }

  nowNs(): bigint {
    return this.#options.clock.nowNs();
  }

  /** Starts dialling. */
  start(): void {
    this.#clockTimer = setInterval(() => this.#tick(), CLOCK_MS);
    this.#step({ type: 'start' });
  }

  /** The whole wanted set; may change while the connection lives. */
  subscribe(symbols: readonly string[], excluded: readonly string[] = []): void {
    this.#symbols = symbols;
    const nowNs = this.nowNs();
    const { onTraffic, onWanted } = this.#options;
    onTraffic?.({ type: 'subscribe', symbols, excluded }, nowNs);
    this.#take(this.#protocol.subscribe(symbols), nowNs);
    onWanted?.({ symbols, excluded });
  }

  /** The symbol's book was found wrong: it is fetched anew. */
  resync(symbol: string, reason: BookFault): void {
    this.#take(this.#protocol.resync(symbol, reason));
  }

  /** While paused, data stays in the socket and a venue that can wait does. */
  setPaused(paused: boolean): void {
    this.#isPaused = paused;
    this.#step({ type: 'paused', paused });
    const socket = this.#socket;
    if (socket?.readyState !== WebSocket.OPEN) return;
    if (paused) socket.pause();
    else socket.resume();
  }

  close(): void {
    this.#isClosed = true;
    clearInterval(this.#clockTimer);
    clearTimeout(this.#dialTimer);
    const nowNs = this.nowNs();
    this.#options.onTraffic?.({ type: 'stop' }, nowNs);
    this.#take(this.#protocol.disconnected(), nowNs);
    this.#step({ type: 'stop' }, nowNs);
    const socket = this.#socket;
    // Nothing that it still says follows the end.
    this.#socket = undefined;
    socket?.terminate();
  }

  #dial(): void {
    const { url, onTraffic, onUpgrade } = this.#options;
    const socket = new WebSocket(url, {
      perMessageDeflate: false,
      maxPayload: MAX_FRAME_BYTES,
      handshakeTimeout: this.#options.connection.handshakeMs,
    });
    this.#socket = socket;
    // What a socket that has been replaced still says is of no interest.
    const current = (work: () => void) => {
      if (this.#socket === socket) work();
    };
    socket.on('upgrade', ({ headers }) =>
      current(() => {
        const [run, pace] = [textOf(headers[RUN_HEADER]), textOf(headers[PACE_HEADER])];
        onTraffic?.({ type: 'upgrade', run, pace }, this.nowNs());
        const isAnother = this.#follow(run);
        onUpgrade?.(headers);
        // Behind the word of the run: what the new protocol says of its books is of that one.
        if (isAnother) this.#take(this.#protocol.subscribe(this.#symbols));
      }),
    );
    socket.on('open', () =>
      current(() => {
        const nowNs = this.nowNs();
        onTraffic?.({ type: 'connect', url }, nowNs);
        this.#isUnreached = false;
        this.#step({ type: 'opened' });
        if (this.#isPaused) socket.pause();
        this.#take(this.#protocol.connected(nowNs), nowNs);
      }),
    );
    socket.on('message', (data, isBinary) => current(() => this.#receive(data as Buffer, isBinary)));
    socket.on('ping', () => current(() => this.#step({ type: 'traffic' })));
    socket.on('pong', () => current(() => this.#step({ type: 'traffic' })));
    socket.on('error', (error) => this.#failed(socket, error));
    socket.on('close', (code, reason) =>
      current(() => {
        this.#socket = undefined;
        const nowNs = this.nowNs();
        onTraffic?.({ type: 'disconnect', reason: `${code} ${reason.toString()}`.trim() }, nowNs);
        this.#take(this.#protocol.disconnected(), nowNs);
        this.#step({ type: 'closed', random: this.#options.random() }, nowNs);
      }),
    );
  }

  /** Said once until it has been reached, since it is dialled again and again. */
  #failed(socket: WebSocket, err: Error): void {
    const { url, log } = this.#options;
    if (this.#isUnreached || this.#socket !== socket || this.#connection.state !== 'connecting') {
      return log.debug({ url, err }, 'feed connection failed');
    }
    this.#isUnreached = true;
    log.warn({ url }, `${url} cannot be reached: ${err.message}; it is dialled until it answers`);
  }

  /**
   * Ids and times begin anew with another run, so what is remembered of the one before would be taken for doubles. True
   * when it is another: the protocol is a new one, of which nothing is wanted yet.
   */
  #follow(run: string | null): boolean {
    if (run === null) return false;
    const isAnother = this.#run !== undefined && this.#run !== run;
    this.#run = run;
    if (!isAnother) return false;
    this.#take(this.#protocol.subscribe([]));
    this.#protocol = this.#options.createProtocol();
    return true;
  }

  #receive(data: Buffer, isBinary: boolean): void {
    const receivedNs = this.nowNs();
    this.#step({ type: 'traffic' });
    if (isBinary) return this.#hand([{ kind: 'unknown', type: 'binary' }], receivedNs);
    const frame = data.toString();
    this.#options.onTraffic?.({ type: 'recv', data: frame }, receivedNs);
    this.#hand(this.#protocol.receive(frame, { receivedNs, decodedNs: receivedNs }), receivedNs);
  }

  #tick(): void {
    this.#step({ type: 'clock' });
    const nowNs = this.nowNs();
    this.#options.onTraffic?.({ type: 'clock' }, nowNs);
    this.#take(this.#protocol.clock(nowNs), nowNs);
    this.#options.onClock?.(nowNs);
  }

  #take(outputs: readonly FeedOutput[], nowNs = this.nowNs()): void {
    if (outputs.length > 0) this.#hand(outputs, nowNs);
  }

  /** Carries out what concerns the connection, hands on the rest. */
  #hand(outputs: readonly FeedOutput[], receivedNs: bigint): void {
    const rest: FeedOutput[] = [];
    for (const output of outputs) {
      if (output.kind === 'send') this.#send(output.text);
      else if (output.kind === 'fetch') this.#fetch(output);
      else if (output.kind === 'state') this.#step({ type: output.state }, receivedNs);
      else if (output.kind === 'reconnect') this.#step({ type: 'give-up', reason: output.reason });
      else rest.push(output);
    }
    if (rest.length > 0) this.#options.onOutputs(rest, { receivedNs, decodedNs: this.#options.clock.nowNs() });
  }

  #send(text: string): void {
    if (this.#socket?.readyState !== WebSocket.OPEN) return;
    this.#options.onTraffic?.({ type: 'send', data: text }, this.nowNs());
    this.#socket.send(text);
  }

  #fetch({ requestId, api, path }: Extract<FeedOutput, { kind: 'fetch' }>): void {
    const protocol = this.#protocol;
    void this.#options.rest[api].get(path).then((answer) => {
      if (this.#isClosed || this.#protocol !== protocol) return;
      const nowNs = this.nowNs();
      const { onTraffic } = this.#options;
      if (answer.ok) onTraffic?.({ type: 'http', path, data: answer.body }, nowNs);
      else onTraffic?.({ type: 'http-failed', path, reason: answer.reason }, nowNs);
      this.#take(protocol.fetched(requestId, answer), nowNs);
    });
  }

  #step(input: ConnectionInput, nowNs = this.nowNs()): void {
    for (const output of stepConnection(this.#connection, input, Number(nowNs) / NS_PER_MS)) {
      this.#carryOut(output, nowNs);
    }
  }

  #carryOut(output: ConnectionOutput, nowNs: bigint): void {
    const { log, onConnection, url } = this.#options;
    if (output.kind === 'state') onConnection(output.state, nowNs);
    else if (output.kind === 'dial') this.#dial();
    else if (output.kind === 'send-ping') this.#socket?.ping();
    else if (output.kind === 'close') {
      if (!this.#isClosed) log.warn({ url }, `the feed's connection is closed: ${output.reason}`);
      this.#socket?.terminate();
    } else this.#dialTimer = setTimeout(() => this.#step({ type: 'clock' }), Math.ceil(output.ms) + 1);
  }
}

function textOf(header: string | string[] | undefined): string | null {
  return typeof header === 'string' ? header : null;
}
