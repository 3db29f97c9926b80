/** What a client may ask of the exchange: an order, another one in its place, its end. */
import { unitsText } from '@tickpath/trading';
import {
  clOrdIdNotUnique,
  orderClosed,
  orderNotFound,
  orderNotReplaceable,
  pendingReplacement,
  qtyNotAboveFilled,
  type Refusal,
  unprocessable,
} from '../refusal.ts';
import { dayEndNs, gtcEndNs } from '../sessions.ts';
import { applyEvent } from './apply-event.ts';
import { arrivalNs, arrive, isInSession, pushExpiry } from './arrival.ts';
import { clearDues, pushDue } from './dues.ts';
import { latencyNs } from './latency.ts';
import { leave, takePlace } from './market-place.ts';
import { isOpen, leavesQty, type NewOrder, type OrderStatus, type VenueOrder } from './order.ts';
import type { OrderTerms } from './order-change.ts';
import { checkNewOrder, checkReplacement } from './order-checks.ts';
import { hasSameStop, isPendingReplacement, replacementQty } from './replacement.ts';
import type { ExchangeInput, ExchangeState } from './state.ts';
import { happen, knownOrder, type Turn } from './turn.ts';

type InputOf<K extends ExchangeInput['kind']> = Extract<ExchangeInput, { kind: K }>;
type Replace = InputOf<'replace'>;
type Changes = Replace['changes'];

/** Alpaca replaces no order that is not in the market yet, or of which something is asked already. */
const REPLACEABLE: ReadonlySet<OrderStatus> = new Set(['new', 'partially_filled', 'done_for_day']);

export function submit(turn: Turn, { order, orderId }: InputOf<'submit'>): void {
  const { state } = turn;
  const check = checkNewOrder(state, order);
  if (!check.ok) return refuse(turn, check.refusal);
  const { positionIntent, reservePx } = check;
  const { clOrdId, asset, side, type, timeInForce, orderQty, limitPx, stopPx, trail, extendedHours } = order;
  const terms: OrderTerms = {
    ...{ clOrdId, asset, side, type, timeInForce, orderQty, limitPx, stopPx, trail, extendedHours },
    ...{ positionIntent, reservePx, hwmPx: null, isTriggered: false, replaces: null },
    expiresNs: expiryNs(turn, order),
  };
  const pending = happen(turn, orderId, { kind: 'pending_new', terms, orderQty: null });
  pushExpiry(state, pending);
  if (latencyNs(state.rules.latency, 'order', orderId) === 0n) return arrive(turn, orderId);
  pushDue(state.dues, { ns: arrivalNs(state, pending), kind: 'arrival', orderId, createdNs: pending.createdNs });
}

function expiryNs(
  { state, nowNs }: Turn,
  { asset, timeInForce, extendedHours }: Pick<NewOrder, 'asset' | 'timeInForce' | 'extendedHours'>,
): bigint {
  if (timeInForce === 'gtc') return gtcEndNs(nowNs);
  return dayEndNs(state.rules.hours, asset.assetClass, nowNs, extendedHours);
}

export function cancel(turn: Turn, { orderId }: InputOf<'cancel'>): void {
  const { state } = turn;
  const order = state.orders.get(orderId);
  if (order === undefined) return refuse(turn, orderNotFound(orderId));
  if (!isOpen(order)) return refuse(turn, orderClosed(order.status));
  // Asked already: it stays asked.
  if (order.status === 'pending_cancel') return;
  if (order.status === 'pending_replace' || isPendingReplacement(state, order))
    return refuse(turn, pendingReplacement());
  if (latencyNs(state.rules.latency, 'cancel', orderId) === 0n) return cancelNow(turn, orderId);
  const asked = happen(turn, orderId, { kind: 'pending_cancel' });
  pushDue(state.dues, { ns: cancelNs(state, asked), kind: 'cancel', orderId, createdNs: asked.createdNs });
}

/** When the cancel of an order that was asked for it takes effect. */
export function cancelNs({ rules, aheadNs }: ExchangeState, { orderId, cancelRequestedNs }: VenueOrder): bigint {
  return (cancelRequestedNs ?? 0n) - aheadNs + latencyNs(rules.latency, 'cancel', orderId);
}

function cancelNow(turn: Turn, orderId: string): void {
  leave(turn.state, orderId);
  happen(turn, orderId, { kind: 'canceled' });
}

/** The cancel has come in: the order goes, or it was closed meanwhile. */
export function finishCancel(turn: Turn, orderId: string): void {
  if (isOpen(knownOrder(turn.state, orderId))) return cancelNow(turn, orderId);
  happen(turn, orderId, { kind: 'order_cancel_rejected' });
}

export function replace(turn: Turn, { orderId, newOrderId, changes }: Replace): void {
  const { state } = turn;
  const old = state.orders.get(orderId);
  if (old === undefined) return refuse(turn, orderNotFound(orderId));
  const terms = replacementTerms(turn, old, changes);
  if (!terms.ok) return refuse(turn, terms.refusal);
  if (latencyNs(state.rules.latency, 'cancel', newOrderId) === 0n) {
    return replaceNow(turn, old, { orderId: newOrderId, terms: terms.value, orderQty: null });
  }
  happen(turn, orderId, { kind: 'pending_replace' });
  const next = happen(turn, newOrderId, { kind: 'pending_new', terms: terms.value, orderQty: null });
  const due = { ns: replaceNs(state, next), kind: 'replace', orderId: newOrderId, createdNs: next.createdNs } as const;
  pushDue(state.dues, due);
}

/** When a replacement takes the place of its order. */
export function replaceNs({ rules, aheadNs }: ExchangeState, { orderId, createdNs }: VenueOrder): bigint {
  return createdNs - aheadNs + latencyNs(rules.latency, 'cancel', orderId);
}

/**
 * The replacement has come in: it takes the old order's place, unless that one was closed or filled too far meanwhile, or
 * was elected at the stop price that was to be changed.
 */
export function finishReplace(turn: Turn, newOrderId: string): void {
  const { state } = turn;
  const next = knownOrder(state, newOrderId);
  const old = knownOrder(state, next.replaces ?? '');
  const pending = state.replacements.get(old.orderId);
  if (pending === undefined) throw new Error(`order ${newOrderId} does not wait for ${old.orderId}`);
  const orderQty = replacementQty(next, old, pending);
  const isTooLate = old.isTriggered && !hasSameStop(old, next);
  if (isOpen(old) && orderQty > 0 && !isTooLate)
    return replaceNow(turn, old, { orderId: newOrderId, terms: null, orderQty });
  happen(turn, old.orderId, { kind: 'order_replace_rejected' });
  happen(turn, newOrderId, { kind: 'rejected' });
}

interface Replacement {
  readonly orderId: string;
  /** `null`: the order is known already. */
  readonly terms: OrderTerms | null;
  readonly orderQty: number | null;
}

function replaceNow(turn: Turn, old: VenueOrder, { orderId, terms, orderQty }: Replacement): void {
  const { state } = turn;
  const wasInMarket = state.arrivals.has(old.orderId);
  happen(turn, old.orderId, { kind: 'replaced', replacedBy: orderId });
  if (wasInMarket && isInSession(state, old)) {
    const next = happen(turn, orderId, { kind: 'new', terms, orderQty });
    pushExpiry(state, next);
    return takePlace(turn, old, next);
  }
  leave(state, old.orderId);
  pushExpiry(state, happen(turn, orderId, { kind: 'accepted', terms, orderQty }));
}

type TermsResult =
  | { readonly ok: true; readonly value: OrderTerms }
  | { readonly ok: false; readonly refusal: Refusal };

function replacementTerms(turn: Turn, old: VenueOrder, changes: Changes): TermsResult {
  const { state } = turn;
  const refusal = replaceRefusal(state, old, changes);
  if (refusal !== null) return { ok: false, refusal };
  const { asset, side, type, extendedHours, hwmPx, isTriggered } = old;
  const timeInForce = changes.timeInForce ?? old.timeInForce;
  const trail = changes.trail ?? old.trail;
  const next = {
    orderQty: changes.orderQty === null ? leavesQty(old) : changes.orderQty - old.cumQty,
    limitPx: changes.limitPx ?? old.limitPx,
    // Another trail begins with a mark of its own.
    stopPx: changes.stopPx ?? (changes.trail === null ? old.stopPx : null),
    hwmPx: changes.trail === null ? hwmPx : null,
  };
  const check = checkReplacement(state, old, next);
  if (!check.ok) return check;
  const { positionIntent, reservePx } = check;
  const expiresNs =
    timeInForce === old.timeInForce ? old.expiresNs : expiryNs(turn, { asset, timeInForce, extendedHours });
  const same = { asset, side, type, extendedHours, isTriggered, positionIntent };
  const value = { ...same, ...next, clOrdId: changes.clOrdId, timeInForce, trail, reservePx, expiresNs };
  return { ok: true, value: { ...value, replaces: old.orderId } };
}

function replaceRefusal(state: ExchangeState, old: VenueOrder, changes: Changes): Refusal | null {
  if (!isOpen(old)) return orderClosed(old.status);
  if (!REPLACEABLE.has(old.status)) return orderNotReplaceable(old.status);
  if (state.orderIdByClOrdId.has(changes.clOrdId)) return clOrdIdNotUnique();
  if (changes.orderQty !== null && changes.orderQty <= old.cumQty) {
    const { qtyDecimals } = old.asset;
    return qtyNotAboveFilled(unitsText(changes.orderQty, qtyDecimals), unitsText(old.cumQty, qtyDecimals));
  }
  if (old.isTriggered && (changes.stopPx !== null || changes.trail !== null)) {
    return unprocessable('the stop price of an order whose stop was elected cannot be replaced');
  }
  return null;
}

/** Cancels everything at once, whatever is on its way, and opens another account. */
export function reset(turn: Turn, { account, cashUsd }: InputOf<'reset'>): void {
  for (const orderId of [...turn.state.open]) cancelNow(turn, orderId);
  const opening = { kind: 'account-opened', account, cashUsd } as const;
  applyEvent(turn.state, opening);
  clearDues(turn.state.dues);
  turn.outputs.push(opening);
}

function refuse({ outputs }: Turn, refusal: Refusal): void {
  outputs.push({ kind: 'refused', refusal });
}
