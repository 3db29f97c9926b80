/** What an order that replaces another one takes over from it. */
import type { Trail } from '../matching/types.ts';
import { leavesQty, type VenueOrder } from './order.ts';
import type { ExchangeState, PendingReplacement } from './state.ts';

/** True for an order that waits for another one to give way. */
export function isPendingReplacement(state: ExchangeState, { orderId, replaces }: VenueOrder): boolean {
  return replaces !== null && state.replacements.get(replaces)?.newOrderId === orderId;
}

/** Quantity that a replacement will have when it arrives: what the old order fills until then is no longer to be done. */
export function replacementQty(replacement: VenueOrder, old: VenueOrder, pending: PendingReplacement): number {
  return replacement.orderQty - (old.cumQty - pending.cumQty);
}

/** True when all that a replacement changes is that less is to be done: only then it keeps its place in the market. */
export function keepsPlace(old: VenueOrder, next: VenueOrder): boolean {
  return (
    next.orderQty <= leavesQty(old) &&
    next.limitPx === old.limitPx &&
    next.timeInForce === old.timeInForce &&
    hasSameStop(old, next)
  );
}

/** True when a replacement leaves stop and trail as they were: then it is as far with them as the old order. */
export function hasSameStop(old: VenueOrder, next: VenueOrder): boolean {
  return old.trail === null ? next.stopPx === old.stopPx : isSameTrail(old.trail, next.trail);
}

/** The replacement as it arrives: elected or trailed as far as the old order has come meanwhile. */
export function withStopOf(old: VenueOrder, next: VenueOrder): VenueOrder {
  if (!hasSameStop(old, next)) return next;
  return { ...next, stopPx: old.stopPx, hwmPx: old.hwmPx, isTriggered: old.isTriggered };
}

function isSameTrail(a: Trail, b: Trail | null): boolean {
  if (a.by === 'price') return b?.by === 'price' && b.px === a.px;
  return b?.by === 'percent' && b.milliPercent === a.milliPercent;
}
