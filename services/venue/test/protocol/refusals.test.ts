import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { VenueOrder } from '../../src/core/orders/order.ts';
import { type Refusal, refusalBody } from '../../src/core/refusal.ts';
import { anAssetConfig, SECOND_NS, Stand, testAssets } from './stand.ts';

const BUY = { symbol: 'AAPL', side: 'buy', qty: '10', type: 'limit', limit_price: '100' };
const SELL = { ...BUY, side: 'sell' };

function body(result: VenueOrder | Refusal): unknown {
  assert.ok('message' in result, 'the order was taken');
  return { status: result.status, ...refusalBody(result) };
}

test('what the account may not do is refused as Alpaca refuses it', () => {
  const assets = testAssets([
    anAssetConfig({ symbol: 'HALTED', tradable: false }),
    anAssetConfig({ symbol: 'HARD', shortable: false }),
  ]);
  const stand = new Stand({}, { assets });
  const cash = new Stand({ multiplier: 1 });
  const cases: [result: VenueOrder | Refusal, refusal: object][] = [
    [
      stand.submit({ ...BUY, symbol: 'HALTED' }),
      { status: 422, code: 42210000, message: 'asset "HALTED" is not tradable' },
    ],
    [
      stand.submit({ ...SELL, symbol: 'HARD' }),
      { status: 422, code: 42210000, message: 'asset "HARD" cannot be sold short' },
    ],
    [
      stand.submit({ ...SELL, qty: '0.5' }),
      { status: 422, code: 42210000, message: 'fractional orders cannot be sold short' },
    ],
    [cash.submit(SELL), { status: 403, code: 40310000, message: 'account is not allowed to short' }],
    [
      stand.submit({ ...SELL, symbol: 'BTC/USD' }),
      { status: 403, code: 40310000, message: 'insufficient balance for BTC (requested: 10, available: 0)' },
    ],
    [
      stand.submit({ ...BUY, position_intent: 'buy_to_close' }),
      {
        status: 422,
        code: 42210000,
        message: 'position intent mismatch, inferred: buy_to_open, specified: buy_to_close',
      },
    ],
    [
      cash.submit({ ...BUY, qty: '10000.5' }),
      {
        ...{ status: 403, code: 40310000, message: 'insufficient buying power' },
        ...{ buying_power: '1000000', cost_basis: '1000050' },
      },
    ],
  ];
  for (const [result, refusal] of cases) assert.deepEqual(body(result), refusal);
});

test('an order on its way out or replaced already takes neither a cancel nor another replace', () => {
  const stand = new Stand({ latency: { orderNs: 0n, cancelNs: 60n * SECOND_NS, jitterNs: 0n, seed: 1 } });
  const replacing = stand.order(BUY);
  stand.replace(replacing.orderId, { qty: '5' });
  const [refused] = stand.run({ kind: 'cancel', orderId: replacing.orderId, tsNs: stand.tick() });
  assert.ok(refused?.kind === 'refused');
  assert.deepEqual(refused.refusal, { status: 422, code: 42210000, message: 'original order pending replacement' });
  const canceling = stand.order(BUY);
  stand.cancel(canceling.orderId);
  const again = stand.replace(canceling.orderId, { qty: '5' });
  assert.deepEqual(body(again), {
    status: 422,
    code: 42210000,
    message: 'cannot replace order in pending_cancel status',
  });
});

test('the keys of a body are sorted, as Alpaca writes them', () => {
  const refusal = { status: 403, code: 1, message: 'no', extra: { symbol: 'A', available: '0' } };
  assert.deepEqual(Object.keys(refusalBody(refusal)), ['available', 'code', 'message', 'symbol']);
});
