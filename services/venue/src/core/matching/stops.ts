import type { MatcherState } from './matcher-state.ts';
import type { WorkingOrder } from './order-queue.ts';
import { trailedStopPx } from './stop-prices.ts';
import type { SymbolMarket } from './symbol-market.ts';
import { arrive, mayTrade, phaseOf } from './taking.ts';
import type { TradingPhase } from './types.ts';

/** A stop begins to wait. The mark of a trailing one begins with its own, or else with the last sale when one is known. */
export function addStop(state: MatcherState, market: SymbolMarket, order: WorkingOrder): void {
  market.stops.push(order);
  const hwmPx = order.hwmPx === 0 ? market.lastSalePx : order.hwmPx;
  if (hwmPx !== 0) trailTo(state, order, hwmPx);
}

/**
 * Holds an eligible trade against the stops, in order of submission: it moves the marks it is beyond and elects those it
 * has reached, each of which arrives at once as the order it has become. The trade itself fills nothing of them.
 */
export function electStops(state: MatcherState, market: SymbolMarket, px: number): void {
  const { stops } = market;
  if (stops.length === 0) return;
  const phase = phaseOf(state, market);
  if (phase === 'closed') return;
  for (let index = 0; index < stops.length; ) {
    const order = stops[index];
    if (order === undefined) return;
    if (!isElected(state, order, { px, phase })) {
      index += 1;
      continue;
    }
    stops.splice(index, 1);
    order.isStop = false;
    state.decisions.push({ kind: 'triggered', orderId: order.orderId });
    arrive(state, market, order);
  }
}

function isElected(
  state: MatcherState,
  order: WorkingOrder,
  { px, phase }: { readonly px: number; readonly phase: TradingPhase },
): boolean {
  if (!mayTrade(order, phase)) return false;
  if (order.trail !== null) {
    if (phase !== 'regular') return false;
    const isBeyondMark = order.sign * px < order.sign * order.hwmPx;
    if (order.hwmPx === 0 || isBeyondMark) trailTo(state, order, px);
  }
  return order.sign * px >= order.sign * order.stopPx;
}

function trailTo(state: MatcherState, order: WorkingOrder, hwmPx: number): void {
  if (order.trail === null) return;
  order.hwmPx = hwmPx;
  order.stopPx = trailedStopPx(order.trail, hwmPx, order.sign);
  state.decisions.push({ kind: 'trailed', orderId: order.orderId, hwmPx, stopPx: order.stopPx });
}
