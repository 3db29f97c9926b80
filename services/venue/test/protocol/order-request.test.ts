import '../seed.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readOrderRequest } from '../../src/core/protocol/order-request.ts';
import { anAssetConfig, testAssets } from './stand.ts';

const GOOD = { symbol: 'AAPL', qty: '10', side: 'buy', type: 'market', time_in_force: 'day' };
const LIMIT = { ...GOOD, type: 'limit', limit_price: '190.01' };
const STOP = { ...GOOD, type: 'stop', stop_price: '190' };
const TRAIL = { ...GOOD, type: 'trailing_stop', trail_price: '1' };
const COIN = { symbol: 'BTC/USD', qty: '0.1', side: 'buy', type: 'market', time_in_force: 'gtc' };
const assets = testAssets([anAssetConfig({ symbol: 'FINE', qtyIncrement: '0.01', priceIncrement: '0.05' })]);

function read(body: unknown) {
  const result = readOrderRequest(body, assets);
  assert.ok(result.ok, result.ok ? '' : result.refusal.message);
  return result.order;
}

function refusalOf(body: unknown): string {
  const result = readOrderRequest(body, assets);
  return result.ok ? 'taken' : `${result.refusal.status} ${result.refusal.code} ${result.refusal.message}`;
}

test('quantities and prices come as text or as numbers, in any spelling of a decimal, and are whole units then', () => {
  for (const qty of ['10', 10, '10.0', '1e1', '+10', '10.']) assert.equal(read({ ...GOOD, qty }).orderQty, 10e9);
  for (const limit_price of ['190.01', 190.01, '190.010000', '1.9001E2']) {
    assert.equal(read({ ...LIMIT, limit_price }).limitPx, 190_010_000);
  }
  assert.equal(read({ ...COIN, qty: '1e-05' }).orderQty, 10_000);
  assert.equal(read({ ...COIN, qty: 1e-9 }).orderQty, 1);
});

test('every type is read with its prices, and a field that is null or empty counts as absent', () => {
  const orders = [GOOD, LIMIT, STOP, { ...LIMIT, type: 'stop_limit', stop_price: '190' }, TRAIL].map(read);
  assert.deepEqual(
    orders.map(({ type, limitPx, stopPx, trail }) => [type, limitPx, stopPx, trail]),
    [
      ['market', null, null, null],
      ['limit', 190_010_000, null, null],
      ['stop', null, 190_000_000, null],
      ['stop_limit', 190_010_000, 190_000_000, null],
      ['trailing_stop', null, null, { by: 'price', px: 1_000_000 }],
    ],
  );
  const byPercent = read({ ...GOOD, type: 'trailing_stop', trail_percent: '2.5' });
  assert.deepEqual(byPercent.trail, { by: 'percent', milliPercent: 2500 });
  const nothings = {
    limit_price: null,
    stop_price: null,
    trail_price: null,
    notional: null,
    legs: null,
    order_class: '',
  };
  const plain = read({ ...GOOD, ...nothings, client_order_id: '', position_intent: null, extended_hours: false });
  assert.deepEqual([plain.clOrdId, plain.positionIntent, plain.extendedHours], [null, null, false]);
});

test('an asset is named by its symbol, its id, or a pair without the slash', () => {
  const { id } = read(COIN).asset;
  assert.equal(read({ ...COIN, symbol: id }).asset.symbol, 'BTC/USD');
  assert.equal(read({ ...COIN, symbol: id.toUpperCase() }).asset.symbol, 'BTC/USD');
  assert.equal(read({ ...COIN, symbol: 'BTCUSD' }).asset.symbol, 'BTC/USD');
});

test('what is stated of intent, session and name is kept, and what Alpaca does not know is ignored', () => {
  const order = read({
    ...LIMIT,
    ...{ extended_hours: true, position_intent: 'buy_to_close', client_order_id: 'x'.repeat(128) },
    ...{ order_class: 'simple', note: { deep: [1] }, __proto__: { qty: '1' } },
  });
  assert.deepEqual(
    [order.extendedHours, order.positionIntent, order.clOrdId?.length, order.orderQty],
    [true, 'buy_to_close', 128, 10e9],
  );
});

test('every order that cannot be carried out is refused with field and value in the message', () => {
  const cases: [body: unknown, refusal: string][] = [
    ['text', '422 40010001 request body must be a JSON object'],
    [[GOOD], '422 40010001 request body must be a JSON object'],
    [{ ...GOOD, symbol: undefined }, '422 40010001 symbol is required'],
    [{ ...GOOD, symbol: 7 }, '422 42210000 invalid symbol: 7'],
    [{ ...GOOD, symbol: 'aapl;' }, '422 42210000 invalid symbol: "aapl;"'],
    [{ ...GOOD, symbol: 'NONE' }, '422 42210000 asset "NONE" not found'],
    [{ ...GOOD, symbol: 'constructor' }, '422 42210000 invalid symbol: "constructor"'],
    [{ ...GOOD, side: undefined }, '422 40010001 side is required'],
    [{ ...GOOD, side: 'hold' }, '422 40010001 invalid side: "hold"; one of buy, sell'],
    [
      { ...GOOD, type: ['market'] },
      '422 40010001 invalid order type: a list; one of market, limit, stop, stop_limit, trailing_stop',
    ],
    [{ ...GOOD, time_in_force: 'gtd' }, '422 40010001 invalid time_in_force: "gtd"; one of day, gtc, ioc, fok'],
    [{ ...GOOD, qty: undefined }, '422 40010001 qty or notional is required'],
    [{ ...GOOD, qty: '-1' }, '422 40010001 qty must be > 0: -1'],
    [{ ...GOOD, qty: 0 }, '422 40010001 qty must be > 0: 0'],
    [{ ...GOOD, qty: 'ten' }, '422 40010001 invalid qty: "ten"'],
    [{ ...GOOD, qty: '1e300' }, '422 40010001 invalid qty: "1e300"'],
    [{ ...GOOD, qty: { $gt: 0 } }, '422 40010001 invalid qty: an object'],
    [{ ...GOOD, qty: true }, '422 40010001 invalid qty: true'],
    [{ ...GOOD, qty: '0.0000000001' }, '422 42210000 qty 0.0000000001 has more than 9 decimals'],
    [
      { ...GOOD, qty: '9007200' },
      '422 42210000 invalid qty: 9007200 is beyond 9007199.254740991, the most that 9 decimals leave room for',
    ],
    [{ ...GOOD, symbol: 'WHOLE', qty: '1.5' }, '422 42210000 qty 1.5: asset "WHOLE" is not fractionable'],
    [{ ...GOOD, symbol: 'FINE', qty: '1.005' }, '422 42210000 qty 1.005 is no multiple of 0.01, the increment of FINE'],
    [{ ...LIMIT, limit_price: undefined }, '422 40010001 limit orders require a limit price'],
    [{ ...LIMIT, stop_price: '1' }, '422 40010001 limit orders require no stop price'],
    [{ ...GOOD, limit_price: '10' }, '422 40010001 market orders require no stop or limit price'],
    [{ ...GOOD, trail_price: '10' }, '422 40010001 market orders must not have trail_price'],
    [{ ...STOP, stop_price: '' }, '422 40010001 stop orders require a stop price'],
    [{ ...STOP, stop_price: undefined }, '422 40010001 stop orders require a stop price'],
    [{ ...STOP, limit_price: '1' }, '422 40010001 stop orders require no limit price'],
    [{ ...LIMIT, type: 'stop_limit' }, '422 40010001 stop limit orders require both stop and limit price'],
    [
      { ...TRAIL, trail_percent: '1' },
      '422 40010001 trailing stop orders must specify one of trail_price or trail_percent',
    ],
    [
      { ...GOOD, type: 'trailing_stop' },
      '422 40010001 trailing stop orders must specify one of trail_price or trail_percent',
    ],
    [{ ...TRAIL, stop_price: '1' }, '422 40010001 trailing stop orders require no stop or limit price'],
    [
      { ...GOOD, type: 'trailing_stop', trail_percent: 0.05 },
      '422 40010001 trail_percent must be greater than or equal to 0.1: 0.05',
    ],
    [{ ...GOOD, type: 'trailing_stop', trail_percent: '100' }, '422 40010001 trail_percent must be less than 100: 100'],
    [
      { ...GOOD, type: 'trailing_stop', trail_percent: '1.0005' },
      '422 42210000 trail_percent 1.0005 has more than 3 decimals',
    ],
    [{ ...TRAIL, time_in_force: 'ioc' }, '422 42210000 trailing stop orders must be DAY or GTC orders: ioc'],
    [
      { ...LIMIT, limit_price: '290.123' },
      '422 42210000 invalid limit_price 290.123. sub-penny increment does not fulfill minimum pricing criteria',
    ],
    [
      { ...LIMIT, limit_price: '0.00001' },
      '422 42210000 invalid limit_price 0.00001. sub-penny increment does not fulfill minimum pricing criteria',
    ],
    [
      { ...STOP, stop_price: '1.0000001' },
      '422 42210000 invalid stop_price 1.0000001. sub-penny increment does not fulfill minimum pricing criteria',
    ],
    [
      { ...LIMIT, symbol: 'FINE', limit_price: '1.02' },
      '422 42210000 invalid limit_price 1.02. sub-penny increment does not fulfill minimum pricing criteria',
    ],
    [{ ...LIMIT, limit_price: '-1' }, '422 40010001 limit price must be > 0: -1'],
    [
      { ...LIMIT, limit_price: '9999999999' },
      '422 42210000 invalid limit_price: 9999999999 is beyond 9007199254.740991, the most that 6 decimals leave room for',
    ],
    [{ ...GOOD, extended_hours: 'true' }, '422 40010001 invalid extended_hours: "true"; true or false'],
    [
      { ...GOOD, extended_hours: true },
      '422 42210000 extended hours order must be DAY or GTC limit orders: day market',
    ],
    [
      { ...LIMIT, time_in_force: 'ioc', extended_hours: true },
      '422 42210000 extended hours order must be DAY or GTC limit orders: ioc limit',
    ],
    [{ ...GOOD, qty: '0.5', time_in_force: 'gtc' }, '422 42210000 fractional orders must be DAY orders: gtc'],
    [{ ...TRAIL, qty: '0.5' }, '422 42210000 fractional orders cannot be trailing stop orders'],
    [{ ...COIN, time_in_force: 'day' }, '422 42210000 invalid crypto time_in_force: day'],
    [{ ...COIN, time_in_force: 'fok' }, '422 42210000 invalid crypto time_in_force: fok'],
    [{ ...COIN, type: 'stop', stop_price: '1' }, '422 42210000 invalid order type for crypto order: stop'],
    [
      { ...GOOD, position_intent: 'buy' },
      '422 40010001 invalid position_intent: "buy"; one of buy_to_open, buy_to_close, sell_to_open, sell_to_close',
    ],
    [
      { ...GOOD, position_intent: 'sell_to_open' },
      '422 42210000 position_intent sell_to_open does not go with the side buy',
    ],
    [{ ...GOOD, client_order_id: 7 }, '422 40010001 invalid client_order_id: 7'],
    [
      { ...GOOD, client_order_id: 'x'.repeat(129) },
      '422 40010001 client_order_id must be no more than 128 characters: 129',
    ],
    [
      { ...GOOD, client_order_id: 'a\nb' },
      '422 40010001 client_order_id "a\\nb" has control characters or is no Unicode text',
    ],
    [
      { ...GOOD, client_order_id: '\ud800' },
      '422 40010001 client_order_id "\\ud800" has control characters or is no Unicode text',
    ],
    [{ ...GOOD, order_class: 'pair' }, '422 40010001 invalid order_class: "pair"; one of simple'],
    [{ ...GOOD, notional: '5' }, '422 40010001 only one of qty or notional is accepted'],
    [{ ...GOOD, qty: null, notional: '5' }, '403 40310000 notional "5" is not supported: this venue takes qty'],
    [
      { ...GOOD, order_class: 'bracket' },
      '403 40310000 order_class "bracket" is not supported: this venue takes simple',
    ],
    [
      { ...GOOD, order_class: 'mleg', legs: [{}] },
      '403 40310000 order_class "mleg" is not supported: this venue takes simple',
    ],
    [
      { ...GOOD, take_profit: { limit_price: '1' } },
      '403 40310000 take_profit an object is not supported: this venue takes simple orders',
    ],
    [
      { ...GOOD, time_in_force: 'opg' },
      '403 40310000 time_in_force "opg" is not supported: this venue takes day, gtc, ioc, fok',
    ],
  ];
  for (const [body, refusal] of cases) assert.equal(refusalOf(body), refusal);
});

test('fractions of shares are taken for the day, in every type but trailing stops, and IOC and FOK as whole shares', () => {
  for (const body of [GOOD, LIMIT, STOP, { ...LIMIT, type: 'stop_limit', stop_price: '190' }]) {
    assert.equal(read({ ...body, qty: '0.000000001' }).orderQty, 1);
  }
  for (const time_in_force of ['ioc', 'fok'])
    assert.equal(read({ ...LIMIT, time_in_force }).timeInForce, time_in_force);
  assert.equal(read({ ...LIMIT, limit_price: '0.9999' }).limitPx, 999_900);
  assert.equal(read({ ...COIN, type: 'limit', limit_price: '60000.123456789' }).limitPx, 60_000_123_456_789);
});

test('no body makes the reader throw', () => {
  const names = [
    ...Object.keys(LIMIT),
    'stop_price',
    'trail_percent',
    'client_order_id',
    'order_class',
    'extended_hours',
  ];
  fc.assert(
    fc.property(
      fc.anything({ withNullPrototype: true }),
      fc.anything(),
      fc.constantFrom(...names),
      (body, value, name) => {
        readOrderRequest(body, assets);
        readOrderRequest({ ...LIMIT, [name]: value }, assets);
      },
    ),
  );
});

test('a value nested as deep as a body can be is refused like any other', () => {
  let deep: unknown = 1;
  for (let i = 0; i < 30_000; i += 1) deep = [deep];
  assert.equal(refusalOf({ ...GOOD, qty: deep }), '422 40010001 invalid qty: a list');
  assert.match(refusalOf({ ...GOOD, take_profit: deep }), /^403 40310000 take_profit a list is not supported/);
});
