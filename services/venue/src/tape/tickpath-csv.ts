import type { Instrument } from '@tickpath/trading';
import type { BookLevel, MarketBook, MarketQuote, MarketStatus, MarketTrade } from '../core/market/event.ts';
import { isSymbol } from '../core/market/event.ts';
import { isLastSale } from '../core/market/trade-conditions.ts';
import { statusMeaning } from '../core/market/trading-status.ts';
import { aboveZero, columnsOf, conditionLists, priceIn, shown, sizeIn, wholeIn } from './columns.ts';
import type { ReaderSetup, RowReader } from './row-reader.ts';

/**
 * The columns of Tickpath's own tape, in this order, as its first line names them:
 *
 * - `type`: `trade`, `quote`, `book` or `status`
 * - `symbol`: as Alpaca spells it
 * - `timestamp_ns`: Unix time in nanoseconds
 * - `id`, `price`, `size`: of a trade (`id` a whole number); empty on others, but for a book's `id`: `reset` makes its
 *   levels the whole book
 * - `bid_price`, `bid_size`, `ask_price`, `ask_size`: of a quote; `0` or empty means no such side. Of a book, with `;`
 *   between levels; size `0` removes a level. Empty on others
 * - `exchange`: the exchange's letter, on a quote that of both sides
 * - `conditions`: codes with `;` between them; of a status its code and, after a `;`, the code of the reason
 * - `tape`: `A`, `B`, `C` or `O`
 *
 * Numbers are plain decimal text. There is no quoting: no field holds a comma. A quote row shows both sides anew.
 */
export const TAPE_HEADER =
  'type,symbol,timestamp_ns,id,price,size,bid_price,bid_size,ask_price,ask_size,exchange,conditions,tape';

const COLUMNS = TAPE_HEADER.split(',').length;

/** A row with its columns apart. */
interface Row {
  readonly instrument: Instrument;
  readonly tsNs: bigint;
  readonly columns: readonly string[];
  readonly exchange: string;
  readonly conditions: readonly string[];
  readonly tape: string;
}

/** The reader of Tickpath's own format, for the rows behind its header. */
export function tickpathRows({ instrumentOf }: ReaderSetup): RowReader {
  const conditionsOf = conditionLists(';');
  return (line, out) => {
    const columns = columnsOf(line, COLUMNS);
    const [type, symbol = '', ts] = columns;
    const [exchange = '', conditions = '', tape = ''] = columns.slice(10);
    if (!isSymbol(symbol)) throw new RangeError(`symbol is ${shown(symbol)}`);
    const instrument = instrumentOf(symbol);
    const row = { instrument, tsNs: timestamp(ts), columns, exchange, conditions: conditionsOf(conditions), tape };
    if (type === 'trade') out.push(tradeOf(row));
    else if (type === 'quote') out.push(quoteOf(row));
    else if (type === 'book') out.push(bookOf(row));
    else if (type === 'status') out.push(statusOf(row));
    else throw new RangeError(`type is ${shown(type)}, expected trade, quote, book or status`);
  };
}

function tradeOf({ columns, ...row }: Row): MarketTrade {
  const [, , , id, price, size] = columns;
  return {
    kind: 'trade',
    ...row,
    id: wholeIn('id', id),
    px: aboveZero('price', price, priceIn('price', price, row.instrument)),
    sz: aboveZero('size', size, sizeIn('size', size, row.instrument)),
    takerSide: null,
    isLastSale: isLastSale(row.conditions, row.tape),
  };
}

function quoteOf({ columns, exchange, ...row }: Row): MarketQuote {
  const [bidPx, bidSz, askPx, askSz] = columns.slice(6, 10);
  return {
    kind: 'quote',
    ...row,
    updates: 'both',
    bidPx: orAbsent(bidPx, (text) => priceIn('bid_price', text, row.instrument)),
    bidSz: orAbsent(bidSz, (text) => sizeIn('bid_size', text, row.instrument)),
    askPx: orAbsent(askPx, (text) => priceIn('ask_price', text, row.instrument)),
    askSz: orAbsent(askSz, (text) => sizeIn('ask_size', text, row.instrument)),
    bidExchange: exchange,
    askExchange: exchange,
  };
}

function orAbsent(text: string | undefined, read: (text: string | undefined) => number): number {
  return text === '' ? 0 : read(text);
}

function bookOf({ instrument, tsNs, columns }: Row): MarketBook {
  const mark = columns[3];
  if (mark !== '' && mark !== 'reset') throw new RangeError(`id is ${shown(mark)}, expected reset or nothing`);
  const [bidPx, bidSz, askPx, askSz] = columns.slice(6, 10);
  const bids = levelsOf('bid', { prices: bidPx, sizes: bidSz, instrument });
  const asks = levelsOf('ask', { prices: askPx, sizes: askSz, instrument });
  return { kind: 'book', instrument, tsNs, reset: mark === 'reset', bids, asks };
}

function levelsOf(
  side: string,
  {
    prices = '',
    sizes = '',
    instrument,
  }: { prices?: string | undefined; sizes?: string | undefined; instrument: Instrument },
): BookLevel[] {
  if (prices === '' && sizes === '') return [];
  const [px, sz] = [prices.split(';'), sizes.split(';')];
  if (px.length !== sz.length) throw new RangeError(`found ${px.length} ${side} prices and ${sz.length} sizes`);
  return px.map((text, at) => {
    const name = `${side}_price`;
    return [aboveZero(name, text, priceIn(name, text, instrument)), sizeIn(`${side}_size`, sz[at], instrument)];
  });
}

function statusOf({ instrument, tsNs, conditions, tape }: Row): MarketStatus {
  const [statusCode = '', reasonCode = ''] = conditions;
  if (statusCode === '') throw new RangeError('a status row without a code in conditions');
  const { message, effect } = statusMeaning(statusCode, tape);
  const codes = { statusCode, statusMessage: message, reasonCode, reasonMessage: reasonCode };
  return { kind: 'status', instrument, tsNs, ...codes, tape, effect };
}

function timestamp(text: string | undefined): bigint {
  if (text === undefined || !/^\d{1,19}$/.test(text)) {
    throw new RangeError(`timestamp_ns is ${shown(text)}, expected Unix nanoseconds`);
  }
  return BigInt(text);
}
