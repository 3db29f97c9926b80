import type { MatcherState } from './matcher-state.ts';
import { enqueue, type WorkingOrder } from './order-queue.ts';
import { availableAt, bestPx, displayedAt, levelPx, type ShownSide, type Sign, take } from './shown-side.ts';
import { slippageBps, takenPx } from './slippage.ts';
import { otherSideOf, ownSideOf, queueOf, type SymbolMarket } from './symbol-market.ts';
import type { MatchDecision, TradingPhase } from './types.ts';

type Fill = Extract<MatchDecision, { kind: 'fill' }>;

/** The phase that a symbol's orders meet: a halt closes it. */
export function phaseOf(state: MatcherState, market: SymbolMarket): TradingPhase {
  return market.isHalted ? 'closed' : state.phases[market.instrument.assetClass];
}

export function mayTrade(order: WorkingOrder, phase: TradingPhase): boolean {
  return phase === 'regular' || (phase === 'extended' && order.extendedHours);
}

/** Rule 201: such an order takes nothing, because all that it could take is at the best bid or below. */
export function isRestrictedShort(market: SymbolMarket, order: WorkingOrder): boolean {
  return order.isShortSale && market.isShortSaleRestricted;
}

/** The decision takes effect: an order that has nothing left is out. Its place in a queue is the caller's to clear. */
export function fill(state: MatcherState, order: WorkingOrder, decision: Fill): void {
  order.leavesQty -= decision.lastQty;
  if (order.leavesQty === 0) state.orders.delete(order.orderId);
  state.decisions.push(decision);
}

/** An order comes to the market: it takes what it may, and the rest of it expires or rests. */
export function arrive(state: MatcherState, market: SymbolMarket, order: WorkingOrder): void {
  const { timeInForce } = order;
  if (mayTrade(order, phaseOf(state, market)) && !isRestrictedShort(market, order)) {
    const shown = otherSideOf(market, order.sign);
    if (timeInForce !== 'fok' || availableWithin(shown, order) === order.leavesQty) takeShown(state, market, order);
  }
  if (order.leavesQty === 0) return;
  if (timeInForce === 'ioc' || timeInForce === 'fok') {
    state.orders.delete(order.orderId);
    state.decisions.push({ kind: 'expired-at-once', orderId: order.orderId });
    return;
  }
  if (!order.isMarket) order.aheadQty = displayedAt(ownSideOf(market, order.sign), order.limitPx);
  enqueue(queueOf(market, order.sign), order);
}

/** The resting orders of one side meet what the other side of the market shows: market orders take, then limits make. */
export function meetShown(state: MatcherState, market: SymbolMarket, sign: Sign): void {
  const queue = queueOf(market, sign);
  if (queue.markets.length === 0 && queue.limits.length === 0) return;
  const phase = phaseOf(state, market);
  if (phase === 'closed') return;
  meetMarkets(state, market, { orders: queue.markets, phase });
  meetLimits(state, market, { orders: queue.limits, phase });
}

interface Resting {
  readonly orders: WorkingOrder[];
  readonly phase: TradingPhase;
}

function meetMarkets(state: MatcherState, market: SymbolMarket, { orders, phase }: Resting): void {
  for (let index = 0; index < orders.length; ) {
    const order = orders[index];
    if (order === undefined) return;
    if (mayTrade(order, phase) && !isRestrictedShort(market, order)) takeShown(state, market, order);
    if (order.leavesQty === 0) orders.splice(index, 1);
    else index += 1;
  }
}

function meetLimits(state: MatcherState, market: SymbolMarket, { orders, phase }: Resting): void {
  for (let index = 0; index < orders.length; ) {
    const order = orders[index];
    if (order === undefined) return;
    const shown = otherSideOf(market, order.sign);
    if (!isWithin(order, bestPx(shown))) return;
    if (mayTrade(order, phase) && !isRestrictedShort(market, order)) makeShown(state, shown, order);
    if (order.leavesQty === 0) orders.splice(index, 1);
    else index += 1;
  }
}

/** True for the price of a level that the order's limit allows; 0 is no level. */
function isWithin({ sign, limitPx }: WorkingOrder, px: number): boolean {
  return px !== 0 && sign * px <= sign * limitPx;
}

/** One fill for each level, at its price worsened by slippage. */
function takeShown(state: MatcherState, market: SymbolMarket, order: WorkingOrder): void {
  const shown = otherSideOf(market, order.sign);
  const bps = slippageBps(state.rules.slippage, order.leavesQty, market.volumeQty);
  for (let level = 0; order.leavesQty > 0; level += 1) {
    const px = levelPx(shown, level);
    if (!isWithin(order, px)) return;
    const lastQty = Math.min(order.leavesQty, availableAt(shown, level));
    if (lastQty === 0) continue;
    take(shown, px, lastQty);
    const lastPx = takenPx(order, px, bps);
    fill(state, order, { kind: 'fill', orderId: order.orderId, lastPx, lastQty, liquidity: 'taker' });
  }
}

/** One fill at the order's own limit: whoever shows a price at or through it trades with what rests there. */
function makeShown(state: MatcherState, shown: ShownSide, order: WorkingOrder): void {
  const { orderId, limitPx, leavesQty } = order;
  let lastQty = 0;
  for (let level = 0; lastQty < leavesQty; level += 1) {
    const px = levelPx(shown, level);
    if (!isWithin(order, px)) break;
    const qty = Math.min(leavesQty - lastQty, availableAt(shown, level));
    if (qty === 0) continue;
    take(shown, px, qty);
    lastQty += qty;
  }
  if (lastQty > 0) fill(state, order, { kind: 'fill', orderId, lastPx: limitPx, lastQty, liquidity: 'maker' });
}

/** What is available within an order's limit, at most what it wants. */
function availableWithin(shown: ShownSide, order: WorkingOrder): number {
  let qty = 0;
  for (let level = 0; qty < order.leavesQty && isWithin(order, levelPx(shown, level)); level += 1) {
    qty += Math.min(order.leavesQty - qty, availableAt(shown, level));
  }
  return qty;
}
