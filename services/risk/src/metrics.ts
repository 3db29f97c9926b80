import type { Metrics } from '@tickpath/runtime';
import { portfolioOf, type RiskState, tradingState } from './core/index.ts';

export interface RiskMetrics {
  /** Counts a decision by `APPROVED` or its reason, and how long the core took. */
  decided(result: string, seconds: number): void;
}

const CHECK_BUCKETS = [5e-6, 1e-5, 2e-5, 5e-5, 1e-4, 2e-4, 5e-4, 1e-3, 5e-3];
const TRADING_STATES = ['CATCHING_UP', 'ACTIVE', 'REDUCING', 'HALTED'];

/** Registers risk's metrics. The account's gauges are computed when scraped; as doubles, for charts and alerts only. */
export function exportRiskMetrics(metrics: Metrics, state: RiskState): RiskMetrics {
  const decisions = metrics.counter('tickpath_risk_decisions_total', 'Risk checks by result', ['result']);
  const checkSeconds = metrics.histogram(
    'tickpath_risk_check_seconds',
    'Time a check takes in the core',
    CHECK_BUCKETS,
  );
  const account = {
    equity: metrics.gauge('tickpath_risk_equity_usd', 'Cash and market value of all positions'),
    cash: metrics.gauge('tickpath_risk_cash_usd', 'Cash'),
    realizedPnl: metrics.gauge('tickpath_risk_realized_pnl_usd', 'Realised profit and loss, fees apart'),
    unrealizedPnl: metrics.gauge('tickpath_risk_unrealized_pnl_usd', 'Unrealised profit and loss'),
    imbalance: metrics.gauge('tickpath_risk_ledger_imbalance_usd', 'Difference in the ledger identity; must be 0'),
  };
  const openOrders = metrics.gauge('tickpath_risk_open_orders', 'Approved orders without a terminal event');
  const positions = metrics.gauge('tickpath_risk_position_qty', 'Signed position', ['symbol']);
  const trading = metrics.gauge('tickpath_risk_trading_state', '1 for the trading state risk is in', ['state']);
  const scrape = { collect: () => {} };
  scrape.collect = () => {
    const portfolio = portfolioOf(state);
    for (const [name, gauge] of Object.entries(account)) gauge.set(Number(portfolio[name as keyof typeof account]));
    openOrders.set(state.reservations.size);
    for (const { symbol, qty } of portfolio.positions) positions.set({ symbol }, Number(qty));
    for (const name of TRADING_STATES) trading.set({ state: name }, tradingState(state).state === name ? 1 : 0);
  };
  // prom-client collects in order of registration: the first of the group refreshes all of them.
  Object.assign(account.equity, { collect: scrape.collect });
  return {
    decided: (result, seconds) => {
      decisions.inc({ result });
      checkSeconds.observe(seconds);
    },
  };
}
