import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { dashboard, labelVariable, tracesOf } from '../dashboard.ts';
import { chart, heatmap, stat, states, table } from '../panels.ts';
import { orZero, TRADING_WORDS, tradingState } from '../words.ts';

const USD = 'currencyUSD';

const book = [
  stat({
    title: 'Ledger imbalance',
    description:
      'cash + cost − realised P&L + fees, less the net deposits. It is 0; anything else is a fault in the book.',
    unit: USD,
    queries: [['tickpath_risk_ledger_imbalance_usd', 'imbalance']],
    words: { 0: ['0', 'green'] },
    thresholds: [[1e-12, 'red']],
  }),
  stat({
    title: 'Trading',
    description: 'The trading state of risk. Its reasons are in /healthz of risk.',
    unit: 'none',
    queries: [tradingState(', service="risk"')],
    words: TRADING_WORDS,
  }),
  stat({
    title: 'Drawdown',
    description: 'Highest equity so far less equity now.',
    unit: USD,
    queries: [['tickpath_risk_drawdown_usd', 'drawdown']],
  }),
  stat({
    title: 'Gross exposure',
    description: 'Sum of all positions with their open orders.',
    unit: USD,
    queries: [['tickpath_risk_gross_exposure_usd', 'gross']],
  }),
  stat({
    title: 'Positions',
    description: 'Symbols with a position.',
    unit: 'none',
    queries: [['tickpath_risk_positions', 'positions']],
  }),
  stat({
    title: 'Book held against the venue',
    description: 'How often since its start risk held its book against the account at the venue; once is the start.',
    unit: 'none',
    decimals: 0,
    queries: [['tickpath_risk_rebases_total', 'times']],
    thresholds: [[2, 'orange']],
  }),
];

const decisions = [
  chart({
    title: 'Decisions',
    description: 'Checks per minute by result: APPROVED, or the reason of the refusal.',
    unit: 'cpm',
    stacked: true,
    queries: [[orZero('60 * sum by (result) (rate(tickpath_risk_decisions_total[1m]))'), '{{result}}']],
    links: [tracesOf('risk')],
  }),
  chart({
    title: 'Refused',
    description: 'Share of the checks of the last 5 minutes that were refused. Above half it is worth a look.',
    unit: 'percentunit',
    min: 0,
    max: 1,
    queries: [
      [
        'job:tickpath_risk_decisions_refused:increase5m / clamp_min(job:tickpath_risk_decisions:increase5m, 1)',
        'refused',
      ],
    ],
    thresholds: [[0.5, 'red']],
  }),
  heatmap({
    title: 'Time for a check in the core',
    description: 'Where the durations of a check lie. Its budget is 10 µs in the middle and 50 µs at p99.',
    unit: 's',
    queries: [['sum by (le) (increase(tickpath_stage_seconds_bucket{stage="risk_check"}[1m]))', '{{le}}']],
  }),
  chart({
    title: 'Round trip and core',
    description: 'p99 of a check as signal sees it, and in the core; the difference is the wire and the log.',
    unit: 's',
    height: 9,
    queries: [
      ['service_stage:tickpath_stage_seconds:p99_5m{stage=~"risk_round_trip|risk_check|apply_execution"}', '{{stage}}'],
    ],
  }),
];

const exposure = [
  chart({
    title: 'Against the limits',
    description: 'Gross exposure and the largest position, each as a share of its limit.',
    unit: 'percentunit',
    min: 0,
    queries: [
      ['job:tickpath_risk_gross_exposure:limit_ratio', 'gross'],
      [
        orZero(
          'max(abs(tickpath_risk_position_notional_usd{symbol!="other"})) / max(tickpath_risk_limit_usd{limit="position_notional"})',
        ),
        'largest position',
      ],
    ],
    thresholds: [
      [0.75, 'orange'],
      [0.9, 'red'],
    ],
  }),
  chart({
    title: 'Positions',
    description: 'Signed units of each position.',
    unit: 'none',
    queries: [[orZero('sum by (symbol) (tickpath_risk_position_qty{symbol=~"$symbol"})'), '{{symbol}}']],
  }),
  table({
    title: 'Limits',
    description: 'The limits in force, as risk was configured.',
    unit: USD,
    by: 'limit',
    queries: [['max by (limit) (tickpath_risk_limit_usd)', 'USD']],
  }),
  states({
    title: 'Trading state',
    description: 'When risk approved orders, and when it did not.',
    unit: 'none',
    height: 9,
    queries: [tradingState(', service="risk"')],
    words: TRADING_WORDS,
  }),
];

/** The only door, and the book of record. */
export function risk(): Dashboard {
  return dashboard({
    uid: 'tickpath-risk',
    title: 'Risk',
    description: 'The book of record, the decisions, and how near the limits are.',
    variables: [labelVariable('symbol', 'Symbol', 'tickpath_risk_position_qty')],
    rows: [
      { title: 'Book', panels: book },
      { title: 'Decisions', panels: decisions },
      { title: 'Exposure', panels: exposure },
    ],
  });
}
