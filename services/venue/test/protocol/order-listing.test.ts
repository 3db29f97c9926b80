import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { VenueOrder } from '../../src/core/orders/order.ts';
import { listOrders, readOrderListing } from '../../src/core/protocol/order-listing.ts';
import { Stand } from './stand.ts';

/** Sixty limit orders that rest, a second apart: even ones in AAPL, odd ones in BTC/USD; the first ten are canceled. */
function sixty(): Stand {
  const stand = new Stand();
  for (let i = 1; i <= 60; i++) {
    const symbol = i % 2 === 0 ? 'AAPL' : 'BTC/USD';
    stand.order({ symbol, side: 'buy', qty: '1', type: 'limit', limit_price: '1', client_order_id: `c${i}` });
  }
  for (let i = 1; i <= 10; i++) stand.cancel(`order-${i}`);
  return stand;
}

const stand = sixty();

function ids(query: Record<string, unknown>): string[] {
  const read = readOrderListing(query);
  assert.ok(read.ok, read.ok ? '' : read.refusal.message);
  return listOrders(stand.state, read.listing).map(({ clOrdId }) => clOrdId);
}

test('by default the newest fifty open orders are listed', () => {
  assert.deepEqual(
    ids({}),
    Array.from({ length: 50 }, (_, i) => `c${60 - i}`),
  );
});

test('status, side, symbols and asset class filter, and a pair is found with and without its slash', () => {
  assert.deepEqual(ids({ status: 'closed', direction: 'asc', limit: '3' }), ['c1', 'c2', 'c3']);
  assert.equal(ids({ status: 'all', limit: '500', nested: 'true' }).length, 60);
  assert.deepEqual(ids({ symbols: 'AAPL,TSLA', limit: '2' }), ['c60', 'c58']);
  for (const symbols of ['BTC/USD', 'BTCUSD']) assert.deepEqual(ids({ symbols, limit: '2' }), ['c59', 'c57']);
  assert.deepEqual(ids({ asset_class: 'crypto,us_option', limit: '1' }), ['c59']);
  assert.equal(ids({ asset_class: 'all' }).length, 50);
  assert.deepEqual(ids({ side: 'sell' }), []);
});

test('times and orders bound a listing, both exclusive', () => {
  const window = { after: '2026-09-18T13:30:10Z', until: '2026-09-18T13:30:13Z', status: 'all' };
  assert.deepEqual(ids(window), ['c12', 'c11']);
  assert.deepEqual(ids({ until: '2026-09-19', limit: '1' }), ['c60']);
  assert.deepEqual(ids({ after: '2026-09-18T09:31:00-04:00' }), []);
  assert.deepEqual(ids({ after_order_id: 'order-58' }), ['c60', 'c59']);
  assert.deepEqual(ids({ before_order_id: 'order-13', direction: 'asc' }), ['c11', 'c12']);
  assert.deepEqual(ids({ before_order_id: 'order-13', after: '2026-09-18T13:30:11Z' }), ['c12']);
  assert.deepEqual(ids({ after_order_id: 'nobody' }), []);
});

test('pages by time give every order once, in both directions', () => {
  for (const direction of ['asc', 'desc']) {
    const found: string[] = [];
    for (let page = ids({ status: 'all', direction, limit: '7' }); page.length > 0; ) {
      found.push(...page);
      const [last] = [...stand.state.orders.values()].filter(({ clOrdId }) => clOrdId === page.at(-1));
      const bound = direction === 'asc' ? 'after_order_id' : 'before_order_id';
      page = ids({ status: 'all', direction, limit: '7', [bound]: last?.orderId });
    }
    assert.deepEqual(found, ids({ status: 'all', direction, limit: '500' }));
  }
});

test('a page deep in the past reads what it lists and little else', () => {
  let reads = 0;
  class CountingOrders extends Map<string, VenueOrder> {
    override get(orderId: string): VenueOrder | undefined {
      reads += 1;
      return super.get(orderId);
    }
  }
  const state = { ...stand.state, orders: new CountingOrders(stand.state.orders) };
  for (const direction of ['asc', 'desc']) {
    reads = 0;
    const read = readOrderListing({ status: 'all', direction, limit: '2', before_order_id: 'order-13' });
    assert.ok(read.ok);
    assert.equal(listOrders(state, read.listing).length, 2);
    assert.ok(reads <= 10, `${reads} orders were read of ${state.orders.size}`);
  }
});

test('a listing that cannot be read is refused with the value in the message', () => {
  const message = (query: Record<string, unknown>) => {
    const read = readOrderListing(query);
    return read.ok ? 'taken' : `${read.refusal.status} ${read.refusal.code} ${read.refusal.message}`;
  };
  for (const [query, refusal] of [
    [{ status: 'done' }, 'invalid status: "done"'],
    [{ limit: '501' }, 'limit "501" is not between 1 and 500'],
    [{ after: 'yesterday' }, 'invalid after: "yesterday"'],
    [{ side: ['buy', 'sell'] }, 'side must be given once'],
    [{ nested: 'maybe' }, 'invalid nested: "maybe"'],
    [{ asset_class: 'bonds' }, 'invalid asset_class: "bonds"; one of us_equity, crypto, us_option, crypto_perp, all'],
    [{ after_order_id: 'a', before_order_id: 'b' }, 'only one of after_order_id or before_order_id is accepted'],
  ] as const) {
    assert.equal(message(query), `422 40010001 ${refusal}`);
  }
});
