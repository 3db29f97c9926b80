import assert from 'node:assert/strict';
import { type Decimal, decimalOfUnits, decimalText, ledgerImbalance, ZERO } from '@tickpath/trading';
import { isOpen, leavesQty, type VenueOrder } from '../../src/core/orders/order.ts';
import type { ExchangeState } from '../../src/core/orders/state.ts';

/** Holds all that the exchange keeps of its orders against the orders themselves, worked out the slow way. */
export function assertConsistent(state: ExchangeState): void {
  assert.equal(decimalText(ledgerImbalance(state.ledger)), '0', 'cash + cost − realised + fees = net deposits');
  assertFills(state);
  const open = [...state.orders.values()].filter(isOpen);
  assert.deepEqual(
    [...state.open],
    open.map(({ orderId }) => orderId),
    'open orders in order of submission',
  );
  for (const { orderId, clOrdId } of state.orders.values()) assert.equal(state.orderIdByClOrdId.get(clOrdId), orderId);
  for (const orderId of [...state.inFlight, ...state.arrivals.keys()]) assert.ok(state.open.has(orderId), orderId);
  for (const orderId of state.inFlight) assert.ok(!state.arrivals.has(orderId), `${orderId} is here and on its way`);
  assertMatcher(state);
  assertCommitments(state, open);
}

function assertFills({ fills, orders, ledger }: ExchangeState): void {
  const filled = new Map<string, { cumQty: number; notional: bigint }>();
  const held = new Map<string, Decimal>();
  for (const { order, lastPx, lastQty, positionQty } of fills) {
    const before = filled.get(order.orderId) ?? { cumQty: 0, notional: 0n };
    const cumQty = before.cumQty + lastQty;
    assert.equal(order.cumQty, cumQty, `fills of ${order.orderId}`);
    assert.ok(lastQty > 0 && cumQty <= order.orderQty, `${order.orderId}: ${cumQty} of ${order.orderQty}`);
    filled.set(order.orderId, { cumQty, notional: before.notional + BigInt(lastPx) * BigInt(lastQty) });
    assertDoesNotCross(order, held.get(order.asset.symbol) ?? ZERO, positionQty);
    held.set(order.asset.symbol, positionQty);
  }
  for (const { orderId, cumQty, notional } of orders.values()) {
    assert.deepEqual({ cumQty, notional }, filled.get(orderId) ?? { cumQty: 0, notional: 0n }, orderId);
  }
  for (const [symbol, { qty }] of ledger.positions) {
    assert.equal(qty.toFixed(), (held.get(symbol) ?? ZERO).toFixed(), `position in ${symbol}`);
  }
}

function assertDoesNotCross({ orderId }: VenueOrder, before: Decimal, after: Decimal): void {
  const crosses = !before.isZero() && !after.isZero() && before.isPositive() !== after.isPositive();
  assert.ok(!crosses, `a fill of ${orderId} takes the position from ${before} to ${after}`);
}

function assertMatcher({ matcher, arrivals, matchIds, orderIdByMatchId, orders }: ExchangeState): void {
  assert.equal(matchIds.size, orderIdByMatchId.size);
  const held = [...arrivals.keys()].map((orderId) => matchIds.get(orderId) ?? orderId);
  assert.deepEqual([...matcher.orders.keys()].sort(), held.sort(), 'orders in the market');
  for (const orderId of arrivals.keys()) {
    const order = orders.get(orderId);
    assert.ok(order !== undefined);
    assert.equal(matcher.orders.get(matchIds.get(orderId) ?? orderId)?.leavesQty, leavesQty(order), orderId);
  }
}

function assertCommitments(state: ExchangeState, open: readonly VenueOrder[]): void {
  let reserved = ZERO;
  const sums = new Map<string, { buyQty: bigint; sellQty: bigint; orders: number }>();
  for (const order of open) {
    const { qty, usd } = naiveCommitment(state, order);
    const { symbol } = order.asset;
    const sum = sums.get(symbol) ?? { buyQty: 0n, sellQty: 0n, orders: 0 };
    sums.set(symbol, sum);
    sum.orders += 1;
    if (order.side === 'buy') sum.buyQty += BigInt(qty);
    else sum.sellQty += BigInt(qty);
    reserved = reserved.plus(usd);
  }
  assert.equal(state.reservedUsd.toFixed(), reserved.toFixed(), 'reserved');
  assert.deepEqual(new Map([...state.committed].sort()), new Map([...sums].sort()), 'quantities of open orders');
}

/** A replacement on its way counts for what it wants beyond the order that it replaces. */
function naiveCommitment(state: ExchangeState, order: VenueOrder): { qty: number; usd: Decimal } {
  const old = order.replaces === null ? undefined : state.orders.get(order.replaces);
  const own = { qty: leavesQty(order), usd: valueUsd(order, leavesQty(order)) };
  if (old === undefined || old.status === 'replaced') return own;
  if (!isOpen(old)) return { qty: 0, usd: ZERO };
  const asked = state.replacements.get(old.orderId);
  assert.equal(asked?.newOrderId, order.orderId);
  const qty = Math.max(0, order.orderQty - (old.cumQty - (asked?.cumQty ?? 0)));
  const more = valueUsd(order, qty).minus(valueUsd(old, leavesQty(old)));
  return { qty: Math.max(0, qty - leavesQty(old)), usd: more.isNegative() ? ZERO : more };
}

function valueUsd({ asset, reservePx }: VenueOrder, qty: number): Decimal {
  return decimalOfUnits(BigInt(reservePx ?? 0), asset.priceDecimals).times(decimalOfUnits(qty, asset.qtyDecimals));
}
