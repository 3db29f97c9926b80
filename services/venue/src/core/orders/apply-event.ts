import { decimal, openLedger, postExecution, unitsText } from '@tickpath/trading';
import type { AccountIdentity } from '../account/identity.ts';
import { clearCommitments, commit } from './commitments.ts';
import { type FillEvent, isOpen, type OrderEvent, type VenueOrder } from './order.ts';
import { isPendingReplacement, keepsPlace } from './replacement.ts';
import type { ExchangeState } from './state.ts';

/** Another account, with nothing but its cash: `cashUsd` in decimal text. */
export interface AccountOpening {
  readonly kind: 'account-opened';
  readonly account: AccountIdentity;
  readonly cashUsd: string;
}

/**
 * Brings the state to where the event leaves it: orders, what is held for them, ledger and executions, not the market
 * and nothing that is due. The exchange does this with each of its events, and a start with those that were written
 * down, so both end alike.
 */
export function applyEvent(state: ExchangeState, event: OrderEvent | AccountOpening): void {
  if (event.kind === 'account-opened') return openAccount(state, event);
  const { order, tsNs } = event;
  if (!state.orders.has(order.orderId)) {
    state.orderIds.push(order.orderId);
    state.orderIdByClOrdId.set(order.clOrdId, order.orderId);
  }
  state.orders.set(order.orderId, order);
  if (tsNs > state.lastNs) state.lastNs = tsNs;
  switch (event.kind) {
    case 'pending_new':
      return received(state, order);
    case 'accepted':
    case 'new':
      return arrived(state, event.kind, order);
    case 'fill':
    case 'partial_fill':
      post(state, event);
      break;
    case 'pending_cancel':
      state.pendingCancels.add(order.orderId);
      break;
    case 'canceled':
    case 'order_cancel_rejected':
      state.pendingCancels.delete(order.orderId);
      break;
    case 'done_for_day':
      state.arrivals.delete(order.orderId);
      break;
    default:
  }
  if (!isOpen(order)) close(state, order);
  commit(state, order);
}

function received(state: ExchangeState, order: VenueOrder): void {
  state.open.add(order.orderId);
  const old = order.replaces === null ? undefined : state.orders.get(order.replaces);
  if (old === undefined) state.inFlight.add(order.orderId);
  else state.replacements.set(old.orderId, { newOrderId: order.orderId, cumQty: old.cumQty });
  commit(state, order);
}

function arrived(state: ExchangeState, kind: 'accepted' | 'new', order: VenueOrder): void {
  const { orderId, replaces } = order;
  state.open.add(orderId);
  state.inFlight.delete(orderId);
  let priority: number | undefined;
  const old = replaces === null ? undefined : state.orders.get(replaces);
  if (old !== undefined) {
    if (keepsPlace(old, order)) priority = state.arrivals.get(old.orderId);
    state.arrivals.delete(old.orderId);
    state.replacements.delete(old.orderId);
  }
  if (kind === 'new') {
    if (priority === undefined) state.arrivalCount += 1;
    state.arrivals.set(orderId, priority ?? state.arrivalCount);
  }
  commit(state, order);
}

/** An order that was replaced keeps its time priority until its replacement arrives, in the same transaction. */
function close(state: ExchangeState, order: VenueOrder): void {
  const { orderId, status, replaces } = order;
  state.open.delete(orderId);
  state.inFlight.delete(orderId);
  if (status !== 'replaced') state.arrivals.delete(orderId);
  if (replaces !== null && isPendingReplacement(state, order)) state.replacements.delete(replaces);
}

function post(state: ExchangeState, fill: FillEvent): void {
  const { order, lastPx, lastQty, fee } = fill;
  const { symbol, priceDecimals, qtyDecimals } = order.asset;
  state.ledger = postExecution(state.ledger, {
    symbol,
    side: order.side === 'buy' ? 'BUY' : 'SELL',
    lastQty: unitsText(lastQty, qtyDecimals),
    lastPx: unitsText(lastPx, priceDecimals),
    fee,
  });
  state.lastPx.set(symbol, lastPx);
  state.fills.push(fill);
}

function openAccount(state: ExchangeState, { account, cashUsd }: AccountOpening): void {
  state.account = account;
  state.ledger = openLedger(decimal(cashUsd));
  state.orders.clear();
  state.orderIds.length = 0;
  state.orderIdByClOrdId.clear();
  state.open.clear();
  state.inFlight.clear();
  state.pendingCancels.clear();
  state.arrivals.clear();
  state.replacements.clear();
  state.fills.length = 0;
  clearCommitments(state);
}
