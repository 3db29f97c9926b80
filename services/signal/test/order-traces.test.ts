import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { SpanRecord, Tracing } from '@tickpath/runtime';
import { ORDER_SPAN, type OrderIntent, spanIdOf, traceIdOf } from '@tickpath/trading';
import fc from 'fast-check';
import { askSpan, OrderTraces } from '../src/order-traces.ts';
import './seed.ts';

const RECEIVED_NS = 1_000n;
const TRACE = traceIdOf('tp-1');
const ROOT = spanIdOf(TRACE, ORDER_SPAN);

const INTENT: OrderIntent = {
  clOrdId: 'tp-1',
  symbol: 'IBM',
  side: 'BUY',
  orderQty: '10',
  ordType: 'MARKET',
  timeInForce: 'DAY',
  strategy: 'momentum',
  cause: 'bar.1s:7',
  receivedNs: RECEIVED_NS,
  expiresNs: 10n ** 15n,
};

/** The traces of a signal, with a clock that is a nanosecond later at every look. */
function someTraces({ enabled = true } = {}) {
  const emitted: SpanRecord[] = [];
  const tracing: Tracing = {
    enabled,
    emit: (makeSpans) => {
      if (enabled) emitted.push(...makeSpans());
    },
    close: () => Promise.resolve(),
  };
  const traces = new OrderTraces(tracing, 'momentum');
  let clockNs = RECEIVED_NS;
  const nowNs = () => {
    clockNs += 1n;
    return clockNs;
  };
  let attempts = 0;
  return {
    emitted,
    names: () => emitted.map(({ name }) => name),
    roots: () => emitted.filter(({ parentSpanId }) => parentSpanId === undefined),
    wait: () => {
      clockNs += 1_000n;
    },
    decide: () => {
      const [decodedNs, publishedNs, deliveredNs, decidedNs] = [nowNs(), nowNs(), nowNs(), nowNs()];
      const stamps = { receivedNs: RECEIVED_NS, decodedNs, publishedNs, deliveredNs, decidedNs };
      traces.decided(INTENT, { topic: 'IBM/bar.1s', ...stamps }, { fast: 2.5, slow: 1.5 });
    },
    /** Asks once; without an outcome nothing comes back. */
    ask: (reason?: 'APPROVED' | 'ORDER_EXCEEDS_LIMIT' | 'DUPLICATE_ORDER') => {
      attempts += 1;
      const startNs = nowNs();
      clockNs += 100n;
      const endNs = nowNs();
      traces.asked('tp-1', attempts, { startNs, endNs }, reason ?? 'TIMEOUT');
      if (reason === undefined) return;
      const approved = reason === 'APPROVED';
      const refusal = approved ? { reason: null, text: null } : { reason, text: '120 > 100' };
      traces.answered({ requestId: 'q', clOrdId: 'tp-1', approved, ...refusal }, endNs);
    },
    close: (ordStatus = 'FILLED', receivedNs: bigint | null = RECEIVED_NS) => {
      traces.closed({ clOrdId: 'tp-1', symbol: 'IBM', ordStatus, receivedNs, executionSeq: 9 }, nowNs());
    },
    reload: (...open: string[]) => traces.reloaded(new Set(open), nowNs()),
  };
}

/** One trace, no orphan, no id twice, nothing beyond its parent, and the root there unless the order is open. */
function checkTree(spans: readonly SpanRecord[], { closed = true } = {}): void {
  const byId = new Map(spans.map((span) => [span.spanId, span]));
  assert.equal(byId.size, spans.length, `an id twice: ${spans.map(({ name }) => name).join(', ')}`);
  assert.equal(spans.filter(({ parentSpanId }) => parentSpanId === undefined).length, closed ? 1 : 0);
  for (const { traceId, name, parentSpanId, startNs, endNs } of spans) {
    assert.equal(traceId, TRACE);
    assert.ok(startNs <= endNs, `${name} ends before it begins`);
    if (parentSpanId === undefined || (!closed && parentSpanId === ROOT)) continue;
    const parent = byId.get(parentSpanId);
    assert.ok(parent !== undefined, `${name} is an orphan`);
    assert.ok(parent.startNs <= startNs && endNs <= parent.endNs, `${name} is not within ${parent.name}`);
  }
}

describe('the trace of an order', () => {
  test('begins with the receipt of its tick and ends when risk has closed it', () => {
    const traces = someTraces();
    traces.decide();
    traces.ask('APPROVED');
    checkTree(traces.emitted, { closed: false });
    traces.wait();
    traces.close();
    assert.deepEqual(traces.names(), [
      'receive market data',
      'decode',
      'publish IBM/bar.1s',
      'process IBM/bar.1s',
      'strategy momentum',
      'send riskCheck',
      'order IBM',
    ]);
    checkTree(traces.emitted);
    const root = traces.roots()[0];
    assert.equal(root?.spanId, ROOT);
    assert.equal(root?.startNs, RECEIVED_NS);
    assert.equal(root?.attributes?.['tickpath.ord_status'], 'FILLED');
    assert.equal(root?.attributes?.['tickpath.cause'], 'bar.1s:7');
  });

  test('tells what market-data did in its name, and what the strategy saw', () => {
    const traces = someTraces();
    traces.decide();
    const services = traces.emitted.map(({ name, service }) => [name, service]);
    assert.deepEqual(services.slice(0, 3), [
      ['receive market data', 'market-data'],
      ['decode', 'market-data'],
      ['publish IBM/bar.1s', 'market-data'],
    ]);
    assert.deepEqual(new Set(services.slice(3).map(([, service]) => service)), new Set([undefined]));
    const strategy = traces.emitted.find(({ name }) => name === 'strategy momentum');
    assert.equal(strategy?.attributes?.['tickpath.feature.fast'], 2.5);
    const published = traces.emitted.find(({ name }) => name.startsWith('publish'));
    const processed = traces.emitted.find(({ name }) => name.startsWith('process'));
    assert.deepEqual(processed?.links, [{ traceId: TRACE, spanId: published?.spanId }]);
  });

  test('of a refused one ends with the answer, and says why', () => {
    const traces = someTraces();
    traces.decide();
    traces.ask('ORDER_EXCEEDS_LIMIT');
    checkTree(traces.emitted);
    const root = traces.roots()[0];
    assert.equal(root?.attributes?.['tickpath.ord_status'], 'REFUSED');
    assert.equal(root?.attributes?.['tickpath.reject_reason'], 'ORDER_EXCEEDS_LIMIT: 120 > 100');
  });

  test('has a span for every question, and outlasts the last of them when the order closes first', () => {
    const traces = someTraces();
    traces.decide();
    traces.ask();
    traces.ask();
    traces.close();
    assert.deepEqual(traces.roots(), [], 'a question is still under way');
    traces.ask('APPROVED');
    assert.equal(traces.names().filter((name) => name === 'send riskCheck').length, 3);
    assert.ok(traces.emitted.some(({ spanId }) => spanId === spanIdOf(TRACE, askSpan(3))));
    checkTree(traces.emitted);
  });

  test('that was asked for before, as risk says, ends when the log closes it', () => {
    const traces = someTraces();
    traces.decide();
    traces.ask('DUPLICATE_ORDER');
    assert.deepEqual(traces.roots(), []);
    traces.close();
    checkTree(traces.emitted);
    assert.equal(traces.roots()[0]?.attributes?.['tickpath.ord_status'], 'FILLED');
  });

  test('of an order that a signal before this one decided gets its root here', () => {
    const traces = someTraces();
    traces.wait();
    traces.close('CANCELED', 77n);
    const [root, ...more] = traces.emitted;
    assert.deepEqual([root?.spanId, root?.startNs, more.length], [ROOT, 77n, 0]);
    assert.equal(root?.attributes?.['tickpath.ord_status'], 'CANCELED');
  });

  test('of an order that nobody here decided has none: it was found at the venue', () => {
    const traces = someTraces();
    traces.close('CANCELED', null);
    assert.deepEqual(traces.emitted, []);
  });

  test('ends when risk begins anew without the order, and goes on when risk has it', () => {
    const traces = someTraces();
    traces.decide();
    traces.reload();
    assert.deepEqual(traces.roots(), [], 'it is still being asked for');
    traces.ask('APPROVED');
    traces.reload('tp-1');
    assert.deepEqual(traces.roots(), []);
    traces.reload('tp-2');
    assert.equal(traces.roots()[0]?.attributes?.['tickpath.ord_status'], 'UNKNOWN');
    checkTree(traces.emitted);
    traces.reload();
    assert.equal(traces.roots().length, 1);
  });

  test('is not gathered when nothing is exported', () => {
    const traces = someTraces({ enabled: false });
    traces.decide();
    traces.ask('APPROVED');
    traces.close();
    assert.deepEqual(traces.emitted, []);
  });
});

test('whenever answers, closing and reloads come, there is one root, and nothing reaches beyond it', () => {
  const courses = fc.record({
    silent: fc.nat(3),
    closesAfter: fc.nat(4),
    reloadsAfter: fc.option(fc.nat(4)),
    outcome: fc.constantFrom('APPROVED' as const, 'ORDER_EXCEEDS_LIMIT' as const, 'DUPLICATE_ORDER' as const),
  });
  fc.assert(
    fc.property(courses, ({ silent, closesAfter, reloadsAfter, outcome }) => {
      const traces = someTraces();
      traces.decide();
      const refused = outcome === 'ORDER_EXCEEDS_LIMIT';
      for (let attempt = 0; attempt <= silent; attempt += 1) {
        if (!refused && attempt === closesAfter) traces.close();
        if (attempt === reloadsAfter) traces.reload('tp-1');
        traces.ask(attempt === silent ? outcome : undefined);
        traces.wait();
      }
      if (!refused && closesAfter > silent) traces.close();
      checkTree(traces.emitted);
    }),
  );
});
