import {
  type Decimal,
  decimal,
  decimalText,
  isTerminal,
  nextStatus,
  type OrderTransition,
  type OrdStatus,
  ZERO,
} from '@tickpath/trading';
import type { ExecutionLogKind, Payload } from '@tickpath/wire';
import type { VenueOrder, VenueUpdate } from './venue-update.ts';

export interface ExecutionConfig {
  /** Our own log as approvals name it: `uuid/generation`. */
  readonly log: string;
  /** Begins the clOrdId of every order of ours: by it we know them at the venue. */
  readonly prefix: string;
  /** After this time from the last moment an order could have been written, "not found" is conclusive. */
  readonly maxInFlightNs: bigint;
}

interface Tracked {
  readonly approval: Payload<'OrderApproved'>;
  status: OrdStatus;
  orderId: string | null;
  cumQty: Decimal;
  /** The last moment at which the order could have been written; set while its fate is unknown. */
  possiblyWrittenNs: bigint | undefined;
  /** What a lookup showed as filled before its executions had come, and when that lookup began. */
  awaitedFills: { readonly filledQty: Decimal; readonly sinceNs: bigint } | undefined;
}

/** State of the execution core; owned and changed in place by `stepExecution`. */
export interface ExecutionState {
  readonly config: ExecutionConfig;
  readonly orders: Map<string, Tracked>;
  /** Whether everything the risk log held at first contact has been read: only later approvals are fresh. */
  caughtUp: boolean;
  /** Whether the venue's stream of order updates is up: without it nothing new is sent. */
  listening: boolean;
  halted: string | undefined;
}

export type LookupOutcome =
  | { readonly type: 'found'; readonly order: VenueOrder }
  | { readonly type: 'not-found' }
  | { readonly type: 'failed'; readonly text: string };

export type ExecutionInput =
  | {
      readonly type: 'approved';
      readonly riskSeq: number;
      readonly approval: Payload<'OrderApproved'>;
      readonly nowNs: bigint;
    }
  | { readonly type: 'caught-up' }
  | { readonly type: 'listening'; readonly up: boolean }
  /** The clOrdIds of the venue's latest orders, open and closed: listed before each `listening`. */
  | { readonly type: 'venue-orders'; readonly clOrdIds: readonly string[] }
  | { readonly type: 'halt'; readonly reason: string }
  | { readonly type: 'accepted'; readonly clOrdId: string; readonly order: VenueOrder }
  | { readonly type: 'rejected'; readonly clOrdId: string; readonly reason: string }
  | { readonly type: 'unanswered'; readonly clOrdId: string; readonly reason: string; readonly nowNs: bigint }
  | { readonly type: 'looked-up'; readonly clOrdId: string; readonly begunNs: bigint; readonly outcome: LookupOutcome }
  | { readonly type: 'update'; readonly update: VenueUpdate };

/** In the order given: a `submit` is written to the venue in the same turn, before the append that follows it. */
export type ExecutionOutput =
  | {
      readonly [K in ExecutionLogKind]: { readonly type: 'append'; readonly kind: K; readonly payload: Payload<K> };
    }[ExecutionLogKind]
  | { readonly type: 'submit'; readonly approval: Payload<'OrderApproved'> }
  /** Ask the venue for the order, not before the time given (0: at once). */
  | { readonly type: 'lookup'; readonly clOrdId: string; readonly notBeforeNs: bigint }
  | { readonly type: 'warn'; readonly clOrdId: string; readonly text: string };

export function openExecution(config: ExecutionConfig): ExecutionState {
  return { config, orders: new Map(), caughtUp: false, listening: false, halted: undefined };
}

/** Whether orders are sent, and if not, why (DESIGN §5). */
export function executionTradingState(state: ExecutionState): {
  state: 'CATCHING_UP' | 'ACTIVE' | 'HALTED';
  reasons: string[];
} {
  if (state.halted !== undefined) return { state: 'HALTED', reasons: [state.halted] };
  const reasons: string[] = [];
  if (!state.caughtUp) reasons.push('the risk log has not been read to its end');
  if (!state.listening) reasons.push("the venue's order updates are not connected");
  return { state: reasons.length === 0 ? 'ACTIVE' : 'CATCHING_UP', reasons };
}

/** Applies one input to the state, in place, and says what follows from it. Deterministic: no clock, no I/O. */
export function stepExecution(state: ExecutionState, input: ExecutionInput): ExecutionOutput[] {
  const before = state.halted;
  const out = apply(state, input);
  if (before === state.halted) return out;
  // Risk follows our log: what stops us stops it too.
  return [...out, { type: 'append', kind: 'TradingStateChanged', payload: executionTradingState(state) }];
}

function apply(state: ExecutionState, input: ExecutionInput): ExecutionOutput[] {
  switch (input.type) {
    case 'approved':
      return onApproved(state, input);
    case 'caught-up':
      state.caughtUp = true;
      return [];
    case 'listening':
      return onListening(state, input.up);
    case 'venue-orders':
      state.halted ??= differenceTo(state, input.clOrdIds);
      return [];
    case 'halt':
      state.halted ??= input.reason;
      return [];
    case 'update':
      return onUpdate(state, input.update);
    default:
      return onAnswer(state, input);
  }
}

function onApproved(state: ExecutionState, input: Extract<ExecutionInput, { type: 'approved' }>): ExecutionOutput[] {
  const { approval, nowNs, riskSeq } = input;
  const { clOrdId, symbol } = approval;
  if (state.orders.has(clOrdId)) return [];
  const order: Tracked = {
    approval,
    status: 'APPROVED',
    orderId: null,
    cumQty: ZERO,
    possiblyWrittenNs: undefined,
    awaitedFills: undefined,
  };
  state.orders.set(clOrdId, order);
  // What was approved before we listened, or for another incarnation of our log, may have been sent by it.
  if (!state.caughtUp || approval.executionLog !== state.config.log) {
    return becomeUnknown(order, nowNs, 'approved before this execution followed the risk log');
  }
  const refusal = whyNotNow(state, approval, nowNs);
  if (refusal !== undefined) {
    order.status = 'REFUSED';
    return [{ type: 'append', kind: 'OrderRefused', payload: { clOrdId, symbol, reason: refusal } }];
  }
  order.status = 'PENDING_NEW';
  return [
    { type: 'submit', approval },
    { type: 'append', kind: 'OrderSubmitted', payload: { clOrdId, symbol, riskSeq } },
  ];
}

function whyNotNow(state: ExecutionState, approval: Payload<'OrderApproved'>, nowNs: bigint): string | undefined {
  const trading = executionTradingState(state);
  if (trading.state !== 'ACTIVE') return `${trading.state}: ${trading.reasons.join('; ')}`;
  return nowNs >= approval.expiresNs ? `EXPIRED: now ${nowNs} >= expiry ${approval.expiresNs}` : undefined;
}

/** A stream that was down may have missed updates: every order that is still open is looked up. */
function onListening(state: ExecutionState, up: boolean): ExecutionOutput[] {
  state.listening = up;
  if (!up) return [];
  return Array.from(state.orders.values())
    .filter((order) => !isTerminal(order.status))
    .map((order) => ({ type: 'lookup', clOrdId: order.approval.clOrdId, notBeforeNs: 0n }));
}

/** How the venue's latest orders show that its book or our log began anew while the other went on. */
function differenceTo(state: ExecutionState, venueOrders: readonly string[]): string | undefined {
  const foreign = venueOrders.find(
    (clOrdId) => clOrdId.startsWith(`${state.config.prefix}-`) && !state.orders.has(clOrdId),
  );
  if (foreign !== undefined) return `the venue has order ${foreign} of ours, which this execution log does not know`;
  const acknowledged = Array.from(state.orders.values()).filter(({ orderId }) => orderId !== null);
  const latest = acknowledged.at(-1)?.approval.clOrdId;
  if (latest === undefined || venueOrders.includes(latest)) return undefined;
  return `the venue no longer knows order ${latest}: its book is not the one we traded on`;
}

type Answer = Extract<ExecutionInput, { type: 'accepted' | 'rejected' | 'unanswered' | 'looked-up' }>;

function onAnswer(state: ExecutionState, input: Answer): ExecutionOutput[] {
  const order = state.orders.get(input.clOrdId);
  if (order === undefined || isTerminal(order.status)) return [];
  const { clOrdId, symbol } = order.approval;
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

function becomeUnknown(order: Tracked, nowNs: bigint, reason: string): ExecutionOutput[] {
  const { clOrdId, symbol } = order.approval;
  order.possiblyWrittenNs = nowNs;
  const out: ExecutionOutput[] = [{ type: 'lookup', clOrdId, notBeforeNs: 0n }];
  if (advance(order, 'OrderUnknown')) {
    out.unshift({ type: 'append', kind: 'OrderUnknown', payload: { clOrdId, symbol, reason } });
  }
  return out;
}

function onLookup(
  state: ExecutionState,
  order: Tracked,
  input: Extract<ExecutionInput, { type: 'looked-up' }>,
): ExecutionOutput[] {
  const { clOrdId, symbol } = order.approval;
  const { outcome, begunNs } = input;
  if (outcome.type === 'found') return onFound(state, order, { found: outcome.order, begunNs });
  const possiblyWrittenNs = order.possiblyWrittenNs ?? begunNs;
  order.possiblyWrittenNs = possiblyWrittenNs;
  const conclusiveNs = possiblyWrittenNs + state.config.maxInFlightNs;
  if (outcome.type === 'failed') return [{ type: 'lookup', clOrdId, notBeforeNs: begunNs + RETRY_NS }];
  if (begunNs < conclusiveNs) return [{ type: 'lookup', clOrdId, notBeforeNs: conclusiveNs }];
  if (order.status !== 'UNKNOWN') {
    return [{ type: 'warn', clOrdId, text: `the venue does not know an order that is ${order.status}` }];
  }
  order.status = 'REFUSED';
  return [{ type: 'append', kind: 'OrderRefused', payload: { clOrdId, symbol, reason: 'NEVER_SENT' } }];
}

const RETRY_NS = 250_000_000n;

function acknowledge(order: Tracked, venueOrder: VenueOrder): ExecutionOutput[] {
  const { clOrdId, symbol } = order.approval;
  if (order.orderId !== null) return [];
  order.orderId = venueOrder.orderId;
  order.possiblyWrittenNs = undefined;
  if (!advance(order, 'OrderAccepted')) return [];
  const payload = { clOrdId, orderId: venueOrder.orderId, symbol, venueTsNs: venueOrder.venueTsNs };
  return [{ type: 'append', kind: 'OrderAccepted', payload }];
}

/**
 * Brings the order to where the venue shows it. It is closed only once its executions add up to what the venue has
 * filled; those may be on their way on the stream, so only if a later lookup still finds them missing, trading stops:
 * they cannot be booked without their prices.
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
    return out.concat(haltOn(state, order, text));
  }
  out.push({ type: 'lookup', clOrdId: order.approval.clOrdId, notBeforeNs: begunNs + RETRY_NS });
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
  const { clOrdId, symbol } = order.approval;
  const { orderId, venueTsNs } = venueOrder;
  order.orderId = orderId;
  if (kind === 'OrderRejected') {
    return [{ type: 'append', kind, payload: { clOrdId, orderId, symbol, reason: 'rejected by the venue' } }];
  }
  return [{ type: 'append', kind, payload: { clOrdId, orderId, symbol, venueTsNs } }];
}

/** What cannot be booked rightly is not booked: stop rather than guess. */
function haltOn(state: ExecutionState, order: Tracked, fault: string): ExecutionOutput[] {
  const { clOrdId } = order.approval;
  const text = `order ${clOrdId}: ${fault}`;
  state.halted ??= text;
  return [{ type: 'warn', clOrdId, text }];
}

function onUpdate(state: ExecutionState, update: VenueUpdate): ExecutionOutput[] {
  const { order: venueOrder } = update;
  const order = state.orders.get(venueOrder.clOrdId);
  if (order === undefined) return [];
  const closing = CLOSINGS.get(update.type);
  if (order.status === 'REFUSED' && closing === undefined) {
    return haltOn(state, order, `refused here, but the venue says ${update.type} of ${venueOrder.orderId}`);
  }
  const out = closing === 'OrderRejected' ? [] : acknowledge(order, venueOrder);
  if (update.type === 'fill') return out.concat(onFill(state, order, update));
  if (closing === undefined || isTerminal(order.status)) return out;
  if (decimal(venueOrder.filledQty).lte(order.cumQty)) return out.concat(close(order, venueOrder, closing));
  // The update that closes it has come before an execution: the lookup closes it when all have.
  out.push({ type: 'lookup', clOrdId: order.approval.clOrdId, notBeforeNs: 0n });
  return out;
}

/** An execution is known by its order and cumulative quantity: venues repeat events, also after the terminal one. */
function onFill(
  state: ExecutionState,
  order: Tracked,
  fill: Extract<VenueUpdate, { type: 'fill' }>,
): ExecutionOutput[] {
  const { clOrdId, symbol, side, orderQty } = order.approval;
  const cumQty = decimal(fill.order.filledQty);
  if (cumQty.lte(order.cumQty)) return [];
  const expected = order.cumQty.plus(decimal(fill.lastQty));
  if (!cumQty.eq(expected)) {
    const known = decimalText(order.cumQty);
    return haltOn(state, order, `cumulative ${fill.order.filledQty} came with last ${fill.lastQty}, known is ${known}`);
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
