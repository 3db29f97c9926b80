import type { Metrics } from '@tickpath/runtime';
import { FEED_STATES, type FeedState } from './core/connection.ts';
import {
  BOOK_FAULTS,
  type FeedOutput,
  type MarketObserver,
  type MarketOutput,
  REJECT_REASONS,
  RULES,
  UNBARRED_REASONS,
} from './core/index.ts';

/** What market-data counts and measures. */
export interface MarketDataMetrics extends Omit<MarketObserver, 'rejected'> {
  /** Takes what was published together, because a labelled count a tick would cost some per cent of publishing it. */
  published(outputs: readonly MarketOutput[]): void;
  rejected(reason: string): void;
  paused(isPaused: boolean): void;
  /** A change of the feed's connection; a connection lost and subscribed again counts as one reconnect. */
  feed(state: FeedState): void;
  /**
   * A frame's work: `messages` venue messages, the `publications` they led to, and when its steps were over. The stages
   * get the mean of the frame, once a frame: frames of a busy market hold hundreds of messages, and timing each one
   * would cost some per cent of what it takes.
   */
  frame(counts: { readonly messages: number; readonly publications: number }, times: FrameTimes): void;
}

/** Unix nanoseconds: the frame came, was parsed, was judged and put into books and bars, was handed to the socket. */
export interface FrameTimes {
  readonly receivedNs: bigint;
  readonly decodedNs: bigint;
  readonly steppedNs: bigint;
  readonly publishedNs: bigint;
}

/** What is looked at only when someone scrapes. */
export interface MarketDataView {
  symbols(): number;
  /** Symbols whose data is not valid now. */
  invalidSymbols(): number;
  /** Unix nanoseconds of the last venue message, 0 before the first. */
  lastReceivedNs(): bigint;
  nowNs(): bigint;
}

const LOST_TOPICS = ['trade', 'book', 'quote'] as const;
const TICK_KINDS = ['trade', 'quote', 'book'] as const;

export function createMarketDataMetrics(metrics: Metrics, view: MarketDataView): MarketDataMetrics {
  const ticks = metrics.counter('tickpath_market_data_ticks_total', 'Ticks published', ['kind']);
  const bars = metrics.counter('tickpath_market_data_bars_total', 'Bars closed and published', ['interval']);
  const revised = metrics.counter('tickpath_market_data_bars_revised_total', 'Bars published again', ['interval']);
  const rejected = metrics.counter('tickpath_market_data_rejected_total', 'Venue messages not published', ['reason']);
  const late = metrics.counter('tickpath_market_data_late_trades_total', 'Trades that came after their bar had closed');
  const paused = metrics.gauge('tickpath_market_data_paused', '1 while a replay waits for a follower');
  const symbols = metrics.gauge('tickpath_market_data_symbols', 'Symbols of which something has been published');
  const invalid = metrics.gauge('tickpath_market_data_invalid_symbols', 'Symbols whose data is not valid now');
  const feedAge = metrics.gauge(
    'tickpath_market_data_feed_age_seconds',
    'Time since the last venue message; 0 before the first',
  );
  const decode = metrics.stage('decode');
  const bar = metrics.stage('bar');
  const publish = metrics.stage('publish');

  for (const reason of REJECT_REASONS) rejected.inc({ reason }, 0);
  metrics.beforeScrape(() => {
    const lastNs = view.lastReceivedNs();
    feedAge.set(lastNs === 0n ? 0 : seconds(lastNs, view.nowNs()));
    symbols.set(view.symbols());
    invalid.set(view.invalidSymbols());
  });

  return {
    ...qualityMetrics(metrics, () => late.inc()),
    feed: feedMetrics(metrics),
    published(outputs) {
      const counts = new Map<string, number>();
      for (const output of outputs) {
        if (output.kind === 'bar') {
          const { interval, revision } = output.payload;
          if ((revision ?? 0) > 0) revised.inc({ interval });
          else bars.inc({ interval });
        } else if (output.kind === 'activityBar') bars.inc({ interval: output.payload.kind });
        else counts.set(output.kind, (counts.get(output.kind) ?? 0) + 1);
      }
      for (const kind of TICK_KINDS) {
        const count = counts.get(kind);
        if (count !== undefined) ticks.inc({ kind }, count);
      }
    },
    rejected: (reason) => rejected.inc({ reason }),
    paused: (isPaused) => paused.set(isPaused ? 1 : 0),
    frame({ messages, publications }, { receivedNs, decodedNs, steppedNs, publishedNs }) {
      if (messages > 0) {
        decode(seconds(receivedNs, decodedNs) / messages);
        bar(seconds(decodedNs, steppedNs) / messages);
      }
      if (publications > 0) publish(seconds(steppedNs, publishedNs) / publications);
    },
  };
}

function qualityMetrics(metrics: Metrics, onLate: () => void): Omit<MarketObserver, 'rejected'> {
  const violations = metrics.counter('tickpath_market_data_violations_total', 'Quality rules broken', ['rule']);
  const unbarred = metrics.counter('tickpath_market_data_unbarred_total', 'Trades not put into their bars', ['reason']);
  const books = metrics.counter('tickpath_market_data_book_faults_total', 'Times a book became invalid', ['reason']);
  const duplicates = metrics.counter('tickpath_market_data_duplicates_total', 'Venue messages dropped as known', [
    'kind',
  ]);
  const lost = metrics.counter('tickpath_market_data_lost_total', "Holes in the venue's sequence not filled", ['kind']);
  const unknown = metrics.counter(
    'tickpath_market_data_unknown_total',
    'Venue messages of a type not known or not used',
  );
  const unpublished = metrics.counter(
    'tickpath_market_data_unpublished_total',
    'Venue messages that are read and have no message of their own',
    ['kind'],
  );
  for (const rule of RULES) violations.inc({ rule }, 0);
  for (const reason of UNBARRED_REASONS) unbarred.inc({ reason }, 0);
  for (const reason of BOOK_FAULTS) books.inc({ reason }, 0);
  for (const kind of LOST_TOPICS) {
    lost.inc({ kind }, 0);
    duplicates.inc({ kind }, 0);
  }
  return {
    violated: (_symbol, { rule }) => violations.inc({ rule }),
    unbarred(_symbol, reason) {
      unbarred.inc({ reason });
      if (reason === 'late') onLate();
    },
    bookInvalid: (_symbol, reason) => books.inc({ reason }),
    dropped(output: Extract<FeedOutput, { kind: 'unknown' | 'duplicate' | 'lost' }>) {
      if (output.kind === 'unknown') unknown.inc();
      else if (output.kind === 'duplicate') duplicates.inc({ kind: output.what });
      else lost.inc({ kind: output.topic });
    },
    unpublished: (kind) => unpublished.inc({ kind }),
  };
}

function feedMetrics(metrics: Metrics): MarketDataMetrics['feed'] {
  const subscribed = metrics.gauge('tickpath_market_data_subscribed', '1 while subscribed to the venue');
  const feedState = metrics.gauge('tickpath_market_data_feed_state', '1 for the state the feed is in', ['state']);
  const reconnects = metrics.counter(
    'tickpath_market_data_reconnects_total',
    'Times the feed was subscribed again after it had been lost',
  );
  const setState = (current: FeedState) => {
    for (const state of FEED_STATES) feedState.set({ state }, state === current ? 1 : 0);
    subscribed.set(current === 'subscribed' ? 1 : 0);
  };
  setState('disconnected');
  let before: FeedState = 'disconnected';
  let isLost = false;
  return (state) => {
    if (before === 'subscribed' && state !== 'subscribed') isLost = true;
    if (state === 'subscribed' && isLost) {
      reconnects.inc();
      isLost = false;
    }
    before = state;
    setState(state);
  };
}

function seconds(fromNs: bigint, toNs: bigint): number {
  return Number(toNs - fromNs) / 1e9;
}
