import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import type { FeedState } from './core/connection.ts';
import type { BookFault, FeedOutput, FetchAnswer, VenueProtocol } from './core/feeds/protocol.ts';
import type { Wanted } from './feed-homes.ts';
import { EVERY_SYMBOL } from './feed-plan.ts';
import type { FeedSocketOptions } from './feed-socket.ts';
import type { RecordedLine, Recording } from './recording.ts';

export interface RecordedFeedOptions
  extends Pick<
    FeedSocketOptions,
    'createProtocol' | 'onOutputs' | 'onConnection' | 'onClock' | 'onUpgrade' | 'onWanted' | 'clock' | 'log'
  > {
  readonly recording: Recording;
  /** Times the speed at which it was recorded; `max`: as fast as the followers go. */
  readonly pace: number | 'max';
  /** Symbols that are played of it; undefined for those that were subscribed when it was recorded. */
  readonly only?: readonly string[] | undefined;
  /** The recording cannot be read on. */
  readonly onFailure: (error: unknown) => void;
}

type Upgrade = Extract<RecordedLine, { t: 'upgrade' }>;

/** Lines that are played between two turns of the event loop at full speed. */
const LINES_A_TURN = 16;
/** How often the clock is looked at where a recording does not say. */
const CLOCK_NS = 250_000_000n;
const NS_PER_MS = 1_000_000;

/**
 * A recorded feed in the place of a connection: what was received goes through the same protocol at the times at which
 * it was received, looks at the clock included, so that the same comes of it. Requests get the recorded answers, and at
 * the end of the recording the connection is lost for good.
 */
export class RecordedFeed {
  readonly #options: RecordedFeedOptions;
  readonly #stopping = new AbortController();
  readonly #asked = new Map<string, string[]>();
  /** Answers that were recorded before their request is made: captures of others list them first. */
  readonly #early = new Map<string, FetchAnswer[]>();
  readonly #subscribed = Promise.withResolvers<void>();
  #protocol: VenueProtocol;
  #symbols: readonly string[] = [];
  #run: string | null = null;
  #state: FeedState = 'disconnected';
  #nowNs = 0n;
  #nextClockNs = 0n;
  #resume = Promise.withResolvers<void>();

  constructor(options: RecordedFeedOptions) {
    this.#options = options;
    this.#protocol = options.createProtocol();
    this.#resume.resolve();
  }

  /** The time of the recording. */
  nowNs(): bigint {
    return this.#nowNs;
  }

  start(): void {
    this.#play().catch((error) => {
      if (!this.#stopping.signal.aborted) this.#options.onFailure(error);
    });
  }

  /** Playing goes on from the first handshake when this has been said; it is subscribed when it was. */
  subscribe(symbols: readonly string[]): void {
    this.#symbols = symbols;
    this.#subscribed.resolve();
  }

  resync(symbol: string, reason: BookFault): void {
    this.#hand(this.#protocol.resync(symbol, reason));
  }

  setPaused(paused: boolean): void {
    if (paused) this.#resume = Promise.withResolvers<void>();
    else this.#resume.resolve();
  }

  close(): void {
    this.#stopping.abort();
    this.#subscribed.resolve();
    this.#resume.resolve();
  }

  async #play(): Promise<void> {
    const { recording, pace, log, clock } = this.#options;
    const { signal } = this.#stopping;
    let firstNs: bigint | undefined;
    let startNs = 0n;
    let played = 0;
    for await (const line of recording.lines()) {
      if (firstNs === undefined) {
        firstNs = line.ns;
        startNs = clock.nowNs();
      }
      if (pace !== 'max') {
        const waitMs = Number(line.ns - firstNs) / pace / NS_PER_MS - Number(clock.nowNs() - startNs) / NS_PER_MS;
        if (waitMs >= 1) await sleep(waitMs, undefined, { signal });
      } else if (played % LINES_A_TURN === 0) await nextTurn();
      await this.#resume.promise;
      if (signal.aborted) return;
      played += 1;
      if (!recording.hasClock) this.#lookAtClock(line.ns);
      await this.#take(line);
      if (signal.aborted) return;
    }
    this.#end();
    log.info({ lines: played }, 'the recording is over');
  }

  async #take(line: RecordedLine): Promise<void> {
    // Connections of a capture are listed one after the other: time does not go back.
    if (line.ns > this.#nowNs) this.#nowNs = line.ns;
    const nowNs = this.#nowNs;
    switch (line.t) {
      case 'upgrade':
        return this.#upgrade(line);
      case 'subscribe':
        return this.#want(this.#wantedOf(line));
      case 'connect':
        return this.#connect();
      case 'recv':
        return this.#hand(this.#protocol.receive(line.data, { receivedNs: nowNs, decodedNs: nowNs }));
      case 'http':
        return this.#answer(line.path, { ok: true, body: line.data });
      case 'http-failed':
        return this.#answer(line.path, { ok: false, reason: line.reason });
      case 'disconnect':
        this.#hand(this.#protocol.disconnected());
        return this.#setState('reconnecting');
      case 'clock':
        return this.#tick();
      case 'stop':
        return this.#end();
      case 'dropped':
        this.#options.log.warn({ lines: line.count }, `${line.count} lines are missing in the recording`);
    }
  }

  async #upgrade({ run, pace }: Pick<Upgrade, 'run' | 'pace'>): Promise<void> {
    const { createProtocol, onUpgrade } = this.#options;
    this.#setState('connecting');
    const isAnother = this.#run !== null && run !== null && this.#run !== run;
    if (isAnother) {
      this.#hand(this.#protocol.subscribe([]));
      this.#protocol = createProtocol();
    }
    this.#run = run ?? this.#run;
    onUpgrade?.({
      ...(run !== null && { 'x-tickpath-run': run }),
      ...(pace !== null && { 'x-tickpath-pace': pace }),
    });
    if (isAnother) this.#hand(this.#protocol.subscribe(this.#symbols));
    await this.#subscribed.promise;
  }

  /** Captures of others have no handshake. */
  async #connect(): Promise<void> {
    if (!this.#options.recording.hasClock) {
      await this.#upgrade({ run: null, pace: null });
      this.#want({ symbols: this.#symbols, excluded: [] });
    }
    if (!this.#stopping.signal.aborted) this.#hand(this.#protocol.connected(this.#nowNs));
  }

  #want(wanted: Wanted): void {
    this.#symbols = wanted.symbols;
    this.#hand(this.#protocol.subscribe(wanted.symbols));
    this.#options.onWanted?.(wanted);
  }

  /** As it was wanted then, for it may have changed amid the recording; but for what is not to be played. */
  #wantedOf({ symbols, excluded }: Wanted): Wanted {
    const { only } = this.#options;
    if (symbols.length === 0) return { symbols: this.#symbols, excluded };
    if (only === undefined) return { symbols, excluded };
    const hasAll = symbols.includes(EVERY_SYMBOL);
    return { symbols: only.filter((symbol) => hasAll || symbols.includes(symbol)), excluded };
  }

  #lookAtClock(untilNs: bigint): void {
    if (this.#nextClockNs === 0n) this.#nextClockNs = untilNs + CLOCK_NS;
    while (this.#nextClockNs <= untilNs) {
      this.#nowNs = this.#nextClockNs;
      this.#nextClockNs += CLOCK_NS;
      this.#tick();
    }
  }

  #tick(): void {
    this.#hand(this.#protocol.clock(this.#nowNs));
    this.#options.onClock?.(this.#nowNs);
  }

  #end(): void {
    if (this.#state === 'disconnected') return;
    this.#hand(this.#protocol.disconnected());
    this.#setState('disconnected');
  }

  #setState(state: FeedState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#options.onConnection(state, this.#nowNs);
  }

  #hand(outputs: readonly FeedOutput[]): void {
    const rest: FeedOutput[] = [];
    for (const output of outputs) {
      if (output.kind === 'fetch') this.#ask(output.requestId, output.path);
      else if (output.kind === 'state') this.#setState(output.state);
      else if (output.kind !== 'send' && output.kind !== 'reconnect') rest.push(output);
    }
    const nowNs = this.#nowNs;
    if (rest.length > 0) this.#options.onOutputs(rest, { receivedNs: nowNs, decodedNs: nowNs });
  }

  #ask(requestId: string, path: string): void {
    const key = this.#keyOf(path);
    const early = this.#early.get(key)?.shift();
    if (early === undefined) return pushTo(this.#asked, key, requestId);
    // Not at once: the protocol has not finished asking.
    queueMicrotask(() => {
      if (!this.#stopping.signal.aborted) this.#hand(this.#protocol.fetched(requestId, early));
    });
  }

  #answer(path: string, answer: FetchAnswer): void {
    const key = this.#keyOf(path);
    const requestId = this.#asked.get(key)?.shift();
    if (requestId !== undefined) return this.#hand(this.#protocol.fetched(requestId, answer));
    // What nobody here asked was asked of a connection that has ended, if it was recorded here.
    if (!this.#options.recording.hasClock) pushTo(this.#early, key, answer);
  }

  /** Others have asked with other limits. */
  #keyOf(path: string): string {
    if (this.#options.recording.hasClock) return path;
    const { pathname, searchParams } = new URL(path, 'http://recording');
    return `${pathname} ${searchParams.get('symbol') ?? ''}`;
  }
}

function pushTo<V>(lists: Map<string, V[]>, key: string, value: V): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}
