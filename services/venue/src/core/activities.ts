import { decimalText } from '@tickpath/trading';
import type { FillOutput } from './matching.ts';
import { QueryFields } from './query-fields.ts';
import { badField, type Refusal } from './refusal.ts';
import { timeText } from './time-text.ts';

/** Alpaca's trade activity, one for each execution. Numbers as text. */
export interface AlpacaActivity {
  /** The time to the millisecond and the `execution_id` that `trade_updates` gave; a page token. */
  readonly id: string;
  readonly activity_type: 'FILL';
  /** Equal to the `timestamp` of the execution's trade update. */
  readonly transaction_time: string;
  readonly type: 'fill' | 'partial_fill';
  readonly price: string;
  readonly qty: string;
  readonly side: 'buy' | 'sell';
  readonly symbol: string;
  /** What of the order was still open after this execution. */
  readonly leaves_qty: string;
  readonly order_id: string;
  /** What of the order was filled with this execution; with the order's id it identifies the execution. */
  readonly cum_qty: string;
  readonly order_status: string;
}

/** What `GET /v2/account/activities` is asked for. Times are Unix nanoseconds, both bounds exclusive. */
export interface ActivityListing {
  readonly direction: 'asc' | 'desc';
  readonly pageSize: number;
  /** The id of the activity behind which the page begins, in the listing's direction. */
  readonly pageToken: string | null;
  readonly orderId: string | null;
  readonly afterNs: bigint | null;
  readonly untilNs: bigint | null;
}

export type ActivityListingResult =
  | { readonly ok: true; readonly listing: ActivityListing }
  | { readonly ok: false; readonly refusal: Refusal };

const MAX_PAGE_SIZE = 100;
/** Fields of Alpaca's that this venue does not have. Ignoring one would list what was not asked for. */
const UNSUPPORTED_FIELDS = ['date', 'category'] as const;

/** Reads the query with Alpaca's defaults: 100 activities, the newest first. */
export function readActivityListing(query: Readonly<Record<string, unknown>>): ActivityListingResult {
  const fields = new QueryFields(query);
  for (const name of UNSUPPORTED_FIELDS) {
    if (fields.text(name) !== null) fields.refuse(`${name} is not supported: this venue takes after and until`);
  }
  const types = fields.text('activity_types');
  if (types !== null && types !== 'FILL') fields.refuse(`invalid activity_types: ${types}; this venue has FILL`);
  const listing: ActivityListing = {
    direction: fields.choice('direction', ['asc', 'desc']) ?? 'desc',
    pageSize: fields.count('page_size', MAX_PAGE_SIZE),
    pageToken: fields.text('page_token'),
    orderId: fields.text('order_id'),
    afterNs: fields.time('after'),
    untilNs: fields.time('until'),
  };
  const refusal = fields.refusal();
  return refusal === null ? { ok: true, listing } : { ok: false, refusal };
}

/** The answer to a type in the path that this venue has no activities of. */
export function activityTypeRefusal(type: string): Refusal | null {
  return type === 'FILL' ? null : badField(`invalid activity type: ${type}; this venue has FILL`);
}

/** A page of activities. `fills` are in the order in which they happened; a page token that is none of theirs is refused. */
export function listActivities(fills: readonly FillOutput[], listing: ActivityListing): AlpacaActivity[] | Refusal {
  const { direction, pageSize, pageToken } = listing;
  const step = direction === 'asc' ? 1 : -1;
  let at = direction === 'asc' ? 0 : fills.length - 1;
  if (pageToken !== null) {
    const execId = pageToken.slice(pageToken.indexOf('::') + 2);
    const found = fills.findLastIndex((fill) => fill.execId === execId);
    if (found < 0 || idOf(fills[found] as FillOutput) !== pageToken)
      return badField(`page_token ${JSON.stringify(pageToken.slice(0, 80))} is the id of no activity`);
    at = found + step;
  }
  const page: AlpacaActivity[] = [];
  for (; page.length < pageSize; at += step) {
    const fill = fills[at];
    if (fill === undefined) break;
    if (isListed(fill, listing)) page.push(activityOf(fill));
  }
  return page;
}

function isListed({ order, tsNs }: FillOutput, { orderId, afterNs, untilNs }: ActivityListing): boolean {
  if (orderId !== null && order.orderId !== orderId) return false;
  return (afterNs === null || tsNs > afterNs) && (untilNs === null || tsNs < untilNs);
}

function activityOf(fill: FillOutput): AlpacaActivity {
  const { order, kind, tsNs, lastPx, lastQty } = fill;
  return {
    id: idOf(fill),
    activity_type: 'FILL',
    transaction_time: timeText(tsNs),
    type: kind,
    price: decimalText(lastPx),
    qty: decimalText(lastQty),
    side: order.side,
    symbol: order.symbol,
    leaves_qty: decimalText(order.orderQty.minus(order.cumQty)),
    order_id: order.orderId,
    cum_qty: decimalText(order.cumQty),
    order_status: order.status,
  };
}

function idOf({ tsNs, execId }: FillOutput): string {
  return `${new Date(Number(tsNs / 1_000_000n)).toISOString().replaceAll(/\D/g, '')}::${execId}`;
}
