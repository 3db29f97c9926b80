import type { SpanEvent, SpanRecord } from '@tickpath/runtime';
import { ORDER_SPAN, readTraceparent, spanIdOf, traceIdOf } from '@tickpath/trading';
import type { Envelope, LogIdentity } from '@tickpath/wire';
import type { CheckMade, Decision, OrderEvent, RiskAppend, RiskOutput } from './core/index.ts';
import { causationOf, logSpan } from './journal-events.ts';

export interface Times {
  readonly startNs: bigint;
  readonly endNs: bigint;
}

/** A check with the moment at which it was made. */
export interface StampedCheck extends CheckMade {
  readonly tsNs: bigint;
}

/** The spans of a check: the answer to signal's question, with every check as an event, and what was published for it. */
export function checkSpans(
  asked: { readonly decision: Decision; readonly traceparent: string | null; readonly checks: readonly StampedCheck[] },
  times: Times,
  outputs: readonly RiskOutput[],
): SpanRecord[] {
  const { decision, checks } = asked;
  const { clOrdId, approved, reason, text } = decision;
  const traceId = traceIdOf(clOrdId);
  const parentSpanId = readTraceparent(asked.traceparent)?.spanId ?? spanIdOf(traceId, ORDER_SPAN);
  const spanId = spanIdOf(traceId, `risk.check ${parentSpanId}`);
  return [
    {
      traceId,
      spanId,
      parentSpanId,
      name: 'process riskCheck',
      kind: 'server',
      ...times,
      attributes: {
        ...messaging('riskCheck', 'process'),
        'tickpath.cl_ord_id': clOrdId,
        'tickpath.approved': approved,
        ...(reason !== null && { 'tickpath.reject_reason': reason, 'tickpath.reject_text': text ?? '' }),
      },
      events: checks.map(
        ({ tsNs, name, value, limit, passed }): SpanEvent => ({
          name: 'check',
          tsNs,
          attributes: { name, value, limit, passed },
        }),
      ),
    },
    ...publishedSpans(traceId, spanId, { clOrdId, times, outputs, causation: null }),
  ];
}

/** The spans of an event of the execution log: the fill or end of an order as it comes into the book. */
export function executionSpans(
  event: OrderEvent,
  from: { readonly log: LogIdentity; readonly traceparent: Envelope['traceparent'] },
  times: Times,
  outputs: readonly RiskOutput[],
): SpanRecord[] {
  const causation = causationOf({ ...from.log, seq: event.seq });
  const { clOrdId } = event.payload;
  const traceId = traceIdOf(clOrdId);
  const spanId = spanIdOf(traceId, `risk.execution ${causation}`);
  const producer = readTraceparent(from.traceparent);
  const position = outputs.find((output) => output.type === 'append' && output.kind === 'PositionUpdated');
  return [
    {
      traceId,
      spanId,
      parentSpanId: spanIdOf(traceId, ORDER_SPAN),
      name: 'process execution.log',
      kind: 'consumer',
      ...times,
      attributes: {
        ...messaging('execution.log', 'process'),
        'tickpath.cl_ord_id': clOrdId,
        'tickpath.event': event.kind,
      },
      ...(producer !== undefined && { links: [producer] }),
    },
    ...(position === undefined
      ? []
      : [positionSpan(traceId, spanId, { times, clOrdId, position: position as PositionUpdate })]),
    ...publishedSpans(traceId, spanId, { clOrdId, times, outputs, causation }),
  ];
}

type PositionUpdate = Extract<RiskAppend, { kind: 'PositionUpdated' }>;

function positionSpan(
  traceId: string,
  parentSpanId: string,
  { times, clOrdId, position }: { readonly times: Times; readonly clOrdId: string; readonly position: PositionUpdate },
): SpanRecord {
  const { symbol, qty, cash, realizedPnl } = position.payload;
  return {
    traceId,
    spanId: spanIdOf(traceId, `risk.position ${parentSpanId}`),
    parentSpanId,
    name: 'update position',
    kind: 'internal',
    ...times,
    attributes: {
      'tickpath.cl_ord_id': clOrdId,
      'tickpath.symbol': symbol,
      'tickpath.position_qty': qty,
      'tickpath.cash': cash,
      'tickpath.realized_pnl': realizedPnl,
    },
  };
}

function publishedSpans(
  traceId: string,
  parentSpanId: string,
  published: {
    readonly clOrdId: string;
    readonly times: Times;
    readonly outputs: readonly RiskOutput[];
    /** The event of the execution log that led to it. */
    readonly causation: string | null;
  },
): SpanRecord[] {
  const { clOrdId, times, outputs, causation } = published;
  return outputs
    .filter((output): output is RiskAppend => output.type === 'append' && output.clOrdId !== null)
    .map(({ kind, payload }) => ({
      traceId,
      spanId: spanIdOf(traceId, logSpan(kind, payload, causation)),
      parentSpanId,
      name: 'publish risk.log',
      kind: 'producer',
      ...times,
      attributes: {
        ...messaging('risk.log', 'publish'),
        'tickpath.cl_ord_id': clOrdId,
        'tickpath.event': kind,
      },
    }));
}

function messaging(destination: string, operation: 'process' | 'publish') {
  return {
    'messaging.system': 'zeromq',
    'messaging.destination.name': destination,
    'messaging.operation.name': operation,
    'messaging.operation.type': operation === 'publish' ? 'send' : 'process',
  };
}
