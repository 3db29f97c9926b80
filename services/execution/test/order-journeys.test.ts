import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { SpanRecord, Tracing } from '@tickpath/runtime';
import { ORDER_SPAN, readTraceparent, spanIdOf, traceIdOf, traceparentOf } from '@tickpath/trading';
import fc from 'fast-check';
import type { ExecutionInput, VenueUpdate } from '../src/core/index.ts';
import { type CallResult, isOrderEvent, logSpan, OrderJourneys, SUBMIT_SPAN } from '../src/order-journeys.ts';
import { aFill, anApproval, anExecution, anOpenVenueOrder, aVenueOrder, aWord } from './builders.ts';
import './seed.ts';

const APPROVAL_SPAN = traceparentOf('tp-1', 'risk.log OrderApproved');
const ROOT = spanIdOf(traceIdOf('tp-1'), ORDER_SPAN);

/** An execution with the shell's bookkeeping of times around it; every look at the clock is a nanosecond later. */
function aJourney(execution = anExecution()) {
  const emitted: SpanRecord[] = [];
  const tracing: Tracing = {
    enabled: true,
    emit: (makeSpans) => emitted.push(...makeSpans()),
    close: () => Promise.resolve(),
  };
  const stages: Record<'submit' | 'tickToOrder' | 'acknowledge' | 'fill', number[]> = {
    submit: [],
    tickToOrder: [],
    acknowledge: [],
    fill: [],
  };
  const journeys = new OrderJourneys({
    tracing,
    stages: {
      submit: (seconds) => stages.submit.push(seconds),
      tickToOrder: (seconds) => stages.tickToOrder.push(seconds),
      acknowledge: (seconds) => stages.acknowledge.push(seconds),
      fill: (seconds) => stages.fill.push(seconds),
    },
  });
  let clockNs = 10_000n;
  let committingNs = 0n;
  const nowNs = () => {
    clockNs += 1n;
    return clockNs;
  };
  /** The spans under which the events of the log say they were published. */
  const published: string[] = [];
  const step = (input: ExecutionInput) => {
    const outputs = execution.run(input);
    for (const output of outputs) {
      if (output.type === 'submit') {
        journeys.submitting(output.approval.clOrdId, nowNs());
        journeys.written(output.approval.clOrdId, nowNs());
      }
      if (isOrderEvent(output)) {
        const context = readTraceparent(traceparentOf(output.payload.clOrdId, logSpan(output)));
        published.push(context?.spanId ?? '');
      }
    }
    return outputs;
  };
  return {
    execution,
    emitted,
    stages,
    published,
    names: () => emitted.map(({ name }) => name),
    /** From now on it takes so long until an approval is committed. */
    commitIn: (ns: bigint) => {
      committingNs = ns;
    },
    wait: (ns: bigint) => {
      clockNs += ns;
    },
    approve: (fields: Parameters<typeof anApproval>[0] = {}) => {
      const receivedNs = nowNs();
      const approval = anApproval({ expiresNs: 10n ** 15n, ...fields });
      const outputs = step({ type: 'approved', riskSeq: 3, approval, decidedBefore: false, nowNs: receivedNs });
      clockNs += committingNs;
      journeys.approved(approval, APPROVAL_SPAN, { receivedNs, doneNs: nowNs(), outputs });
    },
    answer: (result: CallResult, input: (nowNs: bigint) => ExecutionInput) => {
      const receivedNs = nowNs();
      journeys.answered('tp-1', receivedNs, result);
      const outputs = step(input(receivedNs));
      journeys.logged('tp-1', { receivedNs, doneNs: nowNs(), outputs });
    },
    update: (update: VenueUpdate) => {
      const receivedNs = nowNs();
      const outputs = step({ type: 'update', update, decidedBefore: true });
      journeys.updated('tp-1', update.type, { receivedNs, doneNs: nowNs(), outputs });
    },
    lookUp: (found: Parameters<typeof aVenueOrder>[0] | undefined) => {
      const startNs = nowNs();
      const receivedNs = nowNs();
      journeys.lookedUp('tp-1', { startNs, endNs: receivedNs }, { status: found === undefined ? 404 : 200 });
      const outcome =
        found === undefined
          ? ({ type: 'not-found' } as const)
          : ({ type: 'found', order: aVenueOrder(found) } as const);
      const outputs = step({ type: 'looked-up', clOrdId: 'tp-1', begunNs: startNs, outcome });
      journeys.logged('tp-1', { receivedNs, doneNs: nowNs(), outputs });
    },
    forget: () => journeys.forget(),
    /** The order's trace as it would be whole: with a root around everything until now. */
    checkTree: () => checkTree([...emitted, aRoot(9_000n, nowNs())]),
  };
}

function aRoot(startNs: bigint, endNs: bigint): SpanRecord {
  return { traceId: traceIdOf('tp-1'), spanId: ROOT, name: 'order IBM', kind: 'internal', startNs, endNs };
}

/** One trace, one root, no orphan, no id twice, and nothing reaches beyond its parent. */
function checkTree(spans: readonly SpanRecord[]): void {
  const byId = new Map(spans.map((span) => [span.spanId, span]));
  assert.equal(byId.size, spans.length, `an id twice: ${spans.map(({ name }) => name).join(', ')}`);
  assert.equal(spans.filter(({ parentSpanId }) => parentSpanId === undefined).length, 1);
  for (const { traceId, name, parentSpanId, startNs, endNs } of spans) {
    assert.equal(traceId, traceIdOf('tp-1'));
    assert.ok(startNs <= endNs, `${name} ends before it begins`);
    if (parentSpanId === undefined) continue;
    const parent = byId.get(parentSpanId);
    assert.ok(parent !== undefined, `${name} is an orphan`);
    assert.ok(parent.startNs <= startNs && endNs <= parent.endNs, `${name} is not within ${parent.name}`);
  }
}

const accepted = () => ({ type: 'accepted', clOrdId: 'tp-1', order: aVenueOrder() }) as const;

describe('the spans of an order', () => {
  test('that is sent, acknowledged and filled are its approval, the call, the updates and what was logged', () => {
    const journey = aJourney();
    journey.approve();
    journey.answer({ status: 200 }, accepted);
    journey.update(aFill('4', '4'));
    journey.update(aFill('10', '6', { status: 'filled' }));
    assert.deepEqual(journey.names(), [
      'process risk.log',
      'publish execution.log',
      'POST /v2/orders',
      'publish execution.log',
      'process trade_updates',
      'publish execution.log',
      'process trade_updates',
      'publish execution.log',
    ]);
    journey.checkTree();
    const [approval] = journey.emitted;
    assert.deepEqual(approval?.links, [readTraceparent(APPROVAL_SPAN)], 'the hop over the log is a link');
    const call = journey.emitted.find(({ name }) => name === 'POST /v2/orders');
    assert.equal(call?.spanId, spanIdOf(traceIdOf('tp-1'), SUBMIT_SPAN), 'under which the venue hangs its own');
    assert.equal(call?.attributes?.['http.response.status_code'], 200);
  });

  test('end the call with the first word of the venue, and tell of the call once', () => {
    const journey = aJourney();
    journey.approve();
    journey.wait(50n);
    journey.update(aWord('acknowledged'));
    const call = journey.emitted.find(({ name }) => name === 'POST /v2/orders');
    const update = journey.emitted.find(({ name }) => name === 'process trade_updates');
    assert.equal(call?.endNs, update?.startNs);
    journey.answer({ status: 200 }, accepted);
    assert.equal(journey.names().filter((name) => name === 'POST /v2/orders').length, 1);
    journey.checkTree();
  });

  test('that was refused are its approval and the refusal', () => {
    const journey = aJourney();
    journey.approve({ expiresNs: 1n });
    assert.deepEqual(journey.names(), ['process risk.log', 'publish execution.log']);
    assert.equal(journey.emitted[0]?.attributes?.['tickpath.sent'], false);
    journey.checkTree();
  });

  test('whose call failed say how, and every lookup is a span of its own', () => {
    const journey = aJourney();
    journey.approve();
    journey.answer({ error: 'ETIMEDOUT: no' }, (nowNs) => {
      return { type: 'unanswered', clOrdId: 'tp-1', reason: 'ETIMEDOUT: no', nowNs };
    });
    journey.lookUp(undefined);
    journey.lookUp(undefined);
    journey.lookUp({ status: 'new' });
    const call = journey.emitted.find(({ name }) => name === 'POST /v2/orders');
    assert.equal(call?.error, 'ETIMEDOUT: no');
    assert.equal(journey.names().filter((name) => name.startsWith('GET ')).length, 3);
    journey.checkTree();
  });

  test('are none for an approval that was meant for another log: an execution before this one told of it', () => {
    const journey = aJourney();
    journey.approve({ executionLog: 'other/1' });
    assert.deepEqual(journey.names(), []);
  });

  test('that was adopted with the account go on under the same root', () => {
    const journey = aJourney(anExecution({ account: { openOrders: [anOpenVenueOrder()] } }));
    journey.forget();
    journey.update(aFill('10', '10', { status: 'filled' }));
    assert.deepEqual(journey.names(), ['process trade_updates', 'publish execution.log']);
    journey.checkTree();
    assert.deepEqual(journey.stages.fill, [], 'when it was written is not known here');
  });

  test('are none for an update that changes nothing', () => {
    const journey = aJourney();
    journey.approve();
    journey.update(aWord('acknowledged'));
    const before = journey.emitted.length;
    journey.update(aWord('acknowledged'));
    journey.update(aWord('other'));
    assert.equal(journey.emitted.length, before);
  });
});

test('the stages are counted from the message that began each to its end, once an order', () => {
  const journey = aJourney();
  journey.commitIn(500n);
  journey.approve();
  journey.wait(500n);
  journey.answer({ status: 200 }, accepted);
  journey.wait(5_000n);
  journey.update(aFill('4', '4'));
  journey.update(aFill('10', '6', { status: 'filled' }));
  const { submit, tickToOrder, acknowledge, fill } = journey.stages;
  assert.deepEqual([submit.length, tickToOrder.length, acknowledge.length, fill.length], [1, 1, 1, 1]);
  assert.equal(submit[0], 2e-9);
  assert.equal(tickToOrder[0], 1_003e-9, 'from the receipt of the tick at 9000 to the order written, not committed');
  assert.ok((acknowledge[0] ?? 0) >= 1e-6 && (acknowledge[0] ?? 0) < 2e-6);
  assert.ok((fill[0] ?? 0) > (acknowledge[0] ?? 0));
});

test('in whatever order answer, updates and lookups come, the spans are one tree and each event has the one it names', () => {
  const word = fc.constantFrom('answer', 'timeout', 'acknowledged', 'fill', 'canceled', 'lookup', 'no-lookup', 'wait');
  fc.assert(
    fc.property(fc.array(word, { maxLength: 15 }), (words) => {
      const journey = aJourney();
      journey.approve();
      let cum = 0;
      for (const next of words) {
        const status = cum === 0 ? 'new' : 'partially_filled';
        if (next === 'answer') journey.answer({ status: 200 }, accepted);
        else if (next === 'timeout') {
          const timedOut = (nowNs: bigint) =>
            ({ type: 'unanswered', clOrdId: 'tp-1', reason: 'ETIMEDOUT', nowNs }) as const;
          journey.answer({ error: 'ETIMEDOUT' }, timedOut);
        } else if (next === 'acknowledged') journey.update(aWord('acknowledged', { filledQty: `${cum}` }));
        else if (next === 'canceled') journey.update(aWord('canceled', { filledQty: `${cum}` }));
        else if (next === 'lookup') journey.lookUp({ status, filledQty: `${cum}` });
        else if (next === 'no-lookup') journey.lookUp(undefined);
        else if (next === 'wait') journey.wait(10_000n);
        else if (cum < 10) {
          cum += 2;
          journey.update(aFill(`${cum}`, '2', { status: cum === 10 ? 'filled' : 'partially_filled' }));
        }
      }
      journey.checkTree();
      const ids = new Set(journey.emitted.map(({ spanId }) => spanId));
      for (const spanId of journey.published) assert.ok(ids.has(spanId));
    }),
    { numRuns: 500 },
  );
});
