import type { BookLevel, MarketBook, MarketQuote, MarketTrade } from '../../src/core/market/event.ts';
import type { EnteringOrder } from '../../src/core/matching/types.ts';

export type OwnSide = EnteringOrder['side'];

interface Level {
  readonly px: bigint;
  readonly sz: bigint;
}

interface NaiveSide {
  quote: Level | null;
  book: Level[];
  taken: { readonly px: bigint; qty: bigint }[];
}

export interface GonePrices {
  readonly buy: readonly bigint[];
  readonly sell: readonly bigint[];
}

/** What is shown of one symbol and what was taken of it, by rules 1 and 2 said as plainly as possible. */
export class NaiveMarket {
  readonly symbol: string;
  readonly assetClass: EnteringOrder['instrument']['assetClass'];
  bids: NaiveSide = { quote: null, book: [], taken: [] };
  asks: NaiveSide = { quote: null, book: [], taken: [] };
  lastSale: bigint | null = null;
  volume = 0n;
  isHalted = false;
  isRestricted = false;

  constructor({ symbol, assetClass }: EnteringOrder['instrument']) {
    this.symbol = symbol;
    this.assetClass = assetClass;
  }

  /** Of a side that the quote carries over nothing is new. */
  quote(event: MarketQuote): GonePrices {
    const level = (px: number, sz: number) => (px === 0 || sz === 0 ? null : { px: BigInt(px), sz: BigInt(sz) });
    if (event.updates !== 'ask') this.bids.quote = level(event.bidPx, event.bidSz);
    if (event.updates !== 'bid') this.asks.quote = level(event.askPx, event.askSz);
    this.#forgetTaken();
    return { buy: [], sell: [] };
  }

  /** Returns the prices at which a side lost its level of the book, by our orders of that side. */
  book(event: MarketBook): GonePrices {
    const update = (side: NaiveSide, levels: readonly BookLevel[], direction: number): bigint[] => {
      const before = side.book;
      let after = event.reset ? [] : before;
      for (const [px, sz] of levels) {
        after = after.filter((level) => level.px !== BigInt(px));
        if (sz > 0) after = [...after, { px: BigInt(px), sz: BigInt(sz) }];
      }
      side.book = after.toSorted((a, b) => Number(a.px - b.px) * direction);
      return before.map(({ px }) => px).filter((px) => !side.book.some((level) => level.px === px));
    };
    const gone = { buy: update(this.bids, event.bids, -1), sell: update(this.asks, event.asks, 1) };
    this.#forgetTaken();
    return gone;
  }

  forget(): void {
    this.bids = { quote: null, book: [], taken: [] };
    this.asks = { quote: null, book: [], taken: [] };
  }

  #forgetTaken(): void {
    for (const side of [this.bids, this.asks]) side.taken = side.taken.filter(({ px }) => isShown(side, px));
  }

  /** Levels against which an order of this side takes, best first. */
  levels(taker: OwnSide): Level[] {
    const { quote, book } = taker === 'buy' ? this.asks : this.bids;
    if (quote === null) return book;
    const beyond = book.filter((level) => (taker === 'buy' ? level.px > quote.px : level.px < quote.px));
    return [quote, ...beyond];
  }

  best(side: 'bid' | 'ask'): Level | undefined {
    return this.levels(side === 'bid' ? 'sell' : 'buy')[0];
  }

  available(taker: OwnSide, level: Level): bigint {
    const side = taker === 'buy' ? this.asks : this.bids;
    const taken = side.taken.filter(({ px }) => px === level.px).reduce((sum, { qty }) => sum + qty, 0n);
    return level.sz > taken ? level.sz - taken : 0n;
  }

  take(taker: OwnSide, px: bigint, qty: bigint): void {
    const side = taker === 'buy' ? this.asks : this.bids;
    const known = side.taken.find((one) => one.px === px);
    if (known === undefined) side.taken.push({ px, qty });
    else known.qty += qty;
  }

  /** True when a trade against the side from which `taker` takes gave something back there. */
  giveBack(taker: OwnSide, px: bigint, size: bigint): boolean {
    const side = taker === 'buy' ? this.asks : this.bids;
    const taken = side.taken.find((one) => one.px === px);
    if (taken === undefined || taken.qty === 0n) return false;
    taken.qty = taken.qty > size ? taken.qty - size : 0n;
    return true;
  }

  /** What is displayed at a price on the side of our own orders. */
  displayed(side: OwnSide, px: bigint): bigint | 'unknown' {
    const { quote, book } = side === 'buy' ? this.bids : this.asks;
    const level = book.find((one) => one.px === px);
    if (quote === null) return level?.sz ?? 0n;
    if (px === quote.px) return quote.sz;
    if (side === 'buy' ? px > quote.px : px < quote.px) return 0n;
    return level?.sz ?? 'unknown';
  }

  /** Who took in a trade; `null` cannot be told. */
  takerOf(event: MarketTrade): OwnSide | null {
    if (event.takerSide === 'B') return 'buy';
    if (event.takerSide === 'S') return 'sell';
    const ask = this.best('ask');
    const bid = this.best('bid');
    if (ask !== undefined && BigInt(event.px) >= ask.px) return 'buy';
    if (bid !== undefined && BigInt(event.px) <= bid.px) return 'sell';
    return null;
  }
}

function isShown(side: NaiveSide, px: bigint): boolean {
  return side.quote?.px === px || side.book.some((level) => level.px === px);
}
