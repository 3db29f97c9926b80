import { decimal, decimalText, isTerminal } from '@tickpath/trading';
import { isOurs, takeAnew } from './account.ts';
import { acknowledge, CLOSINGS, onUpdate } from './answers.ts';
import type { Turn } from './replay.ts';
import type { ExecutionInput, ExecutionState } from './state.ts';

type VenueOrders = Extract<ExecutionInput, { type: 'venue-orders' }>;

/**
 * Holds the venue's orders against ours. What it filled while nobody listened is fetched and booked before anything it has
 * said since, in the order in which it happened: the cost of a position depends on it.
 */
export function onVenueOrders(turn: Turn, input: VenueOrders): void {
  const { state, out } = turn;
  const { connection } = input;
  if (connection !== state.connection || !state.connected || state.listening) return;
  if (!state.caughtUp || state.taking !== undefined) return;
  const difference = differenceTo(state, input);
  if (difference !== undefined) return takeAnew(turn, difference);
  const open = input.orders.flatMap(({ clOrdId, shown }) => {
    const order = state.orders.get(clOrdId);
    return order === undefined || shown === undefined || isTerminal(order.status) ? [] : [{ order, shown }];
  });
  for (const { order, shown } of open) {
    if (CLOSINGS.get(shown.status) !== 'OrderRejected') acknowledge(turn, order, shown);
  }
  if (!open.some(({ order, shown }) => decimal(shown.filledQty).gt(order.cumQty))) return listen(turn);
  // Of those that miss nothing as well: they may fill while the others are fetched, and all of it is booked in its order.
  const orders = open.map(({ order, shown }) => ({
    clOrdId: order.terms.clOrdId,
    orderId: shown.orderId,
    knownQty: decimalText(order.cumQty),
  }));
  const [fromNs = null] = open.map(({ shown }) => shown.createdNs).toSorted((a, b) => Number(a - b));
  out.push({ type: 'fetch-fills', connection, orders, fromNs, notBeforeNs: 0n });
}

/** From now on what the venue says counts as it comes. Every order that is still open is looked up: it may have closed. */
export function listen(turn: Turn): void {
  const { state, out } = turn;
  state.listening = true;
  releaseHeld(turn);
  for (const { status, terms } of state.orders.values()) {
    if (!isTerminal(status)) out.push({ type: 'lookup', clOrdId: terms.clOrdId, notBeforeNs: 0n });
  }
}

/** What was said before it could be judged, in its order; what still cannot be is held again. */
export function releaseHeld(turn: Turn): void {
  for (const held of turn.state.held.splice(0)) {
    if (turn.state.listening) onUpdate(turn, held);
    else turn.state.held.push(held);
  }
}

/** How the venue's account and latest orders show that its book or our log began anew while the other went on. */
function differenceTo(state: ExecutionState, venue: VenueOrders): string | undefined {
  if (venue.accountId !== state.accountId) {
    return `the venue has account ${venue.accountId}, we traded on ${state.accountId}`;
  }
  for (const { clOrdId, decidedBefore } of venue.orders) {
    if (!isOurs(state, clOrdId) || state.settled.has(clOrdId)) continue;
    const status = state.orders.get(clOrdId)?.status;
    if (status === 'REFUSED') return `the venue has order ${clOrdId}, which was refused here as never sent`;
    if (status === undefined && !decidedBefore) {
      return `the venue has order ${clOrdId} of ours, which this execution log does not know`;
    }
  }
  const latest = state.latestAcknowledged;
  if (latest === undefined || venue.orders.some(({ clOrdId }) => clOrdId === latest)) return undefined;
  return `the venue no longer knows order ${latest}: its book is not the one we traded on`;
}
