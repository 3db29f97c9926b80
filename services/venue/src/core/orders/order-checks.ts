import { type Decimal, decimalOfUnits, decimalText, unitsText, ZERO } from '@tickpath/trading';
import { lastSalePx, shownQuote } from '../matching/matcher.ts';
import type { OrderType, Side } from '../matching/types.ts';
import type { Asset } from '../reference/asset.ts';
import {
  assetNotShortable,
  assetNotTradable,
  clOrdIdNotUnique,
  forbidden,
  fractionNotShortable,
  insufficientBuyingPower,
  insufficientQty,
  positionIntentMismatch,
  type Refusal,
  shortingNotAllowed,
} from '../refusal.ts';
import { buyingPowerUsd, nonMarginableBuyingPowerUsd } from './buying-power.ts';
import { committedIn, costUsd } from './commitments.ts';
import type { NewOrder, PositionIntent, VenueOrder } from './order.ts';
import type { ExchangeState } from './state.ts';

/** An order that the account can carry, or why it cannot. */
export type OrderCheck =
  | { readonly ok: true; readonly positionIntent: PositionIntent; readonly reservePx: number | null }
  | { readonly ok: false; readonly refusal: Refusal };

/** Holds a new order against the account as it is now. */
export function checkNewOrder(state: ExchangeState, order: NewOrder & { readonly clOrdId: string }): OrderCheck {
  const { asset, side, orderQty } = order;
  if (!asset.tradable) return refused(assetNotTradable(asset.symbol));
  if (state.orderIdByClOrdId.has(order.clOrdId)) return refused(clOrdIdNotUnique());
  const positionIntent = intentOf(side, heldQty(state, asset.symbol));
  if (order.positionIntent !== null && order.positionIntent !== positionIntent) {
    return refused(positionIntentMismatch(positionIntent, order.positionIntent));
  }
  const isClosing = closes(positionIntent);
  const refusal = isClosing
    ? closingRefusal(state, { asset, side, orderQty, released: 0 })
    : openingRefusal(state, order);
  if (refusal !== null) return refused(refusal);
  if (isClosing) return { ok: true, positionIntent, reservePx: null };
  const reservePx = reservePxOf(state, order);
  const shortfall = powerRefusal(state, { asset, reservePx, orderQty, released: ZERO });
  return shortfall === null ? { ok: true, positionIntent, reservePx } : refused(shortfall);
}

/** Holds what is to take an order's place against the account, without what that order itself holds of it. */
export function checkReplacement(
  state: ExchangeState,
  old: VenueOrder,
  next: Pick<VenueOrder, 'orderQty' | 'limitPx' | 'stopPx'>,
): OrderCheck {
  const { asset, side, type, positionIntent } = old;
  const own = state.commitments.get(old.orderId);
  if (closes(positionIntent)) {
    const closing = { asset, side, orderQty: next.orderQty, released: own?.qty ?? 0 };
    const refusal = closingRefusal(state, closing);
    return refusal === null ? { ok: true, positionIntent, reservePx: null } : refused(refusal);
  }
  const reservePx = reservePxOf(state, { asset, type, limitPx: next.limitPx, stopPx: next.stopPx });
  const opening = { asset, reservePx, orderQty: next.orderQty, released: own?.usd ?? ZERO };
  const shortfall = powerRefusal(state, opening);
  return shortfall === null ? { ok: true, positionIntent, reservePx } : refused(shortfall);
}

function refused(refusal: Refusal): OrderCheck {
  return { ok: false, refusal };
}

/** The signed quantity held of a symbol. */
function heldQty(state: ExchangeState, symbol: string): Decimal {
  return state.ledger.positions.get(symbol)?.qty ?? ZERO;
}

function intentOf(side: Side, held: Decimal): PositionIntent {
  if (side === 'buy') return held.lt(0) ? 'buy_to_close' : 'buy_to_open';
  return held.gt(0) ? 'sell_to_close' : 'sell_to_open';
}

function closes(intent: PositionIntent): boolean {
  return intent === 'buy_to_close' || intent === 'sell_to_close';
}

/** No order crosses zero: what closes is at most what is held and not about to be closed already. */
function closingRefusal(
  state: ExchangeState,
  order: { readonly asset: Asset; readonly side: Side; readonly orderQty: number; readonly released: number },
): Refusal | null {
  const { asset, side, orderQty, released } = order;
  const { symbol, qtyDecimals } = asset;
  const committed = committedIn(state, symbol);
  const open = (side === 'buy' ? committed.buyQty : committed.sellQty) - BigInt(released);
  const held = heldQty(state, symbol).abs();
  const heldForOrders = decimalOfUnits(open, qtyDecimals);
  const free = held.minus(heldForOrders);
  if (decimalOfUnits(orderQty, qtyDecimals).lte(free)) return null;
  return insufficientQty({
    symbol,
    requested: unitsText(orderQty, qtyDecimals),
    available: decimalText(free.isNegative() ? ZERO : free),
    existing: decimalText(held),
    heldForOrders: decimalText(heldForOrders),
    relatedOrders: openOrdersOf(state, symbol, side),
  });
}

function openOrdersOf(state: ExchangeState, symbol: string, side: Side): string[] {
  const ids: string[] = [];
  for (const [orderId, commitment] of state.commitments) {
    if (commitment.symbol === symbol && commitment.side === side) ids.push(orderId);
  }
  return ids;
}

/** A short sale needs leave; and with orders open on both sides of a flat position, one of them would cross zero. */
function openingRefusal(state: ExchangeState, { asset, side, orderQty }: NewOrder): Refusal | null {
  const { buyQty, sellQty } = committedIn(state, asset.symbol);
  const isFlat = heldQty(state, asset.symbol).isZero();
  if (side === 'buy') {
    return isFlat && sellQty > 0n ? forbidden('cannot open a long buy while a short sell order is open') : null;
  }
  const refusal = shortingRefusal(state, asset, orderQty);
  if (refusal !== null) return refusal;
  return isFlat && buyQty > 0n ? forbidden('cannot open a short sell while a long buy order is open') : null;
}

function shortingRefusal({ rules }: ExchangeState, asset: Asset, orderQty: number): Refusal | null {
  if (asset.assetClass === 'crypto') {
    const coin = asset.symbol.split('/')[0];
    const requested = unitsText(orderQty, asset.qtyDecimals);
    return forbidden(`insufficient balance for ${coin} (requested: ${requested}, available: 0)`);
  }
  if (rules.multiplier === 1 || !rules.shorting) return shortingNotAllowed();
  if (!asset.shortable) return assetNotShortable(asset.symbol);
  return orderQty % 10 ** asset.qtyDecimals === 0 ? null : fractionNotShortable();
}

function powerRefusal(
  state: ExchangeState,
  order: {
    readonly asset: Asset;
    readonly reservePx: number | null;
    readonly orderQty: number;
    readonly released: Decimal;
  },
): Refusal | null {
  const { asset, orderQty, released } = order;
  const cost = costUsd(order, orderQty);
  // What asks for no more than it holds already is never short of it, whatever has become of the account.
  if (cost.lte(released)) return null;
  const power = (asset.marginable ? buyingPowerUsd : nonMarginableBuyingPowerUsd)(state, released);
  if (cost.lte(power)) return null;
  return insufficientBuyingPower({ buyingPower: decimalText(power), costBasis: decimalText(cost) });
}

/**
 * What an order that opens is held at: its limit, its stop, else the ask or the last price. `null` when none is known:
 * a market order then rests until a quote, and is taken at 0.
 */
function reservePxOf(
  state: ExchangeState,
  order: {
    readonly asset: Asset;
    readonly type: OrderType;
    readonly limitPx: number | null;
    readonly stopPx: number | null;
  },
): number | null {
  const { asset, type, limitPx, stopPx } = order;
  if (limitPx !== null) return limitPx;
  if (type === 'stop' && stopPx !== null) return stopPx;
  const askPx = shownQuote(state.matcher, asset.symbol)?.askPx ?? 0;
  if (askPx !== 0) return askPx;
  return lastSalePx(state.matcher, asset.symbol) ?? state.lastPx.get(asset.symbol) ?? null;
}
