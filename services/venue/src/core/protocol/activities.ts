import { addDays, type DateText, decimal, decimalText, newYorkDateOf, nsOfNewYork, unitsText } from '@tickpath/trading';
import { scopedUuid } from '../ids.ts';
import { type FillEvent, leavesQty } from '../orders/order.ts';
import type { ExchangeState } from '../orders/state.ts';
import { badField, type Refusal } from '../refusal.ts';
import { timeText } from '../time-text.ts';
import { firstIndex } from './first-index.ts';
import { QueryFields } from './query-fields.ts';
import { shown } from './shown.ts';

/** Alpaca's trade activity, one for each execution. Numbers as text. */
export interface TradeActivity {
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

/** What an execution cost beyond its price; Alpaca's non-trade activity. */
export interface FeeActivity {
  readonly id: string;
  readonly activity_type: 'FEE';
  /** The execution's day in New York. */
  readonly date: DateText;
  readonly created_at: string;
  /** Negative; a rebate is positive. */
  readonly net_amount: string;
  readonly description: string;
  readonly symbol: string;
  readonly qty: string;
  readonly status: 'executed';
  readonly currency: 'USD';
  readonly execution_id: string;
}

export type AlpacaActivity = TradeActivity | FeeActivity;
type HeldType = AlpacaActivity['activity_type'];

/** What `GET /v2/account/activities` is asked for. Times are Unix nanoseconds, both bounds exclusive. */
export interface ActivityListing {
  readonly direction: 'asc' | 'desc';
  /** `null`: all of them. */
  readonly pageSize: number | null;
  /** The id of the activity behind which the page begins, in the listing's direction. */
  readonly pageToken: string | null;
  readonly types: ReadonlySet<string>;
  readonly orderId: string | null;
  readonly afterNs: bigint | null;
  readonly untilNs: bigint | null;
}

export type ActivityListingResult =
  | { readonly ok: true; readonly listing: ActivityListing }
  | { readonly ok: false; readonly refusal: Refusal };

const MAX_PAGE_SIZE = 100;
const NS_PER_MS = 1_000_000n;
const HELD_TYPES: readonly HeldType[] = ['FILL', 'FEE'];
/** Types of Alpaca's that no account of this venue ever has. */
const ABSENT_TYPES: readonly string[] = (
  'TRANS MISC ACATC ACATS CFEE CIL CSD CSW DIV DIVCGL DIVCGS DIVFEE DIVFT DIVNRA DIVROC DIVTW DIVTXEX FOPT INT INTNRA ' +
  'INTTW JNL JNLC JNLS MA MEM NC OCT OPASN OPCA OPCSH OPEXC OPEXP OPTRD OPXRC PTC PTR REG REORG SC SPIN SPLIT SSO SSP SWP VOF'
).split(' ');
const CATEGORIES = { trade_activity: ['FILL'], non_trade_activity: ['FEE'] } as const;

/**
 * Reads the query with Alpaca's defaults: 100 activities of all types, the newest first; with `date`, a day of New York,
 * all of that day. `order_id` is this venue's own: the executions of one order.
 */
export function readActivityListing(
  query: Readonly<Record<string, unknown>>,
  pathType: string | null = null,
): ActivityListingResult {
  const fields = new QueryFields(query);
  const date = fields.date('date');
  const bounds = { afterNs: fields.time('after'), untilNs: fields.time('until') };
  if (date !== null && (bounds.afterNs !== null || bounds.untilNs !== null)) {
    fields.refuse('date cannot be used with after or until');
  }
  const listing: ActivityListing = {
    direction: fields.choice('direction', ['asc', 'desc']) ?? 'desc',
    pageSize: pageSizeOf(fields, date !== null),
    pageToken: fields.text('page_token'),
    types: typesOf(fields, pathType),
    orderId: fields.text('order_id'),
    ...(date === null ? bounds : dayBounds(date)),
  };
  const refusal = fields.refusal();
  return refusal === null ? { ok: true, listing } : { ok: false, refusal };
}

function pageSizeOf(fields: QueryFields, hasDate: boolean): number | null {
  if (!hasDate) return fields.count('page_size', MAX_PAGE_SIZE);
  return fields.text('page_size') === null ? null : fields.count('page_size', Number.MAX_SAFE_INTEGER);
}

/** Exclusive bounds around all of a day. */
function dayBounds(date: DateText): Pick<ActivityListing, 'afterNs' | 'untilNs'> {
  return { afterNs: nsOfNewYork(date, 0) - 1n, untilNs: nsOfNewYork(addDays(date, 1), 0) };
}

function typesOf(fields: QueryFields, pathType: string | null): ReadonlySet<string> {
  const category = fields.choice('category', ['trade_activity', 'non_trade_activity']);
  const listed = fields.list('activity_types');
  if (category !== null && listed !== null) fields.refuse('category cannot be used with activity_types');
  const asked = pathType === null ? (listed ?? (category === null ? HELD_TYPES : CATEGORIES[category])) : [pathType];
  const unknown = asked.find((type) => !HELD_TYPES.some((held) => held === type) && !ABSENT_TYPES.includes(type));
  if (unknown !== undefined) fields.refuse(`invalid activity type: ${shown(unknown)}`);
  return new Set(asked);
}

/**
 * A page of activities; a page token that is none of theirs is refused. Executions out of the listing's bounds cost nothing,
 * however many there are: `fills` are in the order in which they happened.
 */
export function listActivities(
  state: Pick<ExchangeState, 'fills' | 'orders'>,
  listing: ActivityListing,
): AlpacaActivity[] | Refusal {
  const { fills } = state;
  const { direction, pageSize, pageToken } = listing;
  let { from, to } = rangeOf(state, listing);
  const page: AlpacaActivity[] = [];
  const isFull = () => pageSize !== null && page.length >= pageSize;
  if (pageToken !== null) {
    const found = indexOfId(fills, pageToken);
    const fill = fills[found];
    if (fill === undefined) return badField(`page_token ${shown(pageToken)} is the id of no activity`);
    const rest = inDirection(fill, direction);
    page.push(
      ...rest.slice(rest.findIndex(({ id }) => id === pageToken) + 1).filter((one) => isListed(fill, one, listing)),
    );
    if (direction === 'asc') from = Math.max(from, found + 1);
    else to = Math.min(to, found);
  }
  const step = direction === 'asc' ? 1 : -1;
  for (let at = step === 1 ? from : to - 1; !isFull() && at >= from && at < to; at += step) {
    const fill = fills[at];
    if (fill === undefined) break;
    for (const activity of inDirection(fill, direction)) {
      if (!isFull() && isListed(fill, activity, listing)) page.push(activity);
    }
  }
  return page;
}

/** Indexes of the fills that a listing may be about, `to` exclusive. Those of one order lie within its life. */
function rangeOf(
  { fills, orders }: Pick<ExchangeState, 'fills' | 'orders'>,
  { afterNs, untilNs, orderId }: ActivityListing,
): { from: number; to: number } {
  let from = afterNs === null ? 0 : indexFrom(fills, afterNs + 1n);
  let to = untilNs === null ? fills.length : indexFrom(fills, untilNs);
  if (orderId !== null) {
    const order = orders.get(orderId);
    if (order === undefined) return { from: 0, to: 0 };
    from = Math.max(from, indexFrom(fills, order.createdNs));
    to = Math.min(to, indexFrom(fills, order.updatedNs + 1n));
  }
  return { from, to };
}

/** Index of the first fill at a time or later. */
function indexFrom(fills: readonly FillEvent[], tsNs: bigint): number {
  return firstIndex(fills.length, (index) => (fills[index]?.tsNs ?? tsNs) >= tsNs);
}

/** What a fill left in the account's activities, its fee after it. */
function inDirection(fill: FillEvent, direction: 'asc' | 'desc'): AlpacaActivity[] {
  const activities = decimal(fill.fee).isZero() ? [tradeOf(fill)] : [tradeOf(fill), feeOf(fill)];
  return direction === 'asc' ? activities : activities.reverse();
}

/** The fill that an activity's id belongs to. Its time tells where to look, so that few ids have to be made. */
function indexOfId(fills: readonly FillEvent[], id: string): number {
  const digits = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d{3})::/.exec(id);
  if (digits === null) return -1;
  const [year, month, day, hour, minute, second, milli] = digits.slice(1).map(Number) as [number, ...number[]];
  const fromNs = BigInt(Date.UTC(year, (month ?? 0) - 1, day, hour, minute, second, milli)) * NS_PER_MS;
  const from = indexFrom(fills, fromNs);
  const found = fills
    .slice(from, indexFrom(fills, fromNs + NS_PER_MS))
    .findIndex((fill) => id === tradeId(fill) || id === feeId(fill));
  return found < 0 ? -1 : from + found;
}

function isWithin({ tsNs }: FillEvent, { afterNs, untilNs }: ActivityListing): boolean {
  return (afterNs === null || tsNs > afterNs) && (untilNs === null || tsNs < untilNs);
}

/** Fees belong to no order: Alpaca's have no order id. */
function isListed(fill: FillEvent, activity: AlpacaActivity, listing: ActivityListing): boolean {
  const { types, orderId } = listing;
  if (!isWithin(fill, listing) || !types.has(activity.activity_type)) return false;
  return orderId === null || (activity.activity_type === 'FILL' && activity.order_id === orderId);
}

function tradeOf(fill: FillEvent): TradeActivity {
  const { order, kind, tsNs, lastPx, lastQty } = fill;
  const { asset } = order;
  const qtyText = (units: number) => unitsText(units, asset.qtyDecimals);
  return {
    id: tradeId(fill),
    activity_type: 'FILL',
    transaction_time: timeText(tsNs),
    type: kind,
    price: unitsText(lastPx, asset.priceDecimals),
    qty: qtyText(lastQty),
    side: order.side,
    symbol: asset.symbol,
    leaves_qty: qtyText(leavesQty(order)),
    order_id: order.orderId,
    cum_qty: qtyText(order.cumQty),
    order_status: order.status,
  };
}

function feeOf(fill: FillEvent): FeeActivity {
  const { order, tsNs, lastQty, liquidity, execId, fee } = fill;
  const qty = unitsText(lastQty, order.asset.qtyDecimals);
  return {
    id: feeId(fill),
    activity_type: 'FEE',
    date: newYorkDateOf(tsNs),
    created_at: timeText(tsNs),
    net_amount: decimalText(decimal(fee).neg()),
    description: `Fees for ${order.side} of ${qty} ${order.asset.symbol} (${liquidity})`,
    symbol: order.asset.symbol,
    qty,
    status: 'executed',
    currency: 'USD',
    execution_id: execId,
  };
}

function timePart({ tsNs }: FillEvent): string {
  return `${new Date(Number(tsNs / NS_PER_MS)).toISOString().replaceAll(/\D/g, '')}::`;
}

function tradeId(fill: FillEvent): string {
  return timePart(fill) + fill.execId;
}

function feeId(fill: FillEvent): string {
  return timePart(fill) + scopedUuid(`fee ${fill.execId}`, 0);
}
