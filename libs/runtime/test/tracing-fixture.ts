import type { TestContext } from 'node:test';
import { type Collector, eventually, startCollector } from '@tickpath/testkit';
import { pino } from 'pino';
import { createMetrics, type Logger, type Metrics, type SpanRecord } from '../src/index.ts';
import { createTracing, type ServiceTracing, type TracingOptions } from '../src/tracing-service.ts';

export const TRACE = '8f3a0c1d2e4b5a69788796a5b4c3d2e1';
export const START = 1_795_261_339_123_456_789n;

export interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly reason?: string;
}

export async function collectorFor(t: TestContext, path?: string): Promise<Collector> {
  const collector = await startCollector(path);
  t.after(() => collector.close());
  return collector;
}

export function tracingFor(
  t: TestContext,
  { exportTimeoutMs, ...config }: Partial<TracingOptions['config']> & Pick<TracingOptions, 'exportTimeoutMs'>,
): { tracing: ServiceTracing; metrics: Metrics; lines: readonly LogLine[] } {
  const metrics = createMetrics();
  const lines: LogLine[] = [];
  const tracing = createTracing({
    config: { exporter: 'jaeger', url: null, queueSpans: 10_000, ...config },
    service: 'signal',
    metrics,
    log: capturedLog(lines),
    ...(exportTimeoutMs !== undefined && { exportTimeoutMs }),
  });
  t.after(() => tracing.close(0));
  return { tracing, metrics, lines };
}

export function span(fields: Partial<SpanRecord> = {}): SpanRecord {
  return {
    traceId: TRACE,
    spanId: '1234567890abcdef',
    name: 'strategy',
    kind: 'internal',
    startNs: START,
    endNs: START + 250_000n,
    ...fields,
  };
}

export function spansOf(collector: Collector, count: number) {
  return eventually(`${count} spans`, () => {
    const spans = collector.spans();
    return spans.length >= count ? spans : undefined;
  });
}

export async function metricOf(metrics: Metrics, series: string): Promise<number> {
  const line = (await metrics.registry.metrics()).split('\n').find((each) => each.startsWith(`${series} `));
  return Number(line?.split(' ')[1]);
}

export function droppedFor(metrics: Metrics, reason: string): Promise<number> {
  return metricOf(metrics, `tickpath_spans_dropped_total{reason="${reason}"}`);
}

/** A log that ends in a list. */
export function capturedLog(lines: LogLine[]): Logger {
  const formatters = { level: (label: string) => ({ level: label }) };
  return pino({ level: 'trace', formatters }, { write: (line: string) => void lines.push(JSON.parse(line)) });
}
