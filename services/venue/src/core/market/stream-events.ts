import { type DecimalText, type Instrument, unitsOf } from '@tickpath/trading';
import type { BookLevel, MarketBook, MarketQuote, MarketStatus, MarketTrade, SourceEvent } from './event.ts';
import { isLastSale } from './trade-conditions.ts';

/** What market-data publishes of a trade, as far as the venue shows it. */
export interface StreamTrade {
  readonly price: DecimalText;
  readonly size: DecimalText;
  readonly tradeId: string;
  readonly exchange: string;
  readonly conditions: readonly string[];
  readonly tape: string;
  readonly takerSide: 'BUY' | 'SELL' | null;
  readonly flags: readonly string[] | null;
  readonly venueTsNs: bigint;
}

export interface StreamQuote {
  readonly bidPx: DecimalText | null;
  readonly bidSize: DecimalText;
  readonly askPx: DecimalText | null;
  readonly askSize: DecimalText;
  readonly bidExchange: string;
  readonly askExchange: string;
  readonly conditions: readonly string[];
  readonly flags: readonly string[] | null;
  readonly venueTsNs: bigint;
}

interface StreamLevel {
  readonly px: DecimalText;
  readonly sz: DecimalText;
}

export interface StreamBook {
  readonly snapshot: boolean;
  readonly valid: boolean;
  readonly bids: readonly StreamLevel[];
  readonly asks: readonly StreamLevel[];
  readonly venueTsNs: bigint;
}

export interface StreamStatus {
  readonly statusCode: string;
  readonly statusMessage: string;
  readonly reasonCode: string;
  readonly reasonMessage: string;
  readonly tape: string;
  readonly effect: 'halt' | 'resume' | 'none';
  readonly venueTsNs: bigint;
}

/** A published message of one symbol. */
export type StreamMessage =
  | { readonly kind: 'trade'; readonly payload: StreamTrade }
  | { readonly kind: 'quote'; readonly payload: StreamQuote }
  | { readonly kind: 'book'; readonly payload: StreamBook }
  | { readonly kind: 'status'; readonly payload: StreamStatus };

/** What is known of one symbol of the stream. Changed in place by the functions of this file. */
export interface StreamSymbol {
  readonly instrument: Instrument;
  /** Whether market-data holds its data for right; true until it has said otherwise. */
  isValid: boolean;
  /** Whether a whole book has been shown, to which changes can be applied. */
  hasBook: boolean;
  isHalted: boolean;
  /** Highest trade id shown; a restarted market-data may publish some again. */
  lastId: number;
  /** Given to trades whose own id is no number. */
  ownId: number;
}

/** Tags that say nothing against a price: only its time is strange. */
const HARMLESS_FLAGS: ReadonlySet<string> = new Set(['future-time']);
const WHOLE = /^(?:0|[1-9]\d{0,15})$/;
const RECOVERED = 'recovered';
const NO_LEVELS: readonly BookLevel[] = [];

export function openStreamSymbol(instrument: Instrument): StreamSymbol {
  return { instrument, isValid: true, hasBook: false, isHalted: false, lastId: -1, ownId: 0 };
}

/**
 * What a published message shows, in units of the instrument; undefined when it shows nothing: a trade that has been
 * shown, a quote that cannot be right, a change of a book that is not known. A suspect or recovered trade is shown and
 * counts as no last sale, so that it elects and fills nothing; so does every trade while the data is not valid, when
 * quotes and books show nothing. Times ahead of `nowNs` are taken for it: nothing may fall
 * due because a clock elsewhere is wrong. Throws `RangeError` for amounts that the instrument's units do not hold.
 */
export function eventOfStream(known: StreamSymbol, message: StreamMessage, nowNs: bigint): SourceEvent | undefined {
  const { venueTsNs } = message.payload;
  const tsNs = venueTsNs < nowNs ? venueTsNs : nowNs;
  switch (message.kind) {
    case 'trade':
      return tradeOf(known, message.payload, tsNs);
    case 'quote':
      return quoteOf(known, message.payload, tsNs);
    case 'book':
      return bookOf(known, message.payload, tsNs);
    case 'status':
      return statusOf(known, message.payload, tsNs);
  }
}

/** Takes what market-data says of the symbol's data; what was shown of data that is not valid is forgotten. */
export function judgeStream(known: StreamSymbol, isValid: boolean, tsNs: bigint): MarketStatus | undefined {
  known.isValid = isValid;
  return isValid ? undefined : forgettingOf(known, tsNs);
}

/**
 * What makes the exchange forget what the symbol has shown: the end of a halt, unless it is halted, when that is to come
 * yet. Changes of the book are passed over until it is shown whole.
 */
export function forgettingOf(known: StreamSymbol, tsNs: bigint): MarketStatus | undefined {
  known.hasBook = false;
  if (known.isHalted) return undefined;
  return {
    ...{ kind: 'status', instrument: known.instrument, tsNs, effect: 'resume', tape: '' },
    ...{ statusCode: '', statusMessage: '', reasonCode: '', reasonMessage: '' },
  };
}

function isSuspect(flags: readonly string[] | null): boolean {
  return flags?.some((flag) => !HARMLESS_FLAGS.has(flag)) ?? false;
}

function tradeOf(known: StreamSymbol, trade: StreamTrade, tsNs: bigint): MarketTrade | undefined {
  const { instrument } = known;
  const { price, size, tradeId, exchange, conditions, tape, takerSide, flags } = trade;
  const px = unitsOf(price, instrument.priceDecimals);
  const sz = unitsOf(size, instrument.qtyDecimals);
  if (px <= 0 || sz <= 0) return undefined;
  const id = idOf(known, tradeId, flags?.includes(RECOVERED) ?? false);
  if (id === undefined) return undefined;
  return {
    ...{ kind: 'trade', instrument, tsNs, id, px, sz, exchange, conditions, tape },
    takerSide: takerSide === null ? null : takerSide === 'BUY' ? 'B' : 'S',
    isLastSale: known.isValid && !isSuspect(flags) && isLastSale(conditions, tape),
  };
}

function idOf(known: StreamSymbol, tradeId: string, isRecovered: boolean): number | undefined {
  const id = WHOLE.test(tradeId) ? Number(tradeId) : Number.NaN;
  if (!Number.isSafeInteger(id)) {
    known.ownId += 1;
    return known.ownId;
  }
  if (isRecovered) return id;
  if (id <= known.lastId) return undefined;
  known.lastId = id;
  return id;
}

function quoteOf({ instrument, isValid }: StreamSymbol, quote: StreamQuote, tsNs: bigint): MarketQuote | undefined {
  const { bidPx, bidSize, askPx, askSize, bidExchange, askExchange, conditions, flags } = quote;
  if (!isValid || isSuspect(flags)) return undefined;
  const { priceDecimals, qtyDecimals } = instrument;
  return {
    ...{ kind: 'quote', instrument, tsNs, updates: 'both' },
    bidPx: bidPx === null ? 0 : unitsOf(bidPx, priceDecimals),
    bidSz: unitsOf(bidSize, qtyDecimals),
    askPx: askPx === null ? 0 : unitsOf(askPx, priceDecimals),
    askSz: unitsOf(askSize, qtyDecimals),
    ...{ bidExchange, askExchange, conditions, tape: '' },
  };
}

function bookOf(known: StreamSymbol, book: StreamBook, tsNs: bigint): MarketBook | undefined {
  const { instrument } = known;
  const wasKnown = known.hasBook;
  known.hasBook = known.isValid && book.valid && (wasKnown || book.snapshot);
  if (!known.hasBook) {
    return wasKnown ? { kind: 'book', instrument, tsNs, reset: true, bids: NO_LEVELS, asks: NO_LEVELS } : undefined;
  }
  const [bids, asks] = [levelsOf(instrument, book.bids), levelsOf(instrument, book.asks)];
  return { kind: 'book', instrument, tsNs, reset: book.snapshot, bids, asks };
}

function levelsOf({ priceDecimals, qtyDecimals }: Instrument, levels: readonly StreamLevel[]): BookLevel[] {
  return levels.map(({ px, sz }) => [unitsOf(px, priceDecimals), unitsOf(sz, qtyDecimals)]);
}

function statusOf(known: StreamSymbol, status: StreamStatus, tsNs: bigint): MarketStatus {
  const { statusCode, statusMessage, reasonCode, reasonMessage, tape, effect } = status;
  if (effect !== 'none') known.isHalted = effect === 'halt';
  return {
    ...{ kind: 'status', instrument: known.instrument, tsNs, effect, tape },
    ...{ statusCode, statusMessage, reasonCode, reasonMessage },
  };
}
