import { isRejected, levelsOf } from './levels.ts';
import type { InstrumentEvent, Level, QuoteEvent, Rejected, SourcedTime, TradeEvent } from './protocol.ts';
import {
  countOf,
  type Fields,
  fieldsOf,
  NO_CONDITIONS,
  parsed,
  positiveText,
  rejected,
  sizeText,
  timeOfMs,
} from './reading.ts';
import { timeOf } from './venue-time.ts';

/** A change of the book that covers the update ids `firstId` to `lastId`. */
export interface DepthUpdate {
  readonly firstId: number;
  readonly lastId: number;
  /** `lastId` of the update before it; only futures say. */
  readonly previousId: number | undefined;
  readonly bids: readonly Level[];
  readonly asks: readonly Level[];
  readonly venueTsNs: bigint;
}

export interface DepthSnapshot {
  readonly lastId: number;
  readonly bids: readonly Level[];
  readonly asks: readonly Level[];
}

export interface NumberedTrade {
  readonly id: number;
  readonly trade: TradeEvent;
}

/** A `trade` or `aggTrade`: the two differ in the name of the id. `m` says that the buyer's order was resting. */
export function readTrade(symbol: string, message: Fields, id: unknown): NumberedTrade | Rejected {
  return tradeOf(symbol, { id, price: message.p, size: message.q, time: message.T, isBuyerMaker: message.m });
}

interface TradeFields {
  readonly id: unknown;
  readonly price: unknown;
  readonly size: unknown;
  readonly time: unknown;
  readonly isBuyerMaker: unknown;
}

function tradeOf(symbol: string, fields: TradeFields): NumberedTrade | Rejected {
  const id = countOf(fields.id);
  if (id === undefined) return rejected('sequence', fields.id);
  const price = positiveText(fields.price);
  if (price === undefined) return rejected('price', fields.price);
  const size = positiveText(fields.size);
  if (size === undefined) return rejected('size', fields.size);
  const venueTsNs = timeOfMs(fields.time);
  if (venueTsNs === undefined) return rejected('time', fields.time);
  const takerSide = typeof fields.isBuyerMaker === 'boolean' ? (fields.isBuyerMaker ? 'SELL' : 'BUY') : null;
  const trade: TradeEvent = {
    kind: 'trade',
    symbol,
    tradeId: String(id),
    price,
    size,
    takerSide,
    exchange: 'BINANCE',
    conditions: NO_CONDITIONS,
    tape: '',
    venueTsNs,
  };
  return { id, trade };
}

/** The trades of a REST answer: `historicalTrades` names the fields in words, `aggTrades` by letters. */
export function readTrades(symbol: string, body: string): readonly (readonly [number, TradeEvent])[] | Rejected {
  const list = parsed(body);
  if (!Array.isArray(list)) return rejected('fetch', body);
  const trades: (readonly [number, TradeEvent])[] = [];
  for (const one of list) {
    const message = fieldsOf(one);
    if (message === undefined) return rejected('shape', one);
    const read =
      message.id === undefined
        ? readTrade(symbol, message, message.a)
        : tradeOf(symbol, {
            id: message.id,
            price: message.price,
            size: message.qty,
            time: message.time,
            isBuyerMaker: message.isBuyerMaker,
          });
    if (isRejected(read)) return read;
    trades.push([read.id, read.trade]);
  }
  return trades;
}

/** Spot quotes bear no time: `inferred` stands in. */
export function readQuote(symbol: string, message: Fields, inferred: () => SourcedTime): QuoteEvent | Rejected {
  const venueSeq = countOf(message.u);
  if (venueSeq === undefined) return rejected('sequence', message.u);
  const bid = sideOf(message.b, message.B);
  if ('kind' in bid) return bid;
  const ask = sideOf(message.a, message.A);
  if ('kind' in ask) return ask;
  const venueTsNs = timeOfMs(message.T);
  if (message.T !== undefined && venueTsNs === undefined) return rejected('time', message.T);
  return {
    kind: 'quote',
    symbol,
    bidPx: bid.px,
    bidSize: bid.size,
    askPx: ask.px,
    askSize: ask.size,
    bidExchange: 'BINANCE',
    askExchange: 'BINANCE',
    conditions: NO_CONDITIONS,
    ...(venueTsNs === undefined ? inferred() : timeOf(venueTsNs, 'venue')),
    venueSeq,
  };
}

function sideOf(px: unknown, size: unknown): { px: string | null; size: string } | Rejected {
  const pxText = sizeText(px);
  if (pxText === undefined) return rejected('price', px);
  if (pxText === '0') return { px: null, size: '0' };
  const text = sizeText(size);
  return text === undefined ? rejected('size', size) : { px: pxText, size: text };
}

export function readDepthUpdate(message: Fields): DepthUpdate | Rejected {
  const firstId = countOf(message.U);
  if (firstId === undefined) return rejected('sequence', message.U);
  const lastId = countOf(message.u);
  if (lastId === undefined || lastId < firstId) return rejected('sequence', message.u);
  const previousId = message.pu === undefined ? undefined : countOf(message.pu);
  if (message.pu !== undefined && previousId === undefined) return rejected('sequence', message.pu);
  const venueTsNs = timeOfMs(message.T ?? message.E);
  if (venueTsNs === undefined) return rejected('time', message.T ?? message.E);
  const bids = levelsOf(message.b);
  if (isRejected(bids)) return bids;
  const asks = levelsOf(message.a);
  if (isRejected(asks)) return asks;
  return { firstId, lastId, previousId, bids, asks, venueTsNs };
}

export function readDepthSnapshot(body: string): DepthSnapshot | Rejected {
  const message = fieldsOf(parsed(body));
  if (message === undefined) return rejected('fetch', body);
  const lastId = countOf(message.lastUpdateId);
  if (lastId === undefined) return rejected('sequence', message.lastUpdateId);
  const bids = levelsOf(message.bids);
  if (isRejected(bids)) return bids;
  const asks = levelsOf(message.asks);
  return isRejected(asks) ? asks : { lastId, bids, asks };
}

/** The instrument with this venue name in an answer of `exchangeInfo`; undefined when it is not in it. */
export function readInstrument(
  symbol: string,
  venueSymbol: string,
  body: unknown,
): InstrumentEvent | Rejected | undefined {
  const list = fieldsOf(body)?.symbols;
  if (!Array.isArray(list)) return rejected('fetch', body);
  const found = list.map(fieldsOf).find((one) => one?.symbol === venueSymbol);
  if (found === undefined) return undefined;
  const filters = Array.isArray(found.filters) ? found.filters.map(fieldsOf) : [];
  const filter = (type: string) => filters.find((one) => one?.filterType === type);
  const priceIncrement = positiveText(filter('PRICE_FILTER')?.tickSize);
  if (priceIncrement === undefined) return rejected('price', filter('PRICE_FILTER')?.tickSize);
  const qtyIncrement = positiveText(filter('LOT_SIZE')?.stepSize);
  if (qtyIncrement === undefined) return rejected('size', filter('LOT_SIZE')?.stepSize);
  return {
    kind: 'instrument',
    symbol,
    venueSymbol,
    assetClass: 'crypto',
    priceIncrement,
    qtyIncrement,
    minQty: positiveText(filter('LOT_SIZE')?.minQty) ?? null,
    tradable: found.status === 'TRADING',
    shortable: false,
    session: 'continuous',
  };
}
