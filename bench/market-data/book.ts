import { keepBook, takeBook } from '@tickpath/market-data/core';
import { bestLevel, bookFinding, catchUp, type OrderBook, openBook, setLevel, unitsText } from '@tickpath/trading';
import { cpuUsOf } from './cpu-time.ts';
import { type Random, randomFrom } from './random.ts';

/** Where changes are: as on a venue, more the nearer to the best price; or anywhere, which no market does. */
export const BOOK_MIXES = ['market', 'anywhere'] as const;
export type BookMix = (typeof BOOK_MIXES)[number];

export interface BookCase {
  readonly mix: BookMix;
  /** Levels a side. */
  readonly depth: number;
  readonly deltas: number;
}

/** Nanoseconds of CPU of one change, on average over the round. */
export interface BookRound {
  /** Set in the book, and its finding read. */
  readonly deltaNs: number;
  /** The same, and the best 50 levels compared with those before. */
  readonly topNs: number;
  /** The same, from the venue's text to what is published of it, which is text again. */
  readonly keptNs: number;
  /** Set in a `Map` of sizes by price and side: what a book that is never in order costs. */
  readonly mapNs: number;
}

interface Deltas {
  readonly sides: Uint8Array;
  readonly prices: Float64Array;
  readonly sizes: Float64Array;
}

const TOP = 50;
const ONE_BID = { bids: 1, asks: 0 };
const ONE_ASK = { bids: 0, asks: 1 };
/** Of 100 changes: resized, added; the others are removals. */
const RESIZED = 70;
const ADDED = 15;

/** One round of each; `deltas` changes prepared beforehand. Throws when the book ends crossed: it would measure nothing. */
export function bookRound({ mix, depth, deltas: count }: BookCase, seed = 1): BookRound {
  const random = randomFrom(seed);
  const deltas = preparedDeltas({ mix, depth, deltas: count }, random);
  const deltaNs = perDelta(count, () => {
    const book = filledBook(depth);
    return () => {
      for (let i = 0; i < count; i += 1) {
        apply(book, deltas, i);
        if (bookFinding(book) !== 'ok') throw new Error(`delta ${i}: ${bestLevel(book, 'bids')} is not below the asks`);
      }
    };
  });
  const topNs = perDelta(count, () => {
    const book = filledBook(depth);
    const seen = openBook();
    catchUp(seen, book, { depth: TOP });
    return () => {
      for (let i = 0; i < count; i += 1) {
        apply(book, deltas, i);
        catchUp(seen, book, { depth: TOP, touched: deltas.sides[i] === 0 ? ONE_BID : ONE_ASK });
      }
    };
  });
  const mapNs = perDelta(count, () => {
    const maps = [filledMap(depth, -1), filledMap(depth, 1)] as const;
    return () => {
      for (let i = 0; i < count; i += 1) {
        const map = deltas.sides[i] === 0 ? maps[0] : maps[1];
        const [px, sz] = [deltas.prices[i] ?? 0, deltas.sizes[i] ?? 0];
        if (sz === 0) map.delete(px);
        else map.set(px, sz);
      }
    };
  });
  const keptNs = perDelta(count, () => keptBook(deltas, depth));
  return { deltaNs, topNs, keptNs, mapNs };
}

/** Nanoseconds an item of the second of two runs, each prepared anew. */
function perDelta(count: number, prepare: () => () => void): number {
  prepare()();
  return (1000 * cpuUsOf(prepare())) / count;
}

const EVENT = {
  kind: 'book',
  symbol: 'BTC-USD',
  venueTsNs: 0n,
  venueTsSource: 'venue',
  venueSeq: null,
  checksum: null,
} as const;
const CLOCK = { stamps: { receivedNs: 0n, decodedNs: 0n }, snapshotEveryNs: 1n };

/** As market-data keeps a book; prices have two decimals, sizes three. */
function keptBook({ sides, prices, sizes }: Deltas, depth: number): () => void {
  const text = (px: number, sz: number) => [unitsText(px, 2), unitsText(sz, 3)] as const;
  const events = Array.from(sides, (side, i) => {
    const level = [text(prices[i] ?? 0, sizes[i] ?? 0)];
    return { ...EVENT, snapshot: false, bids: side === 0 ? level : [], asks: side === 0 ? [] : level };
  });
  const kept = keepBook();
  const whole = (direction: 1 | -1) =>
    Array.from({ length: depth }, (_, i) => text(MIDDLE + direction * (i + 1) * STEP, 1001 + i));
  takeBook(kept, { ...EVENT, snapshot: true, bids: whole(-1), asks: whole(1) }, CLOCK);
  return () => {
    for (const event of events) {
      const { fault } = takeBook(kept, event, CLOCK);
      if (fault !== undefined) throw new Error(`the book is ${fault}`);
    }
  };
}

function apply(book: OrderBook, { sides, prices, sizes }: Deltas, i: number): void {
  setLevel(book, sides[i] === 0 ? 'bids' : 'asks', prices[i] ?? 0, sizes[i] ?? 0);
}

const MIDDLE = 6_000_000;
/** Every second price has a level at the start. */
const STEP = 2;

function filledBook(depth: number): OrderBook {
  const book = openBook();
  for (let i = depth; i >= 1; i -= 1) {
    setLevel(book, 'bids', MIDDLE - i * STEP, 1000 + i);
    setLevel(book, 'asks', MIDDLE + i * STEP, 1000 + i);
  }
  return book;
}

function filledMap(depth: number, direction: 1 | -1): Map<number, number> {
  return new Map(Array.from({ length: depth }, (_, i) => [MIDDLE + direction * (i + 1) * STEP, 1001 + i]));
}

/** Additions go between the first levels, and removals take away what was added: the depth stays about what it was. */
function preparedDeltas({ mix, depth, deltas: count }: BookCase, random: Random): Deltas {
  const deltas = { sides: new Uint8Array(count), prices: new Float64Array(count), sizes: new Float64Array(count) };
  const added: [number[], number[]] = [[], []];
  for (let i = 0; i < count; i += 1) {
    const side = random(0, 1) as 0 | 1;
    const away = mix === 'anywhere' ? random(1, depth) : Math.min(depth, nearTheBest(random));
    const direction = side === 0 ? -1 : 1;
    const draw = random(1, 100);
    const leaving = draw > RESIZED + ADDED ? added[side].shift() : undefined;
    deltas.sides[i] = side;
    deltas.prices[i] = leaving ?? MIDDLE + direction * (away * STEP - (draw > RESIZED ? 1 : 0));
    deltas.sizes[i] = leaving === undefined ? random(1, 1_000_000) : 0;
    if (leaving === undefined && draw > RESIZED) added[side].push(deltas.prices[i] ?? 0);
  }
  return deltas;
}

/** Half of the changes within the best level, a quarter at each of the next two doublings, and so on. */
function nearTheBest(random: Random): number {
  let reach = 1;
  while (random(0, 1) === 1 && reach < 4096) reach *= 2;
  return random(1, reach);
}
