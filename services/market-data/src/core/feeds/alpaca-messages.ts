import type { AssetClass, BarInterval, DecimalText } from '@tickpath/trading';
import { symbolOfVenue } from '@tickpath/wire';
import { isRejected, levelsOf } from './levels.ts';
import type {
  BookEvent,
  CancelEvent,
  CorrectedTrade,
  CorrectionEvent,
  FeedEvent,
  ImbalanceEvent,
  InstrumentEvent,
  LuldEvent,
  QuoteEvent,
  Rejected,
  StatusEvent,
  TradeEvent,
  VenueBarEvent,
} from './protocol.ts';
import {
  codeOf,
  conditionsOf,
  countOf,
  type Fields,
  fieldsOf,
  positiveNumber,
  positiveText,
  rejected,
  sizeNumber,
  timeOfText,
} from './reading.ts';

/** Shares that one unit of a quote's size stands for: 100 where a feed still counts round lots. */
export type QuoteSizeUnit = 1 | 100;

type Read<T> = (message: Fields, symbol: string, venueTsNs: bigint, unit: QuoteSizeUnit) => T | Rejected;

const READERS: ReadonlyMap<unknown, Read<FeedEvent>> = new Map<unknown, Read<FeedEvent>>([
  ['t', readTrade],
  ['q', readQuote],
  ['s', readStatus],
  ['l', readLuld],
  ['c', readCorrection],
  ['x', readCancel],
  ['i', readImbalance],
  ['b', (message, symbol, venueTsNs) => readBar(message, symbol, venueTsNs, { interval: '1m', updated: false })],
  ['u', (message, symbol, venueTsNs) => readBar(message, symbol, venueTsNs, { interval: '1m', updated: true })],
  ['d', (message, symbol, venueTsNs) => readBar(message, symbol, venueTsNs, { interval: '1d', updated: true })],
  ['o', readBook],
]);

/** More symbols than a venue has; the table is started anew beyond it, since they come from outside. */
const MOST_SYMBOLS = 32_768;
/** What has been read of the symbols of messages: a memory that never changes a result. */
const symbolsRead = new Map<unknown, string>();

function symbolOf(value: unknown): string | undefined {
  const known = symbolsRead.get(value);
  if (known !== undefined) return known;
  const symbol = typeof value === 'string' ? symbolOfVenue(value) : undefined;
  if (symbol === undefined) return undefined;
  if (symbolsRead.size === MOST_SYMBOLS) symbolsRead.clear();
  symbolsRead.set(value, symbol);
  return symbol;
}

/** What one element of an Alpaca data frame says; `undefined` for types that are not known. */
export function readAlpacaMessage(raw: unknown, unit: QuoteSizeUnit = 1): FeedEvent | Rejected | undefined {
  const message = fieldsOf(raw);
  if (message === undefined) return rejected('shape', raw);
  const read = READERS.get(message.T);
  if (read === undefined) return undefined;
  const symbol = symbolOf(message.S);
  if (symbol === undefined) return rejected('symbol', message.S);
  const venueTsNs = timeOfText(message.t);
  if (venueTsNs === undefined) return rejected('time', message.t);
  return read(message, symbol, venueTsNs, unit);
}

function readTrade(message: Fields, symbol: string, venueTsNs: bigint): TradeEvent | Rejected {
  const price = positiveNumber(message.p);
  if (price === undefined) return rejected('price', message.p);
  const size = positiveNumber(message.s);
  if (size === undefined) return rejected('size', message.s);
  const tradeId = idOf(message.i);
  if (tradeId === undefined) return rejected('text', message.i);
  const exchange = codeOf(message.x);
  if (exchange === undefined) return rejected('text', message.x);
  const conditions = conditionsOf(message.c);
  if (conditions === undefined) return rejected('text', message.c);
  const tape = codeOf(message.z);
  if (tape === undefined) return rejected('text', message.z);
  const takerSide = message.tks === 'B' ? 'BUY' : message.tks === 'S' ? 'SELL' : null;
  return { kind: 'trade', symbol, tradeId, price, size, takerSide, exchange, conditions, tape, venueTsNs };
}

function readQuote(message: Fields, symbol: string, venueTsNs: bigint, unit: QuoteSizeUnit): QuoteEvent | Rejected {
  const bid = readSide(message.bp, message.bs, unit);
  if ('kind' in bid) return bid;
  const ask = readSide(message.ap, message.as, unit);
  if ('kind' in ask) return ask;
  const bidExchange = codeOf(message.bx);
  if (bidExchange === undefined) return rejected('text', message.bx);
  const askExchange = codeOf(message.ax);
  if (askExchange === undefined) return rejected('text', message.ax);
  const conditions = conditionsOf(message.c);
  if (conditions === undefined) return rejected('text', message.c);
  return {
    kind: 'quote',
    symbol,
    bidPx: bid.px,
    bidSize: bid.size,
    askPx: ask.px,
    askSize: ask.size,
    bidExchange,
    askExchange,
    conditions,
    venueTsNs,
    venueTsSource: 'venue',
    venueSeq: null,
  };
}

/** A zero price means that there is no quote on that side. */
function readSide(
  px: unknown,
  size: unknown,
  unit: QuoteSizeUnit,
): { px: DecimalText | null; size: DecimalText } | Rejected {
  if (px === 0) return { px: null, size: '0' };
  const pxText = positiveNumber(px);
  if (pxText === undefined) return rejected('price', px);
  const sizeText = sizeNumber(typeof size === 'number' ? size * unit : size);
  return sizeText === undefined ? rejected('size', size) : { px: pxText, size: sizeText };
}

/**
 * Status codes of both tapes: halts are `2` (A, B), `H` and `P` (C, O); trading resumes with `3` and `T`. Everything
 * else, a resumption of quotes (`Q`) too, leaves trading as it is.
 */
const EFFECTS: Readonly<Record<string, StatusEvent['effect']>> = {
  '2': 'halt',
  H: 'halt',
  P: 'halt',
  '3': 'resume',
  T: 'resume',
};

function readStatus(message: Fields, symbol: string, venueTsNs: bigint): StatusEvent | Rejected {
  const statusCode = codeOf(message.sc);
  if (statusCode === undefined) return rejected('text', message.sc);
  const reasonCode = codeOf(message.rc);
  if (reasonCode === undefined) return rejected('text', message.rc);
  const tape = codeOf(message.z);
  if (tape === undefined) return rejected('text', message.z);
  const effect = Object.hasOwn(EFFECTS, statusCode) ? (EFFECTS[statusCode] ?? 'none') : 'none';
  const statusMessage = proseOf(message.sm);
  const reasonMessage = proseOf(message.rm);
  return {
    kind: 'status',
    symbol,
    statusCode,
    statusMessage,
    reasonCode,
    reasonMessage,
    tape,
    effect,
    venueTsNs,
    venueTsSource: 'venue',
  };
}

function readLuld(message: Fields, symbol: string, venueTsNs: bigint): LuldEvent | Rejected {
  const limitUpPx = positiveNumber(message.u);
  if (limitUpPx === undefined) return rejected('price', message.u);
  const limitDownPx = positiveNumber(message.d);
  if (limitDownPx === undefined) return rejected('price', message.d);
  const indicator = codeOf(message.i);
  if (indicator === undefined) return rejected('text', message.i);
  const tape = codeOf(message.z);
  if (tape === undefined) return rejected('text', message.z);
  return { kind: 'luld', symbol, limitUpPx, limitDownPx, indicator, tape, venueTsNs };
}

function readCorrection(message: Fields, symbol: string, venueTsNs: bigint): CorrectionEvent | Rejected {
  const exchange = codeOf(message.x);
  if (exchange === undefined) return rejected('text', message.x);
  const tape = codeOf(message.z);
  if (tape === undefined) return rejected('text', message.z);
  const original = readCorrected(message.oi, message.op, message.os, message.oc);
  if ('kind' in original) return original;
  const corrected = readCorrected(message.ci, message.cp, message.cs, message.cc);
  if ('kind' in corrected) return corrected;
  return { kind: 'correction', symbol, exchange, original, corrected, tape, venueTsNs };
}

function readCorrected(...fields: readonly [id: unknown, px: unknown, size: unknown, conditions: unknown]) {
  const [id, px, size, codes] = fields;
  const tradeId = idOf(id);
  if (tradeId === undefined) return rejected('text', id);
  const price = positiveNumber(px);
  if (price === undefined) return rejected('price', px);
  const sizeText = positiveNumber(size);
  if (sizeText === undefined) return rejected('size', size);
  const conditions = conditionsOf(codes);
  if (conditions === undefined) return rejected('text', codes);
  return { tradeId, price, size: sizeText, conditions } satisfies CorrectedTrade;
}

function readCancel(message: Fields, symbol: string, venueTsNs: bigint): CancelEvent | Rejected {
  const tradeId = idOf(message.i);
  if (tradeId === undefined) return rejected('text', message.i);
  const price = positiveNumber(message.p);
  if (price === undefined) return rejected('price', message.p);
  const size = positiveNumber(message.s);
  if (size === undefined) return rejected('size', message.s);
  const exchange = codeOf(message.x);
  if (exchange === undefined) return rejected('text', message.x);
  const action = codeOf(message.a);
  if (action === undefined) return rejected('text', message.a);
  const tape = codeOf(message.z);
  if (tape === undefined) return rejected('text', message.z);
  return { kind: 'cancel', symbol, exchange, tradeId, price, size, action, tape, venueTsNs };
}

function readImbalance(message: Fields, symbol: string, venueTsNs: bigint): ImbalanceEvent | Rejected {
  const price = positiveNumber(message.p);
  if (price === undefined) return rejected('price', message.p);
  const tape = codeOf(message.z);
  if (tape === undefined) return rejected('text', message.z);
  return { kind: 'imbalance', symbol, price, tape, venueTsNs };
}

function readBar(
  message: Fields,
  symbol: string,
  venueTsNs: bigint,
  { interval, updated }: Pick<VenueBarEvent, 'interval' | 'updated'>,
): VenueBarEvent | Rejected {
  const open = positiveNumber(message.o);
  const high = positiveNumber(message.h);
  const low = positiveNumber(message.l);
  const close = positiveNumber(message.c);
  if (open === undefined || high === undefined || low === undefined || close === undefined) {
    return rejected(
      'price',
      [message.o, message.h, message.l, message.c].find((px) => positiveNumber(px) === undefined),
    );
  }
  const volume = sizeNumber(message.v);
  if (volume === undefined) return rejected('size', message.v);
  const ohlc = { open, high, low, close, volume };
  const tradeCount = countOf(message.n) ?? null;
  const vwap = positiveNumber(message.vw) ?? null;
  return { kind: 'venue-bar', symbol, interval, updated, ...ohlc, tradeCount, vwap, venueTsNs };
}

const NUMBER_AMOUNTS = { price: positiveNumber, size: sizeNumber };

function readBook(message: Fields, symbol: string, venueTsNs: bigint): BookEvent | Rejected {
  const bids = levelsOf(message.b ?? [], priceAndSize, NUMBER_AMOUNTS);
  if (isRejected(bids)) return bids;
  const asks = levelsOf(message.a ?? [], priceAndSize, NUMBER_AMOUNTS);
  if (isRejected(asks)) return asks;
  const snapshot = message.r === true;
  const told = { venueTsNs, venueTsSource: 'venue', venueSeq: null, checksum: null } as const;
  return { kind: 'book', symbol, snapshot, bids, asks, ...told };
}

function priceAndSize(level: unknown): readonly [unknown, unknown] {
  const fields = fieldsOf(level);
  return [fields?.p, fields?.s];
}

/** Rows of a page of history, and where the next page begins. */
interface Page<T> {
  readonly rows: readonly T[];
  readonly nextToken: string | null;
}

/** A page of `GET /v2/stocks/trades` or its crypto twin: trades by symbol, and where the next page begins. */
export function readTradesPage(
  body: unknown,
): { readonly trades: readonly TradeEvent[]; readonly nextToken: string | null } | Rejected {
  const page = readPage(body, 'trades', (message, S) => {
    // What was taken back since needs no telling.
    if (message.u === 'canceled' || message.u === 'incorrect') return null;
    const read = readAlpacaMessage({ ...message, T: 't', S });
    return read === undefined || read.kind === 'trade' || read.kind === 'rejected' ? read : undefined;
  });
  return isRejected(page) ? page : { trades: page.rows, nextToken: page.nextToken };
}

/** A page of `GET /v2/stocks/bars` or its crypto twin, of bars of that length. */
export function readBarsPage(
  body: unknown,
  interval: BarInterval,
): { readonly bars: readonly VenueBarEvent[]; readonly nextToken: string | null } | Rejected {
  const page = readPage(body, 'bars', (message, S) => {
    const read = readAlpacaMessage({ ...message, T: 'b', S });
    if (read?.kind === 'venue-bar') return { ...read, interval };
    return read?.kind === 'rejected' ? read : undefined;
  });
  return isRejected(page) ? page : { bars: page.rows, nextToken: page.nextToken };
}

/** `read` answers null for a row to be left out, undefined for one that is none. */
function readPage<T extends FeedEvent>(
  body: unknown,
  name: 'trades' | 'bars',
  read: (message: Fields, venueSymbol: string) => T | Rejected | null | undefined,
): Page<T> | Rejected {
  const answer = fieldsOf(body);
  const lists = fieldsOf(answer?.[name]);
  if (answer === undefined || lists === undefined) return rejected('fetch', body);
  const rows: T[] = [];
  for (const [venueSymbol, list] of Object.entries(lists)) {
    if (!Array.isArray(list)) return rejected('shape', list);
    for (const one of list) {
      const message = fieldsOf(one);
      const row = message === undefined ? undefined : read(message, venueSymbol);
      if (row === undefined) return rejected('shape', one);
      if (row === null) continue;
      if (row.kind === 'rejected') return row;
      rows.push(row);
    }
  }
  const token = answer.next_page_token ?? null;
  return token === null || typeof token === 'string' ? { rows, nextToken: token } : rejected('text', token);
}

/** Finest step of a share's price that venues take, and of its quantity where fractions trade. */
const CENT = '0.01';
const FRACTION = '0.000000001';

/** An asset of `GET /v2/assets`; equities have no increments there. */
export function readAsset(value: unknown, assetClass: AssetClass): InstrumentEvent | Rejected {
  const asset = fieldsOf(value);
  if (asset === undefined) return rejected('shape', value);
  const symbol = typeof asset.symbol === 'string' ? symbolOfVenue(asset.symbol) : undefined;
  if (symbol === undefined || typeof asset.symbol !== 'string') return rejected('symbol', asset.symbol);
  const isEquity = assetClass === 'us_equity';
  const priceIncrement = isEquity ? CENT : positiveText(asset.price_increment);
  if (priceIncrement === undefined) return rejected('price', asset.price_increment);
  const whole = asset.fractionable === true ? FRACTION : '1';
  const qtyIncrement = isEquity ? whole : positiveText(asset.min_trade_increment);
  if (qtyIncrement === undefined) return rejected('size', asset.min_trade_increment);
  return {
    kind: 'instrument',
    symbol,
    venueSymbol: asset.symbol,
    assetClass,
    priceIncrement,
    qtyIncrement,
    minQty: positiveText(asset.min_order_size) ?? null,
    tradable: asset.tradable === true,
    shortable: asset.shortable === true,
    session: isEquity ? 'us-equity' : 'continuous',
  };
}

function idOf(value: unknown): string | undefined {
  return typeof value === 'number' ? textOfNumber(value) : codeOf(value);
}

const HALF = 1e7;

/** As `String` writes it. Ids are whole and long: in two halves, each a small integer, they cost a third. */
function textOfNumber(value: number): string {
  if (!Number.isSafeInteger(value) || value < HALF) return String(value);
  const high = Math.floor(value / HALF);
  return `${high}${String(value - high * HALF).padStart(7, '0')}`;
}

/** Prose is cut, not refused: nobody decides by it. */
function proseOf(value: unknown): string {
  if (typeof value !== 'string') return '';
  return codeOf(value.slice(0, 64).toWellFormed()) ?? '';
}
