import { decimal, isTerminal, nextStatus, type OrderTransition, type OrdStatus, ZERO } from '@tickpath/trading';
import type { Payload } from '@tickpath/wire';
import type { ExecutionEvent } from './events.ts';
import type { ExecutionOutput, ExecutionState, OrderTerms, Tracked } from './state.ts';

/** Ended orders that stay in memory: their late executions are booked. */
const ENDED_KEPT = 1000;

/** One step under way: what it changes, and what follows from it. */
export interface Turn {
  readonly state: ExecutionState;
  readonly out: ExecutionOutput[];
  /** What stops us as our log has it: the step sets it in the state first, and ends by logging what has changed. */
  readonly logged: { readonly halted: string | undefined; taking: string | undefined };
}

/** Appends an event to our log. The state changes by it as it will when the log is read again. */
export function append({ state, out, logged }: Turn, event: ExecutionEvent): void {
  replayExecution(state, event);
  if (event.kind === 'AccountRebased') logged.taking = undefined;
  out.push({ type: 'append', ...event });
}

/** Changes the state, in place, by one event of our own log. What the log does not keep stays as it is. */
export function replayExecution(state: ExecutionState, event: ExecutionEvent): void {
  switch (event.kind) {
    case 'AccountRebased':
      return takeAccount(state, event.payload, event.kept.settled);
    case 'RiskGenerationSeen':
      state.riskSeen = event.payload;
      return;
    case 'TradingStateChanged':
      state.said = event.payload;
      state.halted = event.kept.halted ?? undefined;
      state.taking = event.kept.taking ?? undefined;
      return;
    case 'OrderSubmitted':
    case 'OrderUnknown': {
      const { clOrdId, symbol, side, orderQty, receivedNs } = event.payload;
      const known = state.orders.get(clOrdId);
      if (known !== undefined) return advance(state, known, event.kind);
      const status = event.kind === 'OrderSubmitted' ? 'PENDING_NEW' : 'UNKNOWN';
      state.orders.set(clOrdId, track({ clOrdId, symbol, side, orderQty, receivedNs }, status));
      return;
    }
    default:
      return applyToOrder(state, event);
  }
}

type OrderEvent = Extract<ExecutionEvent, { readonly payload: { readonly clOrdId: string } }>;

function applyToOrder(state: ExecutionState, event: OrderEvent): void {
  const order = state.orders.get(event.payload.clOrdId);
  // A refusal of what was never sent, or of a name that was used before.
  if (order === undefined) return;
  if ('orderId' in event.payload) order.orderId ??= event.payload.orderId;
  if (event.kind === 'OrderFilled') order.cumQty = decimal(event.payload.cumQty);
  if (event.kind === 'OrderAccepted') order.possiblyWrittenNs = undefined;
  advance(state, order, transitionOf(event));
}

export function transitionOf({ kind, payload }: OrderEvent): OrderTransition {
  return kind === 'OrderFilled' && payload.leavesQty !== '0' ? 'OrderPartiallyFilled' : kind;
}

function advance(state: ExecutionState, order: Tracked, transition: OrderTransition): void {
  const status = nextStatus(order.status, transition);
  if (status === undefined) return;
  order.status = status;
  if (isTerminal(status)) end(state, order.terms.clOrdId);
}

function end({ orders, ended }: ExecutionState, clOrdId: string): void {
  ended.add(clOrdId);
  if (ended.size <= ENDED_KEPT) return;
  const [oldest] = ended;
  if (oldest === undefined) return;
  ended.delete(oldest);
  orders.delete(oldest);
}

/** Whatever was approved before has its effect in the account or none. */
function takeAccount(state: ExecutionState, account: Payload<'AccountRebased'>, settled: readonly string[]): void {
  state.rebase = account.rebase;
  state.accountGeneration = account.generation;
  state.accountId = account.accountId;
  state.taking = undefined;
  // Both are said anew, right behind it.
  state.riskSeen = undefined;
  state.said = undefined;
  state.settled = new Set(settled);
  state.orders.clear();
  state.ended.clear();
  for (const { clOrdId, symbol, side, orderQty, orderId, cumQty, ordStatus } of account.openOrders) {
    const order = track({ clOrdId, symbol, side, orderQty, receivedNs: null }, ordStatus);
    order.orderId = orderId;
    order.cumQty = decimal(cumQty);
    state.orders.set(clOrdId, order);
  }
}

export function track(terms: OrderTerms, status: OrdStatus): Tracked {
  return { terms, status, orderId: null, cumQty: ZERO, possiblyWrittenNs: undefined, awaitedFills: undefined };
}
