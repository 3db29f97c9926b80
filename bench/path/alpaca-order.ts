import { timeText } from './ticks.ts';

export interface VenueOrder {
  readonly orderId: string;
  readonly clOrdId: string;
  readonly symbol: string;
  readonly side: string;
  readonly qty: string;
  readonly createdNs: bigint;
}

/** The order entity of Alpaca's REST with all its fields, so that it has the size a client reads in earnest. */
export function alpacaOrder(order: VenueOrder, filledQty: string): object {
  const at = timeText(order.createdNs);
  const isFilled = filledQty === order.qty;
  return {
    id: order.orderId,
    client_order_id: order.clOrdId,
    created_at: at,
    updated_at: at,
    submitted_at: at,
    filled_at: isFilled ? at : null,
    expired_at: null,
    cancel_requested_at: null,
    canceled_at: null,
    failed_at: null,
    replaced_at: null,
    replaced_by: null,
    replaces: null,
    asset_id: 'b0b6dd9d-8b9b-48a9-ba46-b9d54906e415',
    symbol: order.symbol,
    asset_class: 'us_equity',
    notional: null,
    qty: order.qty,
    filled_qty: filledQty,
    filled_avg_price: isFilled ? '150.01' : null,
    order_class: '',
    order_type: 'market',
    type: 'market',
    side: order.side,
    position_intent: order.side === 'buy' ? 'buy_to_open' : 'sell_to_close',
    time_in_force: 'day',
    limit_price: null,
    stop_price: null,
    status: isFilled ? 'filled' : 'new',
    extended_hours: false,
    legs: null,
    trail_percent: null,
    trail_price: null,
    hwm: null,
    expires_at: null,
  };
}

/** The two `trade_updates` of an order that fills at once. */
export function tradeUpdates(order: VenueOrder): readonly Buffer[] {
  const timestamp = timeText(order.createdNs);
  const update = (event: string, filledQty: string, extra: object) =>
    Buffer.from(
      JSON.stringify({
        stream: 'trade_updates',
        data: {
          event,
          timestamp,
          execution_id: `${event}-${order.orderId}`,
          order: alpacaOrder(order, filledQty),
          ...extra,
        },
      }),
    );
  return [
    update('new', '0', {}),
    update('fill', order.qty, { price: '150.01', qty: order.qty, position_qty: order.qty }),
  ];
}
