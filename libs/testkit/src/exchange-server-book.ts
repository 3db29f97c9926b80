export type BookSide = 'bids' | 'asks';
/** As the exchange spells it; further fields (Kraken's time) stay with the level. */
export type SpelledLevel = readonly [price: string, size: string, ...rest: string[]];
/** Best first, without the zeros behind the point. */
export type ShownLevels = readonly (readonly [price: string, size: string])[];

interface Side {
  readonly levels: Map<number, SpelledLevel>;
  /** Best first. */
  readonly prices: number[];
}

const DIRECTION: Readonly<Record<BookSide, 1 | -1>> = { bids: -1, asks: 1 };

/** An exchange's own book, kept the plain way: nothing of it is shared with what is tested. */
export class ExchangeBook {
  readonly #sides: Readonly<Record<BookSide, Side>> = {
    bids: { levels: new Map(), prices: [] },
    asks: { levels: new Map(), prices: [] },
  };

  /** A size of zero removes. */
  set(side: BookSide, levels: readonly SpelledLevel[]): void {
    const { levels: known, prices } = this.#sides[side];
    for (const level of levels) {
      const price = Number(level[0]);
      const isThere = known.has(price);
      if (Number(level[1]) !== 0) {
        known.set(price, level);
        if (!isThere) prices.splice(placeOf(prices, price, DIRECTION[side]), 0, price);
      } else if (isThere) {
        known.delete(price);
        prices.splice(placeOf(prices, price, DIRECTION[side]), 1);
      }
    }
  }

  /** The `count` best levels. */
  best(side: BookSide, count = Number.POSITIVE_INFINITY): readonly SpelledLevel[] {
    const { levels, prices } = this.#sides[side];
    return prices.slice(0, count).flatMap((price) => {
      const level = levels.get(price);
      return level === undefined ? [] : [level];
    });
  }

  /** Drops what is beyond the depth that the exchange tells of. */
  truncate(side: BookSide, depth: number): void {
    const { levels, prices } = this.#sides[side];
    if (prices.length > depth) for (const price of prices.splice(depth)) levels.delete(price);
  }

  shown(count: number): Readonly<Record<BookSide, ShownLevels>> {
    return { bids: plainLevels(this.best('bids', count)), asks: plainLevels(this.best('asks', count)) };
  }

  /** Levels that make this book of `other`. */
  differenceFrom(other: ExchangeBook, side: BookSide): readonly SpelledLevel[] {
    const mine = this.#sides[side].levels;
    const theirs = other.#sides[side].levels;
    const gone = [...theirs].filter(([price]) => !mine.has(price)).map(([, [price]]): SpelledLevel => [price, '0']);
    return [...gone, ...[...mine].filter(([price, [, size]]) => theirs.get(price)?.[1] !== size).map(([, one]) => one)];
  }

  copy(): ExchangeBook {
    const copy = new ExchangeBook();
    for (const side of ['bids', 'asks'] as const) copy.set(side, this.best(side));
    return copy;
  }
}

/** Where the price is, or is to be put in. */
function placeOf(prices: readonly number[], price: number, direction: 1 | -1): number {
  let low = 0;
  let high = prices.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (((prices[middle] ?? price) - price) * direction < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

export function plainLevels(levels: readonly SpelledLevel[]): ShownLevels {
  return levels.map(([price, size]) => [plain(price), plain(size)] as const);
}

function plain(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}
