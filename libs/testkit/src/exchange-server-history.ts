import type { BookSide, ExchangeBook, ShownLevels } from './exchange-server-book.ts';

interface States {
  /** Spelled states that have not been passed, the one that was found last in front. */
  readonly waiting: string[];
  passed: number;
}

/**
 * The best levels of an exchange's books as they were after each message, in order: what is published of a book must
 * follow them. A state that looks like the one before it is not another one.
 */
export class BookHistory {
  readonly #levels: number;
  readonly #states = new Map<string, States>();

  /** `levels`: how many of the best of each side count. */
  constructor(levels: number) {
    this.#levels = levels;
  }

  note(name: string, book: ExchangeBook): void {
    const states = this.#states.get(name) ?? { waiting: [], passed: 0 };
    this.#states.set(name, states);
    const { bids, asks } = book.shown(this.#levels);
    const text = spelled(bids, asks);
    if (states.waiting.at(-1) !== text) states.waiting.push(text);
  }

  /**
   * How many states the book has moved on by to be like this one, which must not be before the one found last;
   * undefined when it has been like this at no such moment.
   */
  follow(name: string, { bids, asks }: Readonly<Record<BookSide, ShownLevels>>): number | undefined {
    const states = this.#states.get(name);
    const by = states?.waiting.indexOf(spelled(bids, asks)) ?? -1;
    if (states === undefined || by < 0) return undefined;
    states.waiting.splice(0, by);
    states.passed += by;
    return by;
  }

  /** States of the book so far, and the number of the one found last. */
  count(name: string): { readonly all: number; readonly found: number } {
    const states = this.#states.get(name);
    return { all: (states?.passed ?? 0) + (states?.waiting.length ?? 0), found: states?.passed ?? 0 };
  }
}

function spelled(bids: ShownLevels, asks: ShownLevels): string {
  return JSON.stringify([bids, asks]);
}
