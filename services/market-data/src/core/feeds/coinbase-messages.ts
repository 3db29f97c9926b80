import { isRejected } from './levels.ts';
import type { InstrumentEvent, Level, Rejected, TradeEvent } from './protocol.ts';
import {
  countOfText,
  type Fields,
  fieldsOf,
  NO_CONDITIONS,
  positiveText,
  rejected,
  sizeText,
  timeOfText,
} from './reading.ts';

export interface NumberedTrade {
  readonly id: number;
  readonly trade: TradeEvent;
}

/**
 * A trade of the stream or of REST. `side` is that of the resting order: in recordings a `SELL` trades at the ask
 * (49 of 50) and a `BUY` at the bid (24 of 28), so the taker's is the other one.
 */
export function readTrade(value: unknown): NumberedTrade | Rejected {
  const fields = fieldsOf(value);
  if (fields === undefined) return rejected('shape', value);
  if (typeof fields.product_id !== 'string') return rejected('symbol', fields.product_id);
  const id = countOfText(fields.trade_id);
  if (id === undefined) return rejected('sequence', fields.trade_id);
  const price = positiveText(fields.price);
  if (price === undefined) return rejected('price', fields.price);
  const size = positiveText(fields.size);
  if (size === undefined) return rejected('size', fields.size);
  const venueTsNs = timeOfText(fields.time);
  if (venueTsNs === undefined) return rejected('time', fields.time);
  const trade: TradeEvent = {
    kind: 'trade',
    symbol: fields.product_id,
    tradeId: String(id),
    price,
    size,
    takerSide: fields.side === 'SELL' ? 'BUY' : fields.side === 'BUY' ? 'SELL' : null,
    exchange: 'COINBASE',
    conditions: NO_CONDITIONS,
    tape: '',
    venueTsNs,
  };
  return { id, trade };
}

/** Trades of one message by rising id: the venue writes the newest first. */
export function readTrades(value: unknown): readonly NumberedTrade[] | Rejected {
  if (!Array.isArray(value)) return rejected('shape', value);
  const trades: NumberedTrade[] = [];
  for (const one of value) {
    const read = readTrade(one);
    if (isRejected(read)) return read;
    trades.push(read);
  }
  return trades.length > 1 ? trades.sort((a, b) => a.id - b.id) : trades;
}

export interface BookChange {
  readonly bids: readonly Level[];
  readonly asks: readonly Level[];
  /** Newest time of its levels; undefined when it has none. */
  readonly venueTsNs: bigint | undefined;
}

export function readUpdates(value: unknown): BookChange | Rejected {
  if (!Array.isArray(value)) return rejected('shape', value);
  const bids: Level[] = [];
  const asks: Level[] = [];
  let timeText: unknown;
  let venueTsNs: bigint | undefined;
  for (const one of value) {
    const fields = fieldsOf(one);
    if (fields === undefined) return rejected('shape', one);
    const side = fields.side === 'bid' ? bids : fields.side === 'offer' ? asks : undefined;
    if (side === undefined) return rejected('shape', fields.side);
    const price = positiveText(fields.price_level);
    if (price === undefined) return rejected('price', fields.price_level);
    const size = sizeText(fields.new_quantity);
    if (size === undefined) return rejected('size', fields.new_quantity);
    side.push([price, size]);
    if (fields.event_time === timeText) continue;
    timeText = fields.event_time;
    const tsNs = timeOfText(timeText);
    if (tsNs === undefined) return rejected('time', timeText);
    if (venueTsNs === undefined || tsNs > venueTsNs) venueTsNs = tsNs;
  }
  return { bids, asks, venueTsNs };
}

/** A product of `GET /api/v3/brokerage/market/products/{id}`. */
export function readInstrument(symbol: string, fields: Fields | undefined): InstrumentEvent | Rejected {
  if (fields?.product_id !== symbol) return rejected('symbol', fields?.product_id);
  const priceIncrement = positiveText(fields.price_increment ?? fields.quote_increment);
  if (priceIncrement === undefined) return rejected('price', fields.price_increment);
  const qtyIncrement = positiveText(fields.base_increment);
  if (qtyIncrement === undefined) return rejected('size', fields.base_increment);
  return {
    kind: 'instrument',
    symbol,
    venueSymbol: symbol,
    assetClass: 'crypto',
    priceIncrement,
    qtyIncrement,
    minQty: positiveText(fields.base_min_size) ?? null,
    tradable: fields.status === 'online' && fields.trading_disabled !== true && fields.is_disabled !== true,
    shortable: false,
    session: 'continuous',
  };
}
