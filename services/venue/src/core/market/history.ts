import type { Instrument } from '@tickpath/trading';
import type { BookLevel, MarketBook, MarketEvent } from './event.ts';
import {
  BarRows,
  type Codes,
  type PastBar,
  type PastQuote,
  type PastRows,
  type PastTrade,
  QuoteRows,
  TradeRows,
} from './history-rows.ts';
import { ListCodes, TextCodes } from './history-series.ts';

/** The whole book of an instrument, best level first. */
export interface PastBook {
  readonly tsNs: bigint;
  readonly bids: readonly BookLevel[];
  readonly asks: readonly BookLevel[];
}

/** What is remembered of one instrument. */
export interface SymbolHistory {
  readonly instrument: Instrument;
  readonly trades: PastRows<PastTrade>;
  readonly quotes: PastRows<PastQuote>;
  /** Closed minutes; a revised one stands in the place of the first. */
  readonly minuteBars: PastRows<PastBar>;
  /** Days by New York; the current one as it was last published. */
  readonly dailyBars: PastRows<PastBar>;
  /** `undefined` before any level was shown. */
  book(): PastBook | undefined;
}

/** The market of this run as far as it is remembered: a bounded number of events of each kind and symbol. */
export interface History {
  /** Takes what the market shows, bars included, in the order in which it shows it. */
  add(event: MarketEvent): void;
  /** `undefined` for a symbol that has shown nothing. */
  of(symbol: string): SymbolHistory | undefined;
  /** By the order in which they were first shown. */
  all(): Iterable<SymbolHistory>;
  /** Forgets everything: another run begins. */
  clear(): void;
}

/** `eventsPerSymbol` bounds each of trades, quotes and bars of a symbol; the oldest go first. */
export function createHistory({ eventsPerSymbol }: { readonly eventsPerSymbol: number }): History {
  let codes = newCodes();
  const bySymbol = new Map<string, RecordedSymbol>();
  const symbolOf = (instrument: Instrument): RecordedSymbol => {
    let symbol = bySymbol.get(instrument.symbol);
    if (symbol === undefined) {
      symbol = new RecordedSymbol(instrument, codes, eventsPerSymbol);
      bySymbol.set(instrument.symbol, symbol);
    }
    return symbol;
  };
  return {
    add: (event) => symbolOf(event.instrument).add(event),
    of: (symbol) => bySymbol.get(symbol),
    all: () => bySymbol.values(),
    clear() {
      bySymbol.clear();
      codes = newCodes();
    },
  };
}

function newCodes(): Codes {
  return { texts: new TextCodes(), lists: new ListCodes() };
}

class RecordedSymbol implements SymbolHistory {
  readonly instrument: Instrument;
  readonly trades: TradeRows;
  readonly quotes: QuoteRows;
  readonly minuteBars: BarRows;
  readonly dailyBars: BarRows;
  readonly #bids = new Map<number, number>();
  readonly #asks = new Map<number, number>();
  #bookNs: bigint | null = null;

  constructor(instrument: Instrument, codes: Codes, limit: number) {
    this.instrument = instrument;
    this.trades = new TradeRows(codes, limit);
    this.quotes = new QuoteRows(codes, limit);
    this.minuteBars = new BarRows(limit);
    this.dailyBars = new BarRows(limit);
  }

  add(event: MarketEvent): void {
    switch (event.kind) {
      case 'trade':
        return this.trades.add(event, null);
      case 'quote':
        return this.quotes.add(event);
      case 'correction':
        return this.trades.correct(event);
      case 'cancelError':
        return this.trades.cancel(event);
      case 'bar':
      case 'updatedBar':
        return this.minuteBars.put(event);
      case 'dailyBar':
        return this.dailyBars.put(event);
      case 'book':
        return this.#show(event);
      case 'status':
      case 'luld':
      case 'imbalance':
        return;
    }
  }

  book(): PastBook | undefined {
    if (this.#bookNs === null) return undefined;
    const bids = [...this.#bids].sort(([a], [b]) => b - a);
    const asks = [...this.#asks].sort(([a], [b]) => a - b);
    return { tsNs: this.#bookNs, bids, asks };
  }

  #show({ tsNs, reset, bids, asks }: MarketBook): void {
    this.#bookNs = tsNs;
    if (reset) {
      this.#bids.clear();
      this.#asks.clear();
    }
    setLevels(this.#bids, bids);
    setLevels(this.#asks, asks);
  }
}

function setLevels(side: Map<number, number>, levels: readonly BookLevel[]): void {
  for (const [px, sz] of levels) {
    if (sz === 0) side.delete(px);
    else side.set(px, sz);
  }
}
