import type { Bar, BarInterval, DecimalText } from '@tickpath/trading';

/** A trade as a strategy sees it. Prices and sizes are exact decimal text; times are Unix ns. */
export interface TradeView {
  readonly price: DecimalText;
  readonly size: DecimalText;
  readonly venueTsNs: bigint;
}

/** The top of the book; a side without a quote is null. */
export interface QuoteView {
  readonly bidPx: DecimalText | null;
  readonly bidSize: DecimalText;
  readonly askPx: DecimalText | null;
  readonly askSize: DecimalText;
  readonly venueTsNs: bigint;
}

/** What a strategy knows of the account when it decides. */
export interface StrategyContext {
  readonly symbol: string;
  /** Signed position by the book of record. */
  readonly positionQty: DecimalText;
}

/**
 * The position a strategy wants to have in its symbol, signed. Stating the target instead of an order makes a decision
 * repeatable: said twice it is still one position. `features` are the numbers it was decided from.
 */
export interface Target {
  readonly targetQty: DecimalText;
  readonly features: Readonly<Record<string, number>>;
}

/** One strategy at work on one symbol. Called in stream order; a result of undefined leaves the target as it is. */
export interface StrategyInstance {
  /**
   * Bars of `history` are warm-up, whenever they come: what is returned for them is ignored. One that is `incomplete` lacks
   * trades of its time.
   */
  onBar?(bar: Bar, context: StrategyContext): Target | undefined;
  onTrade?(trade: TradeView, context: StrategyContext): Target | undefined;
  onQuote?(quote: QuoteView, context: StrategyContext): Target | undefined;
}

/**
 * A strategy: a name that goes into the id of each of its orders, the history it needs, and an instance for each symbol.
 * It must decide from what it is given alone, with no clock, randomness or I/O, so that a backtest, a replay and a paper
 * run decide alike.
 */
export interface Strategy {
  readonly name: string;
  /** Bars an instance needs before it can decide; it gets them through `onBar`, and what it then returns is ignored. */
  readonly warmup: { readonly interval: BarInterval; readonly bars: number };
  /** One for each symbol, and another for each further run of the market, which has no history yet: that one gets no warm-up. */
  create(symbol: string): StrategyInstance;
}
