import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { AssetNames } from './core/protocol/asset-names.ts';
import { alpacaOrder } from './core/protocol/order-entity.ts';
import { listOrders, readOrderListing } from './core/protocol/order-listing.ts';
import { readOrderPatch } from './core/protocol/order-patch.ts';
import { namedClOrdId, readOrderRequest } from './core/protocol/order-request.ts';
import { QueryFields } from './core/protocol/query-fields.ts';
import { badField, orderNotFound, type Refusal, refusalBody } from './core/refusal.ts';
import type { Exchange } from './exchange.ts';
import { refuse } from './http-frame.ts';
import type { VenueMetrics } from './metrics.ts';
import type { OrderTraces } from './order-traces.ts';

export interface OrderRoutesOptions {
  readonly exchange: Exchange;
  /** Through it orders come to the exchange. */
  readonly traces: OrderTraces;
  readonly assets: AssetNames;
  /** The wall clock's time. */
  readonly nowNs: () => bigint;
  readonly metrics: Pick<VenueMetrics, 'order'>;
}

type Query = Record<string, unknown>;
type ById = { Params: { id: string } };

const SHOWN_ID_LENGTH = 128;

/** Orders: their submission, listing, replacement and cancellation. */
export function registerOrders(app: FastifyInstance, options: OrderRoutesOptions): void {
  const { exchange, traces, assets, nowNs, metrics } = options;

  /** When the requests that are part of a trace came in, their bodies not yet read. */
  const receivedNs = new WeakMap<FastifyRequest, bigint>();
  app.addHook('onRequest', (request, _reply, done) => {
    if (request.headers.traceparent !== undefined) receivedNs.set(request, nowNs());
    done();
  });

  const notFound = (reply: FastifyReply, id: string) => refuse(reply, orderNotFound(id.slice(0, SHOWN_ID_LENGTH)));

  app.post('/v2/orders', (request, reply) => {
    const { headers, hostname: host } = request;
    // Node joins a header that was sent twice into one text, which is no traceparent.
    const traceparent = headers.traceparent?.toString();
    const origin = { traceparent, receivedNs: receivedNs.get(request) ?? nowNs(), host };
    const read = readOrderRequest(request.body, assets);
    if (!read.ok) {
      metrics.order('refused');
      traces.refused(namedClOrdId(request.body), read.refusal, origin);
      return refuse(reply, read.refusal);
    }
    const result = traces.submit(read.order, origin);
    return result.ok ? reply.send(alpacaOrder(result.order)) : refuse(reply, result.refusal);
  });

  app.get<{ Querystring: Query }>('/v2/orders', (request, reply) => {
    const read = readOrderListing(request.query);
    if (!read.ok) return refuse(reply, read.refusal);
    return reply.send(listOrders(exchange.state(), read.listing).map(alpacaOrder));
  });

  app.delete('/v2/orders', (_request, reply) => reply.code(207).send(cancelAll(exchange)));

  // The second colon makes the first one literal: the path is `/v2/orders:by_client_order_id`.
  app.get<{ Querystring: Query }>('/v2/orders::by_client_order_id', (request, reply) => {
    const fields = new QueryFields(request.query);
    const clOrdId = fields.text('client_order_id');
    if (clOrdId === null) return refuse(reply, fields.refusal() ?? badField('client_order_id is required'));
    const order = exchange.orderByClOrdId(clOrdId);
    return order === undefined ? notFound(reply, clOrdId) : reply.send(alpacaOrder(order));
  });

  app.get<ById>('/v2/orders/:id', (request, reply) => {
    const order = exchange.order(request.params.id);
    return order === undefined ? notFound(reply, request.params.id) : reply.send(alpacaOrder(order));
  });

  app.patch<ById>('/v2/orders/:id', (request, reply) => {
    const { id } = request.params;
    const order = exchange.order(id);
    if (order === undefined) return notFound(reply, id);
    const read = readOrderPatch(request.body, order);
    if (!read.ok) return refuse(reply, read.refusal);
    const result = exchange.replace(id, read.changes);
    return result.ok ? reply.send(alpacaOrder(result.order)) : refuse(reply, result.refusal);
  });

  app.delete<ById>('/v2/orders/:id', (request, reply) => {
    const { id } = request.params;
    if (exchange.order(id) === undefined) return notFound(reply, id);
    const refusal = exchange.cancel(id);
    return refusal === null ? reply.code(204).send() : refuse(reply, refusal);
  });
}

/** What became of the cancel of one order among all of them. */
export interface CanceledOrder {
  readonly id: string;
  readonly status: number;
  /** Why not. */
  readonly body?: object;
}

/** Cancels every open order, in order of submission. */
export function cancelAll(exchange: Exchange): CanceledOrder[] {
  return [...exchange.state().open].map((id) => canceledOrder(id, exchange.cancel(id)));
}

function canceledOrder(id: string, refusal: Refusal | null): CanceledOrder {
  return refusal === null ? { id, status: 200 } : { id, status: refusal.status, body: refusalBody(refusal) };
}
