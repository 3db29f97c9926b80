import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { dashboard, tracesOf } from '../dashboard.ts';
import { chart, stat, states } from '../panels.ts';
import { orZero, YES_NO } from '../words.ts';

const feed = [
  stat({
    title: 'Subscribed',
    description: 'Whether market-data has a subscription, feed by feed.',
    unit: 'none',
    queries: [['tickpath_market_data_subscribed', '{{feed}}']],
    words: YES_NO,
  }),
  stat({
    title: 'Feed age',
    description: 'Time since the last message of each feed. In a running market it is below a second.',
    unit: 's',
    queries: [['tickpath_market_data_feed_age_seconds', '{{feed}}']],
    thresholds: [
      [2, 'orange'],
      [10, 'red'],
    ],
  }),
  stat({
    title: 'Symbols',
    description: 'Symbols that market-data has seen, feed by feed.',
    unit: 'none',
    queries: [['tickpath_market_data_symbols', '{{feed}}']],
  }),
  stat({
    title: 'Reconnects, 1 h',
    description: 'How often the connection of each feed was made anew within the hour.',
    unit: 'none',
    queries: [['increase(tickpath_market_data_reconnects_total[1h])', '{{feed}}']],
    decimals: 0,
    thresholds: [[3, 'orange']],
  }),
  stat({
    title: 'Rejected, 1 h',
    description: 'Venue messages that were not published within the hour, for whatever reason.',
    unit: 'none',
    queries: [[orZero('sum(increase(tickpath_market_data_rejected_total[1h]))'), 'rejected']],
    decimals: 0,
    thresholds: [[1, 'orange']],
  }),
  stat({
    title: 'Replay paused',
    description: 'Whether a replay waits for a follower that is behind.',
    unit: 'none',
    queries: [['tickpath_market_data_paused', 'paused']],
    words: { 0: ['no', 'green'], 1: ['waits', 'orange'] },
  }),
  states({
    title: 'Connections',
    description: 'The state of each feed that holds at each moment.',
    unit: 'none',
    queries: [['max by (feed, state) (tickpath_market_data_feed_state)', '{{feed}} {{state}}']],
    words: { 0: ['-', 'transparent'], 1: ['holds', 'green'] },
  }),
  chart({
    title: 'Feed age',
    description: 'Time since the last message of each feed. A rising line is a silent feed.',
    unit: 's',
    height: 7,
    min: 0,
    queries: [['tickpath_market_data_feed_age_seconds', '{{feed}}']],
    thresholds: [[10, 'red']],
    links: [tracesOf('market-data')],
  }),
];

const rates = [
  chart({
    title: 'Ticks published',
    description: 'Trades and quotes a second that went out on the market stream.',
    unit: 'eps',
    queries: [['sum by (kind) (rate(tickpath_market_data_ticks_total[$__rate_interval]))', '{{kind}}']],
    stacked: true,
  }),
  chart({
    title: 'Ticks shown by the venue',
    description: 'Trades and quotes a second that the venue played. Above what is published, something is on the way.',
    unit: 'eps',
    queries: [['sum by (kind) (rate(tickpath_venue_ticks_total[$__rate_interval]))', '{{kind}}']],
    stacked: true,
  }),
  chart({
    title: 'Bars',
    description: 'Bars closed per minute, by interval.',
    unit: 'cpm',
    queries: [[orZero('60 * sum by (interval) (rate(tickpath_market_data_bars_total[2m]))'), '{{interval}}']],
  }),
  chart({
    title: 'Rejected and late',
    description: 'Messages not published, by reason, and trades that came after their bar had closed; in 5 minutes.',
    unit: 'none',
    min: 0,
    queries: [
      [orZero('sum by (feed, reason) (increase(tickpath_market_data_rejected_total[5m]))'), '{{feed}} {{reason}}'],
      ['increase(tickpath_market_data_late_trades_total[5m])', 'late trades'],
    ],
  }),
];

const quality = [
  chart({
    title: 'Data not valid',
    description: 'Symbols whose data may be wrong: in them risk takes no new exposure.',
    unit: 'none',
    min: 0,
    queries: [
      ['tickpath_market_data_invalid_symbols', '{{feed}}'],
      ['tickpath_risk_invalid_data_symbols', 'known to risk'],
    ],
    thresholds: [[1, 'red']],
  }),
  chart({
    title: 'Rules broken',
    description: 'Trades, quotes and silences that broke a rule of quality, by rule, in 5 minutes.',
    unit: 'none',
    min: 0,
    queries: [[orZero('sum by (rule) (increase(tickpath_market_data_violations_total[5m]))'), '{{rule}}']],
  }),
  chart({
    title: 'Book faults',
    description: 'Times a book became invalid and was fetched anew, by why, in 5 minutes.',
    unit: 'none',
    min: 0,
    queries: [
      [orZero('sum by (feed, reason) (increase(tickpath_market_data_book_faults_total[5m]))'), '{{feed}} {{reason}}'],
    ],
  }),
  chart({
    title: 'Not in its bars',
    description: 'Trades, corrections and cancels that are in no bar, by why, in 5 minutes.',
    unit: 'none',
    min: 0,
    queries: [[orZero('sum by (reason) (increase(tickpath_market_data_unbarred_total[5m]))'), '{{reason}}']],
  }),
];

const storing = [
  chart({
    title: 'Kept by store',
    description: 'Messages of the market stream that store keeps, a second.',
    unit: 'mps',
    queries: [['sum by (kind) (rate(tickpath_store_messages_total[$__rate_interval]))', '{{kind}}']],
    stacked: true,
  }),
  chart({
    title: 'Queries of store',
    description: 'Queries that store answered, a minute, by kind. They come when a strategy warms up.',
    unit: 'cpm',
    queries: [[orZero('60 * sum by (kind) (rate(tickpath_store_queries_total[5m]))'), '{{kind}}']],
  }),
  chart({
    title: 'Symbols',
    description: 'Symbols seen by market-data, kept by store, and warm in signal.',
    unit: 'none',
    min: 0,
    queries: [
      ['sum(tickpath_market_data_symbols)', 'market-data'],
      ['tickpath_store_symbols', 'store'],
      ['tickpath_signal_warm_symbols', 'warm in signal'],
    ],
  }),
  chart({
    title: 'Time for a tick',
    description: 'p99 of parsing a frame, publishing a tick, putting it into bars, and keeping it.',
    unit: 's',
    queries: [
      ['service_stage:tickpath_stage_seconds:p99_5m{stage=~"decode|publish|bar|ingest"}', '{{service}} {{stage}}'],
    ],
  }),
];

/** The way of a tick from the venue into the stack. */
export function marketData(): Dashboard {
  return dashboard({
    uid: 'tickpath-market-data',
    title: 'Market data',
    description: 'The feed, what it brings, and whether it is kept.',
    rows: [
      { title: 'Feed', panels: feed },
      { title: 'Ticks and bars', panels: rates },
      { title: 'Quality', panels: quality },
      { title: 'Followers', panels: storing },
    ],
  });
}
