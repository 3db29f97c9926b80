import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { activityTypeRefusal, readActivityListing } from './core/activities.ts';
import { alpacaOrder } from './core/alpaca-messages.ts';
import type { CredentialCheck } from './core/market-session.ts';
import { readOrderListing } from './core/order-listing.ts';
import { badField, orderNotFound, positionNotFound, type Refusal } from './core/refusal.ts';
import { headerCredentials } from './credentials.ts';
import type { Exchange } from './exchange.ts';
import type { VenueMetrics } from './metrics.ts';
import type { OrderTraces } from './order-traces.ts';

export interface TradingOptions {
  readonly exchange: Exchange;
  /** Through it orders come to the exchange. */
  readonly traces: OrderTraces;
  /** The wall clock's time. */
  readonly nowNs: () => bigint;
  readonly areValid: CredentialCheck;
  /** True when the venue has no key of its own: then requests need not carry one. */
  readonly isOpen: boolean;
  readonly metrics: VenueMetrics;
  readonly log: { error(fields: object, message: string): void };
}

/** Alpaca has answered a wrong key with 403 "forbidden." and, later, with this; the later one is given here. */
const UNAUTHORIZED: Refusal = { status: 401, code: 40110000, message: 'request is not authorized' };
const NO_ENDPOINT: Refusal = { status: 404, code: 40410000, message: 'endpoint not found.' };
const INTERNAL: Refusal = { status: 500, code: 50010000, message: 'internal server error occurred' };

function refuse(reply: FastifyReply, { status, code, message }: Refusal): FastifyReply {
  return reply.code(status).send({ code, message });
}

/**
 * Alpaca's trading REST on a Fastify instance: orders, the account, its positions and activities. Every error body is
 * `{code, message}`.
 */
export function registerTrading(app: FastifyInstance, options: TradingOptions): void {
  const { exchange, traces, nowNs, areValid, isOpen, metrics, log } = options;

  // A DELETE may name a content type and have no body; a POST without one is refused where the order is read.
  const parseJson = app.getDefaultJsonParser('error', 'error');
  app.addContentTypeParser<string>('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body === '') done(null, undefined);
    else void parseJson(request, body, done);
  });
  /** When the requests that are part of a trace came in, their bodies not yet read. */
  const receivedNs = new WeakMap<FastifyRequest, bigint>();
  app.addHook('onRequest', async (request) => {
    if (request.headers.traceparent !== undefined) receivedNs.set(request, nowNs());
  });
  app.addHook('onRequest', async (request, reply) => {
    const credentials = headerCredentials(request.headers);
    if (credentials === null ? isOpen : areValid(credentials.keyId, credentials.secretKey)) return;
    refuse(reply, UNAUTHORIZED);
    return reply;
  });
  app.addHook('onResponse', async (request, reply) => {
    metrics.httpRequest(`${request.method} ${request.routeOptions.url ?? 'unknown'}`, reply.statusCode);
  });
  // An answer tells of orders and executions: it leaves when all that it may tell of survives the loss of power.
  app.addHook('onSend', () => exchange.settled());
  app.setNotFoundHandler((_request, reply) => refuse(reply, NO_ENDPOINT));
  app.setErrorHandler((error, _request, reply) => {
    const { statusCode: status = 500, message } = error as { statusCode?: number; message: string };
    if (status >= 400 && status < 500) return refuse(reply, { status, code: status * 100_000 + 10_000, message });
    log.error({ err: error }, 'a request failed');
    return refuse(reply, INTERNAL);
  });

  app.post('/v2/orders', (request, reply) => {
    const { headers, hostname: host } = request;
    // Node joins a header that was sent twice into one text, which is no traceparent.
    const traceparent = headers.traceparent?.toString();
    const result = traces.submit(request.body, { traceparent, receivedNs: receivedNs.get(request) ?? nowNs(), host });
    return result.ok ? reply.send(alpacaOrder(result.order)) : refuse(reply, result.refusal);
  });

  app.get<{ Querystring: Record<string, unknown> }>('/v2/orders', (request, reply) => {
    const read = readOrderListing(request.query);
    return read.ok ? reply.send(exchange.orders(read.listing).map(alpacaOrder)) : refuse(reply, read.refusal);
  });

  // The second colon makes the first one literal: the path is `/v2/orders:by_client_order_id`.
  app.get<{ Querystring: Record<string, unknown> }>('/v2/orders::by_client_order_id', (request, reply) => {
    const clOrdId = request.query.client_order_id;
    if (typeof clOrdId !== 'string' || clOrdId === '') return refuse(reply, badField('client_order_id is required'));
    const order = exchange.orderByClOrdId(clOrdId);
    return order === undefined ? refuse(reply, orderNotFound(clOrdId)) : reply.send(alpacaOrder(order));
  });

  app.get<{ Params: { id: string } }>('/v2/orders/:id', (request, reply) => {
    const order = exchange.order(request.params.id);
    return order === undefined ? refuse(reply, orderNotFound(request.params.id)) : reply.send(alpacaOrder(order));
  });

  app.delete<{ Params: { id: string } }>('/v2/orders/:id', (request, reply) => {
    const refusal = exchange.cancel(request.params.id);
    return refusal === null ? reply.code(204).send() : refuse(reply, refusal);
  });

  app.get('/v2/account', (_request, reply) => reply.send(exchange.account()));

  app.get('/v2/positions', (_request, reply) => reply.send(exchange.positions()));

  app.get<{ Params: { symbol: string } }>('/v2/positions/:symbol', (request, reply) => {
    const position = exchange.position(request.params.symbol);
    return position === undefined ? refuse(reply, positionNotFound()) : reply.send(position);
  });

  const activities = (query: Record<string, unknown>, reply: FastifyReply): FastifyReply => {
    const read = readActivityListing(query);
    if (!read.ok) return refuse(reply, read.refusal);
    const found = exchange.activities(read.listing);
    return 'status' in found ? refuse(reply, found) : reply.send(found);
  };

  app.get<{ Querystring: Record<string, unknown> }>('/v2/account/activities', (request, reply) =>
    activities(request.query, reply),
  );

  app.get<{ Querystring: Record<string, unknown>; Params: { type: string } }>(
    '/v2/account/activities/:type',
    (request, reply) => {
      const refusal = activityTypeRefusal(request.params.type);
      return refusal === null ? activities(request.query, reply) : refuse(reply, refusal);
    },
  );
}
