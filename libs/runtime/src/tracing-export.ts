import type { SpanRecord } from './tracing.ts';
import type { ExportThreadOptions, FromExportThread } from './tracing-messages.ts';
import { BATCH_SPANS, createServiceExporter, type ServiceExporter } from './tracing-otel.ts';

/** How long spans wait for others to go with them. */
const GATHER_MS = 200;

export interface ExportLoop {
  add(spans: readonly SpanRecord[]): void;
  /** Resolves when everything added is exported or failed. */
  close(): Promise<void>;
}

/**
 * Sends spans in batches, one request at a time, and says of every single one whether it arrived. The SDK's
 * BatchSpanProcessor would do the gathering, but it drops what finds no room without telling, and it waits for a result
 * that the Jaeger exporter never gives when the collector does not answer. A failed batch is not tried again: a collector
 * that took it and was slow to say so would have it twice.
 */
export function createExportLoop(options: ExportThreadOptions, tell: (message: FromExportThread) => void): ExportLoop {
  const waiting = new Map<string, SpanRecord[]>();
  const exporters = new Map<string, ServiceExporter>();
  let gathering: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;

  const exporterOf = (service: string) => {
    const known = exporters.get(service) ?? createServiceExporter(service, options);
    exporters.set(service, known);
    return known;
  };
  const exportBatch = async (service: string, batch: readonly SpanRecord[]) => {
    try {
      const { exporter, readableSpan } = exporterOf(service);
      const reason = await failureOf(exporter, batch.map(readableSpan), options.exportTimeoutMs);
      if (reason === undefined) return tell({ type: 'exported', spans: batch.length });
      if (reason === NO_ANSWER) discard(service);
      tell({ type: 'failed', spans: batch.length, reason });
    } catch (error) {
      tell({ type: 'failed', spans: batch.length, reason: messageOf(error) });
    }
  };
  /** Closes the connections of an exporter whose request is still out, and has the next batch use a fresh one. */
  const discard = (service: string) => {
    exporters
      .get(service)
      ?.exporter.shutdown()
      .catch(() => {});
    exporters.delete(service);
  };
  const run = async () => {
    for (let next = nextBatch(waiting); next !== undefined; next = nextBatch(waiting)) {
      await exportBatch(next.service, next.batch);
    }
    running = undefined;
  };
  const start = () => {
    clearTimeout(gathering);
    gathering = undefined;
    running ??= run();
    return running;
  };
  return {
    add(spans) {
      let isFull = false;
      for (const span of spans) {
        const service = span.service ?? options.service;
        const queue = waiting.get(service) ?? [];
        waiting.set(service, queue);
        isFull = queue.push(span) >= BATCH_SPANS || isFull;
      }
      if (isFull) void start();
      else if (running === undefined) gathering ??= setTimeout(start, GATHER_MS);
    },
    async close() {
      await start();
      await Promise.allSettled([...exporters.values()].map(({ exporter }) => exporter.shutdown()));
    },
  };
}

const NO_ANSWER = 'no answer in time';

/** Why the spans did not arrive; undefined when they did. */
async function failureOf(
  exporter: ServiceExporter['exporter'],
  spans: ReturnType<ServiceExporter['readableSpan']>[],
  timeoutMs: number,
): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const timer = setTimeout(() => resolve(NO_ANSWER), timeoutMs);
  exporter.export(spans, ({ code, error }) => resolve(code === 0 ? undefined : messageOf(error)));
  const reason = await promise;
  clearTimeout(timer);
  return reason;
}

function nextBatch(waiting: Map<string, SpanRecord[]>): { service: string; batch: SpanRecord[] } | undefined {
  for (const [service, queue] of waiting) {
    if (queue.length === 0) continue;
    // A service that always has spans does not keep the others waiting.
    waiting.delete(service);
    const batch = queue.splice(0, BATCH_SPANS);
    waiting.set(service, queue);
    return { service, batch };
  }
  return undefined;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error ?? 'unknown');
}
