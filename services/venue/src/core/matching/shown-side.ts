import type { BookLevel } from '../market/event.ts';

/** 1 buys, -1 sells. `sign * px` rises with what such an order pays, so that one comparison serves both sides. */
export type Sign = 1 | -1;

/** The size displayed at a price of which nothing is known. */
export const UNKNOWN_QTY = Number.POSITIVE_INFINITY;

/**
 * One side of the market as shown, and what our orders have taken of it. Its levels are the quote, then the levels of
 * the book strictly beyond the quote's price; without a quote all levels of the book.
 */
export interface ShownSide {
  /** Of the orders that take from it: 1 for asks, -1 for bids. Better levels have a lower `sign * px`. */
  readonly sign: Sign;
  /** The quote's; both 0 when it is absent. */
  quotePx: number;
  quoteSz: number;
  /** The levels of the book, best first. */
  readonly bookPx: number[];
  readonly bookSz: number[];
  /** Index of the book's first level beyond the quote. */
  beyond: number;
  /** By price, for as long as the price stays shown. */
  readonly taken: Map<number, number>;
}

const NONE: readonly number[] = Object.freeze([]);

export function createShownSide(sign: Sign): ShownSide {
  return { sign, quotePx: 0, quoteSz: 0, bookPx: [], bookSz: [], beyond: 0, taken: new Map() };
}

/** A quote with price or size 0 is absent. */
export function showQuote(side: ShownSide, px: number, sz: number): void {
  const isShown = px > 0 && sz > 0;
  const quotePx = isShown ? px : 0;
  side.quoteSz = isShown ? sz : 0;
  if (side.quotePx === quotePx) return;
  side.quotePx = quotePx;
  findBeyond(side);
  forgetTaken(side);
}

/**
 * Returns the prices whose level was there before and is gone. With `reset` the levels are the whole book; the last word on
 * a price holds.
 */
export function showBook(side: ShownSide, levels: readonly BookLevel[], reset: boolean): readonly number[] {
  if (levels.length === 0 && !(reset && side.bookPx.length > 0)) return NONE;
  const removed = reset ? side.bookPx.splice(0) : knownRemovals(side, levels);
  if (reset) side.bookSz.length = 0;
  for (const [px, sz] of levels) setLevel(side, px, sz);
  findBeyond(side);
  forgetTaken(side);
  return removed.filter((px) => bookIndexOf(side, px) < 0);
}

/** As if nothing had ever been shown. */
export function forgetShown(side: ShownSide): void {
  side.quotePx = 0;
  side.quoteSz = 0;
  side.bookPx.length = 0;
  side.bookSz.length = 0;
  side.beyond = 0;
  side.taken.clear();
}

/** Price of a level, 0 when there are not so many. */
export function levelPx(side: ShownSide, level: number): number {
  if (side.quotePx === 0) return side.bookPx[level] ?? 0;
  return level === 0 ? side.quotePx : (side.bookPx[side.beyond + level - 1] ?? 0);
}

export function levelSz(side: ShownSide, level: number): number {
  if (side.quotePx === 0) return side.bookSz[level] ?? 0;
  return level === 0 ? side.quoteSz : (side.bookSz[side.beyond + level - 1] ?? 0);
}

/** Price of the best level, 0 when nothing is shown. */
export function bestPx(side: ShownSide): number {
  return side.quotePx === 0 ? (side.bookPx[0] ?? 0) : side.quotePx;
}

/** What of a level our orders have not taken. */
export function availableAt(side: ShownSide, level: number): number {
  const sz = levelSz(side, level);
  if (side.taken.size === 0) return sz;
  return Math.max(0, sz - (side.taken.get(levelPx(side, level)) ?? 0));
}

export function take(side: ShownSide, px: number, qty: number): void {
  side.taken.set(px, (side.taken.get(px) ?? 0) + qty);
}

/** A trade of the market shows that liquidity at its price was renewed. True when there was something to give back. */
export function giveBack(side: ShownSide, px: number, qty: number): boolean {
  const taken = side.taken.get(px);
  if (taken === undefined) return false;
  if (taken > qty) side.taken.set(px, taken - qty);
  else side.taken.delete(px);
  return true;
}

/** The size displayed at a price: 0 ahead of the quote, `UNKNOWN_QTY` behind it unless the book has a level there. */
export function displayedAt(side: ShownSide, px: number): number {
  const { quotePx, sign } = side;
  if (quotePx !== 0 && px === quotePx) return side.quoteSz;
  if (quotePx !== 0 && sign * px < sign * quotePx) return 0;
  const index = bookIndexOf(side, px);
  if (index >= 0) return side.bookSz[index] ?? 0;
  return quotePx === 0 ? 0 : UNKNOWN_QTY;
}

function knownRemovals(side: ShownSide, levels: readonly BookLevel[]): number[] {
  const removed: number[] = [];
  for (const [px, sz] of levels) if (sz <= 0 && bookIndexOf(side, px) >= 0) removed.push(px);
  return removed;
}

/** A size of 0 removes the level. */
function setLevel(side: ShownSide, px: number, sz: number): void {
  if (px <= 0) return;
  const index = lowerBound(side, px);
  const isKnown = side.bookPx[index] === px;
  if (sz > 0) {
    side.bookPx.splice(index, isKnown ? 1 : 0, px);
    side.bookSz.splice(index, isKnown ? 1 : 0, sz);
  } else if (isKnown) {
    side.bookPx.splice(index, 1);
    side.bookSz.splice(index, 1);
  }
}

/** Index of the first level of the book that is not better than a price. */
function lowerBound({ bookPx, sign }: ShownSide, px: number): number {
  let low = 0;
  let high = bookPx.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sign * (bookPx[middle] ?? 0) < sign * px) low = middle + 1;
    else high = middle;
  }
  return low;
}

function bookIndexOf(side: ShownSide, px: number): number {
  if (side.bookPx.length === 0) return -1;
  const index = lowerBound(side, px);
  return side.bookPx[index] === px ? index : -1;
}

function findBeyond(side: ShownSide): void {
  if (side.bookPx.length === 0 || side.quotePx === 0) {
    side.beyond = 0;
    return;
  }
  const index = lowerBound(side, side.quotePx);
  side.beyond = side.bookPx[index] === side.quotePx ? index + 1 : index;
}

function forgetTaken(side: ShownSide): void {
  for (const px of side.taken.keys()) {
    if (px !== side.quotePx && bookIndexOf(side, px) < 0) side.taken.delete(px);
  }
}
