import type { LogIdentity } from '@tickpath/wire';
import fc from 'fast-check';
import type { ExecutionEvent, RiskInput } from '../src/core/index.ts';
import { anAccount, anOpenVenueOrder, RISK_LOG } from './builders.ts';

const sides = fc.constantFrom('BUY' as const, 'SELL' as const);
const symbols = fc.constantFrom('IBM', 'SPY');
const clOrdIds = fc.nat(8).map((n) => `tp-${n}`);
const amounts = fc.integer({ min: 1, max: 120 }).map(String);
const prices = fc.integer({ min: 1, max: 2000 }).map((n) => `${n / 10}`);
const logs: fc.Arbitrary<LogIdentity> = fc.oneof(
  { weight: 8, arbitrary: fc.constant({ uuid: 'execution-log', generation: 1 }) },
  { weight: 1, arbitrary: fc.constant({ uuid: 'execution-log', generation: 2 }) },
  { weight: 1, arbitrary: fc.constant({ uuid: 'another-log', generation: 1 }) },
);

const checks: fc.Arbitrary<RiskInput> = fc.record({
  type: fc.constant('check' as const),
  requestId: fc.constantFrom('q-1', 'q-2'),
  intent: fc.record({
    clOrdId: clOrdIds,
    symbol: symbols,
    side: sides,
    orderQty: fc.integer({ min: 0, max: 120 }).map(String),
    ordType: fc.constantFrom('MARKET' as const, 'MARKET' as const, 'LIMIT' as const),
    timeInForce: fc.constant('DAY' as const),
    strategy: fc.constant('s'),
    cause: fc.constant('trade:7'),
    receivedNs: fc.bigInt({ min: 0n, max: 20n }),
    expiresNs: fc.bigInt({ min: 10n, max: 30n }),
  }),
  nowNs: fc.bigInt({ min: 0n, max: 12n }),
  decidedBefore: fc.boolean(),
});

const refs = fc.record({ clOrdId: clOrdIds, symbol: symbols });
const terms = fc.record({
  clOrdId: clOrdIds,
  symbol: symbols,
  side: sides,
  orderQty: amounts,
  receivedNs: fc.option(fc.bigInt({ min: 0n, max: 2n ** 62n })),
});
const atVenue = refs.map((ref) => ({ ...ref, orderId: 'v-1', venueTsNs: 1n }));
const fills = fc
  .record({ ref: refs, side: sides, lastQty: amounts, lastPx: prices, leavesQty: fc.constantFrom('0', '3') })
  .map(({ ref, ...of }) => ({ ...ref, ...of, orderId: null, execId: 'x-1', cumQty: '7', venueTsNs: 1n }))
  .map((fill) => ({ ...fill, ordStatus: fill.leavesQty === '0' ? 'FILLED' : 'PARTIALLY_FILLED' }) as const);
const accounts = fc
  .record({
    qty: fc.integer({ min: -90, max: 90 }),
    generation: fc.integer({ min: 1, max: 2 }),
    rebase: fc.integer({ min: 1, max: 9 }),
    open: fc.subarray(['tp-1', 'tp-2', 'tp-8']),
  })
  .map(({ qty, open, ...of }) => {
    const positions = qty === 0 ? [] : [{ symbol: 'SPY', qty: `${qty}`, cost: `${qty * 100}` }];
    return anAccount({ cash: `${qty}.5`, positions, openOrders: open.map((id) => anOpenVenueOrder(id)), ...of });
  });
const tradings = fc.constantFrom(
  { state: 'ACTIVE' as const, reasons: [] },
  { state: 'ACTIVE' as const, reasons: [] },
  { state: 'CATCHING_UP' as const, reasons: ['the updates are not connected'] },
  { state: 'HALTED' as const, reasons: ['by hand'] },
);

function event<K extends ExecutionEvent['kind'], P>(kind: K, payload: fc.Arbitrary<P>) {
  return payload.map((made) => ({ kind, payload: made }));
}

const executions: fc.Arbitrary<RiskInput> = fc
  .record({
    log: logs,
    seq: fc.integer({ min: 1, max: 2 ** 40 }),
    decidedBefore: fc.boolean(),
    said: fc.oneof(
      event('AccountRebased', accounts),
      event('RiskGenerationSeen', fc.constantFrom(RISK_LOG, RISK_LOG, { uuid: 'other-risk', generation: 1 })),
      event('TradingStateChanged', tradings),
      event(
        'OrderSubmitted',
        terms.map((of) => ({ ...of, riskSeq: 1 })),
      ),
      event(
        'OrderUnknown',
        terms.map((of) => ({ ...of, reason: 'ETIMEDOUT' })),
      ),
      event('OrderAccepted', atVenue),
      event('OrderFilled', fills),
      event('OrderFilled', fills),
      event('OrderCanceled', atVenue),
      event(
        'OrderRejected',
        refs.map((ref) => ({ ...ref, orderId: null, reason: 'no' })),
      ),
      event(
        'OrderRefused',
        refs.map((ref) => ({ ...ref, reason: 'NEVER_SENT' })),
      ),
    ),
  })
  .map(({ log, seq, decidedBefore, said }) => {
    return { type: 'execution', log, event: { ...said, seq } as unknown as ExecutionEvent, decidedBefore };
  });

const changes: fc.Arbitrary<RiskInput> = fc.oneof(
  logs.map((log): RiskInput => ({ type: 'execution-caught-up', log })),
  logs.map((log): RiskInput => ({ type: 'execution-caught-up', log })),
  fc.boolean().map((silent): RiskInput => ({ type: 'execution-silent', silent })),
  fc.constantFrom<RiskInput>(
    { type: 'started' },
    { type: 'execution-log-changed' },
    { type: 'execution-cut' },
    { type: 'execution-log-compacted', firstSeq: 7 },
    { type: 'halt', reason: 'by hand' },
    { type: 'rebase' },
    { type: 'rebase' },
    {
      type: 'execution-log-unknown',
      known: { uuid: 'execution-log', generation: 1 },
      stated: { uuid: 'another-log', generation: 1 },
    },
  ),
);

const dataStates: fc.Arbitrary<RiskInput> = fc
  .record({ symbol: symbols, valid: fc.boolean(), sinceNs: fc.bigInt({ min: 0n, max: 12n }) })
  .map((of): RiskInput => ({ type: 'data-state', ...of, reasons: of.valid ? [] : ['stale'] }));
const silences = fc.boolean().map((silent): RiskInput => ({ type: 'market-silent', silent, nowNs: 5n }));

/** A symbol has a price more often than not, and execution is ready more often than any one input would have it. */
const ready: RiskInput[] = [
  { type: 'trade', symbol: 'IBM', px: '100' },
  { type: 'trade', symbol: 'SPY', px: '50' },
  ...(['AccountRebased', 'RiskGenerationSeen', 'TradingStateChanged'] as const).map((kind, index): RiskInput => {
    const payloads = [anAccount({ cash: '100000' }), RISK_LOG, { state: 'ACTIVE', reasons: [] }];
    const log = { uuid: 'execution-log', generation: 1 };
    const said = { kind, seq: index + 1, payload: payloads[index] } as unknown as ExecutionEvent;
    return { type: 'execution', log, event: said, decidedBefore: false };
  }),
  { type: 'execution-caught-up', log: { uuid: 'execution-log', generation: 1 } },
];

/** Anything that risk may be told, in any order, likely or not. */
export const anyInputs: fc.Arbitrary<readonly RiskInput[]> = fc
  .array(
    fc.oneof(
      { weight: 6, arbitrary: checks },
      { weight: 8, arbitrary: executions },
      { weight: 2, arbitrary: changes },
      { weight: 1, arbitrary: dataStates },
      { weight: 1, arbitrary: silences },
      {
        weight: 2,
        arbitrary: fc.record({ type: fc.constant('trade' as const), symbol: symbols, px: prices }),
      },
    ),
    { maxLength: 60 },
  )
  .map((list) => [...ready, ...list]);
