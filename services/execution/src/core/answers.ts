import { decimal, isTerminal, nextStatus } from '@tickpath/trading';
import { isOurs, takeAnew } from './account.ts';
import { doubt, haltOn } from './doubt.ts';
import { awaitFills, onFill, RETRY_NS } from './fills.ts';
import { append, type Turn } from './replay.ts';
import type { ExecutionInput, HeldUpdate, OrderTerms, Tracked } from './state.ts';
import type { VenueOrder } from './venue-update.ts';

type Answer = Extract<ExecutionInput, { type: 'accepted' | 'rejected' | 'unanswered' | 'looked-up' }>;

/** What the venue answered, or did not, to a submission or a lookup. */
export function onAnswer(turn: Turn, input: Answer): void {
  const order = turn.state.orders.get(input.clOrdId);
  if (order === undefined || isTerminal(order.status)) return;
  const { clOrdId, symbol } = order.terms;
  switch (input.type) {
    case 'accepted':
      if (input.order.clOrdId === clOrdId) return acknowledge(turn, order, input.order);
      return haltOn(turn, order, `order ${clOrdId} was acknowledged as ${JSON.stringify(input.order.clOrdId)}`);
    case 'rejected':
      if (nextStatus(order.status, 'OrderRejected') === undefined) return;
      return append(turn, {
        kind: 'OrderRejected',
        payload: { clOrdId, orderId: order.orderId, symbol, reason: input.reason },
      });
    case 'unanswered':
      return becomeUnknown(turn, order.terms, input);
    case 'looked-up':
      return onLookup(turn, order, input);
  }
}

/** It may or may not have come to the venue. An approval that is not in our log yet begins there with this. */
export function becomeUnknown(
  turn: Turn,
  terms: OrderTerms,
  { nowNs, reason }: { readonly nowNs: bigint; readonly reason: string },
): void {
  const { state, out } = turn;
  const { clOrdId } = terms;
  const status = state.orders.get(clOrdId)?.status ?? 'APPROVED';
  if (nextStatus(status, 'OrderUnknown') !== undefined) {
    append(turn, { kind: 'OrderUnknown', payload: { ...terms, reason } });
  }
  const order = state.orders.get(clOrdId);
  if (order !== undefined) order.possiblyWrittenNs = nowNs;
  out.push({ type: 'lookup', clOrdId, notBeforeNs: 0n });
}

function onLookup(turn: Turn, order: Tracked, input: Extract<ExecutionInput, { type: 'looked-up' }>): void {
  const { clOrdId, symbol } = order.terms;
  const { outcome, begunNs } = input;
  const again = (notBeforeNs: bigint) => void turn.out.push({ type: 'lookup', clOrdId, notBeforeNs });
  if (outcome.type === 'found') return onFound(turn, order, outcome.order);
  order.possiblyWrittenNs ??= begunNs;
  const conclusiveNs = order.possiblyWrittenNs + turn.state.config.maxInFlightNs;
  if (outcome.type === 'failed') return again(begunNs + RETRY_NS);
  if (begunNs < conclusiveNs) return again(conclusiveNs);
  // A process that ended while it wrote leaves an order that is pending here and never came to the venue.
  const isUnheard = order.status === 'PENDING_NEW' && order.orderId === null;
  if (order.status !== 'UNKNOWN' && !isUnheard) {
    return doubt(turn, order, `the venue does not know it, here it is ${order.status}`);
  }
  if (isUnheard) {
    append(turn, { kind: 'OrderUnknown', payload: { ...order.terms, reason: 'the venue does not know it' } });
  }
  append(turn, { kind: 'OrderRefused', payload: { clOrdId, symbol, reason: 'NEVER_SENT' } });
}

export function acknowledge(turn: Turn, order: Tracked, venueOrder: VenueOrder): void {
  const { clOrdId, symbol } = order.terms;
  if (order.orderId !== null || nextStatus(order.status, 'OrderAccepted') === undefined) return;
  const { orderId, venueTsNs } = venueOrder;
  append(turn, { kind: 'OrderAccepted', payload: { clOrdId, orderId, symbol, venueTsNs } });
}

/** Brings the order to where the venue shows it. It is closed only once its executions add up to what the venue has filled. */
function onFound(turn: Turn, order: Tracked, found: VenueOrder): void {
  const closing = CLOSINGS.get(found.status);
  if (closing !== 'OrderRejected') acknowledge(turn, order, found);
  if (decimal(found.filledQty).lte(order.cumQty)) return close(turn, order, { venueOrder: found, closing });
  awaitFills(turn, order, { orderId: found.orderId, cumQty: found.filledQty });
}

type Closing = 'OrderCanceled' | 'OrderExpired' | 'OrderRejected';

/** The venue's words, as a status and as an update, for an order that ends without being filled. */
export const CLOSINGS: ReadonlyMap<string, Closing> = new Map([
  ['canceled', 'OrderCanceled'],
  ['expired', 'OrderExpired'],
  ['rejected', 'OrderRejected'],
]);

function close(
  turn: Turn,
  order: Tracked,
  { venueOrder, closing }: { readonly venueOrder: VenueOrder; readonly closing: Closing | undefined },
): void {
  if (closing === undefined || isTerminal(order.status) || nextStatus(order.status, closing) === undefined) return;
  const { clOrdId, symbol } = order.terms;
  const { orderId, venueTsNs } = venueOrder;
  if (closing === 'OrderRejected') {
    append(turn, { kind: closing, payload: { clOrdId, orderId, symbol, reason: 'rejected by the venue' } });
  } else append(turn, { kind: closing, payload: { clOrdId, orderId, symbol, venueTsNs } });
}

/** One message of the venue's order updates. Orders that are not ours, or that the account has settled, are passed over. */
export function onUpdate(turn: Turn, held: HeldUpdate): void {
  const { update } = held;
  const { order: venueOrder } = update;
  const order = turn.state.orders.get(venueOrder.clOrdId);
  if (order === undefined) return onUntracked(turn, held);
  const closing = CLOSINGS.get(update.type);
  if (order.status === 'REFUSED' && closing === undefined) {
    return doubt(turn, order, `refused here, but the venue says ${update.type} of ${venueOrder.orderId}`);
  }
  if (closing !== 'OrderRejected') acknowledge(turn, order, venueOrder);
  const { orderId, filledQty } = venueOrder;
  if (update.type === 'fill') return onFill(turn, order, { ...update, orderId, cumQty: filledQty });
  if (closing === undefined || isTerminal(order.status)) return;
  if (decimal(filledQty).lte(order.cumQty)) return close(turn, order, { venueOrder, closing });
  // The update that closes it has come before an execution: it is closed when all have.
  turn.out.push({ type: 'lookup', clOrdId: order.terms.clOrdId, notBeforeNs: 0n });
}

/** An order that is not in memory: of others, closed long ago, approved in what is still to be read, or come late. */
function onUntracked(turn: Turn, held: HeldUpdate): void {
  const { state } = turn;
  const { clOrdId } = held.update.order;
  if (!isOurs(state, clOrdId) || state.settled.has(clOrdId)) return;
  if (held.decidedBefore) {
    // Perhaps a repeat; but nobody here can tell any more.
    if (held.update.type === 'fill') takeAnew(turn, `the venue fills order ${clOrdId}, which was closed long ago`);
  } else if (!state.caughtUp) state.held.push(held);
  else takeAnew(turn, `the venue speaks of order ${clOrdId} of ours, which this execution log does not know`);
}
