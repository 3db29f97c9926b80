import { type Decimal, decimal, divide, LEDGER_DECIMALS, ZERO } from './money.ts';
import { type Side, signOf } from './order.ts';

/**
 * A position at average cost. `qty` and `cost` are signed alike: a short of 10 at 100 is qty −10, cost −1000.
 * `realizedPnl` is in the quote currency, without fees.
 */
export interface Position {
  readonly symbol: string;
  readonly qty: Decimal;
  readonly cost: Decimal;
  readonly realizedPnl: Decimal;
}

/** One execution as the ledger sees it: `lastQty` > 0, `lastPx` > 0, in decimal text; a `fee` below 0 is a rebate. */
export interface Execution {
  readonly symbol: string;
  readonly side: Side;
  readonly lastQty: string;
  readonly lastPx: string;
  readonly fee?: string;
}

export function flatPosition(symbol: string): Position {
  return { symbol, qty: ZERO, cost: ZERO, realizedPnl: ZERO };
}

/**
 * The position after an execution. What closes leaves at average cost, the rest opens at the fill's price, so a fill
 * that flips long to short closes the whole old lot first. A partial close's cost is rounded half-even at 1e-12 and
 * the remainder stays in the position: nothing is lost to rounding (DESIGN §8).
 */
export function applyExecution(position: Position, execution: Execution): Position {
  const px = decimal(execution.lastPx);
  const signedQty = decimal(execution.lastQty).times(signOf(execution.side));
  const opens = position.qty.isZero() || position.qty.isPositive() === signedQty.isPositive();
  if (opens) {
    return { ...position, qty: position.qty.plus(signedQty), cost: position.cost.plus(signedQty.times(px)) };
  }
  const closesAll = signedQty.abs().gte(position.qty.abs());
  const closedQty = closesAll ? position.qty.neg() : signedQty;
  const closedCost = closesAll
    ? position.cost
    : divide(position.cost.times(closedQty.abs()), position.qty.abs(), LEDGER_DECIMALS);
  const proceeds = closedQty.neg().times(px);
  const opened = signedQty.minus(closedQty);
  return {
    symbol: position.symbol,
    qty: position.qty.plus(signedQty),
    cost: position.cost.minus(closedCost).plus(opened.times(px)),
    realizedPnl: position.realizedPnl.plus(proceeds).minus(closedCost),
  };
}

/** Average entry price, rounded half-even at 1e-12 for display; zero when flat. The ledger itself keeps `cost`. */
export function averagePx(position: Position): Decimal {
  return position.qty.isZero() ? ZERO : divide(position.cost, position.qty);
}

/** Market value minus cost at price `px`: right for longs and shorts alike, since both are signed. */
export function unrealizedPnl(position: Position, px: Decimal): Decimal {
  return position.qty.times(px).minus(position.cost);
}
