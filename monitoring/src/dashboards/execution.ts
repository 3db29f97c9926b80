import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { dashboard, tracesOf } from '../dashboard.ts';
import { chart, heatmap, stat, states } from '../panels.ts';
import { orZero, TRADING_WORDS, tradingState, YES_NO } from '../words.ts';

const now = [
  stat({
    title: 'Order updates',
    description: "Whether the venue's stream of order updates flows. Without it nothing new is sent.",
    unit: 'none',
    queries: [['tickpath_execution_updates_up', 'up']],
    words: YES_NO,
  }),
  stat({
    title: 'Trading',
    description: 'The trading state of execution. Its reasons are in /healthz of execution.',
    unit: 'none',
    queries: [tradingState(', service="execution"')],
    words: TRADING_WORDS,
  }),
  stat({
    title: 'Unknown orders',
    description: 'Orders whose fate is not known: they are looked up at the venue until it is.',
    unit: 'none',
    queries: [[orZero('sum(tickpath_execution_open_orders{state="UNKNOWN"})'), 'unknown']],
    thresholds: [[1, 'red']],
  }),
  stat({
    title: 'Fills, 5 min',
    description: 'Executions within 5 minutes, partial ones included.',
    unit: 'none',
    decimals: 0,
    queries: [['job:tickpath_execution_fills:increase5m', 'fills']],
    links: [tracesOf('execution')],
  }),
  stat({
    title: 'Venue faults, 1 h',
    description: 'Messages of the venue that were not understood.',
    unit: 'none',
    decimals: 0,
    queries: [[orZero('sum(increase(tickpath_execution_venue_faults_total[1h]))'), 'faults']],
    thresholds: [[1, 'red']],
  }),
  stat({
    title: 'Reconnects, 1 h',
    description: 'How often the stream of order updates was made anew.',
    unit: 'none',
    decimals: 0,
    queries: [['increase(tickpath_execution_reconnects_total[1h])', 'reconnects']],
    thresholds: [[3, 'orange']],
  }),
];

const orders = [
  chart({
    title: 'Orders and fills',
    description: 'Orders written to the venue and executions, per minute.',
    unit: 'cpm',
    queries: [
      ['60 * sum(rate(tickpath_execution_orders_total[1m]))', 'orders'],
      ['60 * sum(rate(tickpath_execution_fills_total[1m]))', 'fills'],
    ],
    links: [tracesOf('execution')],
  }),
  chart({
    title: 'Open orders by state',
    description: 'Orders that the venue has not closed, by OrdStatus.',
    unit: 'none',
    min: 0,
    stacked: true,
    queries: [[orZero('sum by (state) (tickpath_execution_open_orders)'), '{{state}}']],
  }),
  chart({
    title: 'Closed without a complete fill',
    description: 'Orders that were rejected, refused, cancelled or expired, within 5 minutes.',
    unit: 'none',
    min: 0,
    queries: [[orZero('sum by (kind) (increase(tickpath_execution_closed_total[5m]))'), '{{kind}}']],
  }),
  chart({
    title: 'What the strategies asked for',
    description: 'Orders per minute that signal asked for, by what risk said; UNKNOWN is an answer that did not come.',
    unit: 'cpm',
    queries: [[orZero('60 * sum by (result) (rate(tickpath_signal_intents_total[1m]))'), '{{result}}']],
    links: [tracesOf('signal')],
  }),
];

const venue = [
  chart({
    title: 'At the venue',
    description: 'Orders by what became of them and REST requests, per minute, as the venue counts them.',
    unit: 'cpm',
    queries: [
      [orZero('60 * sum by (result) (rate(tickpath_venue_orders_total[1m]))'), 'orders {{result}}'],
      [orZero('60 * sum by (route, status) (rate(tickpath_venue_http_requests_total[1m]))'), '{{route}} {{status}}'],
      ['60 * sum(rate(tickpath_venue_fills_total[1m]))', 'fills'],
    ],
  }),
  chart({
    title: 'Clients of the venue',
    description: 'WebSocket clients connected, by endpoint: one for market data, one for order updates.',
    unit: 'none',
    min: 0,
    queries: [['sum by (endpoint) (tickpath_venue_clients)', '{{endpoint}}']],
  }),
  heatmap({
    title: 'Time to a fill',
    description: 'Where the durations from the request written to the last execution lie.',
    unit: 's',
    queries: [['sum by (le) (increase(tickpath_stage_seconds_bucket{stage="fill"}[1m]))', '{{le}}']],
    links: [tracesOf('execution')],
  }),
  chart({
    title: 'Submit, acknowledge, fill',
    description: 'p99 of the three stages of an order at the venue.',
    unit: 's',
    height: 9,
    queries: [['service_stage:tickpath_stage_seconds:p99_5m{stage=~"submit|acknowledge|fill"}', '{{stage}}']],
  }),
  states({
    title: 'Trading state',
    description: 'When execution sent orders, and when it did not.',
    unit: 'none',
    span: 24,
    queries: [tradingState(', service="execution"')],
    words: TRADING_WORDS,
  }),
];

/** Orders from approval to their last word. */
export function execution(): Dashboard {
  return dashboard({
    uid: 'tickpath-execution',
    title: 'Execution',
    description: 'Orders at the venue, what became of them and how long it took.',
    rows: [
      { title: 'Now', panels: now },
      { title: 'Orders', panels: orders },
      { title: 'The venue', panels: venue },
    ],
  });
}
