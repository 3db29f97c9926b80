import type { Instrument } from '@tickpath/trading';
import type { BookLevel, MarketBook, MarketQuote, SourceEvent } from '../core/market/event.ts';
import { aboveZero, priceIn, shown, sizeIn } from './columns.ts';
import type { ReaderSetup, RowReader } from './row-reader.ts';

/** Currencies that Binance quotes in; the symbol of a pair ends with one of them and has nothing between the two. */
const QUOTED_IN = ['FDUSD', 'USDT', 'USDC', 'TUSD', 'BUSD', 'USD', 'EUR', 'TRY', 'BTC', 'ETH', 'BNB'];
const ROW = /^\d{16,19} \{/;
const NO_CONDITIONS: readonly string[] = [];
const NS_PER_MS = 1_000_000n;

type Json = Readonly<Record<string, unknown>>;

/** A change of the book that came before the snapshot it belongs to. */
interface Diff {
  readonly first: number;
  readonly last: number;
  readonly book: MarketBook;
}

/** True for a row of this format: the receiver's clock in nanoseconds, a blank, and the message. */
export function isBinanceRow(row: string): boolean {
  return ROW.test(row);
}

/**
 * The reader of a raw recording of Binance's spot stream of one pair, a line each: `<local ns> <json>`, where the message
 * is one of the combined stream (`depthUpdate`, `bookTicker`, `trade`) or the answer of the REST snapshot. Times are the
 * exchange's: of a book its event time `E`, of a trade its trade time `T`; a bookTicker has none and bears the latest seen
 * before it (the first ones, that of the first message which has one).
 *
 * The book is joined as Binance documents it (How to manage a local order book correctly): changes that the snapshot
 * already holds are dropped, the first one applied must hold `lastUpdateId + 1`, and each one after that begins where the
 * one before it ended. A gap is a fault. Before the snapshot no book is shown.
 */
export function binanceRows({ instrumentOf }: ReaderSetup): RowReader {
  let pair = '';
  let instrument: Instrument | null = null;
  let latestNs = 0n;
  const early: ((tsNs: bigint) => MarketQuote)[] = [];
  let beforeSnapshot: Diff[] = [];
  /** The last update that the book holds; `null` before the snapshot. */
  let bookAt: number | null = null;

  const instrumentIn = (message: Json): Instrument => {
    const { s } = message;
    if (typeof s !== 'string') throw new RangeError(`s is ${shown(s)}, expected a symbol`);
    if (instrument === null) {
      instrument = instrumentOf(symbolOf(s));
      pair = s;
    }
    if (s !== pair) throw new RangeError(`s is ${shown(s)}, expected ${pair}: a recording is of one pair`);
    return instrument;
  };

  /** The exchange's time of a message, and with the first one the quotes that had to wait for it. */
  const timeIn = (name: string, value: unknown, out: SourceEvent[]): bigint => {
    const tsNs = BigInt(numberIn(name, value)) * NS_PER_MS;
    if (tsNs > latestNs) latestNs = tsNs;
    for (const quote of early.splice(0)) out.push(quote(tsNs));
    return tsNs;
  };

  const applyDiff = ({ first, last, book }: Diff, out: SourceEvent[]): void => {
    if (bookAt === null || last <= bookAt) return;
    if (first > bookAt + 1) {
      throw new RangeError(`the book's update begins at U=${first}, expected ${bookAt + 1}: updates are missing`);
    }
    bookAt = last;
    out.push(book);
  };

  const readDiff = (message: Json, out: SourceEvent[]): void => {
    const pairOf = instrumentIn(message);
    const tsNs = timeIn('E', message.E, out);
    const book: MarketBook = {
      ...{ kind: 'book', instrument: pairOf, tsNs, reset: false },
      ...{ bids: levelsIn('b', message.b, pairOf), asks: levelsIn('a', message.a, pairOf) },
    };
    const diff = { first: numberIn('U', message.U), last: numberIn('u', message.u), book };
    if (bookAt === null) beforeSnapshot.push(diff);
    else applyDiff(diff, out);
  };

  const readSnapshot = (message: Json, out: SourceEvent[]): void => {
    if (instrument === null) throw new RangeError('a snapshot before any message that names its symbol');
    const last = numberIn('lastUpdateId', message.lastUpdateId);
    if (bookAt !== null && last < bookAt) return;
    bookAt = last;
    const bids = levelsIn('bids', message.bids, instrument);
    out.push({
      ...{ kind: 'book', instrument, tsNs: latestNs, reset: true },
      ...{ bids, asks: levelsIn('asks', message.asks, instrument) },
    });
    for (const diff of beforeSnapshot) applyDiff({ ...diff, book: { ...diff.book, tsNs: latestNs } }, out);
    beforeSnapshot = [];
  };

  const readTrade = (message: Json, out: SourceEvent[]): void => {
    const pairOf = instrumentIn(message);
    if (typeof message.m !== 'boolean') throw new RangeError(`m is ${shown(message.m)}, expected true or false`);
    out.push({
      kind: 'trade',
      instrument: pairOf,
      tsNs: timeIn('T', message.T, out),
      id: numberIn('t', message.t),
      px: aboveZero('p', message.p, priceIn('p', message.p, pairOf)),
      sz: aboveZero('q', message.q, sizeIn('q', message.q, pairOf)),
      exchange: '',
      conditions: NO_CONDITIONS,
      tape: '',
      // `m`: the buyer was the maker, so a seller took.
      takerSide: message.m ? 'S' : 'B',
      isLastSale: true,
    });
  };

  const readTicker = (message: Json, out: SourceEvent[]): void => {
    const pairOf = instrumentIn(message);
    const quote = (tsNs: bigint): MarketQuote => ({
      ...{ kind: 'quote', instrument: pairOf, tsNs, updates: 'both' },
      ...{ bidPx: priceIn('b', message.b, pairOf), bidSz: sizeIn('B', message.B, pairOf) },
      ...{ askPx: priceIn('a', message.a, pairOf), askSz: sizeIn('A', message.A, pairOf) },
      ...{ bidExchange: '', askExchange: '', conditions: NO_CONDITIONS, tape: '' },
    });
    if (latestNs === 0n) early.push(quote);
    else out.push(quote(latestNs));
  };

  return (row, out) => {
    const message = messageIn(row);
    if (message.lastUpdateId !== undefined) return readSnapshot(message, out);
    if (message.e === 'depthUpdate') return readDiff(message, out);
    if (message.e === 'trade') return readTrade(message, out);
    // The only one that does not name its kind.
    if (message.e === undefined && message.B !== undefined && message.A !== undefined) return readTicker(message, out);
    throw new RangeError(`e is ${shown(message.e)}, expected depthUpdate, trade, a bookTicker or a snapshot`);
  };
}

/** The message of a row, taken out of the frame of a combined stream. */
function messageIn(row: string): Json {
  if (!ROW.test(row)) throw new RangeError(`found ${shown(row)}, expected nanoseconds, a blank and a message`);
  let value: unknown;
  try {
    value = JSON.parse(row.slice(row.indexOf(' ') + 1));
  } catch (error) {
    throw new RangeError(`no JSON: ${(error as Error).message}`, { cause: error });
  }
  const message = isObject(value) && isObject(value.data) ? value.data : value;
  if (!isObject(message)) throw new RangeError(`found ${shown(row)}, expected a message`);
  return message;
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function numberIn(name: string, value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw new RangeError(`${name} is ${shown(value)}, expected a whole number`);
}

function levelsIn(name: string, value: unknown, instrument: Instrument): BookLevel[] {
  if (!Array.isArray(value)) throw new RangeError(`${name} is ${shown(value)}, expected levels`);
  return value.map((level: unknown) => {
    if (!Array.isArray(level)) throw new RangeError(`${name} has ${shown(level)}, expected price and size`);
    const [px, sz] = level as unknown[];
    return [aboveZero(name, px, priceIn(name, px, instrument)), sizeIn(name, sz, instrument)];
  });
}

/** `BTCUSDT` as `BTC/USDT`. */
function symbolOf(pair: string): string {
  const quoted = QUOTED_IN.find((currency) => pair.endsWith(currency) && pair.length > currency.length);
  if (quoted === undefined)
    throw new RangeError(`s is ${shown(pair)}, which ends with none of ${QUOTED_IN.join(', ')}`);
  return `${pair.slice(0, -quoted.length)}/${quoted}`;
}
