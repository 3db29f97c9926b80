import { unitsText } from '@tickpath/trading';
import type { SpelledLevel } from './kraken-book.ts';
import type { InstrumentEvent, QuoteEvent, Rejected, TradeEvent } from './protocol.ts';
import {
  countOf,
  countOfText,
  type Fields,
  fieldsOf,
  NO_CONDITIONS,
  parsed,
  positiveText,
  rejected,
  sizeText,
  timeOfSeconds,
} from './reading.ts';

/** What a book message says of one side. */
export interface SideChange {
  readonly side: 'bids' | 'asks';
  readonly levels: readonly SpelledLevel[];
}

export interface BookMessage {
  readonly snapshot: boolean;
  /** In the order they are to be applied. */
  readonly changes: readonly SideChange[];
  readonly checksum: number | undefined;
  /** Newest time of its levels; undefined when it has none. */
  readonly venueTsNs: bigint | undefined;
}

const SIDES = [
  ['as', 'asks', true],
  ['bs', 'bids', true],
  ['a', 'asks', false],
  ['b', 'bids', false],
] as const;

/** One or two payloads: asks and bids come as one each when both change. */
export function readBook(payloads: readonly unknown[]): BookMessage | Rejected {
  const changes: SideChange[] = [];
  let snapshot = false;
  let checksum: number | undefined;
  let venueTsNs: bigint | undefined;
  for (const payload of payloads) {
    const fields = fieldsOf(payload);
    if (fields === undefined) return rejected('shape', payload);
    if (fields.c !== undefined) {
      checksum = countOfText(fields.c);
      if (checksum === undefined) return rejected('sequence', fields.c);
    }
    for (const [name, side, isWhole] of SIDES) {
      if (fields[name] === undefined) continue;
      const read = readLevels(fields[name]);
      if ('kind' in read) return read;
      snapshot ||= isWhole;
      changes.push({ side, levels: read.levels });
      const { newestNs } = read;
      if (newestNs !== undefined && (venueTsNs === undefined || newestNs > venueTsNs)) venueTsNs = newestNs;
    }
  }
  return changes.length === 0 ? rejected('shape', payloads[0]) : { snapshot, changes, checksum, venueTsNs };
}

function readLevels(value: unknown): { levels: SpelledLevel[]; newestNs: bigint | undefined } | Rejected {
  if (!Array.isArray(value)) return rejected('shape', value);
  const levels: SpelledLevel[] = [];
  let newestNs: bigint | undefined;
  for (const level of value) {
    if (!Array.isArray(level)) return rejected('shape', level);
    const [price, size, time] = level;
    if (positiveText(price) === undefined) return rejected('price', price);
    if (sizeText(size) === undefined) return rejected('size', size);
    const tsNs = timeOfSeconds(time);
    if (tsNs === undefined) return rejected('time', time);
    if (newestNs === undefined || tsNs > newestNs) newestNs = tsNs;
    levels.push({ priceText: price, sizeText: size });
  }
  return { levels, newestNs };
}

/** `[price, volume, time, side, order type, misc]`; the side is the taker's. `idOf` makes an id of the time's text. */
export function readTrade(symbol: string, value: unknown, idOf: (time: string) => string): TradeEvent | Rejected {
  if (!Array.isArray(value)) return rejected('shape', value);
  const venueTsNs = timeOfSeconds(value[2]);
  if (venueTsNs === undefined) return rejected('time', value[2]);
  return tradeOf(symbol, value, { venueTsNs, tradeId: () => idOf(value[2]) });
}

interface Identity {
  readonly venueTsNs: bigint;
  tradeId(): string;
}

function tradeOf(symbol: string, [price, size, , side]: readonly unknown[], identity: Identity): TradeEvent | Rejected {
  const priceText = positiveText(price);
  if (priceText === undefined) return rejected('price', price);
  const text = positiveText(size);
  if (text === undefined) return rejected('size', size);
  return {
    kind: 'trade',
    symbol,
    tradeId: identity.tradeId(),
    price: priceText,
    size: text,
    takerSide: side === 'b' ? 'BUY' : side === 's' ? 'SELL' : null,
    exchange: 'KRAKEN',
    conditions: NO_CONDITIONS,
    tape: '',
    venueTsNs: identity.venueTsNs,
  };
}

export interface TradesPage {
  readonly trades: readonly TradeEvent[];
  /** Where the next page begins: Unix ns as text. */
  readonly last: string;
}

/** An answer of `GET /0/public/Trades`: as in the stream, but the time is a number, and an id is the seventh field. */
export function readTradesPage(symbol: string, body: string): TradesPage | Rejected {
  const result = resultOf(body);
  if (result === undefined) return refused(body);
  const { last, ...pairs } = result;
  const list = Object.values(pairs)[0];
  if (typeof last !== 'string' || !/^\d{1,20}$/.test(last)) return rejected('sequence', last);
  if (!Array.isArray(list)) return rejected('shape', list);
  const trades: TradeEvent[] = [];
  for (const one of list) {
    if (!Array.isArray(one)) return rejected('shape', one);
    const microseconds = typeof one[2] === 'number' ? countOf(Math.round(one[2] * 1e6)) : undefined;
    if (microseconds === undefined) return rejected('time', one[2]);
    const id = countOf(one[6]);
    if (id === undefined) return rejected('sequence', one[6]);
    const trade = tradeOf(symbol, one, { venueTsNs: BigInt(microseconds) * 1_000n, tradeId: () => String(id) });
    if (trade.kind === 'rejected') return trade;
    trades.push(trade);
  }
  return { trades, last };
}

/** `[bid, ask, time, bid volume, ask volume]`. */
export function readSpread(symbol: string, value: unknown): QuoteEvent | Rejected {
  if (!Array.isArray(value)) return rejected('shape', value);
  const [bid, ask, time, bidVolume, askVolume] = value;
  const bidPx = sizeText(bid);
  const askPx = sizeText(ask);
  if (bidPx === undefined || askPx === undefined) return rejected('price', bidPx === undefined ? bid : ask);
  const bidSize = sizeText(bidVolume);
  const askSize = sizeText(askVolume);
  if (bidSize === undefined || askSize === undefined)
    return rejected('size', bidSize === undefined ? bidVolume : askVolume);
  const venueTsNs = timeOfSeconds(time);
  if (venueTsNs === undefined) return rejected('time', time);
  return {
    kind: 'quote',
    symbol,
    bidPx: bidPx === '0' ? null : bidPx,
    bidSize: bidPx === '0' ? '0' : bidSize,
    askPx: askPx === '0' ? null : askPx,
    askSize: askPx === '0' ? '0' : askSize,
    bidExchange: 'KRAKEN',
    askExchange: 'KRAKEN',
    conditions: NO_CONDITIONS,
    venueTsNs,
    venueTsSource: 'venue',
    venueSeq: null,
  };
}

/** The pair with this WebSocket name in an answer of `GET /0/public/AssetPairs`. */
export function readInstrument(symbol: string, venueSymbol: string, body: string): InstrumentEvent | Rejected {
  const result = resultOf(body);
  if (result === undefined) return refused(body);
  const found = Object.values(result)
    .map(fieldsOf)
    .find((one) => one?.wsname === venueSymbol);
  if (found === undefined) return rejected('symbol', venueSymbol);
  const priceIncrement = positiveText(found.tick_size) ?? incrementOf(found.pair_decimals);
  if (priceIncrement === undefined) return rejected('price', found.pair_decimals);
  const qtyIncrement = incrementOf(found.lot_decimals);
  if (qtyIncrement === undefined) return rejected('size', found.lot_decimals);
  return {
    kind: 'instrument',
    symbol,
    venueSymbol,
    assetClass: 'crypto',
    priceIncrement,
    qtyIncrement,
    minQty: positiveText(found.ordermin) ?? null,
    tradable: found.status === undefined || found.status === 'online',
    shortable: false,
    session: 'continuous',
  };
}

function incrementOf(decimals: unknown): string | undefined {
  const count = countOf(decimals);
  return count === undefined || count > 15 ? undefined : unitsText(1, count);
}

function resultOf(body: string): Fields | undefined {
  return fieldsOf(fieldsOf(parsed(body))?.result);
}

function refused(body: string): Rejected {
  const errors = fieldsOf(parsed(body))?.error;
  return rejected('fetch', Array.isArray(errors) && errors.length > 0 ? errors[0] : body);
}
