import { decimalText, unitsText } from '@tickpath/trading';
import { averageFillPx, type VenueOrder } from '../orders/order.ts';
import { timeText } from '../time-text.ts';

/** The order entity of Alpaca's REST and of `trade_updates`: numbers as text, absent values as `null`. */
export interface AlpacaOrder {
  readonly id: string;
  readonly client_order_id: string;
  readonly created_at: string;
  readonly updated_at: string;
  readonly submitted_at: string;
  /** Set by the fill that completes the order. */
  readonly filled_at: string | null;
  readonly expired_at: string | null;
  readonly cancel_requested_at: string | null;
  readonly canceled_at: string | null;
  readonly failed_at: string | null;
  readonly replaced_at: string | null;
  readonly replaced_by: string | null;
  readonly replaces: string | null;
  readonly asset_id: string;
  readonly symbol: string;
  readonly asset_class: VenueOrder['asset']['assetClass'];
  readonly notional: null;
  readonly qty: string;
  readonly filled_qty: string;
  /** Rounded half-even at 1e-12. */
  readonly filled_avg_price: string | null;
  readonly order_class: '';
  readonly order_type: VenueOrder['type'];
  readonly type: VenueOrder['type'];
  readonly side: VenueOrder['side'];
  readonly position_intent: VenueOrder['positionIntent'];
  readonly time_in_force: VenueOrder['timeInForce'];
  readonly limit_price: string | null;
  /** Of a trailing stop the price that its high-water mark gives, `null` until there is a mark. */
  readonly stop_price: string | null;
  readonly status: VenueOrder['status'];
  readonly extended_hours: boolean;
  readonly legs: null;
  readonly trail_percent: string | null;
  readonly trail_price: string | null;
  readonly hwm: string | null;
  readonly expires_at: string | null;
}

const MILLI_PERCENT_DECIMALS = 3;

export function alpacaOrder(order: VenueOrder): AlpacaOrder {
  const { asset, trail } = order;
  const averagePx = averageFillPx(order);
  const px = (units: number | null) => (units === null ? null : unitsText(units, asset.priceDecimals));
  return {
    id: order.orderId,
    client_order_id: order.clOrdId,
    created_at: timeText(order.createdNs),
    updated_at: timeText(order.updatedNs),
    submitted_at: timeText(order.createdNs),
    filled_at: timeOrNull(order.filledNs),
    expired_at: timeOrNull(order.expiredNs),
    cancel_requested_at: timeOrNull(order.cancelRequestedNs),
    canceled_at: timeOrNull(order.canceledNs),
    failed_at: timeOrNull(order.failedNs),
    replaced_at: timeOrNull(order.replacedNs),
    replaced_by: order.replacedBy,
    replaces: order.replaces,
    asset_id: asset.id,
    symbol: asset.symbol,
    asset_class: asset.assetClass,
    notional: null,
    qty: unitsText(order.orderQty, asset.qtyDecimals),
    filled_qty: unitsText(order.cumQty, asset.qtyDecimals),
    filled_avg_price: averagePx === null ? null : decimalText(averagePx),
    order_class: '',
    order_type: order.type,
    type: order.type,
    side: order.side,
    position_intent: order.positionIntent,
    time_in_force: order.timeInForce,
    limit_price: px(order.limitPx),
    stop_price: px(order.stopPx),
    status: order.status,
    extended_hours: order.extendedHours,
    legs: null,
    trail_percent: trail?.by === 'percent' ? unitsText(trail.milliPercent, MILLI_PERCENT_DECIMALS) : null,
    trail_price: trail?.by === 'price' ? px(trail.px) : null,
    hwm: px(order.hwmPx),
    expires_at: timeOrNull(order.expiresNs),
  };
}

function timeOrNull(tsNs: bigint | null): string | null {
  return tsNs === null ? null : timeText(tsNs);
}
