import type { AssetClass } from '@tickpath/trading';
import type { Side } from '../matching/types.ts';
import { isOpen, type VenueOrder } from '../orders/order.ts';
import type { ExchangeState } from '../orders/state.ts';
import { knownOrder } from '../orders/turn.ts';
import type { Refusal } from '../refusal.ts';
import { positionSymbol } from './asset-names.ts';
import { firstIndex } from './first-index.ts';
import { QueryFields } from './query-fields.ts';

/** What `GET /v2/orders` is asked for. Times are Unix nanoseconds, both bounds exclusive. */
export interface OrderListing {
  readonly status: 'open' | 'closed' | 'all';
  readonly limit: number;
  readonly direction: 'asc' | 'desc';
  readonly side: Side | null;
  /** With or without the slash of a pair. */
  readonly symbols: ReadonlySet<string> | null;
  readonly assetClasses: ReadonlySet<string> | null;
  readonly afterNs: bigint | null;
  readonly untilNs: bigint | null;
  /** Bounds by the order with this id, exclusive. */
  readonly afterOrderId: string | null;
  readonly beforeOrderId: string | null;
}

export type OrderListingResult =
  | { readonly ok: true; readonly listing: OrderListing }
  | { readonly ok: false; readonly refusal: Refusal };

const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 500;
const ASSET_CLASSES: readonly string[] = ['us_equity', 'crypto', 'us_option', 'crypto_perp', 'all'];

/**
 * Reads the query of `GET /v2/orders` with Alpaca's defaults: open orders, 50 of them, the newest first. `nested` is
 * read and changes nothing, as no order has legs.
 */
export function readOrderListing(query: Readonly<Record<string, unknown>>): OrderListingResult {
  const fields = new QueryFields(query);
  fields.flag('nested');
  const symbols = fields.list('symbols');
  const listing: OrderListing = {
    status: fields.choice('status', ['open', 'closed', 'all']) ?? 'open',
    limit: fields.count('limit', MAX_LIMIT, DEFAULT_LIMIT),
    direction: fields.choice('direction', ['asc', 'desc']) ?? 'desc',
    side: fields.choice('side', ['buy', 'sell']),
    symbols: symbols === null ? null : new Set(symbols),
    assetClasses: assetClassesOf(fields),
    afterNs: fields.time('after'),
    untilNs: fields.time('until'),
    afterOrderId: fields.text('after_order_id'),
    beforeOrderId: fields.text('before_order_id'),
  };
  if (listing.afterOrderId !== null && listing.beforeOrderId !== null) {
    fields.refuse('only one of after_order_id or before_order_id is accepted');
  }
  const refusal = fields.refusal();
  return refusal === null ? { ok: true, listing } : { ok: false, refusal };
}

function assetClassesOf(fields: QueryFields): ReadonlySet<string> | null {
  const classes = fields.list('asset_class');
  if (classes === null) return null;
  const unknown = classes.find((one) => !ASSET_CLASSES.includes(one));
  if (unknown !== undefined) {
    fields.refuse(`invalid asset_class: ${JSON.stringify(unknown)}; one of ${ASSET_CLASSES.join(', ')}`);
  }
  return classes.includes('all') ? null : new Set(classes);
}

/**
 * The orders a listing asks for. A bound by an order that the venue does not know lets nothing pass. Orders out of its
 * bounds cost nothing, however many there are: each is later than the one before it.
 */
export function listOrders(state: ExchangeState, listing: OrderListing): VenueOrder[] {
  const bounds = boundsOf(state, listing);
  if (bounds === null) return [];
  const { afterNs, untilNs } = bounds;
  const ids = listing.status === 'open' ? [...state.open] : state.orderIds;
  const orderAt = (index: number) => knownOrder(state, ids[index] ?? '');
  const from = afterNs === null ? 0 : firstIndex(ids.length, (index) => orderAt(index).createdNs > afterNs);
  const to = untilNs === null ? ids.length : firstIndex(ids.length, (index) => orderAt(index).createdNs >= untilNs);
  const step = listing.direction === 'asc' ? 1 : -1;
  const found: VenueOrder[] = [];
  for (let at = step === 1 ? from : to - 1; at >= from && at < to && found.length < listing.limit; at += step) {
    const order = orderAt(at);
    if (isListed(order, listing)) found.push(order);
  }
  return found;
}

interface Bounds {
  readonly afterNs: bigint | null;
  readonly untilNs: bigint | null;
}

/** Each order has a time of its own, so that an order's id bounds as its time does. */
function boundsOf(state: ExchangeState, listing: OrderListing): Bounds | null {
  let { afterNs, untilNs } = listing;
  if (listing.afterOrderId !== null) {
    const order = state.orders.get(listing.afterOrderId);
    if (order === undefined) return null;
    if (afterNs === null || order.createdNs > afterNs) afterNs = order.createdNs;
  }
  if (listing.beforeOrderId !== null) {
    const order = state.orders.get(listing.beforeOrderId);
    if (order === undefined) return null;
    if (untilNs === null || order.createdNs < untilNs) untilNs = order.createdNs;
  }
  return { afterNs, untilNs };
}

function isListed(order: VenueOrder, listing: OrderListing): boolean {
  const { asset } = order;
  if (listing.status === 'closed' && isOpen(order)) return false;
  if (listing.side !== null && order.side !== listing.side) return false;
  if (listing.symbols !== null && !listing.symbols.has(asset.symbol) && !listing.symbols.has(positionSymbol(asset))) {
    return false;
  }
  return listing.assetClasses === null || listing.assetClasses.has(asset.assetClass satisfies AssetClass);
}
