import { append, type Turn } from './replay.ts';
import type { ExecutionInput, ExecutionOutput, ExecutionState } from './state.ts';

/** Before anything is sent over a new connection, the venue's orders are held against ours. */
export function onConnected(turn: Turn): void {
  const { state, out } = turn;
  state.connection += 1;
  state.connected = true;
  // What was said on an earlier connection is in what is read from now on, or of a book that is no more.
  state.held.length = 0;
  if (state.taking !== undefined) out.push(readAccount(state));
  else listOrders(turn);
}

export function onDisconnected(state: ExecutionState): void {
  state.connected = false;
  state.listening = false;
}

/** An order of ours at the venue may be an approval that has not been read yet: the risk log comes first. */
export function listOrders({ state, out }: Turn): void {
  if (!state.connected || state.listening || !state.caughtUp || state.taking !== undefined) return;
  // One that is acknowledged meanwhile need not be in the list.
  const acknowledged = Array.from(state.orders.values()).filter(({ orderId }) => orderId !== null);
  state.latestAcknowledged = acknowledged.at(-1)?.terms.clOrdId;
  out.push({ type: 'list-orders', connection: state.connection });
}

/**
 * What we know of the account is not what the venue knows: nothing more is sent until it has been read from the venue
 * and is in our log (ADR 9).
 */
export function takeAnew({ state, out }: Turn, reason: string): void {
  if (state.taking !== undefined) return;
  state.taking = reason;
  state.listening = false;
  if (state.connected) out.push(readAccount(state));
}

function readAccount(state: ExecutionState): ExecutionOutput {
  const notBeforeNs = state.lastWrittenNs + state.config.maxInFlightNs;
  return { type: 'read-account', connection: state.connection, reason: state.taking ?? '', notBeforeNs };
}

/** Whether the name says that an execution of this installation sent it. */
export function isOurs({ config }: ExecutionState, clOrdId: string): boolean {
  return clOrdId.startsWith(`${config.prefix}-`);
}

/**
 * Goes on with the account as the venue has it. Whatever was approved for an earlier taking has its effect in that account
 * or none: it is never sent, and risk frees what it held for it. False for an answer that nobody waits for any more.
 */
export function onAccount(turn: Turn, input: Extract<ExecutionInput, { type: 'account' }>): boolean {
  const { state } = turn;
  if (input.connection !== state.connection || !state.connected || state.taking === undefined) return false;
  const { accountId, cash, positions, openOrders, latestClOrdIds } = input.account;
  const open = new Set(openOrders.map(({ clOrdId }) => clOrdId));
  const settled = latestClOrdIds.filter((clOrdId) => isOurs(state, clOrdId) && !open.has(clOrdId));
  const ordinals = { rebase: state.rebase + 1, generation: state.config.generation };
  append(turn, {
    kind: 'AccountRebased',
    payload: { reason: input.reason, accountId, cash, positions, openOrders, ...ordinals },
    kept: { settled },
  });
  state.listening = true;
  sayRiskLog(turn);
  return true;
}

/** Until risk has read this, it may not know of an order that its predecessor approved and we have just sent. */
export function sayRiskLog(turn: Turn): void {
  const { riskLog, caughtUp, taking, riskSeen } = turn.state;
  if (riskLog === undefined || !caughtUp || taking !== undefined) return;
  if (riskSeen?.uuid === riskLog.uuid && riskSeen.generation === riskLog.generation) return;
  append(turn, { kind: 'RiskGenerationSeen', payload: riskLog });
}
