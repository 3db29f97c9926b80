import { decimal, decimalText, isTerminal, nextStatus, ZERO } from '@tickpath/trading';
import type { Payload } from '@tickpath/wire';
import { doubt, haltOn } from './doubt.ts';
import { append, type Turn } from './replay.ts';
import type { ExecutionInput, Tracked } from './state.ts';
import type { VenueFill } from './venue-update.ts';

export const RETRY_NS = 250_000_000n;

/** An execution is known by its order and cumulative quantity: venues repeat events, also after the terminal one. */
export function onFill(turn: Turn, order: Tracked, fill: VenueFill): void {
  const cumQty = decimal(fill.cumQty);
  if (cumQty.lte(order.cumQty)) return;
  if (follows(order, fill)) book(turn, order, fill);
  else awaitFills(turn, order, fill);
}

/**
 * The venue has filled more than is known: its executions are fetched, since they cannot be booked without their prices.
 * They may come on the stream as well; whichever is first is booked.
 */
export function awaitFills(
  { out }: Turn,
  order: Tracked,
  shown: { readonly orderId: string; readonly cumQty: string },
): void {
  const filledQty = decimal(shown.cumQty);
  if (order.awaitedFills !== undefined) {
    // They are being asked for.
    if (filledQty.gt(order.awaitedFills.filledQty)) order.awaitedFills.filledQty = filledQty;
    return;
  }
  order.awaitedFills = { filledQty, sinceNs: undefined };
  out.push(fetchFills(order, shown.orderId, 0n));
}

/** Books what the account's activities tell, in the order in which it happened. */
export function onFills(turn: Turn, input: Extract<ExecutionInput, { type: 'fills' }>): void {
  const { state, out } = turn;
  const { asked, begunNs, fills } = input;
  if (fills === undefined) return void out.push({ ...asked, notBeforeNs: begunNs + RETRY_NS });
  const before = new Map(asked.orders.map(({ clOrdId }) => [clOrdId, state.orders.get(clOrdId)?.cumQty]));
  for (const fill of fills) {
    const order = state.orders.get(fill.clOrdId);
    if (order !== undefined && follows(order, fill)) book(turn, order, fill);
  }
  for (const wanted of asked.orders) {
    const order = state.orders.get(wanted.clOrdId);
    if (order?.awaitedFills === undefined) continue;
    const isNearer = order.cumQty.gt(before.get(wanted.clOrdId) ?? ZERO);
    judgeFetched(turn, order, { orderId: wanted.orderId, begunNs, isNearer });
  }
}

/** What the activities do not explain at the second try either, nobody can book. */
function judgeFetched(
  turn: Turn,
  order: Tracked,
  fetched: { readonly orderId: string; readonly begunNs: bigint; readonly isNearer: boolean },
): void {
  const { begunNs, isNearer, orderId } = fetched;
  const awaited = order.awaitedFills;
  if (awaited === undefined) return;
  if (order.cumQty.gte(awaited.filledQty)) {
    order.awaitedFills = undefined;
    // It is closed only now, if the venue has closed it.
    const { clOrdId } = order.terms;
    if (!isTerminal(order.status)) turn.out.push({ type: 'lookup', clOrdId, notBeforeNs: 0n });
    return;
  }
  if (awaited.sinceNs === undefined || isNearer) awaited.sinceNs = begunNs;
  else if (begunNs >= awaited.sinceNs + RETRY_NS) {
    const [filled, known] = [decimalText(awaited.filledQty), decimalText(order.cumQty)];
    return doubt(turn, order, `the venue has filled ${filled}, its activities explain ${known}`);
  }
  turn.out.push(fetchFills(order, orderId, begunNs + RETRY_NS));
}

function fetchFills(order: Tracked, orderId: string, notBeforeNs: bigint) {
  const orders = [{ clOrdId: order.terms.clOrdId, orderId, knownQty: decimalText(order.cumQty) }];
  return { type: 'fetch-fills', connection: null, orders, fromNs: null, notBeforeNs } as const;
}

function follows(order: Tracked, { cumQty, lastQty }: VenueFill): boolean {
  return decimal(cumQty).eq(order.cumQty.plus(decimal(lastQty)));
}

function book(turn: Turn, order: Tracked, fill: VenueFill): void {
  const { clOrdId, symbol, side, orderQty } = order.terms;
  const cumQty = decimal(fill.cumQty);
  const leavesQty = decimal(orderQty).minus(cumQty);
  const after = nextStatus(order.status, leavesQty.isZero() ? 'OrderFilled' : 'OrderPartiallyFilled');
  if (leavesQty.isNegative() || after === undefined) {
    return haltOn(turn, order, `filled ${fill.cumQty} of ${orderQty} while ${order.status}`);
  }
  const { orderId, execId, lastQty, lastPx, venueTsNs } = fill;
  const payload = {
    ...{ clOrdId, orderId, execId, symbol, side, lastQty, lastPx },
    cumQty: decimalText(cumQty),
    leavesQty: decimalText(leavesQty),
    ordStatus: after as Payload<'OrderFilled'>['ordStatus'],
    venueTsNs,
  };
  append(turn, { kind: 'OrderFilled', payload });
}
