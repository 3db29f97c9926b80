import { setImmediate as nextTurn } from 'node:timers/promises';
import { advance, nextEventNs, positionOf, type SyntheticMarket } from '../core/market/synthetic-market.ts';
import { type Feed, type FeedOptions, play, type SourcePosition, tellTime } from './feed.ts';
import { createWaker } from './waker.ts';

/** How long a position stands before it is taken anew. It names every symbol and goes to the journal each time. */
const POSITION_NS = 10_000_000_000n;
const SYMBOLS_PER_POSITION_NS = 100;

/**
 * Plays the synthetic market at the clock's pace, with or without clients. What a late timer has missed follows at
 * once, in frames of the usual size; a client that does not keep up is told so and closed.
 */
export function createSyntheticFeed(source: SyntheticMarket, options: FeedOptions): Feed {
  const { clock, exchange, market, frameLimit, slowClientBytes } = options;
  const waker = createWaker();
  const standsNs = POSITION_NS * BigInt(Math.ceil(source.symbols.length / SYMBOLS_PER_POSITION_NS));
  let position: SourcePosition = positionOf(source);
  let positionNs = clock.nowNs();
  let isPlaying = true;

  const currentPosition = (): SourcePosition => {
    const nowNs = clock.nowNs();
    // The last one is exact, so that a start goes on at the very price.
    if (isPlaying && nowNs - positionNs < standsNs) return position;
    position = positionOf(source);
    positionNs = nowNs;
    return position;
  };

  /** Until the next event of the market or the next thing that is due in the exchange, whichever is first. */
  const waitNs = (): bigint => {
    const dueNs = exchange.nextDueNs();
    const eventNs = nextEventNs(source);
    return (dueNs !== null && dueNs < eventNs ? dueNs : eventNs) - clock.nowNs();
  };

  const playOn = async (signal: AbortSignal): Promise<void> => {
    while (!signal.aborted) {
      const nowNs = clock.nowNs();
      const events = advance(source, nowNs, frameLimit);
      if (events.length > 0) play(events, options);
      tellTime(nowNs, options);
      if (events.length === 0) {
        await waker.sleepNs(waitNs(), signal);
        continue;
      }
      market.closeSlow(slowClientBytes);
      await nextTurn();
    }
  };

  return {
    nowNs: () => clock.nowNs(),
    state: () => 'playing',
    position: currentPosition,
    tape: null,
    async run(signal) {
      // On the disk before the first trade: should the power go right after it, the next start takes other ids.
      exchange.recordPosition();
      await exchange.settled();
      // An order may have become due earlier than what is waited for.
      const unlisten = exchange.listen(() => waker.wake());
      try {
        await playOn(signal);
      } catch (error) {
        if (!signal.aborted) throw error;
      } finally {
        isPlaying = false;
        unlisten();
      }
    },
  };
}
