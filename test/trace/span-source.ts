import { type CollectedSpan, startCollector } from '@tickpath/testkit';
import { JaegerServer } from './jaeger-server.ts';
import type { TraceSpan } from './trace-span.ts';

/** Where a stack's spans go, and where they are read from again. */
export interface SpanSource {
  /** For `tracing.url`. */
  readonly url: string;
  /** Every span of every trace. */
  spans(): Promise<TraceSpan[]>;
  close(): Promise<void>;
}

const NO_PARENT = '0'.repeat(16);

/** A real Jaeger, asked over its query API. */
export async function jaegerSource(program: string): Promise<SpanSource> {
  const jaeger = await JaegerServer.start(program);
  return { url: jaeger.collectorUrl, spans: () => jaeger.spans(), close: () => jaeger.stop() };
}

/** A collector of this test, which keeps what it is sent and reads it with a Thrift reader of its own. */
export async function collectorSource(): Promise<SpanSource> {
  const collector = await startCollector();
  return {
    url: collector.url,
    spans: async () => collector.spans().map(traceSpanOf),
    close: () => collector.close(),
  };
}

function traceSpanOf(span: CollectedSpan): TraceSpan {
  const { traceId, spanId, parentSpanId, service, name, startUs, durationUs, tags, logs, links } = span;
  return {
    traceId,
    spanId,
    parentId: parentSpanId === NO_PARENT ? undefined : parentSpanId,
    links,
    service,
    name,
    startUs: Number(startUs),
    endUs: Number(startUs + durationUs),
    attributes: tags,
    events: logs.map(({ tsUs, fields: { event, ...attributes } }) => {
      return { name: String(event), timeUs: Number(tsUs), attributes };
    }),
    warnings: [],
  };
}
