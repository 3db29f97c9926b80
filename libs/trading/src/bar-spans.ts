import { BAR_INTERVALS_NS, type BarInterval } from './bars.ts';
import type { AssetClass } from './instrument.ts';
import { addDays, type DateText, newYorkDateOf, nsOfNewYork } from './new-york-time.ts';
import { tradingDayOf } from './us-equity-calendar.ts';

/** `[startNs, endNs)` in Unix ns of the venue's clock. */
export interface BarSpan {
  readonly startNs: bigint;
  readonly endNs: bigint;
}

/**
 * The span of the bar that holds a time. A day is New York's for equities and UTC's for crypto; shorter bars are aligned
 * to the hour, which is the same in both.
 */
export function barSpanOf(interval: BarInterval, assetClass: AssetClass, tsNs: bigint): BarSpan {
  if (interval === '1d' && assetClass === 'us_equity') return newYorkDay(newYorkDateOf(tsNs));
  const lengthNs = BAR_INTERVALS_NS[interval];
  const startNs = tsNs - (((tsNs % lengthNs) + lengthNs) % lengthNs);
  return { startNs, endNs: startNs + lengthNs };
}

function newYorkDay(date: DateText): BarSpan {
  return { startNs: nsOfNewYork(date, 0), endNs: nsOfNewYork(addDays(date, 1), 0) };
}

/** New York's day around a time, and the regular session in it: empty, at the day's start, when there is none. */
export interface RegularSession {
  readonly day: BarSpan;
  readonly session: BarSpan;
}

export function regularSessionOf(tsNs: bigint): RegularSession {
  const date = newYorkDateOf(tsNs);
  const day = newYorkDay(date);
  const trading = tradingDayOf(date);
  const session =
    trading === undefined
      ? { startNs: day.startNs, endNs: day.startNs }
      : { startNs: trading.openNs, endNs: trading.closeNs };
  return { day, session };
}

export function isWithin(span: BarSpan, tsNs: bigint): boolean {
  return tsNs >= span.startNs && tsNs < span.endNs;
}
