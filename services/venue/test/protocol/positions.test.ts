import '../seed.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Decimal, decimal, decimalText, divide, ledgerImbalance, ZERO } from '@tickpath/trading';
import fc from 'fast-check';
import { alpacaAccount } from '../../src/core/protocol/account.ts';
import { assetNamed } from '../../src/core/protocol/asset-names.ts';
import { closingOrder, readClosing } from '../../src/core/protocol/position-closing.ts';
import { type AlpacaPosition, alpacaPosition, alpacaPositions, holding } from '../../src/core/protocol/positions.ts';
import { anAssetConfig, Stand, testAssets } from './stand.ts';

function position(stand: Stand, symbol: string): AlpacaPosition | undefined {
  const held = holding(stand.state, stand.asset(symbol));
  return held === undefined ? undefined : alpacaPosition(stand.state, held);
}

test('a short has negative quantity, cost and market value, and gains when the price falls', () => {
  const stand = new Stand();
  stand.quote('AAPL', { bid: ['100', '10'] });
  stand.order({ symbol: 'AAPL', side: 'sell', qty: '10' });
  stand.trade('AAPL', '90');
  assert.deepEqual(position(stand, 'AAPL'), {
    asset_id: stand.asset('AAPL').id,
    symbol: 'AAPL',
    exchange: 'NASDAQ',
    asset_class: 'us_equity',
    asset_marginable: true,
    qty: '-10',
    avg_entry_price: '100',
    side: 'short',
    market_value: '-900',
    cost_basis: '-1000',
    unrealized_pl: '100',
    unrealized_plpc: '0.1',
    unrealized_intraday_pl: '100',
    unrealized_intraday_plpc: '0.1',
    current_price: '90',
    lastday_price: null,
    change_today: null,
    qty_available: '-10',
  });
});

test('a position in coins is named without the slash and found under each of its names', () => {
  const stand = new Stand();
  stand.quote('BTC/USD', { ask: ['60000.5', '1'] });
  stand.order({ symbol: 'BTC/USD', side: 'buy', qty: '0.333333333' });
  const held = position(stand, 'BTC/USD');
  assert.deepEqual(
    [held?.symbol, held?.exchange, held?.asset_class, held?.asset_marginable, held?.cost_basis],
    ['BTCUSD', 'CRYPTO', 'crypto', false, '20000.1666466665'],
  );
  for (const name of ['BTC/USD', 'BTCUSD', held?.asset_id ?? '']) {
    assert.equal(assetNamed(stand.assets, name)?.symbol, 'BTC/USD');
  }
  assert.equal(assetNamed(stand.assets, 'BTC-USD'), undefined);
});

test('what open orders may close is not available, and a flat symbol is no position', () => {
  const stand = new Stand();
  stand.quote('AAPL', { ask: ['190', '100'] });
  stand.order({ symbol: 'AAPL', side: 'buy', qty: '100' });
  const { orderId } = stand.order({ symbol: 'AAPL', side: 'sell', qty: '30', type: 'limit', limit_price: '200' });
  assert.equal(position(stand, 'AAPL')?.qty_available, '70');
  assert.deepEqual(stand.submit({ symbol: 'AAPL', side: 'sell', qty: '71' }), {
    status: 403,
    code: 40310000,
    message: 'insufficient qty available for order (requested: 71, available: 70)',
    extra: { available: '70', existing_qty: '100', held_for_orders: '30', related_orders: [orderId], symbol: 'AAPL' },
  });
  stand.quote('AAPL', { bid: ['201', '1000'] });
  stand.order({ symbol: 'AAPL', side: 'sell', qty: '70' });
  assert.equal(position(stand, 'AAPL'), undefined);
  assert.deepEqual(alpacaPositions(stand.state), []);
});

test('a position beyond what one order can have is still shown exactly, and closed in parts', () => {
  const cheap = anAssetConfig({ symbol: 'CENT' });
  const stand = new Stand({}, { assets: testAssets([cheap]) });
  stand.quote('CENT', { ask: ['0.01', '9000000'] });
  for (let i = 0; i < 3; i += 1) {
    stand.order({ symbol: 'CENT', side: 'buy', qty: '5000000.000000001' });
    stand.quote('CENT', { ask: [`0.01${i}`, '9000000'] });
  }
  const shown = position(stand, 'CENT');
  assert.deepEqual([shown?.qty, shown?.qty_available], ['15000000.000000003', '15000000.000000003']);
  const held = holding(stand.state, stand.asset('CENT'));
  assert.ok(held !== undefined);
  const all = closingOrder(held, { qty: null, percentage: null });
  assert.equal(
    all.ok ? 'taken' : all.refusal.message,
    'qty 15000000.000000003 is beyond 9007199.254740991, the most that one order of CENT can have',
  );
  const half = closingOrder(held, { qty: null, percentage: decimal('50') });
  assert.equal(half.ok && half.order.orderQty, 7_500_000_000_000_001);
});

test('a closing is a market order of the other side, for the quantity or the percentage asked for', () => {
  const stand = new Stand();
  stand.quote('AAPL', { bid: ['190', '100'] });
  stand.quote('MSFT', { ask: ['400', '100'] });
  stand.quote('BTC/USD', { ask: ['60000', '1'] });
  stand.order({ symbol: 'AAPL', side: 'sell', qty: '7' });
  stand.order({ symbol: 'MSFT', side: 'buy', qty: '7.5' });
  stand.order({ symbol: 'BTC/USD', side: 'buy', qty: '0.5' });
  const closing = (symbol: string, query: Record<string, string> = {}) => {
    const held = holding(stand.state, stand.asset(symbol));
    const read = readClosing(query);
    if (!read.ok) return read.refusal.message;
    assert.ok(held !== undefined);
    const result = closingOrder(held, read.closing);
    if (!result.ok) return result.refusal.message;
    const { side, type, timeInForce, positionIntent, orderQty, asset } = result.order;
    assert.equal(type, 'market');
    return [side, timeInForce, positionIntent, orderQty / 10 ** asset.qtyDecimals];
  };
  assert.deepEqual(closing('AAPL'), ['buy', 'day', 'buy_to_close', 7]);
  assert.deepEqual(closing('AAPL', { percentage: '50' }), ['buy', 'day', 'buy_to_close', 3]);
  assert.deepEqual(closing('AAPL', { qty: '2.5' }), ['buy', 'day', 'buy_to_close', 2.5]);
  assert.deepEqual(closing('MSFT', { percentage: '33.333333333' }), ['sell', 'day', 'sell_to_close', 2.499999999]);
  assert.deepEqual(closing('BTC/USD', { percentage: '100' }), ['sell', 'gtc', 'sell_to_close', 0.5]);
  assert.equal(closing('AAPL', { percentage: '10' }), 'percentage 10 of 7 is less than 1, the increment of AAPL');
  assert.equal(closing('AAPL', { percentage: '100.1' }), 'percentage must be <= 100: 100.1');
  assert.equal(closing('AAPL', { percentage: '0' }), 'percentage must be > 0: 0');
  assert.equal(closing('AAPL', { qty: 'all' }), 'invalid qty: "all"');
  assert.equal(closing('AAPL', { qty: '0.0000000001' }), 'qty 0.0000000001 has more than 9 decimals');
  assert.equal(closing('AAPL', { qty: '1', percentage: '1' }), 'only one of qty or percentage is accepted');
});

const RULES = { shorting: true, fees: { perShareUsd: '0.005', makerBps: '1', takerBps: '2.5', regulatory: true } };
const symbols = fc.constantFrom('AAPL', 'MSFT', 'BTC/USD');
/** Fractions of a share, so that partial closes do not come out even. */
const qty = fc.integer({ min: 1, max: 9_000_000 }).map((value) => decimalText(decimal(String(value)).div(1_000_000)));
const px = fc.integer({ min: 100, max: 30_000 }).map((value) => decimalText(decimal(String(value)).div(100)));
const side = fc.constantFrom('buy', 'sell');
const actions = fc.array(
  fc.oneof(
    fc.record({ do: fc.constant('quote' as const), symbol: symbols, bid: fc.tuple(px, qty), ask: fc.tuple(px, qty) }),
    fc.record({ do: fc.constant('trade' as const), symbol: symbols, price: px, size: qty }),
    fc.record({ do: fc.constant('market' as const), symbol: symbols, side, qty }),
    fc.record({ do: fc.constant('limit' as const), symbol: symbols, side, qty, limit_price: px }),
    fc.record({ do: fc.constant('close' as const), symbol: symbols }),
    fc.record({ do: fc.constant('cancel' as const), pick: fc.nat(20) }),
  ),
  { minLength: 5, maxLength: 60, size: 'max' },
);

test('whatever is traded, account and positions agree with each other and with the fills, exactly', () => {
  let closes = 0;
  fc.assert(
    fc.property(actions, (script) => {
      const stand = new Stand(RULES);
      for (const action of script) {
        if (action.do === 'quote') stand.quote(action.symbol, action);
        else if (action.do === 'trade') stand.trade(action.symbol, action.price, action.size);
        else if (action.do === 'cancel') cancelAny(stand, action.pick);
        else if (action.do === 'close') closeIn(stand, action.symbol);
        else stand.submit({ ...action, type: action.do });
        closes += checkAgreement(stand);
      }
    }),
    { numRuns: 150 },
  );
  assert.ok(closes > 150, `only ${closes} steps with something realised: the scripts test nothing`);
});

function cancelAny(stand: Stand, pick: number): void {
  const ids = [...stand.state.open];
  const orderId = ids[pick % Math.max(1, ids.length)];
  if (orderId !== undefined) stand.cancel(orderId);
}

function closeIn(stand: Stand, symbol: string): void {
  const held = holding(stand.state, stand.asset(symbol));
  const result = held === undefined ? undefined : closingOrder(held, { qty: null, percentage: null });
  if (result?.ok !== true) return;
  const order = { ...result.order, clOrdId: `close-${stand.nowNs}` };
  stand.run({ kind: 'submit', order, orderId: order.clOrdId, tsNs: stand.tick() });
}

/** 1 when something has been realised by now. */
function checkAgreement(stand: Stand): 0 | 1 {
  const { state } = stand;
  const account = alpacaAccount(state);
  const positions = alpacaPositions(state);
  const sum = (of: (position: AlpacaPosition) => string): Decimal =>
    positions.reduce((total, one) => total.plus(decimal(of(one))), ZERO);
  let cash = decimal('1000000');
  for (const { order, lastPx, lastQty, fee } of state.fills) {
    const amount = decimal(String(lastPx))
      .times(lastQty)
      .div(decimal('10').pow(order.asset.priceDecimals + order.asset.qtyDecimals));
    cash = (order.side === 'buy' ? cash.minus(amount) : cash.plus(amount)).minus(decimal(fee));
  }
  assert.equal(account.cash, decimalText(cash));
  assert.ok(ledgerImbalance(state.ledger).isZero());
  assert.equal(account.equity, decimalText(cash.plus(sum((one) => one.market_value))));
  const markets = [decimal(account.long_market_value), decimal(account.short_market_value)] as const;
  assert.equal(decimalText(markets[0].plus(markets[1])), decimalText(sum((one) => one.market_value)));
  assert.equal(account.position_market_value, decimalText(markets[0].minus(markets[1])));
  for (const one of positions) {
    assert.equal(one.avg_entry_price, decimalText(divide(decimal(one.cost_basis), decimal(one.qty))));
    assert.equal(one.market_value, decimalText(decimal(one.qty).times(decimal(one.current_price))));
    assert.equal(one.unrealized_pl, decimalText(decimal(one.market_value).minus(decimal(one.cost_basis))));
    assert.equal(one.side, one.qty.startsWith('-') ? 'short' : 'long');
    assert.ok(decimal(one.qty_available).abs().lte(decimal(one.qty).abs()));
  }
  for (const [name, value] of Object.entries(account)) {
    if (name.endsWith('buying_power') || name.endsWith('margin')) assert.ok(decimal(String(value)).gte(0), name);
  }
  return [...state.ledger.positions.values()].some(({ realizedPnl }) => !realizedPnl.isZero()) ? 1 : 0;
}
