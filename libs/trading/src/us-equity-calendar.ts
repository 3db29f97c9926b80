import { type DateText, dateOfDay, dayOfDate, NS_PER_SECOND, nsOfNewYork } from './new-york-time.ts';

/** A day on which US equities trade; times in Unix nanoseconds. */
export interface TradingDay {
  readonly date: DateText;
  /** Extended trading begins: 4:00 New York. */
  readonly preOpenNs: bigint;
  /** The regular session: 9:30 to 16:00, or to an early close, mostly at 13:00. */
  readonly openNs: bigint;
  readonly closeNs: bigint;
  /** Extended trading ends: four hours after the close. */
  readonly postCloseNs: bigint;
  readonly isEarlyClose: boolean;
}

type ClockTime = readonly [hour: number, minute: number];

interface SpecialHours {
  readonly open?: ClockTime;
  readonly close?: ClockTime;
}

const PRE_OPEN: ClockTime = [4, 0];
const OPEN: ClockTime = [9, 30];
const CLOSE: ClockTime = [16, 0];
const EARLY_CLOSE: ClockTime = [13, 0];
const NOON_MINUTES = 12 * 60;
const MS_PER_DAY = 86_400_000;
const NS_PER_MINUTE = 60n * NS_PER_SECOND;
const AFTER_HOURS_NS = 240n * NS_PER_MINUTE;

/** Days are counted from 1970-01-01, a Thursday. */
type DayNumber = number;

const SUNDAY = 0;
const MONDAY = 1;
const WEDNESDAY = 3;
const THURSDAY = 4;
const SATURDAY = 6;

/** Closed all day for what no rule foresees, since 1970. Source: NYSE, Special Closings. */
const SPECIAL_CLOSINGS: ReadonlySet<DayNumber> = dayNumbers([
  // Presidential elections, a holiday until 1980.
  ...['1972-11-07', '1976-11-02', '1980-11-04'],
  // Mourning for Presidents Truman, Johnson, Nixon, Reagan, Ford, Bush and Carter.
  ...['1972-12-28', '1973-01-25', '1994-04-27', '2004-06-11', '2007-01-02', '2018-12-05', '2025-01-09'],
  // Blackout of New York; hurricanes Gloria and Sandy.
  ...['1977-07-14', '1985-09-27', '2012-10-29', '2012-10-30'],
  // Attack on the World Trade Center.
  ...['2001-09-11', '2001-09-12', '2001-09-13', '2001-09-14'],
]);

/**
 * Other hours than the rules give, since 1990, planned or not; delays of minutes are left out. Earlier days are given
 * the hours of today. Source: NYSE, Special Closings.
 */
const SPECIAL_HOURS: ReadonlyMap<DateText, SpecialHours> = new Map<DateText, SpecialHours>([
  ['1990-12-24', { close: [14, 0] }],
  ['1990-12-27', { open: [11, 0] }],
  ['1991-12-24', { close: [14, 0] }],
  ['1992-11-27', { close: [14, 0] }],
  ['1992-12-24', { close: [14, 0] }],
  ['1994-02-11', { close: [14, 30] }],
  ['1995-12-18', { open: [10, 30] }],
  ['1996-01-08', { open: [11, 0], close: [14, 0] }],
  ['1997-10-27', { close: [15, 30] }],
  ['1997-12-26', { close: EARLY_CLOSE }],
  ['1999-12-31', { close: EARLY_CLOSE }],
  ['2002-09-11', { open: [12, 0] }],
  ['2003-12-26', { close: EARLY_CLOSE }],
]);

/** From which dates on trades settle so many days later; before all of them it was five. */
const SETTLEMENT_CYCLES: readonly (readonly [from: DateText, days: number])[] = [
  ['2024-05-28', 1],
  ['2017-09-05', 2],
  ['1995-06-07', 3],
];
const FIRST_SETTLEMENT_CYCLE_DAYS = 5;

/** What the rules say of one year. */
interface YearRules {
  readonly firstDay: DayNumber;
  readonly lastDay: DayNumber;
  readonly holidays: ReadonlySet<DayNumber>;
  readonly earlyCloses: ReadonlySet<DayNumber>;
  /** Trading days on which banks are closed, so that nothing settles. */
  readonly bankHolidays: ReadonlySet<DayNumber>;
}

/** The year asked about last: most questions are about now. It never changes an answer. */
let lastYear = yearRules(2026);

function rulesOf(day: DayNumber): YearRules {
  if (day < lastYear.firstDay || day > lastYear.lastDay) {
    lastYear = yearRules(new Date(day * MS_PER_DAY).getUTCFullYear());
  }
  return lastYear;
}

function yearRules(year: number): YearRules {
  return {
    firstDay: dayNumber(year, 1, 1),
    lastDay: dayNumber(year, 12, 31),
    holidays: holidaysOf(year),
    earlyCloses: earlyClosesOf(year),
    bankHolidays: bankHolidaysOf(year),
  };
}

/**
 * The day's sessions; undefined when US equities do not trade on it. By the rules of the New York Stock Exchange (rule 7.2
 * and its list of special closings) as they were from 1970 on; years to come are by today's rules. Throws `RangeError` for
 * text that is no date.
 */
export function tradingDayOf(date: DateText): TradingDay | undefined {
  const day = dayOfDate(date);
  return isTradingDay(day) ? sessionsOf(day) : undefined;
}

/** The first trading day after a date. */
export function nextTradingDay(date: DateText): TradingDay {
  let day = dayOfDate(date) + 1;
  while (!isTradingDay(day)) day += 1;
  return sessionsOf(day);
}

/** Every trading day between two dates, both included, in order. */
export function tradingDays(from: DateText, to: DateText): TradingDay[] {
  const days: TradingDay[] = [];
  const last = dayOfDate(to);
  for (let day = dayOfDate(from); day <= last; day += 1) if (isTradingDay(day)) days.push(sessionsOf(day));
  return days;
}

/**
 * When a trade of that date settles: one business day later, two before 2024-05-28, three before 2017-09-05, five before
 * 1995-06-07 (SEC rule 15c6-1). No settlement on Columbus Day and Veterans Day, when exchanges trade and banks do not.
 */
export function settlementDateOf(date: DateText): DateText {
  let left = SETTLEMENT_CYCLES.find(([from]) => date >= from)?.[1] ?? FIRST_SETTLEMENT_CYCLE_DAYS;
  let day = dayOfDate(date);
  while (left > 0) {
    day += 1;
    if (isTradingDay(day) && !rulesOf(day).bankHolidays.has(day)) left -= 1;
  }
  return dateOfDay(day);
}

function isTradingDay(day: DayNumber): boolean {
  const weekday = weekdayOfDay(day);
  if (weekday === SATURDAY || weekday === SUNDAY) return false;
  return !rulesOf(day).holidays.has(day) && !SPECIAL_CLOSINGS.has(day);
}

function sessionsOf(day: DayNumber): TradingDay {
  const date = dateOfDay(day);
  const special = SPECIAL_HOURS.get(date);
  const close = special?.close ?? (rulesOf(day).earlyCloses.has(day) ? EARLY_CLOSE : CLOSE);
  // Clocks change at night and on a Sunday: all times of a trading day are as far from its noon as they look.
  const noonNs = nsOfNewYork(date, 12);
  const at = ([hour, minute]: ClockTime) => noonNs + BigInt(hour * 60 + minute - NOON_MINUTES) * NS_PER_MINUTE;
  const closeNs = at(close);
  return {
    date,
    preOpenNs: at(PRE_OPEN),
    openNs: at(special?.open ?? OPEN),
    closeNs,
    postCloseNs: closeNs + AFTER_HOURS_NS,
    isEarlyClose: close !== CLOSE,
  };
}

function holidaysOf(year: number): Set<DayNumber> {
  const days = [
    ...newYearsDay(year),
    year >= 1971 ? nthWeekday(year, 2, [MONDAY, 3]) : observed(dayNumber(year, 2, 22)),
    easterOf(year) - 2,
    year >= 1971 ? nthWeekday(year, 5, [MONDAY, 0]) : observed(dayNumber(year, 5, 30)),
    observed(dayNumber(year, 7, 4)),
    nthWeekday(year, 9, [MONDAY, 1]),
    nthWeekday(year, 11, [THURSDAY, 4]),
    observed(dayNumber(year, 12, 25)),
  ];
  if (year >= 1998) days.push(nthWeekday(year, 1, [MONDAY, 3]));
  if (year >= 2022) days.push(observed(dayNumber(year, 6, 19)));
  return new Set(days);
}

/** On a Saturday it is not made up for: the Friday before ends a month and a year. */
function newYearsDay(year: number): DayNumber[] {
  const day = dayNumber(year, 1, 1);
  return weekdayOfDay(day) === SATURDAY ? [] : [observed(day)];
}

/** A holiday on a Saturday is kept on the Friday before, one on a Sunday on the Monday after. */
function observed(day: DayNumber): DayNumber {
  const weekday = weekdayOfDay(day);
  if (weekday === SATURDAY) return day - 1;
  return weekday === SUNDAY ? day + 1 : day;
}

/**
 * Days that close at 13:00 by rule: before Independence Day, after Thanksgiving, before Christmas. Days on which there is
 * no trading are among them, and never asked about.
 */
function earlyClosesOf(year: number): Set<DayNumber> {
  const days: DayNumber[] = [];
  if (year >= 1993) days.push(nthWeekday(year, 11, [THURSDAY, 4]) + 1);
  if (year >= 1996) days.push(dayNumber(year, 12, 24));
  if (year >= 1995) days.push(...aroundIndependenceDay(year));
  return new Set(days);
}

/** With 4 July on a Tuesday to Friday the day before closes early; on a Thursday, until 2012, the day after did instead. */
function aroundIndependenceDay(year: number): DayNumber[] {
  const eve = dayNumber(year, 7, 3);
  const weekday = weekdayOfDay(eve);
  if (weekday === WEDNESDAY && year < 2013) return [eve + 2];
  return weekday >= MONDAY && weekday <= THURSDAY ? [eve] : [];
}

/** Columbus Day, and Veterans Day, which banks make up for only when it is a Sunday. */
function bankHolidaysOf(year: number): Set<DayNumber> {
  const veterans = dayNumber(year, 11, 11);
  return new Set([nthWeekday(year, 10, [MONDAY, 2]), weekdayOfDay(veterans) === SUNDAY ? veterans + 1 : veterans]);
}

/** The `n`th such weekday of a month, or the last one for n = 0. */
function nthWeekday(year: number, month: number, [weekday, n]: readonly [weekday: number, n: number]): DayNumber {
  if (n === 0) {
    const last = dayNumber(year, month + 1, 1) - 1;
    return last - ((weekdayOfDay(last) - weekday + 7) % 7);
  }
  const first = dayNumber(year, month, 1);
  return first + ((weekday - weekdayOfDay(first) + 7) % 7) + 7 * (n - 1);
}

function dayNumber(year: number, month: number, day: number): DayNumber {
  return Date.UTC(year, month - 1, day) / MS_PER_DAY;
}

function dayNumbers(dates: readonly DateText[]): Set<DayNumber> {
  return new Set(dates.map(dayOfDate));
}

/** 0 for Sunday … 6 for Saturday. */
function weekdayOfDay(day: DayNumber): number {
  return (((day + THURSDAY) % 7) + 7) % 7;
}

/** Easter Sunday by the anonymous Gregorian computus (Meeus, Astronomical Algorithms, ch. 8). */
function easterOf(year: number): DayNumber {
  const a = year % 19;
  const b = Math.floor(year / 100);
  const c = year % 100;
  const d = Math.floor(b / 4);
  const e = b % 4;
  const f = Math.floor((b + 8) / 25);
  const g = Math.floor((b - f + 1) / 3);
  const h = (19 * a + b - d - g + 15) % 30;
  const i = Math.floor(c / 4);
  const k = c % 4;
  const l = (32 + 2 * e + 2 * i - h - k) % 7;
  const m = Math.floor((a + 11 * h + 22 * l) / 451);
  const n = h + l - 7 * m + 114;
  return dayNumber(year, Math.floor(n / 31), (n % 31) + 1);
}
