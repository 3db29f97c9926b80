import type { Bars } from '../core/market/bars.ts';
import type { MarketEvent, SourceEvent } from '../core/market/event.ts';
import type { History } from '../core/market/history.ts';
import type { SyntheticPosition } from '../core/market/synthetic-position.ts';
import type { Exchange } from '../exchange.ts';
import type { MarketServer } from '../market-server.ts';
import type { VenueMetrics } from '../metrics.ts';
import type { TapeFileStats } from '../tape/tape.ts';

/** Times the speed at which a tape was recorded; `max` is as fast as its readers go. */
export type Pace = number | 'max';

export type FeedState = 'waiting' | 'playing' | 'paused' | 'seeking' | 'ended';

/** How far a tape has been played; what a start needs to go on behind it. A type and no interface, so that it is JSON. */
export type TapePosition = {
  readonly kind: 'tape';
  /** Rows that the exchange has been shown. */
  readonly events: number;
  /** Rows that had gone out to clients when the exchange was shown the last ones; the rest of them goes out again. */
  readonly shown: number;
  /** The tape's time, Unix nanoseconds as decimal text. */
  readonly tsNs: string;
  readonly isEnded: boolean;
};

/** Of a stream that is shown as it comes. */
export type StreamPosition = { readonly kind: 'stream' };

export type SourcePosition = TapePosition | SyntheticPosition | StreamPosition;

/** A source of events being played. */
export interface Feed {
  /** The market's time: what `marketNow` means for orders. Unix nanoseconds. */
  nowNs(): bigint;
  state(): FeedState;
  /** Where the source stands, as plain JSON. A synthetic market says it anew every ten seconds, and exactly once it has stopped. */
  position(): SourcePosition;
  /** Plays until the signal aborts; rejects with the source's error. A tape that has ended waits for a seek. */
  run(signal: AbortSignal): Promise<void>;
  /** How to move a tape; `null` for a market that cannot be moved. */
  readonly tape: TapeControl | null;
}

export interface TapeStatus {
  readonly state: FeedState;
  readonly pace: Pace;
  /** Unix nanoseconds. */
  readonly nowNs: bigint;
  /** Rows played, and how many there are where that is known: a first seek counts them. */
  readonly events: number;
  readonly totalEvents: number | null;
  readonly files: readonly TapeFileStats[];
}

export type SeekResult =
  | { readonly ok: true; readonly status: TapeStatus }
  | {
      readonly ok: false;
      readonly reason: 'busy' | 'out-of-range' | 'unreadable' | 'stopped';
      readonly message: string;
    };

/** Where to go: a time of the tape, or a share of its rows, from 0 to 100. */
export type SeekTarget =
  | { readonly by: 'time'; readonly tsNs: bigint }
  | { readonly by: 'share'; readonly percent: number };

/** A tape being played, for a person to hold and to move. */
export interface TapeControl {
  status(): TapeStatus;
  /** Stops the tape and its clock at the next frame; orders are taken meanwhile. */
  pause(): void;
  resume(): void;
  setPace(pace: Pace): void;
  /** Goes on at the first row at or after the target, as a new run. Resolves once the tape stands there. */
  seek(target: SeekTarget): Promise<SeekResult>;
}

export interface FeedOptions {
  readonly exchange: Pick<
    Exchange,
    'onMarket' | 'showPast' | 'onClock' | 'nextDueNs' | 'listen' | 'recordPosition' | 'settled'
  >;
  readonly market: Pick<
    MarketServer,
    'publish' | 'subscriberCount' | 'mostBufferedBytes' | 'closeSlow' | 'changed' | 'disconnectAll'
  >;
  /** What the bars and the historical REST are made of: everything that is shown, in order. */
  readonly bars: Pick<Bars, 'add' | 'advance' | 'clear'>;
  readonly history: Pick<History, 'add' | 'clear'>;
  /**
   * Begins a new run, because a tape has been moved: names it and notes it in the journal. Called before anything of the new
   * place is shown; the feed's position is the new one by then.
   */
  readonly beginRun: () => void;
  readonly clock: { nowNs(): bigint };
  /** Most events in one frame. */
  readonly frameLimit: number;
  /** Bytes that may wait for one client: beyond it a live client is closed, and a replay waits. */
  readonly slowClientBytes: number;
  readonly metrics: Pick<VenueMetrics, 'ticks' | 'dropped'>;
  readonly log: { info(fields: object, message: string): void };
}

/**
 * Shows events to the exchange and then, in the same turn, to the clients: an order meets a quote before anybody else can
 * act on it. `beforeEach` runs before the exchange sees an event.
 */
export function play(events: readonly SourceEvent[], options: FeedOptions, beforeEach?: () => void): void {
  const { exchange, metrics } = options;
  const counts = new Map<SourceEvent['kind'], number>();
  for (const event of events) {
    beforeEach?.();
    exchange.onMarket(event);
    counts.set(event.kind, (counts.get(event.kind) ?? 0) + 1);
  }
  for (const [kind, count] of counts) metrics.ticks(kind, count);
  publish(events, options);
}

/** Shows events to the clients alone, each behind the bars that were due before it. */
export function publish(events: readonly SourceEvent[], options: FeedOptions): void {
  const shown: MarketEvent[] = [];
  for (const event of events) remember(event, options, shown);
  options.market.publish(shown);
}

/** Takes an event into bars and history; what is to be shown of it goes to `shown`. */
export function remember(event: SourceEvent, { bars, history }: FeedOptions, shown?: MarketEvent[]): void {
  for (const bar of bars.add(event)) {
    history.add(bar);
    shown?.push(bar);
  }
  history.add(event);
  shown?.push(event);
}

/** Lets the exchange and the bars know that time has come to `nowNs`. */
export function tellTime(nowNs: bigint, { exchange, market, bars, history }: FeedOptions): void {
  exchange.onClock();
  const due = bars.advance(nowNs);
  if (due.length === 0) return;
  for (const bar of due) history.add(bar);
  market.publish(due);
}
