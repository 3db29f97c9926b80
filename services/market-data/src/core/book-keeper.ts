import {
  applyLevels,
  applySnapshot,
  type BookFinding,
  type BookLevel,
  type BookLevels,
  type BookSide,
  catchUp,
  clearBook,
  type OrderBook,
  openBook,
  topLevels,
  unitsOf,
  unitsText,
} from '@tickpath/trading';
import type { Payload } from '@tickpath/wire';
import type { BookEvent, BookFault, Level, QuoteEvent, Stamps, TimeSource } from './feeds/protocol.ts';
import { publishedSource } from './feeds/venue-time.ts';

/** Levels of each side that are published; the book itself is kept to its full depth. */
export const PUBLISHED_DEPTH = 50;
/** More decimals than any venue writes; further ones would leave no room for the whole. */
const MAX_DECIMALS = 15;
const DIGIT_0 = 0x30;
const NO_LEVELS: BookLevels = { bids: [], asks: [] };

/** The best level of each side as a quote says it. */
export type QuotedTop = Pick<QuoteEvent, 'bidPx' | 'bidSize' | 'askPx' | 'askSize'>;

/** One symbol's book and what has been published of it. Changed in place by the functions of this file. */
export interface KeptBook {
  readonly book: OrderBook;
  /** Prices and sizes are whole numbers of so many decimals: the most that the venue has needed. */
  priceDecimals: number;
  qtyDecimals: number;
  /** Why it is not to be used; null while it is. */
  fault: BookFault | null;
  /** The best levels as they were last published. */
  readonly shown: OrderBook;
  /** When the last full one was published on our own clock, and whether changes have followed it. */
  snapshotNs: bigint;
  isChanged: boolean;
  venueTsNs: bigint;
  venueTsSource: TimeSource;
  venueSeq: number | null;
  /** The top as it was last published as a quote; null when none was since the book became valid. */
  quoted: QuotedTop | null;
}

export interface BookStep {
  readonly payload: Payload<'book'> | undefined;
  /** The book has just been found wrong: it is to be fetched anew. */
  readonly fault: BookFault | undefined;
}

const NOTHING: BookStep = { payload: undefined, fault: undefined };

export function keepBook(): KeptBook {
  return {
    ...{ book: openBook(), priceDecimals: 0, qtyDecimals: 0, fault: 'no-snapshot' },
    ...{ shown: openBook(), snapshotNs: 0n, isChanged: false, venueTsNs: 0n, venueTsSource: 'venue', venueSeq: null },
    quoted: null,
  };
}

/** Applies what the venue says of the book. Changes to an invalid book are passed over: they lead nowhere without a snapshot. */
export function takeBook(kept: KeptBook, event: BookEvent, clock: BookClock): BookStep {
  if (!event.snapshot && kept.fault !== null) return NOTHING;
  kept.venueTsNs = event.venueTsNs;
  kept.venueTsSource = event.venueTsSource;
  kept.venueSeq = event.venueSeq;
  const finding = apply(kept, event);
  if (finding !== 'ok') return { payload: invalidate(kept, finding, clock.stamps), fault: finding };
  const isBack = kept.fault !== null;
  kept.fault = null;
  if (isBack || event.snapshot || isDue(kept, clock)) {
    return { payload: fullBook(kept, clock.stamps), fault: undefined };
  }
  return { payload: changes(kept, event, clock.stamps), fault: undefined };
}

export interface BookClock {
  readonly stamps: Stamps;
  /** A full book is published at least so often while it changes, for those who join. */
  readonly snapshotEveryNs: bigint;
}

/** The book is not to be used until the next snapshot; says so unless that is known already. */
export function invalidate(kept: KeptBook, fault: BookFault, stamps: Stamps): Payload<'book'> | undefined {
  const isNews = kept.fault !== fault;
  kept.fault = fault;
  kept.quoted = null;
  empty(kept);
  return isNews ? payloadOf(kept, { snapshot: true, levels: NO_LEVELS, stamps }) : undefined;
}

/** The full book, when changes have been published since the last and that was long enough ago. */
export function refreshBook(kept: KeptBook, clock: BookClock): Payload<'book'> | undefined {
  return kept.fault === null && kept.isChanged && isDue(kept, clock) ? fullBook(kept, clock.stamps) : undefined;
}

function isDue({ snapshotNs }: KeptBook, { stamps, snapshotEveryNs }: BookClock): boolean {
  return stamps.receivedNs - snapshotNs >= snapshotEveryNs;
}

function fullBook(kept: KeptBook, stamps: Stamps): Payload<'book'> {
  catchUp(kept.shown, kept.book, { depth: PUBLISHED_DEPTH });
  kept.snapshotNs = stamps.receivedNs;
  kept.isChanged = false;
  return payloadOf(kept, { snapshot: true, levels: topLevels(kept.shown, PUBLISHED_DEPTH), stamps });
}

/** What the event has changed among the best levels; undefined when nothing. */
function changes(kept: KeptBook, { bids, asks }: BookEvent, stamps: Stamps): Payload<'book'> | undefined {
  const touched = { bids: bids.length, asks: asks.length };
  const levels = catchUp(kept.shown, kept.book, { depth: PUBLISHED_DEPTH, touched });
  if (levels.bids.length === 0 && levels.asks.length === 0) return undefined;
  kept.isChanged = true;
  return payloadOf(kept, { snapshot: false, levels, stamps });
}

interface Shown {
  readonly snapshot: boolean;
  readonly levels: BookLevels;
  readonly stamps: Stamps;
}

function payloadOf(kept: KeptBook, { snapshot, levels, stamps }: Shown): Payload<'book'> {
  const { priceDecimals, qtyDecimals, fault, venueSeq, venueTsNs } = kept;
  const text = ([px, sz]: BookLevel) => ({ px: unitsText(px, priceDecimals), sz: unitsText(sz, qtyDecimals) });
  return {
    snapshot,
    valid: fault === null,
    reason: fault,
    venueSeq,
    venueTsNs,
    bids: levels.bids.map(text),
    asks: levels.asks.map(text),
    receivedNs: stamps.receivedNs,
    decodedNs: stamps.decodedNs,
    venueTsSource: publishedSource(kept.venueTsSource),
  };
}

function apply(kept: KeptBook, { snapshot, bids, asks }: BookEvent): BookFinding | 'precision' {
  if (snapshot) empty(kept);
  try {
    refine(
      kept,
      Math.max(decimalsOf(bids, 0), decimalsOf(asks, 0)),
      Math.max(decimalsOf(bids, 1), decimalsOf(asks, 1)),
    );
    const levels = { bids: inUnits(kept, bids), asks: inUnits(kept, asks) };
    return snapshot ? applySnapshot(kept.book, levels) : applyLevels(kept.book, levels);
  } catch (error) {
    // A number that no safe integer holds; anything else is a fault of ours.
    if (error instanceof RangeError) return 'precision';
    throw error;
  }
}

/** Nothing stands in the way of units as coarse as the next snapshot allows. */
function empty(kept: KeptBook): void {
  clearBook(kept.book);
  clearBook(kept.shown);
  kept.priceDecimals = 0;
  kept.qtyDecimals = 0;
}

function inUnits({ priceDecimals, qtyDecimals }: KeptBook, levels: readonly Level[]): BookLevel[] {
  return levels.map(([price, size]) => [unitsOf(price, priceDecimals), unitsOf(size, qtyDecimals)]);
}

/** Most decimals that prices (column 0) or sizes (column 1) need: zeros at their end say nothing, and would take room. */
function decimalsOf(levels: readonly Level[], column: 0 | 1): number {
  let most = 0;
  for (const level of levels) {
    const text = level[column];
    const point = text.indexOf('.');
    if (point < 0) continue;
    let end = text.length;
    while (end - point - 1 > most && text.charCodeAt(end - 1) === DIGIT_0) end -= 1;
    if (end - point - 1 > most) most = end - point - 1;
  }
  return most;
}

/** Takes the book to finer units when the venue begins to write them. Throws `RangeError` when a number does not fit any more. */
function refine(kept: KeptBook, priceDecimals: number, qtyDecimals: number): void {
  if (priceDecimals <= kept.priceDecimals && qtyDecimals <= kept.qtyDecimals) return;
  if (Math.max(priceDecimals, qtyDecimals) > MAX_DECIMALS) {
    throw new RangeError(`${Math.max(priceDecimals, qtyDecimals)} decimals: allowed are up to ${MAX_DECIMALS}`);
  }
  const priceScale = 10 ** Math.max(0, priceDecimals - kept.priceDecimals);
  const qtyScale = 10 ** Math.max(0, qtyDecimals - kept.qtyDecimals);
  for (const { bids, asks } of [kept.book, kept.shown]) {
    scale(bids, priceScale, qtyScale);
    scale(asks, priceScale, qtyScale);
  }
  kept.priceDecimals = Math.max(priceDecimals, kept.priceDecimals);
  kept.qtyDecimals = Math.max(qtyDecimals, kept.qtyDecimals);
}

function scale(side: BookSide, priceScale: number, qtyScale: number): void {
  for (let i = 0; i < side.count; i += 1) {
    const key = (side.keys[i] as number) * priceScale;
    const size = (side.sizes[i] as number) * qtyScale;
    if (!(Number.isSafeInteger(key) && Number.isSafeInteger(size))) {
      throw new RangeError(`level ${key} × ${size}: allowed are safe integers, in units of the instrument`);
    }
    side.keys[i] = key;
    side.sizes[i] = size;
  }
}
