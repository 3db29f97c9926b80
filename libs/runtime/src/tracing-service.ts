import { hostname } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { Logger } from './log.ts';
import type { Metrics } from './metrics.ts';
import type { ServiceName } from './ports.ts';
import type { SharedConfig } from './shared-config.ts';
import { NO_TRACING, type SpanRecord, type Tracing } from './tracing.ts';
import type { ExportThreadOptions, FromExportThread, ToExportThread } from './tracing-messages.ts';
import { createTracingNotices } from './tracing-notices.ts';
import { VERSION } from './version.ts';

const DEFAULT_URLS = {
  jaeger: 'http://127.0.0.1:14268/api/traces',
  otlp: 'http://127.0.0.1:4318/v1/traces',
} as const;

/** How long emitted functions wait before they are run: long enough not to run between two messages of a burst. */
const FLUSH_MS = 100;
/** Functions run in one turn of the event loop, so that a flush never holds up a message for long. */
const CHUNK = 8;
const CLOSE_MS = 1000;
const EXPORT_TIMEOUT_MS = 5000;
/** Between the death of an exporting thread and the next one. */
const RESTART_MS = 30_000;

export interface ServiceTracing extends Tracing {
  /** Spans wait until this is called, so that what exports them does not slow the start. */
  ready(): void;
  close(withinMs?: number): Promise<void>;
}

export interface TracingOptions {
  readonly config: Pick<SharedConfig['tracing'], 'exporter' | 'url' | 'queueSpans'>;
  readonly service: ServiceName;
  readonly metrics: Metrics;
  readonly log: Logger;
  /** After this long without an answer a request has failed. */
  readonly exportTimeoutMs?: number;
}

/**
 * The tracing of one service. Loading the SDK takes half a second of one core and encoding a batch takes milliseconds, so
 * both happen in a thread of their own, started with the first span after `ready`: a service without spans never pays,
 * and the event loop that trades pays for one message to the thread. The queue is bounded here, by the spans that the
 * thread has not answered for.
 */
export function createTracing(options: TracingOptions): ServiceTracing {
  const { exporter, url: configuredUrl, queueSpans } = options.config;
  if (exporter === 'none') return { ...NO_TRACING, ready: () => {} };
  const url = configuredUrl ?? DEFAULT_URLS[exporter];
  const { metrics, log } = options;
  const exported = metrics.counter('tickpath_spans_exported_total', 'Spans that the collector took');
  const dropped = metrics.counter('tickpath_spans_dropped_total', 'Spans that were lost', ['reason']);
  for (const reason of ['queue_full', 'export_failed', 'not_made']) dropped.inc({ reason }, 0);
  const queued = metrics.gauge('tickpath_spans_queued', 'Spans that wait to be exported');
  const notices = createTracingNotices({ log, url, expected: configuredUrl !== null });
  const threadOptions: ExportThreadOptions = {
    exporter,
    url,
    service: options.service,
    version: VERSION,
    instanceId: `${hostname()}:${process.pid}`,
    exportTimeoutMs: options.exportTimeoutMs ?? EXPORT_TIMEOUT_MS,
  };

  let waiting: (() => readonly SpanRecord[])[] = [];
  let handedOver = 0;
  let isReady = false;
  let isClosed = false;
  let flushing: NodeJS.Timeout | NodeJS.Immediate | undefined;
  let thread: Worker | undefined;
  let threadDiedMs = Number.NEGATIVE_INFINITY;
  let onClosed = () => {};
  metrics.beforeScrape(() => queued.set(waiting.length + handedOver));

  const failed = (spans: number, reason: string) => {
    handedOver -= spans;
    if (spans > 0) dropped.inc({ reason: 'export_failed' }, spans);
    notices.failed(reason);
  };
  const startThread = () => {
    const started = new Worker(new URL('./tracing-thread.ts', import.meta.url), {
      workerData: threadOptions,
      // Only the configuration decides what is exported where, no OTEL_ variable, and no flag meant for the service.
      env: {},
      execArgv: [],
    });
    started.unref();
    started.on('message', (message: FromExportThread) => {
      if (message.type === 'closed') return onClosed();
      if (message.type === 'failed') return failed(message.spans, message.reason);
      handedOver -= message.spans;
      exported.inc(message.spans);
      notices.exported();
    });
    let reason = 'the exporting thread ended';
    started.on('error', (error) => {
      reason = `the exporting thread failed: ${error instanceof Error ? error.message : String(error)}`;
    });
    started.on('exit', () => {
      thread = undefined;
      threadDiedMs = performance.now();
      if (!isClosed) failed(handedOver, reason);
      onClosed();
    });
    return started;
  };
  const handOver = (spans: readonly SpanRecord[]) => {
    if (thread === undefined && performance.now() - threadDiedMs < RESTART_MS) {
      dropped.inc({ reason: 'export_failed' }, spans.length);
      return;
    }
    thread ??= startThread();
    thread.postMessage({ type: 'spans', spans } satisfies ToExportThread);
    handedOver += spans.length;
  };
  const flush = (functions: number) => {
    flushing = undefined;
    const spans: SpanRecord[] = [];
    try {
      for (const makeSpans of waiting.splice(0, functions)) {
        for (const span of made(makeSpans)) {
          if (handedOver + spans.length < queueSpans) spans.push(span);
          else dropped.inc({ reason: 'queue_full' });
        }
      }
      if (spans.length > 0) handOver(spans);
    } catch (error) {
      dropped.inc({ reason: 'not_made' }, spans.length);
      notices.notMade(error);
    }
    if (waiting.length > 0 && !isClosed) flushing = setImmediate(flush, CHUNK).unref();
  };
  const made = (makeSpans: () => readonly SpanRecord[]): readonly SpanRecord[] => {
    try {
      return makeSpans();
    } catch (error) {
      dropped.inc({ reason: 'not_made' });
      notices.notMade(error);
      return [];
    }
  };
  const scheduleFlush = () => {
    if (isReady) flushing ??= setTimeout(flush, FLUSH_MS, CHUNK).unref();
  };

  return {
    enabled: true,
    emit(makeSpans) {
      if (isClosed) return;
      if (waiting.length + handedOver >= queueSpans) return dropped.inc({ reason: 'queue_full' });
      waiting.push(makeSpans);
      scheduleFlush();
    },
    ready() {
      isReady = true;
      if (waiting.length > 0) scheduleFlush();
    },
    async close(withinMs = CLOSE_MS) {
      if (isClosed) return;
      isClosed = true;
      clearTimeout(flushing as NodeJS.Timeout | undefined);
      clearImmediate(flushing as NodeJS.Immediate | undefined);
      if (isReady) flush(waiting.length);
      waiting = [];
      if (thread === undefined) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      onClosed = resolve;
      const timer = setTimeout(resolve, withinMs);
      thread.postMessage({ type: 'close' } satisfies ToExportThread);
      await promise;
      clearTimeout(timer);
      onClosed = () => {};
      if (handedOver > 0) failed(handedOver, 'not exported before the end');
      await thread?.terminate();
    },
  };
}
