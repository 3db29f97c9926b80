import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accountIdentity } from '../../src/core/account/identity.ts';
import { alpacaAccount } from '../../src/core/protocol/account.ts';
import { anAssetConfig, Stand, testAssets } from './stand.ts';

test('a new account has its cash, the buying power of its multiplier, and nothing else', () => {
  const figures = (multiplier: 1 | 2 | 4, shorting = true) => {
    const account = alpacaAccount(new Stand({ multiplier, shorting }).state);
    assert.deepEqual([account.cash, account.equity, account.last_equity], ['1000000', '1000000', '1000000']);
    const { buying_power, regt_buying_power, daytrading_buying_power, non_marginable_buying_power } = account;
    return [
      [account.multiplier, account.shorting_enabled],
      [buying_power, regt_buying_power, daytrading_buying_power, non_marginable_buying_power],
    ];
  };
  assert.deepEqual(figures(4), [
    ['4', true],
    ['4000000', '2000000', '4000000', '1000000'],
  ]);
  assert.deepEqual(figures(2, false), [
    ['2', false],
    ['2000000', '2000000', '0', '1000000'],
  ]);
  assert.deepEqual(figures(1), [
    ['1', false],
    ['1000000', '1000000', '0', '1000000'],
  ]);
});

test('open orders and positions take of the buying power and make the margins', () => {
  const stand = new Stand({ multiplier: 2 }, { cashUsd: '100000' });
  stand.order({ symbol: 'AAPL', side: 'buy', qty: '1599.99', type: 'limit', limit_price: '100' });
  const reserved = alpacaAccount(stand.state);
  assert.deepEqual(
    [reserved.buying_power, reserved.initial_margin, reserved.maintenance_margin, reserved.cash],
    ['40001', '79999.5', '0', '100000'],
  );
  stand.quote('AAPL', { ask: ['100', '10000'] });
  const filled = alpacaAccount(stand.state);
  assert.deepEqual(
    [filled.buying_power, filled.initial_margin, filled.maintenance_margin, filled.cash, filled.position_market_value],
    ['40001', '79999.5', '47999.7', '-59999', '159999'],
  );
  assert.deepEqual([filled.equity, filled.non_marginable_buying_power], ['100000', '0']);
});

test('cheap shares, shorts and coins need more than the ordinary maintenance', () => {
  const assets = testAssets([anAssetConfig({ symbol: 'CHEAP' }), anAssetConfig({ symbol: 'CASH', marginable: false })]);
  const margins = (symbol: string, side: 'buy' | 'sell', price: string) => {
    const stand = new Stand({}, { assets });
    stand.quote(symbol, { bid: [price, '100'], ask: [price, '100'] });
    stand.order({ symbol, side, qty: '10' });
    const { initial_margin, maintenance_margin } = alpacaAccount(stand.state);
    return [initial_margin, maintenance_margin];
  };
  assert.deepEqual(margins('AAPL', 'buy', '2.5'), ['12.5', '7.5']);
  assert.deepEqual(margins('CHEAP', 'buy', '2.49'), ['12.45', '24.9']);
  assert.deepEqual(margins('AAPL', 'sell', '100'), ['500', '300']);
  assert.deepEqual(margins('AAPL', 'sell', '10'), ['50', '50']);
  assert.deepEqual(margins('CHEAP', 'sell', '4'), ['20', '40']);
  assert.deepEqual(margins('CHEAP', 'sell', '1'), ['5', '25']);
  assert.deepEqual(margins('CASH', 'buy', '100'), ['1000', '1000']);
  assert.deepEqual(margins('BTC/USD', 'buy', '100'), ['1000', '1000']);
});

test('the fees of a fill leave cash and equity', () => {
  const stand = new Stand({ fees: { perShareUsd: '0.005', makerBps: '0', takerBps: '2', regulatory: false } });
  stand.quote('AAPL', { ask: ['190.0125', '0.333333333'] });
  stand.order({ symbol: 'AAPL', side: 'buy', qty: '0.333333333' });
  const account = alpacaAccount(stand.state);
  // 63.3374999366625 for the shares; 0.001666666665 a share and 0.0126674999873325 of the notional in fees.
  assert.equal(account.cash, '999936.6481658966851675');
  assert.equal(account.equity, '999999.9856658333476675');
  assert.deepEqual(
    stand.state.fills.map(({ fee }) => fee),
    ['0.0143341666523325'],
  );
});

test('another run is another account, the same run the same one', () => {
  const identity = accountIdentity('run', 1_000_000_000n);
  assert.deepEqual(accountIdentity('run', 1_000_000_000n), identity);
  const other = accountIdentity('other run', 1n);
  assert.notEqual(other.id, identity.id);
  assert.notEqual(other.accountNumber, identity.accountNumber);
  assert.match(other.accountNumber, /^PA[0-9A-Z]{10}$/);
  assert.match(other.id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

test('every field has the type that Alpaca gives it: amounts are text, flags and counts are not', () => {
  const stand = new Stand();
  stand.quote('AAPL', { ask: ['190', '10'] });
  stand.order({ symbol: 'AAPL', side: 'buy', qty: '10' });
  const account = alpacaAccount(stand.state);
  const kinds = Map.groupBy(Object.entries(account), ([, value]) => (value === null ? 'null' : typeof value));
  const names = (kind: 'null' | 'object' | 'number' | 'boolean') => (kinds.get(kind) ?? []).map(([name]) => name);
  assert.deepEqual(names('null'), ['user_configurations']);
  assert.deepEqual(names('object'), ['admin_configurations']);
  assert.deepEqual(names('number'), [
    'options_approved_level',
    'options_trading_level',
    'daytrade_count',
    'crypto_tier',
  ]);
  const flags = ['pattern_day_trader', 'trading_blocked', 'transfers_blocked', 'account_blocked'];
  assert.deepEqual(names('boolean'), [...flags, 'trade_suspended_by_user', 'shorting_enabled']);
  const texts = ['id', 'account_number', 'status', 'crypto_status', 'currency', 'created_at', 'balance_asof'];
  for (const [name, value] of kinds.get('string') ?? []) {
    if (!texts.includes(name)) assert.match(String(value), /^-?\d+(\.\d+)?$/, name);
  }
  assert.match(account.created_at, /^2026-09-18T13:30:00Z$/);
  assert.equal(account.balance_asof, '2026-09-18');
});
