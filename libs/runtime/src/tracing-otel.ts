import { JaegerExporter } from '@opentelemetry/exporter-jaeger';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { api, resources, type tracing } from '@opentelemetry/sdk-node';
import type { SpanRecord } from './tracing.ts';
import type { ExportThreadOptions } from './tracing-messages.ts';

/** The most spans that go out in one request. */
export const BATCH_SPANS = 512;

const NAMESPACE = 'tickpath';
const KINDS = {
  internal: api.SpanKind.INTERNAL,
  server: api.SpanKind.SERVER,
  client: api.SpanKind.CLIENT,
  producer: api.SpanKind.PRODUCER,
  consumer: api.SpanKind.CONSUMER,
} as const satisfies Record<SpanRecord['kind'], api.SpanKind>;

/** One service's way out: the conversion of its spans, and the exporter that sends them. */
export interface ServiceExporter {
  readonly exporter: tracing.SpanExporter;
  readableSpan(record: SpanRecord): tracing.ReadableSpan;
}

/**
 * The exporter of one service. Each service has one of its own, since the Jaeger exporter names the process of a whole
 * request after its first span.
 */
export function createServiceExporter(service: string, options: ExportThreadOptions): ServiceExporter {
  const resource = resources.resourceFromAttributes({
    'service.name': service,
    'service.namespace': NAMESPACE,
    'service.version': options.version,
    // Spans made from another service's stamps do not know which instance of it took them.
    ...(service === options.service && { 'service.instance.id': options.instanceId }),
  });
  const instrumentationScope = { name: NAMESPACE, version: options.version };
  const isJaeger = options.exporter === 'jaeger';
  return {
    exporter: isJaeger ? jaegerExporter(options) : otlpExporter(options),
    readableSpan: (record) => ({
      ...spanFields(record),
      ...(isJaeger ? microsecondTimes(record) : nanosecondTimes(record)),
      resource,
      instrumentationScope,
    }),
  };
}

function jaegerExporter({ url }: ExportThreadOptions): tracing.SpanExporter {
  // With an endpoint it posts Thrift over HTTP; without one it would send UDP to an agent. The batch size, which its types
  // do not tell, keeps one export in one request.
  const options = { endpoint: url, maxSpanBatchSize: BATCH_SPANS + 1, flushTimeout: 1 };
  return new JaegerExporter(options);
}

function otlpExporter({ url, exportTimeoutMs }: ExportThreadOptions): tracing.SpanExporter {
  return new OTLPTraceExporter({ url, timeoutMillis: exportTimeoutMs });
}

/** All of a finished span but its times, under the ids it has: nothing of the SDK that would give it others is involved. */
function spanFields(record: SpanRecord) {
  const context = (traceId: string, spanId: string) => ({ traceId, spanId, traceFlags: api.TraceFlags.SAMPLED });
  const spanContext = context(record.traceId, record.spanId);
  return {
    name: record.name,
    kind: KINDS[record.kind],
    spanContext: () => spanContext,
    ...(record.parentSpanId !== undefined && { parentSpanContext: context(record.traceId, record.parentSpanId) }),
    status:
      record.error === undefined
        ? { code: api.SpanStatusCode.UNSET }
        : { code: api.SpanStatusCode.ERROR, message: record.error },
    attributes: { ...record.attributes },
    links: (record.links ?? []).map(({ traceId, spanId }) => ({ context: context(traceId, spanId) })),
    ended: true,
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };
}

function nanosecondTimes({ startNs, endNs, events = [] }: Pick<SpanRecord, 'startNs' | 'endNs' | 'events'>) {
  return {
    startTime: hrTime(startNs),
    endTime: hrTime(endNs),
    duration: hrTime(endNs > startNs ? endNs - startNs : 0n),
    events: events.map(({ name, tsNs, attributes }) => ({ name, time: hrTime(tsNs), attributes: { ...attributes } })),
  };
}

/**
 * Jaeger's Thrift has microseconds, and its exporter counts them in floating point. Rounded down beforehand, start and end
 * arrive exactly, so a child that lies within its parent does so there too. What is shorter than a microsecond is given
 * one: Jaeger takes a duration of zero for a clock that went back, and says so on the span. An event's time goes through
 * milliseconds and is cut: half a microsecond keeps it where it is.
 */
function microsecondTimes({ startNs, endNs, events = [] }: SpanRecord) {
  const floor = (ns: bigint) => ns - (ns % 1000n);
  const rounded = events.map((event) => ({ ...event, tsNs: floor(event.tsNs) + 500n }));
  const roundStartNs = floor(startNs);
  const roundEndNs = floor(endNs);
  return nanosecondTimes({
    startNs: roundStartNs,
    endNs: roundEndNs > roundStartNs ? roundEndNs : roundStartNs + 1000n,
    events: rounded,
  });
}

function hrTime(ns: bigint): [number, number] {
  return [Number(ns / 1_000_000_000n), Number(ns % 1_000_000_000n)];
}
