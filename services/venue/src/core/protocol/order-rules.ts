import type { OrderType, TimeInForce } from '../matching/types.ts';
import type { Asset } from '../reference/asset.ts';
import { type Refusal, unprocessable } from '../refusal.ts';

/** What of an order decides whether its kinds go together. */
export interface OrderShape {
  readonly asset: Asset;
  readonly type: OrderType;
  readonly timeInForce: TimeInForce;
  readonly orderQty: number;
  readonly extendedHours: boolean;
}

const CRYPTO_TYPES: ReadonlySet<OrderType> = new Set(['market', 'limit', 'stop_limit']);
const CRYPTO_TIMES_IN_FORCE: ReadonlySet<TimeInForce> = new Set(['gtc', 'ioc']);
const LASTING_TIMES_IN_FORCE: ReadonlySet<TimeInForce> = new Set(['day', 'gtc']);

/** Alpaca's rules of which types, times in force, quantities and sessions go together; `null` when they do. */
export function shapeRefusal(order: OrderShape): Refusal | null {
  const { asset, type, timeInForce, orderQty, extendedHours } = order;
  if (asset.assetClass === 'crypto') {
    if (!CRYPTO_TYPES.has(type)) return unprocessable(`invalid order type for crypto order: ${type}`);
    if (!CRYPTO_TIMES_IN_FORCE.has(timeInForce)) return unprocessable(`invalid crypto time_in_force: ${timeInForce}`);
  }
  if (extendedHours && (type !== 'limit' || !LASTING_TIMES_IN_FORCE.has(timeInForce))) {
    return unprocessable(`extended hours order must be DAY or GTC limit orders: ${timeInForce} ${type}`);
  }
  if (type === 'trailing_stop' && !LASTING_TIMES_IN_FORCE.has(timeInForce)) {
    return unprocessable(`trailing stop orders must be DAY or GTC orders: ${timeInForce}`);
  }
  if (asset.assetClass === 'us_equity' && orderQty % 10 ** asset.qtyDecimals !== 0) {
    if (type === 'trailing_stop') return unprocessable('fractional orders cannot be trailing stop orders');
    if (timeInForce !== 'day') return unprocessable(`fractional orders must be DAY orders: ${timeInForce}`);
  }
  return null;
}
