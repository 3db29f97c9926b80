import assert from 'node:assert/strict';
import { test } from 'node:test';
import { unitsOf } from '@tickpath/trading';
import { feeUsd } from '../../src/core/orders/fees.ts';
import type { FeeRules } from '../../src/core/orders/state.ts';
import { anAsset } from '../builders.ts';
import { Desk } from './desk.ts';

const FREE: FeeRules = { perShareUsd: '0', makerBps: '0', takerBps: '0', regulatory: false };

function fee(
  rules: Partial<FeeRules>,
  fill: { qty: string; px: string; side?: 'buy' | 'sell'; maker?: boolean; symbol?: string },
): string {
  const { qty, px, side = 'buy', maker = false, symbol = 'AAPL' } = fill;
  const asset = anAsset(symbol);
  const amounts = { lastQty: unitsOf(qty, asset.qtyDecimals), lastPx: unitsOf(px, asset.priceDecimals) };
  return feeUsd({ ...FREE, ...rules }, { asset, side, ...amounts, liquidity: maker ? 'maker' : 'taker' });
}

test('a commission is so much a share and so many basis points of the notional, exactly', () => {
  assert.equal(fee({}, { qty: '100', px: '190.01' }), '0');
  assert.equal(fee({ perShareUsd: '0.005' }, { qty: '100', px: '190.01' }), '0.5');
  assert.equal(
    fee({ takerBps: '25' }, { qty: '0.123456789', px: '63000.123456789', symbol: 'BTC/USD' }),
    '19.4444823714468754763025',
  );
  assert.equal(fee({ takerBps: '25', makerBps: '15' }, { qty: '2', px: '100', maker: true }), '0.3');
  assert.equal(
    fee({ makerBps: '-1', perShareUsd: '0.001' }, { qty: '10', px: '100', maker: true }),
    '-0.09',
    'a rebate',
  );
});

test('the fees of the regulators fall on sales of equities and are rounded up to the cent, each', () => {
  const rules = { regulatory: true };
  assert.equal(fee(rules, { qty: '100', px: '190', side: 'buy' }), '0');
  assert.equal(fee(rules, { qty: '1', px: '60000', side: 'sell', symbol: 'BTC/USD' }), '0');
  // 19,000 × 0.0000278 = 0.5282 → 0.53; 100 × 0.000166 = 0.0166 → 0.02
  assert.equal(fee(rules, { qty: '100', px: '190', side: 'sell' }), '0.55');
  // 1,000,000 × 0.0000278 = 27.80 exactly; 100,000 × 0.000166 = 16.60, at most 8.30
  assert.equal(fee(rules, { qty: '100000', px: '10', side: 'sell' }), '36.1');
  assert.equal(fee(rules, { qty: '0.1', px: '1', side: 'sell' }), '0.02', 'a cent each');
});

test('a fill carries its fee, and the ledger has paid it', () => {
  const desk = new Desk({ fees: { perShareUsd: '0.01', makerBps: '0', takerBps: '10', regulatory: true } });
  desk.quote({ bidPx: '99', askPx: '100' });
  desk.submit('a', { qty: '10' });
  desk.submit('b', { side: 'sell', qty: '10' });
  // 10 × 0.01 + 1000 × 0.001; then 0.10 + 0.99 + 0.03 + 0.01
  assert.deepEqual(
    desk.fills.map((fill) => fill.fee),
    ['1.1', '1.13'],
  );
  assert.equal(desk.state.ledger.fees.toFixed(), '2.23');
  assert.equal(desk.state.ledger.cash.toFixed(), '999987.77');
});
