import type { BookFinding, BookLevel, BookLevels, BookSideName } from '../src/index.ts';

/** A book as one would describe it: a map of sizes by price, sorted when somebody looks. */
export interface NaiveBook {
  readonly bids: Map<number, number>;
  readonly asks: Map<number, number>;
}

export function naiveBook(): NaiveBook {
  return { bids: new Map(), asks: new Map() };
}

export function setNaive(book: NaiveBook, side: BookSideName, [px, sz]: BookLevel): void {
  if (sz === 0) book[side].delete(px);
  else book[side].set(px, sz);
}

export function naiveTop(book: NaiveBook, depth: number): BookLevels {
  return {
    bids: [...book.bids].sort(([a], [b]) => b - a).slice(0, depth),
    asks: [...book.asks].sort(([a], [b]) => a - b).slice(0, depth),
  };
}

export function naiveFinding(book: NaiveBook): BookFinding {
  if (book.bids.size === 0 || book.asks.size === 0) return 'ok';
  const bid = Math.max(...book.bids.keys());
  const ask = Math.min(...book.asks.keys());
  if (bid < ask) return 'ok';
  return bid > ask ? 'crossed' : 'locked';
}

/** Best first, what differs between two views: every price of either whose size is another in the second, 0 where it is gone. */
export function naiveChanges(before: BookLevels, after: BookLevels): BookLevels {
  const side = (name: BookSideName, direction: 1 | -1): BookLevel[] => {
    const [was, is] = [new Map(before[name]), new Map(after[name])];
    const prices = [...new Set([...was.keys(), ...is.keys()])].sort((a, b) => direction * (a - b));
    return prices.flatMap((px): BookLevel[] => (was.get(px) === is.get(px) ? [] : [[px, is.get(px) ?? 0]]));
  };
  return { bids: side('bids', -1), asks: side('asks', 1) };
}
