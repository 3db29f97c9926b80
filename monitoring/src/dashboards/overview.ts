import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { dashboard, tracesOf } from '../dashboard.ts';
import { chart, stat, states, table } from '../panels.ts';
import { orZero, SERVICE_WORDS, serviceState, TRADING_WORDS, tradingState } from '../words.ts';

const USD = 'currencyUSD';

const account = [
  stat({
    title: 'Equity',
    description: 'Cash and the market value of all positions, as risk has it.',
    unit: USD,
    queries: [['tickpath_risk_equity_usd', 'equity']],
  }),
  stat({
    title: 'Realised P&L',
    description: 'Profit and loss of what has been closed, fees apart.',
    unit: USD,
    queries: [['tickpath_risk_realized_pnl_usd', 'realised']],
  }),
  stat({
    title: 'Unrealised P&L',
    description: 'Profit and loss of the open positions at the last price.',
    unit: USD,
    queries: [['tickpath_risk_unrealized_pnl_usd', 'unrealised']],
  }),
  stat({
    title: 'Drawdown',
    description: 'How far equity is below the highest it has been. From 5 % of it on a warning, from 10 % on an alarm.',
    unit: 'percentunit',
    decimals: 2,
    queries: [['job:tickpath_risk_drawdown:ratio', 'drawdown']],
    thresholds: [
      [0.05, 'orange'],
      [0.1, 'red'],
    ],
  }),
  stat({
    title: 'Gross exposure of its limit',
    description: 'Sum of all positions with their open orders, as a share of what risk allows.',
    unit: 'percentunit',
    decimals: 1,
    queries: [['job:tickpath_risk_gross_exposure:limit_ratio', 'of the limit']],
    thresholds: [
      [0.75, 'orange'],
      [0.9, 'red'],
    ],
  }),
  stat({
    title: 'Trading',
    description: 'The trading state of risk, the only door to the venue. Its reasons are in /healthz of risk.',
    unit: 'none',
    queries: [tradingState(', service="risk"')],
    words: TRADING_WORDS,
  }),
  chart({
    title: 'Equity',
    description: 'Equity and cash over time.',
    unit: USD,
    queries: [
      ['tickpath_risk_equity_usd', 'equity'],
      ['tickpath_risk_cash_usd', 'cash'],
    ],
  }),
  chart({
    title: 'Profit and loss',
    description: 'Realised and unrealised profit and loss, and the drawdown from the highest equity.',
    unit: USD,
    queries: [
      ['tickpath_risk_realized_pnl_usd', 'realised'],
      ['tickpath_risk_unrealized_pnl_usd', 'unrealised'],
      ['-tickpath_risk_drawdown_usd', 'drawdown'],
    ],
  }),
];

const positions = [
  table({
    title: 'Positions',
    description: 'Signed units and value of each position now; the largest fifty, the rest as `other`.',
    unit: 'none',
    by: 'symbol',
    queries: [
      [orZero('sum by (symbol) (tickpath_risk_position_qty)'), 'units'],
      [orZero('sum by (symbol) (tickpath_risk_position_notional_usd)'), 'value'],
    ],
    units: { value: USD },
  }),
  chart({
    title: 'Exposure',
    description: 'Value of each position, short ones below zero, and the gross exposure over all.',
    unit: USD,
    height: 9,
    queries: [
      [orZero('sum by (symbol) (tickpath_risk_position_notional_usd)'), '{{symbol}}'],
      ['tickpath_risk_gross_exposure_usd', 'gross'],
    ],
  }),
];

const flow = [
  chart({
    title: 'Orders and fills',
    description: 'Per minute: orders the strategies wanted, what risk approved, what went to the venue, executions.',
    unit: 'cpm',
    span: 8,
    queries: [
      [orZero('60 * sum(rate(tickpath_risk_decisions_total[1m]))'), 'checked'],
      [orZero('60 * sum(rate(tickpath_risk_decisions_total{result="APPROVED"}[1m]))'), 'approved'],
      ['60 * sum(rate(tickpath_execution_orders_total[1m]))', 'sent'],
      ['60 * sum(rate(tickpath_execution_fills_total[1m]))', 'fills'],
    ],
    links: [tracesOf('signal')],
  }),
  chart({
    title: 'Open orders',
    description: 'Orders without a last word, as risk holds them reserved and as execution follows them. They agree.',
    unit: 'none',
    span: 8,
    min: 0,
    queries: [
      ['tickpath_risk_open_orders', 'risk'],
      ['sum(tickpath_execution_open_orders)', 'execution'],
      ['tickpath_venue_open_orders', 'venue'],
    ],
  }),
  chart({
    title: 'Ticks',
    description: 'Trades and quotes a second that market-data publishes.',
    unit: 'eps',
    span: 8,
    min: 0,
    queries: [['kind:tickpath_market_data_ticks:rate1m', '{{kind}}']],
  }),
];

const health = [
  states({
    title: 'Trading states',
    description: 'What each service that trades says of itself: signal, risk and execution.',
    unit: 'none',
    span: 8,
    queries: [tradingState('')],
    words: TRADING_WORDS,
  }),
  states({
    title: 'Services',
    description: 'State of each service; a gap is a time in which it did not answer.',
    unit: 'none',
    span: 8,
    queries: [serviceState('')],
    words: SERVICE_WORDS,
  }),
  stat({
    title: 'Services up',
    description: 'Services that answer Prometheus, of six.',
    unit: 'none',
    height: 7,
    queries: [['sum(up{job="tickpath"})', 'up']],
  }),
  stat({
    title: 'Alerts firing',
    description: 'Alerts at warning or critical that fire now; docs/runbook.md has an entry for each.',
    unit: 'none',
    height: 7,
    queries: [[orZero('count(ALERTS{alertstate="firing", severity!="info"})'), 'firing']],
    thresholds: [[1, 'red']],
  }),
];

/** What a trader looks at: the account, what is held, what is traded, and whether it may be. */
export function overview(): Dashboard {
  return dashboard({
    uid: 'tickpath-overview',
    title: 'Overview',
    description: 'The account, its positions, orders and fills, and whether the stack trades.',
    rows: [
      { title: 'Account', panels: account },
      { title: 'Positions', panels: positions },
      { title: 'Flow', panels: flow },
      { title: 'Health', panels: health },
    ],
  });
}
