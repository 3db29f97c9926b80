import { decimal, decimalText, isTerminal, nextStatus, type OrderTransition } from '@tickpath/trading';
import type { Payload } from '@tickpath/wire';
import { isOurs, takeAnew } from './account.ts';
import type { ExecutionInput, ExecutionOutput, ExecutionState, Tracked } from './state.ts';
import type { VenueOrder, VenueUpdate } from './venue-update.ts';

type Answer = Extract<ExecutionInput, { type: 'accepted' | 'rejected' | 'unanswered' | 'looked-up' }>;

/** What the venue answered, or did not, to a submission or a lookup. */
export function onAnswer(state: ExecutionState, input: Answer): ExecutionOutput[] {
  const order = state.orders.get(input.clOrdId);
  if (order === undefined || isTerminal(order.status)) return [];
  const { clOrdId, symbol } = order.terms;
  switch (input.type) {
    case 'accepted':
      if (input.order.clOrdId === clOrdId) return acknowledge(order, input.order);
      return haltOn(state, order, `order ${clOrdId} was acknowledged as ${JSON.stringify(input.order.clOrdId)}`);
    case 'rejected': {
      const payload = { clOrdId, orderId: order.orderId, symbol, reason: input.reason };
      return advance(order, 'OrderRejected') ? [{ type: 'append', kind: 'OrderRejected', payload }] : [];
    }
    case 'unanswered':
      return becomeUnknown(order, input.nowNs, input.reason);
    case 'looked-up':
      return onLookup(state, order, input);
  }
}

export function becomeUnknown(order: Tracked, nowNs: bigint, reason: string): ExecutionOutput[] {
  order.possiblyWrittenNs = nowNs;
  const out: ExecutionOutput[] = [{ type: 'lookup', clOrdId: order.terms.clOrdId, notBeforeNs: 0n }];
  if (advance(order, 'OrderUnknown')) {
    out.unshift({ type: 'append', kind: 'OrderUnknown', payload: { ...order.terms, reason } });
  }
  return out;
}

function onLookup(
  state: ExecutionState,
  order: Tracked,
  input: Extract<ExecutionInput, { type: 'looked-up' }>,
): ExecutionOutput[] {
  const { clOrdId, symbol } = order.terms;
  const { outcome, begunNs } = input;
  if (outcome.type === 'found') return onFound(state, order, { found: outcome.order, begunNs });
  const possiblyWrittenNs = order.possiblyWrittenNs ?? begunNs;
  order.possiblyWrittenNs = possiblyWrittenNs;
  const conclusiveNs = possiblyWrittenNs + state.config.maxInFlightNs;
  if (outcome.type === 'failed') return [{ type: 'lookup', clOrdId, notBeforeNs: begunNs + RETRY_NS }];
  if (begunNs < conclusiveNs) return [{ type: 'lookup', clOrdId, notBeforeNs: conclusiveNs }];
  if (order.status !== 'UNKNOWN') return doubt(state, order, `the venue does not know it, here it is ${order.status}`);
  order.status = 'REFUSED';
  return [{ type: 'append', kind: 'OrderRefused', payload: { clOrdId, symbol, reason: 'NEVER_SENT' } }];
}

const RETRY_NS = 250_000_000n;

function acknowledge(order: Tracked, venueOrder: VenueOrder): ExecutionOutput[] {
  const { clOrdId, symbol } = order.terms;
  if (order.orderId !== null) return [];
  order.orderId = venueOrder.orderId;
  order.possiblyWrittenNs = undefined;
  if (!advance(order, 'OrderAccepted')) return [];
  const payload = { clOrdId, orderId: venueOrder.orderId, symbol, venueTsNs: venueOrder.venueTsNs };
  return [{ type: 'append', kind: 'OrderAccepted', payload }];
}

/**
 * Brings the order to where the venue shows it. It is closed only once its executions add up to what the venue has
 * filled; those may be on their way on the stream, so only if a later lookup still finds them missing, the account is
 * taken anew: they cannot be booked without their prices.
 */
function onFound(
  state: ExecutionState,
  order: Tracked,
  lookup: { readonly found: VenueOrder; readonly begunNs: bigint },
): ExecutionOutput[] {
  const { found, begunNs } = lookup;
  const closing = CLOSINGS.get(found.status);
  const out = closing === 'OrderRejected' ? [] : acknowledge(order, found);
  const filledQty = decimal(found.filledQty);
  if (filledQty.lte(order.cumQty)) {
    order.awaitedFills = undefined;
    return out.concat(close(order, found, closing));
  }
  const awaited = order.awaitedFills;
  if (awaited === undefined || awaited.filledQty.lte(order.cumQty)) {
    order.awaitedFills = { filledQty, sinceNs: begunNs };
  } else if (begunNs >= awaited.sinceNs + RETRY_NS) {
    const text = `the venue has filled ${found.filledQty}, known is ${decimalText(order.cumQty)}`;
    return out.concat(doubt(state, order, text));
  }
  out.push({ type: 'lookup', clOrdId: order.terms.clOrdId, notBeforeNs: begunNs + RETRY_NS });
  return out;
}

type Closing = 'OrderCanceled' | 'OrderExpired' | 'OrderRejected';

/** The venue's words, as a status and as an update, for an order that ends without being filled. */
const CLOSINGS: ReadonlyMap<string, Closing> = new Map([
  ['canceled', 'OrderCanceled'],
  ['expired', 'OrderExpired'],
  ['rejected', 'OrderRejected'],
]);

function close(order: Tracked, venueOrder: VenueOrder, kind: Closing | undefined): ExecutionOutput[] {
  if (kind === undefined || isTerminal(order.status) || !advance(order, kind)) return [];
  const { clOrdId, symbol } = order.terms;
  const { orderId, venueTsNs } = venueOrder;
  order.orderId = orderId;
  if (kind === 'OrderRejected') {
    return [{ type: 'append', kind, payload: { clOrdId, orderId, symbol, reason: 'rejected by the venue' } }];
  }
  return [{ type: 'append', kind, payload: { clOrdId, orderId, symbol, venueTsNs } }];
}

/** The venue knows more of the order than we can book: its account holds the truth. */
function doubt(state: ExecutionState, order: Tracked, fault: string): ExecutionOutput[] {
  const { clOrdId } = order.terms;
  const text = `order ${clOrdId}: ${fault}`;
  return [{ type: 'warn', clOrdId, text }, ...takeAnew(state, text)];
}

/** What the venue says cannot be: stop rather than guess. */
function haltOn(state: ExecutionState, order: Tracked, fault: string): ExecutionOutput[] {
  const { clOrdId } = order.terms;
  const text = `order ${clOrdId}: ${fault}`;
  state.halted ??= text;
  return [{ type: 'warn', clOrdId, text }];
}

/** One message of the venue's order updates. Orders that are not ours, or that the account has settled, are passed over. */
export function onUpdate(state: ExecutionState, update: VenueUpdate): ExecutionOutput[] {
  const { order: venueOrder } = update;
  const order = state.orders.get(venueOrder.clOrdId);
  if (order === undefined) return onForeign(state, venueOrder.clOrdId);
  const closing = CLOSINGS.get(update.type);
  if (order.status === 'REFUSED' && closing === undefined) {
    return doubt(state, order, `refused here, but the venue says ${update.type} of ${venueOrder.orderId}`);
  }
  const out = closing === 'OrderRejected' ? [] : acknowledge(order, venueOrder);
  if (update.type === 'fill') return out.concat(onFill(state, order, update));
  if (closing === undefined || isTerminal(order.status)) return out;
  if (decimal(venueOrder.filledQty).lte(order.cumQty)) return out.concat(close(order, venueOrder, closing));
  // The update that closes it has come before an execution: the lookup closes it when all have.
  out.push({ type: 'lookup', clOrdId: order.terms.clOrdId, notBeforeNs: 0n });
  return out;
}

/** An order of ours that was neither sent under this log nor in the account it begins with: one came late. */
function onForeign(state: ExecutionState, clOrdId: string): ExecutionOutput[] {
  if (!isOurs(state, clOrdId) || state.settled.has(clOrdId)) return [];
  return takeAnew(state, `the venue speaks of order ${clOrdId} of ours, which this execution log does not know`);
}

/** An execution is known by its order and cumulative quantity: venues repeat events, also after the terminal one. */
function onFill(
  state: ExecutionState,
  order: Tracked,
  fill: Extract<VenueUpdate, { type: 'fill' }>,
): ExecutionOutput[] {
  const { clOrdId, symbol, side, orderQty } = order.terms;
  const cumQty = decimal(fill.order.filledQty);
  if (cumQty.lte(order.cumQty)) return [];
  const expected = order.cumQty.plus(decimal(fill.lastQty));
  if (!cumQty.eq(expected)) {
    const known = decimalText(order.cumQty);
    return doubt(state, order, `cumulative ${fill.order.filledQty} came with last ${fill.lastQty}, known is ${known}`);
  }
  const leavesQty = decimal(orderQty).minus(cumQty);
  const before = order.status;
  if (leavesQty.isNegative() || !advance(order, leavesQty.isZero() ? 'OrderFilled' : 'OrderPartiallyFilled')) {
    return haltOn(state, order, `filled ${fill.order.filledQty} of ${orderQty} while ${before}`);
  }
  order.cumQty = cumQty;
  return [
    {
      type: 'append',
      kind: 'OrderFilled',
      payload: {
        clOrdId,
        orderId: fill.order.orderId,
        execId: fill.execId,
        symbol,
        side,
        lastQty: fill.lastQty,
        lastPx: fill.lastPx,
        cumQty: decimalText(cumQty),
        leavesQty: decimalText(leavesQty),
        ordStatus: order.status as Payload<'OrderFilled'>['ordStatus'],
        venueTsNs: fill.venueTsNs,
      },
    },
  ];
}

/** Moves the order along the table of `libs/trading`; false when the table has no such move. */
function advance(order: Tracked, transition: OrderTransition): boolean {
  const status = nextStatus(order.status, transition);
  if (status === undefined) return false;
  order.status = status;
  return true;
}
