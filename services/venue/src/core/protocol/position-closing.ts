import { Decimal, decimalText, unitsText } from '@tickpath/trading';
import type { NewOrder } from '../orders/order.ts';
import { type Refusal, unprocessable } from '../refusal.ts';
import type { Holding } from './positions.ts';
import { QueryFields } from './query-fields.ts';

/** How much of a position `DELETE /v2/positions/{symbol}` is to close; all of it when neither is given. */
export interface Closing {
  readonly qty: Decimal | null;
  readonly percentage: Decimal | null;
}

export type ClosingResult =
  | { readonly ok: true; readonly closing: Closing }
  | { readonly ok: false; readonly refusal: Refusal };

export type ClosingOrderResult =
  | { readonly ok: true; readonly order: NewOrder }
  | { readonly ok: false; readonly refusal: Refusal };

const WHOLE_PERCENTAGE = 100;
const MAX_DECIMALS = 9;

/** Closes all that is held. */
export const CLOSE_ALL: Closing = { qty: null, percentage: null };

export function readClosing(query: Readonly<Record<string, unknown>>): ClosingResult {
  const fields = new QueryFields(query);
  const closing: Closing = { qty: fields.decimal('qty'), percentage: fields.decimal('percentage') };
  for (const [name, value] of Object.entries(closing) as [string, Decimal | null][]) {
    if (value === null) continue;
    if (value.lte(0)) fields.refuse(`${name} must be > 0: ${decimalText(value)}`);
    if (value.decimalPlaces() > MAX_DECIMALS) {
      fields.refuse(`${name} ${decimalText(value)} has more than ${MAX_DECIMALS} decimals`);
    }
  }
  if (closing.qty !== null && closing.percentage !== null) fields.refuse('only one of qty or percentage is accepted');
  if (closing.percentage?.gt(WHOLE_PERCENTAGE) === true) {
    fields.refuse(`percentage must be <= ${WHOLE_PERCENTAGE}: ${decimalText(closing.percentage)}`);
  }
  const refusal = fields.refusal();
  return refusal === null ? { ok: true, closing } : { ok: false, refusal };
}

/** Reads the query of `DELETE /v2/positions`. */
export function readCloseAll(
  query: Readonly<Record<string, unknown>>,
): { readonly ok: true; readonly cancelOrders: boolean } | { readonly ok: false; readonly refusal: Refusal } {
  const fields = new QueryFields(query);
  const cancelOrders = fields.flag('cancel_orders') ?? false;
  const refusal = fields.refusal();
  return refusal === null ? { ok: true, cancelOrders } : { ok: false, refusal };
}

/**
 * The market order that closes a holding, or the part of it that is asked for: as Alpaca's, for the day, of crypto good
 * until canceled. A percentage of whole shares is rounded down to whole shares, any other down to the asset's increment.
 */
export function closingOrder({ asset, position }: Holding, closing: Closing): ClosingOrderResult {
  const isShort = position.qty.isNegative();
  const orderQty = closingUnits(position.qty.abs(), closing, asset);
  if (typeof orderQty !== 'number') return { ok: false, refusal: orderQty };
  return {
    ok: true,
    order: {
      asset,
      side: isShort ? 'buy' : 'sell',
      type: 'market',
      timeInForce: asset.assetClass === 'crypto' ? 'gtc' : 'day',
      orderQty,
      limitPx: null,
      stopPx: null,
      trail: null,
      extendedHours: false,
      positionIntent: isShort ? 'buy_to_close' : 'sell_to_close',
      clOrdId: null,
    },
  };
}

function closingUnits(held: Decimal, { qty, percentage }: Closing, asset: Holding['asset']): number | Refusal {
  if (qty !== null) return orderUnits(qty, asset);
  if (percentage === null) return orderUnits(held, asset);
  const isWhole = asset.assetClass === 'us_equity' && held.isInteger();
  const step = isWhole ? new Decimal(1) : new Decimal(unitsText(asset.qtyIncrement, asset.qtyDecimals));
  const part = held.times(percentage).div(WHOLE_PERCENTAGE).div(step).floor().times(step);
  if (!part.isZero()) return orderUnits(part, asset);
  const text = `${decimalText(percentage)} of ${decimalText(held)} is less than ${decimalText(step)}`;
  return unprocessable(`percentage ${text}, the increment of ${asset.symbol}`);
}

/** A quantity in units, as an order has to have it. */
function orderUnits(qty: Decimal, { symbol, qtyDecimals, qtyIncrement }: Holding['asset']): number | Refusal {
  const units = qty.times(new Decimal(10).pow(qtyDecimals));
  if (!units.mod(qtyIncrement).isZero()) {
    const step = unitsText(qtyIncrement, qtyDecimals);
    return unprocessable(`qty ${decimalText(qty)} is no multiple of ${step}, the increment of ${symbol}`);
  }
  if (units.lte(Number.MAX_SAFE_INTEGER)) return units.toNumber();
  const most = unitsText(Number.MAX_SAFE_INTEGER, qtyDecimals);
  return unprocessable(`qty ${decimalText(qty)} is beyond ${most}, the most that one order of ${symbol} can have`);
}
