import { decimal, isTerminal, nextStatus, type OrderTransition, postExecution, ZERO } from '@tickpath/trading';
import { adopt, freed, positionUpdated, rebase, revalue } from './book.ts';
import type { ExecutionInput, OrderEvent } from './input.ts';
import type { RiskOutput } from './output.ts';
import { logName, type RiskState, sameLog } from './state.ts';

/**
 * Whether the event is to be passed over. A log that is not the one followed until now, another generation of it, or one
 * with a hole counts from an account on: what stands before says nothing about the book that risk has.
 */
export function isIgnored(state: RiskState, { log, event }: ExecutionInput): boolean {
  const { followed } = state;
  const isOther = followed !== undefined && !sameLog(followed, log);
  if (event.kind !== 'AccountRebased') return isOther || state.awaitsAccount !== undefined;
  // An account that was taken before the generation was raised says nothing of what was lost with it.
  return isOther && followed.uuid === log.uuid && event.payload.generation !== log.generation;
}

/** Applies an event of the execution log; the first output says which one it was. */
export function applyExecution(state: RiskState, input: ExecutionInput): RiskOutput[] {
  const { kind, seq } = input.event;
  const { uuid, generation } = input.log;
  if (!sameLog(state.followed, input.log)) {
    state.followed = { uuid, generation };
    state.executionTrading = undefined;
    state.riskLogSeen = undefined;
  }
  state.executionSeq = seq;
  const payload = { uuid, generation, seq, kind };
  return [
    { type: 'append', kind: 'ExecutionApplied', payload, clOrdId: null, applied: input },
    ...applyEvent(state, input),
  ];
}

function applyEvent(state: RiskState, input: ExecutionInput): RiskOutput[] {
  const { log, event } = input;
  switch (event.kind) {
    case 'AccountRebased': {
      const { generation, rebase: ordinal } = event.payload;
      state.taking = `${log.uuid}/${generation}/${ordinal}`;
      state.awaitsAccount = undefined;
      // Execution says anew which risk log it follows.
      state.riskLogSeen = undefined;
      return rebase(state, event.payload, event.seq);
    }
    case 'TradingStateChanged':
      state.executionTrading = event.payload;
      if (event.payload.state === 'HALTED') state.halted ??= `execution: ${event.payload.reasons.join('; ')}`;
      return [];
    case 'RiskGenerationSeen':
      state.riskLogSeen = logName(event.payload);
      return [];
    default:
      return applyOrderEvent(state, event, input.decidedBefore);
  }
}

function applyOrderEvent(state: RiskState, event: OrderEvent, decidedBefore: boolean): RiskOutput[] {
  const { clOrdId, symbol } = event.payload;
  const out: RiskOutput[] = [];
  const isOpened = event.kind === 'OrderSubmitted' || event.kind === 'OrderUnknown';
  if (isOpened && !decidedBefore && !state.reservations.has(clOrdId)) {
    // An order that this risk has not approved: it holds its exposure here too.
    const { side, orderQty, receivedNs } = event.payload;
    const leavesQty = decimal(orderQty);
    const order = { clOrdId, symbol, side, status: 'APPROVED', cumQty: ZERO, leavesQty, receivedNs } as const;
    out.push(adopt(state, order, event.seq));
  }
  let reservation = state.reservations.get(clOrdId);
  if (event.kind === 'OrderFilled') {
    const { side, lastQty, lastPx, cumQty, leavesQty } = event.payload;
    state.ledger = postExecution(state.ledger, { symbol, side, lastQty, lastPx });
    out.push(positionUpdated(state, { symbol, clOrdId, executionSeq: event.seq }));
    if (reservation !== undefined) {
      reservation = { ...reservation, cumQty: decimal(cumQty), leavesQty: decimal(leavesQty) };
    }
  }
  if (reservation !== undefined) {
    const status = nextStatus(reservation.status, transitionOf(event));
    if (status !== undefined) reservation = { ...reservation, status };
    if (isTerminal(reservation.status)) out.push(freed(state, reservation, event.seq));
    else state.reservations.set(clOrdId, reservation);
  }
  revalue(state, symbol);
  return out;
}

function transitionOf(event: OrderEvent): OrderTransition {
  return event.kind === 'OrderFilled' && event.payload.leavesQty !== '0' ? 'OrderPartiallyFilled' : event.kind;
}
