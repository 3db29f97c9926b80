import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '@tickpath/runtime';
import { venueConfigFaults, venueSchema } from '../src/config.ts';

const SHARED = { alpaca: { keyId: '', secretKey: '' } };

/** What is wrong with the combination of these flags. */
function faultsOf(...argv: string[]): readonly string[] {
  return venueConfigFaults(loadConfig({ section: 'venue', schema: venueSchema, argv, env: {} }).config, SHARED);
}

function symbols(...listed: readonly [symbol: string, price: string][]): string {
  return `--venue.synthetic.symbols=${JSON.stringify(listed.map(([symbol, price]) => ({ symbol, price })))}`;
}

const decimals = (asset: object) => `--venue.assets=${JSON.stringify([asset])}`;

test('the defaults are without fault, and so are decimals that leave just enough room', () => {
  assert.deepEqual(faultsOf(), []);
  assert.deepEqual(faultsOf(symbols(['BRK.A', '700000'], ['BTC/USD', '60000'])), []);
  assert.deepEqual(faultsOf(symbols(['SHIB/USD', '1']), decimals({ symbol: 'SHIB/USD', priceDecimals: 15 })), []);
});

test('a synthetic market whose prices or sizes an asset has no room for is a fault', () => {
  const btc = (asset: object) => faultsOf(symbols(['BTC/USD', '60000']), decimals({ symbol: 'BTC/USD', ...asset }));
  const where = 'venue.synthetic.symbols: BTC/USD has';
  assert.deepEqual(btc({ priceDecimals: 15 }), [
    `${where} 15 decimals of a price, which leave no room for prices up to 120000`,
  ]);
  assert.deepEqual(btc({ priceDecimals: 0 }), [`${where} 0 decimals of a price, needs 2 for cents`]);
  assert.deepEqual(faultsOf(symbols(['AAPL', '190']), decimals({ symbol: 'AAPL', qtyDecimals: 12 })), [
    'venue.synthetic.symbols: AAPL has 12 decimals of a quantity, which leave no room for quantities up to 10000',
  ]);
  assert.deepEqual(faultsOf(symbols(['X/USD', '1']), decimals({ symbol: 'X/USD', qtyDecimals: 12 })), [
    'venue.synthetic.symbols: X/USD has 12 decimals of a quantity, which leave no room for quantities up to 50000',
  ]);
});

test('a tape may have an asset with decimals that the synthetic market could not be shown in', () => {
  const whole = decimals({ symbol: 'AAPL', priceDecimals: 0 });
  assert.deepEqual(faultsOf('--venue.source=replay', '--venue.replay.files=a.csv', whole), []);
});

test('each fault of the symbols and of the assets has a line of its own', () => {
  const faults = faultsOf(
    symbols(['AAPL', '0.99'], ['AAPL', '1.001'], ['A/', '5']),
    decimals({ symbol: 'X', priceIncrement: '0.001', priceDecimals: 2 }),
  );
  assert.deepEqual(faults, [
    'venue.synthetic.symbols: the price 0.99 of AAPL is not a whole number of cents from 1.00',
    'venue.synthetic.symbols names AAPL twice',
    'venue.synthetic.symbols: the price 1.001 of AAPL is not a whole number of cents from 1.00',
    'venue.assets: priceIncrement of X: 0.001 has more than 2 decimals',
  ]);
});

test('an account begins with no less than nothing', () => {
  assert.throws(
    () => faultsOf('--venue.initialCashUsd=-5'),
    /venue\.initialCashUsd: found "-5".*a decimal number from 0/,
  );
  assert.deepEqual(faultsOf('--venue.initialCashUsd=0'), []);
});

test('slippage needs a model', () => {
  assert.deepEqual(faultsOf('--venue.slippage.bps=5'), ['venue.slippage.bps is 5, but venue.slippage.model is none']);
  assert.deepEqual(faultsOf('--venue.slippage.bps=5', '--venue.slippage.model=fixed-bps'), []);
});
