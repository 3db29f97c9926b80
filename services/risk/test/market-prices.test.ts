import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Envelope, Kind, Payload } from '@tickpath/wire';
import { marketInputOf } from '../src/market-prices.ts';

function inputOf<K extends Kind>(kind: K, payload: Partial<Payload<K>>) {
  return marketInputOf('IBM', { kind, payload } as unknown as Envelope);
}

test('trades and quotes are taken as prices, of an older sender too', () => {
  assert.deepEqual(inputOf('trade', { price: '10', flags: [] }), { type: 'trade', symbol: 'IBM', px: '10' });
  assert.deepEqual(inputOf('trade', { price: '10', flags: null }), { type: 'trade', symbol: 'IBM', px: '10' });
  const quote = { type: 'quote', symbol: 'IBM', bidPx: '9', askPx: null };
  assert.deepEqual(inputOf('quote', { bidPx: '9', askPx: null, flags: [] }), quote);
});

test('a suspect trade is no price, and after a suspect quote none is known', () => {
  assert.equal(inputOf('trade', { price: '10', flags: ['recovered'] }), undefined);
  const none = { type: 'quote', symbol: 'IBM', bidPx: null, askPx: null };
  assert.deepEqual(inputOf('quote', { bidPx: '12', askPx: '11', flags: ['crossed-quote'] }), none);
});

test('the state of the data is taken as it is said, all else is passed over', () => {
  const said = { valid: false, reasons: ['stale: …'], sinceNs: 7n };
  assert.deepEqual(inputOf('dataState', said), { type: 'data-state', symbol: 'IBM', ...said });
  assert.equal(inputOf('bar', {}), undefined);
  assert.equal(inputOf('book', {}), undefined);
});
