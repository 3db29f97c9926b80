import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { alpacaOrder } from '../../src/core/protocol/order-entity.ts';
import { Stand } from './stand.ts';

test('a filled order has exact average, quantities and times as text', () => {
  const stand = new Stand();
  stand.quote('AAPL', { ask: ['190.01', '100'] });
  const order = stand.order({ symbol: 'AAPL', side: 'buy', qty: '150', client_order_id: 'tp-1' });
  stand.quote('AAPL', { ask: ['190.07', '500'] });
  const { created_at, updated_at, submitted_at, filled_at, expires_at, ...fields } = alpacaOrder(stand.current(order));
  assert.deepEqual([created_at, submitted_at], ['2026-09-18T13:30:02Z', '2026-09-18T13:30:02Z']);
  assert.deepEqual([updated_at, filled_at], ['2026-09-18T13:30:03Z', '2026-09-18T13:30:03Z']);
  assert.equal(expires_at, '2026-09-19T04:00:00Z');
  assert.deepEqual(fields, {
    id: 'order-1',
    client_order_id: 'tp-1',
    expired_at: null,
    cancel_requested_at: null,
    canceled_at: null,
    failed_at: null,
    replaced_at: null,
    replaced_by: null,
    replaces: null,
    asset_id: stand.asset('AAPL').id,
    symbol: 'AAPL',
    asset_class: 'us_equity',
    notional: null,
    qty: '150',
    filled_qty: '150',
    filled_avg_price: '190.03',
    order_class: '',
    order_type: 'market',
    type: 'market',
    side: 'buy',
    position_intent: 'buy_to_open',
    time_in_force: 'day',
    limit_price: null,
    stop_price: null,
    status: 'filled',
    extended_hours: false,
    legs: null,
    trail_percent: null,
    trail_price: null,
    hwm: null,
  });
});

test('prices of limits, stops and trailing stops are shown where the order has them', () => {
  const stand = new Stand();
  stand.trade('AAPL', '200');
  const common = { symbol: 'AAPL', side: 'sell', qty: '1.5' };
  const shown = (fields: Record<string, unknown>) => {
    const { limit_price, stop_price, trail_price, trail_percent, hwm, qty } = alpacaOrder(
      stand.order({ ...common, ...fields }),
    );
    return { limit_price, stop_price, trail_price, trail_percent, hwm, qty };
  };
  const none = { limit_price: null, stop_price: null, trail_price: null, trail_percent: null, hwm: null, qty: '2' };
  const stop = { type: 'stop_limit', qty: '2', limit_price: '0.5125', stop_price: '150' };
  assert.deepEqual(shown(stop), { ...none, limit_price: '0.5125', stop_price: '150' });
  const byPrice = shown({ type: 'trailing_stop', qty: 2, trail_price: '2.50' });
  assert.deepEqual(byPrice, { ...none, stop_price: '197.5', trail_price: '2.5', hwm: '200' });
  const byPercent = shown({ type: 'trailing_stop', qty: 2, trail_percent: 1.25 });
  assert.deepEqual(byPercent, { ...none, stop_price: '197.5', trail_percent: '1.25', hwm: '200' });
});

test('a replaced order and its replacement name each other', () => {
  const stand = new Stand();
  const old = stand.order({ symbol: 'AAPL', side: 'buy', qty: '10', type: 'limit', limit_price: '100' });
  const next = stand.replace(old.orderId, { limit_price: '101' });
  assert.ok('orderId' in next);
  const [before, after] = [alpacaOrder(stand.current(old)), alpacaOrder(next)];
  assert.deepEqual([before.status, before.replaced_by, before.replaces], ['replaced', next.orderId, null]);
  assert.deepEqual([after.status, after.replaced_by, after.replaces], ['new', null, old.orderId]);
  assert.equal(before.replaced_at, after.created_at);
  assert.equal(after.limit_price, '101');
});

test('a canceled order tells when, and a coin keeps its pair and its decimals', () => {
  const stand = new Stand();
  const order = stand.order({
    symbol: 'BTCUSD',
    side: 'buy',
    qty: 1e-9,
    time_in_force: 'gtc',
    type: 'limit',
    limit_price: 60_000.123456789,
  });
  stand.cancel(order.orderId);
  const entity = alpacaOrder(stand.current(order));
  assert.deepEqual(
    [entity.symbol, entity.asset_class, entity.qty, entity.limit_price, entity.status],
    ['BTC/USD', 'crypto', '0.000000001', '60000.123456789', 'canceled'],
  );
  assert.equal(entity.canceled_at, entity.cancel_requested_at);
  assert.equal(entity.expires_at, '2026-12-16T21:00:00Z');
});

const facts = join(import.meta.dirname, '../../../../../shared/data/alpaca-protocol.md');
const absent = existsSync(facts) ? false : `no protocol facts at ${facts}`;

test('the entity has the documented fields, and null only where that is documented', { skip: absent }, () => {
  const [line = ''] = /^Order entity: .*$/m.exec(readFileSync(facts, 'utf8')) ?? [];
  const names = line.slice('Order entity:'.length).replace(/\([^)]*\)|\[[^\]]*\]| bool\b|live also/g, ' ');
  const fields = [...names.matchAll(/([a-z]+(?:_[a-z]+)*)(\?)?/g)];
  const nullable = new Map(fields.map(([, name, mark]) => [name, mark === '?']));
  assert.ok(nullable.size >= 34, `only ${nullable.size} fields are read of the facts`);
  const stand = new Stand();
  stand.quote('AAPL', { ask: ['190', '10'] });
  const old = stand.order({ symbol: 'AAPL', side: 'buy', qty: '10', type: 'limit', limit_price: '1' });
  stand.replace(old.orderId, { qty: '5' });
  stand.order({ symbol: 'AAPL', side: 'buy', qty: '10' });
  stand.cancel(
    stand.order({ symbol: 'AAPL', side: 'sell', qty: '2', type: 'trailing_stop', trail_percent: '1' }).orderId,
  );
  const entities = [...stand.state.orders.values()].map(alpacaOrder);
  assert.deepEqual(Object.keys(entities[0] ?? {}).sort(), [...nullable.keys()].sort());
  for (const entity of entities) {
    for (const [name, value] of Object.entries(entity)) {
      if (value === null) assert.ok(nullable.get(name), `${name} is null`);
      else assert.equal(typeof value, name === 'extended_hours' ? 'boolean' : 'string', name);
    }
  }
});
