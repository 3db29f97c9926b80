import type { SpanAttributes, Tracing } from '@tickpath/runtime';
import { ORDER_SPAN, readTraceparent, type SpanContext, spanIdOf, traceIdOf, unitsText } from '@tickpath/trading';
import { type FillEvent, isOpen, type NewOrder, type OrderEvent } from './core/orders/order.ts';
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
  submit(order: NewOrder, origin: OrderRequestOrigin): SubmitResult;
  /** A request that was refused before it came to be an order; `clOrdId` as far as one could be read. */
  refused(clOrdId: string | null, refusal: Refusal, origin: OrderRequestOrigin): void;
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
const SHOWN_CLIENT_ORDER_ID_LENGTH = 48;

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

  const emitFill = ({ traceId, parentSpanId, acceptedNs }: TracedOrder, fill: FillEvent) => {
    const { order, execId, lastQty, lastPx } = fill;
    const { symbol, priceDecimals, qtyDecimals } = order.asset;
    const endNs = nowNs();
    tracing.emit(() => [
      {
        traceId,
        spanId: spanIdOf(traceId, `venue fill ${execId}`),
        parentSpanId,
        name: 'fill',
        kind: 'internal',
        startNs: acceptedNs,
        endNs,
        attributes: {
          'tickpath.cl_ord_id': order.clOrdId,
          'tickpath.order_id': order.orderId,
          'tickpath.exec_id': execId,
          'tickpath.symbol': symbol,
          'tickpath.last_qty': unitsText(lastQty, qtyDecimals),
          'tickpath.last_px': unitsText(lastPx, priceDecimals),
          'tickpath.cum_qty': unitsText(order.cumQty, qtyDecimals),
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
      if (!isOpen(event.order)) open.delete(event.order.orderId);
    });
  }

  const contextOf = ({ traceparent }: OrderRequestOrigin): SpanContext | undefined =>
    tracing.enabled ? readTraceparent(traceparent) : undefined;

  return {
    submit(order, origin) {
      const context = contextOf(origin);
      const result = exchange.submit(order);
      if (context === undefined) return result;
      const submission = { context, origin };
      // The exchange's events come in a later turn, so they find it.
      if (result.ok) submissions.set(result.order.orderId, submission);
      else emitSubmission(submission, result.refusal.status, refusalAttributes(order.clOrdId, result.refusal));
      return result;
    },
    refused(clOrdId, refusal, origin) {
      const context = contextOf(origin);
      if (context === undefined) return;
      emitSubmission({ context, origin }, refusal.status, refusalAttributes(clOrdId, refusal));
    },
  };
}

function refusalAttributes(clOrdId: string | null, { message }: Refusal): SpanAttributes {
  const named = clOrdId !== null && { 'tickpath.cl_ord_id': clOrdId.slice(0, SHOWN_CLIENT_ORDER_ID_LENGTH) };
  return { ...named, 'tickpath.reject_reason': message };
}
