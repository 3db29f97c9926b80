import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AlpacaActivity, listActivities, readActivityListing } from '../../src/core/protocol/activities.ts';
import { Stand } from './stand.ts';

/** One execution a second, each of one share, of an order for all of them. */
function withFills(count: number, rules: ConstructorParameters<typeof Stand>[0] = {}): Stand {
  const stand = new Stand(rules);
  stand.order({ symbol: 'AAPL', side: 'buy', qty: String(count) });
  for (let i = 1; i <= count; i += 1) stand.quote('AAPL', { ask: [`190.0${i}`, '1'] });
  return stand;
}

function list(stand: Stand, query: Record<string, unknown> = {}, type: string | null = null): AlpacaActivity[] {
  const read = readActivityListing(query, type);
  assert.ok(read.ok, read.ok ? '' : read.refusal.message);
  const found = listActivities(stand.state, read.listing);
  assert.ok(!('status' in found), JSON.stringify(found));
  return found;
}

const FEES = { perShareUsd: '0.01', makerBps: '0', takerBps: '0', regulatory: false };

test('an execution is an activity with the fields of Alpaca, the newest first', () => {
  const [fill, partial, ...more] = list(withFills(2));
  assert.deepEqual(more, []);
  const { id, ...fields } = fill ?? {};
  assert.match(String(id), /^20260918133003000::[0-9a-f-]{36}$/);
  assert.deepEqual(fields, {
    activity_type: 'FILL',
    transaction_time: '2026-09-18T13:30:03Z',
    type: 'fill',
    price: '190.02',
    qty: '1',
    side: 'buy',
    symbol: 'AAPL',
    leaves_qty: '0',
    order_id: 'order-1',
    cum_qty: '2',
    order_status: 'filled',
  });
  assert.deepEqual(partial, {
    ...partial,
    ...{ type: 'partial_fill', leaves_qty: '1', cum_qty: '1', order_status: 'partially_filled' },
  });
});

test('what an execution cost is an activity of its own, after that of the execution', () => {
  const stand = withFills(2, { fees: FEES });
  const activities = list(stand, { direction: 'asc' });
  assert.deepEqual(
    activities.map(({ activity_type }) => activity_type),
    ['FILL', 'FEE', 'FILL', 'FEE'],
  );
  const { id, execution_id, ...fee } = activities[1] as Extract<AlpacaActivity, { activity_type: 'FEE' }>;
  assert.match(id, /^20260918133002000::[0-9a-f-]{36}$/);
  assert.ok(activities[0]?.id.endsWith(execution_id));
  assert.deepEqual(fee, {
    activity_type: 'FEE',
    date: '2026-09-18',
    created_at: '2026-09-18T13:30:02Z',
    net_amount: '-0.01',
    description: 'Fees for buy of 1 AAPL (taker)',
    symbol: 'AAPL',
    qty: '1',
    status: 'executed',
    currency: 'USD',
  });
  assert.deepEqual(list(stand), activities.toReversed());
});

test('types, in the query or the path, and categories choose; types that no account here has are empty', () => {
  const stand = withFills(2, { fees: FEES });
  const types = (query: Record<string, unknown>, type: string | null = null) =>
    list(stand, query, type).map(({ activity_type }) => activity_type);
  assert.deepEqual(types({}, 'FILL'), ['FILL', 'FILL']);
  assert.deepEqual(types({}, 'FEE'), ['FEE', 'FEE']);
  assert.deepEqual(types({ activity_types: 'FEE,DIV' }), ['FEE', 'FEE']);
  assert.deepEqual(types({ activity_types: ['FEE', 'FILL'] }), ['FEE', 'FILL', 'FEE', 'FILL']);
  assert.deepEqual(types({ category: 'trade_activity' }), ['FILL', 'FILL']);
  assert.deepEqual(types({ category: 'non_trade_activity' }), ['FEE', 'FEE']);
  assert.deepEqual(types({}, 'DIV'), []);
  assert.deepEqual(types({ order_id: 'order-1' }), ['FILL', 'FILL']);
  assert.deepEqual(types({ order_id: 'another' }), []);
});

test('pages follow each other by token in both directions, with fees and without, and new fills change nothing', () => {
  for (const fees of [FEES, { ...FEES, perShareUsd: '0' }]) {
    const stand = withFills(7, { fees });
    for (const direction of ['asc', 'desc']) {
      for (const activity_types of ['FILL', 'FILL,FEE', 'FEE']) {
        const query = { direction, activity_types, page_size: '3' };
        const found: AlpacaActivity[] = [];
        for (let page = list(stand, query); page.length > 0; ) {
          found.push(...page);
          page = list(stand, { ...query, page_token: page.at(-1)?.id });
        }
        assert.deepEqual(found, list(stand, { direction, activity_types }));
      }
    }
    const [newest] = list(stand, { page_size: '1', activity_types: 'FILL' });
    stand.order({ symbol: 'AAPL', side: 'buy', qty: '1' });
    stand.quote('AAPL', { ask: ['190', '1'] });
    assert.equal(list(stand, { page_token: newest?.id, activity_types: 'FILL' }).length, 6);
    assert.equal(list(stand, { page_token: newest?.id, activity_types: 'FILL', direction: 'asc' }).length, 1);
  }
});

test('the executions of one order are found among those of others before, after and between them', () => {
  const stand = new Stand();
  stand.order({ symbol: 'AAPL', side: 'buy', qty: '1' });
  stand.quote('AAPL', { ask: ['190', '1'] });
  stand.order({ symbol: 'AAPL', side: 'buy', qty: '2' });
  stand.quote('AAPL', { ask: ['191', '1'] });
  stand.order({ symbol: 'AAPL', side: 'buy', qty: '1' });
  stand.quote('AAPL', { ask: ['192', '1'] });
  stand.quote('AAPL', { ask: ['193', '1'] });
  for (const direction of ['asc', 'desc']) {
    const all = list(stand, { direction });
    assert.equal(all.length, 4);
    for (const order_id of ['order-1', 'order-2', 'order-3']) {
      const own = all.filter((one) => 'order_id' in one && one.order_id === order_id);
      assert.deepEqual(list(stand, { direction, order_id }), own);
      const [first, ...rest] = own;
      assert.deepEqual(list(stand, { direction, order_id, page_token: first?.id }), rest);
    }
  }
});

test('times bound a listing, both exclusive, and a date is a day of New York, all of it', () => {
  const stand = withFills(4);
  const prices = (query: Record<string, unknown>) => list(stand, query).map((one) => 'price' in one && one.price);
  const bounds = { after: '2026-09-18T13:30:02Z', until: '2026-09-18T13:30:05Z' };
  assert.deepEqual(prices(bounds), ['190.03', '190.02']);
  assert.equal(prices({ date: '2026-09-18' }).length, 4);
  assert.equal(prices({ date: '2026-09-18', page_size: '2' }).length, 2);
  assert.deepEqual(prices({ date: '2026-09-17' }), []);
  assert.deepEqual(prices({ date: '2026-09-19' }), []);
});

test('what cannot be listed is refused by name', () => {
  const stand = withFills(1);
  const message = (query: Record<string, unknown>, type: string | null = null) => {
    const read = readActivityListing(query, type);
    const refusal = read.ok ? listActivities(stand.state, read.listing) : read.refusal;
    return 'status' in refusal ? `${refusal.status} ${refusal.code} ${refusal.message}` : 'listed';
  };
  assert.equal(message({ page_size: '101' }), '422 40010001 page_size "101" is not between 1 and 100');
  assert.equal(message({ direction: 'up' }), '422 40010001 invalid direction: "up"');
  assert.equal(message({ after: 'yesterday' }), '422 40010001 invalid after: "yesterday"');
  assert.equal(message({ page_token: 'none' }), '422 40010001 page_token "none" is the id of no activity');
  assert.equal(message({ date: '2026-13-01' }), '422 40010001 invalid date: "2026-13-01"');
  assert.equal(
    message({ date: '2026-01-01', after: '2026-01-01' }),
    '422 40010001 date cannot be used with after or until',
  );
  assert.equal(message({ activity_types: 'FFFFF' }), '422 40010001 invalid activity type: "FFFFF"');
  assert.equal(message({}, 'constructor'), '422 40010001 invalid activity type: "constructor"');
  assert.equal(
    message({ category: 'trade_activity', activity_types: 'FILL' }),
    '422 40010001 category cannot be used with activity_types',
  );
});
