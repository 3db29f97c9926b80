import { type Decimal, decimal, ZERO } from './money.ts';
import { signOf } from './order.ts';
import { applyExecution, type Execution, flatPosition, type Position, unrealizedPnl } from './position.ts';

/** Cash and positions of one account. All amounts in the account's currency. */
export interface Ledger {
  readonly netDeposits: Decimal;
  readonly cash: Decimal;
  readonly fees: Decimal;
  readonly positions: ReadonlyMap<string, Position>;
}

export function openLedger(netDeposits: Decimal): Ledger {
  return { netDeposits, cash: netDeposits, fees: ZERO, positions: new Map() };
}

/** The ledger after an execution: a new value, the old one is untouched. */
export function postExecution(ledger: Ledger, execution: Execution): Ledger {
  const notional = decimal(execution.lastQty).times(decimal(execution.lastPx));
  const fee = execution.fee === undefined ? ZERO : decimal(execution.fee);
  const before = ledger.positions.get(execution.symbol) ?? flatPosition(execution.symbol);
  return {
    netDeposits: ledger.netDeposits,
    cash: ledger.cash.minus(notional.times(signOf(execution.side))).minus(fee),
    fees: ledger.fees.plus(fee),
    positions: new Map(ledger.positions).set(execution.symbol, applyExecution(before, execution)),
  };
}

/** cash + Σ cost − realised P&L + fees − net deposits: zero, exactly, for ever (DESIGN §8). */
export function ledgerImbalance(ledger: Ledger): Decimal {
  let sum = ledger.cash.plus(ledger.fees).minus(ledger.netDeposits);
  for (const position of ledger.positions.values()) sum = sum.plus(position.cost).minus(position.realizedPnl);
  return sum;
}

export interface Valuation {
  readonly equity: Decimal;
  readonly realizedPnl: Decimal;
  readonly unrealizedPnl: Decimal;
}

/**
 * Values the account at `priceOf(symbol)`; a position without a price is carried at cost, so it adds no unrealised P&L.
 * Equity counts a short at its negative market value.
 */
export function valueLedger(ledger: Ledger, priceOf: (symbol: string) => Decimal | undefined): Valuation {
  let equity = ledger.cash;
  let realized = ZERO;
  let unrealized = ZERO;
  for (const position of ledger.positions.values()) {
    const px = priceOf(position.symbol);
    equity = equity.plus(px === undefined ? position.cost : position.qty.times(px));
    realized = realized.plus(position.realizedPnl);
    if (px !== undefined) unrealized = unrealized.plus(unrealizedPnl(position, px));
  }
  return { equity, realizedPnl: realized, unrealizedPnl: unrealized };
}
