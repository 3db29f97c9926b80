import {
  averagePx,
  decimal,
  decimalText,
  isTerminal,
  ledgerImbalance,
  nextStatus,
  type OrderIntent,
  type OrderTransition,
  postExecution,
  valueLedger,
  ZERO,
} from '@tickpath/trading';
import type { ExecutionLogKind, Payload, RiskLogKind } from '@tickpath/wire';
import { checkOrder, worstQty } from './check.ts';
import { type Decision, markPx, type Reservation, type RiskState, tradingState } from './state.ts';

/** An event of the execution log with its place in it. */
export type ExecutionEvent = {
  readonly [K in ExecutionLogKind]: { readonly kind: K; readonly seq: number; readonly payload: Payload<K> };
}[ExecutionLogKind];

export type RiskInput =
  | { readonly type: 'check'; readonly requestId: string; readonly intent: OrderIntent; readonly nowNs: bigint }
  | { readonly type: 'execution'; readonly event: ExecutionEvent }
  | { readonly type: 'execution-caught-up'; readonly executionLog: string }
  | { readonly type: 'execution-silent'; readonly silent: boolean }
  | { readonly type: 'halt'; readonly reason: string }
  | { readonly type: 'trade'; readonly symbol: string; readonly px: string }
  | { readonly type: 'quote'; readonly symbol: string; readonly bidPx: string | null; readonly askPx: string | null };

/** Appends come first and must be committed before the reply that follows them is sent. */
export type RiskOutput =
  | {
      readonly [K in RiskLogKind]: {
        readonly type: 'append';
        readonly kind: K;
        readonly payload: Payload<K>;
        readonly clOrdId: string | null;
      };
    }[RiskLogKind]
  | { readonly type: 'reply'; readonly decision: Decision };

/** Applies one input to the state, in place, and says what follows from it. Deterministic: no clock, no I/O. */
export function stepRisk(state: RiskState, input: RiskInput): RiskOutput[] {
  switch (input.type) {
    case 'trade':
      marketOf(state, input.symbol).lastPx = input.px;
      return [];
    case 'quote': {
      const market = marketOf(state, input.symbol);
      market.bidPx = input.bidPx ?? undefined;
      market.askPx = input.askPx ?? undefined;
      return [];
    }
    case 'check':
      return decide(state, input);
    case 'execution':
      return applyExecutionEvent(state, input.event);
    default:
      return changeTrading(state, input);
  }
}

/** Moves whatever the change touches and publishes the trading state if it became another. */
function changeTrading(
  state: RiskState,
  input: Extract<RiskInput, { type: 'execution-caught-up' | 'execution-silent' | 'halt' }>,
): RiskOutput[] {
  const before = JSON.stringify(tradingState(state));
  if (input.type === 'halt') state.halted ??= input.reason;
  else if (input.type === 'execution-silent') state.executionSilent = input.silent;
  else state.executionLog = input.executionLog;
  const after = tradingState(state);
  if (JSON.stringify(after) === before) return [];
  return [{ type: 'append', kind: 'TradingStateChanged', payload: after, clOrdId: null }];
}

function decide(state: RiskState, input: Extract<RiskInput, { type: 'check' }>): RiskOutput[] {
  const { intent, requestId, nowNs } = input;
  const remembered = state.decisions.get(intent.clOrdId);
  const isRepeat = remembered?.decision.requestId === requestId && sameIntent(remembered.intent, intent);
  if (isRepeat) return [{ type: 'reply', decision: remembered.decision }];

  const result = checkOrder(state, intent, nowNs);
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
  if (event.kind === 'TradingStateChanged') {
    const { state: trading, reasons } = event.payload;
    return trading === 'HALTED'
      ? changeTrading(state, { type: 'halt', reason: `execution: ${reasons.join('; ')}` })
      : [];
  }
  const { clOrdId, symbol } = event.payload;
  const out: RiskOutput[] = [];
  let reservation = state.reservations.get(clOrdId);
  if (event.kind === 'OrderFilled') {
    const { side, lastQty, lastPx, cumQty, leavesQty } = event.payload;
    state.ledger = postExecution(state.ledger, { symbol, side, lastQty, lastPx });
    out.push(positionUpdated(state, event.payload, event.seq));
    if (reservation !== undefined) {
      reservation = { ...reservation, cumQty: decimal(cumQty), leavesQty: decimal(leavesQty) };
    }
  }
  if (reservation !== undefined) {
    const status = nextStatus(reservation.status, transitionOf(event));
    if (status !== undefined) reservation = { ...reservation, status };
    if (isTerminal(reservation.status)) {
      state.reservations.delete(clOrdId);
      const payload = { clOrdId, symbol, ordStatus: reservation.status, executionSeq: event.seq };
      out.push({ type: 'append', kind: 'ReservationFreed', payload, clOrdId });
    } else {
      state.reservations.set(clOrdId, reservation);
    }
  }
  revalue(state, symbol);
  return out;
}

function transitionOf(event: Exclude<ExecutionEvent, { kind: 'TradingStateChanged' }>): OrderTransition {
  return event.kind === 'OrderFilled' && event.payload.leavesQty !== '0' ? 'OrderPartiallyFilled' : event.kind;
}

function positionUpdated(state: RiskState, fill: Payload<'OrderFilled'>, executionSeq: number): RiskOutput {
  const position = state.ledger.positions.get(fill.symbol);
  if (position === undefined) throw new Error(`no position of ${fill.symbol} after a fill in it`);
  return {
    type: 'append',
    kind: 'PositionUpdated',
    clOrdId: fill.clOrdId,
    payload: {
      symbol: fill.symbol,
      qty: decimalText(position.qty),
      avgPx: decimalText(averagePx(position)),
      cost: decimalText(position.cost),
      realizedPnl: decimalText(position.realizedPnl),
      cash: decimalText(state.ledger.cash),
      clOrdId: fill.clOrdId,
      executionSeq,
    },
  };
}

/** Values what the position and the open orders could become. Without a price it stays as it was, but nothing is worth nothing. */
function revalue(state: RiskState, symbol: string): void {
  const qty = worstQty(state, symbol);
  const px = qty.isZero() ? ZERO : markPx(state, symbol);
  if (px !== undefined) setExposure(state, symbol, qty.times(px));
}

function setExposure(state: RiskState, symbol: string, exposure: RiskState['grossExposure']): void {
  state.grossExposure = state.grossExposure.minus(state.exposures.get(symbol) ?? ZERO).plus(exposure);
  state.exposures.set(symbol, exposure);
}

function marketOf(state: RiskState, symbol: string) {
  let market = state.markets.get(symbol);
  if (market === undefined) {
    market = { bidPx: undefined, askPx: undefined, lastPx: undefined };
    state.markets.set(symbol, market);
  }
  return market;
}

/** The account as text, exact to the last decimal. */
export function portfolioOf(state: RiskState) {
  const { ledger } = state;
  const value = valueLedger(ledger, (symbol) => markPx(state, symbol));
  return {
    ...tradingState(state),
    executionSeq: state.executionSeq,
    netDeposits: decimalText(ledger.netDeposits),
    cash: decimalText(ledger.cash),
    fees: decimalText(ledger.fees),
    equity: decimalText(value.equity),
    realizedPnl: decimalText(value.realizedPnl),
    unrealizedPnl: decimalText(value.unrealizedPnl),
    imbalance: decimalText(ledgerImbalance(ledger)),
    positions: Array.from(ledger.positions.values(), (position) => ({
      symbol: position.symbol,
      qty: decimalText(position.qty),
      avgPx: decimalText(averagePx(position)),
      cost: decimalText(position.cost),
      realizedPnl: decimalText(position.realizedPnl),
    })),
    openOrders: Array.from(state.reservations.values(), (order: Reservation) => ({
      clOrdId: order.clOrdId,
      symbol: order.symbol,
      side: order.side,
      leavesQty: decimalText(order.leavesQty),
    })),
  };
}
