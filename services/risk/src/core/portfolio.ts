import { averagePx, decimalText, ledgerImbalance, valueLedger } from '@tickpath/trading';
import { markPx, type Reservation, type RiskState, tradingState } from './state.ts';

/** The account as text, exact to the last decimal. */
export function portfolioOf(state: RiskState) {
  const { ledger } = state;
  const value = valueLedger(ledger, (symbol) => markPx(state, symbol));
  return {
    ...tradingState(state),
    executionSeq: state.executionSeq,
    netDeposits: decimalText(ledger.netDeposits),
    cash: decimalText(ledger.cash),
    fees: decimalText(ledger.fees),
    equity: decimalText(value.equity),
    realizedPnl: decimalText(value.realizedPnl),
    unrealizedPnl: decimalText(value.unrealizedPnl),
    imbalance: decimalText(ledgerImbalance(ledger)),
    positions: Array.from(ledger.positions.values(), (position) => ({
      symbol: position.symbol,
      qty: decimalText(position.qty),
      avgPx: decimalText(averagePx(position)),
      cost: decimalText(position.cost),
      realizedPnl: decimalText(position.realizedPnl),
    })),
    openOrders: Array.from(state.reservations.values(), (order: Reservation) => ({
      clOrdId: order.clOrdId,
      symbol: order.symbol,
      side: order.side,
      leavesQty: decimalText(order.leavesQty),
    })),
  };
}
