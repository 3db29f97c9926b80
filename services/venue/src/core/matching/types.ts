import type { Instrument } from '@tickpath/trading';

export type Side = 'buy' | 'sell';
export type OrderType = 'market' | 'limit' | 'stop' | 'stop_limit' | 'trailing_stop';
export type TimeInForce = 'day' | 'gtc' | 'ioc' | 'fok';

/** How far a trailing stop stays behind: a price distance in units, or thousandths of a per cent of the high-water mark. */
export type Trail =
  | { readonly by: 'price'; readonly px: number }
  | { readonly by: 'percent'; readonly milliPercent: number };

/** When an asset class trades. Orders without `extendedHours` match only in `regular`. */
export type TradingPhase = 'closed' | 'extended' | 'regular';

/** An order as it enters matching: everything that decides what it may fill against, in the instrument's units. */
export interface EnteringOrder {
  readonly orderId: string;
  readonly instrument: Instrument;
  readonly side: Side;
  readonly type: OrderType;
  readonly timeInForce: TimeInForce;
  /** What is still to fill. */
  readonly leavesQty: number;
  readonly limitPx: number | null;
  readonly stopPx: number | null;
  readonly trail: Trail | null;
  /** Where a trailing stop's mark stands already, for one that is taken up again. */
  readonly hwmPx: number | null;
  /** A stop that had been elected before it was taken up again. */
  readonly isTriggered: boolean;
  readonly extendedHours: boolean;
  /** Sells what is not held: under a short-sale restriction it executes only above the best bid. */
  readonly isShortSale: boolean;
}

/** What matching decides. Applied by the exchange, which knows accounts, ids and times; matching knows none. */
export type MatchDecision =
  | {
      readonly kind: 'fill';
      readonly orderId: string;
      readonly lastPx: number;
      readonly lastQty: number;
      /** `taker` took what was shown, `maker` rested and was met. */
      readonly liquidity: 'maker' | 'taker';
    }
  /** A stop's price was traded: from here on it is a market or a limit order. */
  | { readonly kind: 'triggered'; readonly orderId: string }
  /** A trailing stop's mark moved. */
  | { readonly kind: 'trailed'; readonly orderId: string; readonly hwmPx: number; readonly stopPx: number }
  /** The rest of an IOC, or an FOK that could not fill whole. */
  | { readonly kind: 'expired-at-once'; readonly orderId: string };

/** What a taker pays beyond the price shown. A limit is never passed. */
export type SlippageModel =
  | { readonly model: 'none' }
  | { readonly model: 'fixed-bps'; readonly bps: number }
  /** `bps` × √(quantity ÷ volume traded so far in the symbol, at most 1): Almgren et al., Direct Estimation of Equity Market Impact, 2005. */
  | { readonly model: 'square-root'; readonly bps: number };
