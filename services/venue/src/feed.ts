import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import type { MarketEvent } from './core/market-event.ts';
import { advance, nextEventNs, type SyntheticMarket } from './core/synthetic-market.ts';
import type { Exchange } from './exchange.ts';
import type { MarketServer } from './market-server.ts';
import type { VenueMetrics } from './metrics.ts';
import type { Tape } from './tape.ts';

export type Pace = number | 'max';

export interface FeedOptions {
  readonly exchange: Exchange;
  readonly market: MarketServer;
  readonly clock: { nowNs(): bigint };
  /** Most events in one frame. */
  readonly frameLimit: number;
  /** Bytes that may wait for one client: beyond it a live client is closed, and a replay waits. */
  readonly slowClientBytes: number;
  readonly metrics: VenueMetrics;
  readonly log: { info(fields: object, message: string): void };
}

export type TapeState = 'waiting' | 'playing' | 'ended';

/** A source of events being played. */
export interface Feed {
  /** The market's time: what `marketNow` means for orders. Unix nanoseconds. */
  nowNs(): bigint;
  state(): TapeState;
  /** Plays until the source ends or the signal aborts; rejects with the source's error. */
  run(signal: AbortSignal): Promise<void>;
}

const NS_PER_MS = 1_000_000n;

/** Orders meet a quote in the same turn in which it goes out. */
function play(events: readonly MarketEvent[], { exchange, market, metrics }: FeedOptions): void {
  let trades = 0;
  for (const event of events) {
    if (event.kind === 'quote') {
      exchange.onQuote(event);
      continue;
    }
    exchange.onTrade(event);
    trades += 1;
  }
  if (trades > 0) metrics.ticks('trade', trades);
  if (events.length > trades) metrics.ticks('quote', events.length - trades);
  market.publish(events);
}

/** Waits out a delay of nanoseconds, at least one millisecond: what falls due meanwhile goes out together. */
async function sleepNs(ns: bigint, signal: AbortSignal): Promise<void> {
  const ms = Number((ns + NS_PER_MS - 1n) / NS_PER_MS);
  await sleep(Math.min(Math.max(ms, 1), 60_000), undefined, { signal });
}

async function untilAborted(signal: AbortSignal, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/**
 * Plays the synthetic market at the clock's pace, with or without clients. What a late timer has missed follows at
 * once, in frames of the usual size; a client that does not keep up is told so and closed.
 */
export function createSyntheticFeed(source: SyntheticMarket, options: FeedOptions): Feed {
  const { clock, market, frameLimit, slowClientBytes } = options;
  return {
    nowNs: () => clock.nowNs(),
    state: () => 'playing',
    run: (signal) =>
      untilAborted(signal, async () => {
        while (!signal.aborted) {
          const events = advance(source, clock.nowNs(), frameLimit);
          if (events.length === 0) {
            await sleepNs(nextEventNs(source) - clock.nowNs(), signal);
            continue;
          }
          play(events, options);
          market.closeSlow(slowClientBytes);
          await nextTurn();
        }
      }),
  };
}

/**
 * Plays a tape from the first subscription on. The tape stands still while nobody is subscribed and while the slowest
 * client has more than `slowClientBytes` waiting, so that no event is dropped however long a reader pauses. Its clock
 * stands still with it. `startNs` is the time of the tape before its first event.
 */
export function createReplayFeed(tape: Tape, source: { pace: Pace; startNs: bigint }, options: FeedOptions): Feed {
  const { pace, startNs } = source;
  const { clock, market, frameLimit, slowClientBytes, log } = options;
  let state: TapeState = 'waiting';
  let lastNs = startNs;
  let anchor = { tapeNs: startNs, clockNs: clock.nowNs() };

  const mustWait = () => market.subscriberCount() === 0 || market.mostBufferedBytes() > slowClientBytes;

  const untilReadersAreReady = async (signal: AbortSignal): Promise<void> => {
    if (!mustWait()) return;
    if (market.subscriberCount() === 0) state = 'waiting';
    while (mustWait()) await market.changed(signal);
    anchor = { tapeNs: lastNs, clockNs: clock.nowNs() };
    if (state === 'playing') return;
    state = 'playing';
    log.info({ files: tape.files.map(({ file }) => file), pace }, lastNs === startNs ? 'tape starts' : 'tape goes on');
  };

  const dueNs = (): bigint => {
    const elapsedNs = Number(clock.nowNs() - anchor.clockNs);
    return anchor.tapeNs + BigInt(Math.round(elapsedNs * (pace === 'max' ? 0 : pace)));
  };

  /** Index after the last event of a frame that begins at `from`; equal to `from` when none is due. */
  const frameEnd = (events: readonly MarketEvent[], from: number): number => {
    const limit = Math.min(events.length, from + frameLimit);
    if (pace === 'max') return limit;
    const untilNs = dueNs();
    let end = from;
    while (end < limit && (events[end]?.tsNs ?? untilNs) <= untilNs) end += 1;
    return end;
  };

  const playBatch = async (events: readonly MarketEvent[], signal: AbortSignal): Promise<void> => {
    let from = 0;
    while (from < events.length) {
      await untilReadersAreReady(signal);
      const end = frameEnd(events, from);
      if (end === from) {
        const waitNs = Number((events[from]?.tsNs ?? lastNs) - dueNs()) / (pace === 'max' ? 1 : pace);
        await sleepNs(BigInt(Math.ceil(waitNs)), signal);
        continue;
      }
      const frame = events.slice(from, end);
      for (const event of frame) if (event.tsNs > lastNs) lastNs = event.tsNs;
      play(frame, options);
      from = end;
      await nextTurn();
      signal.throwIfAborted();
    }
  };

  return {
    nowNs: () => lastNs,
    state: () => state,
    run: (signal) =>
      untilAborted(signal, async () => {
        try {
          for await (const events of tape.batches()) await playBatch(events, signal);
          state = 'ended';
          log.info({ files: tape.files }, 'tape ended');
        } finally {
          await tape.close();
        }
      }),
  };
}
