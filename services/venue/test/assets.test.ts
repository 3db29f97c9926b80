import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isSymbol } from '../src/core/market/event.ts';
import { type AssetConfig, assetFaults, assetIdOf, createAssets } from '../src/core/reference/assets.ts';
import './seed.ts';

const UNSAID: Omit<AssetConfig, 'symbol'> = {
  ...{ name: null, exchange: null, priceIncrement: null, qtyIncrement: null, priceDecimals: null, qtyDecimals: null },
  ...{ tradable: true, marginable: true, shortable: true, fractionable: true },
};

test('an equity of which nothing is said is priced in cents, below one dollar in hundredths of them', () => {
  const asset = createAssets([], { symbols: ['AAPL'] }).assetOf('AAPL');
  assert.deepEqual(asset, {
    symbol: 'AAPL',
    assetClass: 'us_equity',
    priceDecimals: 6,
    qtyDecimals: 9,
    id: assetIdOf('AAPL'),
    name: 'AAPL',
    exchange: 'NASDAQ',
    tradable: true,
    marginable: true,
    shortable: true,
    easyToBorrow: true,
    fractionable: true,
    priceIncrement: 10_000,
    priceIncrementBelowOne: 100,
    qtyIncrement: 1,
    minOrderQty: 1,
  });
});

test('a pair is crypto: neither margin nor short, in the finest steps', () => {
  const asset = createAssets([], { symbols: ['BTC/USD'] }).assetOf('BTC/USD');
  assert.equal(asset?.assetClass, 'crypto');
  assert.deepEqual([asset?.marginable, asset?.shortable, asset?.easyToBorrow], [false, false, false]);
  assert.deepEqual([asset?.priceDecimals, asset?.qtyDecimals], [9, 9]);
  assert.deepEqual([asset?.priceIncrement, asset?.priceIncrementBelowOne, asset?.qtyIncrement], [1, 1, 1]);
});

test('what the configuration says counts, in the units that it sets', () => {
  const { assetOf } = createAssets(
    [
      { ...UNSAID, symbol: 'X', priceDecimals: 2, qtyDecimals: 0 },
      { ...UNSAID, symbol: 'WHOLE', fractionable: false },
      { ...UNSAID, symbol: 'ETH/USD', priceDecimals: 4, priceIncrement: '0.05', qtyIncrement: '0.001' },
    ],
    { symbols: [] },
  );
  assert.deepEqual([assetOf('X')?.priceIncrement, assetOf('X')?.priceIncrementBelowOne], [1, 1]);
  assert.equal(assetOf('X')?.qtyIncrement, 1);
  assert.equal(assetOf('WHOLE')?.qtyIncrement, 1_000_000_000);
  const pair = assetOf('ETH/USD');
  assert.deepEqual([pair?.priceIncrement, pair?.priceIncrementBelowOne], [500, 500]);
  assert.deepEqual([pair?.qtyIncrement, pair?.minOrderQty], [1_000_000, 1_000_000]);
});

test('a step finer than the units is refused by the symbol and both numbers', () => {
  const configured = [{ ...UNSAID, symbol: 'X', priceDecimals: 2, priceIncrement: '0.001' }];
  assert.throws(
    () => createAssets(configured, { symbols: null }),
    new RangeError('priceIncrement of X: 0.001 has more than 2 decimals'),
  );
});

test('what is wrong with configured assets is said for all of them at once', () => {
  const configured = [
    { ...UNSAID, symbol: 'X', priceDecimals: 2, priceIncrement: '0.001' },
    { ...UNSAID, symbol: 'Y' },
    { ...UNSAID, symbol: 'Y', qtyDecimals: 0, qtyIncrement: '0.5' },
  ];
  assert.deepEqual(assetFaults(configured), [
    'priceIncrement of X: 0.001 has more than 2 decimals',
    'Y is named twice',
    'qtyIncrement of Y: 0.5 has more than 0 decimals',
  ]);
});

test('a tape lists its instruments as it shows them, one object a symbol', () => {
  const assets = createAssets([{ ...UNSAID, symbol: 'IBM', name: 'Big Blue' }], { symbols: null });
  assert.deepEqual(
    assets.all().map(({ symbol }) => symbol),
    ['IBM'],
  );
  assert.equal(assets.assetOf('AAPL'), undefined);
  const shown = assets.instrumentOf('AAPL');
  assert.equal(assets.instrumentOf('AAPL'), shown);
  assert.equal(assets.assetOf('AAPL'), shown);
  assert.equal(assets.assetById(assetIdOf('AAPL')), shown);
  assert.equal(assets.instrumentOf('IBM'), assets.assetOf('IBM'));
  assert.deepEqual(
    assets.all().map(({ symbol, name }) => [symbol, name]),
    [
      ['AAPL', 'AAPL'],
      ['IBM', 'Big Blue'],
    ],
  );
});

test('any text names an instrument of its own or is refused', () => {
  const assets = createAssets([], { symbols: null });
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[A-Z0-9./-]{1,24}$/)), (text) => {
      if (!isSymbol(text)) return assert.throws(() => assets.instrumentOf(text), RangeError);
      const { symbol, assetClass } = assets.instrumentOf(text);
      assert.deepEqual([symbol, assetClass], [text, text.includes('/') ? 'crypto' : 'us_equity']);
      return assert.equal(assets.assetById(assetIdOf(text)), assets.assetOf(text));
    }),
  );
});

test('the id of an asset is the same for ever', () => {
  assert.equal(assetIdOf('AAPL'), '4866ee8c-1f4b-4dfb-b358-70bbc4dd4d92');
});
