import type { Metrics } from '@tickpath/runtime';
import type { MarketOutput } from './core/index.ts';
import { createFeedMetrics, type FeedMetrics, type FeedView } from './feed-metrics.ts';

/** What market-data counts and measures. */
export interface MarketDataMetrics {
  /** Opens the metrics of a feed by its name, once. */
  feed(name: string, view: FeedView): FeedMetrics;
  /** Takes what was published together, because a labelled count a tick would cost some per cent of publishing it. */
  published(outputs: readonly MarketOutput[]): void;
  paused(isPaused: boolean): void;
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

const TICK_KINDS = ['trade', 'quote', 'book'] as const;

export function createMarketDataMetrics(metrics: Metrics): MarketDataMetrics {
  const ticks = metrics.counter('tickpath_market_data_ticks_total', 'Ticks published', ['kind']);
  const bars = metrics.counter('tickpath_market_data_bars_total', 'Bars closed and published', ['interval']);
  const revised = metrics.counter('tickpath_market_data_bars_revised_total', 'Bars published again', ['interval']);
  const paused = metrics.gauge('tickpath_market_data_paused', '1 while a replay waits for a follower');
  const decode = metrics.stage('decode');
  const bar = metrics.stage('bar');
  const publish = metrics.stage('publish');

  return {
    feed: createFeedMetrics(metrics),
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

function seconds(fromNs: bigint, toNs: bigint): number {
  return Number(toNs - fromNs) / 1e9;
}
