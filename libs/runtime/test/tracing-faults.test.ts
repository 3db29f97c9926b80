import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { eventually } from '@tickpath/testkit';
import { PORTS } from '../src/index.ts';
import { createTracingNotices, type TracingNotices } from '../src/tracing-notices.ts';
import { freePortOffset, spawnService } from './spawned-service.ts';
import {
  capturedLog,
  collectorFor,
  droppedFor,
  type LogLine,
  metricOf,
  span,
  spansOf,
  tracingFor,
} from './tracing-fixture.ts';

describe('a collector that', () => {
  test('is not there costs dropped spans that are counted, and one line', async (t) => {
    const gone = await collectorFor(t);
    await gone.close();
    const { tracing, metrics, lines } = tracingFor(t, { url: gone.url });
    tracing.ready();
    for (let round = 1; round <= 3; round += 1) {
      tracing.emit(() => [span(), span()]);
      await eventually('counted', async () => (await droppedFor(metrics, 'export_failed')) === 2 * round || undefined);
    }
    assert.equal(await metricOf(metrics, 'tickpath_spans_queued'), 0);
    assert.equal(lines.length, 1);
    assert.equal(lines[0]?.level, 'warn');
    assert.match(lines[0]?.reason ?? '', /ECONNREFUSED/);
  });

  test('answers with an error costs the spans of that request', async (t) => {
    const collector = await collectorFor(t);
    collector.answer((response) => void response.writeHead(500).end('no'));
    const { tracing, metrics, lines } = tracingFor(t, { url: collector.url });
    tracing.ready();
    tracing.emit(() => [span()]);
    await eventually('counted', async () => (await droppedFor(metrics, 'export_failed')) === 1 || undefined);
    collector.answer((response) => void response.writeHead(202).end());
    tracing.emit(() => [span()]);
    await eventually('sent', async () => (await metricOf(metrics, 'tickpath_spans_exported_total')) === 1 || undefined);
    assert.deepEqual(
      lines.map(({ level, msg }) => [level, msg]),
      [
        ['warn', 'spans are dropped: the collector does not take them'],
        ['info', 'spans are exported again'],
      ],
    );
  });

  test('hangs up in the middle of an answer does no harm', async (t) => {
    const collector = await collectorFor(t);
    collector.answer((response) => {
      response.writeHead(202, { 'content-length': '100' });
      response.write('half', () => response.destroy());
    });
    const { tracing, metrics } = tracingFor(t, { url: collector.url });
    tracing.ready();
    tracing.emit(() => [span()]);
    await spansOf(collector, 1);
    collector.answer((response) => void response.destroy());
    tracing.emit(() => [span()]);
    await eventually('counted', async () => (await droppedFor(metrics, 'export_failed')) === 1 || undefined);
  });

  for (const exporter of ['jaeger', 'otlp'] as const) {
    test(`never answers costs a bounded queue, and gets the next spans on a new connection: ${exporter}`, async (t) => {
      const collector = await collectorFor(t);
      collector.answer(() => {});
      const { tracing, metrics } = tracingFor(t, {
        url: collector.url,
        exporter,
        queueSpans: 700,
        exportTimeoutMs: 400,
      });
      tracing.ready();
      for (let i = 0; i < 1000; i += 1) tracing.emit(() => [span()]);
      assert.equal(await droppedFor(metrics, 'queue_full'), 300);
      assert.equal(await metricOf(metrics, 'tickpath_spans_queued'), 700);
      await eventually('given up', async () => (await droppedFor(metrics, 'export_failed')) === 700 || undefined);
      assert.equal(await metricOf(metrics, 'tickpath_spans_queued'), 0);
      collector.answer((response) => void response.writeHead(202).end());
      tracing.emit(() => [span()]);
      await eventually(
        'sent',
        async () => (await metricOf(metrics, 'tickpath_spans_exported_total')) === 1 || undefined,
      );
    });
  }

  test('never answers does not hold up the end', async (t) => {
    const collector = await collectorFor(t);
    collector.answer(() => {});
    const { tracing, metrics } = tracingFor(t, { url: collector.url });
    tracing.ready();
    tracing.emit(() => [span(), span()]);
    await spansOf(collector, 2);
    tracing.emit(() => [span()]);
    await tracing.close(50);
    assert.equal(await droppedFor(metrics, 'export_failed'), 3);
  });
});

test('the queue is bounded by spans too, and drops the newest', async (t) => {
  const collector = await collectorFor(t);
  const { tracing, metrics } = tracingFor(t, { url: collector.url, queueSpans: 3 });
  tracing.ready();
  const named = (names: string[]) => () => names.map((name) => span({ name }));
  tracing.emit(named(['a', 'b']));
  tracing.emit(named(['c', 'd', 'e']));
  const found = await spansOf(collector, 3);
  assert.deepEqual(
    found.map(({ name }) => name),
    ['a', 'b', 'c'],
  );
  assert.equal(await droppedFor(metrics, 'queue_full'), 2);
});

describe('the lines about a collector', () => {
  const linesAfter = (expected: boolean, steps: (notices: TracingNotices) => void) => {
    const lines: LogLine[] = [];
    steps(createTracingNotices({ log: capturedLog(lines), url: 'http://127.0.0.1:1', expected }));
    return lines.map(({ level, msg }) => `${level} ${msg.split(':')[0]}`);
  };

  test('only mention the usual one that was never there, and warn of one that was', () => {
    const never = linesAfter(false, (notices) => notices.failed('refused'));
    assert.deepEqual(never, ['info spans are dropped']);
    const gone = linesAfter(false, (notices) => {
      notices.exported();
      notices.failed('refused');
    });
    assert.deepEqual(gone, ['warn spans are dropped']);
  });

  test('are no storm when it comes and goes', () => {
    const flapping = linesAfter(true, (notices) => {
      for (let i = 0; i < 1000; i += 1) {
        notices.failed('refused');
        notices.exported();
        notices.notMade(new Error('a bug'));
      }
    });
    assert.deepEqual(flapping, [
      'warn spans are dropped',
      'info spans are exported again',
      'error spans could not be made',
    ]);
  });
});

describe('a service that traces', () => {
  test('exports what it emitted before it was ready, while it ran and while it stopped', async (t) => {
    const collector = await collectorFor(t);
    const service = await spawnService({ behaviour: 'trace', args: [`--tracing.url=${collector.url}`] });
    await service.sees('"lifecycle":"ready"');
    await spansOf(collector, 2);
    service.child.kill('SIGTERM');
    assert.equal(await service.exited(), 0);
    assert.deepEqual(
      collector.spans().map(({ name, service: from }) => [name, from]),
      [
        ['start', 'venue'],
        ['run', 'venue'],
        ['stop', 'venue'],
      ],
    );
  });

  test('ends with 0 and in time when the collector does not answer', async (t) => {
    const collector = await collectorFor(t);
    collector.answer(() => {});
    const service = await spawnService({ behaviour: 'trace', args: [`--tracing.url=${collector.url}`] });
    await service.sees('"lifecycle":"ready"');
    await spansOf(collector, 2);
    service.child.kill('SIGTERM');
    assert.equal(await service.exited(), 0);
    assert.deepEqual(service.stderr, []);
  });

  test('says nothing on stderr and stays healthy when nothing listens', async () => {
    const portOffset = await freePortOffset();
    const url = `http://127.0.0.1:${PORTS['health.execution'].port + portOffset}/api/traces`;
    const service = await spawnService({ behaviour: 'trace', portOffset, args: [`--tracing.url=${url}`] });
    await service.sees('spans are dropped');
    const metrics = await (await fetch(`${service.healthUrl}/metrics`)).text();
    assert.match(metrics, /^tickpath_spans_dropped_total\{reason="export_failed"\} 2$/m);
    assert.equal((await fetch(`${service.healthUrl}/healthz`)).status, 200);
    service.child.kill('SIGTERM');
    assert.equal(await service.exited(), 0);
    assert.deepEqual(service.stderr, []);
  });
});
