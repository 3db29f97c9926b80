import assert from 'node:assert/strict';
import { eventually } from '@tickpath/testkit';
import { accountOf, scaled } from './venue-load-ledger.ts';
import type { LoadedVenue } from './venue-load-process.ts';
import type { LoadTrader, Order } from './venue-load-trader.ts';

export interface Activity {
  readonly id: string;
  readonly order_id: string;
  readonly symbol: string;
  readonly side: string;
  readonly qty: string;
  readonly price: string;
  readonly cum_qty: string;
  readonly transaction_time: string;
}

interface Position {
  readonly symbol: string;
  readonly qty: string;
  readonly cost_basis: string;
}

interface Book {
  readonly orders: readonly Order[];
  readonly activities: readonly Activity[];
  readonly cash: string;
  readonly positions: readonly Position[];
}

export interface Audited {
  readonly orders: number;
  readonly executions: number;
  /** Executions that the client was told of; it missed the others and finds them in the activities. */
  readonly told: number;
  readonly feesUsd: string;
}

export const DEPOSIT_USD = '100000000';
const ORDERS_PAGE = 500;
const ACTIVITIES_PAGE = 100;
const CLOSED = new Set(['filled', 'canceled', 'expired', 'replaced', 'rejected']);
/** What an order says of itself that nothing may change. */
const LASTING = [
  'id',
  'client_order_id',
  'symbol',
  'side',
  'type',
  'time_in_force',
  'qty',
  'limit_price',
  'trail_price',
  'trail_percent',
  'created_at',
  'submitted_at',
  'replaces',
] as const;

/** Holds a venue against all that its client was ever told, and its account against its own executions. */
export async function auditLoadedVenue(venue: LoadedVenue, trader: LoadTrader): Promise<Audited> {
  const book = await eventually('a book that stands still while it is read', () => readBook(venue), 60_000);
  const byId = new Map(book.orders.map((order) => [order.id, order]));
  assert.equal(byId.size, book.orders.length, 'an order id is there once');
  assertOrders(byId, trader);
  assertChanges(byId, trader);
  const told = assertTold(byId, book.activities, trader);
  assertFilled(book);
  const feesUsd = assertAccount(book);
  return { orders: book.orders.length, executions: book.activities.length, told, feesUsd };
}

function assertOrders(byId: ReadonlyMap<string, Order>, trader: LoadTrader): void {
  const names = new Set<string>();
  for (const { client_order_id: clOrdId } of byId.values()) {
    assert.ok(trader.sent.has(clOrdId), `${clOrdId} was never sent, or refused`);
    assert.ok(!names.has(clOrdId), `${clOrdId} is there twice`);
    names.add(clOrdId);
  }
  for (const [clOrdId, answered] of trader.acknowledged) {
    const kept = byId.get(answered.id);
    assert.ok(kept !== undefined, `acknowledged order ${clOrdId} is gone`);
    for (const field of LASTING) {
      // What the replaced order filled until the replacement took effect is taken off; see `assertChanges`.
      if (field === 'qty' && answered.replaces !== null) continue;
      assert.equal(kept[field], answered[field], `${field} of acknowledged order ${clOrdId}`);
    }
  }
}

/** An acknowledged cancel or replace holds; where the venue takes its time over them, a fill may have come first. */
function assertChanges(byId: ReadonlyMap<string, Order>, trader: LoadTrader): void {
  for (const { orderId, isAtOnce } of trader.canceled) {
    const status = byId.get(orderId)?.status ?? 'gone';
    assert.ok(isAtOnce ? status === 'canceled' : CLOSED.has(status), `canceled order ${orderId} is ${status}`);
  }
  for (const { orderId, newOrderId, isAtOnce, qty } of trader.replaced) {
    const [before, after] = [byId.get(orderId), byId.get(newOrderId)];
    assert.equal(after?.replaces, orderId, `${newOrderId} replaces ${orderId}`);
    if (!isAtOnce && after?.status === 'rejected') continue;
    assert.deepEqual([before?.status, before?.replaced_by], ['replaced', newOrderId], `replaced order ${orderId}`);
    const whole = Number(before?.filled_qty) + Number(after?.qty);
    assert.equal(whole, Number(qty), `filled quantity of ${orderId} and quantity of ${newOrderId}`);
  }
}

/** Nothing that was told is taken back, and nothing was told twice. Answers with the number of executions told. */
function assertTold(byId: ReadonlyMap<string, Order>, activities: readonly Activity[], { told }: LoadTrader): number {
  assert.equal(new Set(told.map(({ eventId }) => eventId)).size, told.length, 'an event is told once');
  const kept = new Map(activities.map((activity) => [`${activity.order_id} ${activity.cum_qty}`, activity]));
  assert.equal(kept.size, activities.length, 'an execution, by order and cumulative quantity, is there once');
  const keptIds = new Set(activities.map(({ id }) => id.split('::')[1]));
  assert.equal(keptIds.size, activities.length, 'an execution id is there once');
  const execIds = new Set<string>();
  for (const { event, order, fill } of told) {
    const now = byId.get(order.id);
    assert.ok(now !== undefined, `the venue told of ${order.id} and has it no more`);
    assert.ok(Number(now.filled_qty) >= Number(order.filled_qty), `filled quantity of ${order.id} went back`);
    if (CLOSED.has(order.status)) assert.equal(now.status, order.status, `${order.id} was told ${event}`);
    if (fill === null) continue;
    assert.ok(!execIds.has(fill.execId), `execution ${fill.execId} was told twice`);
    execIds.add(fill.execId);
    const found = kept.get(`${order.id} ${order.filled_qty}`);
    assert.ok(found !== undefined, `the execution of ${order.id} to ${order.filled_qty} was told and is gone`);
    assert.deepEqual([found.qty, found.price, found.id.split('::')[1]], [fill.qty, fill.price, fill.execId]);
  }
  return execIds.size;
}

/** The cumulative quantity of each order is the sum of its executions, step by step, told or missed. */
function assertFilled({ orders, activities }: Book): void {
  const filled = new Map<string, bigint>();
  for (const { order_id: orderId, qty, cum_qty: cumQty } of activities) {
    const sum = (filled.get(orderId) ?? 0n) + scaled(qty);
    assert.equal(scaled(cumQty), sum, `executions of ${orderId}`);
    filled.set(orderId, sum);
  }
  for (const { id, qty, filled_qty: filledQty, status } of orders) {
    assert.equal(scaled(filledQty), filled.get(id) ?? 0n, `filled quantity of ${id}`);
    assert.equal(status === 'filled', scaled(filledQty) === scaled(qty), `${id} is ${status}`);
  }
}

/** Cash, positions and cost are what the executions make of them, and cash + Σ cost − realised + fees = deposits. */
function assertAccount({ activities, cash, positions }: Book): string {
  const expected = accountOf(DEPOSIT_USD, activities);
  assert.equal(scaled(cash), expected.cash, 'cash');
  const held = new Map(
    positions.map(({ symbol, qty, cost_basis: cost }) => [symbol, { qty: scaled(qty), cost: scaled(cost) }]),
  );
  assert.deepEqual(held, new Map([...expected.held].toSorted(bySymbol([...held.keys()]))));
  const cost = [...held.values()].reduce((sum, position) => sum + position.cost, 0n);
  assert.equal(
    scaled(cash) + cost - expected.realized + expected.fees,
    scaled(DEPOSIT_USD),
    'the account is conserved',
  );
  return (Number(expected.fees / 10n ** 12n) / 1e6).toFixed(2);
}

/** Maps are compared in order; the venue may list positions as it likes. */
function bySymbol(order: readonly string[]) {
  return ([a]: readonly [string, unknown], [b]: readonly [string, unknown]) => order.indexOf(a) - order.indexOf(b);
}

/** Nothing if the market has filled an order in between. */
async function readBook(venue: LoadedVenue): Promise<Book | undefined> {
  const activities = await allActivities(venue);
  const { cash } = await venue.get<{ cash: string }>('/v2/account');
  const positions = await venue.get<Position[]>('/v2/positions');
  const orders = await allOrders(venue);
  const later = await venue.get<Activity[]>('/v2/account/activities/FILL?page_size=1');
  return later[0]?.id === activities.at(-1)?.id ? { orders, activities, cash, positions } : undefined;
}

/** Oldest first. */
export async function allOrders(venue: LoadedVenue): Promise<Order[]> {
  const found: Order[] = [];
  for (;;) {
    const last = found.at(-1)?.submitted_at;
    const after = last === undefined ? '' : `&after=${encodeURIComponent(last)}`;
    const page = await venue.get<Order[]>(`/v2/orders?status=all&limit=${ORDERS_PAGE}&direction=asc${after}`);
    found.push(...page);
    if (page.length < ORDERS_PAGE) return found;
  }
}

/** Oldest first. */
export async function allActivities(venue: LoadedVenue): Promise<Activity[]> {
  const found: Activity[] = [];
  for (;;) {
    const token = found.length === 0 ? '' : `&page_token=${encodeURIComponent(found.at(-1)?.id ?? '')}`;
    const path = `/v2/account/activities/FILL?direction=asc&page_size=${ACTIVITIES_PAGE}${token}`;
    const page = await venue.get<Activity[]>(path);
    found.push(...page);
    if (page.length < ACTIVITIES_PAGE) return found;
  }
}
