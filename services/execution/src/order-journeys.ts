import type { SpanRecord, Tracing } from '@tickpath/runtime';
import { ORDER_SPAN, readTraceparent, spanIdOf, traceIdOf } from '@tickpath/trading';
import type { Payload } from '@tickpath/wire';
import type { ExecutionOutput } from './core/index.ts';
import type { ExecutionMetrics } from './metrics.ts';

/** The span of the call that submits an order: what the venue does hangs under it. */
export const SUBMIT_SPAN = 'execution.submit';

type Appended = Extract<ExecutionOutput, { type: 'append' }>;
type OrderEvent = Extract<Appended, { readonly payload: { readonly clOrdId: string } }>;

export interface Handled {
  /** When the message came. */
  readonly receivedNs: bigint;
  /** When everything it led to had been written and logged, before anyone was told of the last of it. */
  readonly doneNs: bigint;
  readonly outputs: readonly ExecutionOutput[];
}

/** How a call to the venue ended. */
export interface CallResult {
  readonly status?: number;
  readonly error?: string;
}

interface Times {
  readonly startNs: bigint;
  readonly endNs: bigint;
}

export interface OrderJourneysOptions {
  readonly stages: ExecutionMetrics['stages'];
  readonly tracing: Tracing;
}

/**
 * The times an order passes here, as stages and as spans of its trace (DESIGN §11). A span ends before what follows from
 * it can begin elsewhere: the call ends with the venue's first word, be that the answer or an update.
 */
export class OrderJourneys {
  readonly #options: OrderJourneysOptions;
  /** When the call that submits each order began, while the venue has not said its last word on it. */
  readonly #written = new Map<string, { readonly ns: bigint; writtenNs: bigint; answered: boolean }>();

  constructor(options: OrderJourneysOptions) {
    this.#options = options;
  }

  /** The order is about to be written: before that, nothing of it can have happened at the venue. */
  submitting(clOrdId: string, nowNs: bigint): void {
    this.#written.set(clOrdId, { ns: nowNs, writtenNs: nowNs, answered: false });
  }

  /** The order has been written, or waits for a connection. */
  written(clOrdId: string, nowNs: bigint): void {
    const journey = this.#written.get(clOrdId);
    if (journey !== undefined) journey.writtenNs = nowNs;
  }

  /** The account has been taken anew: what is still open is followed without the times of its beginning. */
  forget(): void {
    this.#written.clear();
  }

  /**
   * An approval was taken from the risk log; `traceparent` is that of its event. One that leads to nothing leaves no
   * span: it was for another generation of our log, and an execution before this one has told of it.
   */
  approved(
    approval: Payload<'OrderApproved'>,
    traceparent: string | null,
    { receivedNs, doneNs, outputs }: Handled,
  ): void {
    const { clOrdId } = approval;
    const { stages, tracing } = this.#options;
    if (!outputs.some(isOrderEvent)) return;
    const sent = outputs.some(({ type }) => type === 'submit');
    if (sent) {
      // What is committed behind it is on nobody's way.
      const { writtenNs = doneNs } = this.#written.get(clOrdId) ?? {};
      stages.submit(secondsBetween(receivedNs, writtenNs));
      stages.tickToOrder(secondsBetween(approval.receivedNs, writtenNs));
    }
    tracing.emit(() => {
      const traceId = traceIdOf(clOrdId);
      const spanId = spanIdOf(traceId, 'execution.risk-log');
      const cause = readTraceparent(traceparent);
      return [
        {
          ...consumed(traceId, spanId, 'risk.log'),
          startNs: receivedNs,
          endNs: doneNs,
          ...(cause !== undefined && { links: [cause] }),
          attributes: { ...consumedFrom('risk.log'), 'tickpath.cl_ord_id': clOrdId, 'tickpath.sent': sent },
        },
        ...publishedSpans(traceId, spanId, { receivedNs, doneNs, outputs }),
      ];
    });
  }

  /** The venue answered the submission, or nothing came back. */
  answered(clOrdId: string, nowNs: bigint, answer: CallResult): void {
    const journey = this.#written.get(clOrdId);
    if (journey === undefined || journey.answered) return;
    journey.answered = true;
    const { stages, tracing } = this.#options;
    if (answer.error === undefined) stages.acknowledge(secondsBetween(journey.ns, nowNs));
    const times = { startNs: journey.ns, endNs: nowNs };
    tracing.emit(() => [callSpan(clOrdId, { stage: SUBMIT_SPAN, name: 'POST /v2/orders', times, answer })]);
  }

  /** The venue was asked what it knows of the order. */
  lookedUp(clOrdId: string, times: Times, answer: CallResult): void {
    const name = 'GET /v2/orders:by_client_order_id';
    const stage = `execution.lookup ${times.startNs}`;
    this.#options.tracing.emit(() => [callSpan(clOrdId, { stage, name, times, answer })]);
  }

  /** An answer of the venue, to the submission or to a lookup, was taken in. */
  logged(clOrdId: string, handled: Handled): void {
    const events = handled.outputs.filter(isOrderEvent);
    if (events.some(isLast)) this.#written.delete(clOrdId);
    if (events.length === 0) return;
    this.#options.tracing.emit(() => {
      const traceId = traceIdOf(clOrdId);
      return publishedSpans(traceId, spanIdOf(traceId, ORDER_SPAN), handled);
    });
  }

  /** An update of the venue was taken in. It may come before the answer to the submission. */
  updated(clOrdId: string, event: string, handled: Handled): void {
    const journey = this.#written.get(clOrdId);
    const { receivedNs, doneNs, outputs } = handled;
    this.answered(clOrdId, receivedNs, {});
    const { stages, tracing } = this.#options;
    const events = outputs.filter(isOrderEvent);
    const last = events.find(isLast);
    if (last?.kind === 'OrderFilled' && journey !== undefined) stages.fill(secondsBetween(journey.ns, receivedNs));
    if (last !== undefined) this.#written.delete(clOrdId);
    if (events.length === 0) return;
    tracing.emit(() => {
      const traceId = traceIdOf(clOrdId);
      const spanId = spanIdOf(traceId, `execution.update ${logSpan(events[0] as OrderEvent)}`);
      const attributes = { ...consumedFrom('trade_updates', 'websocket'), 'tickpath.cl_ord_id': clOrdId };
      return [
        {
          ...consumed(traceId, spanId, 'trade_updates'),
          startNs: receivedNs,
          endNs: doneNs,
          attributes: { ...attributes, 'tickpath.event': event },
        },
        ...publishedSpans(traceId, spanId, handled),
      ];
    });
  }
}

/** The stage that names the span under which an event of our log is published: what risk's span links to. */
export function logSpan({ kind, payload }: OrderEvent): string {
  return kind === 'OrderFilled' ? `execution.log ${kind} ${payload.cumQty}` : `execution.log ${kind}`;
}

export function isOrderEvent(output: ExecutionOutput): output is OrderEvent {
  return output.type === 'append' && 'clOrdId' in output.payload;
}

function isLast({ kind, payload }: OrderEvent): boolean {
  if (kind === 'OrderFilled') return payload.leavesQty === '0';
  return kind === 'OrderCanceled' || kind === 'OrderExpired' || kind === 'OrderRejected' || kind === 'OrderRefused';
}

function callSpan(
  clOrdId: string,
  call: { readonly stage: string; readonly name: string; readonly times: Times; readonly answer: CallResult },
): SpanRecord {
  const { stage, name, times, answer } = call;
  const [method = '', path = ''] = name.split(' ');
  const traceId = traceIdOf(clOrdId);
  return {
    traceId,
    spanId: spanIdOf(traceId, stage),
    parentSpanId: spanIdOf(traceId, ORDER_SPAN),
    name,
    kind: 'client',
    ...times,
    attributes: {
      'tickpath.cl_ord_id': clOrdId,
      'http.request.method': method,
      'url.path': path,
      ...(answer.status !== undefined && { 'http.response.status_code': answer.status }),
    },
    error: answer.error,
  };
}

function publishedSpans(traceId: string, parentSpanId: string, { receivedNs, doneNs, outputs }: Handled): SpanRecord[] {
  return outputs.filter(isOrderEvent).map((event) => ({
    traceId,
    spanId: spanIdOf(traceId, logSpan(event)),
    parentSpanId,
    name: 'publish execution.log',
    kind: 'producer',
    startNs: receivedNs,
    endNs: doneNs,
    attributes: {
      'messaging.system': 'zeromq',
      'messaging.destination.name': 'execution.log',
      'messaging.operation.name': 'publish',
      'messaging.operation.type': 'send',
      'tickpath.cl_ord_id': event.payload.clOrdId,
      'tickpath.event': event.kind,
    },
  }));
}

function consumed(traceId: string, spanId: string, destination: string) {
  const parentSpanId = spanIdOf(traceId, ORDER_SPAN);
  return { traceId, spanId, parentSpanId, name: `process ${destination}`, kind: 'consumer' as const };
}

function consumedFrom(destination: string, system = 'zeromq') {
  return {
    'messaging.system': system,
    'messaging.destination.name': destination,
    'messaging.operation.name': 'process',
    'messaging.operation.type': 'process',
  };
}

function secondsBetween(fromNs: bigint, toNs: bigint): number {
  return Number(toNs - fromNs) / 1e9;
}
