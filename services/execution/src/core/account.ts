import { decimal } from '@tickpath/trading';
import { type ExecutionInput, type ExecutionOutput, type ExecutionState, track } from './state.ts';
import type { OpenVenueOrder } from './venue-update.ts';

/** Before anything is sent over a new connection, the venue's orders are held against ours. */
export function onConnected(state: ExecutionState): ExecutionOutput[] {
  state.connection += 1;
  state.connected = true;
  // What was said on an earlier connection is in what is read from now on, or of a book that is no more.
  state.held.length = 0;
  if (state.accountId === undefined) return [readAccount(state)];
  return [{ type: 'list-orders', connection: state.connection }];
}

export function onDisconnected(state: ExecutionState): void {
  state.connected = false;
  state.listening = false;
}

export function onVenueOrders(
  state: ExecutionState,
  input: Extract<ExecutionInput, { type: 'venue-orders' }>,
): ExecutionOutput[] {
  if (input.connection !== state.connection || !state.connected || state.accountId === undefined) return [];
  const difference = differenceTo(state, input);
  if (difference !== undefined) return takeAnew(state, difference);
  state.listening = true;
  return lookUpOpen(state);
}

/**
 * What we know of the account is not what the venue knows: nothing more is sent until it has been read from the venue,
 * which then begins a new generation of our log (ADR 6).
 */
export function takeAnew(state: ExecutionState, reason: string): ExecutionOutput[] {
  if (state.accountId === undefined) return [];
  state.accountId = undefined;
  state.rebaseReason = reason;
  state.listening = false;
  return state.connected ? [readAccount(state)] : [];
}

function readAccount(state: ExecutionState): ExecutionOutput {
  const { rebaseReason: reason } = state;
  const notBeforeNs = state.lastWrittenNs + state.config.maxInFlightNs;
  return { type: 'read-account', connection: state.connection, reason, notBeforeNs };
}

/** A connection that was down may have missed updates: every order that is still open is looked up. */
function lookUpOpen(state: ExecutionState): ExecutionOutput[] {
  return Array.from(state.orders.values())
    .filter(({ status }) => OPEN.has(status))
    .map(({ terms }) => ({ type: 'lookup', clOrdId: terms.clOrdId, notBeforeNs: 0n }));
}

const OPEN: ReadonlySet<string> = new Set(['PENDING_NEW', 'UNKNOWN', 'NEW', 'PARTIALLY_FILLED', 'PENDING_CANCEL']);

/** Whether the name says that an execution of this installation sent it. */
export function isOurs({ config }: ExecutionState, clOrdId: string): boolean {
  return clOrdId.startsWith(`${config.prefix}-`);
}

/** How the venue's account and latest orders show that its book or our log began anew while the other went on. */
function differenceTo(
  state: ExecutionState,
  venue: { readonly accountId: string; readonly clOrdIds: readonly string[] },
): string | undefined {
  if (venue.accountId !== state.accountId) {
    return `the venue has account ${venue.accountId}, we traded on ${state.accountId}`;
  }
  const ours = venue.clOrdIds.filter((clOrdId) => isOurs(state, clOrdId));
  const foreign = ours.find((clOrdId) => !state.orders.has(clOrdId) && !state.settled.has(clOrdId));
  if (foreign !== undefined) return `the venue has order ${foreign} of ours, which this execution log does not know`;
  const acknowledged = Array.from(state.orders.values()).filter(({ orderId }) => orderId !== null);
  const latest = acknowledged.at(-1)?.terms.clOrdId;
  if (latest === undefined || venue.clOrdIds.includes(latest)) return undefined;
  return `the venue no longer knows order ${latest}: its book is not the one we traded on`;
}

/**
 * Begins our log anew with the account as the venue has it. Whatever was approved for an earlier generation has its
 * effect in that account or none: it is never sent, and risk frees what it held for it.
 */
export function onAccount(
  state: ExecutionState,
  input: Extract<ExecutionInput, { type: 'account' }>,
): ExecutionOutput[] {
  if (input.connection !== state.connection || !state.connected || state.accountId !== undefined) return [];
  const { account, reason } = input;
  state.generation += 1;
  state.accountId = account.accountId;
  state.orders.clear();
  for (const order of account.openOrders) adopt(state, order);
  state.settled = new Set(account.latestClOrdIds.filter((clOrdId) => !state.orders.has(clOrdId)));
  state.listening = true;
  const { accountId, cash, positions, openOrders } = account;
  return [
    { type: 'begin-log', generation: state.generation },
    { type: 'append', kind: 'AccountRebased', payload: { reason, accountId, cash, positions, openOrders } },
    ...sayRiskLog(state),
  ];
}

function adopt(state: ExecutionState, order: OpenVenueOrder): void {
  const { clOrdId, symbol, side, orderQty } = order;
  const tracked = track({ clOrdId, symbol, side, orderQty, receivedNs: null }, order.ordStatus);
  tracked.orderId = order.orderId;
  tracked.cumQty = decimal(order.cumQty);
  state.orders.set(clOrdId, tracked);
}

/** Until risk has read this, it may not know of an order that its predecessor approved and we have just sent. */
export function sayRiskLog({ riskLog, caughtUp }: ExecutionState): ExecutionOutput[] {
  if (riskLog === undefined || !caughtUp) return [];
  return [{ type: 'append', kind: 'RiskGenerationSeen', payload: riskLog }];
}
