import type { FastifyInstance, FastifyReply } from 'fastify';
import { alpacaAccount } from './core/protocol/account.ts';
import { listActivities, readActivityListing } from './core/protocol/activities.ts';
import type { Exchange } from './exchange.ts';
import { refuse } from './http-frame.ts';

type Query = Record<string, unknown>;

/** The account and its activities. */
export function registerAccount(app: FastifyInstance, { exchange }: { readonly exchange: Exchange }): void {
  app.get('/v2/account', (_request, reply) => reply.send(alpacaAccount(exchange.state())));

  const activities = (query: Query, type: string | null, reply: FastifyReply): FastifyReply => {
    const read = readActivityListing(query, type);
    if (!read.ok) return refuse(reply, read.refusal);
    const found = listActivities(exchange.state(), read.listing);
    return 'status' in found ? refuse(reply, found) : reply.send(found);
  };

  app.get<{ Querystring: Query }>('/v2/account/activities', (request, reply) => activities(request.query, null, reply));

  app.get<{ Querystring: Query; Params: { type: string } }>('/v2/account/activities/:type', (request, reply) =>
    activities(request.query, request.params.type, reply),
  );
}
