import type { Clock, Logger } from '@tickpath/runtime';
import { type FeedIdentity, marketTopic, type Payload } from '@tickpath/wire';
import type { FeedState } from './core/connection.ts';
import {
  type FeedOutput,
  type MarketInput,
  type MarketObserver,
  openMarket,
  type Publication,
  type Stamps,
  stepMarket,
} from './core/index.ts';
import { isValid } from './core/quality/data-state.ts';
import type { Wanted } from './feed-homes.ts';
import type { FeedMetrics } from './feed-metrics.ts';
import type { MarketDataConfig } from './feed-plan.ts';
import { createLineBudget } from './line-budget.ts';
import type { MarketDataMetrics } from './metrics.ts';
import type { MarketFeed, OpenedFeed } from './open-feed.ts';
import type { Recorder } from './recorder.ts';

export interface VenueMarketOptions {
  readonly opened: OpenedFeed;
  readonly config: MarketDataConfig;
  readonly clock: Clock;
  readonly log: Logger;
  readonly measured: MarketDataMetrics;
  readonly recorder: Recorder;
  readonly publish: (publication: Publication) => void;
  readonly onState: (state: FeedState) => void;
  /** The venue has answered and says what it is; it may be subscribed from now on, by `want`. */
  readonly onShown: (shown: FeedIdentity) => void;
}

/** Something that a venue has refused, or that could not be had of it. */
export interface Refusal {
  readonly atNs: bigint;
  readonly text: string;
}

/** What is known of one feed, for people. */
export interface VenueMarketStatus {
  readonly state: FeedState;
  readonly symbols: readonly SymbolStatus[];
  /** How many there were, and the newest of them, oldest first. */
  readonly refused: number;
  readonly refusals: readonly Refusal[];
}

export interface SymbolStatus {
  readonly symbol: string;
  /** `waiting`: nothing has come of it. */
  readonly data: 'waiting' | 'valid' | 'invalid';
  readonly reasons: readonly string[];
}

/** Longest name of a run that is passed on in every beat. */
const MAX_RUN_LENGTH = 128;
const KEPT_REFUSALS = 16;

/**
 * One feed and the market that it shows: its connection, the state of its books, bars and rules, what it measures and
 * records. Markets share no state: a venue whose clock is ahead closes no other's bars.
 */
export class VenueMarket {
  readonly name: string;
  readonly #options: VenueMarketOptions;
  readonly #market: ReturnType<typeof openMarket>;
  readonly #measured: FeedMetrics;
  readonly #observer: MarketObserver;
  readonly #feed: MarketFeed;
  readonly #invalidTopics = new Set<string>();
  readonly #refusals: Refusal[] = [];
  #refused = 0;
  #state: FeedState = 'disconnected';
  #run: string | undefined;
  #wanted: Wanted | undefined;
  #excluded: ReadonlySet<string> = new Set();
  #lastReceivedNs = 0n;
  #marketAtReceiptNs = 0n;

  constructor(options: VenueMarketOptions) {
    const { opened, config, clock, measured, recorder } = options;
    this.name = opened.name;
    this.#options = options;
    this.#market = openMarket({ ...config, isLive: true, bookQuotesOf: opened.bookQuotesOf });
    this.#measured = measured.feed(opened.name, {
      symbols: () => this.#market.symbols.size,
      invalidSymbols: () => Array.from(this.#market.symbols.values()).filter(({ data }) => !isValid(data)).length,
      // In a recording as long ago as it was then.
      lastReceivedNs: () =>
        this.#lastReceivedNs === 0n ? 0n : clock.nowNs() - (this.#feed.nowNs() - this.#lastReceivedNs),
      nowNs: () => clock.nowNs(),
    });
    this.#observer = this.#observerOf(this.#measured);
    this.#feed = opened.feed({
      onOutputs: (outputs, stamps) => this.#take(outputs, stamps),
      onConnection: (state, nowNs) => this.#enter(state, nowNs),
      onUpgrade: (headers) => this.#show(headers['x-tickpath-run'], headers['x-tickpath-pace']),
      onTraffic: recorder.traffic,
      onClock: (nowNs) => this.#tick(nowNs),
      onWanted: (wanted) => this.#follow(wanted),
    });
  }

  /** Symbols whose data is not valid now. */
  get invalidCount(): number {
    return this.#invalidTopics.size;
  }

  get state(): FeedState {
    return this.#state;
  }

  start(): void {
    this.#feed.start();
  }

  setPaused(isPaused: boolean): void {
    this.#feed.setPaused(isPaused);
  }

  /** Subscribes what is wanted, no more and no less. Not before `onShown`. */
  want({ symbols, excluded }: Wanted): void {
    this.#feed.subscribe(symbols, excluded);
  }

  /** Whether something of the symbol has been published. */
  has(symbol: string): boolean {
    return this.#market.symbols.has(symbol);
  }

  status(): VenueMarketStatus {
    const named = this.#wanted?.symbols ?? [];
    const symbols = new Set([...named, ...this.#market.symbols.keys()]);
    symbols.delete('*');
    return {
      state: this.#state,
      symbols: Array.from(symbols, (symbol) => this.#symbolStatus(symbol)),
      refused: this.#refused,
      refusals: this.#refusals,
    };
  }

  async close(): Promise<void> {
    this.#feed.close();
    await this.#options.opened.close();
    await this.#options.recorder.close();
  }

  #symbolStatus(symbol: string): SymbolStatus {
    const data = this.#market.symbols.get(symbol)?.data;
    if (data === undefined) return { symbol, data: 'waiting', reasons: [] };
    const reasons = Array.from(data.causes, ([cause, text]) => `${cause}: ${text}`);
    return { symbol, data: isValid(data) ? 'valid' : 'invalid', reasons };
  }

  #observerOf(measured: FeedMetrics): MarketObserver {
    const { log, clock } = this.#options;
    const budget = createLineBudget(() => clock.nowNs());
    return {
      ...measured,
      rejected: ({ reason, text }) => {
        measured.rejected(reason);
        budget(reason, (fields) => log.warn({ reason, ...fields }, `venue message not published: ${text}`));
        if (reason !== 'refused' && reason !== 'fetch' && reason !== 'symbol') return;
        this.#refused += 1;
        this.#refusals.push({ atNs: this.#options.clock.nowNs(), text });
        if (this.#refusals.length > KEPT_REFUSALS) this.#refusals.shift();
      },
      bookInvalid: (symbol, reason) => {
        measured.bookInvalid(symbol, reason);
        log.warn({ symbol, reason }, `the book of ${symbol} is not valid: ${reason}`);
      },
      dropped: (output) => {
        measured.dropped(output);
        if (output.kind === 'lost') log.warn({ ...output }, `lost ${output.topic} of ${output.symbol} at the venue`);
      },
    };
  }

  #take(outputs: readonly FeedOutput[], stamps: Stamps): void {
    const { clock, opened, measured } = this.#options;
    const own = this.#ownOf(outputs);
    const hasEvents = own.some(({ kind }) => kind === 'event');
    if (hasEvents) this.#lastReceivedNs = stamps.receivedNs;
    // What a recorded frame takes here has nothing to do with when it was received.
    const arrivedNs = clock.nowNs();
    const times = opened.isRecorded ? { receivedNs: arrivedNs, decodedNs: arrivedNs } : stamps;
    const { steppedNs, publications } = this.#step({ type: 'feed', outputs: own, stamps });
    if (hasEvents) this.#marketAtReceiptNs = this.#market.marketNowNs;
    measured.frame({ messages: outputs.length, publications }, { ...times, steppedNs, publishedNs: clock.nowNs() });
  }

  /** What `*` brings of symbols that are not at home here is passed over. */
  #ownOf(outputs: readonly FeedOutput[]): readonly FeedOutput[] {
    if (this.#excluded.size === 0) return outputs;
    const own = outputs.filter((output) => !this.#excluded.has(symbolOf(output)));
    if (own.length < outputs.length) this.#measured.foreign(outputs.length - own.length);
    return own;
  }

  #step(input: MarketInput): { readonly steppedNs: bigint; readonly publications: number } {
    const { clock, opened, measured, publish, recorder } = this.#options;
    const outputs = stepMarket(this.#market, input, this.#observer);
    const steppedNs = clock.nowNs();
    for (const output of outputs) {
      if (output.kind === 'resync') continue;
      const told = opened.isRecorded ? restamped(output, steppedNs) : output;
      publish(told);
      recorder.published(told, steppedNs);
      if (output.kind === 'dataState') this.#reportData(output.topic, output.payload);
    }
    measured.published(outputs);
    // Last: what the feed says to it is the next step.
    for (const output of outputs) if (output.kind === 'resync') this.#feed.resync(output.symbol, output.reason);
    return { steppedNs, publications: outputs.length };
  }

  /** That a symbol's data is valid from the first is no news. */
  #reportData(topic: string, { valid, reasons }: Payload<'dataState'>): void {
    const { log } = this.#options;
    const wasInvalid = this.#invalidTopics.delete(topic);
    if (!valid) {
      this.#invalidTopics.add(topic);
      log.warn({ topic }, `data is not valid: ${reasons.join('; ')}`);
    } else if (wasInvalid) log.info({ topic }, 'data is valid again');
  }

  #stampsNow(): Stamps {
    const now = this.#feed.nowNs();
    return { receivedNs: now, decodedNs: now };
  }

  #enter(state: FeedState, nowNs: bigint): void {
    this.#state = state;
    this.#measured.state(state);
    if (state === 'subscribed') this.#options.log.info('subscribed to the venue');
    this.#options.onState(state);
    const stamps = { receivedNs: nowNs, decodedNs: nowNs };
    this.#step({ type: 'connection', isSubscribed: state === 'subscribed', stamps });
  }

  #show(named: string | readonly string[] | undefined, pace: string | readonly string[] | undefined): void {
    const { opened, onShown } = this.#options;
    const isName = typeof named === 'string' && named.length <= MAX_RUN_LENGTH;
    const run = isName ? named : opened.run;
    const isLive = pace !== 'replay';
    if (run !== this.#run) this.#beginRun(isLive);
    this.#run = run;
    // A recording goes at its followers' pace, whatever the pace at which it was made.
    onShown({ run, pace: isLive && !opened.isRecorded ? 'live' : 'replay' });
  }

  /** Neither the market's time nor what was wrong in the run before holds in this one. */
  #beginRun(isLive: boolean): void {
    this.#step({ type: 'run', isLive, stamps: this.#stampsNow() });
    this.#lastReceivedNs = 0n;
    this.#marketAtReceiptNs = 0n;
    this.#invalidTopics.clear();
  }

  /** At live pace the venue's clock runs on while it is silent; in a replay only its messages move it. */
  #tick(clockNs: bigint): void {
    if (!this.#market.config.isLive || this.#lastReceivedNs === 0n) return;
    const stamps = { receivedNs: clockNs, decodedNs: clockNs };
    const marketNowNs = this.#marketAtReceiptNs + (clockNs - this.#lastReceivedNs);
    this.#step({ type: 'clock', marketNowNs, stamps });
  }

  /** Takes up what is wanted from now on, and takes back what is not; the protocol has changed the subscription. */
  #follow(wanted: Wanted): void {
    const before = this.#wanted;
    this.#wanted = wanted;
    this.#excluded = new Set(wanted.excluded);
    if (before === undefined) return;
    const stamps = this.#stampsNow();
    const { log } = this.#options;
    const added = addedTo(before, wanted);
    if (added.length > 0) this.#step({ type: 'added', symbols: added, stamps });
    for (const symbol of added) log.info({ symbol }, `${symbol} is followed from now on`);
    const gone = before.symbols.filter((symbol) => !wanted.symbols.includes(symbol));
    const moved = wanted.excluded.filter((symbol) => this.has(symbol));
    const withdrawn = [...new Set([...gone, ...moved])];
    if (withdrawn.length > 0) this.#step({ type: 'withdrawn', symbols: withdrawn, stamps });
    for (const symbol of withdrawn) {
      this.#invalidTopics.delete(marketTopic(symbol, 'data'));
      log.info({ symbol }, `${symbol} is not followed any more`);
    }
  }
}

/** Symbols that are named now, or that `*` is let bring again. */
function addedTo(before: Wanted, { symbols, excluded }: Wanted): readonly string[] {
  const isNew = (symbol: string) => !before.symbols.includes(symbol) && !excluded.includes(symbol);
  return [...symbols, ...before.excluded].filter(isNew);
}

function symbolOf(output: FeedOutput): string {
  if (output.kind === 'event') return output.event.symbol;
  return 'symbol' in output ? output.symbol : '';
}

/** What is played of a recording is received now, as far as those behind us are concerned. */
function restamped(publication: Publication, nowNs: bigint): Publication {
  const { payload } = publication;
  if (!('receivedNs' in payload)) return publication;
  return { ...publication, payload: { ...payload, receivedNs: nowNs, decodedNs: nowNs } } as Publication;
}
