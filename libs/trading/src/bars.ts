import { type DecimalText, decimal, decimalText } from './money.ts';

/** Bar lengths in ns by the name they carry in a topic (`AAPL/bar.1m`). */
export const BAR_INTERVALS_NS = { '1s': 1_000_000_000n, '1m': 60_000_000_000n } as const;
export type BarInterval = keyof typeof BAR_INTERVALS_NS;

export function isBarInterval(value: string): value is BarInterval {
  return Object.hasOwn(BAR_INTERVALS_NS, value);
}

/** Trades of `[startNs, startNs + interval)` in venue time. An interval without trades has no bar. */
export interface Bar {
  readonly interval: BarInterval;
  readonly startNs: bigint;
  readonly open: DecimalText;
  readonly high: DecimalText;
  readonly low: DecimalText;
  readonly close: DecimalText;
  readonly volume: DecimalText;
  readonly tradeCount: number;
}

interface OpenBar {
  startNs: bigint;
  endNs: bigint;
  open: DecimalText;
  high: DecimalText;
  low: DecimalText;
  close: DecimalText;
  volume: DecimalText;
  tradeCount: number;
}

/** Bars of one symbol and interval under construction. Owned by `addTrade` and `closeBars`, which change it in place. */
export interface BarBuilder {
  readonly interval: BarInterval;
  current: OpenBar | undefined;
  /** End of the last closed bar: a trade before it comes too late for its bar. */
  closedUntilNs: bigint;
  lateTrades: number;
}

export function barBuilder(interval: BarInterval): BarBuilder {
  return { interval, current: undefined, closedUntilNs: 0n, lateTrades: 0 };
}

/** The bar that ends at or before `nowNs` (venue time), if one is open: closed by the clock, whether or not trades follow. */
export function closeBars(builder: BarBuilder, nowNs: bigint): Bar | undefined {
  const bar = builder.current;
  if (bar === undefined || nowNs < bar.endNs) return undefined;
  builder.current = undefined;
  builder.closedUntilNs = bar.endNs;
  const { startNs, open, high, low, close, volume, tradeCount } = bar;
  return { interval: builder.interval, startNs, open, high, low, close, volume, tradeCount };
}

/**
 * Adds a trade to the open bar. Call `closeBars` with the trade's time first. A trade for a bar that is already closed
 * is counted in `lateTrades` and changes nothing; the result says whether the trade was taken.
 */
export function addTrade(builder: BarBuilder, tsNs: bigint, price: DecimalText, size: DecimalText): boolean {
  if (tsNs < builder.closedUntilNs) {
    builder.lateTrades += 1;
    return false;
  }
  const lengthNs = BAR_INTERVALS_NS[builder.interval];
  const bar = builder.current;
  if (bar === undefined) {
    const startNs = tsNs - (tsNs % lengthNs);
    builder.current = {
      startNs,
      endNs: startNs + lengthNs,
      open: price,
      high: price,
      low: price,
      close: price,
      volume: size,
      tradeCount: 1,
    };
    return true;
  }
  if (tsNs < bar.startNs) {
    builder.lateTrades += 1;
    return false;
  }
  if (comparePrices(price, bar.high) > 0) bar.high = price;
  if (comparePrices(price, bar.low) < 0) bar.low = price;
  bar.close = price;
  bar.volume = addSizes(bar.volume, size);
  bar.tradeCount += 1;
  return true;
}

/** Exact order of two decimal texts; doubles decide unless they tie. */
function comparePrices(a: DecimalText, b: DecimalText): number {
  if (a === b) return 0;
  const difference = Number(a) - Number(b);
  return difference !== 0 ? difference : decimal(a).cmp(decimal(b));
}

/** Exact sum of two sizes; whole shares take the integer path. */
function addSizes(a: DecimalText, b: DecimalText): DecimalText {
  const sum = Number(a) + Number(b);
  const whole = Number.isSafeInteger(sum) && !a.includes('.') && !b.includes('.');
  return whole ? String(sum) : decimalText(decimal(a).plus(decimal(b)));
}
