import { rfc3339ToNs } from '@tickpath/trading';
import { isOpen, type VenueOrder } from './matching.ts';
import { badField, type Refusal } from './refusal.ts';

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
  const faults: string[] = [];
  const text = (name: string): string | null => {
    const value = query[name];
    if (value === undefined || value === '') return null;
    if (typeof value === 'string') return value;
    faults.push(`${name} must be given once`);
    return null;
  };
  const choice = <T extends string>(name: string, allowed: readonly T[]): T | null => {
    const value = text(name);
    const found = allowed.find((one) => one === value);
    if (value !== null && found === undefined) faults.push(`invalid ${name}: ${JSON.stringify(value.slice(0, 60))}`);
    return found ?? null;
  };
  const time = (name: string): bigint | null => {
    const value = text(name);
    const tsNs = value === null ? null : utcNs(value);
    if (value !== null && tsNs === null) faults.push(`invalid ${name}: ${JSON.stringify(value.slice(0, 60))}`);
    return tsNs;
  };
  const limitText = text('limit');
  const limit = limitText === null ? DEFAULT_LIMIT : Number(limitText);
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT) {
    faults.push(`limit ${limitText} is not between 1 and ${MAX_LIMIT}`);
  }
  const symbols = text('symbols');
  const listing: OrderListing = {
    status: choice('status', ['open', 'closed', 'all']) ?? 'open',
    limit,
    direction: choice('direction', ['asc', 'desc']) ?? 'desc',
    side: choice('side', ['buy', 'sell']),
    symbols: symbols === null ? null : new Set(symbols.split(',')),
    afterNs: time('after'),
    untilNs: time('until'),
  };
  const [fault] = faults;
  return fault === undefined ? { ok: true, listing } : { ok: false, refusal: badField(fault) };
}

/** Unix nanoseconds of RFC 3339 text in UTC or of a bare date (its midnight); `null` for anything else. */
function utcNs(text: string): bigint | null {
  const full = /^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00Z` : text.replace(/\+00:00$/, 'Z');
  return rfc3339ToNs(full) ?? null;
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
