export type BookSide = 'bids' | 'asks';
/** As the exchange spells it; further fields (Kraken's time) stay with the level. */
export type SpelledLevel = readonly [price: string, size: string, ...rest: string[]];
/** Best first, without the zeros behind the point. */
export type ShownLevels = readonly (readonly [price: string, size: string])[];

/** An exchange's own book, kept the plain way: nothing of it is shared with what is tested. */
export class ExchangeBook {
  readonly #sides: Readonly<Record<BookSide, Map<number, SpelledLevel>>> = { bids: new Map(), asks: new Map() };

  /** A size of zero removes. */
  set(side: BookSide, levels: readonly SpelledLevel[]): void {
    for (const level of levels) {
      const price = Number(level[0]);
      if (Number(level[1]) === 0) this.#sides[side].delete(price);
      else this.#sides[side].set(price, level);
    }
  }

  /** The `count` best levels. */
  best(side: BookSide, count = Number.POSITIVE_INFINITY): readonly SpelledLevel[] {
    const direction = side === 'asks' ? 1 : -1;
    const sorted = [...this.#sides[side]].sort(([a], [b]) => direction * (a - b));
    return sorted.slice(0, count).map(([, level]) => level);
  }

  /** Drops what is beyond the depth that the exchange tells of. */
  truncate(side: BookSide, depth: number): void {
    if (this.#sides[side].size <= depth) return;
    for (const [price] of this.best(side).slice(depth)) this.#sides[side].delete(Number(price));
  }

  shown(count: number): Readonly<Record<BookSide, ShownLevels>> {
    return { bids: plainLevels(this.best('bids', count)), asks: plainLevels(this.best('asks', count)) };
  }

  /** Levels that make this book of `other`. */
  differenceFrom(other: ExchangeBook, side: BookSide): readonly SpelledLevel[] {
    const mine = this.#sides[side];
    const theirs = other.#sides[side];
    const gone = [...theirs].filter(([price]) => !mine.has(price)).map(([, [price]]): SpelledLevel => [price, '0']);
    return [...gone, ...[...mine].filter(([price, [, size]]) => theirs.get(price)?.[1] !== size).map(([, one]) => one)];
  }

  copy(): ExchangeBook {
    const copy = new ExchangeBook();
    for (const side of ['bids', 'asks'] as const) copy.set(side, [...this.#sides[side].values()]);
    return copy;
  }
}

export function plainLevels(levels: readonly SpelledLevel[]): ShownLevels {
  return levels.map(([price, size]) => [plain(price), plain(size)] as const);
}

function plain(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}
