import type { Payload } from '@tickpath/wire';
import {
  type ExecutionInput,
  type ExecutionOutput,
  openExecution,
  stepExecution,
  type VenueOrder,
  type VenueUpdate,
} from '../src/core/index.ts';

export const LOG = 'execution-log/1';
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

/** An output in a few words: `submit`, `OrderFilled 4 of 10 PARTIALLY_FILLED`, `lookup from 0`, `warn …`. */
export function inWords(output: ExecutionOutput): string {
  if (output.type === 'submit') return `submit ${output.approval.clOrdId}`;
  if (output.type === 'lookup') return `lookup from ${output.notBeforeNs}`;
  if (output.type === 'warn') return `warn ${output.text}`;
  if (output.kind === 'OrderFilled') {
    const { lastQty, cumQty, leavesQty, ordStatus } = output.payload;
    return `OrderFilled ${lastQty} to ${cumQty}, leaves ${leavesQty}, ${ordStatus}`;
  }
  return 'reason' in output.payload ? `${output.kind} ${output.payload.reason}` : output.kind;
}

/** An execution core that follows the risk log and hears the venue, and answers in words. */
export function anExecution({ caughtUp = true, listening = true } = {}) {
  const state = openExecution({ log: LOG, prefix: 'tp', maxInFlightNs: MAX_IN_FLIGHT_NS });
  const run = (input: ExecutionInput) => stepExecution(state, input);
  if (caughtUp) run({ type: 'caught-up' });
  if (listening) run({ type: 'listening', up: true });
  const step = (input: ExecutionInput) => run(input).map(inWords);
  return {
    state,
    run,
    step,
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
    status: () => state.orders.get('tp-1')?.status,
  };
}
