import {
  decimal,
  isTerminal,
  nextStatus,
  type OrderIntent,
  type OrderTransition,
  postExecution,
  ZERO,
} from '@tickpath/trading';
import type { ExecutionLogKind, Payload } from '@tickpath/wire';
import { adopt, freed, positionUpdated, rebase, revalue, setExposure } from './book.ts';
import { type CheckObserver, checkOrder } from './check.ts';
import type { RiskOutput } from './output.ts';
import { type Decision, type RiskState, tradingState } from './state.ts';

/** An event of the execution log with its place in it. */
export type ExecutionEvent = {
  readonly [K in ExecutionLogKind]: { readonly kind: K; readonly seq: number; readonly payload: Payload<K> };
}[ExecutionLogKind];

type OrderEvent = Exclude<ExecutionEvent, { kind: 'AccountRebased' | 'RiskGenerationSeen' | 'TradingStateChanged' }>;

export type RiskInput =
  | { readonly type: 'check'; readonly requestId: string; readonly intent: OrderIntent; readonly nowNs: bigint }
  | { readonly type: 'execution'; readonly event: ExecutionEvent }
  | { readonly type: 'execution-caught-up'; readonly executionLog: string }
  /** Execution has begun another log: nothing is approved until it has been read to its end. */
  | { readonly type: 'execution-log-changed' }
  /** The connection to execution broke: nothing is approved until its log has been read to its end again. */
  | { readonly type: 'execution-cut' }
  | { readonly type: 'execution-silent'; readonly silent: boolean }
  | { readonly type: 'halt'; readonly reason: string }
  | { readonly type: 'trade'; readonly symbol: string; readonly px: string }
  | { readonly type: 'quote'; readonly symbol: string; readonly bidPx: string | null; readonly askPx: string | null };

/**
 * Applies one input to the state, in place, and says what follows from it. Deterministic: no clock, no I/O. `observe` is
 * told of each check as it is made, so that a shell can stamp it; it changes nothing.
 */
export function stepRisk(state: RiskState, input: RiskInput, observe?: CheckObserver): RiskOutput[] {
  switch (input.type) {
    case 'trade':
      marketOf(state, input.symbol).lastPx = input.px;
      if (state.unvalued.has(input.symbol)) revalue(state, input.symbol);
      return [];
    case 'quote': {
      const market = marketOf(state, input.symbol);
      market.bidPx = input.bidPx ?? undefined;
      market.askPx = input.askPx ?? undefined;
      if (state.unvalued.has(input.symbol)) revalue(state, input.symbol);
      return [];
    }
    case 'check':
      return decide(state, input, observe);
    case 'execution':
      return applyExecutionEvent(state, input.event);
    default:
      return changeTrading(state, input);
  }
}

/** Applies the change and publishes the trading state if it became another. */
function changeTrading(
  state: RiskState,
  input: Exclude<RiskInput, { type: 'check' | 'execution' | 'trade' | 'quote' }>,
): RiskOutput[] {
  return withTradingState(state, () => {
    if (input.type === 'halt') state.halted ??= input.reason;
    else if (input.type === 'execution-silent') state.executionSilent = input.silent;
    else if (input.type === 'execution-caught-up') state.executionLog = input.executionLog;
    else if (input.type === 'execution-cut') state.executionLog = undefined;
    else {
      state.executionLog = undefined;
      state.executionTrading = undefined;
      state.seenByExecution = false;
    }
    return [];
  });
}

function withTradingState(state: RiskState, change: () => RiskOutput[]): RiskOutput[] {
  const before = JSON.stringify(tradingState(state));
  const out = change();
  const after = tradingState(state);
  if (JSON.stringify(after) !== before) {
    out.push({ type: 'append', kind: 'TradingStateChanged', payload: after, clOrdId: null });
  }
  return out;
}

function decide(
  state: RiskState,
  input: Extract<RiskInput, { type: 'check' }>,
  observe: CheckObserver | undefined,
): RiskOutput[] {
  const { intent, requestId, nowNs } = input;
  const remembered = state.decisions.get(intent.clOrdId);
  const isRepeat = remembered?.decision.requestId === requestId && sameIntent(remembered.intent, intent);
  if (isRepeat) return [{ type: 'reply', decision: remembered.decision }];

  const result = checkOrder(state, intent, nowNs, observe);
  const { clOrdId, symbol } = intent;
  const decision: Decision = result.approved
    ? { requestId, clOrdId, approved: true, reason: null, text: null }
    : { requestId, clOrdId, approved: false, reason: result.reason, text: result.text };
  const reply: RiskOutput = { type: 'reply', decision };
  if (!result.approved) {
    const { reason, text } = result;
    const refused: RiskOutput = {
      type: 'append',
      kind: 'IntentRefused',
      payload: { clOrdId, symbol, reason, text },
      clOrdId,
    };
    // An answer without an effect is not remembered: asked again when ready, it may be another.
    if (reason === 'NOT_READY') return [reply];
    if (remembered === undefined) state.decisions.set(clOrdId, { decision, intent });
    return [refused, reply];
  }
  state.decisions.set(clOrdId, { decision, intent });
  state.reservations.set(clOrdId, {
    clOrdId,
    symbol,
    side: intent.side,
    status: 'APPROVED',
    cumQty: ZERO,
    leavesQty: decimal(intent.orderQty),
    receivedNs: intent.receivedNs,
  });
  setExposure(state, symbol, result.exposure);
  const payload = { ...result.order, executionLog: state.executionLog ?? null };
  return [{ type: 'append', kind: 'OrderApproved', payload, clOrdId }, reply];
}

function sameIntent(a: OrderIntent, b: OrderIntent): boolean {
  return (Object.keys(a) as (keyof OrderIntent)[]).every((key) => a[key] === b[key]);
}

function applyExecutionEvent(state: RiskState, event: ExecutionEvent): RiskOutput[] {
  state.executionSeq = event.seq;
  switch (event.kind) {
    case 'AccountRebased':
      return rebase(state, event.payload, event.seq);
    case 'TradingStateChanged':
      return withTradingState(state, () => {
        state.executionTrading = event.payload;
        if (event.payload.state === 'HALTED') state.halted ??= `execution: ${event.payload.reasons.join('; ')}`;
        return [];
      });
    case 'RiskGenerationSeen':
      return withTradingState(state, () => {
        state.seenByExecution = `${event.payload.uuid}/${event.payload.generation}` === state.config.log;
        return [];
      });
    default:
      return applyOrderEvent(state, event);
  }
}

function applyOrderEvent(state: RiskState, event: OrderEvent): RiskOutput[] {
  const { clOrdId, symbol } = event.payload;
  const out: RiskOutput[] = [];
  if (event.kind === 'OrderSubmitted' || event.kind === 'OrderUnknown') out.push(...adoptUnknown(state, event));
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

/** An order that a risk before this one approved: it holds its exposure here too. */
function adoptUnknown(
  state: RiskState,
  event: Extract<OrderEvent, { kind: 'OrderSubmitted' | 'OrderUnknown' }>,
): RiskOutput[] {
  const { clOrdId, symbol, side, orderQty, receivedNs } = event.payload;
  if (state.reservations.has(clOrdId) || state.decisions.has(clOrdId) || state.adopted.has(clOrdId)) return [];
  const leavesQty = decimal(orderQty);
  return [adopt(state, { clOrdId, symbol, side, status: 'APPROVED', cumQty: ZERO, leavesQty, receivedNs }, event.seq)];
}

function transitionOf(event: OrderEvent): OrderTransition {
  return event.kind === 'OrderFilled' && event.payload.leavesQty !== '0' ? 'OrderPartiallyFilled' : event.kind;
}

function marketOf(state: RiskState, symbol: string) {
  let market = state.markets.get(symbol);
  if (market === undefined) {
    market = { bidPx: undefined, askPx: undefined, lastPx: undefined };
    state.markets.set(symbol, market);
  }
  return market;
}
