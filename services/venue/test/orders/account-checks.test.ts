import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decimalText, unitsOf } from '@tickpath/trading';
import { buyingPowerUsd, nonMarginableBuyingPowerUsd } from '../../src/core/orders/buying-power.ts';
import type { NewOrder } from '../../src/core/orders/order.ts';
import type { ExchangeSetup, VenueRules } from '../../src/core/orders/state.ts';
import { createAssets } from '../../src/core/reference/assets.ts';
import { anAsset } from '../builders.ts';
import { Desk, SECOND_NS } from './desk.ts';

const CASH_ACCOUNT = { multiplier: 1, shorting: false } as const;

/** With 1,000 USD and a wide market: 100 at 99 to 100 at 101. */
function poor(rules: Partial<VenueRules> = {}, setup: Partial<ExchangeSetup> = {}): Desk {
  const desk = new Desk(rules, { cashUsd: '1000', ...setup });
  desk.quote({ bidPx: '99', askPx: '100' });
  return desk;
}

const power = (desk: Desk) => decimalText(buyingPowerUsd(desk.state));

test('a cash account buys for what it has, orders that are open counted', () => {
  const desk = poor(CASH_ACCOUNT);
  desk.submit('a', { type: 'limit', limitPx: '60', qty: '10' });
  assert.equal(power(desk), '400');
  assert.deepEqual(desk.refusalOf('b', { type: 'limit', limitPx: '60', qty: '7' }), {
    status: 403,
    code: 40310000,
    message: 'insufficient buying power',
    extra: { buying_power: '400', cost_basis: '420' },
  });
  desk.submit('c', { qty: '4' });
  assert.equal(power(desk), '0', 'a market order is held at the ask');
  desk.cancel('a');
  assert.equal(power(desk), '600');
});

test('buying power is equity × multiplier − what is held − what is reserved', () => {
  const desk = poor({ multiplier: 2 });
  desk.submit('a', { qty: '10' });
  assert.equal(power(desk), '1000', '2 × (0 + 10 × 100) − 1000');
  desk.trade({ px: '110' });
  assert.equal(power(desk), '1100', '2 × 1100 − 1100');
  desk.submit('b', { type: 'limit', limitPx: '90', qty: '10' });
  assert.equal(power(desk), '200');
  assert.equal(desk.refusalOf('c', { type: 'stop', stopPx: '120', qty: '2' })?.message, 'insufficient buying power');
  desk.trade({ px: '50' });
  assert.equal(power(desk), '0', 'never below 0');
});

test('what closes needs no buying power', () => {
  const desk = poor({ multiplier: 2 });
  desk.submit('a', { qty: '20' });
  desk.trade({ px: '10' });
  assert.equal(power(desk), '0');
  desk.submit('b', { side: 'sell', qty: '20' });
  assert.equal(desk.order('b').reservePx, null);
  assert.equal(desk.order('b').status, 'filled');
});

test('an asset that is not marginable is bought with cash alone', () => {
  const desk = poor();
  desk.quote({ symbol: 'BTC/USD', bidPx: '99', askPx: '100' });
  assert.equal(desk.refusalOf('a', { symbol: 'BTC/USD', qty: '10.5' })?.message, 'insufficient buying power');
  desk.submit('b', { symbol: 'BTC/USD', qty: '9' });
  assert.equal(decimalText(nonMarginableBuyingPowerUsd(desk.state)), '100');
  assert.equal(power(desk), '3100');
});

test('without any price known a market order is taken, and rests', () => {
  const desk = new Desk({}, { cashUsd: '1' });
  desk.submit('a', { qty: '1000000' });
  assert.deepEqual([desk.order('a').status, desk.order('a').reservePx, power(desk)], ['new', null, '4']);
});

test('no more is sold than is held and not about to be sold already', () => {
  const desk = poor();
  desk.submit('a', { qty: '10' });
  desk.submit('b', { side: 'sell', type: 'limit', limitPx: '120', qty: '4' });
  assert.deepEqual(desk.refusalOf('c', { side: 'sell', qty: '7' }), {
    status: 403,
    code: 40310000,
    message: 'insufficient qty available for order (requested: 7, available: 6)',
    extra: { available: '6', existing_qty: '10', held_for_orders: '4', related_orders: ['b'], symbol: 'AAPL' },
  });
  desk.submit('d', { side: 'sell', qty: '6' });
  assert.equal(desk.refusalOf('e', { side: 'sell', qty: '0.5' })?.status, 403);
});

test('no more of a short is bought back than it has', () => {
  const desk = poor();
  desk.submit('a', { side: 'sell', qty: '10' });
  assert.equal(desk.order('a').positionIntent, 'sell_to_open');
  const refusal = desk.refusalOf('b', { qty: '11' });
  assert.equal(refusal?.message, 'insufficient qty available for order (requested: 11, available: 10)');
  desk.submit('c', { qty: '10' });
  assert.equal(desk.fills.at(-1)?.positionQty.toFixed(), '0');
});

test('from a flat position, orders are open on one side only', () => {
  const desk = poor();
  desk.submit('a', { type: 'limit', limitPx: '90', qty: '1' });
  const refusal = desk.refusalOf('b', { side: 'sell', type: 'limit', limitPx: '120', qty: '1' });
  assert.equal(refusal?.message, 'cannot open a short sell while a long buy order is open');
  desk.cancel('a');
  desk.submit('c', { side: 'sell', type: 'limit', limitPx: '120', qty: '1' });
  const other = desk.refusalOf('d', { type: 'limit', limitPx: '90', qty: '1' });
  assert.equal(other?.message, 'cannot open a long buy while a short sell order is open');
});

test('a short sale needs leave of the account and of the asset, and whole shares', () => {
  const sell = { side: 'sell', type: 'limit', limitPx: '100', qty: '1' } as const;
  for (const rules of [CASH_ACCOUNT, { multiplier: 4, shorting: false }] as const) {
    assert.deepEqual(poor(rules).refusalOf('a', sell)?.message, 'account is not allowed to short');
  }
  assert.equal(poor().refusalOf('a', { ...sell, qty: '0.5' })?.message, 'fractional orders cannot be sold short');
  const crypto = poor().refusalOf('a', { ...sell, symbol: 'BTC/USD' });
  assert.equal(crypto?.message, 'insufficient balance for BTC (requested: 1, available: 0)');
  assert.equal(poor().refusalOf('a', sell), null);
});

test('an asset that may not be traded or sold short is refused by name', () => {
  const unsaid = { name: null, exchange: null, priceIncrement: null, qtyIncrement: null };
  const config = { ...unsaid, priceDecimals: null, qtyDecimals: null, marginable: true, fractionable: true };
  const assets = createAssets(
    [
      { ...config, symbol: 'DEAD', tradable: false, shortable: true },
      { ...config, symbol: 'HARD', tradable: true, shortable: false },
    ],
    { symbols: [] },
  );
  const desk = poor({}, { assetOf: assets.assetOf });
  const order: Omit<NewOrder, 'asset' | 'clOrdId'> = {
    ...{ side: 'sell', type: 'market', timeInForce: 'day', orderQty: 10 ** 9, limitPx: null, stopPx: null },
    ...{ trail: null, extendedHours: false, positionIntent: null },
  };
  const refusalOf = (symbol: string) => {
    const asset = assets.assetOf(symbol);
    assert.ok(asset !== undefined);
    const terms = { ...order, asset, clOrdId: symbol };
    const [output] = desk.step({ kind: 'submit', order: terms, orderId: symbol, tsNs: desk.nowNs });
    return output?.kind === 'refused' ? output.refusal.message : null;
  };
  assert.equal(refusalOf('DEAD'), 'asset "DEAD" is not tradable');
  assert.equal(refusalOf('HARD'), 'asset "HARD" cannot be sold short');
});

test('a stated intent has to be what the position gives', () => {
  const desk = poor();
  const stated = desk.refusalOf('a', { qty: '1', positionIntent: 'buy_to_close' });
  assert.equal(stated?.message, 'position intent mismatch, inferred: buy_to_open, specified: buy_to_close');
  assert.equal(desk.refusalOf('b', { qty: '1', positionIntent: 'buy_to_open' }), null);
});

test('a name is taken once', () => {
  const desk = poor();
  desk.submit('a', { qty: '1' });
  const refusal = desk.refusalOf('a', { qty: '1' });
  assert.deepEqual(refusal, { status: 422, code: 40010001, message: 'client_order_id must be unique' });
});

test('while an order is being replaced the larger of the two is reserved', () => {
  const desk = poor({ ...CASH_ACCOUNT, latency: { orderNs: 0n, cancelNs: SECOND_NS, jitterNs: 0n, seed: 1 } });
  const px = (text: string) => unitsOf(text, anAsset().priceDecimals);
  for (const [id, by, limitPx, left] of [
    ['a', 'b', '70', '300'],
    ['c', 'd', '30', '500'],
  ] as const) {
    desk.submit(id, { type: 'limit', limitPx: '50', qty: '10' });
    assert.equal(desk.replace(id, by, { limitPx: px(limitPx) }), null);
    assert.equal(power(desk), left);
    desk.wait(2n * SECOND_NS);
    assert.equal(power(desk), limitPx === '70' ? '300' : '700');
    desk.cancel(by);
    desk.wait(2n * SECOND_NS);
    assert.equal(power(desk), '1000');
  }
  desk.submit('e', { type: 'limit', limitPx: '50', qty: '10' });
  assert.equal(desk.replace('e', 'f', { limitPx: px('101') })?.message, 'insufficient buying power');
  assert.equal(desk.replace('e', 'f', { limitPx: px('99.5') }), null, 'its own reservation is free for it');
});

test('an order may be replaced by a smaller one whatever has become of the account', () => {
  const desk = poor({ multiplier: 2 });
  desk.submit('a', { qty: '10' });
  desk.submit('b', { type: 'limit', limitPx: '0.9', qty: '1000' });
  desk.trade({ px: '1' });
  assert.equal(power(desk), '0');
  assert.equal(desk.replace('b', 'c', { orderQty: 500 * 10 ** 9 }), null);
});
