import { isOpen, type VenueOrder } from './matching.ts';
import { QueryFields } from './query-fields.ts';
import type { Refusal } from './refusal.ts';

/** What `GET /v2/orders` is asked for. Times are Unix nanoseconds, both bounds exclusive. */
export interface OrderListing {
  readonly status: 'open' | 'closed' | 'all';
  readonly limit: number;
  readonly direction: 'asc' | 'desc';
  readonly side: 'buy' | 'sell' | null;
  readonly symbols: ReadonlySet<string> | null;
  readonly afterNs: bigint | null;
  readonly untilNs: bigint | null;
}

export type OrderListingResult =
  | { readonly ok: true; readonly listing: OrderListing }
  | { readonly ok: false; readonly refusal: Refusal };

const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 500;

/** Reads the query of `GET /v2/orders` with Alpaca's defaults: open orders, 50 of them, the newest first. */
export function readOrderListing(query: Readonly<Record<string, unknown>>): OrderListingResult {
  const fields = new QueryFields(query);
  const limit = fields.count('limit', MAX_LIMIT, DEFAULT_LIMIT);
  const symbols = fields.text('symbols');
  const listing: OrderListing = {
    status: fields.choice('status', ['open', 'closed', 'all']) ?? 'open',
    limit,
    direction: fields.choice('direction', ['asc', 'desc']) ?? 'desc',
    side: fields.choice('side', ['buy', 'sell']),
    symbols: symbols === null ? null : new Set(symbols.split(',')),
    afterNs: fields.time('after'),
    untilNs: fields.time('until'),
  };
  const refusal = fields.refusal();
  return refusal === null ? { ok: true, listing } : { ok: false, refusal };
}

/** The orders a listing asks for. `orders` are in order of submission. */
export function listOrders(orders: Iterable<VenueOrder>, listing: OrderListing): VenueOrder[] {
  const found = [...orders].filter((order) => isListed(order, listing));
  if (listing.direction === 'desc') found.reverse();
  return found.slice(0, listing.limit);
}

function isListed(order: VenueOrder, listing: OrderListing): boolean {
  if (listing.status !== 'all' && isOpen(order) !== (listing.status === 'open')) return false;
  if (listing.side !== null && order.side !== listing.side) return false;
  if (listing.symbols !== null && !listing.symbols.has(order.symbol)) return false;
  if (listing.afterNs !== null && order.createdNs <= listing.afterNs) return false;
  return listing.untilNs === null || order.createdNs < listing.untilNs;
}
