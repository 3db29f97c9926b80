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
