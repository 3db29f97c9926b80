import { decimalText } from '@tickpath/trading';
import { scopedUuid } from './ids.ts';
import type { MarketEvent, MarketQuote, MarketTrade } from './market-event.ts';
import { averagePx, type OrderEvent, type VenueOrder } from './matching.ts';
import { settleDateText, timeText } from './time-text.ts';

/**
 * A trade or quote as the JSON text of Alpaca's `t` or `q` message. Prices and sizes go out as JSON numbers, digit for
 * digit as they came in; `T` is the first key, as Alpaca's Go client needs it.
 */
export function marketMessageText(event: MarketEvent): string {
  return event.kind === 'trade' ? tradeText(event) : quoteText(event);
}

function tradeText(trade: MarketTrade): string {
  return (
    `{"T":"t","S":${JSON.stringify(trade.symbol)},"i":${trade.id},"x":${JSON.stringify(trade.exchange)},` +
    `"p":${trade.price},"s":${trade.size},"c":${JSON.stringify(trade.conditions)},"z":${JSON.stringify(trade.tape)},` +
    `"t":"${timeText(trade.tsNs)}"}`
  );
}

function quoteText(quote: MarketQuote): string {
  return (
    `{"T":"q","S":${JSON.stringify(quote.symbol)},"bx":${JSON.stringify(quote.bidExchange)},"bp":${quote.bidPx},` +
    `"bs":${quote.bidSz},"ax":${JSON.stringify(quote.askExchange)},"ap":${quote.askPx},"as":${quote.askSz},` +
    `"c":${JSON.stringify(quote.conditions)},"z":${JSON.stringify(quote.tape)},"t":"${timeText(quote.tsNs)}"}`
  );
}

/** The order entity of Alpaca's REST and of `trade_updates`: numbers as text, absent values as `null`. */
export interface AlpacaOrder {
  readonly id: string;
  readonly client_order_id: string;
  readonly created_at: string;
  readonly updated_at: string;
  readonly submitted_at: string;
  readonly filled_at: string | null;
  readonly expired_at: null;
  readonly cancel_requested_at: string | null;
  readonly canceled_at: string | null;
  readonly failed_at: null;
  readonly replaced_at: null;
  readonly replaced_by: null;
  readonly replaces: null;
  readonly asset_id: string;
  readonly symbol: string;
  readonly asset_class: 'us_equity';
  readonly notional: null;
  readonly qty: string;
  readonly filled_qty: string;
  readonly filled_avg_price: string | null;
  readonly order_class: '';
  readonly order_type: 'market';
  readonly type: 'market';
  readonly side: 'buy' | 'sell';
  readonly position_intent: string;
  readonly time_in_force: 'day' | 'gtc';
  readonly limit_price: null;
  readonly stop_price: null;
  readonly status: string;
  readonly extended_hours: false;
  readonly legs: null;
  readonly trail_percent: null;
  readonly trail_price: null;
  readonly hwm: null;
  /** Always `null`: this venue has no sessions, so nothing expires. */
  readonly expires_at: null;
}

function timeOrNull(tsNs: bigint | null): string | null {
  return tsNs === null ? null : timeText(tsNs);
}

/** The id of an instrument: the same for a symbol on every run. */
export function assetIdOf(symbol: string): string {
  return scopedUuid(`asset ${symbol}`, 0);
}

export function alpacaOrder(order: VenueOrder): AlpacaOrder {
  const avgPx = averagePx(order);
  return {
    id: order.orderId,
    client_order_id: order.clOrdId,
    created_at: timeText(order.createdNs),
    updated_at: timeText(order.updatedNs),
    submitted_at: timeText(order.createdNs),
    filled_at: timeOrNull(order.filledNs),
    expired_at: null,
    cancel_requested_at: timeOrNull(order.cancelRequestedNs),
    canceled_at: timeOrNull(order.canceledNs),
    failed_at: null,
    replaced_at: null,
    replaced_by: null,
    replaces: null,
    asset_id: assetIdOf(order.symbol),
    symbol: order.symbol,
    asset_class: 'us_equity',
    notional: null,
    qty: decimalText(order.orderQty),
    filled_qty: decimalText(order.cumQty),
    filled_avg_price: avgPx === null ? null : decimalText(avgPx),
    order_class: '',
    order_type: order.type,
    type: order.type,
    side: order.side,
    position_intent: order.positionIntent,
    time_in_force: order.timeInForce,
    limit_price: null,
    stop_price: null,
    status: order.status,
    extended_hours: false,
    legs: null,
    trail_percent: null,
    trail_price: null,
    hwm: null,
    expires_at: null,
  };
}

/**
 * One frame of the `trade_updates` stream. `qty` and `price` are of this execution, the order's own are cumulative;
 * `execution_id` is absent on `pending_new`, as seen live.
 */
export function tradeUpdate(event: OrderEvent): { readonly stream: 'trade_updates'; readonly data: object } {
  const data = {
    at: timeText(event.tsNs, 6),
    event_id: event.eventId,
    event: event.kind,
    timestamp: timeText(event.tsNs),
    order: alpacaOrder(event.order),
  };
  switch (event.kind) {
    case 'pending_new':
      return { stream: 'trade_updates', data };
    case 'new':
    case 'canceled':
      return { stream: 'trade_updates', data: { ...data, execution_id: event.execId } };
    case 'partial_fill':
    case 'fill':
      return {
        stream: 'trade_updates',
        data: {
          ...data,
          price: decimalText(event.lastPx),
          qty: decimalText(event.lastQty),
          position_qty: decimalText(event.positionQty),
          execution_id: event.execId,
          swap_rate: '1',
          settle_date: settleDateText(event.tsNs),
        },
      };
  }
}
