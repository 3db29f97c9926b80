import '../seed.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readOrderPatch } from '../../src/core/protocol/order-patch.ts';
import { Stand } from './stand.ts';

const LIMIT = { symbol: 'AAPL', side: 'buy', qty: '10', type: 'limit', limit_price: '100' };
const NOTHING = { orderQty: null, timeInForce: null, limitPx: null, stopPx: null, trail: null, clOrdId: null };

function aLimit() {
  return new Stand().order(LIMIT);
}

test('only what a replace names is changed', () => {
  const order = aLimit();
  const cases: [body: object, changes: object][] = [
    [{ qty: '5' }, { orderQty: 5e9 }],
    [
      { limit_price: 101.5, client_order_id: 'b' },
      { limitPx: 101_500_000, clOrdId: 'b' },
    ],
    [{ time_in_force: 'gtc', qty: null, stop_price: null, trail: '' }, { timeInForce: 'gtc' }],
  ];
  for (const [body, changes] of cases) {
    assert.deepEqual(readOrderPatch(body, order), { ok: true, changes: { ...NOTHING, ...changes } });
  }
});

test('a trail stays of its kind', () => {
  const stand = new Stand();
  const common = { symbol: 'AAPL', side: 'sell', qty: '10', type: 'trailing_stop' };
  const byPrice = stand.order({ ...common, trail_price: '2' });
  const byPercent = stand.order({ ...common, trail_percent: '2' });
  const trailOf = (order: typeof byPrice) => {
    const read = readOrderPatch({ trail: '3' }, order);
    return read.ok ? read.changes.trail : read.refusal.message;
  };
  assert.deepEqual(trailOf(byPrice), { by: 'price', px: 3_000_000 });
  assert.deepEqual(trailOf(byPercent), { by: 'percent', milliPercent: 3000 });
});

test('a replace that cannot be read, belongs to another type or changes nothing is refused', () => {
  const stand = new Stand();
  const limit = stand.order(LIMIT);
  const market = stand.order({ ...LIMIT, type: 'market', limit_price: null });
  const filled = { ...limit, cumQty: 4e9 };
  const extended = stand.order({ ...LIMIT, extended_hours: true });
  const cases: [order: typeof limit, body: unknown, refusal: string][] = [
    [limit, undefined, '422 40010001 request body must be a JSON object'],
    [limit, {}, '422 42210000 order parameters are not changed'],
    [limit, { qty: 10, limit_price: '100.00', time_in_force: 'day' }, '422 42210000 order parameters are not changed'],
    [
      limit,
      { notional: 5 },
      '403 40310000 notional 5 is not supported: this venue takes qty, prices, time_in_force and client_order_id',
    ],
    [limit, { qty: '-1' }, '422 40010001 qty must be > 0: -1'],
    [
      limit,
      { stop_price: '5' },
      '422 42210000 stop_price "5" does not belong to a limit order: only to stop, stop_limit',
    ],
    [limit, { trail: '5' }, '422 42210000 trail "5" does not belong to a limit order: only to trailing_stop'],
    [
      market,
      { limit_price: '5' },
      '422 42210000 limit_price "5" does not belong to a market order: only to limit, stop_limit',
    ],
    [
      limit,
      { limit_price: '5.001' },
      '422 42210000 invalid limit_price 5.001. sub-penny increment does not fulfill minimum pricing criteria',
    ],
    [limit, { time_in_force: 'opg' }, '422 40010001 invalid time_in_force: "opg"; one of day, gtc, ioc, fok'],
    [filled, { qty: '4' }, '422 42210000 qty must be > filled_qty: 4 <= 4'],
    [limit, { qty: '1.5', time_in_force: 'gtc' }, '422 42210000 fractional orders must be DAY orders: gtc'],
    [
      extended,
      { time_in_force: 'fok' },
      '422 42210000 extended hours order must be DAY or GTC limit orders: fok limit',
    ],
  ];
  for (const [order, body, refusal] of cases) {
    const read = readOrderPatch(body, order);
    assert.equal(read.ok ? 'taken' : `${read.refusal.status} ${read.refusal.code} ${read.refusal.message}`, refusal);
  }
});

test('no body makes the reader throw', () => {
  const order = aLimit();
  const names = ['qty', 'time_in_force', 'limit_price', 'stop_price', 'trail', 'client_order_id'];
  fc.assert(
    fc.property(
      fc.anything({ withNullPrototype: true }),
      fc.anything(),
      fc.constantFrom(...names),
      (body, value, name) => {
        readOrderPatch(body, order);
        readOrderPatch({ [name]: value }, order);
      },
    ),
  );
});
