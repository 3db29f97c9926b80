import type { Kind, Payload } from '@tickpath/wire';
import { type Coverage, openCoverage } from './coverage.ts';
import type { BookFault, FeedEvent, FeedOutput, InstrumentEvent, Rejected, Stamps } from './feeds/protocol.ts';
import type { QualityConfig, Violation } from './quality/rules.ts';
import { openSymbolMarket, type SymbolMarket } from './symbol-market.ts';
import type { BarsConfig, UnbarredReason } from './trade-bars.ts';

export type MarketKind =
  | 'trade'
  | 'quote'
  | 'book'
  | 'status'
  | 'luld'
  | 'correction'
  | 'cancel'
  | 'imbalance'
  | 'instrument'
  | 'dataState'
  | 'bar'
  | 'activityBar';

/** One message to publish. */
export type Publication = {
  readonly [K in MarketKind & Kind]: { readonly kind: K; readonly topic: string; readonly payload: Payload<K> };
}[MarketKind & Kind];

/** The symbol's book was found wrong: whoever keeps the protocol has it fetched anew. */
export interface Resync {
  readonly kind: 'resync';
  readonly symbol: string;
  readonly reason: BookFault;
}

export type MarketOutput = Publication | Resync;

export interface MarketConfig {
  readonly quality: QualityConfig;
  readonly bars: BarsConfig;
  /** A full book is published at least so often while it changes. */
  readonly bookSnapshotMs: number;
  /** At live pace the venue's clock runs as ours does; a replay's times are past and wait for nobody. */
  readonly isLive: boolean;
  /**
   * The exchange whose feed has no quotes of its own: the top of a valid book is published as its quote. Null for a feed
   * that has them.
   */
  readonly bookQuotesOf: string | null;
}

export type MarketInput =
  /** What the protocol made of a frame, an answer, or a loss of the connection. */
  | { readonly type: 'feed'; readonly outputs: readonly FeedOutput[]; readonly stamps: Stamps }
  /** The venue shows another run: nothing that is known of the one before holds in it. */
  | { readonly type: 'run'; readonly isLive: boolean; readonly stamps: Stamps }
  /** Whether the venue sends what was subscribed; while it does not, no symbol's data is valid. */
  | { readonly type: 'connection'; readonly isSubscribed: boolean; readonly stamps: Stamps }
  /** Symbols are subscribed while others have been for long: nothing is known of their trades so far. */
  | { readonly type: 'added'; readonly symbols: readonly string[]; readonly stamps: Stamps }
  /** Symbols that are not subscribed any more: their data is said to be invalid, and what is known of them is forgotten. */
  | { readonly type: 'withdrawn'; readonly symbols: readonly string[]; readonly stamps: Stamps }
  /** The market's clock at live pace, for what happens because nothing comes. */
  | { readonly type: 'clock'; readonly marketNowNs: bigint; readonly stamps: Stamps };

/** State of the market-data core; owned and changed in place by `stepMarket`. */
export interface MarketState {
  config: MarketConfig;
  readonly symbols: Map<string, SymbolMarket>;
  readonly instruments: Map<string, InstrumentEvent>;
  /** Latest venue time seen over all symbols, those apart that were not to be believed. */
  marketNowNs: bigint;
  /** The market's time when we began to listen, anew after each lost connection; undefined until it is told. */
  listensNs: bigint | undefined;
  /** Latest venue time that an event has told; the market's own runs on without events. */
  heardNs: bigint;
  /** By symbol, also of symbols of which nothing has come yet. */
  readonly coverages: Map<string, Coverage>;
  /** Symbols of which more, or less, is known to be whole than when their bars were published. */
  readonly changed: Set<SymbolMarket>;
  /** Until then no bar can close. */
  nextCloseNs: bigint;
  isSubscribed: boolean;
}

/** Told of what is not published as it came, and of what was wrong. Nothing of it needs an answer. */
export interface MarketObserver {
  rejected(fault: Rejected): void;
  violated(symbol: string, violation: Violation): void;
  unbarred(symbol: string, reason: UnbarredReason): void;
  bookInvalid(symbol: string, reason: BookFault): void;
  dropped(output: Extract<FeedOutput, { kind: 'unknown' | 'duplicate' | 'lost' }>): void;
  /** An event of a kind that is not published: it has done what it does to bars. */
  unpublished(kind: FeedEvent['kind']): void;
}

/** One step of the core while it is made. */
export interface Step {
  readonly state: MarketState;
  readonly stamps: Stamps;
  readonly observer: MarketObserver;
  readonly out: MarketOutput[];
}

/** Later than any time: no bar is open. */
export const NEVER = 2n ** 63n;

export function openMarket(config: MarketConfig): MarketState {
  return {
    ...{ config, symbols: new Map(), instruments: new Map() },
    ...{ marketNowNs: 0n, nextCloseNs: NEVER, isSubscribed: true },
    ...{ listensNs: undefined, heardNs: 0n, coverages: new Map(), changed: new Set() },
  };
}

/** Another run begins: nothing that is known of the one before holds in it. */
export function beginRun(state: MarketState, isLive: boolean): void {
  state.config = { ...state.config, isLive };
  state.symbols.clear();
  state.instruments.clear();
  state.marketNowNs = 0n;
  state.nextCloseNs = NEVER;
  state.listensNs = undefined;
  state.heardNs = 0n;
  state.coverages.clear();
  state.changed.clear();
}

/** What is kept of the symbol, opened when it is first heard of. */
export function symbolMarket(state: MarketState, symbol: string): SymbolMarket {
  const known = state.symbols.get(symbol);
  if (known !== undefined) return known;
  const market = openSymbolMarket(symbol, state.instruments.get(symbol), {
    config: state.config,
    coverage: coverageOf(state, symbol),
  });
  state.symbols.set(symbol, market);
  return market;
}

/** Of which times the symbol's trades are known; of one that is first heard of, since we listen to the feed. */
export function coverageOf({ coverages, listensNs }: MarketState, symbol: string): Coverage {
  let coverage = coverages.get(symbol);
  if (coverage === undefined) {
    coverage = openCoverage(listensNs);
    coverages.set(symbol, coverage);
  }
  return coverage;
}
