import assert from 'node:assert/strict';
import type { OrderIntent } from '@tickpath/trading';
import type { LogIdentity, Payload } from '@tickpath/wire';
import {
  type CheckMade,
  type Decision,
  type ExecutionEvent,
  openRisk,
  type RiskAppend,
  type RiskConfig,
  type RiskInput,
  type RiskOutput,
  stepRisk,
} from '../src/core/index.ts';

export const NOW_NS = 10_000n;
export const EXECUTION_LOG: LogIdentity = { uuid: 'execution-log', generation: 1 };
/** The first taking of the account in it, as approvals name it. */
export const TAKING = 'execution-log/1/1';
export const RISK_LOG = { uuid: 'risk-log', generation: 1 };
export const INITIAL_CASH = '100000';

export const LIMITS: RiskConfig['limits'] = {
  maxOrderNotionalUsd: '10000',
  maxPositionQty: '150',
  maxPositionNotionalUsd: '16000',
  maxGrossNotionalUsd: '20000',
};

export function anIntent(fields: Partial<OrderIntent> = {}): OrderIntent {
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
    ...fields,
  };
}

/** An output in a few words: `append OrderApproved tp-1`, `reply approved`, `reply NOT_READY …`. */
export function inWords(output: RiskOutput): string {
  if (output.type === 'append') return `append ${output.kind} ${output.clOrdId ?? ''}`.trimEnd();
  const { approved, reason, text } = output.decision;
  return approved ? 'reply approved' : `reply ${reason}: ${text}`;
}

/** What follows from an event of the execution log, beside the word that it was applied. */
export function effects(outputs: readonly RiskOutput[]): RiskOutput[] {
  return outputs.filter((output) => output.type !== 'append' || output.kind !== 'ExecutionApplied');
}

/** An account with nothing in it but the cash that was paid in, unless told otherwise. */
export function anAccount(fields: Partial<Payload<'AccountRebased'>> = {}): Payload<'AccountRebased'> {
  const empty = { accountId: 'account-1', cash: INITIAL_CASH, positions: [], openOrders: [] };
  return { reason: 'by test', ...empty, rebase: 1, generation: 1, ...fields };
}

type OpenVenueOrder = Payload<'AccountRebased'>['openOrders'][number];

/** An order of ours that the venue has open. */
export function anOpenVenueOrder(clOrdId: string, fields: Partial<OpenVenueOrder> = {}): OpenVenueOrder {
  const terms = { clOrdId, orderId: `v-${clOrdId}`, symbol: 'IBM', side: 'BUY', orderQty: '10' } as const;
  return { ...terms, cumQty: '0', ordStatus: 'NEW', ...fields };
}

/** A risk core that trades at 100 in IBM and SPY unless told otherwise. */
export function aRisk(options: { limits?: Partial<RiskConfig['limits']>; ready?: boolean; priced?: boolean } = {}) {
  const { limits, ready = true, priced = true } = options;
  const log = `${RISK_LOG.uuid}/${RISK_LOG.generation}`;
  const state = openRisk({ log, limits: { ...LIMITS, ...limits } });
  const journal: RiskAppend[] = [];
  const decided = new Set<string>();
  let executionLog = EXECUTION_LOG;
  let seq = 0;
  let rebases = 0;
  let orders = 0;
  const run = (input: RiskInput) => {
    const checks: CheckMade[] = [];
    const outputs = stepRisk(state, input, (made) => checks.push(made));
    for (const output of outputs) {
      if (output.type === 'reply' && !output.decision.approved) {
        assert.ok(
          checks.some(({ passed }) => !passed),
          `no check says why it was refused: ${output.decision.text}`,
        );
      }
      if (output.type !== 'append') continue;
      journal.push(output);
      if (output.clOrdId !== null) decided.add(output.clOrdId);
    }
    return outputs;
  };
  const check = (fields: Partial<OrderIntent> = {}, requestId = 'q-1', nowNs = NOW_NS) => {
    const intent = anIntent(fields);
    return run({ type: 'check', requestId, intent, nowNs, decidedBefore: decided.has(intent.clOrdId) });
  };
  const execution = <K extends ExecutionEvent['kind']>(kind: K, payload: Payload<K>) => {
    seq += 1;
    const event = { kind, seq, payload } as unknown as ExecutionEvent;
    const decidedBefore = 'clOrdId' in event.payload && decided.has(event.payload.clOrdId);
    return run({ type: 'execution', log: executionLog, event, decidedBefore });
  };
  /** Execution takes the account, says which risk log it follows and that it trades. */
  const rebase = (account: Partial<Payload<'AccountRebased'>> = {}) => {
    rebases += 1;
    const { generation } = executionLog;
    const outputs = execution('AccountRebased', anAccount({ rebase: rebases, generation, ...account }));
    outputs.push(...execution('RiskGenerationSeen', RISK_LOG));
    outputs.push(...execution('TradingStateChanged', { state: 'ACTIVE', reasons: [] }));
    return outputs;
  };
  /** An execution log is read from its first event on, to its end. */
  const begin = (account: Partial<Payload<'AccountRebased'>> = {}, log = EXECUTION_LOG) => {
    executionLog = log;
    seq = 0;
    return [...rebase(account), ...run({ type: 'execution-caught-up', log })];
  };
  if (ready) begin();
  if (priced) for (const symbol of ['IBM', 'SPY']) run({ type: 'trade', symbol, px: '100' });

  /** Asks for a market order under an id of its own and says what became of it. */
  const order = (side: 'BUY' | 'SELL', orderQty: string, symbol = 'IBM'): Decision => {
    orders += 1;
    const reply = check({ clOrdId: `o-${orders}`, side, orderQty, symbol }).at(-1);
    if (reply?.type !== 'reply') throw new Error('a check without a reply');
    return reply.decision;
  };
  const termsOf = (clOrdId: string) => {
    const reservation = state.reservations.get(clOrdId);
    const { symbol = 'IBM', side = 'BUY', receivedNs = null } = reservation ?? {};
    const orderQty = reservation?.leavesQty.plus(reservation.cumQty).toFixed() ?? '10';
    return { clOrdId, symbol, side, orderQty, receivedNs };
  };
  const refOf = (clOrdId: string, symbol = state.reservations.get(clOrdId)?.symbol ?? 'IBM') => ({ clOrdId, symbol });
  const say = (
    kind: 'submitted' | 'unknown' | 'accepted' | 'canceled' | 'expired' | 'rejected' | 'refused',
    clOrdId: string,
  ) => {
    const ref = refOf(clOrdId);
    const atVenue = { ...ref, orderId: `v-${clOrdId}`, venueTsNs: 1n };
    if (kind === 'submitted') return execution('OrderSubmitted', { ...termsOf(clOrdId), riskSeq: 1 });
    if (kind === 'unknown') return execution('OrderUnknown', { ...termsOf(clOrdId), reason: 'ETIMEDOUT' });
    if (kind === 'accepted') return execution('OrderAccepted', atVenue);
    if (kind === 'canceled') return execution('OrderCanceled', atVenue);
    if (kind === 'expired') return execution('OrderExpired', atVenue);
    if (kind === 'rejected') return execution('OrderRejected', { ...ref, orderId: null, reason: 'no' });
    return execution('OrderRefused', { ...ref, reason: 'NEVER_SENT' });
  };
  /** A fill of an order known to risk, or of one of `foreign` when it has been closed. */
  const fill = (clOrdId: string, lastQty: string, lastPx = '100', foreign?: Partial<Payload<'OrderFilled'>>) => {
    const reservation = state.reservations.get(clOrdId);
    const leaves = reservation?.leavesQty.minus(lastQty).toFixed() ?? '0';
    const cum = reservation?.cumQty.plus(lastQty).toFixed() ?? lastQty;
    return execution('OrderFilled', {
      ...refOf(clOrdId),
      orderId: `v-${clOrdId}`,
      execId: `x-${seq}`,
      side: reservation?.side ?? 'BUY',
      lastQty,
      lastPx,
      cumQty: cum,
      leavesQty: leaves,
      ordStatus: leaves === '0' ? 'FILLED' : 'PARTIALLY_FILLED',
      venueTsNs: 1n,
      ...foreign,
    });
  };
  return {
    state,
    /** Every event of the risk log. */
    journal,
    run,
    check: (...asked: Parameters<typeof check>) => effects(check(...asked)).map(inWords),
    outputs: check,
    execution,
    /** As if execution had another log from now on, of which nothing has been read. */
    readsFrom: (log: LogIdentity) => {
      executionLog = log;
      seq = 0;
    },
    begin: (...begun: Parameters<typeof begin>) => effects(begin(...begun)).map(inWords),
    rebase: (...rebased: Parameters<typeof rebase>) => effects(rebase(...rebased)).map(inWords),
    order,
    say: (...said: Parameters<typeof say>) => effects(say(...said)).map(inWords),
    fill: (...filled: Parameters<typeof fill>) => effects(fill(...filled)).map(inWords),
    filled: (...filled: Parameters<typeof fill>) => effects(fill(...filled)),
    /** Brings the position to `qty` by an order that is approved and filled. */
    hold: (qty: number, symbol = 'IBM') => {
      const { approved, clOrdId } = order(qty < 0 ? 'SELL' : 'BUY', `${Math.abs(qty)}`, symbol);
      if (!approved) throw new Error(`a position of ${qty} ${symbol} is not allowed`);
      say('submitted', clOrdId);
      fill(clOrdId, `${Math.abs(qty)}`);
    },
  };
}
