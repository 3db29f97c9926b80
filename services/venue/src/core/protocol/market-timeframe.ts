import { addDays, type DateText, newYorkDateOf, nsOfNewYork, weekdayOf } from '@tickpath/trading';

/** The length of the bars of a request. Minutes and hours are made of minute bars, the others of daily ones. */
export interface Timeframe {
  readonly unit: 'minute' | 'hour' | 'day' | 'week' | 'month';
  readonly count: number;
}

const MINUTE_NS = 60_000_000_000n;
const FORM = /^(\d{1,2})(Min|T|Hour|H|Day|D|Week|W|Month|M)$/;
const UNITS: Readonly<Record<string, Timeframe['unit']>> = {
  Min: 'minute',
  T: 'minute',
  Hour: 'hour',
  H: 'hour',
  Day: 'day',
  D: 'day',
  Week: 'week',
  W: 'week',
  Month: 'month',
  M: 'month',
};
const COUNTS: Readonly<Record<Timeframe['unit'], (count: number) => boolean>> = {
  minute: (count) => count >= 1 && count <= 59,
  hour: (count) => count >= 1 && count <= 23,
  day: (count) => count === 1,
  week: (count) => count === 1,
  month: (count) => [1, 2, 3, 4, 6, 12].includes(count),
};

/** Reads `1Min` … `59Min`, `1Hour` … `23Hour`, `1Day`, `1Week`, `1Month` and 2, 3, 4, 6 or 12 of them; `null` for others. */
export function readTimeframe(text: string): Timeframe | null {
  const [, digits, name] = FORM.exec(text) ?? [];
  const unit = UNITS[name ?? ''];
  const count = Number(digits);
  return unit !== undefined && COUNTS[unit](count) ? { unit, count } : null;
}

/** True for the bars that are made of minutes. */
export function isIntraday({ unit }: Timeframe): boolean {
  return unit === 'minute' || unit === 'hour';
}

/** When a bar begins and the next one does. */
export interface TimeframeSpan {
  readonly startNs: bigint;
  readonly endNs: bigint;
}

/**
 * The bar in which a moment falls. Minutes and hours are counted from midnight in New York, where the last bar of a day is
 * cut short if need be; weeks from Monday, months from January.
 */
export function spanOf({ unit, count }: Timeframe, tsNs: bigint): TimeframeSpan {
  if (unit === 'minute' && count === 1) {
    const startNs = tsNs - (tsNs % MINUTE_NS);
    return { startNs, endNs: startNs + MINUTE_NS };
  }
  const date = newYorkDateOf(tsNs);
  if (unit === 'minute' || unit === 'hour') {
    const lengthNs = MINUTE_NS * BigInt(unit === 'hour' ? count * 60 : count);
    const startNs = tsNs - ((tsNs - nsOfNewYork(date, 0)) % lengthNs);
    const midnightNs = nsOfNewYork(addDays(date, 1), 0);
    const endNs = startNs + lengthNs;
    return { startNs, endNs: endNs < midnightNs ? endNs : midnightNs };
  }
  const first = firstDateOf({ unit, count }, date);
  return { startNs: nsOfNewYork(first, 0), endNs: nsOfNewYork(dateAfter({ unit, count }, first), 0) };
}

function firstDateOf({ unit, count }: Timeframe, date: DateText): DateText {
  if (unit === 'day') return date;
  if (unit === 'week') return addDays(date, -((weekdayOf(date) + 6) % 7));
  const month = Number(date.slice(5, 7)) - 1;
  return dateText(Number(date.slice(0, 4)), month - (month % count));
}

function dateAfter({ unit, count }: Timeframe, first: DateText): DateText {
  if (unit === 'day') return addDays(first, 1);
  if (unit === 'week') return addDays(first, 7);
  return dateText(Number(first.slice(0, 4)), Number(first.slice(5, 7)) - 1 + count);
}

/** The first day of a month counted from 0, of the years after for 12 and more. */
function dateText(year: number, month: number): DateText {
  const years = Math.floor(month / 12);
  return `${String(year + years).padStart(4, '0')}-${String(month - 12 * years + 1).padStart(2, '0')}-01`;
}
