import type { OrderIntent } from '@tickpath/trading';
import type { Payload } from '@tickpath/wire';
import {
  type Decision,
  type ExecutionEvent,
  openRisk,
  type RiskConfig,
  type RiskInput,
  type RiskOutput,
  stepRisk,
} from '../src/core/index.ts';

export const NOW_NS = 10_000n;
export const EXECUTION_LOG = 'execution-log/1';
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

/** An account with nothing in it but the cash that was paid in, unless told otherwise. */
export function anAccount(fields: Partial<Payload<'AccountRebased'>> = {}): Payload<'AccountRebased'> {
  const empty = { accountId: 'account-1', cash: INITIAL_CASH, positions: [], openOrders: [] };
  return { reason: 'by test', ...empty, ...fields };
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
  let seq = 0;
  let orders = 0;
  const run = (input: RiskInput) => stepRisk(state, input);
  const check = (fields: Partial<OrderIntent> = {}, requestId = 'q-1', nowNs = NOW_NS) =>
    run({ type: 'check', requestId, intent: anIntent(fields), nowNs });
  const execution = <K extends ExecutionEvent['kind']>(kind: K, payload: Payload<K>) => {
    seq += 1;
    return run({ type: 'execution', event: { kind, seq, payload } as unknown as ExecutionEvent });
  };
  /** Execution begins a log: with the account, the risk log it follows and that it trades. */
  const begin = (account: Partial<Payload<'AccountRebased'>> = {}, executionLog = EXECUTION_LOG) => {
    seq = 0;
    const outputs = execution('AccountRebased', anAccount(account));
    outputs.push(...execution('RiskGenerationSeen', RISK_LOG));
    outputs.push(...execution('TradingStateChanged', { state: 'ACTIVE', reasons: [] }));
    outputs.push(...run({ type: 'execution-caught-up', executionLog }));
    return outputs;
  };
  /** Another log of execution, that begins with the account as it is at the venue. */
  const rebase = (account: Partial<Payload<'AccountRebased'>> = {}, executionLog = 'execution-log/2') => [
    ...run({ type: 'execution-log-changed' }),
    ...begin(account, executionLog),
  ];
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
    run,
    check: (...asked: Parameters<typeof check>) => check(...asked).map(inWords),
    outputs: check,
    execution,
    begin: (...begun: Parameters<typeof begin>) => begin(...begun).map(inWords),
    rebase: (...rebased: Parameters<typeof rebase>) => rebase(...rebased).map(inWords),
    order,
    say: (...said: Parameters<typeof say>) => say(...said).map(inWords),
    fill: (...filled: Parameters<typeof fill>) => fill(...filled).map(inWords),
    filled: (...filled: Parameters<typeof fill>) => fill(...filled),
    /** Brings the position to `qty` by an order that is approved and filled. */
    hold: (qty: number, symbol = 'IBM') => {
      const { approved, clOrdId } = order(qty < 0 ? 'SELL' : 'BUY', `${Math.abs(qty)}`, symbol);
      if (!approved) throw new Error(`a position of ${qty} ${symbol} is not allowed`);
      say('submitted', clOrdId);
      fill(clOrdId, `${Math.abs(qty)}`);
    },
  };
}
