/** One side of a book: prices and sizes in an instrument's units, sorted, the best price at the end. */
export interface BookSide {
  /** Ascending: bid prices as they are, ask prices negated, so that the best of either side comes last. */
  keys: Float64Array;
  /** The size at `keys[i]`, never 0. */
  sizes: Float64Array;
  /** How much of the arrays is in use. */
  count: number;
}

/**
 * The resting orders of one instrument by price (L2), at full depth. Plain data, changed in place by the functions of
 * this file. A book may stand crossed or locked: that is a finding (`bookFinding`), and what follows is the owner's.
 */
export interface OrderBook {
  readonly bids: BookSide;
  readonly asks: BookSide;
}

export type BookSideName = 'bids' | 'asks';

/** A price and the size there, both in an instrument's units. In a change a size of 0 removes the level. */
export type BookLevel = readonly [px: number, sz: number];

/** Levels of both sides. Where they are read from a book: best first. */
export interface BookLevels {
  readonly bids: readonly BookLevel[];
  readonly asks: readonly BookLevel[];
}

/**
 * What is wrong with a book or with what was to go into it. `negative`: a size below 0 or a price that is not above it;
 * such a change is not taken. `crossed`: the best bid is above the best ask; `locked`: they are equal.
 */
export type BookFinding = 'ok' | 'crossed' | 'locked' | 'negative';

/** What became of a level. `absent`: its removal was asked for, and it was not there, which is harmless. */
export type LevelChange = 'added' | 'resized' | 'removed' | 'absent' | 'negative';

const FIRST_CAPACITY = 64;

export function openBook(): OrderBook {
  return { bids: emptySide(), asks: emptySide() };
}

function emptySide(): BookSide {
  return { keys: new Float64Array(FIRST_CAPACITY), sizes: new Float64Array(FIRST_CAPACITY), count: 0 };
}

export function clearBook(book: OrderBook): void {
  book.bids.count = 0;
  book.asks.count = 0;
}

/**
 * Sets, or with size 0 removes, one level: O(log n) to find it, and the levels better than it are moved when it comes or
 * goes, which are few where the market is active. Throws `RangeError` for numbers that are not safe integers.
 */
export function setLevel(book: OrderBook, side: BookSideName, px: number, sz: number): LevelChange {
  if (!(Number.isSafeInteger(px) && Number.isSafeInteger(sz))) {
    throw new RangeError(`level ${px} × ${sz}: allowed are safe integers, in units of the instrument`);
  }
  if (px <= 0 || sz < 0) return 'negative';
  return side === 'bids' ? setKey(book.bids, px, sz) : setKey(book.asks, -px, sz);
}

/**
 * Applies changes in their order, bids first, and says how the book stands after them. With a `negative` among them none
 * is applied.
 */
export function applyLevels(book: OrderBook, changes: BookLevels): BookFinding {
  if (hasNegative(changes.bids) || hasNegative(changes.asks)) return 'negative';
  for (const [px, sz] of changes.bids) setLevel(book, 'bids', px, sz);
  for (const [px, sz] of changes.asks) setLevel(book, 'asks', px, sz);
  return bookFinding(book);
}

/**
 * Replaces the whole book by levels in any order; of a price given twice the last one holds, and size 0 is no level.
 * With a `negative` among them the book is left empty: what stood there before is not the market any more.
 */
export function applySnapshot(book: OrderBook, levels: BookLevels): BookFinding {
  clearBook(book);
  if (hasNegative(levels.bids) || hasNegative(levels.asks)) return 'negative';
  fill(book, 'bids', levels.bids);
  fill(book, 'asks', levels.asks);
  return bookFinding(book);
}

/** Best levels come first in most snapshots and are put in last: appending moves nothing. */
function fill(book: OrderBook, side: BookSideName, levels: readonly BookLevel[]): void {
  const direction = side === 'bids' ? 1 : -1;
  const sizeByPx = new Map(levels);
  const worstFirst = [...sizeByPx].sort(([a], [b]) => direction * (a - b));
  for (const [px, sz] of worstFirst) setLevel(book, side, px, sz);
}

function hasNegative(levels: readonly BookLevel[]): boolean {
  for (const [px, sz] of levels) if (px <= 0 || sz < 0) return true;
  return false;
}

/** How the book stands; a book with an empty side is `ok`. */
export function bookFinding(book: OrderBook): BookFinding {
  const { bids, asks } = book;
  if (bids.count === 0 || asks.count === 0) return 'ok';
  const spread = -at(asks.keys, asks.count - 1) - at(bids.keys, bids.count - 1);
  if (spread > 0) return 'ok';
  return spread < 0 ? 'crossed' : 'locked';
}

/** The best level of a side, undefined when it has none. */
export function bestLevel(book: OrderBook, side: BookSideName): BookLevel | undefined {
  const { keys, sizes, count } = book[side];
  return count === 0 ? undefined : [Math.abs(at(keys, count - 1)), at(sizes, count - 1)];
}

/** The size at a price; 0 when there is no such level. */
export function sizeAt(book: OrderBook, side: BookSideName, px: number): number {
  const { keys, sizes, count } = book[side];
  const key = side === 'bids' ? px : -px;
  const index = firstAtLeast(keys, count, key);
  return index < count && keys[index] === key ? at(sizes, index) : 0;
}

/** The best `depth` levels of each side, best first; all that there are when there are fewer. */
export function topLevels(book: OrderBook, depth: number): BookLevels {
  return { bids: topOf(book.bids, depth), asks: topOf(book.asks, depth) };
}

function topOf({ keys, sizes, count }: BookSide, depth: number): BookLevel[] {
  const levels: BookLevel[] = [];
  const end = Math.max(0, count - depth);
  for (let i = count - 1; i >= end; i -= 1) levels.push([Math.abs(at(keys, i)), at(sizes, i)]);
  return levels;
}

export interface CatchUp {
  /** Best levels of each side that are shown. */
  readonly depth: number;
  /** Levels of each side that have been set since the last time; when it is not known, all may have been. */
  readonly touched?: Readonly<Record<BookSideName, number>> | undefined;
}

/**
 * Takes a book that shows the best levels of another as they were to what they are now, and gives the changes: best first,
 * size 0 for a level that is no longer among them. Applied to the one they give the other. It costs a comparison a level,
 * until as many levels differ as were touched, so that it can be done at every message.
 */
export function catchUp(seen: OrderBook, book: OrderBook, { depth, touched }: CatchUp): BookLevels {
  return {
    bids: catchUpSide(seen.bids, book.bids, { depth, touched: touched?.bids }),
    asks: catchUpSide(seen.asks, book.asks, { depth, touched: touched?.asks }),
  };
}

interface SideCatchUp {
  readonly depth: number;
  readonly touched: number | undefined;
}

const NO_CHANGES: readonly BookLevel[] = [];

function catchUpSide(seen: BookSide, side: BookSide, { depth, touched }: SideCatchUp): readonly BookLevel[] {
  if (touched === 0) return NO_CHANGES;
  const { keys, sizes, count } = side;
  const { keys: seenKeys, sizes: seenSizes } = seen;
  const end = Math.max(0, count - depth);
  let changes: BookLevel[] | undefined;
  let hasMoved = false;
  let i = count - 1;
  let j = seen.count - 1;
  for (;;) {
    // Nearly all of them, at every message.
    while (i >= end && j >= 0 && at(keys, i) === at(seenKeys, j) && at(sizes, i) === at(seenSizes, j)) {
      i -= 1;
      j -= 1;
    }
    if (i < end && j < 0) break;
    changes ??= [];
    // Below every key, when one of them is through.
    const key = i >= end ? at(keys, i) : Number.NEGATIVE_INFINITY;
    const seenKey = j >= 0 ? at(seenKeys, j) : Number.NEGATIVE_INFINITY;
    changes.push(key < seenKey ? [Math.abs(seenKey), 0] : [Math.abs(key), at(sizes, i)]);
    if (key === seenKey) seenSizes[j] = at(sizes, i);
    else hasMoved = true;
    if (key >= seenKey) i -= 1;
    if (seenKey >= key) j -= 1;
    // Further ones can only differ because the depth ends at another level.
    if (changes.length === touched) {
      const same = Math.max(0, Math.min(i - end, j) + 1);
      i -= same;
      j -= same;
    }
  }
  if (hasMoved) copyTop(seen, side, end);
  return changes ?? NO_CHANGES;
}

function copyTop(seen: BookSide, { keys, sizes, count }: BookSide, from: number): void {
  while (seen.keys.length < count - from) grow(seen);
  for (let i = from; i < count; i += 1) {
    seen.keys[i - from] = at(keys, i);
    seen.sizes[i - from] = at(sizes, i);
  }
  seen.count = count - from;
}

function setKey(side: BookSide, key: number, sz: number): LevelChange {
  const { count } = side;
  const index = firstAtLeast(side.keys, count, key);
  if (index < count && side.keys[index] === key) {
    if (sz === 0) {
      remove(side, index);
      return 'removed';
    }
    side.sizes[index] = sz;
    return 'resized';
  }
  if (sz === 0) return 'absent';
  insert(side, index, key, sz);
  return 'added';
}

/** Index of the first key that is not below `key`, `count` when all are. */
function firstAtLeast(keys: Float64Array, count: number, key: number): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (at(keys, middle) < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** From this many numbers on the native move is faster than a loop. */
const NATIVE_MOVE = 32;

function insert(side: BookSide, index: number, key: number, sz: number): void {
  const { count } = side;
  if (count === side.keys.length) grow(side);
  const { keys, sizes } = side;
  if (count - index >= NATIVE_MOVE) {
    keys.copyWithin(index + 1, index, count);
    sizes.copyWithin(index + 1, index, count);
  } else {
    for (let i = count; i > index; i -= 1) {
      keys[i] = at(keys, i - 1);
      sizes[i] = at(sizes, i - 1);
    }
  }
  keys[index] = key;
  sizes[index] = sz;
  side.count = count + 1;
}

function remove(side: BookSide, index: number): void {
  const { keys, sizes, count } = side;
  if (count - index > NATIVE_MOVE) {
    keys.copyWithin(index, index + 1, count);
    sizes.copyWithin(index, index + 1, count);
  } else {
    for (let i = index + 1; i < count; i += 1) {
      keys[i - 1] = at(keys, i);
      sizes[i - 1] = at(sizes, i);
    }
  }
  side.count = count - 1;
}

function grow(side: BookSide): void {
  side.keys = grown(side.keys);
  side.sizes = grown(side.sizes);
}

function grown(array: Float64Array): Float64Array {
  const larger = new Float64Array(2 * array.length);
  larger.set(array);
  return larger;
}

/** Every index here is below the count: the check is for the compiler. */
function at(array: Float64Array, index: number): number {
  return array[index] as number;
}
