import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { SpanRecord } from '@tickpath/runtime';
import { ORDER_SPAN, readTraceparent, spanIdOf, traceIdOf, traceparentOf } from '@tickpath/trading';
import type { LogIdentity } from '@tickpath/wire';
import fc from 'fast-check';
import { type ExecutionEvent, type OrderEvent, type RiskInput, type RiskOutput, stepRisk } from '../src/core/index.ts';
import { causationOf, type RiskJournalEvent, toJournal, traceparentOfEvent } from '../src/journal-events.ts';
import { checkSpans, executionSpans, type StampedCheck } from '../src/order-spans.ts';
import { anAccount, anIntent, anOpenVenueOrder, aRisk, EXECUTION_LOG, NOW_NS, RISK_LOG } from './builders.ts';
import './seed.ts';

const TRACE = traceIdOf('tp-1');
const ROOT = spanIdOf(TRACE, ORDER_SPAN);
const ASKED = 'signal.ask 1';
const UPDATE_SPAN = traceparentOf('tp-1', 'execution.log OrderFilled 10');

/** A risk with the bookkeeping of its shell around it: every look at the clock is a nanosecond later. */
function aTracedRisk() {
  const risk = aRisk();
  const emitted: SpanRecord[] = [];
  /** The spans under which the events of the risk log about the order say they were published. */
  const published: string[] = [];
  let clockNs = NOW_NS;
  let seq = 0;
  let log: LogIdentity = EXECUTION_LOG;
  const nowNs = () => {
    clockNs += 1n;
    return clockNs;
  };
  const appended = (outputs: readonly RiskOutput[]) => {
    for (const output of outputs) {
      if (output.type !== 'append' || output.clOrdId === null) continue;
      const event = toJournal(output, causationOf({ ...log, seq })) as RiskJournalEvent;
      const context = readTraceparent(traceparentOfEvent(event));
      published.push(context?.spanId ?? '');
    }
    return outputs;
  };
  const check = (attempt = 1, fields: Partial<ReturnType<typeof anIntent>> = {}) => {
    const startNs = nowNs();
    const checks: StampedCheck[] = [];
    const intent = anIntent({ expiresNs: 10n ** 15n, ...fields });
    const input: RiskInput = { type: 'check', requestId: `q-${attempt}`, intent, nowNs: startNs, decidedBefore: false };
    const outputs = appended(stepRisk(risk.state, input, (made) => checks.push({ ...made, tsNs: nowNs() })));
    const reply = outputs.at(-1);
    assert.ok(reply?.type === 'reply');
    const traceparent = traceparentOf(intent.clOrdId, `signal.ask ${attempt}`);
    const asked = { decision: reply.decision, traceparent, checks };
    emitted.push(...checkSpans(asked, { startNs, endNs: nowNs() }, outputs));
    return reply.decision;
  };
  const apply = <K extends ExecutionEvent['kind']>(
    kind: K,
    payload: Extract<ExecutionEvent, { kind: K }>['payload'],
  ) => {
    seq += 1;
    const event = { kind, seq, payload } as unknown as ExecutionEvent;
    const startNs = nowNs();
    const outputs = appended(stepRisk(risk.state, { type: 'execution', log, event, decidedBefore: true }));
    if (!('clOrdId' in event.payload)) return;
    const from = { log, traceparent: UPDATE_SPAN };
    emitted.push(...executionSpans(event as OrderEvent, from, { startNs, endNs: nowNs() }, outputs));
  };
  const submitted = { clOrdId: 'tp-1', symbol: 'IBM', side: 'BUY', orderQty: '10', receivedNs: 9_000n } as const;
  const fill = (cumQty: number, lastQty: number) =>
    apply('OrderFilled', {
      ...{ clOrdId: 'tp-1', orderId: 'v-1', execId: `x-${cumQty}`, symbol: 'IBM', side: 'BUY', lastPx: '100' },
      ...{ lastQty: `${lastQty}`, cumQty: `${cumQty}`, leavesQty: `${10 - cumQty}`, venueTsNs: 1n },
      ordStatus: cumQty === 10 ? 'FILLED' : 'PARTIALLY_FILLED',
    });
  return {
    risk,
    emitted,
    published,
    names: () => emitted.map(({ name }) => name),
    check,
    apply,
    fill,
    submit: () => apply('OrderSubmitted', { ...submitted, riskSeq: 1 }),
    /** Another execution log that has the order open: its events are counted from 1 again. */
    rebase: (other: LogIdentity, cumQty: number) => {
      log = other;
      seq = 0;
      stepRisk(risk.state, { type: 'execution-log-changed' });
      const { generation } = log;
      const ordStatus = cumQty === 0 ? 'NEW' : 'PARTIALLY_FILLED';
      const positions = cumQty === 0 ? [] : [{ symbol: 'IBM', qty: `${cumQty}`, cost: `${cumQty * 100}` }];
      const openOrders = [anOpenVenueOrder('tp-1', { cumQty: `${cumQty}`, ordStatus })];
      apply('AccountRebased', anAccount({ cash: `${100_000 - cumQty * 100}`, positions, openOrders, generation }));
      apply('RiskGenerationSeen', RISK_LOG);
      apply('TradingStateChanged', { state: 'ACTIVE', reasons: [] });
      stepRisk(risk.state, { type: 'execution-caught-up', log });
    },
    /** The order's trace as it would be whole: with signal's root and its questions around risk's part. */
    checkTree: (attempts = 1) => {
      const endNs = nowNs();
      const around = Array.from({ length: attempts }, (_, i): SpanRecord => {
        const spanId = spanIdOf(TRACE, `signal.ask ${i + 1}`);
        const question = { name: 'send riskCheck', kind: 'client', startNs: NOW_NS, endNs } as const;
        return { traceId: TRACE, spanId, parentSpanId: ROOT, ...question };
      });
      const root = {
        traceId: TRACE,
        spanId: ROOT,
        name: 'order IBM',
        kind: 'internal',
        startNs: 9_000n,
        endNs,
      } as const;
      checkTree([root, ...around, ...emitted]);
    },
  };
}

/** One trace, one root, no orphan, no id twice, and nothing reaches beyond its parent. */
function checkTree(spans: readonly SpanRecord[]): void {
  const byId = new Map(spans.map((span) => [span.spanId, span]));
  assert.equal(byId.size, spans.length, `an id twice: ${spans.map(({ name }) => name).join(', ')}`);
  assert.equal(spans.filter(({ parentSpanId }) => parentSpanId === undefined).length, 1);
  for (const { traceId, name, parentSpanId, startNs, endNs, events = [] } of spans) {
    assert.equal(traceId, TRACE);
    assert.ok(startNs <= endNs, `${name} ends before it begins`);
    for (const { tsNs } of events) assert.ok(startNs <= tsNs && tsNs <= endNs, `an event outside of ${name}`);
    if (parentSpanId === undefined) continue;
    const parent = byId.get(parentSpanId);
    assert.ok(parent !== undefined, `${name} is an orphan`);
    assert.ok(parent.startNs <= startNs && endNs <= parent.endNs, `${name} is not within ${parent.name}`);
  }
}

describe("risk's part of an order's trace", () => {
  test('is its check with every check made, what was approved, and each event of the execution log', () => {
    const traced = aTracedRisk();
    traced.check();
    traced.submit();
    traced.fill(4, 4);
    traced.fill(10, 6);
    assert.deepEqual(traced.names(), [
      'process riskCheck',
      'publish risk.log',
      'process execution.log',
      ...['process execution.log', 'update position', 'publish risk.log'],
      ...['process execution.log', 'update position', 'publish risk.log', 'publish risk.log'],
    ]);
    traced.checkTree();
    const [check] = traced.emitted;
    assert.equal(check?.parentSpanId, spanIdOf(TRACE, ASKED), "signal's question");
    const made = check?.events?.map(({ attributes }) => attributes?.name);
    assert.deepEqual(made?.slice(0, 3), ['trading state', 'form', 'reference price']);
    assert.deepEqual(traced.emitted.at(-1)?.attributes?.['tickpath.event'], 'ReservationFreed');
    const processed = traced.emitted.find(({ name }) => name === 'process execution.log');
    assert.deepEqual(processed?.links, [readTraceparent(UPDATE_SPAN)]);
  });

  test('of a refusal says what was refused and why, the last check being the one that failed', () => {
    const traced = aTracedRisk();
    traced.check(1, { orderQty: '120' });
    assert.deepEqual(traced.names(), ['process riskCheck', 'publish risk.log']);
    const [check] = traced.emitted;
    assert.equal(check?.attributes?.['tickpath.reject_reason'], 'ORDER_EXCEEDS_LIMIT');
    assert.equal(check?.attributes?.['tickpath.reject_text'], 'order notional 12000 > limit 10000');
    assert.equal(check?.events?.at(-1)?.attributes?.passed, false);
    traced.checkTree();
  });

  test('has a span for each time it was asked, and publishes once', () => {
    const traced = aTracedRisk();
    stepRisk(traced.risk.state, { type: 'execution-cut' });
    assert.equal(traced.check(1).reason, 'NOT_READY');
    stepRisk(traced.risk.state, { type: 'execution-caught-up', log: EXECUTION_LOG });
    traced.check(2);
    assert.equal(traced.names().filter((name) => name === 'publish risk.log').length, 1);
    assert.equal(traced.names().filter((name) => name === 'process riskCheck').length, 2);
    traced.checkTree(2);
  });

  test('has no id twice when another execution log goes on with the order under the numbers of the one before', () => {
    const traced = aTracedRisk();
    traced.check();
    for (let padding = 0; padding < 3; padding += 1)
      traced.apply('TradingStateChanged', { state: 'ACTIVE', reasons: [] });
    traced.fill(2, 2);
    traced.rebase({ ...EXECUTION_LOG, generation: 2 }, 2);
    traced.fill(4, 2);
    traced.rebase({ uuid: 'another-log', generation: 2 }, 4);
    traced.fill(10, 6);
    assert.equal(traced.names().filter((name) => name === 'update position').length, 3);
    traced.checkTree();
  });

  test('hangs under the root when the question named no trace', () => {
    const risk = aRisk();
    const outputs = risk.outputs();
    const reply = outputs.at(-1);
    assert.ok(reply?.type === 'reply');
    const times = { startNs: 1n, endNs: 2n };
    for (const traceparent of [null, 'nonsense']) {
      const [check] = checkSpans({ decision: reply.decision, traceparent, checks: [] }, times, outputs);
      assert.equal(check?.parentSpanId, ROOT);
    }
  });
});

test('in whatever order events and rebases come, the spans are one tree and each event has the one it names', () => {
  const words = fc.array(fc.constantFrom('fill', 'accepted', 'padding', 'rebase', 'unknown', 'canceled'), {
    maxLength: 15,
  });
  fc.assert(
    fc.property(words, (list) => {
      const traced = aTracedRisk();
      traced.check();
      traced.submit();
      const at = { clOrdId: 'tp-1', orderId: 'v-1', symbol: 'IBM', venueTsNs: 1n };
      let cum = 0;
      let generation = 1;
      for (const word of list) {
        if (word === 'padding') traced.apply('TradingStateChanged', { state: 'ACTIVE', reasons: [] });
        else if (word === 'accepted') traced.apply('OrderAccepted', at);
        else if (word === 'canceled') traced.apply('OrderCanceled', at);
        else if (word === 'rebase') {
          generation += 1;
          traced.rebase({ ...EXECUTION_LOG, generation }, cum);
        } else if (word === 'unknown') {
          const terms = { clOrdId: 'tp-1', symbol: 'IBM', side: 'BUY', orderQty: '10', receivedNs: null } as const;
          traced.apply('OrderUnknown', { ...terms, reason: 'ETIMEDOUT' });
        } else if (cum < 10) {
          cum += 2;
          traced.fill(cum, 2);
        }
      }
      traced.checkTree();
      const ids = new Set(traced.emitted.map(({ spanId }) => spanId));
      // What a rebase frees or adopts is published beside no span: the account is no event of an order.
      const named = traced.published.filter((spanId) => ids.has(spanId));
      assert.ok(named.length >= traced.names().filter((name) => name === 'publish risk.log').length);
    }),
    { numRuns: 300 },
  );
});
