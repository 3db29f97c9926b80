import type { Metrics } from '@tickpath/runtime';
import { FEED_STATES, type FeedState } from './core/connection.ts';
import {
  BOOK_FAULTS,
  type FeedOutput,
  type MarketObserver,
  REJECT_REASONS,
  RULES,
  UNBARRED_REASONS,
} from './core/index.ts';

/** What one feed counts and measures; its name is the label `feed` where the feeds are told apart. */
export interface FeedMetrics extends Omit<MarketObserver, 'rejected'> {
  rejected(reason: string): void;
  /** A change of the feed's connection; a connection lost and subscribed again counts as one reconnect. */
  state(state: FeedState): void;
  /** Outputs of the feed about symbols that are not at home there. */
  foreign(count: number): void;
}

/** What is looked at only when someone scrapes. */
export interface FeedView {
  symbols(): number;
  /** Symbols whose data is not valid now. */
  invalidSymbols(): number;
  /** Unix nanoseconds of the last venue message, 0 before the first. */
  lastReceivedNs(): bigint;
  nowNs(): bigint;
}

const LOST_TOPICS = ['trade', 'book', 'quote'] as const;

/** The metrics of all feeds; each feed is opened by its name, once. */
export function createFeedMetrics(metrics: Metrics): (feed: string, view: FeedView) => FeedMetrics {
  const openConnection = connectionMetrics(metrics);
  const openFaults = faultMetrics(metrics);
  const quality = qualityMetrics(metrics);
  const symbols = metrics.gauge('tickpath_market_data_symbols', 'Symbols of which something has been published', [
    'feed',
  ]);
  const invalid = metrics.gauge('tickpath_market_data_invalid_symbols', 'Symbols whose data is not valid now', [
    'feed',
  ]);
  const age = metrics.gauge(
    'tickpath_market_data_feed_age_seconds',
    'Time since the last venue message; 0 before the first',
    ['feed'],
  );
  return (feed, view) => {
    metrics.beforeScrape(() => {
      const lastNs = view.lastReceivedNs();
      age.set({ feed }, lastNs === 0n ? 0 : Number(view.nowNs() - lastNs) / 1e9);
      symbols.set({ feed }, view.symbols());
      invalid.set({ feed }, view.invalidSymbols());
    });
    return { ...quality, ...openFaults(feed), state: openConnection(feed) };
  };
}

function qualityMetrics(metrics: Metrics): Pick<FeedMetrics, 'violated' | 'unbarred' | 'unpublished'> {
  const late = metrics.counter('tickpath_market_data_late_trades_total', 'Trades that came after their bar had closed');
  const violations = metrics.counter('tickpath_market_data_violations_total', 'Quality rules broken', ['rule']);
  const unbarred = metrics.counter('tickpath_market_data_unbarred_total', 'Trades not put into their bars', ['reason']);
  const unpublished = metrics.counter(
    'tickpath_market_data_unpublished_total',
    'Venue messages that are read and have no message of their own',
    ['kind'],
  );
  for (const rule of RULES) violations.inc({ rule }, 0);
  for (const reason of UNBARRED_REASONS) unbarred.inc({ reason }, 0);
  return {
    violated: (_symbol, { rule }) => violations.inc({ rule }),
    unbarred(_symbol, reason) {
      unbarred.inc({ reason });
      if (reason === 'late') late.inc();
    },
    unpublished: (kind) => unpublished.inc({ kind }),
  };
}

type Faults = Pick<FeedMetrics, 'rejected' | 'bookInvalid' | 'dropped' | 'foreign'>;

function faultMetrics(metrics: Metrics): (feed: string) => Faults {
  const rejected = metrics.counter('tickpath_market_data_rejected_total', 'Venue messages not published', [
    'feed',
    'reason',
  ]);
  const books = metrics.counter('tickpath_market_data_book_faults_total', 'Times a book became invalid', [
    'feed',
    'reason',
  ]);
  const duplicates = metrics.counter('tickpath_market_data_duplicates_total', 'Venue messages dropped as known', [
    'feed',
    'kind',
  ]);
  const lost = metrics.counter('tickpath_market_data_lost_total', "Holes in the venue's sequence not filled", [
    'feed',
    'kind',
  ]);
  const unknown = metrics.counter(
    'tickpath_market_data_unknown_total',
    'Venue messages of a type not known or not used',
    ['feed'],
  );
  const foreign = metrics.counter(
    'tickpath_market_data_foreign_total',
    'Venue messages of symbols that are not at home at the feed',
    ['feed'],
  );
  return (feed) => {
    for (const reason of REJECT_REASONS) rejected.inc({ feed, reason }, 0);
    for (const reason of BOOK_FAULTS) books.inc({ feed, reason }, 0);
    for (const kind of LOST_TOPICS) {
      lost.inc({ feed, kind }, 0);
      duplicates.inc({ feed, kind }, 0);
    }
    unknown.inc({ feed }, 0);
    foreign.inc({ feed }, 0);
    return {
      rejected: (reason) => rejected.inc({ feed, reason }),
      bookInvalid: (_symbol, reason) => books.inc({ feed, reason }),
      dropped(output: Extract<FeedOutput, { kind: 'unknown' | 'duplicate' | 'lost' }>) {
        if (output.kind === 'unknown') unknown.inc({ feed });
        else if (output.kind === 'duplicate') duplicates.inc({ feed, kind: output.what });
        else lost.inc({ feed, kind: output.topic });
      },
      foreign: (count) => foreign.inc({ feed }, count),
    };
  };
}

function connectionMetrics(metrics: Metrics): (feed: string) => FeedMetrics['state'] {
  const subscribed = metrics.gauge('tickpath_market_data_subscribed', '1 while subscribed to the venue', ['feed']);
  const feedState = metrics.gauge('tickpath_market_data_feed_state', '1 for the state the feed is in', [
    'feed',
    'state',
  ]);
  const reconnects = metrics.counter(
    'tickpath_market_data_reconnects_total',
    'Times the feed was subscribed again after it had been lost',
    ['feed'],
  );
  return (feed) => {
    const setState = (current: FeedState) => {
      for (const state of FEED_STATES) feedState.set({ feed, state }, state === current ? 1 : 0);
      subscribed.set({ feed }, current === 'subscribed' ? 1 : 0);
    };
    setState('disconnected');
    reconnects.inc({ feed }, 0);
    let before: FeedState = 'disconnected';
    let isLost = false;
    return (state) => {
      if (before === 'subscribed' && state !== 'subscribed') isLost = true;
      if (state === 'subscribed' && isLost) {
        reconnects.inc({ feed });
        isLost = false;
      }
      before = state;
      setState(state);
    };
  };
}
