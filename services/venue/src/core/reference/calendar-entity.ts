import {
  addDays,
  type DateText,
  isDateText,
  newYorkDateOf,
  nsOfNewYork,
  rfc3339ToNs,
  settlementDateOf,
  type TradingDay,
  tradingDays,
} from '@tickpath/trading';
import { QueryFields, withOffset } from '../protocol/query-fields.ts';
import { shown } from '../protocol/shown.ts';
import type { Refusal } from '../refusal.ts';
import { timeText } from '../time-text.ts';

/** A trading day as Alpaca's REST gives it: clock times of New York. */
export interface CalendarEntity {
  readonly date: DateText;
  /** `09:30`. */
  readonly open: string;
  readonly close: string;
  /** `0400`. */
  readonly session_open: string;
  readonly session_close: string;
  readonly settlement_date: DateText;
}

export interface CalendarListing {
  readonly from: DateText;
  readonly to: DateText;
  /** Whether the bounds are dates of trading or of settlement. */
  readonly dateType: 'TRADING' | 'SETTLEMENT';
}

/** Alpaca lists the market days from 1970 on, and in 2026 those up to 2029. */
const FIRST_DATE: DateText = '1970-01-01';
const YEARS_AHEAD = 3;
const DATE_TYPES = ['TRADING', 'SETTLEMENT'] as const;
/** More than the longest settlement cycle takes with every weekend and holiday that can fall into it. */
const LONGEST_SETTLEMENT_DAYS = 14;
const NS_PER_MINUTE = 60_000_000_000n;

/** What of a range is listed at a moment; `null` leaves a side open. */
export function listedRange(
  [start, end]: readonly [start: DateText | null, end: DateText | null],
  nowNs: bigint,
): { readonly from: DateText; readonly to: DateText } {
  const lastDate = `${yearOf(newYorkDateOf(nowNs)) + YEARS_AHEAD}-12-31`;
  return {
    from: start === null || start < FIRST_DATE ? FIRST_DATE : start,
    to: end === null || end > lastDate ? lastDate : end,
  };
}

/**
 * Reads the query of `GET /v2/calendar`. A bound is a date, or a moment, of which the date in UTC counts: clients write a
 * date as its midnight there. Bounds beyond what is listed are those of the list.
 */
export function readCalendarListing(
  query: Readonly<Record<string, unknown>>,
  nowNs: bigint,
): { readonly ok: true; readonly listing: CalendarListing } | { readonly ok: false; readonly refusal: Refusal } {
  const fields = new QueryFields(query);
  const range = [readBound(fields, 'start'), readBound(fields, 'end')] as const;
  const dateType = fields.choice('date_type', DATE_TYPES) ?? 'TRADING';
  const refusal = fields.refusal();
  if (refusal !== null) return { ok: false, refusal };
  return { ok: true, listing: { ...listedRange(range, nowNs), dateType } };
}

/** A date of a query, also where the client writes it as a moment. */
export function readBound(fields: QueryFields, name: string): DateText | null {
  const text = fields.text(name);
  if (text === null || isDateText(text)) return text;
  const tsNs = rfc3339ToNs(text) ?? withOffset(text);
  if (tsNs === undefined) fields.refuse(`invalid ${name}: ${shown(text)}`);
  return tsNs === undefined ? null : timeText(tsNs).slice(0, 10);
}

/** The trading days that are asked for, in order. */
export type CalendarEntities = (listing: CalendarListing) => CalendarEntity[];

/** Works out a year when it is first asked for: the whole list, which clients that give no bounds get, takes a while. */
export function calendar(): CalendarEntities {
  const years = new Map<number, readonly CalendarEntity[]>();
  const entitiesOf = (year: number): readonly CalendarEntity[] => {
    const known = years.get(year);
    if (known !== undefined) return known;
    const entities = tradingDays(`${year}-01-01`, `${year}-12-31`).map(calendarEntity);
    years.set(year, entities);
    return entities;
  };
  return ({ from, to, dateType }) => {
    const isTrading = dateType === 'TRADING';
    const [firstYear, lastYear] = [yearOf(isTrading ? from : addDays(from, -LONGEST_SETTLEMENT_DAYS)), yearOf(to)];
    const found: CalendarEntity[] = [];
    for (let year = firstYear; year <= lastYear; year += 1) {
      for (const entity of entitiesOf(year)) {
        const date = isTrading ? entity.date : entity.settlement_date;
        if (date >= from && date <= to) found.push(entity);
      }
    }
    return found;
  };
}

function yearOf(date: DateText): number {
  return Number(date.slice(0, 4));
}

function calendarEntity({ date, preOpenNs, openNs, closeNs, postCloseNs }: TradingDay): CalendarEntity {
  const midnightNs = nsOfNewYork(date, 0);
  const clockTime = (tsNs: bigint, separator: string): string => {
    const minutes = Number((tsNs - midnightNs) / NS_PER_MINUTE);
    return `${twoDigits(Math.floor(minutes / 60))}${separator}${twoDigits(minutes % 60)}`;
  };
  return {
    date,
    open: clockTime(openNs, ':'),
    close: clockTime(closeNs, ':'),
    session_open: clockTime(preOpenNs, ''),
    session_close: clockTime(postCloseNs, ''),
    settlement_date: settlementDateOf(date),
  };
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}
