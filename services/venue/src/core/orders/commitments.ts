import { type Decimal, decimalOfUnits, ZERO } from '@tickpath/trading';
import { isOpen, leavesQty, type VenueOrder } from './order.ts';
import { replacementQty } from './replacement.ts';
import type { Commitment, ExchangeState, SymbolCommitment } from './state.ts';

const NOTHING_COMMITTED: SymbolCommitment = { buyQty: 0n, sellQty: 0n, orders: 0 };

export function committedIn(state: ExchangeState, symbol: string): SymbolCommitment {
  return state.committed.get(symbol) ?? NOTHING_COMMITTED;
}

/** What a quantity of an order costs at most, at the price it is held at. */
export function costUsd({ asset, reservePx }: Pick<VenueOrder, 'asset' | 'reservePx'>, qty: number): Decimal {
  if (reservePx === null) return ZERO;
  return decimalOfUnits(BigInt(reservePx) * BigInt(qty), asset.priceDecimals + asset.qtyDecimals);
}

/** Brings what is held for the order in line with what it is now, and with it the sums. */
export function commit(state: ExchangeState, order: VenueOrder): void {
  setCommitment(state, order.orderId, commitmentOf(state, order));
  const pending = state.replacements.get(order.orderId);
  const replacement = pending === undefined ? undefined : state.orders.get(pending.newOrderId);
  if (replacement !== undefined) setCommitment(state, replacement.orderId, commitmentOf(state, replacement));
}

export function clearCommitments(state: ExchangeState): void {
  state.commitments.clear();
  state.committed.clear();
  state.reservedUsd = ZERO;
}

function commitmentOf(state: ExchangeState, order: VenueOrder): Commitment | undefined {
  if (!isOpen(order)) return undefined;
  const before = state.commitments.get(order.orderId);
  // The price at which an order is held never changes. One that replaces another may be held for a part only.
  if (order.replaces === null && before?.qty === leavesQty(order)) return before;
  const { asset, side } = order;
  const { symbol } = asset;
  const pending = order.replaces === null ? undefined : state.replacements.get(order.replaces);
  const old = order.replaces === null ? undefined : state.orders.get(order.replaces);
  if (pending?.newOrderId !== order.orderId || old === undefined) {
    return { symbol, side, qty: leavesQty(order), usd: costUsd(order, leavesQty(order)) };
  }
  // Alpaca: while an order is being replaced, buying power is reduced by the larger of the two. One whose place is gone
  // will be rejected.
  const qty = isOpen(old) ? Math.max(0, replacementQty(order, old, pending)) : 0;
  const oldQty = leavesQty(old);
  const more = costUsd(order, qty).minus(costUsd(old, oldQty));
  return { symbol, side, qty: Math.max(0, qty - oldQty), usd: more.isNegative() ? ZERO : more };
}

function setCommitment(state: ExchangeState, orderId: string, now: Commitment | undefined): void {
  const before = state.commitments.get(orderId);
  if (before === now) return;
  if (before !== undefined) add(state, before, -1);
  if (now !== undefined) add(state, now, 1);
  if (now === undefined) state.commitments.delete(orderId);
  else state.commitments.set(orderId, now);
}

function add(state: ExchangeState, { symbol, side, qty, usd }: Commitment, sign: 1 | -1): void {
  const { buyQty, sellQty, orders } = committedIn(state, symbol);
  const more = BigInt(sign * qty);
  const sum = {
    buyQty: side === 'buy' ? buyQty + more : buyQty,
    sellQty: side === 'sell' ? sellQty + more : sellQty,
    orders: orders + sign,
  };
  if (sum.orders === 0) state.committed.delete(symbol);
  else state.committed.set(symbol, sum);
  state.reservedUsd = sign === 1 ? state.reservedUsd.plus(usd) : state.reservedUsd.minus(usd);
}
