import assert from 'node:assert/strict';
import { eventually } from '@tickpath/testkit';
import { recompute } from '../e2e/independent-ledger.ts';
import type { VenueProcess } from './venue-process.ts';
import type { Order, VenueTrader } from './venue-trader.ts';

interface Activity {
  readonly id: string;
  readonly order_id: string;
  readonly symbol: string;
  readonly side: 'buy' | 'sell';
  readonly qty: string;
  readonly price: string;
  readonly cum_qty: string;
}

const ORDERS_PAGE = 500;
const ACTIVITIES_PAGE = 100;
const INITIAL_CASH = '1000000';

interface Book {
  readonly orders: readonly Order[];
  readonly activities: readonly Activity[];
  readonly cash: string;
  readonly positions: readonly { readonly symbol: string; readonly qty: string; readonly cost_basis: string }[];
}

/** Holds a venue against what its client was told, and its account against its own executions. Answers with their number. */
export async function auditVenue(venue: VenueProcess, trader: VenueTrader): Promise<number> {
  const book = await eventually('a book that stands still while it is read', () => readBook(venue), 60_000);
  const { orders, activities } = book;
  const byId = new Map(orders.map((order) => [order.id, order]));
  assert.equal(new Set(orders.map((order) => order.client_order_id)).size, orders.length, 'an order is there once');
  for (const [clOrdId, id] of trader.acknowledged) {
    assert.equal(byId.get(id)?.client_order_id, clOrdId, `acknowledged order ${clOrdId}`);
  }
  for (const { client_order_id } of orders) assert.ok(trader.sent.has(client_order_id), client_order_id);
  for (const id of trader.canceled) assert.equal(byId.get(id)?.status, 'canceled', `canceled order ${id}`);

  assert.equal(new Set(trader.eventIds).size, trader.eventIds.length, 'an event is told once');
  assert.equal(
    new Set(trader.fills.map(({ execId }) => execId)).size,
    trader.fills.length,
    'an execution is told once',
  );
  const kept = new Map(activities.map((activity) => [`${activity.order_id} ${activity.cum_qty}`, activity]));
  assert.equal(kept.size, activities.length, 'an execution is there once');
  for (const { orderId, cumQty, qty, price, execId } of trader.fills) {
    const found = kept.get(`${orderId} ${cumQty}`);
    assert.ok(found !== undefined, `the execution of ${orderId} to ${cumQty} was told and is gone`);
    assert.deepEqual([found.qty, found.price, found.id.split('::')[1]], [qty, price, execId]);
  }
  assertFilled(orders, activities);
  assertAccount(book);
  return activities.length;
}

/** The cumulative quantity of each order is the sum of its executions, step by step. */
function assertFilled(orders: readonly Order[], activities: readonly Activity[]): void {
  const filled = new Map<string, number>();
  for (const { order_id, qty, cum_qty } of activities) {
    const sum = (filled.get(order_id) ?? 0) + Number(qty);
    assert.equal(Number(cum_qty), sum, `executions of ${order_id}`);
    filled.set(order_id, sum);
  }
  for (const { id, qty, filled_qty, status } of orders) {
    assert.equal(Number(filled_qty), filled.get(id) ?? 0, `filled quantity of ${id}`);
    assert.equal(status === 'filled', filled_qty === qty, `status of ${id}`);
  }
}

function assertAccount({ activities, cash, positions }: Book): void {
  const fills = activities.map(({ symbol, side, qty, price }) => {
    return { symbol, side: side === 'buy' ? ('BUY' as const) : ('SELL' as const), lastQty: qty, lastPx: price };
  });
  const expected = recompute(INITIAL_CASH, fills);
  assert.equal(cash, expected.cash);
  const held = [...expected.positions].filter(([, { qty }]) => qty !== '0');
  assert.deepEqual(
    Object.fromEntries(positions.map(({ symbol, qty, cost_basis }) => [symbol, { qty, cost: cost_basis }])),
    Object.fromEntries(held.map(([symbol, { qty, cost }]) => [symbol, { qty, cost }])),
  );
}

/** Nothing if the market has filled an order in between. */
async function readBook(venue: VenueProcess): Promise<Book | undefined> {
  const activities = await allActivities(venue);
  const { cash } = await venue.get<{ cash: string }>('/v2/account');
  const positions = await venue.get<Book['positions']>('/v2/positions');
  const orders = await allOrders(venue);
  const later = await venue.get<Activity[]>('/v2/account/activities?page_size=1');
  return later[0]?.id === activities.at(-1)?.id ? { orders, activities, cash, positions } : undefined;
}

/** Oldest first. */
async function allOrders(venue: VenueProcess): Promise<Order[]> {
  const found: Order[] = [];
  for (;;) {
    const last = found.at(-1)?.submitted_at;
    const after = last === undefined ? '' : `&after=${last}`;
    const page = await venue.get<Order[]>(`/v2/orders?status=all&limit=${ORDERS_PAGE}&direction=asc${after}`);
    found.push(...page);
    if (page.length < ORDERS_PAGE) return found;
  }
}

/** Oldest first. */
async function allActivities(venue: VenueProcess): Promise<Activity[]> {
  const found: Activity[] = [];
  for (;;) {
    const token = found.length === 0 ? '' : `&page_token=${found.at(-1)?.id}`;
    const page = await venue.get<Activity[]>(`/v2/account/activities/FILL?direction=asc${token}`);
    found.push(...page);
    if (page.length < ACTIVITIES_PAGE) return found;
  }
}
