import { applyExecution, isIgnored } from './apply-execution.ts';
import { reserve, revalue, setExposure } from './book.ts';
import { type CheckObserver, checkOrder } from './check.ts';
import type { CheckInput, RiskInput, TradingInput } from './input.ts';
import type { RiskOutput } from './output.ts';
import { type Decision, logName, type RiskState, sameLog, tradingState } from './state.ts';

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
    case 'data-state': {
      const { symbol, valid, reasons, sinceNs } = input;
      if (valid) state.invalidData.delete(symbol);
      else state.invalidData.set(symbol, { reasons, sinceNs });
      return [];
    }
    case 'market-silent':
      state.marketSilentNs = input.silent ? input.nowNs : undefined;
      return [];
    case 'check':
      return decide(state, input, observe);
    case 'execution':
      return isIgnored(state, input) ? [] : sayTrading(state, applyExecution(state, input));
    default:
      changeTrading(state, input);
      return sayTrading(state, []);
  }
}

function changeTrading(state: RiskState, input: TradingInput): void {
  switch (input.type) {
    case 'started':
      return;
    case 'halt':
      state.halted ??= input.reason;
      return;
    case 'execution-silent':
      state.executionSilent = input.silent;
      return;
    case 'execution-caught-up':
      state.caughtUpWith = input.log;
      state.unknownLog = undefined;
      return;
    case 'execution-log-changed':
    case 'execution-cut':
      state.caughtUpWith = undefined;
      return;
    case 'execution-log-unknown': {
      const { known, stated } = input;
      state.caughtUpWith = undefined;
      const found = sameLog(known, stated)
        ? `the execution log ${logName(stated)} ends before what was applied of it`
        : `execution has log ${logName(stated)}, ${logName(known)} was followed`;
      state.unknownLog = `${found}: run \`tickpath rebase\``;
      return;
    }
    case 'execution-log-compacted': {
      const gone = `events up to ${input.firstSeq - 1} of the execution log have gone before they were applied`;
      state.caughtUpWith = undefined;
      state.awaitsAccount = `${gone}: run \`tickpath rebase\``;
      return;
    }
    case 'rebase':
      state.halted = undefined;
      state.unknownLog = undefined;
  }
}

/** Appends the trading state if our log last said another. */
function sayTrading(state: RiskState, out: RiskOutput[]): RiskOutput[] {
  const now = tradingState(state);
  if (now.state === state.said.state && now.reasons.join('\n') === state.said.reasons.join('\n')) return out;
  state.said = now;
  out.push({ type: 'append', kind: 'TradingStateChanged', payload: now, clOrdId: null });
  return out;
}

function decide(state: RiskState, input: CheckInput, observe: CheckObserver | undefined): RiskOutput[] {
  const { intent, requestId } = input;
  const { clOrdId, symbol } = intent;
  const result = checkOrder(state, input, observe);
  if (!result.approved) {
    const { reason, text } = result;
    const decision: Decision = { requestId, clOrdId, approved: false, reason, text };
    const reply: RiskOutput = { type: 'reply', decision };
    // An answer without an effect is not remembered: asked again when ready, it may be another.
    if (reason === 'NOT_READY') return [reply];
    return [{ type: 'append', kind: 'IntentRefused', payload: { clOrdId, symbol, reason, text }, clOrdId }, reply];
  }
  reserve(state, intent);
  setExposure(state, symbol, result.exposure);
  const payload = { ...result.order, executionLog: state.taking ?? null };
  return [
    { type: 'append', kind: 'OrderApproved', payload, clOrdId },
    { type: 'reply', decision: { requestId, clOrdId, approved: true, reason: null, text: null } },
  ];
}

function marketOf(state: RiskState, symbol: string) {
  let market = state.markets.get(symbol);
  if (market === undefined) {
    market = { bidPx: undefined, askPx: undefined, lastPx: undefined };
    state.markets.set(symbol, market);
  }
  return market;
}
