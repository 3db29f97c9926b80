import { isDecimalText } from '@tickpath/trading';
import { isSymbol, type MarketEvent } from './core/market-event.ts';
import { newYorkDay } from './new-york-time.ts';

/** What reading one file has come across so far. */
export interface TapeCounts {
  trades: number;
  quotes: number;
  /** Rows that the recorder flagged as suspicious; they are played all the same. */
  suspicious: number;
}

/** Reads one row. Throws `RangeError` saying what was found; the caller adds file and line. */
export type RowReader = (line: string, counts: TapeCounts) => MarketEvent;

/**
 * The columns of Tickpath's own tape, in this order, as its first line names them:
 *
 * - `type`: `trade` or `quote`
 * - `symbol`: as Alpaca spells it
 * - `timestamp_ns`: Unix time in nanoseconds
 * - `id`, `price`, `size`: of a trade (`id` a whole number); empty on a quote
 * - `bid_price`, `bid_size`, `ask_price`, `ask_size`: of a quote; `0` or empty means no such side; empty on a trade
 * - `exchange`: the exchange's letter, on a quote that of both sides
 * - `conditions`: codes with `;` between them
 * - `tape`: `A`, `B`, `C` or `O`
 *
 * Numbers are plain decimal text. There is no quoting: no field holds a comma. A row shows both sides anew.
 */
export const TAPE_HEADER =
  'type,symbol,timestamp_ns,id,price,size,bid_price,bid_size,ask_price,ask_size,exchange,conditions,tape';

const TAPE_COLUMNS = TAPE_HEADER.split(',').length;
const LEAN_ENTRY = /^(\d{8})_([^_]+)_(trade|quote)_tick\.csv$/i;
const WHOLE = /^(?:0|[1-9]\d*)$/;
const MS_PER_DAY = 86_400_000;
const NO_CONDITIONS: readonly string[] = [];

function columnsOf(line: string, expected: number): string[] {
  const columns = line.split(',');
  if (columns.length !== expected) throw new RangeError(`found ${columns.length} columns, expected ${expected}`);
  return columns;
}

function shown(text: string | undefined): string {
  return JSON.stringify(text === undefined || text.length <= 60 ? text : `${text.slice(0, 60)}…`);
}

function amount(name: string, text: string | undefined): string {
  if (!isDecimalText(text) || text.startsWith('-'))
    throw new RangeError(`${name} is ${shown(text)}, expected a decimal`);
  return canonical(text);
}

/** A price or size above zero, which every trade has. */
function positiveAmount(name: string, text: string | undefined): string {
  const value = amount(name, text);
  if (value === '0') throw new RangeError(`${name} is ${shown(text)}, expected more than 0`);
  return value;
}

function amountOrAbsent(name: string, text: string | undefined): string {
  return text === '' ? '0' : amount(name, text);
}

/** Plain notation without trailing zeros, the one spelling of an amount. */
function canonical(text: string): string {
  if (!text.includes('.')) return text;
  return text.replace(/\.?0+$/, '');
}

function whole(name: string, text: string | undefined): number {
  const value = text !== undefined && WHOLE.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value)) throw new RangeError(`${name} is ${shown(text)}, expected a whole number`);
  return value;
}

function timestamp(text: string | undefined): bigint {
  if (text === undefined || !/^\d{1,19}$/.test(text)) {
    throw new RangeError(`timestamp_ns is ${shown(text)}, expected Unix nanoseconds`);
  }
  return BigInt(text);
}

function symbolOf(text: string | undefined): string {
  if (text === undefined || !isSymbol(text)) throw new RangeError(`symbol is ${shown(text)}`);
  return text;
}

/** Equal lists of conditions share one array: a day has a handful of them. */
function conditionLists(separator: string): (text: string) => readonly string[] {
  const lists = new Map<string, readonly string[]>();
  return (text) => {
    if (text === '') return NO_CONDITIONS;
    const known = lists.get(text);
    if (known !== undefined) return known;
    const list = text.split(separator);
    if (lists.size < 1000) lists.set(text, list);
    return list;
  };
}

/** The reader of Tickpath's own format; see `TAPE_HEADER`. */
export function tapeRows(): RowReader {
  const conditionsOf = conditionLists(';');
  return (line, counts) => {
    const [type, symbol, ts, id, price, size, bidPx, bidSz, askPx, askSz, exchange = '', conditions = '', tape = ''] =
      columnsOf(line, TAPE_COLUMNS);
    const shared = { symbol: symbolOf(symbol), tsNs: timestamp(ts), conditions: conditionsOf(conditions), tape };
    if (type === 'trade') {
      counts.trades += 1;
      return {
        kind: 'trade',
        ...shared,
        id: whole('id', id),
        price: positiveAmount('price', price),
        size: positiveAmount('size', size),
        exchange,
      };
    }
    if (type !== 'quote') throw new RangeError(`type is ${shown(type)}, expected trade or quote`);
    counts.quotes += 1;
    return {
      kind: 'quote',
      ...shared,
      updates: 'both',
      bidPx: amountOrAbsent('bid_price', bidPx),
      bidSz: amountOrAbsent('bid_size', bidSz),
      askPx: amountOrAbsent('ask_price', askPx),
      askSz: amountOrAbsent('ask_size', askSz),
      bidExchange: exchange,
      askExchange: exchange,
    };
  };
}

/**
 * The reader for a file of LEAN equity ticks, known by the name of the text in its zip (`20131007_ibm_Trade_Tick.csv`);
 * `null` for any other name. Rows have no header. Times are milliseconds since New York midnight, prices × 10,000; a
 * trade's id is its row number; the flags become the only condition. A quote row updates one side (a zero price is no
 * update) and the other is carried over. Files do not name the tape, which is left empty.
 */
export function leanRows(entryName: string): RowReader | null {
  const match = LEAN_ENTRY.exec(entryName);
  if (match === null) return null;
  const [, day = '', ticker = '', kind = ''] = match;
  const symbol = ticker.toUpperCase();
  const timeOf = newYorkDay(day);
  return kind.toLowerCase() === 'trade' ? leanTrades(symbol, timeOf) : leanQuotes(symbol, timeOf);
}

type DayTime = (msSinceMidnight: number) => bigint;

function leanTime(text: string | undefined, timeOf: DayTime): bigint {
  const ms = whole('time', text);
  if (ms >= MS_PER_DAY) throw new RangeError(`time is ${ms} ms, expected less than a day`);
  return timeOf(ms);
}

/** Integer ten-thousandths as decimal text. */
function scaledPrice(name: string, text: string | undefined): string {
  whole(name, text);
  const digits = (text ?? '').padStart(5, '0');
  return canonical(`${digits.slice(0, -4)}.${digits.slice(-4)}`);
}

function countSuspicious(flag: string | undefined, counts: TapeCounts): void {
  if (flag === '1') counts.suspicious += 1;
  else if (flag !== '0') throw new RangeError(`suspicious is ${shown(flag)}, expected 0 or 1`);
}

function leanTrades(symbol: string, timeOf: DayTime): RowReader {
  const conditionsOf = conditionLists(' ');
  return (line, counts) => {
    const [time, price, size, exchange = '', flags = '', suspicious] = columnsOf(line, 6);
    const tsNs = leanTime(time, timeOf);
    countSuspicious(suspicious, counts);
    counts.trades += 1;
    return {
      kind: 'trade',
      symbol,
      tsNs,
      id: counts.trades,
      price: positiveAmount('price', scaledPrice('price', price)),
      size: positiveAmount('size', size),
      exchange,
      conditions: conditionsOf(flags),
      tape: '',
    };
  };
}

function leanQuotes(symbol: string, timeOf: DayTime): RowReader {
  const conditionsOf = conditionLists(' ');
  let bid = { px: '0', sz: '0', exchange: '' };
  let ask = { px: '0', sz: '0', exchange: '' };
  return (line, counts) => {
    const [time, bidPx, bidSz, askPx, askSz, exchange = '', flags = '', suspicious] = columnsOf(line, 8);
    const tsNs = leanTime(time, timeOf);
    const newBid = { px: scaledPrice('bid', bidPx), sz: amount('bid size', bidSz), exchange };
    const newAsk = { px: scaledPrice('ask', askPx), sz: amount('ask size', askSz), exchange };
    if (newBid.px === '0' && newAsk.px === '0') throw new RangeError('a quote row without a bid and without an ask');
    countSuspicious(suspicious, counts);
    counts.quotes += 1;
    if (newBid.px !== '0') bid = newBid;
    if (newAsk.px !== '0') ask = newAsk;
    return {
      kind: 'quote',
      symbol,
      tsNs,
      updates: newAsk.px === '0' ? 'bid' : newBid.px === '0' ? 'ask' : 'both',
      bidPx: bid.px,
      bidSz: bid.sz,
      askPx: ask.px,
      askSz: ask.sz,
      bidExchange: bid.exchange,
      askExchange: ask.exchange,
      conditions: conditionsOf(flags),
      tape: '',
    };
  };
}
