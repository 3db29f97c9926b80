import type { Refusal } from './refusal.ts';

/** What a client is told with each answer. */
export interface RateLimitAnswer {
  readonly isAllowed: boolean;
  readonly limit: number;
  /** Requests left until `resetMs`. */
  readonly remaining: number;
  /** When the count begins anew, in Unix milliseconds. */
  readonly resetMs: number;
}

interface Window {
  endsMs: number;
  taken: number;
}

/** Plain data: how many requests each client has made in its minute. */
export interface RateLimitState {
  readonly limit: number;
  readonly maxClients: number;
  /** By client, in the order in which their minutes began. */
  readonly windows: Map<string, Window>;
}

export const RATE_LIMIT_WINDOW_MS = 60_000;

/** Alpaca's answer to a request beyond the limit (429, 42910000). */
export const TOO_MANY_REQUESTS: Refusal = { status: 429, code: 42910000, message: 'too many requests.' };

/** Counts `limit` requests a minute of each client, for the latest `maxClients` of them. */
export function createRateLimit(limit: number, maxClients = 10_000): RateLimitState {
  return { limit, maxClients, windows: new Map() };
}

/**
 * Counts a request and says whether it may go on. A client's minute begins with its first request, as Alpaca's resets show,
 * which do not fall on whole minutes; a request beyond the limit is not counted and does not put the reset off.
 */
export function countRequest(state: RateLimitState, client: string, nowMs: number): RateLimitAnswer {
  const { limit, windows } = state;
  let window = windows.get(client);
  if (window === undefined || nowMs >= window.endsMs) {
    window = { endsMs: nowMs + RATE_LIMIT_WINDOW_MS, taken: 0 };
    windows.delete(client);
    windows.set(client, window);
    forget(state, nowMs);
  }
  const isAllowed = window.taken < limit;
  if (isAllowed) window.taken += 1;
  return { isAllowed, limit, remaining: limit - window.taken, resetMs: window.endsMs };
}

/** Minutes that are over, and beyond `maxClients` the oldest: they lie at the front. */
function forget({ windows, maxClients }: RateLimitState, nowMs: number): void {
  for (const [client, { endsMs }] of windows) {
    if (endsMs > nowMs && windows.size <= maxClients) return;
    windows.delete(client);
  }
}
