import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import type { ServiceName } from '@tickpath/runtime';
import { BUSY, FILL } from './busy-flags.ts';
import { findJaeger } from './jaeger-server.ts';
import { collectorSource, jaegerSource, type SpanSource } from './span-source.ts';
import { traceFaults } from './trace-rules.ts';
import type { TraceSpan } from './trace-span.ts';
import { type TracedOrder, TracedStack } from './traced-stack.ts';

const SEED = Number(process.env.TICKPATH_SEED ?? Math.floor(Math.random() * 2 ** 31));
console.log(`TICKPATH_SEED=${SEED}`);

const PATH = ['market-data', 'signal', 'risk', 'execution', 'venue'] as const satisfies ServiceName[];
/** Averages this short cross every few seconds. */
const FAST_BARS = ['--signal.momentum.fastBars=2', '--signal.momentum.slowBars=4'];
const jaeger = findJaeger();
const AT_LENGTH = process.env.TICKPATH_SOAK !== undefined;
/** The collector stands in where there is no Jaeger; at length both are asked. */
const SOURCES = [
  { name: 'a real Jaeger', skip: jaeger.skip, open: () => jaegerSource(jaeger.program) },
  {
    name: 'a collector of this test',
    skip: jaeger.skip === false && !AT_LENGTH && 'a real Jaeger has been asked',
    open: collectorSource,
  },
] as const;

for (const { name, skip, open } of SOURCES) {
  describe(`the trace of an order, read from ${name}`, { skip, timeout: 600_000 }, () => {
    let source: SpanSource;
    let traced: TracedStack | undefined;

    before(async () => {
      source = await open();
    });
    afterEach(async () => {
      await traced?.stop();
      traced = undefined;
    });
    after(() => source.close());

    /** The traces of these orders that are not whole, with what is wrong with them. */
    async function brokenTraces(orders: readonly TracedOrder[]): Promise<object[]> {
      const traces = Map.groupBy(await source.spans(), ({ traceId }) => traceId);
      return orders.flatMap(({ clOrdId, traceId }) => {
        const faults = traceFaults(clOrdId, traces.get(traceId) ?? []);
        return faults.length === 0 ? [] : [{ clOrdId, faults }];
      });
    }

    /** Every order of the run has a whole trace, and there is no span besides. */
    async function assertAllWhole(stack: TracedStack, seenBefore: number): Promise<TraceSpan[]> {
      const { exported, dropped } = await stack.silenceMarket();
      const spans = await source.spans();
      const orders = stack.orders();
      assert.deepEqual(await brokenTraces(orders), [], stack.tail());
      const own = new Set(orders.map(({ traceId }) => traceId));
      const ownSpans = spans.filter(({ traceId }) => own.has(traceId));
      assert.equal(spans.length - ownSpans.length, seenBefore, 'spans of no order');
      assert.equal(own.size, orders.length);
      assert.equal(ownSpans.length, exported);
      assert.deepEqual(dropped, { queue_full: 0, export_failed: 0, not_made: 0 });
      return ownSpans;
    }

    test('is whole for a random filled order and for every other one, and nothing else is exported', async () => {
      const before = (await source.spans()).length;
      traced = await TracedStack.start(source.url, FAST_BARS);
      await traced.sees(FILL, 8);
      const spans = await assertAllWhole(traced, before);
      const roots = spans.filter(({ attributes }) => attributes['tickpath.ord_status'] === 'FILLED');
      const root = roots[SEED % roots.length];
      assert.ok(root !== undefined);
      const trace = spans.filter(({ traceId }) => traceId === root.traceId);
      assert.deepEqual([...new Set(trace.map(({ service }) => service))].sort(), [...PATH].sort());
    });

    test('tells of a refused order, with the reason and the check that failed', async () => {
      const before = (await source.spans()).length;
      traced = await TracedStack.start(source.url, [...FAST_BARS, '--risk.limits.maxOrderNotionalUsd=1']);
      await traced.sees(/"msg":"refused /, 3);
      const spans = await assertAllWhole(traced, before);
      const roots = spans.filter(({ parentId }) => parentId === undefined);
      assert.ok(roots.length >= 3);
      for (const { attributes } of roots) {
        assert.equal(attributes['tickpath.ord_status'], 'REFUSED');
        assert.match(
          String(attributes['tickpath.reject_reason']),
          /^ORDER_EXCEEDS_LIMIT: order notional .* > limit 1$/,
        );
      }
    });

    test('is whole for every order at thousands of ticks a second', async () => {
      const before = (await source.spans()).length;
      traced = await TracedStack.start(source.url, BUSY);
      await traced.sees(FILL, 150);
      const spans = await assertAllWhole(traced, before);
      const ticks = await traced.value('signal', 'tickpath_wire_received_total{stream="market"}');
      const orders = traced.orders().length;
      assert.ok(orders >= 100 && ticks > 20 * orders, `${orders} orders of ${ticks} ticks`);
      assert.ok(spans.length < 40 * orders);
    });

    test('is whole for orders that begin after a service was killed', async () => {
      traced = await TracedStack.start(source.url, FAST_BARS);
      await traced.sees(FILL, 1);
      for (const service of ['signal', 'risk', 'execution'] as const) {
        await traced.kill(service);
        const from = traced.stack.process.lines.length;
        await traced.sees(FILL, 3, from);
        const { dropped } = await traced.silenceMarket();
        const orders = traced.orders(from);
        assert.ok(orders.length > 0);
        assert.deepEqual(await brokenTraces(orders), [], `${service} killed\n${traced.tail()}`);
        assert.equal(dropped.not_made, 0);
        traced.resumeMarket();
      }
      const died = traced.stack.process.lines.filter((line) => / died \(/.test(line));
      assert.equal(died.length, 3, died.join('\n'));
    });
  });
}
