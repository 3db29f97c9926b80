import { isTerminal } from '@tickpath/trading';
import type { LogIdentity, Payload } from '@tickpath/wire';
import { listOrders, onAccount, onConnected, onDisconnected, sayRiskLog, takeAnew } from './account.ts';
import { becomeUnknown, onAnswer, onUpdate } from './answers.ts';
import { onFills } from './fills.ts';
import { listen, onVenueOrders, releaseHeld } from './listing.ts';
import { append, type Turn } from './replay.ts';
import {
  type ExecutionInput,
  type ExecutionOutput,
  type ExecutionState,
  executionLogName,
  executionTradingState,
} from './state.ts';

/** Applies one input to the state, in place, and says what follows from it. Deterministic: no clock, no I/O. */
export function stepExecution(state: ExecutionState, input: ExecutionInput): ExecutionOutput[] {
  const turn: Turn = { state, out: [], logged: { halted: state.halted, taking: state.taking } };
  apply(turn, input);
  sayTrading(turn);
  return turn.out;
}

/** Risk follows our log: what stops us stops it too. And what stops us is there again after a restart. */
function sayTrading(turn: Turn): void {
  const { state, logged } = turn;
  const trading = executionTradingState(state);
  const isLogged = state.halted === logged.halted && state.taking === logged.taking;
  if (isLogged && state.said !== undefined && sameTrading(state.said, trading)) return;
  const kept = { halted: state.halted ?? null, taking: state.taking ?? null };
  append(turn, { kind: 'TradingStateChanged', payload: trading, kept });
}

function sameTrading(a: Payload<'TradingStateChanged'>, b: Payload<'TradingStateChanged'>): boolean {
  return (
    a.state === b.state && a.reasons.length === b.reasons.length && a.reasons.every((text, i) => text === b.reasons[i])
  );
}

function apply(turn: Turn, input: ExecutionInput): void {
  const { state } = turn;
  switch (input.type) {
    case 'started':
      return onStarted(turn);
    case 'approved':
      return onApproved(turn, input);
    case 'caught-up':
      return onCaughtUp(turn, input.riskLog);
    case 'risk-log-changed':
      return onRiskLogChanged(turn, input);
    case 'risk-log-compacted':
      state.caughtUp = false;
      return takeAnew(turn, `risk's log begins at ${input.firstSeq}: events that had not been read have gone`);
    case 'connected':
      return onConnected(turn);
    case 'disconnected':
      return onDisconnected(state);
    case 'venue-orders':
      return onVenueOrders(turn, input);
    case 'account':
      if (onAccount(turn, input)) releaseHeld(turn);
      return;
    case 'halt':
      state.halted ??= input.reason;
      return;
    case 'rebase':
      state.unknownRisk = undefined;
      state.halted = undefined;
      return takeAnew(turn, input.reason);
    case 'update':
      // Before our orders are what the venue has, nobody knows what is new in it.
      if (state.listening) onUpdate(turn, input);
      else state.held.push(input);
      return;
    case 'fills':
      return onFetched(turn, input);
    default:
      // While the account is read, only what it says counts.
      if (state.taking === undefined) onAnswer(turn, input);
  }
}

/** A log without an account, or one whose end may be lost, cannot be gone on from. */
function onStarted(turn: Turn): void {
  const { config, accountId, accountGeneration } = turn.state;
  if (accountId === undefined) return takeAnew(turn, 'the journal of this execution is new');
  if (accountGeneration === config.generation) return;
  takeAnew(
    turn,
    `our log is in generation ${config.generation}, the account was taken in ${accountGeneration}: its end may be lost`,
  );
}

function onCaughtUp(turn: Turn, riskLog: LogIdentity): void {
  const { state } = turn;
  state.riskLog = riskLog;
  state.caughtUp = true;
  state.unknownRisk = undefined;
  sayRiskLog(turn);
  releaseHeld(turn);
  listOrders(turn);
}

function onFetched(turn: Turn, input: Extract<ExecutionInput, { type: 'fills' }>): void {
  const { state } = turn;
  const { connection } = input.asked;
  const isCurrent = connection === null || (connection === state.connection && state.connected);
  // While the account is read, only what it says counts; and a later connection asks for itself.
  if (state.taking !== undefined || !isCurrent) return;
  onFills(turn, input);
  const isAwaited = connection !== null && !state.listening && input.fills !== undefined;
  if (isAwaited && state.taking === undefined) listen(turn);
}

function onRiskLogChanged(
  turn: Turn,
  { known, stated }: { readonly known: LogIdentity; readonly stated: LogIdentity },
): void {
  const { state } = turn;
  state.caughtUp = false;
  state.riskLog = undefined;
  if (known.uuid === stated.uuid) {
    const isRaised = known.generation !== stated.generation;
    const found = isRaised ? `is in generation ${stated.generation}, ${known.generation}` : 'ends before what';
    return takeAnew(turn, `risk's log ${found} was followed: its end may be lost`);
  }
  state.unknownRisk = `risk has log ${stated.uuid}, this execution follows ${known.uuid}: run \`tickpath rebase\``;
}

function onApproved(turn: Turn, input: Extract<ExecutionInput, { type: 'approved' }>): void {
  const { state, out } = turn;
  const { approval, nowNs, riskSeq } = input;
  const { clOrdId, symbol, side, orderQty, receivedNs } = approval;
  // Another taking of the account has settled it, or the next one will: it has the effect it had, if any.
  if (state.taking !== undefined || approval.executionLog !== executionLogName(state)) return;
  const known = state.orders.get(clOrdId);
  if (known !== undefined && !isTerminal(known.status)) return;
  if (known !== undefined || input.decidedBefore || state.settled.has(clOrdId)) {
    return refuse(turn, approval, `DUPLICATE: clOrdId ${clOrdId} was ${known?.status ?? 'closed'} before`);
  }
  const terms = { clOrdId, symbol, side, orderQty, receivedNs };
  // What was approved before we followed this risk log is not fresh.
  if (!state.caughtUp) return becomeUnknown(turn, terms, { nowNs, reason: IN_DOUBT });
  const refusal = whyNotNow(state, approval, nowNs);
  if (refusal !== undefined) return refuse(turn, approval, refusal);
  state.lastWrittenNs = nowNs;
  out.push({ type: 'submit', approval });
  append(turn, { kind: 'OrderSubmitted', payload: { ...terms, riskSeq } });
}

const IN_DOUBT = 'approved before this execution followed the risk log';

function refuse(turn: Turn, { clOrdId, symbol }: Payload<'OrderApproved'>, reason: string): void {
  append(turn, { kind: 'OrderRefused', payload: { clOrdId, symbol, reason } });
}

function whyNotNow(state: ExecutionState, approval: Payload<'OrderApproved'>, nowNs: bigint): string | undefined {
  const trading = executionTradingState(state);
  if (trading.state !== 'ACTIVE') return `${trading.state}: ${trading.reasons.join('; ')}`;
  return nowNs >= approval.expiresNs ? `EXPIRED: now ${nowNs} >= expiry ${approval.expiresNs}` : undefined;
}
