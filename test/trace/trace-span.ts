/** A span as it was read back; times in Unix µs. */
export interface TraceSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentId: string | undefined;
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly service: string;
  readonly name: string;
  readonly startUs: number;
  readonly endUs: number;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly events: readonly SpanEvent[];
  /** What the reader found strange: Jaeger says so on the span. */
  readonly warnings: readonly string[];
}

export interface SpanEvent {
  readonly name: string;
  readonly timeUs: number;
  readonly attributes: Readonly<Record<string, unknown>>;
}
