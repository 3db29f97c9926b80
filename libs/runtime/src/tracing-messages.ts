import type { SpanRecord } from './tracing.ts';

/** What the exporting thread is told when it starts. */
export interface ExportThreadOptions {
  readonly exporter: 'jaeger' | 'otlp';
  readonly url: string;
  /** The service whose spans these are, unless a span names another. */
  readonly service: string;
  readonly version: string;
  readonly instanceId: string;
  readonly exportTimeoutMs: number;
}

export type ToExportThread =
  | { readonly type: 'spans'; readonly spans: readonly SpanRecord[] }
  /** Export what is left, then say `closed`. */
  | { readonly type: 'close' };

export type FromExportThread =
  | { readonly type: 'exported'; readonly spans: number }
  | { readonly type: 'failed'; readonly spans: number; readonly reason: string }
  | { readonly type: 'closed' };
