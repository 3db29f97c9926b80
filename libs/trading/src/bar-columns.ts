import type { BarSpan } from './bar-spans.ts';
import { addVolume, type BarSum, emptySum } from './bar-sums.ts';

/** A bar while it can change. */
export interface HeldBar extends BarSpan {
  sum: BarSum;
  /** Of what was published last; -1 before that. */
  revision: number;
}

/**
 * Bars that are over and can still be revised, packed into numbers: an object of each, with its times and sums, takes five
 * times the room, and there is a day of minutes of every symbol. By time, without overlap. Changed in place by the functions
 * of this file.
 */
export interface BarColumns {
  /** `WIDTH` numbers a bar. */
  numbers: Float64Array;
  /** Of those bars that have it, by their start: the part of the volume that is no safe integer. */
  readonly carried: Map<number, bigint>;
  /** Places of bars that were let go, before the first that is kept. */
  first: number;
  count: number;
}

/** Places of what is kept of a bar. Spans are whole seconds, times within a bar nanoseconds since its start. */
const START = 0;
const END = 1;
const PRICED = 2;
const OPEN = 3;
const OPEN_AT = 4;
const HIGH = 5;
const LOW = 6;
const CLOSES = 7;
const CLOSE = 8;
const CLOSE_AT = 9;
const VOLUME = 10;
const TRADES = 11;
const REVISION = 12;
const WIDTH = 13;
const FIRST_CAPACITY = 8;
const NS_PER_SECOND = 1_000_000_000n;

export function barColumns(): BarColumns {
  return { numbers: new Float64Array(FIRST_CAPACITY * WIDTH), carried: new Map(), first: 0, count: 0 };
}

/** The last bar that begins at or before a time; -1 when there is none. */
export function rowAt(columns: BarColumns, tsNs: bigint): number {
  let low = 0;
  let high = columns.count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (startNsAt(columns, middle) <= tsNs) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

export function startNsAt(columns: BarColumns, row: number): bigint {
  return BigInt(at(columns, row, START)) * NS_PER_SECOND;
}

export function endNsAt(columns: BarColumns, row: number): bigint {
  return BigInt(at(columns, row, END)) * NS_PER_SECOND;
}

/** A bar as it was put in; a change of it counts when it is put in again. */
export function unpackBar(columns: BarColumns, row: number): HeldBar {
  const startNs = startNsAt(columns, row);
  const sum: BarSum = {
    priced: at(columns, row, PRICED),
    open: at(columns, row, OPEN),
    openNs: startNs + BigInt(at(columns, row, OPEN_AT)),
    high: at(columns, row, HIGH),
    low: at(columns, row, LOW),
    closes: at(columns, row, CLOSES),
    close: at(columns, row, CLOSE),
    closeNs: startNs + BigInt(at(columns, row, CLOSE_AT)),
    volumeUnits: at(columns, row, VOLUME),
    volumeCarried: carriedAt(columns, row),
    tradeCount: at(columns, row, TRADES),
  };
  return { startNs, endNs: endNsAt(columns, row), sum, revision: at(columns, row, REVISION) };
}

/** Puts a changed bar in the place it was taken from. */
export function setBar(columns: BarColumns, row: number, { startNs, endNs, sum, revision }: HeldBar): void {
  const { numbers, carried } = columns;
  const place = (columns.first + row) * WIDTH;
  const start = Number(startNs / NS_PER_SECOND);
  numbers[place + START] = start;
  numbers[place + END] = Number(endNs / NS_PER_SECOND);
  numbers[place + PRICED] = sum.priced;
  numbers[place + OPEN] = sum.open;
  numbers[place + OPEN_AT] = sum.priced === 0 ? 0 : Number(sum.openNs - startNs);
  numbers[place + HIGH] = sum.high;
  numbers[place + LOW] = sum.low;
  numbers[place + CLOSES] = sum.closes;
  numbers[place + CLOSE] = sum.close;
  numbers[place + CLOSE_AT] = sum.closes === 0 ? 0 : Number(sum.closeNs - startNs);
  numbers[place + VOLUME] = sum.volumeUnits;
  numbers[place + TRADES] = sum.tradeCount;
  numbers[place + REVISION] = revision;
  if (sum.volumeCarried > 0n) carried.set(start, sum.volumeCarried);
  else carried.delete(start);
}

/** Puts a bar before the one at `row`; at `count` it comes last. */
export function insertBar(columns: BarColumns, row: number, bar: HeldBar): void {
  makeRoom(columns);
  const place = columns.first + row;
  columns.numbers.copyWithin((place + 1) * WIDTH, place * WIDTH, (columns.first + columns.count) * WIDTH);
  columns.count += 1;
  setBar(columns, row, bar);
}

/** Lets go of the first bars. */
export function dropBars(columns: BarColumns, dropped: number): void {
  if (columns.carried.size > 0) {
    for (let row = 0; row < dropped; row += 1) columns.carried.delete(at(columns, row, START));
  }
  columns.first += dropped;
  columns.count -= dropped;
}

/**
 * Room for one more. The bars move back over what was let go once that is an eighth of all, so that no minute moves a whole
 * day; else the room grows by a quarter.
 */
function makeRoom(columns: BarColumns): void {
  const { numbers, first, count } = columns;
  const capacity = numbers.length / WIDTH;
  if (first + count < capacity) return;
  if (8 * first >= capacity) numbers.copyWithin(0, first * WIDTH, capacity * WIDTH);
  else {
    columns.numbers = new Float64Array((capacity + (capacity >>> 2)) * WIDTH);
    columns.numbers.set(numbers.subarray(first * WIDTH));
  }
  columns.first = 0;
}

/** What the bars that begin within a span come to. */
export function sumOfRows(columns: BarColumns, span: BarSpan): BarSum {
  const sum = emptySum();
  let closing = -1;
  for (let row = rowAt(columns, span.startNs - 1n) + 1; row < columns.count; row += 1) {
    if (startNsAt(columns, row) >= span.endNs) break;
    addVolume(sum, at(columns, row, VOLUME));
    sum.volumeCarried += carriedAt(columns, row);
    sum.tradeCount += at(columns, row, TRADES);
    if (at(columns, row, PRICED) > 0) addPrices(sum, columns, row);
    if (at(columns, row, CLOSES) > 0) closing = row;
    sum.closes += at(columns, row, CLOSES);
  }
  if (closing >= 0) {
    sum.close = at(columns, closing, CLOSE);
    sum.closeNs = startNsAt(columns, closing) + BigInt(at(columns, closing, CLOSE_AT));
  }
  return sum;
}

/** Rows come by time: the first one opens. */
function addPrices(sum: BarSum, columns: BarColumns, row: number): void {
  const [high, low] = [at(columns, row, HIGH), at(columns, row, LOW)];
  if (sum.priced === 0) {
    sum.open = at(columns, row, OPEN);
    sum.openNs = startNsAt(columns, row) + BigInt(at(columns, row, OPEN_AT));
  }
  if (sum.priced === 0 || high > sum.high) sum.high = high;
  if (sum.priced === 0 || low < sum.low) sum.low = low;
  sum.priced += at(columns, row, PRICED);
}

function carriedAt(columns: BarColumns, row: number): bigint {
  return columns.carried.size === 0 ? 0n : (columns.carried.get(at(columns, row, START)) ?? 0n);
}

/** Every place here is in use: the check is for the compiler. */
function at({ numbers, first }: BarColumns, row: number, place: number): number {
  return numbers[(first + row) * WIDTH + place] as number;
}
