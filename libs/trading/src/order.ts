import type { DecimalText } from './money.ts';

export type Side = 'BUY' | 'SELL';
export type OrdType = 'MARKET' | 'LIMIT' | 'STOP' | 'STOP_LIMIT' | 'TRAILING_STOP';
export type TimeInForce = 'DAY' | 'GTC' | 'IOC' | 'FOK';

/** What a strategy wants, sized and named, before anyone has checked it. */
export interface OrderIntent {
  readonly clOrdId: string;
  readonly symbol: string;
  readonly side: Side;
  readonly orderQty: DecimalText;
  readonly ordType: OrdType;
  readonly timeInForce: TimeInForce;
  readonly strategy: string;
  /** The venue event that caused the decision: `trade:<id>`, `bar.1s:<start ns>`, `manual:<who>`. */
  readonly cause: string;
  /** When market-data received that event, Unix ns on our own clock. */
  readonly receivedNs: bigint;
  /** Unix ns on our own clock; an intent that reaches risk later is refused. */
  readonly expiresNs: bigint;
}

declare const approved: unique symbol;

/** An intent that passed every check. Only `checkOrder` in risk makes one; execution accepts nothing else. */
export type ApprovedOrder = OrderIntent & { readonly [approved]: true };

/** Why an order was not accepted, in the terms of FIX tag 103 where it has one, with both numbers in `text`. */
export type OrdRejReason =
  | 'DUPLICATE_ORDER'
  | 'EXPIRED_INTENT'
  | 'INVALID_CL_ORD_ID'
  | 'INVALID_QUANTITY'
  | 'MARKET_DATA_INVALID'
  | 'NO_REFERENCE_PRICE'
  | 'NOT_READY'
  | 'ORDER_EXCEEDS_LIMIT'
  | 'TRADING_HALTED'
  | 'UNSUPPORTED_ORDER_CHARACTERISTIC';

/** Sign of a side's effect on a position: +1 for BUY, −1 for SELL. */
export function signOf(side: Side): 1 | -1 {
  return side === 'BUY' ? 1 : -1;
}
