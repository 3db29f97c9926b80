import type { FastifyInstance, FastifyReply } from 'fastify';
import { countRequest, createRateLimit, TOO_MANY_REQUESTS } from './core/rate-limit.ts';
import type { Refusal } from './core/refusal.ts';
import { headerCredentials } from './credentials.ts';
import { refuse as refuseWithCode } from './http-frame.ts';

export interface RateLimitOptions {
  /** 0: no limit, and no header that speaks of one. */
  readonly requestsPerMinute: number;
  /** The wall clock's time: the limit is on requests, not on what a tape plays. */
  readonly nowNs: () => bigint;
  /** How this face of the venue says no; without it with `{code, message}`. */
  readonly refuse?: (reply: FastifyReply, refusal: Refusal) => FastifyReply;
}

const NS_PER_MS = 1_000_000n;
/** What Alpaca does not have is not limited. */
const OWN_PATH = /^\/tickpath\//;

/**
 * Alpaca's limit on REST requests: so many a minute for each key (for each address where a path needs no key). Every answer
 * says what is left, in Alpaca's three headers; beyond the limit it is a 429. To be registered once for each of Alpaca's
 * hosts, since each has a limit of its own, and after the check of keys, so that only who may come in is counted.
 */
export function registerRateLimit(app: FastifyInstance, options: RateLimitOptions): void {
  const { requestsPerMinute, nowNs, refuse = refuseWithCode } = options;
  if (requestsPerMinute === 0) return;
  const state = createRateLimit(requestsPerMinute);
  app.addHook('onRequest', async (request, reply) => {
    if (OWN_PATH.test(request.url)) return;
    const client = headerCredentials(request.headers)?.keyId ?? request.ip;
    const answer = countRequest(state, client, Number(nowNs() / NS_PER_MS));
    reply.headers({
      'X-Ratelimit-Limit': String(answer.limit),
      'X-Ratelimit-Remaining': String(answer.remaining),
      'X-Ratelimit-Reset': String(Math.ceil(answer.resetMs / 1000)),
    });
    if (answer.isAllowed) return;
    refuse(reply, TOO_MANY_REQUESTS);
    return reply;
  });
}
