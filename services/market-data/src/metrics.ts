import type { Metrics } from '@tickpath/runtime';
import { FEED_STATES, type FeedState, FRAME_FAULTS, type FrameFault } from './alpaca-feed.ts';
import { type Publication, REJECT_REASONS, type Rejected } from './core/index.ts';

/** What market-data counts and measures. */
export interface MarketDataMetrics {
  /** Takes what was published together, because a labelled count a tick would cost some per cent of publishing it. */
  published(publications: readonly Publication[]): void;
  rejected(reason: Rejected['reason'] | FrameFault): void;
  lateTrade(): void;
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

/** Unix nanoseconds: the frame came, was parsed, was read and put into bars, was handed to the socket. */
export interface FrameTimes {
  readonly receivedNs: bigint;
  readonly decodedNs: bigint;
  readonly steppedNs: bigint;
  readonly publishedNs: bigint;
}

/** What is looked at only when someone scrapes. */
export interface MarketDataView {
  symbols(): number;
  /** Unix nanoseconds of the last venue message, 0 before the first. */
  lastReceivedNs(): bigint;
  nowNs(): bigint;
}

export function createMarketDataMetrics(metrics: Metrics, view: MarketDataView): MarketDataMetrics {
  const ticks = metrics.counter('tickpath_market_data_ticks_total', 'Ticks published', ['kind']);
  const bars = metrics.counter('tickpath_market_data_bars_total', 'Bars closed and published', ['interval']);
  const rejected = metrics.counter('tickpath_market_data_rejected_total', 'Venue messages not published', ['reason']);
  const late = metrics.counter('tickpath_market_data_late_trades_total', 'Trades that came after their bar had closed');
  const paused = metrics.gauge('tickpath_market_data_paused', '1 while a replay waits for a follower');
  const subscribed = metrics.gauge('tickpath_market_data_subscribed', '1 while subscribed to the venue');
  const feedState = metrics.gauge('tickpath_market_data_feed_state', '1 for the state the feed is in', ['state']);
  const feedAge = metrics.gauge(
    'tickpath_market_data_feed_age_seconds',
    'Time since the last venue message; 0 before the first',
  );
  const reconnects = metrics.counter(
    'tickpath_market_data_reconnects_total',
    'Times the feed was subscribed again after it had been lost',
  );
  const symbols = metrics.gauge('tickpath_market_data_symbols', 'Symbols of which something has been published');
  const decode = metrics.stage('decode');
  const bar = metrics.stage('bar');
  const publish = metrics.stage('publish');

  const setState = (current: FeedState) => {
    for (const state of FEED_STATES) feedState.set({ state }, state === current ? 1 : 0);
    subscribed.set(current === 'subscribed' ? 1 : 0);
  };
  setState('disconnected');
  for (const reason of [...REJECT_REASONS, ...FRAME_FAULTS]) rejected.inc({ reason }, 0);
  metrics.beforeScrape(() => {
    const lastNs = view.lastReceivedNs();
    feedAge.set(lastNs === 0n ? 0 : seconds(lastNs, view.nowNs()));
    symbols.set(view.symbols());
  });

  let state: FeedState = 'disconnected';
  let lost = false;
  return {
    published(publications) {
      let trades = 0;
      let quotes = 0;
      for (const publication of publications) {
        if (publication.kind === 'trade') trades += 1;
        else if (publication.kind === 'quote') quotes += 1;
        else bars.inc({ interval: publication.payload.interval });
      }
      if (trades > 0) ticks.inc({ kind: 'trade' }, trades);
      if (quotes > 0) ticks.inc({ kind: 'quote' }, quotes);
    },
    rejected: (reason) => rejected.inc({ reason }),
    lateTrade: () => late.inc(),
    paused: (isPaused) => paused.set(isPaused ? 1 : 0),
    feed(next) {
      if (next === 'disconnected' && state === 'subscribed') lost = true;
      if (next === 'subscribed' && lost) {
        reconnects.inc();
        lost = false;
      }
      state = next;
      setState(next);
    },
    frame({ messages, publications }, { receivedNs, decodedNs, steppedNs, publishedNs }) {
      if (messages > 0) {
        decode(seconds(receivedNs, decodedNs) / messages);
        bar(seconds(decodedNs, steppedNs) / messages);
      }
      if (publications > 0) publish(seconds(steppedNs, publishedNs) / publications);
    },
  };
}

function seconds(fromNs: bigint, toNs: bigint): number {
  return Number(toNs - fromNs) / 1e9;
}
