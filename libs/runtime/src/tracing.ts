import type { ServiceName } from './ports.ts';

export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

export interface SpanEvent {
  readonly name: string;
  readonly tsNs: bigint;
  readonly attributes?: SpanAttributes | undefined;
}

export interface SpanLink {
  readonly traceId: string;
  readonly spanId: string;
}

/** A span that is over. Times are Unix nanoseconds; ids are lowercase hex of 16 and 8 bytes (W3C Trace Context). */
export interface SpanRecord {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string | undefined;
  readonly name: string;
  readonly kind: 'internal' | 'server' | 'client' | 'producer' | 'consumer';
  readonly startNs: bigint;
  readonly endNs: bigint;
  readonly attributes?: SpanAttributes | undefined;
  readonly events?: readonly SpanEvent[] | undefined;
  readonly links?: readonly SpanLink[] | undefined;
  /** The span failed, with the reason. */
  readonly error?: string | undefined;
  /** Emitted under the name of this service: a span made from the stamps that it took. */
  readonly service?: ServiceName | undefined;
}

/** Where a service leaves the spans of the orders it worked on. */
export interface Tracing {
  /** False when nothing is exported; whoever would have to gather something for a span can leave it. */
  readonly enabled: boolean;
  /**
   * Has spans made and exported later, outside the hot path. Never throws and never waits: what finds no room in the
   * bounded queue is dropped and counted in `tickpath_spans_dropped_total`. A function that throws is logged and counted.
   */
  emit(makeSpans: () => readonly SpanRecord[]): void;
  /** Exports what is queued, for a second at most. What is emitted afterwards is ignored. */
  close(): Promise<void>;
}

export const NO_TRACING: Tracing = { enabled: false, emit: () => {}, close: () => Promise.resolve() };
