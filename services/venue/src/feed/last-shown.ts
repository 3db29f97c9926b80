import type { Instrument } from '@tickpath/trading';
import type { BookLevel, MarketBook, MarketQuote, MarketStatus, SourceEvent } from '../core/market/event.ts';
import type { MarketPast } from '../core/matching/matcher.ts';

/** What a market that has been skipped would still show. */
export interface LastShown {
  put(event: SourceEvent): void;
  /** Of each symbol what its trades have left behind. */
  pasts(): Iterable<readonly [Instrument, MarketPast]>;
  /** Of each symbol its short-sale restriction and halt, if any, its book and its quote, at the times at which they were shown. */
  events(): SourceEvent[];
}

/** No trade so far. */
export const NO_PAST: MarketPast = Object.freeze({ lastSalePx: 0, volumeQty: 0 });

interface Book {
  tsNs: bigint;
  readonly bids: Map<number, number>;
  readonly asks: Map<number, number>;
}

interface SymbolShown {
  quote: MarketQuote | null;
  book: Book | null;
  halt: MarketStatus | null;
  restriction: MarketStatus | null;
}

export function createLastShown(): LastShown {
  const symbols = new Map<Instrument, SymbolShown>();
  const pasts = new Map<Instrument, MarketPast>();
  const shownOf = (instrument: Instrument): SymbolShown => {
    const known = symbols.get(instrument);
    if (known !== undefined) return known;
    const shown: SymbolShown = { quote: null, book: null, halt: null, restriction: null };
    symbols.set(instrument, shown);
    return shown;
  };
  return {
    put(event) {
      if (event.kind === 'quote') putQuote(shownOf(event.instrument), event);
      else if (event.kind === 'book') putBook(shownOf(event.instrument), event);
      else if (event.kind === 'status') putStatus(shownOf(event.instrument), event);
      else if (event.kind === 'trade' && event.isLastSale) {
        const { volumeQty } = pasts.get(event.instrument) ?? NO_PAST;
        pasts.set(event.instrument, { lastSalePx: event.px, volumeQty: volumeQty + event.sz });
      }
    },
    pasts: () => pasts,
    events() {
      const events: SourceEvent[] = [];
      for (const [instrument, { quote, book, halt, restriction }] of symbols) {
        for (const status of [restriction, halt]) if (status !== null) events.push(status);
        if (book !== null) events.push(wholeBook(instrument, book));
        if (quote !== null) events.push(quote);
      }
      return events;
    },
  };
}

/** Each side that has been new since the last halt is new to whoever has seen none of the quotes. */
function putQuote(shown: SymbolShown, quote: MarketQuote): void {
  const before = shown.quote?.updates ?? quote.updates;
  shown.quote = before === quote.updates ? quote : { ...quote, updates: 'both' };
}

function putStatus(shown: SymbolShown, status: MarketStatus): void {
  if (status.effect === 'halt') shown.halt = status;
  if (status.effect === 'short-sale-restriction') shown.restriction = status;
  if (status.effect !== 'resume') return;
  shown.halt = null;
  shown.quote = null;
  shown.book = null;
}

function putBook(shown: SymbolShown, event: MarketBook): void {
  if (event.reset || shown.book === null) shown.book = { tsNs: event.tsNs, bids: new Map(), asks: new Map() };
  shown.book.tsNs = event.tsNs;
  putLevels(shown.book.bids, event.bids);
  putLevels(shown.book.asks, event.asks);
}

function putLevels(levels: Map<number, number>, changes: readonly BookLevel[]): void {
  for (const [px, sz] of changes) {
    if (sz === 0) levels.delete(px);
    else levels.set(px, sz);
  }
}

function wholeBook(instrument: Instrument, { tsNs, bids, asks }: Book): MarketBook {
  return { kind: 'book', instrument, tsNs, reset: true, bids: [...bids], asks: [...asks] };
}

/** Makes an exchange forget what an instrument showed before the tape was moved: as at the end of a halt. */
export function forgetting(instrument: Instrument, tsNs: bigint): MarketStatus {
  return {
    ...{ kind: 'status', instrument, tsNs, effect: 'resume', tape: '' },
    ...{ statusCode: '', statusMessage: '', reasonCode: '', reasonMessage: '' },
  };
}
