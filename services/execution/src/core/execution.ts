import { isTerminal } from '@tickpath/trading';
import type { Payload } from '@tickpath/wire';
import { onAccount, onConnected, onDisconnected, onVenueOrders, sayRiskLog } from './account.ts';
import { becomeUnknown, onAnswer, onUpdate } from './answers.ts';
import {
  type ExecutionInput,
  type ExecutionOutput,
  type ExecutionState,
  executionLogName,
  executionTradingState,
  track,
} from './state.ts';

/** Applies one input to the state, in place, and says what follows from it. Deterministic: no clock, no I/O. */
export function stepExecution(state: ExecutionState, input: ExecutionInput): ExecutionOutput[] {
  const generation = state.generation;
  const before = executionTradingState(state);
  const out = apply(state, input);
  const after = executionTradingState(state);
  // Risk follows our log: what stops us stops it too. A new generation of the log says all anew.
  if (state.generation === generation && sameState(before, after)) return out;
  out.push({ type: 'append', kind: 'TradingStateChanged', payload: after });
  return out;
}

type TradingState = ReturnType<typeof executionTradingState>;

function sameState(a: TradingState, b: TradingState): boolean {
  return (
    a.state === b.state && a.reasons.length === b.reasons.length && a.reasons.every((text, i) => text === b.reasons[i])
  );
}

function apply(state: ExecutionState, input: ExecutionInput): ExecutionOutput[] {
  switch (input.type) {
    case 'approved':
      return onApproved(state, input);
    case 'caught-up':
      state.riskLog = input.riskLog;
      state.caughtUp = true;
      return state.generation === 0 ? [] : sayRiskLog(state);
    case 'risk-log-changed':
      state.caughtUp = false;
      return [];
    case 'connected':
      return onConnected(state);
    case 'disconnected':
      onDisconnected(state);
      return [];
    case 'venue-orders':
      return onVenueOrders(state, input);
    case 'account': {
      const out = onAccount(state, input);
      if (out.length === 0) return out;
      return out.concat(state.held.splice(0).flatMap((update) => onUpdate(state, update)));
    }
    case 'halt':
      state.halted ??= input.reason;
      return [];
    case 'update':
      if (state.accountId !== undefined) return onUpdate(state, input.update);
      state.held.push(input.update);
      return [];
    default:
      // While the account is read, only what it says counts.
      return state.accountId === undefined ? [] : onAnswer(state, input);
  }
}

function onApproved(state: ExecutionState, input: Extract<ExecutionInput, { type: 'approved' }>): ExecutionOutput[] {
  const { approval, nowNs, riskSeq } = input;
  const { clOrdId, symbol, side, orderQty, receivedNs } = approval;
  // Another generation of our log has settled it, or the next one will: its account has the effect it had, if any.
  if (state.accountId === undefined || approval.executionLog !== executionLogName(state)) return [];
  const known = state.orders.get(clOrdId);
  if (state.settled.has(clOrdId) || (known !== undefined && isTerminal(known.status))) {
    return refuse(approval, `DUPLICATE: clOrdId ${clOrdId} was ${known?.status ?? 'closed'} before`);
  }
  if (known !== undefined) return [];
  const order = track({ clOrdId, symbol, side, orderQty, receivedNs }, 'APPROVED');
  state.orders.set(clOrdId, order);
  // What was approved before we followed this risk log is not fresh.
  if (!state.caughtUp) return becomeUnknown(order, nowNs, 'approved before this execution followed the risk log');
  const refusal = whyNotNow(state, approval, nowNs);
  if (refusal !== undefined) {
    order.status = 'REFUSED';
    return refuse(approval, refusal);
  }
  order.status = 'PENDING_NEW';
  state.lastWrittenNs = nowNs;
  return [
    { type: 'submit', approval },
    { type: 'append', kind: 'OrderSubmitted', payload: { ...order.terms, riskSeq } },
  ];
}

function refuse({ clOrdId, symbol }: Payload<'OrderApproved'>, reason: string): ExecutionOutput[] {
  return [{ type: 'append', kind: 'OrderRefused', payload: { clOrdId, symbol, reason } }];
}

function whyNotNow(state: ExecutionState, approval: Payload<'OrderApproved'>, nowNs: bigint): string | undefined {
  const trading = executionTradingState(state);
  if (trading.state !== 'ACTIVE') return `${trading.state}: ${trading.reasons.join('; ')}`;
  return nowNs >= approval.expiresNs ? `EXPIRED: now ${nowNs} >= expiry ${approval.expiresNs}` : undefined;
}
