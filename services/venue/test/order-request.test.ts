import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { step } from '../src/core/matching.ts';
import { listOrders, readOrderListing } from '../src/core/order-listing.ts';
import { readOrderRequest } from '../src/core/order-request.ts';
import { aMatching } from './builders.ts';

const GOOD = { symbol: 'AAPL', qty: '10', side: 'buy', type: 'market', time_in_force: 'day' };

function refusalOf(fields: object): string {
  const read = readOrderRequest({ ...GOOD, ...fields });
  return read.ok ? 'accepted' : `${read.refusal.status} ${read.refusal.code} ${read.refusal.message}`;
}

test('a quantity may come as text or as a number', () => {
  for (const qty of ['10', 10]) {
    const read = readOrderRequest({ ...GOOD, qty });
    assert.ok(read.ok);
    assert.equal(read.request.orderQty.toString(), '10');
  }
});

test('every order this venue cannot carry out is refused with the value in the message', () => {
  const cases: [fields: object, refusal: string][] = [
    [{ type: 'limit' }, '422 42210000 invalid type: "limit"; this venue takes market'],
    [{ time_in_force: 'ioc' }, '422 42210000 invalid time_in_force: "ioc"; this venue takes day, gtc'],
    [{ side: 'hold' }, '422 42210000 invalid side: "hold"; this venue takes buy, sell'],
    [{ side: undefined }, '422 40010001 side is required'],
    [{ qty: undefined }, '422 40010001 qty is required'],
    [{ qty: '-1' }, '422 42210000 qty must be > 0: -1'],
    [{ qty: 0 }, '422 42210000 qty must be > 0: 0'],
    [{ qty: '1e3' }, '422 42210000 invalid qty: "1e3"'],
    [{ qty: ['1'] }, '422 42210000 invalid qty: ["1"]'],
    [{ qty: '0.0000000001' }, '422 42210000 qty 0.0000000001 has more than 9 decimals'],
    [{ symbol: 'aapl;' }, '422 42210000 invalid symbol: "aapl;"'],
    [{ symbol: 7 }, '422 42210000 invalid symbol: 7'],
    [{ client_order_id: 'x'.repeat(49) }, '422 40010001 client_order_id has 49 characters > limit 48'],
    [{ limit_price: '10' }, '422 42210000 limit_price "10" is not supported: this venue takes plain market orders'],
    [{ notional: '100' }, '422 42210000 notional "100" is not supported: this venue takes plain market orders'],
    [{ order_class: 'bracket' }, '422 42210000 invalid order_class: "bracket"; this venue takes simple'],
    [{ extended_hours: true }, '422 42210000 invalid extended_hours: true; a market order takes false'],
  ];
  for (const [fields, refusal] of cases) assert.equal(refusalOf(fields), refusal);
  assert.equal(refusalOf({ limit_price: null, order_class: '', extended_hours: false }), 'accepted');
});

test('no body makes the reader throw', () => {
  fc.assert(
    fc.property(fc.anything(), fc.anything(), (body, value) => {
      readOrderRequest(body);
      for (const name of Object.keys(GOOD)) readOrderRequest({ ...GOOD, [name]: value });
    }),
  );
});

test('a listing has the defaults, filters and order of Alpaca', () => {
  const state = aMatching();
  for (let i = 1; i <= 60; i++) {
    const read = readOrderRequest({
      ...GOOD,
      symbol: i % 2 === 0 ? 'AAPL' : 'MSFT',
      side: i % 3 === 0 ? 'sell' : 'buy',
    });
    assert.ok(read.ok);
    step(state, { kind: 'submit', order: { ...read.request, clOrdId: `c${i}` }, orderId: `o${i}`, tsNs: BigInt(i) });
  }
  for (let i = 1; i <= 10; i++) step(state, { kind: 'cancel', orderId: `o${i}`, tsNs: 100n });
  const ids = (query: Record<string, string>) => {
    const read = readOrderListing(query);
    assert.ok(read.ok);
    return listOrders(state.orders.values(), read.listing).map((order) => order.clOrdId);
  };
  assert.deepEqual(ids({}).length, 50);
  assert.equal(ids({})[0], 'c60');
  assert.deepEqual(ids({ status: 'closed', direction: 'asc', limit: '3' }), ['c1', 'c2', 'c3']);
  const window = { after: '1970-01-01T00:00:00.000000010Z', until: '1970-01-01T00:00:00.000000013Z' };
  assert.deepEqual(ids({ status: 'all', ...window }), ['c12', 'c11']);
  assert.deepEqual(ids({ status: 'all', until: '1970-01-02', limit: '1' }), ['c60']);
  assert.deepEqual(ids({ status: 'all', after: '1970-01-01T00:00:01+00:00' }), []);
  assert.deepEqual(ids({ symbols: 'AAPL,TSLA', side: 'sell', limit: '2' }), ['c60', 'c54']);
});

test('a listing that cannot be read is refused with the value in the message', () => {
  const message = (query: Record<string, unknown>) => {
    const read = readOrderListing(query);
    return read.ok ? 'accepted' : read.refusal.message;
  };
  assert.equal(message({ status: 'done' }), 'invalid status: "done"');
  assert.equal(message({ limit: '501' }), 'limit 501 is not between 1 and 500');
  assert.equal(message({ after: 'yesterday' }), 'invalid after: "yesterday"');
  assert.equal(message({ side: ['buy', 'sell'] }), 'side must be given once');
});
