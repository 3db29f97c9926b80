import type { DecimalText } from './money.ts';
import { NS_PER_DAY, NS_PER_SECOND } from './new-york-time.ts';

/**
 * Bar lengths in ns by the name they carry in a topic (`AAPL/bar.1m`), shortest first. A day of New York has an hour more
 * or less when its clocks change: `barSpanOf` knows.
 */
export const BAR_INTERVALS_NS = {
  '1s': NS_PER_SECOND,
  '1m': 60n * NS_PER_SECOND,
  '5m': 300n * NS_PER_SECOND,
  '15m': 900n * NS_PER_SECOND,
  '1h': 3600n * NS_PER_SECOND,
  '1d': NS_PER_DAY,
} as const;
export type BarInterval = keyof typeof BAR_INTERVALS_NS;

export function isBarInterval(value: string): value is BarInterval {
  return Object.hasOwn(BAR_INTERVALS_NS, value);
}

/** Trades of the interval that begins at `startNs`, in venue time. An interval without trades that make a price has no bar. */
export interface Bar {
  readonly interval: BarInterval;
  readonly startNs: bigint;
  readonly open: DecimalText;
  readonly high: DecimalText;
  readonly low: DecimalText;
  readonly close: DecimalText;
  readonly volume: DecimalText;
  readonly tradeCount: number;
  /** True when trades of its time are not in it. */
  readonly incomplete?: boolean | null;
  /** True when it was over before the market was listened to: for warm-up only. */
  readonly history?: boolean | null;
}

/** A bar as it is published: once when it closes, and again each time that what is known of it changes. */
export interface ClosedBar extends Bar {
  readonly endNs: bigint;
  /** 0 at first, then one more each time. A bar whose only trades came late is first published late, with 0. */
  readonly revision: number;
  /** True when no trade that makes a price is left in it: there is no such bar. The prices are those published last. */
  readonly isWithdrawn: boolean;
}
