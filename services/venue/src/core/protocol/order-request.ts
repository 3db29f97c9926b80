import { isSymbol } from '../market/event.ts';
import type { OrderType, Side, TimeInForce, Trail } from '../matching/types.ts';
import type { NewOrder, PositionIntent } from '../orders/order.ts';
import type { Asset } from '../reference/asset.ts';
import { assetNotFound, badField, forbidden, type Refusal, unprocessable } from '../refusal.ts';
import { type AssetNames, assetNamed } from './asset-names.ts';
import { BodyFields, RequestFault, readingOf } from './body-fields.ts';
import { shapeRefusal } from './order-rules.ts';
import { shown } from './shown.ts';

export type OrderRequestResult =
  | { readonly ok: true; readonly order: NewOrder }
  | { readonly ok: false; readonly refusal: Refusal };

const ORDER_TYPES: readonly OrderType[] = ['market', 'limit', 'stop', 'stop_limit', 'trailing_stop'];
export const TIMES_IN_FORCE: readonly TimeInForce[] = ['day', 'gtc', 'ioc', 'fok'];
const INTENTS: readonly PositionIntent[] = ['buy_to_open', 'buy_to_close', 'sell_to_open', 'sell_to_close'];
/** Alpaca's, which this venue does not take: orders of the auctions. */
const AUCTION_TIMES_IN_FORCE: readonly unknown[] = ['opg', 'cls'];
const COMPLEX_CLASSES: readonly unknown[] = ['bracket', 'oco', 'oto', 'mleg'];
/** Fields that belong to orders this venue does not take. Ignoring one would carry out an order that was not meant. */
const UNSUPPORTED_FIELDS = ['take_profit', 'stop_loss', 'legs', 'advanced_instructions'] as const;

type Prices = Pick<NewOrder, 'limitPx' | 'stopPx' | 'trail'>;

/**
 * Reads the body of `POST /v2/orders`. What is missing, has the wrong type or is beyond this venue is refused, naming
 * field and value; fields that Alpaca does not know are ignored, as it does. Nothing is checked against the account.
 */
export function readOrderRequest(body: unknown, assets: AssetNames): OrderRequestResult {
  const order = readingOf(() => readOrder(new BodyFields(body), assets));
  return order instanceof RequestFault ? { ok: false, refusal: order.refusal } : { ok: true, order };
}

/** The name that a refused body gave its order, when it gave one as text: for whoever has to find the request again. */
export function namedClOrdId(body: unknown): string | null {
  if (typeof body !== 'object' || body === null || !Object.hasOwn(body, 'client_order_id')) return null;
  const { client_order_id: clOrdId } = body as { readonly client_order_id: unknown };
  return typeof clOrdId === 'string' && clOrdId !== '' ? clOrdId.toWellFormed() : null;
}

function readOrder(fields: BodyFields, assets: AssetNames): NewOrder {
  refuseUnsupported(fields);
  const asset = assetOf(fields, assets);
  const side = fields.required<Side>('side', ['buy', 'sell']);
  const type = fields.required('type', ORDER_TYPES, 'order type');
  const timeInForce = fields.required('time_in_force', TIMES_IN_FORCE);
  const orderQty = fields.qty(asset);
  if (orderQty === null) throw new RequestFault(badField('qty or notional is required'));
  const order: NewOrder = {
    asset,
    side,
    type,
    timeInForce,
    orderQty,
    ...pricesOf(fields, type, asset),
    extendedHours: fields.flag('extended_hours'),
    positionIntent: intentOf(fields, side),
    clOrdId: fields.clOrdId(),
  };
  const refusal = shapeRefusal(order);
  if (refusal !== null) throw new RequestFault(refusal);
  return order;
}

function refuseUnsupported(fields: BodyFields): void {
  if (fields.has('notional')) {
    if (fields.has('qty')) throw new RequestFault(badField('only one of qty or notional is accepted'));
    throw unsupported(fields, 'notional', 'qty');
  }
  if (COMPLEX_CLASSES.includes(fields.value('order_class'))) throw unsupported(fields, 'order_class', 'simple');
  fields.choice('order_class', ['simple']);
  for (const name of UNSUPPORTED_FIELDS) if (fields.has(name)) throw unsupported(fields, name, 'simple orders');
  if (AUCTION_TIMES_IN_FORCE.includes(fields.value('time_in_force'))) {
    throw unsupported(fields, 'time_in_force', TIMES_IN_FORCE.join(', '));
  }
}

/** What Alpaca offers and this venue does not, refused as Alpaca refuses what an account may not do. */
export function unsupported(fields: BodyFields, name: string, taken: string): RequestFault {
  return new RequestFault(
    forbidden(`${name} ${shown(fields.value(name))} is not supported: this venue takes ${taken}`),
  );
}

function assetOf(fields: BodyFields, assets: AssetNames): Asset {
  const value = fields.value('symbol');
  if (value === null) throw new RequestFault(badField('symbol is required'));
  if (typeof value !== 'string') throw new RequestFault(unprocessable(`invalid symbol: ${shown(value)}`));
  const asset = assetNamed(assets, value);
  if (asset !== undefined) return asset;
  throw new RequestFault(isSymbol(value) ? assetNotFound(value) : unprocessable(`invalid symbol: ${shown(value)}`));
}

function intentOf(fields: BodyFields, side: Side): PositionIntent | null {
  const intent = fields.choice('position_intent', INTENTS);
  if (intent === null || intent.startsWith(side)) return intent;
  throw new RequestFault(unprocessable(`position_intent ${intent} does not go with the side ${side}`));
}

function pricesOf(fields: BodyFields, type: OrderType, asset: Asset): Prices {
  const has = { limit: fields.has('limit_price'), stop: fields.has('stop_price') };
  const trails = fields.has('trail_price') || fields.has('trail_percent');
  if (type !== 'trailing_stop' && trails) {
    const name = fields.has('trail_price') ? 'trail_price' : 'trail_percent';
    throw new RequestFault(badField(`${type.replace('_', ' ')} orders must not have ${name}`));
  }
  const fault = priceFault(type, has);
  if (fault !== null) throw new RequestFault(badField(fault));
  return {
    limitPx: fields.price('limit_price', asset),
    stopPx: fields.price('stop_price', asset),
    trail: type === 'trailing_stop' ? trailOf(fields, asset) : null,
  };
}

/** Which prices a type needs and which it must not have, in Alpaca's words. */
function priceFault(type: OrderType, has: { readonly limit: boolean; readonly stop: boolean }): string | null {
  switch (type) {
    case 'market':
      return has.limit || has.stop ? 'market orders require no stop or limit price' : null;
    case 'limit':
      if (!has.limit) return 'limit orders require a limit price';
      return has.stop ? 'limit orders require no stop price' : null;
    case 'stop':
      if (!has.stop) return 'stop orders require a stop price';
      return has.limit ? 'stop orders require no limit price' : null;
    case 'stop_limit':
      return has.limit && has.stop ? null : 'stop limit orders require both stop and limit price';
    case 'trailing_stop':
      return has.limit || has.stop ? 'trailing stop orders require no stop or limit price' : null;
  }
}

function trailOf(fields: BodyFields, asset: Asset): Trail {
  const byPrice = fields.trail('trail_price', 'price', asset);
  const byPercent = fields.trail('trail_percent', 'percent', asset);
  const trail = byPrice ?? byPercent;
  if (trail === null || (byPrice !== null && byPercent !== null)) {
    throw new RequestFault(badField('trailing stop orders must specify one of trail_price or trail_percent'));
  }
  return trail;
}
