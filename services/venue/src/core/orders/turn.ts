import { scopedUlid, scopedUuid } from '../ids.ts';
import { applyEvent } from './apply-event.ts';
import type { OrderEvent, VenueOrder } from './order.ts';
import { eventOfChange, type OrderHappening } from './order-change.ts';
import type { ExchangeOutput, ExchangeState } from './state.ts';

/** One moment of the exchange: what happens in it is stamped alike and handed out in order. */
export interface Turn {
  readonly state: ExchangeState;
  /** The market's time: what sessions and dues go by. */
  readonly nowNs: bigint;
  /** The time of its events: the market's, but never before that of an earlier event. */
  readonly stampNs: bigint;
  readonly outputs: ExchangeOutput[];
}

/** A moment of the market. Its events are stamped with it, or with the last event's time if that is later. */
export function turnAt(state: ExchangeState, nowNs: bigint, outputs: ExchangeOutput[]): Turn {
  const ownNs = nowNs + state.aheadNs;
  if (ownNs > state.lastNs) return { state, nowNs, stampNs: ownNs, outputs };
  return { state, nowNs, stampNs: state.lastNs, outputs };
}

/** Lets something happen to an order: names it, applies it and hands it out. Answers with the order as it is now. */
export function happen(turn: Turn, orderId: string, happening: OrderHappening): VenueOrder {
  const { state, stampNs: tsNs, outputs } = turn;
  const execId = happening.kind === 'pending_new' ? null : nextExecId(state);
  const eventId = scopedUlid(state.idScope, nextCount(state), tsNs);
  const event: OrderEvent = eventOfChange(state, { ...happening, orderId, eventId, execId, tsNs });
  applyEvent(state, event);
  outputs.push(event);
  return event.order;
}

/** The order of an id that is known to be one. */
export function knownOrder(state: ExchangeState, orderId: string): VenueOrder {
  const order = state.orders.get(orderId);
  if (order === undefined) throw new Error(`order ${orderId} is not among the orders`);
  return order;
}

function nextExecId(state: ExchangeState): string {
  return scopedUuid(state.idScope, nextCount(state));
}

function nextCount(state: ExchangeState): number {
  state.idCount += 1;
  return state.idCount;
}
