/**
 * The exchange as a pure machine: one input, what follows from it. Requests are checked (order-checks) and carried out
 * (requests, arrival), matching's decisions happen (market-place), what was put off falls due (passing-time), and each
 * event changes the state through one door (apply-event).
 */
import { decimal, openLedger, ZERO } from '@tickpath/trading';
import { createMatcher, showMarket, statePast } from '../matching/matcher.ts';
import { createDueQueue } from './dues.ts';
import { carryOut, resume } from './market-place.ts';
import { passTime, scheduleDues } from './passing-time.ts';
import { cancel, replace, reset, submit } from './requests.ts';
import { beginRestriction } from './short-sale-restrictions.ts';
import type { ExchangeInput, ExchangeOutput, ExchangeSetup, ExchangeState } from './state.ts';
import { knownOrder, turnAt } from './turn.ts';

export { applyEvent } from './apply-event.ts';
export { nextDueNs } from './passing-time.ts';

/** No market shown, no order, an account with nothing but its cash. Throws `RangeError` when that is no decimal text. */
export function createExchangeState(setup: ExchangeSetup): ExchangeState {
  const { idScope, rules, assetOf, phaseAt, account, cashUsd } = setup;
  return {
    rules,
    assetOf,
    phaseAt,
    idScope,
    idCount: 0,
    account,
    ledger: openLedger(decimal(cashUsd)),
    orders: new Map(),
    orderIds: [],
    orderIdByClOrdId: new Map(),
    open: new Set(),
    inFlight: new Set(),
    pendingCancels: new Set(),
    arrivals: new Map(),
    arrivalCount: 0,
    replacements: new Map(),
    commitments: new Map(),
    committed: new Map(),
    reservedUsd: ZERO,
    fills: [],
    lastPx: new Map(),
    lastNs: 0n,
    marketNs: null,
    aheadNs: 0n,
    sessions: new Map(),
    restrictions: new Map(),
    dues: createDueQueue(),
    matcher: createMatcher({ slippage: rules.slippage }),
    matchIds: new Map(),
    orderIdByMatchId: new Map(),
  };
}

/**
 * After the events of a journal have been folded: open orders go back to matching, in their order of arrival and with
 * nothing known of their places in the market's queues, and what was put off is due again. Nothing happens before the
 * first input.
 */
export function resumeExchange(state: ExchangeState): void {
  const held = [...state.arrivals].sort(([, a], [, b]) => a - b);
  for (const [orderId] of held) resume(state, knownOrder(state, orderId));
  scheduleDues(state);
}

/**
 * Applies one input and returns what it led to, in order and applied already. What has fallen due by the input's time
 * comes first, each at its own time; then the input itself.
 */
export function step(state: ExchangeState, input: ExchangeInput): readonly ExchangeOutput[] {
  const dueOutputs = passTime(state, input);
  if (input.kind === 'clock') return dueOutputs;
  if (input.kind === 'market') return onMarket(state, input, dueOutputs);
  if (input.kind === 'past') {
    onPast(state, input);
    return dueOutputs;
  }
  const outputs = [...dueOutputs];
  const turn = turnAt(state, state.marketNs ?? input.tsNs, outputs);
  // Each order has a time of its own, also while a tape stands still: listings are paged by it.
  const stampNs = turn.stampNs > state.lastNs ? turn.stampNs : state.lastNs + 1n;
  switch (input.kind) {
    case 'submit':
      submit({ ...turn, stampNs }, input);
      break;
    case 'replace':
      replace({ ...turn, stampNs }, input);
      break;
    case 'cancel':
      cancel(turn, input);
      break;
    case 'reset':
      reset(turn, input);
      break;
  }
  return outputs;
}

function onPast(state: ExchangeState, { instrument, past }: Extract<ExchangeInput, { kind: 'past' }>): void {
  statePast(state.matcher, instrument, past);
  if (past.lastSalePx === 0) state.lastPx.delete(instrument.symbol);
  else state.lastPx.set(instrument.symbol, past.lastSalePx);
}

function onMarket(
  state: ExchangeState,
  { event }: Extract<ExchangeInput, { kind: 'market' }>,
  dueOutputs: readonly ExchangeOutput[],
): readonly ExchangeOutput[] {
  if (event.kind === 'trade' && event.isLastSale) state.lastPx.set(event.instrument.symbol, event.px);
  if (event.kind === 'status' && event.effect === 'short-sale-restriction' && !beginRestriction(state, event)) {
    return dueOutputs;
  }
  const decisions = showMarket(state.matcher, event);
  if (decisions.length === 0) return dueOutputs;
  const outputs = [...dueOutputs];
  carryOut(turnAt(state, state.marketNs ?? event.tsNs, outputs), decisions);
  return outputs;
}
