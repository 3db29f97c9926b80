/** A calendar date as ISO 8601 writes it, `2026-11-27`. Two of them compare as text. */
export type DateText = string;

export const NS_PER_SECOND = 1_000_000_000n;
export const NS_PER_DAY: bigint = 86_400n * NS_PER_SECOND;

const MS_PER_HOUR = 3_600_000;
const MS_PER_DAY = 24 * MS_PER_HOUR;
const NS_PER_MS = 1_000_000n;
const STANDARD_MS = -5 * MS_PER_HOUR;
const DAYLIGHT_MS = -4 * MS_PER_HOUR;
const DATE = /^(\d{4})-(\d{2})-(\d{2})$/;

/** When a year's daylight saving begins and ends, in Unix milliseconds. */
interface DaylightSaving {
  readonly year: number;
  readonly beginsMs: number;
  readonly endsMs: number;
}

/** The day of the month of its `n`th Sunday, or of its last one for n = 0. */
function sunday(year: number, month: number, n: number): number {
  if (n > 0) return 1 + ((7 - new Date(Date.UTC(year, month - 1, 1)).getUTCDay()) % 7) + 7 * (n - 1);
  const last = new Date(Date.UTC(year, month, 0));
  return last.getUTCDate() - last.getUTCDay();
}

/** The day and month on which daylight saving begins. */
function beginningOf(year: number): readonly [month: number, day: number] {
  if (year >= 2007) return [3, sunday(year, 3, 2)];
  if (year >= 1987) return [4, sunday(year, 4, 1)];
  // Emergency Daylight Saving Time Energy Conservation Act of 1973, amended in 1974.
  if (year === 1974) return [1, 6];
  if (year === 1975) return [2, 23];
  return [4, sunday(year, 4, 0)];
}

/**
 * Uniform Time Act of 1966 (15 U.S.C. 260a) as amended in 1972, 1973, 1986 and 2005: clocks change at 2:00 local time,
 * which is 7:00 UTC in spring and 6:00 UTC in autumn. Years before 1967 are read as if it had been in force.
 */
function daylightSavingOf(year: number): DaylightSaving {
  const [month, day] = beginningOf(year);
  const endsMs = year >= 2007 ? Date.UTC(year, 10, sunday(year, 11, 1), 6) : Date.UTC(year, 9, sunday(year, 10, 0), 6);
  return { year, beginsMs: Date.UTC(year, month - 1, day, 7), endsMs };
}

/** The year asked about last: most questions are about now. It never changes an answer. */
let lastYear = daylightSavingOf(2026);

function offsetMs(unixMs: number): number {
  // New York is behind UTC and the year changes in standard time, so that UTC's year is right where it matters.
  const year = new Date(unixMs).getUTCFullYear();
  if (lastYear.year !== year) lastYear = daylightSavingOf(year);
  return unixMs >= lastYear.beginsMs && unixMs < lastYear.endsMs ? DAYLIGHT_MS : STANDARD_MS;
}

function floorMs(tsNs: bigint): number {
  return Number((tsNs - (((tsNs % NS_PER_MS) + NS_PER_MS) % NS_PER_MS)) / NS_PER_MS);
}

/** New York's offset from UTC at a Unix time, in nanoseconds: −5 hours, −4 while daylight saving is in force. */
export function newYorkOffsetNs(tsNs: bigint): bigint {
  return BigInt(offsetMs(floorMs(tsNs))) * NS_PER_MS;
}

/** The date in New York at a Unix time. */
export function newYorkDateOf(tsNs: bigint): DateText {
  const unixMs = floorMs(tsNs);
  return new Date(unixMs + offsetMs(unixMs)).toISOString().slice(0, 10);
}

function unixMsOfNewYork(localMs: number): number {
  // Daylight saving time is tried first: of an hour that is repeated it is the first pass. In an hour that is skipped
  // neither fits, and standard time leads to the hour after.
  const inDaylightMs = localMs - DAYLIGHT_MS;
  return offsetMs(inDaylightMs) === DAYLIGHT_MS ? inDaylightMs : localMs - STANDARD_MS;
}

/**
 * Unix nanoseconds of a time on a New York date. An hour that a change repeats is its first pass, one that it skips the
 * hour after. Throws `RangeError` for text that is no date.
 */
export function nsOfNewYork(date: DateText, hour: number, minute = 0, second = 0): bigint {
  const localMs = midnightMs(date) + ((hour * 60 + minute) * 60 + second) * 1000;
  return BigInt(unixMsOfNewYork(localMs)) * NS_PER_MS;
}

/**
 * Reads times of one New York date given as whole milliseconds of its clock since midnight, as Unix nanoseconds; a changed hour
 * as in `nsOfNewYork`. For recordings with many times of a day: only every new hour costs a calculation.
 */
export function newYorkDay(date: DateText): (msSinceMidnight: number) => bigint {
  const startMs = midnightMs(date);
  let hour = Number.NaN;
  let shiftMs = 0;
  return (msSinceMidnight) => {
    const localMs = startMs + msSinceMidnight;
    const ofHour = Math.floor(msSinceMidnight / MS_PER_HOUR);
    if (ofHour !== hour) {
      hour = ofHour;
      shiftMs = unixMsOfNewYork(localMs) - localMs;
    }
    return BigInt(localMs + shiftMs) * NS_PER_MS;
  };
}

/** The date read last: questions about one date come together. It never changes an answer. */
let lastDate: DateText = '1970-01-01';
let lastMidnightMs = 0;

/** Midnight UTC of a date, in Unix milliseconds. */
function midnightMs(date: DateText): number {
  if (date === lastDate) return lastMidnightMs;
  const ms = readDate(date);
  if (ms === undefined) throw new RangeError(`not a date like 2026-11-27: ${JSON.stringify(date)}`);
  lastDate = date;
  lastMidnightMs = ms;
  return ms;
}

function readDate(text: string): number | undefined {
  const match = DATE.exec(text);
  if (match === null) return undefined;
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])];
  // `Date.UTC` would take the years before 100 for those of 1900.
  const date = new Date(0);
  const ms = date.setUTCFullYear(year, month - 1, day);
  // A month or day that there is not has been carried over.
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day ? ms : undefined;
}

/** True for text that names a date there is. */
export function isDateText(text: string): text is DateText {
  return readDate(text) !== undefined;
}

/** The date so many days later (earlier for a negative number). */
export function addDays(date: DateText, days: number): DateText {
  return dateOfDay(dayOfDate(date) + days);
}

/** Days from 1970-01-01 to a date. Throws `RangeError` for text that is no date. */
export function dayOfDate(date: DateText): number {
  return midnightMs(date) / MS_PER_DAY;
}

/** The date so many days after 1970-01-01. */
export function dateOfDay(day: number): DateText {
  return new Date(day * MS_PER_DAY).toISOString().slice(0, 10);
}

/** 0 for Sunday … 6 for Saturday. */
export function weekdayOf(date: DateText): number {
  return new Date(midnightMs(date)).getUTCDay();
}
