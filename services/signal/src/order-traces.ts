import type { SpanRecord, Tracing } from '@tickpath/runtime';
import { ORDER_SPAN, type OrderIntent, spanIdOf, traceIdOf } from '@tickpath/trading';
import type { Payload } from '@tickpath/wire';

/** The market message that an order was decided on, with the stamps it carries and those of its delivery. */
export interface Cause {
  readonly topic: string;
  readonly receivedNs: bigint;
  readonly decodedNs: bigint;
  readonly publishedNs: bigint;
  readonly deliveredNs: bigint;
  readonly decidedNs: bigint;
}

export interface Times {
  readonly startNs: bigint;
  readonly endNs: bigint;
}

/** The stage that names the span of one question to risk, which what risk does hangs under. */
export function askSpan(attempt: number): string {
  return `signal.ask ${attempt}`;
}

interface OpenTrace {
  readonly receivedNs: bigint;
  readonly intent: OrderIntent;
  answered: boolean;
  ended: { readonly ordStatus: string; readonly error: string | undefined } | undefined;
}

/**
 * The traces of the orders decided here (DESIGN §11). Ticks carry only their stamps: when one makes an order, the spans
 * before it are made from them. The root begins with the receipt of that tick and ends when risk's log has closed the
 * order and every question about it has been answered: later than all that hangs under it.
 */
export class OrderTraces {
  readonly #tracing: Tracing;
  readonly #strategy: string;
  readonly #open = new Map<string, OpenTrace>();

  constructor(tracing: Tracing, strategy: string) {
    this.#tracing = tracing;
    this.#strategy = strategy;
  }

  /** An order was decided. `features` are what the strategy decided on. */
  decided(intent: OrderIntent, cause: Cause, features: Readonly<Record<string, number>>): void {
    if (!this.#tracing.enabled) return;
    const { receivedNs } = cause;
    this.#open.set(intent.clOrdId, { receivedNs, intent, answered: false, ended: undefined });
    this.#tracing.emit(() => upstreamSpans(intent, cause, { features, strategy: this.#strategy }));
  }

  /** One question to risk is over: with a decision, or with nothing. */
  asked(clOrdId: string, attempt: number, times: Times, outcome: string): void {
    this.#tracing.emit(() => {
      const traceId = traceIdOf(clOrdId);
      return [
        {
          traceId,
          spanId: spanIdOf(traceId, askSpan(attempt)),
          parentSpanId: spanIdOf(traceId, ORDER_SPAN),
          name: 'send riskCheck',
          kind: 'client',
          ...times,
          attributes: {
            ...messaging('riskCheck', 'send', 'send'),
            'tickpath.cl_ord_id': clOrdId,
            'tickpath.attempt': attempt,
            'tickpath.outcome': outcome,
          },
        },
      ];
    });
  }

  /** Risk has decided: a refusal closes the order, unless it is of a repeat. */
  answered({ clOrdId, approved, reason, text }: Payload<'riskDecision'>, nowNs: bigint): void {
    const open = this.#open.get(clOrdId);
    if (open === undefined) return;
    open.answered = true;
    // What was asked for before, by a signal or to a risk before this one, is closed by risk's log.
    if (!approved && reason !== 'DUPLICATE_ORDER') open.ended = { ordStatus: 'REFUSED', error: `${reason}: ${text}` };
    this.#finish(open, nowNs);
  }

  /** Risk's log has closed the order. One that a signal before this one had asked for ends here too. */
  closed({ clOrdId, symbol, ordStatus, receivedNs }: Payload<'ReservationFreed'>, nowNs: bigint): void {
    const ended = { ordStatus, error: undefined };
    const open = this.#open.get(clOrdId);
    if (open !== undefined) {
      open.ended = ended;
      return this.#finish(open, nowNs);
    }
    if (receivedNs === null) return;
    this.#tracing.emit(() => [rootSpan({ clOrdId, symbol }, { startNs: receivedNs, endNs: nowNs }, ended)]);
  }

  /** What risk has open was loaded anew: an order that is not among it was closed while no log told of it. */
  reloaded(openClOrdIds: ReadonlySet<string>, nowNs: bigint): void {
    for (const [clOrdId, open] of this.#open) {
      if (!open.answered || openClOrdIds.has(clOrdId)) continue;
      open.ended = { ordStatus: 'UNKNOWN', error: undefined };
      this.#finish(open, nowNs);
    }
  }

  #finish({ intent, receivedNs, answered, ended }: OpenTrace, nowNs: bigint): void {
    if (!answered || ended === undefined) return;
    this.#open.delete(intent.clOrdId);
    this.#tracing.emit(() => [rootSpan(intent, { startNs: receivedNs, endNs: nowNs }, ended)]);
  }
}

function rootSpan(
  order: { readonly clOrdId: string; readonly symbol: string } & Partial<OrderIntent>,
  times: Times,
  { ordStatus, error }: { readonly ordStatus: string; readonly error: string | undefined },
): SpanRecord {
  const { clOrdId, symbol, side, orderQty, strategy, cause } = order;
  const traceId = traceIdOf(clOrdId);
  return {
    traceId,
    spanId: spanIdOf(traceId, ORDER_SPAN),
    name: `order ${symbol}`,
    kind: 'internal',
    ...times,
    attributes: {
      'tickpath.cl_ord_id': clOrdId,
      'tickpath.symbol': symbol,
      'tickpath.ord_status': ordStatus,
      ...(side !== undefined && { 'tickpath.side': side }),
      ...(orderQty !== undefined && { 'tickpath.order_qty': orderQty }),
      ...(strategy !== undefined && { 'tickpath.strategy': strategy }),
      ...(cause !== undefined && { 'tickpath.cause': cause }),
      ...(error !== undefined && { 'tickpath.reject_reason': error }),
    },
  };
}

/** What market-data did with the tick, from its stamps, and what the strategy made of it. */
function upstreamSpans(
  { clOrdId }: OrderIntent,
  cause: Cause,
  decision: { readonly features: Readonly<Record<string, number>>; readonly strategy: string },
): SpanRecord[] {
  const { topic, receivedNs, decodedNs, publishedNs, deliveredNs, decidedNs } = cause;
  const traceId = traceIdOf(clOrdId);
  const id = (stage: string) => spanIdOf(traceId, stage);
  const common = { traceId, attributes: { 'tickpath.cl_ord_id': clOrdId } };
  const reconstructed = {
    traceId,
    service: 'market-data' as const,
    attributes: { 'tickpath.cl_ord_id': clOrdId, 'tickpath.reconstructed': true },
  };
  const featureAttributes = Object.fromEntries(
    Object.entries(decision.features).map(([name, value]) => [`tickpath.feature.${name}`, value]),
  );
  return [
    {
      ...reconstructed,
      spanId: id('market-data.receive'),
      parentSpanId: id(ORDER_SPAN),
      name: 'receive market data',
      kind: 'consumer',
      startNs: receivedNs,
      endNs: publishedNs,
    },
    {
      ...reconstructed,
      spanId: id('market-data.decode'),
      parentSpanId: id('market-data.receive'),
      name: 'decode',
      kind: 'internal',
      startNs: receivedNs,
      endNs: decodedNs,
    },
    {
      ...reconstructed,
      spanId: id('market-data.publish'),
      parentSpanId: id('market-data.receive'),
      name: `publish ${topic}`,
      kind: 'producer',
      startNs: decodedNs,
      endNs: publishedNs,
      attributes: { ...reconstructed.attributes, ...messaging(topic, 'publish', 'send') },
    },
    {
      ...common,
      spanId: id('signal.process'),
      parentSpanId: id(ORDER_SPAN),
      name: `process ${topic}`,
      kind: 'consumer',
      startNs: deliveredNs,
      endNs: decidedNs,
      links: [{ traceId, spanId: id('market-data.publish') }],
      attributes: { ...common.attributes, ...messaging(topic, 'process', 'process') },
    },
    {
      ...common,
      spanId: id('signal.strategy'),
      parentSpanId: id('signal.process'),
      name: `strategy ${decision.strategy}`,
      kind: 'internal',
      startNs: deliveredNs,
      endNs: decidedNs,
      attributes: { ...common.attributes, ...featureAttributes },
    },
  ];
}

function messaging(destination: string, name: string, type: string) {
  return {
    'messaging.system': 'zeromq',
    'messaging.destination.name': destination,
    'messaging.operation.name': name,
    'messaging.operation.type': type,
  };
}
