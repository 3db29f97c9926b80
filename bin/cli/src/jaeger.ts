import { ask } from './http-question.ts';

/** A value of an attribute. */
export type AttributeValue = string | number | boolean;
export type Attributes = Readonly<Record<string, AttributeValue>>;

export interface TraceEvent {
  readonly name: string;
  readonly timeUs: number;
  readonly attributes: Attributes;
}

/** A span as Jaeger shows it; times in Unix µs. */
export interface TraceSpan {
  readonly spanId: string;
  /** Undefined for a root. The parent need not be in the trace. */
  readonly parentId: string | undefined;
  /** Spans of the same trace that it follows from. */
  readonly links: readonly string[];
  readonly service: string;
  readonly name: string;
  readonly startUs: number;
  readonly durationUs: number;
  readonly attributes: Attributes;
  readonly events: readonly TraceEvent[];
}

export type TraceAnswer =
  | { readonly type: 'found'; readonly spans: readonly TraceSpan[] }
  | { readonly type: 'not-found' }
  | { readonly type: 'failed'; readonly reason: string };

const ANSWER_TIMEOUT_MS = 5000;

/** Asks Jaeger's query API for a trace. Never rejects. */
export async function fetchTrace(baseUrl: string, traceId: string): Promise<TraceAnswer> {
  const url = `${baseUrl.replace(/\/+$/, '')}/api/traces/${traceId}`;
  const answer = await ask(url, { timeoutMs: ANSWER_TIMEOUT_MS });
  if (!answer.answered) return { type: 'failed', reason: answer.reason };
  if (answer.status === 404 && isObject(parsed(answer.text))) return { type: 'not-found' };
  if (answer.status !== 200) return { type: 'failed', reason: `it answered with status ${answer.status}` };
  const spans = spansOf(parsed(answer.text));
  if (spans === undefined) return { type: 'failed', reason: 'its answer is not one of the Jaeger query API' };
  return spans.length === 0 ? { type: 'not-found' } : { type: 'found', spans };
}

/**
 * The spans of an answer of `GET /api/traces/{id}` (Jaeger's own JSON, as its user interface reads it), in its order;
 * undefined for anything else. A span without an id or a start is left out.
 */
export function spansOf(answer: unknown): TraceSpan[] | undefined {
  if (!isObject(answer) || !('data' in answer)) return undefined;
  if (answer.data === null) return [];
  if (!Array.isArray(answer.data)) return undefined;
  return answer.data.flatMap((trace: unknown) => {
    if (!isObject(trace)) return [];
    const processes = isObject(trace.processes) ? trace.processes : {};
    return objectsIn(trace.spans).flatMap((span) => spanOf(span, processes) ?? []);
  });
}

function spanOf(span: Record<string, unknown>, processes: Record<string, unknown>): TraceSpan | undefined {
  const { spanID, traceID, operationName, startTime, duration, processID } = span;
  if (typeof spanID !== 'string' || typeof startTime !== 'number') return undefined;
  const host = typeof processID === 'string' ? processes[processID] : undefined;
  const references = objectsIn(span.references).filter(
    (each) => each.traceID === traceID && typeof each.spanID === 'string',
  );
  // As Jaeger itself finds the parent: the first CHILD_OF of the same trace, or else the first reference.
  const parent = references.find(({ refType }) => refType === 'CHILD_OF') ?? references[0];
  return {
    spanId: spanID,
    parentId: parent === undefined ? undefined : String(parent.spanID),
    links: references.filter((each) => each !== parent).map((each) => String(each.spanID)),
    service: isObject(host) && typeof host.serviceName === 'string' ? host.serviceName : '?',
    name: typeof operationName === 'string' ? operationName : '?',
    startUs: startTime,
    durationUs: typeof duration === 'number' ? duration : 0,
    attributes: attributesOf(span.tags),
    events: objectsIn(span.logs).map(eventOf),
  };
}

/** Jaeger keeps the name of an event as its field `event`. */
function eventOf({ timestamp, fields }: Record<string, unknown>): TraceEvent {
  const { event = 'event', ...attributes } = attributesOf(fields);
  return { name: String(event), timeUs: typeof timestamp === 'number' ? timestamp : 0, attributes };
}

function attributesOf(tags: unknown): Attributes {
  const pairs = objectsIn(tags).map(({ key, value }) => [String(key), attributeValueOf(value)] as const);
  return Object.fromEntries(pairs);
}

function attributeValueOf(value: unknown): AttributeValue {
  const isPlain = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
  return isPlain ? value : (JSON.stringify(value) ?? '');
}

function objectsIn(list: unknown): Record<string, unknown>[] {
  return Array.isArray(list) ? list.filter(isObject) : [];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
