import type { Instrument } from '@tickpath/trading';
import type { RandomState } from '../random.ts';
import type { BookLevel, MarketTrade, SourceEvent } from './event.ts';

export interface SyntheticSymbol {
  readonly instrument: Instrument;
  /** Price at the start and the one the market keeps coming back to, in cents. */
  readonly priceCents: number;
}

export interface SyntheticConfig {
  readonly seed: number;
  readonly symbols: readonly SyntheticSymbol[];
  /** Trades and quotes per second and symbol, on average. */
  readonly ticksPerSecond: number;
  /** Sudden moves of a symbol, on average. */
  readonly jumpsPerHour?: number;
  /** Trading halts of an equity, on average. */
  readonly haltsPerHour?: number;
  readonly haltSeconds?: number;
  /** How many of a thousand trades are later corrected or taken back. */
  readonly correctionsPerThousand?: number;
  /** Unix nanoseconds of the first instant; the only thing that ties the series to a clock. */
  readonly startNs: bigint;
}

/** How rough the market is. */
export type Mood = 'calm' | 'usual' | 'wild';

/** The band outside of which an equity does not trade, in cents, around the reference price it was drawn at. */
export interface PriceBand {
  readonly referencePips: number;
  readonly downCents: number;
  readonly upCents: number;
}

/** A trade that is going to be corrected or taken back. */
export interface DueCorrection {
  readonly dueNs: number;
  readonly trade: Pick<MarketTrade, 'id' | 'px' | 'sz' | 'conditions' | 'tsNs'>;
}

/** Levels of one side of a book, best first. */
export type Ladder = readonly BookLevel[];

/** All that is known of one symbol. Times are whole nanoseconds since the start of the market; a pip is 1/100 cent. */
export interface SymbolState {
  readonly instrument: Instrument;
  readonly isCrypto: boolean;
  /** Price units in a cent. */
  readonly centUnits: number;
  /** Quantity units in the least quantity that trades: a share, or 1/10,000 of a coin. */
  readonly lotUnits: number;
  readonly lotsPerWhole: number;
  readonly anchorPips: number;
  random: RandomState;
  /** When the symbol does something next. */
  nextNs: number;
  lastNs: number;
  /** Ticks a second beyond the constant rate, right after the last tick. */
  excessRate: number;
  /** The fair price: many steps within the cent that the market shows. */
  fairPips: number;
  driftPipsPerSecond: number;
  trendEndsNs: number;
  mood: Mood;
  moodEndsNs: number;
  nextJumpNs: number;
  nextHaltNs: number;
  isHalted: boolean;
  /** The fair price of the last five minutes, smoothed; price bands are drawn around it. */
  referencePips: number;
  band: PriceBand | null;
  /** What is shown, 0 before the first quote. */
  bidCents: number;
  askCents: number;
  bidSz: number;
  askSz: number;
  bids: Ladder;
  asks: Ladder;
  booksUntilReset: number;
  tradeId: number;
  corrections: DueCorrection[];
}

/** The market as plain data: a copy of it goes on exactly as the original would. */
export interface SyntheticMarket {
  readonly seed: number;
  readonly startNs: bigint;
  readonly ticksPerSecond: number;
  /** Noise per tick in parts of the anchor price; it shrinks with the gap so that a second is as rough at every rate. */
  readonly noiseShare: number;
  readonly jumpsPerSecond: number;
  readonly haltsPerSecond: number;
  readonly haltNs: number;
  readonly correctionShare: number;
  readonly symbols: readonly SymbolState[];
  /** Indexes of the symbols, a binary heap by what is due first. */
  readonly schedule: number[];
  /** What a tick has led to and is still to be handed out, all of the same time. */
  pending: SourceEvent[];
  resumptions: number;
}

export const NS_PER_SECOND = 1_000_000_000;
export const PIPS_PER_CENT = 100;
const EXCHANGE = 'V';
export const TAPE = 'C';

/** Unix nanoseconds of a time of the market. */
export function tsOf(market: SyntheticMarket, ns: number): bigint {
  return market.startNs + BigInt(ns);
}

/** The exchange and tape that events of a symbol name: coins are on none. */
export function venueOf(state: SymbolState): { readonly exchange: string; readonly tape: string } {
  return state.isCrypto ? NOWHERE : LISTED;
}

const NOWHERE = { exchange: '', tape: '' };
const LISTED = { exchange: EXCHANGE, tape: TAPE };
