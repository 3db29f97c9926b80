import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inflateRawSync } from 'node:zlib';

const FOLDER = join(import.meta.dirname, '../../../shared/data/equities/tick/ibm');
const DAY = '20131007';
/** Midnight in New York on that day, four hours behind UTC. */
const MIDNIGHT_NS = BigInt(Date.UTC(2013, 9, 7, 4)) * 1_000_000n;
const NS_PER_MS = 1_000_000n;

/** In the order in which they are given to the venue: at equal times the first goes first. */
export const DAY_FILES = ['trade', 'quote'].map((kind) => join(FOLDER, `${DAY}_${kind}.zip`));
export const DAY_SYMBOL = 'IBM';

/** Why a test of the recording is skipped, or false when it is there. */
export function dayAbsent(): string | false {
  const missing = DAY_FILES.find((file) => !existsSync(file));
  return missing === undefined ? false : `no recording ${missing}`;
}

/** Best bid and ask, prices in ten-thousandths of a dollar; 0 where there is none yet. */
export interface Shown {
  readonly bidPx: number;
  readonly bidSz: number;
  readonly askPx: number;
  readonly askSz: number;
}

/** One row of the day with what is shown after it. */
export interface DayRow {
  /** Milliseconds since New York midnight. */
  readonly ms: number;
  /** `null` on a quote, and for a print that says nothing of the price at that moment. */
  readonly trade: { readonly px: number; readonly sz: number } | null;
  readonly shown: Shown;
}

/**
 * Flags of this day's prints that are no last price, read as the decimal numbers that their digits happen to make: average
 * price, derivatively priced, prior reference price, sold last, out of sequence, cash, next day, official open and close.
 */
const NO_LAST_PRICE = new Set([20100200, 20100000, 102000, 20000200, 20040200, 4800, 20000002, 6004, 4000000, 1000000]);

const NOTHING: Shown = { bidPx: 0, bidSz: 0, askPx: 0, askSz: 0 };

/**
 * The day as its two files have it, read without the venue's code. Columns: milliseconds since New York midnight, then
 * price × 10,000, size, exchange, flags, suspicious of a trade, or bid × 10,000, size, ask × 10,000, size, exchange, flags,
 * suspicious of a quote, where a side of price 0 says nothing new of it.
 */
export function readDay(): DayRow[] {
  const [trades = [], quotes = []] = DAY_FILES.map(rowsOf);
  const rows: DayRow[] = [];
  let shown = NOTHING;
  let nextQuote = 0;
  const quotesBefore = (ms: number) => {
    for (let row = quotes[nextQuote]; row !== undefined && (row[0] ?? 0) < ms; row = quotes[nextQuote]) {
      const [at = 0, bidPx = 0, bidSz = 0, askPx = 0, askSz = 0] = row;
      shown = {
        ...(bidPx > 0 ? { bidPx, bidSz } : { bidPx: shown.bidPx, bidSz: shown.bidSz }),
        ...(askPx > 0 ? { askPx, askSz } : { askPx: shown.askPx, askSz: shown.askSz }),
      };
      rows.push({ ms: at, trade: null, shown });
      nextQuote += 1;
    }
  };
  for (const [ms = 0, px = 0, sz = 0, , flags = 0] of trades) {
    quotesBefore(ms);
    rows.push({ ms, trade: NO_LAST_PRICE.has(flags) ? null : { px, sz }, shown });
  }
  quotesBefore(Number.POSITIVE_INFINITY);
  for (const [index, { ms }] of rows.entries()) {
    if (ms < (rows[index - 1]?.ms ?? 0)) throw new Error(`row ${index} goes back in time`);
  }
  return rows;
}

function rowsOf(file: string): number[][] {
  const zip = readFileSync(file);
  const start = 30 + zip.readUInt16LE(26) + zip.readUInt16LE(28);
  const lines = inflateRawSync(zip.subarray(start)).toString().trim().split(/\r?\n/);
  // The exchange's letter becomes NaN; nobody asks for it.
  return lines.map((line) => line.split(',').map(Number));
}

/** Milliseconds since New York midnight of that day, rounded down, of a time as Alpaca writes it. */
export function dayMs(time: string): number {
  return Number((nsOf(time) - MIDNIGHT_NS) / NS_PER_MS);
}

/** Unix nanoseconds of RFC 3339 text in UTC with up to nine decimals. */
export function nsOf(time: string): bigint {
  const match = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?Z$/.exec(time);
  if (match === null) throw new Error(`${time} is no UTC time`);
  const [, year, month, day, hour, minute, second, fraction = ''] = match;
  const ms = Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second));
  return BigInt(ms) * NS_PER_MS + BigInt(fraction.padEnd(9, '0'));
}
