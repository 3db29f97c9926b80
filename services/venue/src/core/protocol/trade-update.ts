import { decimalText, unitsText } from '@tickpath/trading';
import type { FillEvent, OrderEvent } from '../orders/order.ts';
import { settleDateText, timeText } from '../time-text.ts';
import { type AlpacaOrder, alpacaOrder } from './order-entity.ts';

/** One frame of the `trade_updates` stream: fields as seen live, numbers as text. */
export interface TradeUpdate {
  readonly stream: 'trade_updates';
  readonly data: TradeUpdateData;
}

export interface TradeUpdateData {
  /** To the microsecond. */
  readonly at: string;
  readonly event_id: string;
  readonly event: Exclude<OrderEvent['kind'], 'triggered' | 'trailed'>;
  readonly timestamp: string;
  readonly order: AlpacaOrder;
  /** Of this execution; the order's own are cumulative. */
  readonly price?: string;
  readonly qty?: string;
  /** The position after the execution, negative for a short. */
  readonly position_qty?: string;
  /** Absent on `pending_new`. */
  readonly execution_id?: string;
  readonly swap_rate?: string;
  readonly settle_date?: string;
}

const AT_DIGITS = 6;

/** `null` for what the stream does not tell: that a stop was elected, or that its mark moved. */
export function tradeUpdate(event: OrderEvent): TradeUpdate | null {
  if (event.kind === 'triggered' || event.kind === 'trailed') return null;
  const data: TradeUpdateData = {
    at: timeText(event.tsNs, AT_DIGITS),
    event_id: event.eventId,
    event: event.kind,
    timestamp: timeText(event.tsNs),
    order: alpacaOrder(event.order),
    ...(isFill(event) && {
      price: unitsText(event.lastPx, event.order.asset.priceDecimals),
      qty: unitsText(event.lastQty, event.order.asset.qtyDecimals),
      position_qty: decimalText(event.positionQty),
    }),
    ...(event.execId !== null && event.kind !== 'pending_new' && { execution_id: event.execId }),
    ...(isFill(event) && { swap_rate: '1', settle_date: settleDateText(event.tsNs, event.order.asset.assetClass) }),
  };
  return { stream: 'trade_updates', data };
}

function isFill(event: OrderEvent): event is FillEvent {
  return event.kind === 'fill' || event.kind === 'partial_fill';
}
