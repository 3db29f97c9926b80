import type { DecimalText, Instrument } from '@tickpath/trading';

/**
 * What every event of the market has. Prices are whole numbers of 10^-priceDecimals of the instrument, sizes of
 * 10^-qtyDecimals, always safe integers; `tsNs` is the market's own time in Unix nanoseconds.
 */
interface InstrumentEvent {
  readonly instrument: Instrument;
  readonly tsNs: bigint;
}

export interface MarketTrade extends InstrumentEvent {
  readonly kind: 'trade';
  /** The exchange's trade id: a safe integer, unique within a symbol and run. */
  readonly id: number;
  readonly px: number;
  readonly sz: number;
  readonly exchange: string;
  readonly conditions: readonly string[];
  readonly tape: string;
  /** Who crossed the spread; `null` when the source does not say. */
  readonly takerSide: 'B' | 'S' | null;
  /** Whether it counts as the last price: elects stops, fills resting orders. False for late, average-price and suspicious prints. */
  readonly isLastSale: boolean;
}

/** Which sides of a quote are new. A side carried over from before shows the same liquidity, not more of it. */
export type QuoteSides = 'both' | 'bid' | 'ask';

/** The best quote, complete. A side with price or size 0 is absent. */
export interface MarketQuote extends InstrumentEvent {
  readonly kind: 'quote';
  readonly updates: QuoteSides;
  readonly bidPx: number;
  readonly bidSz: number;
  readonly askPx: number;
  readonly askSz: number;
  readonly bidExchange: string;
  readonly askExchange: string;
  readonly conditions: readonly string[];
  readonly tape: string;
}

/** Price and size of a level of the book; size 0 removes it. */
export type BookLevel = readonly [px: number, sz: number];

/** Levels of the book that are new. With `reset` they are the whole book, in any order. */
export interface MarketBook extends InstrumentEvent {
  readonly kind: 'book';
  readonly reset: boolean;
  readonly bids: readonly BookLevel[];
  readonly asks: readonly BookLevel[];
}

/** A trading status in the codes of the tape (`alpaca-protocol`: A/B numeric and letters, C/O letters). */
export interface MarketStatus extends InstrumentEvent {
  readonly kind: 'status';
  readonly statusCode: string;
  readonly statusMessage: string;
  readonly reasonCode: string;
  readonly reasonMessage: string;
  readonly tape: string;
  /** What the code means for matching: `halt` stops it, `resume` lets it go on, `short-sale-restriction` is Rule 201. */
  readonly effect: 'halt' | 'resume' | 'short-sale-restriction' | 'none';
}

/** Limit up, limit down: the band outside of which nothing trades. */
export interface MarketLuld extends InstrumentEvent {
  readonly kind: 'luld';
  readonly upPx: number;
  readonly downPx: number;
  readonly indicator: string;
  readonly tape: string;
}

export interface TradeFacts {
  readonly id: number;
  readonly px: number;
  readonly sz: number;
  readonly conditions: readonly string[];
}

export interface MarketCorrection extends InstrumentEvent {
  readonly kind: 'correction';
  readonly exchange: string;
  readonly original: TradeFacts;
  readonly corrected: TradeFacts;
  /** When the original trade took place: finds its bar. */
  readonly originalNs: bigint;
  readonly tape: string;
}

/** A trade taken back: `C` canceled, `E` reported in error. */
export interface MarketCancelError extends InstrumentEvent {
  readonly kind: 'cancelError';
  readonly id: number;
  readonly exchange: string;
  readonly px: number;
  readonly sz: number;
  readonly action: 'C' | 'E';
  readonly originalNs: bigint;
  readonly tape: string;
}

export interface MarketImbalance extends InstrumentEvent {
  readonly kind: 'imbalance';
  readonly px: number;
  readonly tape: string;
}

/**
 * A bar made of trades. `tsNs` is its left edge; `vwap` rounded half-even at 1e-6. `volume` is in units of the instrument and
 * a bigint: in nano-shares a day of a busy stock is beyond a safe integer.
 */
export interface MarketBar extends InstrumentEvent {
  readonly kind: 'bar' | 'updatedBar' | 'dailyBar';
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: bigint;
  readonly tradeCount: number;
  readonly vwap: DecimalText;
}

/** What a source plays. Bars are not among them: the venue makes them of the trades. */
export type SourceEvent =
  | MarketTrade
  | MarketQuote
  | MarketBook
  | MarketStatus
  | MarketLuld
  | MarketCorrection
  | MarketCancelError
  | MarketImbalance;

/** What clients are shown. */
export type MarketEvent = SourceEvent | MarketBar;

const SYMBOL = /^[A-Z0-9][A-Z0-9./-]{0,20}$/;

/** True for text that can name an instrument on this venue. */
export function isSymbol(text: string): boolean {
  return SYMBOL.test(text);
}
