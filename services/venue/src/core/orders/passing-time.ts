/** What time alone brings about: latencies run out, sessions begin and end, orders expire. */
import type { AssetClass } from '@tickpath/trading';
import { arrivalNs, arrive, enterPhase, pushExpiry } from './arrival.ts';
import { clearDues, type Due, peekDue, popDue, pushDue, sweepDues } from './dues.ts';
import { leave } from './market-place.ts';
import { isOpen } from './order.ts';
import { isPendingReplacement } from './replacement.ts';
import { cancelNs, finishCancel, finishReplace, replaceNs } from './requests.ts';
import { endRestrictions, forgetRestrictions } from './short-sale-restrictions.ts';
import type { ExchangeInput, ExchangeOutput, ExchangeState } from './state.ts';
import { happen, knownOrder, type Turn, turnAt } from './turn.ts';

const ASSET_CLASSES: readonly AssetClass[] = ['us_equity', 'crypto'];
const NOTHING: readonly ExchangeOutput[] = Object.freeze([]);
/** A source's clock and its events may be this far apart: a lesser step back is none. */
const STEP_BACK_NS = 1_000_000_000n;

/**
 * An open order has an arrival, a request and an end at most: beyond so many dues for each, and some, there are ends of orders
 * that closed long before.
 */
const DUES_PER_ORDER = 6;
const DUES_BEYOND = 1024;

/** Lets the market's time come to that of an input, and happen what is due by then, each at its own time. */
export function passTime(state: ExchangeState, { kind, tsNs }: ExchangeInput): readonly ExchangeOutput[] {
  const { marketNs, dues, open, pendingCancels } = state;
  if (dues.heap.length > DUES_BEYOND + DUES_PER_ORDER * (open.size + pendingCancels.size)) {
    sweepDues(dues, (due) => stands(state, due));
  }
  if (marketNs === null) return begin(state, tsNs);
  if (tsNs <= marketNs) {
    return kind !== 'market' && tsNs < marketNs - STEP_BACK_NS ? goBack(state, tsNs) : NOTHING;
  }
  const next = nextDueNs(state);
  const isQuiet = (next === null || next > tsNs) && state.aheadNs === 0n && !endsSession(state, tsNs);
  if (!isQuiet) return catchUp(state, tsNs);
  state.marketNs = tsNs;
  endRestrictions(state, tsNs);
  return NOTHING;
}

/** When something next happens by itself, in the market's time; `null`: nothing will. */
export function nextDueNs(state: ExchangeState): bigint | null {
  const due = nextDue(state)?.ns ?? null;
  if (state.open.size === 0) return due;
  const boundary = nextBoundary(state)?.ns ?? null;
  if (boundary === null) return due;
  return due === null || boundary < due ? boundary : due;
}

/** Puts down anew, from the orders, all that is due. */
export function scheduleDues(state: ExchangeState): void {
  const { dues } = state;
  clearDues(dues);
  for (const orderId of state.inFlight) {
    const order = knownOrder(state, orderId);
    pushDue(dues, { ns: arrivalNs(state, order), kind: 'arrival', orderId, createdNs: order.createdNs });
  }
  for (const orderId of state.pendingCancels) {
    const order = knownOrder(state, orderId);
    pushDue(dues, { ns: cancelNs(state, order), kind: 'cancel', orderId, createdNs: order.createdNs });
  }
  for (const { newOrderId: orderId } of state.replacements.values()) {
    const order = knownOrder(state, orderId);
    pushDue(dues, { ns: replaceNs(state, order), kind: 'replace', orderId, createdNs: order.createdNs });
  }
  for (const orderId of state.open) {
    const order = knownOrder(state, orderId);
    if (!isPendingReplacement(state, order)) pushExpiry(state, order);
  }
}

/**
 * The first input since the start. What fell due between the last event and now happens at its time; a source that
 * begins before the last event has gone back.
 */
function begin(state: ExchangeState, tsNs: bigint): readonly ExchangeOutput[] {
  if (tsNs < state.lastNs - STEP_BACK_NS) return goBack(state, tsNs);
  const fromNs = state.open.size > 0 ? state.lastNs : tsNs;
  const outputs: ExchangeOutput[] = [];
  state.marketNs = fromNs;
  enterPhases(state, fromNs, outputs);
  outputs.push(...catchUp(state, tsNs));
  return outputs;
}

/** Stamps go on from the last event's, ahead of the market's time; what was under way keeps the time that it has left. */
function goBack(state: ExchangeState, tsNs: bigint): readonly ExchangeOutput[] {
  forgetRestrictions(state);
  state.marketNs = tsNs;
  state.aheadNs = state.lastNs > tsNs ? state.lastNs - tsNs : 0n;
  scheduleDues(state);
  const outputs: ExchangeOutput[] = [];
  enterPhases(state, tsNs, outputs);
  return outputs;
}

function catchUp(state: ExchangeState, tsNs: bigint): readonly ExchangeOutput[] {
  const outputs: ExchangeOutput[] = [];
  for (;;) {
    const boundary = state.open.size > 0 ? nextBoundary(state) : undefined;
    const due = nextDue(state);
    if (boundary !== undefined && boundary.ns <= tsNs && (due === undefined || boundary.ns <= due.ns)) {
      state.marketNs = boundary.ns;
      endRestrictions(state, boundary.ns);
      enterPhaseAt(turnAt(state, boundary.ns, outputs), boundary.assetClass);
      continue;
    }
    if (due === undefined || due.ns > tsNs) break;
    popDue(state.dues);
    // One that was due before the market's time came to be known, or put down late, happens now.
    const nowNs = state.marketNs === null || due.ns > state.marketNs ? due.ns : state.marketNs;
    state.marketNs = nowNs;
    endRestrictions(state, nowNs);
    carryOutDue(turnAt(state, nowNs, outputs), due);
  }
  if (state.marketNs === null || state.marketNs < tsNs) state.marketNs = tsNs;
  endRestrictions(state, state.marketNs);
  if (endsSession(state, tsNs)) enterPhases(state, tsNs, outputs);
  if (state.marketNs >= state.lastNs) state.aheadNs = 0n;
  return outputs;
}

function carryOutDue(turn: Turn, { kind, orderId }: Due): void {
  switch (kind) {
    case 'arrival':
      return arrive(turn, orderId);
    case 'cancel':
      return finishCancel(turn, orderId);
    case 'replace':
      return finishReplace(turn, orderId);
    case 'expiry':
      leave(turn.state, orderId);
      happen(turn, orderId, { kind: 'expired' });
  }
}

/** The next due that still stands; those that do not are dropped on the way. */
function nextDue(state: ExchangeState): Due | undefined {
  for (;;) {
    const due = peekDue(state.dues);
    if (due === undefined || stands(state, due)) return due;
    popDue(state.dues);
  }
}

function stands(state: ExchangeState, { kind, orderId, ns }: Due): boolean {
  if (kind === 'arrival') return state.inFlight.has(orderId);
  if (kind === 'cancel') return state.pendingCancels.has(orderId);
  const order = knownOrder(state, orderId);
  if (kind === 'replace') return isPendingReplacement(state, order);
  return isOpen(order) && order.expiresNs === ns;
}

function nextBoundary(state: ExchangeState): { ns: bigint; assetClass: AssetClass } | undefined {
  let next: { ns: bigint; assetClass: AssetClass } | undefined;
  for (const assetClass of ASSET_CLASSES) {
    const ns = state.sessions.get(assetClass)?.untilNs ?? null;
    if (ns !== null && (next === undefined || ns < next.ns)) next = { ns, assetClass };
  }
  return next;
}

function endsSession(state: ExchangeState, tsNs: bigint): boolean {
  for (const assetClass of ASSET_CLASSES) {
    const untilNs = state.sessions.get(assetClass)?.untilNs;
    if (untilNs !== null && untilNs !== undefined && untilNs <= tsNs) return true;
  }
  return false;
}

function enterPhases(state: ExchangeState, nowNs: bigint, outputs: ExchangeOutput[]): void {
  for (const assetClass of ASSET_CLASSES) enterPhaseAt(turnAt(state, nowNs, outputs), assetClass);
}

function enterPhaseAt(turn: Turn, assetClass: AssetClass): void {
  const span = turn.state.phaseAt(assetClass, turn.nowNs);
  turn.state.sessions.set(assetClass, span);
  enterPhase(turn, assetClass, span.phase);
}
