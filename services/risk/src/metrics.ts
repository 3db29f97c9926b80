import type { Metrics } from '@tickpath/runtime';
import { decimalText } from '@tickpath/trading';
import { markPx, portfolioOf, type RiskState } from './core/index.ts';

export interface RiskMetrics {
  /** Counts a decision by `APPROVED` or its reason. */
  decided(result: string): void;
  /** How long the core took over a check. */
  checked(seconds: number): void;
  /** Counts an event of the execution log, and how long the core took. */
  applied(kind: string, seconds: number): void;
}

/** Symbols with a series of their own: those with the largest positions. */
const MAX_SYMBOLS = 50;
/** The label of all others together. A symbol begins with a letter or a digit in upper case, so none has this name. */
const OTHER = 'other';

/** Registers risk's metrics. The account's gauges are computed when scraped; as doubles, for charts and alerts only. */
export function exportRiskMetrics(metrics: Metrics, state: RiskState): RiskMetrics {
  const decisions = metrics.counter('tickpath_risk_decisions_total', 'Risk checks by result', ['result']);
  const rebases = metrics.counter('tickpath_risk_rebases_total', "Times the book was held against the venue's account");
  // The taking that the book is in at the start; those that follow are news.
  if (state.taking !== undefined) rebases.inc();
  const account = {
    equity: metrics.gauge('tickpath_risk_equity_usd', 'Cash and market value of all positions'),
    cash: metrics.gauge('tickpath_risk_cash_usd', 'Cash'),
    realizedPnl: metrics.gauge('tickpath_risk_realized_pnl_usd', 'Realised profit and loss, fees apart'),
    unrealizedPnl: metrics.gauge('tickpath_risk_unrealized_pnl_usd', 'Unrealised profit and loss'),
    imbalance: metrics.gauge('tickpath_risk_ledger_imbalance_usd', 'Difference in the ledger identity; must be 0'),
  } as const;
  const drawdown = metrics.gauge('tickpath_risk_drawdown_usd', 'Highest equity seen minus equity now');
  const gross = metrics.gauge('tickpath_risk_gross_exposure_usd', 'What positions with their open orders could become');
  const openOrders = metrics.gauge('tickpath_risk_open_orders', 'Approved orders without a terminal event');
  const invalidData = metrics.gauge(
    'tickpath_risk_invalid_data_symbols',
    'Symbols in which no new exposure is taken, because their market data is not valid',
  );
  const positions = metrics.gauge('tickpath_risk_positions', 'Symbols with a position');
  const qty = metrics.gauge('tickpath_risk_position_qty', 'Signed position', ['symbol']);
  const notional = metrics.gauge('tickpath_risk_position_notional_usd', 'Signed value of a position', ['symbol']);
  const limits = metrics.gauge('tickpath_risk_limit_usd', 'Configured limits', ['limit']);
  const { maxOrderNotionalUsd, maxPositionNotionalUsd, maxGrossNotionalUsd } = state.limits;
  limits.set({ limit: 'order_notional' }, maxOrderNotionalUsd.toNumber());
  limits.set({ limit: 'position_notional' }, maxPositionNotionalUsd.toNumber());
  limits.set({ limit: 'gross_notional' }, maxGrossNotionalUsd.toNumber());
  let peakEquity: number | undefined;

  metrics.beforeScrape(() => {
    const portfolio = portfolioOf(state);
    for (const [name, gauge] of Object.entries(account)) gauge.set(Number(portfolio[name as keyof typeof account]));
    const equity = Number(portfolio.equity);
    // Before the account is known there is no equity to fall from.
    if (state.executionTrading !== undefined) peakEquity = Math.max(peakEquity ?? equity, equity);
    drawdown.set((peakEquity ?? equity) - equity);
    gross.set(state.grossExposure.toNumber());
    openOrders.set(state.reservations.size);
    invalidData.set(state.invalidData.size);
    exportPositions();
  });

  const exportPositions = (): void => {
    const held = Array.from(state.ledger.positions.values(), ({ symbol, qty: held, cost }) => {
      const px = markPx(state, symbol);
      return { symbol, qty: held, value: (px === undefined ? cost : held.times(px)).toNumber() };
    }).filter((position) => !position.qty.isZero());
    const bySize = held.toSorted((a, b) => Math.abs(b.value) - Math.abs(a.value));
    positions.set(held.length);
    qty.reset();
    notional.reset();
    for (const position of bySize.slice(0, MAX_SYMBOLS)) {
      qty.set({ symbol: position.symbol }, Number(decimalText(position.qty)));
      notional.set({ symbol: position.symbol }, position.value);
    }
    const rest = bySize.slice(MAX_SYMBOLS);
    if (rest.length > 0) {
      notional.set(
        { symbol: OTHER },
        rest.reduce((sum, { value }) => sum + value, 0),
      );
    }
  };
  const applySeconds = metrics.stage('apply_execution');
  return {
    decided: (result) => decisions.inc({ result }),
    checked: metrics.stage('risk_check'),
    applied(kind, seconds) {
      if (kind === 'AccountRebased') rebases.inc();
      applySeconds(seconds);
    },
  };
}
