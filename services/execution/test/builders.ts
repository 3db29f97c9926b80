import type { LogIdentity, Payload } from '@tickpath/wire';
import {
  type ExecutionConfig,
  type ExecutionInput,
  type ExecutionOutput,
  type ExecutionState,
  type FillsAsked,
  type OpenVenueOrder,
  restoreExecution,
  stepExecution,
  type VenueAccount,
  type VenueFill,
  type VenueOrder,
  type VenueUpdate,
} from '../src/core/index.ts';

const UUID = 'execution-log';
/** The log of an execution that has taken the account once. */
export const LOG = `${UUID}/1/1`;
export const RISK_LOG = { uuid: 'risk-log', generation: 1 };
export const ACCOUNT_ID = 'account-1';
export const STARTED_NS = 5_000n;
export const MAX_IN_FLIGHT_NS = 1_000n;
export const RETRY_NS = 250_000_000n;
export const NOW_NS = 10_000n;

export const CONFIG: ExecutionConfig = {
  uuid: UUID,
  generation: 1,
  prefix: 'tp',
  maxInFlightNs: MAX_IN_FLIGHT_NS,
  startedNs: STARTED_NS,
};

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

export function aVenueFill(cumQty: string, lastQty: string): VenueFill {
  return { orderId: 'v-1', execId: `x-${cumQty}`, cumQty, lastQty, lastPx: '99.5', venueTsNs: 8n };
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
    case 'fetch-fills':
      return `fetch-fills of ${wantedInWords(output)} from ${output.notBeforeNs}`;
    case 'list-orders':
      return `list-orders ${output.connection}`;
    case 'read-account':
      return `read-account ${output.connection} from ${output.notBeforeNs}: ${output.reason}`;
    case 'append':
      return appendedInWords(output);
  }
}

function wantedInWords({ orders, connection }: FillsAsked): string {
  const wanted = orders.map(({ orderId, knownQty }) => `${orderId} beyond ${knownQty}`).join(', ');
  return connection === null ? wanted : `${wanted} for ${connection}`;
}

function appendedInWords(output: Extract<ExecutionOutput, { type: 'append' }>): string {
  const { kind, payload } = output;
  if (kind === 'OrderFilled') {
    const { lastQty, cumQty, leavesQty, ordStatus } = payload;
    return `OrderFilled ${lastQty} to ${cumQty}, leaves ${leavesQty}, ${ordStatus}`;
  }
  if (kind === 'TradingStateChanged') return `${kind} ${payload.state}`;
  if (kind === 'RiskGenerationSeen') return `${kind} ${payload.uuid}/${payload.generation}`;
  if (kind === 'AccountRebased') return `${kind} ${payload.rebase} in ${payload.generation}: ${payload.reason}`;
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
  const state = restoreExecution(CONFIG);
  const run = (input: ExecutionInput) => stepExecution(state, input);
  run({ type: 'started' });
  const driven = { ...drive(state), state };
  const { takeAccount } = driven;
  if (caughtUp) run({ type: 'caught-up', riskLog: RISK_LOG });
  if (connected) {
    run({ type: 'connected' });
    takeAccount(account);
  }
  return driven;
}

/** What can happen to an execution core, answered in words. */
export function drive(state: ExecutionState) {
  const run = (input: ExecutionInput) => stepExecution(state, input);
  const step = (input: ExecutionInput) => run(input).map(inWords);
  return {
    run,
    step,
    takeAccount: (fields: Partial<VenueAccount> = {}, connection = state.connection) =>
      step({ type: 'account', connection, reason: state.taking ?? '', account: aVenueAccount(fields) }),
    approve: (fields: Partial<Payload<'OrderApproved'>> = {}, nowNs = NOW_NS, decidedBefore = false) =>
      step({ type: 'approved', riskSeq: 3, approval: anApproval(fields), decidedBefore, nowNs }),
    update: (update: VenueUpdate, decidedBefore = false) => step({ type: 'update', update, decidedBefore }),
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
    /** The executions among the activities, each as the quantity it brought the order to and its own; none: no answer. */
    fetched: (
      begunNs: bigint,
      fills?: readonly (readonly [cumQty: string, lastQty: string])[],
      connection: number | null = null,
    ) =>
      step({
        type: 'fills',
        asked: {
          type: 'fetch-fills',
          connection,
          orders: [{ clOrdId: 'tp-1', orderId: 'v-1', knownQty: '0' }],
          fromNs: null,
          notBeforeNs: begunNs,
        },
        begunNs,
        fills: fills?.map(([cumQty, lastQty]) => ({
          ...aVenueFill(cumQty, lastQty),
          clOrdId: 'tp-1',
          execId: `activity-${cumQty}`,
        })),
      }),
    /** The answer to `list-orders` of this connection; `decided` are in the log, but no longer in memory. */
    listed: (
      clOrdIds: readonly string[],
      {
        accountId = ACCOUNT_ID,
        connection = state.connection,
        decided = [],
        shown = [],
      }: {
        accountId?: string;
        connection?: number;
        decided?: readonly string[];
        shown?: readonly Partial<VenueOrder>[];
      } = {},
    ) => {
      const orders = clOrdIds.map((clOrdId, n) => ({
        clOrdId,
        decidedBefore: decided.includes(clOrdId),
        shown: shown[n] === undefined ? undefined : { ...aVenueOrder({ clOrdId, ...shown[n] }), createdNs: 6n },
      }));
      return step({ type: 'venue-orders', connection, accountId, orders });
    },
    disconnect: () => step({ type: 'disconnected' }),
    connect: () => step({ type: 'connected' }),
    caughtUp: (riskLog: LogIdentity = RISK_LOG) => step({ type: 'caught-up', riskLog }),
    status: (clOrdId = 'tp-1') => state.orders.get(clOrdId)?.status,
  };
}
