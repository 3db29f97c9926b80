import type { Payload } from '@tickpath/wire';
import {
  type ExecutionInput,
  type ExecutionOutput,
  type OpenVenueOrder,
  openExecution,
  stepExecution,
  type VenueAccount,
  type VenueOrder,
  type VenueUpdate,
} from '../src/core/index.ts';

const UUID = 'execution-log';
/** The log of an execution that has taken the account once. */
export const LOG = `${UUID}/1`;
export const RISK_LOG = { uuid: 'risk-log', generation: 1 };
export const ACCOUNT_ID = 'account-1';
export const STARTED_NS = 5_000n;
export const MAX_IN_FLIGHT_NS = 1_000n;
export const RETRY_NS = 250_000_000n;
export const NOW_NS = 10_000n;

export function anApproval(fields: Partial<Payload<'OrderApproved'>> = {}): Payload<'OrderApproved'> {
  return {
    clOrdId: 'tp-1',
    symbol: 'IBM',
    side: 'BUY',
    orderQty: '10',
    ordType: 'MARKET',
    timeInForce: 'DAY',
    strategy: 'momentum',
    cause: 'trade:7',
    receivedNs: 9_000n,
    expiresNs: 20_000n,
    executionLog: LOG,
    ...fields,
  };
}

export function aVenueOrder(fields: Partial<VenueOrder> = {}): VenueOrder {
  return { clOrdId: 'tp-1', orderId: 'v-1', filledQty: '0', status: 'new', venueTsNs: 7n, ...fields };
}

/** A fill of `lastQty` that brings the order to `cumQty`. */
export function aFill(cumQty: string, lastQty: string, order: Partial<VenueOrder> = {}): VenueUpdate {
  const status = order.status ?? 'partially_filled';
  const venueOrder = aVenueOrder({ filledQty: cumQty, ...order, status });
  return { type: 'fill', order: venueOrder, execId: `x-${cumQty}`, lastQty, lastPx: '99.5', venueTsNs: 8n };
}

export function aWord(type: Exclude<VenueUpdate['type'], 'fill'>, order: Partial<VenueOrder> = {}): VenueUpdate {
  return { type, order: aVenueOrder({ status: type, ...order }) };
}

export function anOpenVenueOrder(fields: Partial<OpenVenueOrder> = {}): OpenVenueOrder {
  const terms = { clOrdId: 'tp-1', orderId: 'v-1', symbol: 'IBM', side: 'BUY', orderQty: '10' } as const;
  return { ...terms, cumQty: '0', ordStatus: 'NEW', ...fields };
}

/** An account without anything in it but cash, unless told otherwise; what is open is among the latest orders. */
export function aVenueAccount(fields: Partial<VenueAccount> = {}): VenueAccount {
  const latestClOrdIds = (fields.openOrders ?? []).map(({ clOrdId }) => clOrdId);
  return { accountId: ACCOUNT_ID, cash: '1000', positions: [], openOrders: [], latestClOrdIds, ...fields };
}

/** An output in a few words: `submit`, `OrderFilled 4 of 10 PARTIALLY_FILLED`, `lookup from 0`, `warn …`. */
export function inWords(output: ExecutionOutput): string {
  switch (output.type) {
    case 'submit':
      return `submit ${output.approval.clOrdId}`;
    case 'lookup':
      return `lookup from ${output.notBeforeNs}`;
    case 'warn':
      return `warn ${output.text}`;
    case 'begin-log':
      return `begin-log ${output.generation}`;
    case 'list-orders':
      return `list-orders ${output.connection}`;
    case 'read-account':
      return `read-account ${output.connection} from ${output.notBeforeNs}: ${output.reason}`;
    case 'append':
      return appendedInWords(output);
  }
}

function appendedInWords(output: Extract<ExecutionOutput, { type: 'append' }>): string {
  const { kind, payload } = output;
  if (kind === 'OrderFilled') {
    const { lastQty, cumQty, leavesQty, ordStatus } = payload;
    return `OrderFilled ${lastQty} to ${cumQty}, leaves ${leavesQty}, ${ordStatus}`;
  }
  if (kind === 'TradingStateChanged') return `${kind} ${payload.state}`;
  if (kind === 'RiskGenerationSeen') return `${kind} ${payload.uuid}/${payload.generation}`;
  return 'reason' in payload ? `${kind} ${payload.reason}` : kind;
}

/**
 * An execution core that follows the risk log, hears the venue and has read its account, and answers in words. What it
 * knows of the account can be given; `connected: false` stops before the venue has been reached.
 */
export function anExecution({
  caughtUp = true,
  connected = true,
  account,
}: {
  caughtUp?: boolean;
  connected?: boolean;
  account?: Partial<VenueAccount>;
} = {}) {
  const config = { uuid: UUID, prefix: 'tp', maxInFlightNs: MAX_IN_FLIGHT_NS, startedNs: STARTED_NS };
  const state = openExecution(config);
  const run = (input: ExecutionInput) => stepExecution(state, input);
  const step = (input: ExecutionInput) => run(input).map(inWords);
  const takeAccount = (fields: Partial<VenueAccount> = {}, connection = state.connection) =>
    step({ type: 'account', connection, reason: state.rebaseReason, account: aVenueAccount(fields) });
  if (caughtUp) run({ type: 'caught-up', riskLog: RISK_LOG });
  if (connected) {
    run({ type: 'connected' });
    takeAccount(account);
  }
  return {
    state,
    run,
    step,
    takeAccount,
    approve: (fields: Partial<Payload<'OrderApproved'>> = {}, nowNs = NOW_NS) =>
      step({ type: 'approved', riskSeq: 3, approval: anApproval(fields), nowNs }),
    update: (update: VenueUpdate) => step({ type: 'update', update }),
    accepted: (order: Partial<VenueOrder> = {}) =>
      step({ type: 'accepted', clOrdId: 'tp-1', order: aVenueOrder(order) }),
    unanswered: (nowNs = NOW_NS) => step({ type: 'unanswered', clOrdId: 'tp-1', reason: 'ETIMEDOUT', nowNs }),
    lookedUp: (begunNs: bigint, found?: Partial<VenueOrder>) =>
      step({
        type: 'looked-up',
        clOrdId: 'tp-1',
        begunNs,
        outcome: found === undefined ? { type: 'not-found' } : { type: 'found', order: aVenueOrder(found) },
      }),
    /** The answer to `list-orders` of this connection. */
    listed: (clOrdIds: readonly string[], accountId = ACCOUNT_ID, connection = state.connection) =>
      step({ type: 'venue-orders', connection, accountId, clOrdIds }),
    disconnect: () => step({ type: 'disconnected' }),
    connect: () => step({ type: 'connected' }),
    status: () => state.orders.get('tp-1')?.status,
  };
}
