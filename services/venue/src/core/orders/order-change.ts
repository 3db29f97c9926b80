import { type DecimalText, decimalOfUnits, ZERO } from '@tickpath/trading';
import { nextStatus } from './life-cycle.ts';
import type { OrderEvent, OrderEventKind, VenueOrder } from './order.ts';
import { isPendingReplacement, withStopOf } from './replacement.ts';
import type { ExchangeState } from './state.ts';

/** What an order is from its first event on. */
export type OrderTerms = Pick<
  VenueOrder,
  | 'clOrdId'
  | 'asset'
  | 'side'
  | 'type'
  | 'timeInForce'
  | 'orderQty'
  | 'limitPx'
  | 'stopPx'
  | 'trail'
  | 'hwmPx'
  | 'isTriggered'
  | 'extendedHours'
  | 'positionIntent'
  | 'reservePx'
  | 'expiresNs'
  | 'replaces'
>;

/** What happens to an order, and nothing that follows from what it was before: what the journal keeps of an event. */
export type OrderHappening =
  /** `terms`: the first that is heard of the order. `orderQty`: what a replacement is left with when it arrives, if that is another quantity. */
  | {
      readonly kind: 'pending_new' | 'accepted' | 'new';
      readonly terms: OrderTerms | null;
      readonly orderQty: number | null;
    }
  | {
      readonly kind: 'partial_fill' | 'fill';
      readonly lastPx: number;
      readonly lastQty: number;
      readonly liquidity: 'maker' | 'taker';
      readonly fee: DecimalText;
    }
  | { readonly kind: 'replaced'; readonly replacedBy: string }
  | { readonly kind: 'trailed'; readonly hwmPx: number; readonly stopPx: number }
  | { readonly kind: PlainKind };

type PlainKind = Exclude<
  OrderEventKind,
  'pending_new' | 'accepted' | 'new' | 'partial_fill' | 'fill' | 'replaced' | 'trailed'
>;

/** A happening with its names and its time. */
export type OrderChange = OrderHappening & {
  readonly orderId: string;
  readonly eventId: string;
  readonly execId: string | null;
  readonly tsNs: bigint;
};

/** The event that a change is to the state as it stands; `applyEvent` then brings the state to it. Throws for what the table of states does not have. */
export function eventOfChange(state: ExchangeState, change: OrderChange): OrderEvent {
  const { orderId, eventId, execId, tsNs } = change;
  const before = state.orders.get(orderId) ?? null;
  const order = orderAfter(before === null ? null : arriving(state, before, change), change);
  if (change.kind !== 'partial_fill' && change.kind !== 'fill') {
    return { kind: change.kind, order, eventId, execId, tsNs };
  }
  if (execId === null) throw new Error(`an execution of order ${orderId} has no id`);
  const { lastPx, lastQty, liquidity, fee } = change;
  const held = state.ledger.positions.get(order.asset.symbol)?.qty ?? ZERO;
  const qty = decimalOfUnits(lastQty, order.asset.qtyDecimals);
  const positionQty = order.side === 'buy' ? held.plus(qty) : held.minus(qty);
  return { kind: change.kind, order, eventId, execId, tsNs, lastPx, lastQty, liquidity, positionQty, fee };
}

/** A replacement that waited takes over from the old order, when it arrives, how far that one's stop has come. */
function arriving(state: ExchangeState, order: VenueOrder, { kind }: OrderChange): VenueOrder {
  if ((kind !== 'new' && kind !== 'accepted') || !isPendingReplacement(state, order)) return order;
  const old = state.orders.get(order.replaces ?? '');
  return old === undefined ? order : withStopOf(old, order);
}

function orderAfter(before: VenueOrder | null, change: OrderChange): VenueOrder {
  const { kind, tsNs } = change;
  const order = before ?? created(change);
  const cumQty = 'lastQty' in change ? order.cumQty + change.lastQty : order.cumQty;
  const status = nextStatus(before?.status ?? null, kind, cumQty);
  const moved = { status, updatedNs: tsNs };
  switch (kind) {
    case 'pending_new':
    case 'accepted':
    case 'new':
      return { ...order, ...moved, orderQty: change.orderQty ?? order.orderQty };
    case 'partial_fill':
    case 'fill': {
      const notional = order.notional + BigInt(change.lastPx) * BigInt(change.lastQty);
      if (cumQty > order.orderQty || (cumQty === order.orderQty) !== (kind === 'fill')) {
        throw new Error(`${kind} of order ${order.orderId} to ${cumQty} of ${order.orderQty}`);
      }
      return { ...order, ...moved, cumQty, notional, filledNs: kind === 'fill' ? tsNs : null };
    }
    case 'canceled':
      return { ...order, ...moved, cancelRequestedNs: order.cancelRequestedNs ?? tsNs, canceledNs: tsNs };
    case 'expired':
      return { ...order, ...moved, expiredNs: tsNs };
    case 'rejected':
      return { ...order, ...moved, failedNs: tsNs };
    case 'replaced':
      return { ...order, ...moved, replacedNs: tsNs, replacedBy: change.replacedBy };
    case 'pending_cancel':
      return { ...order, ...moved, cancelRequestedNs: tsNs };
    case 'triggered':
      return { ...order, ...moved, isTriggered: true };
    case 'trailed':
      return { ...order, ...moved, hwmPx: change.hwmPx, stopPx: change.stopPx };
    case 'done_for_day':
    case 'pending_replace':
    case 'order_cancel_rejected':
    case 'order_replace_rejected':
      return { ...order, ...moved };
  }
}

function created(change: OrderChange): VenueOrder {
  const { orderId, tsNs } = change;
  if (!('terms' in change) || change.terms === null) throw new Error(`order ${orderId} is ${change.kind} and unknown`);
  return {
    orderId,
    ...change.terms,
    status: 'pending_new',
    cumQty: 0,
    notional: 0n,
    createdNs: tsNs,
    updatedNs: tsNs,
    filledNs: null,
    expiredNs: null,
    cancelRequestedNs: null,
    canceledNs: null,
    failedNs: null,
    replacedNs: null,
    replacedBy: null,
  };
}
