import { unitsText } from '@tickpath/trading';
import type { OrderType, TimeInForce, Trail } from '../matching/types.ts';
import type { OrderChanges, VenueOrder } from '../orders/order.ts';
import { qtyNotAboveFilled, type Refusal, unprocessable } from '../refusal.ts';
import { BodyFields, RequestFault, readingOf } from './body-fields.ts';
import { TIMES_IN_FORCE, unsupported } from './order-request.ts';
import { shapeRefusal } from './order-rules.ts';
import { shown } from './shown.ts';

export type OrderPatchResult =
  | { readonly ok: true; readonly changes: OrderChanges }
  | { readonly ok: false; readonly refusal: Refusal };

/** The fields that a replace may set, and the types they belong to. */
const FIELD_TYPES: Readonly<Record<'limit_price' | 'stop_price' | 'trail', readonly OrderType[]>> = {
  limit_price: ['limit', 'stop_limit'],
  stop_price: ['stop', 'stop_limit'],
  trail: ['trailing_stop'],
};

/**
 * Reads the body of `PATCH /v2/orders/{id}` for an order as it stands. A price that the order's type does not have is
 * refused, and so is a body that changes nothing. `orderQty` is that of the whole order: what is filled counts.
 */
export function readOrderPatch(body: unknown, order: VenueOrder): OrderPatchResult {
  const changes = readingOf(() => readChanges(new BodyFields(body), order));
  return changes instanceof RequestFault ? { ok: false, refusal: changes.refusal } : { ok: true, changes };
}

function readChanges(fields: BodyFields, order: VenueOrder): OrderChanges {
  const { asset, type } = order;
  for (const name of ['notional', 'advanced_instructions']) {
    if (fields.has(name)) throw unsupported(fields, name, 'qty, prices, time_in_force and client_order_id');
  }
  for (const [name, types] of Object.entries(FIELD_TYPES)) {
    if (fields.has(name) && !types.includes(type)) {
      const has = types.join(', ');
      throw new RequestFault(
        unprocessable(`${name} ${shown(fields.value(name))} does not belong to a ${type} order: only to ${has}`),
      );
    }
  }
  const changes: OrderChanges = {
    orderQty: fields.qty(asset),
    timeInForce: fields.choice<TimeInForce>('time_in_force', TIMES_IN_FORCE),
    limitPx: fields.price('limit_price', asset),
    stopPx: fields.price('stop_price', asset),
    trail: order.trail === null ? null : fields.trail('trail', order.trail.by, asset),
    clOrdId: fields.clOrdId(),
  };
  const refusal = changesRefusal(order, changes);
  if (refusal !== null) throw new RequestFault(refusal);
  return changes;
}

function changesRefusal(order: VenueOrder, changes: OrderChanges): Refusal | null {
  const { qtyDecimals } = order.asset;
  if (!isChanged(order, changes)) return unprocessable('order parameters are not changed');
  if (changes.orderQty !== null && changes.orderQty <= order.cumQty) {
    return qtyNotAboveFilled(unitsText(changes.orderQty, qtyDecimals), unitsText(order.cumQty, qtyDecimals));
  }
  const { asset, type, extendedHours } = order;
  const timeInForce = changes.timeInForce ?? order.timeInForce;
  return shapeRefusal({ asset, type, extendedHours, timeInForce, orderQty: changes.orderQty ?? order.orderQty });
}

function isChanged(order: VenueOrder, changes: OrderChanges): boolean {
  const { orderQty, timeInForce, limitPx, stopPx, trail, clOrdId } = changes;
  if (clOrdId !== null && clOrdId !== order.clOrdId) return true;
  if (orderQty !== null && orderQty !== order.orderQty) return true;
  if (timeInForce !== null && timeInForce !== order.timeInForce) return true;
  if (limitPx !== null && limitPx !== order.limitPx) return true;
  if (stopPx !== null && stopPx !== order.stopPx) return true;
  return trail !== null && !isSameTrail(trail, order.trail);
}

function isSameTrail(a: Trail, b: Trail | null): boolean {
  if (a.by === 'price') return b?.by === 'price' && a.px === b.px;
  return b?.by === 'percent' && a.milliPercent === b.milliPercent;
}
