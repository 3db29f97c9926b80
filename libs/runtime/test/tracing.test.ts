import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { eventually } from '@tickpath/testkit';
import { collectorFor, droppedFor, metricOf, START, span, spansOf, TRACE, tracingFor } from './tracing-fixture.ts';

describe('a span that Jaeger gets', () => {
  test('has the ids, times, kind, attributes, events, links and status that it was given', async (t) => {
    const collector = await collectorFor(t);
    const { tracing } = tracingFor(t, { url: collector.url });
    tracing.ready();
    tracing.emit(() => [
      span({
        spanId: 'ffeeddccbbaa9988',
        parentSpanId: '0011223344556677',
        name: 'process riskCheck',
        kind: 'server',
        attributes: { symbol: 'AAPL', 'order.qty': 100, passed: true },
        events: [{ name: 'check', tsNs: START + 1_500n, attributes: { limit: 100_000.5 } }],
        links: [{ traceId: TRACE, spanId: 'aaaaaaaaaaaaaaaa' }],
        error: 'order notional 120000 > limit 100000',
      }),
    ]);
    const [found] = await spansOf(collector, 1);
    assert.ok(found);
    const { tags, logs, ...rest } = found;
    assert.deepEqual(rest, {
      service: 'signal',
      traceId: TRACE,
      spanId: 'ffeeddccbbaa9988',
      parentSpanId: '0011223344556677',
      name: 'process riskCheck',
      startUs: START / 1000n,
      durationUs: (START + 250_000n) / 1000n - START / 1000n,
      links: [{ traceId: TRACE, spanId: 'aaaaaaaaaaaaaaaa' }],
    });
    assert.deepEqual(logs, [{ tsUs: (START + 1_500n) / 1000n, fields: { event: 'check', limit: 100_000.5 } }]);
    const { 'service.version': version, 'service.instance.id': instance, ...others } = tags;
    assert.match(String(version), /^\d+\.\d+/);
    assert.match(String(instance), new RegExp(`:${process.pid}$`));
    assert.deepEqual(others, {
      symbol: 'AAPL',
      'order.qty': 100,
      passed: true,
      error: true,
      'span.kind': 'server',
      'otel.status_code': 'ERROR',
      'otel.status_description': 'order notional 120000 > limit 100000',
      'service.name': 'signal',
      'service.namespace': 'tickpath',
      'otel.library.name': 'tickpath',
      'otel.library.version': version,
    });
    assert.equal(collector.requests[0]?.type, 'application/x-thrift');
  });

  test('starts and ends at the microsecond it was given and lasts at least one, whatever the nanosecond', async (t) => {
    const collector = await collectorFor(t);
    const { tracing } = tracingFor(t, { url: collector.url });
    tracing.ready();
    const count = 400;
    const startOf = (i: number) => START + BigInt(i) * 7_919_333n;
    tracing.emit(() =>
      Array.from({ length: count }, (_, i) =>
        span({
          spanId: (i + 1).toString(16).padStart(16, '0'),
          startNs: startOf(i),
          endNs: startOf(i) + 999n * BigInt(i),
          events: [{ name: 'at', tsNs: startOf(i) }],
        }),
      ),
    );
    for (const { spanId, startUs, durationUs, logs } of await spansOf(collector, count)) {
      const i = Number.parseInt(spanId, 16) - 1;
      assert.equal(startUs, startOf(i) / 1000n);
      const endUs = (startOf(i) + 999n * BigInt(i)) / 1000n;
      assert.equal(startUs + durationUs, endUs > startUs ? endUs : startUs + 1n);
      assert.equal(logs[0]?.tsUs, startUs);
    }
  });

  test('comes from the service it names, in a request of that service', async (t) => {
    const collector = await collectorFor(t);
    const { tracing } = tracingFor(t, { url: collector.url });
    tracing.ready();
    tracing.emit(() => [
      span({ name: 'receive feed', service: 'market-data' }),
      span({ name: 'order AAPL' }),
      span({ name: 'decode', service: 'market-data' }),
    ]);
    const found = await spansOf(collector, 3);
    assert.deepEqual(found.map(({ name, service }) => [name, service]).sort(), [
      ['decode', 'market-data'],
      ['order AAPL', 'signal'],
      ['receive feed', 'market-data'],
    ]);
    assert.equal(collector.requests.length, 2);
    assert.equal(found.find(({ name }) => name === 'decode')?.tags['service.instance.id'], undefined);
  });
});

test('a span goes out over OTLP with its nanoseconds', async (t) => {
  const collector = await collectorFor(t, '/v1/traces');
  const { tracing } = tracingFor(t, { url: collector.url, exporter: 'otlp' });
  tracing.ready();
  tracing.emit(() => [span({ spanId: 'ffeeddccbbaa9988', parentSpanId: '0011223344556677', kind: 'consumer' })]);
  await eventually('a request', () => collector.requests[0]);
  const { resourceSpans } = JSON.parse(String(collector.requests[0]?.body));
  const sent = resourceSpans[0].scopeSpans[0].spans[0];
  assert.deepEqual(
    [sent.traceId, sent.spanId, sent.parentSpanId, sent.kind, sent.startTimeUnixNano, sent.endTimeUnixNano],
    [TRACE, 'ffeeddccbbaa9988', '0011223344556677', 5, String(START), String(START + 250_000n)],
  );
  assert.deepEqual(
    resourceSpans[0].resource.attributes.find(({ key }: { key: string }) => key === 'service.name'),
    { key: 'service.name', value: { stringValue: 'signal' } },
  );
});

describe('tracing', () => {
  test('makes no span before the service is ready, and none in the call that emits it', async (t) => {
    const collector = await collectorFor(t);
    const { tracing, metrics } = tracingFor(t, { url: collector.url });
    let made = 0;
    const emit = () =>
      tracing.emit(() => {
        made += 1;
        return [span()];
      });
    emit();
    assert.equal(await metricOf(metrics, 'tickpath_spans_queued'), 1);
    tracing.ready();
    emit();
    assert.equal(made, 0);
    await spansOf(collector, 2);
    assert.equal(made, 2);
    await eventually(
      'counted',
      async () => (await metricOf(metrics, 'tickpath_spans_exported_total')) === 2 || undefined,
    );
    assert.equal(await metricOf(metrics, 'tickpath_spans_queued'), 0);
  });

  test('that is off makes nothing and has no metrics', async (t) => {
    const { tracing, metrics } = tracingFor(t, { exporter: 'none' });
    tracing.ready();
    tracing.emit(() => assert.fail('made'));
    await tracing.close();
    assert.equal(tracing.enabled, false);
    assert.doesNotMatch(await metrics.registry.metrics(), /tickpath_spans/);
  });

  test('exports what is queued when it is closed, and ignores what comes later', async (t) => {
    const collector = await collectorFor(t);
    const { tracing, metrics } = tracingFor(t, { url: collector.url });
    tracing.ready();
    for (let i = 0; i < 1500; i += 1) tracing.emit(() => [span()]);
    await tracing.close(20_000);
    tracing.emit(() => [span()]);
    assert.equal(collector.spans().length, 1500);
    assert.equal(await metricOf(metrics, 'tickpath_spans_exported_total'), 1500);
    await tracing.close();
  });

  test('survives a function that throws and spans that cannot be handed over', async (t) => {
    const collector = await collectorFor(t);
    const { tracing, metrics } = tracingFor(t, { url: collector.url });
    tracing.ready();
    tracing.emit(() => {
      throw new Error('a bug');
    });
    tracing.emit(() => [span()]);
    await spansOf(collector, 1);
    tracing.emit(() => [span({ attributes: { bad: (() => 1) as unknown as string } })]);
    await eventually('counted', async () => (await droppedFor(metrics, 'not_made')) === 2 || undefined);
    tracing.emit(() => [span()]);
    await spansOf(collector, 2);
  });
});
