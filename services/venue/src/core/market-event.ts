import type { DecimalText } from '@tickpath/trading';

/** A trade as the venue shows it. Prices and sizes are plain decimal text, `tsNs` is Unix time in nanoseconds. */
export interface MarketTrade {
  readonly kind: 'trade';
  readonly symbol: string;
  readonly tsNs: bigint;
  /** The exchange's trade id: a safe integer, unique within a symbol and run. */
  readonly id: number;
  readonly price: DecimalText;
  readonly size: DecimalText;
  readonly exchange: string;
  readonly conditions: readonly string[];
  readonly tape: string;
}

/** Which sides of a quote are new. A side carried over from before shows the same liquidity, not more of it. */
export type QuoteSides = 'both' | 'bid' | 'ask';

/** A complete quote. A side with price or size `0` is absent. */
export interface MarketQuote {
  readonly kind: 'quote';
  readonly symbol: string;
  readonly tsNs: bigint;
  readonly updates: QuoteSides;
  readonly bidPx: DecimalText;
  readonly bidSz: DecimalText;
  readonly askPx: DecimalText;
  readonly askSz: DecimalText;
  readonly bidExchange: string;
  readonly askExchange: string;
  readonly conditions: readonly string[];
  readonly tape: string;
}

export type MarketEvent = MarketTrade | MarketQuote;

const SYMBOL = /^[A-Z0-9][A-Z0-9./-]{0,20}$/;

/** True for text that can name an instrument on this venue. */
export function isSymbol(text: string): boolean {
  return SYMBOL.test(text);
}
