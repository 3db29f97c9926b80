import type { SpanAttributes, Tracing } from '@tickpath/runtime';
import { decimalText, ORDER_SPAN, readTraceparent, type SpanContext, spanIdOf, traceIdOf } from '@tickpath/trading';
import type { FillOutput, OrderEvent } from './core/matching.ts';
import type { Refusal } from './core/refusal.ts';
import type { Exchange, SubmitResult } from './exchange.ts';

export interface OrderTracesOptions {
  readonly exchange: Exchange;
  readonly tracing: Tracing;
  /** The wall clock's time, never the tape's: spans of one trace come from several services. */
  readonly nowNs: () => bigint;
}

/** What a request says besides its body. */
export interface OrderRequestOrigin {
  readonly traceparent: string | undefined;
  /** When its head had come in. */
  readonly receivedNs: bigint;
  /** The name under which the client reached the venue. */
  readonly host: string;
}

/**
 * The venue's part in the trace of an order that came with a `traceparent`: a span of its submission and one of each of
 * its executions. Orders without the header have none.
 */
export interface OrderTraces {
  /** Submits the order to the exchange. */
  submit(body: unknown, origin: OrderRequestOrigin): SubmitResult;
}

interface Submission {
  readonly context: SpanContext;
  readonly origin: OrderRequestOrigin;
}

interface TracedOrder {
  readonly traceId: string;
  readonly parentSpanId: string;
  readonly acceptedNs: bigint;
}

const ROUTE = '/v2/orders';
const MAX_HOST_LENGTH = 255;
const MAX_CLIENT_ORDER_ID_LENGTH = 48;

/**
 * Create it before whatever publishes the exchange's events: listeners are called in the order in which they came, and
 * the submission's span has to end before a first word of the order is on its way.
 */
export function createOrderTraces({ exchange, tracing, nowNs }: OrderTracesOptions): OrderTraces {
  const open = new Map<string, TracedOrder>();
  /** Orders taken whose first event is not on the disk yet. */
  const submissions = new Map<string, Submission>();

  const emitSubmission = ({ context, origin }: Submission, status: number, outcome: SpanAttributes): bigint => {
    const endNs = nowNs();
    tracing.emit(() => [
      {
        traceId: context.traceId,
        // A request sent again is another span: what tells the two apart is the client's span.
        spanId: spanIdOf(context.traceId, `venue POST ${ROUTE} ${context.spanId}`),
        parentSpanId: context.spanId,
        name: `POST ${ROUTE}`,
        kind: 'server',
        startNs: origin.receivedNs,
        endNs,
        attributes: {
          'http.request.method': 'POST',
          'http.route': ROUTE,
          'url.path': ROUTE,
          'server.address': origin.host.slice(0, MAX_HOST_LENGTH),
          'http.response.status_code': status,
          ...outcome,
        },
      },
    ]);
    return endNs;
  };

  const accepted = ({ order }: OrderEvent) => {
    const submission = submissions.get(order.orderId);
    if (submission === undefined) return;
    submissions.delete(order.orderId);
    const outcome = { 'tickpath.cl_ord_id': order.clOrdId, 'tickpath.order_id': order.orderId };
    const acceptedNs = emitSubmission(submission, 200, outcome);
    const { traceId, spanId } = submission.context;
    // Under the root of the stack's own trace; a stranger's trace has no such root, but it has the span of its request.
    const parentSpanId = traceId === traceIdOf(order.clOrdId) ? spanIdOf(traceId, ORDER_SPAN) : spanId;
    open.set(order.orderId, { traceId, parentSpanId, acceptedNs });
  };

  const emitFill = ({ traceId, parentSpanId, acceptedNs }: TracedOrder, fill: FillOutput) => {
    const endNs = nowNs();
    tracing.emit(() => [
      {
        traceId,
        spanId: spanIdOf(traceId, `venue fill ${fill.execId}`),
        parentSpanId,
        name: 'fill',
        kind: 'internal',
        startNs: acceptedNs,
        endNs,
        attributes: {
          'tickpath.cl_ord_id': fill.order.clOrdId,
          'tickpath.order_id': fill.order.orderId,
          'tickpath.exec_id': fill.execId,
          'tickpath.symbol': fill.order.symbol,
          'tickpath.last_qty': decimalText(fill.lastQty),
          'tickpath.last_px': decimalText(fill.lastPx),
          'tickpath.cum_qty': decimalText(fill.order.cumQty),
        },
      },
    ]);
  };

  if (tracing.enabled) {
    exchange.listen((event) => {
      if (event.kind === 'pending_new') return accepted(event);
      const traced = open.get(event.order.orderId);
      if (traced === undefined) return;
      if (event.kind === 'fill' || event.kind === 'partial_fill') emitFill(traced, event);
      if (event.kind === 'fill' || event.kind === 'canceled') open.delete(event.order.orderId);
    });
  }

  return {
    submit(body, origin) {
      const context = tracing.enabled ? readTraceparent(origin.traceparent) : undefined;
      if (context === undefined) return exchange.submit(body);
      const submission = { context, origin };
      const result = exchange.submit(body);
      // The exchange's events come in a later turn, so they find it.
      if (result.ok) submissions.set(result.order.orderId, submission);
      else emitSubmission(submission, result.refusal.status, refusalAttributes(body, result.refusal));
      return result;
    },
  };
}

function refusalAttributes(body: unknown, { message }: Refusal): SpanAttributes {
  const clOrdId: unknown = (body as { client_order_id?: unknown } | null | undefined)?.client_order_id;
  const named = typeof clOrdId === 'string' && { 'tickpath.cl_ord_id': clOrdId.slice(0, MAX_CLIENT_ORDER_ID_LENGTH) };
  return { ...named, 'tickpath.reject_reason': message };
}
