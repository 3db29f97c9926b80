/** Where orders and matching meet: an order enters, is taken up again or taken out, and what matching decides happens. */
import { amendOrder, enterOrder, removeOrder, resumeOrder } from '../matching/matcher.ts';
import type { EnteringOrder, MatchDecision } from '../matching/types.ts';
import { feeUsd } from './fees.ts';
import { leavesQty, type VenueOrder } from './order.ts';
import { keepsPlace } from './replacement.ts';
import type { ExchangeState } from './state.ts';
import { happen, knownOrder, type Turn } from './turn.ts';

export function enter(turn: Turn, order: VenueOrder): void {
  carryOut(turn, enterOrder(turn.state.matcher, enteringOrder(order)));
}

/** After a restart: the order is behind all others, and nothing happens yet. */
export function resume(state: ExchangeState, order: VenueOrder): void {
  resumeOrder(state.matcher, enteringOrder(order));
}

/** Matching knows the order no more; one that it does not know is no matter. */
export function leave(state: ExchangeState, orderId: string): void {
  removeOrder(state.matcher, state.matchIds.get(orderId) ?? orderId);
  forgetMatchId(state, orderId);
}

/** `next` stands where `old` stood: in its place if all it does is want less, else as one that has just come. */
export function takePlace(turn: Turn, old: VenueOrder, next: VenueOrder): void {
  const { state } = turn;
  if (!keepsPlace(old, next)) {
    leave(state, old.orderId);
    enter(turn, next);
    return;
  }
  const matchId = state.matchIds.get(old.orderId) ?? old.orderId;
  forgetMatchId(state, old.orderId);
  state.matchIds.set(next.orderId, matchId);
  state.orderIdByMatchId.set(matchId, next.orderId);
  amendOrder(state.matcher, matchId, { leavesQty: leavesQty(next) });
}

/** Lets happen what matching has decided. */
export function carryOut(turn: Turn, decisions: readonly MatchDecision[]): void {
  for (const decision of decisions) carryOutOne(turn, decision);
}

function carryOutOne(turn: Turn, decision: MatchDecision): void {
  const { state } = turn;
  const order = knownOrder(state, state.orderIdByMatchId.get(decision.orderId) ?? decision.orderId);
  switch (decision.kind) {
    case 'fill': {
      const { lastPx, lastQty, liquidity } = decision;
      const isLast = lastQty === leavesQty(order);
      const fee = feeUsd(state.rules.fees, { asset: order.asset, side: order.side, lastPx, lastQty, liquidity });
      happen(turn, order.orderId, { kind: isLast ? 'fill' : 'partial_fill', lastPx, lastQty, liquidity, fee });
      if (isLast) forgetMatchId(state, order.orderId);
      return;
    }
    case 'triggered':
      happen(turn, order.orderId, { kind: 'triggered' });
      return;
    case 'trailed':
      happen(turn, order.orderId, { kind: 'trailed', hwmPx: decision.hwmPx, stopPx: decision.stopPx });
      return;
    case 'expired-at-once':
      // Alpaca reports what is left of an IOC, or an FOK that found too little, as canceled.
      happen(turn, order.orderId, { kind: 'canceled' });
      forgetMatchId(state, order.orderId);
      return;
  }
}

function forgetMatchId(state: ExchangeState, orderId: string): void {
  const matchId = state.matchIds.get(orderId);
  if (matchId === undefined) return;
  state.matchIds.delete(orderId);
  state.orderIdByMatchId.delete(matchId);
}

function enteringOrder(order: VenueOrder): EnteringOrder {
  const { orderId, asset, side, type, timeInForce, limitPx, stopPx, trail, hwmPx, isTriggered, extendedHours } = order;
  return {
    ...{ orderId, side, type, timeInForce, limitPx, stopPx, trail, hwmPx, isTriggered, extendedHours },
    instrument: asset,
    leavesQty: leavesQty(order),
    isShortSale: order.positionIntent === 'sell_to_open',
  };
}
