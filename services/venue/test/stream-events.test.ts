import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Instrument } from '@tickpath/trading';
import {
  eventOfStream,
  forgettingOf,
  openStreamSymbol,
  type StreamBook,
  type StreamMessage,
  type StreamQuote,
  type StreamTrade,
} from '../src/core/market/stream-events.ts';

const BTC: Instrument = { symbol: 'BTC/USDT', assetClass: 'crypto', priceDecimals: 9, qtyDecimals: 9 };
const NOW_NS = 1_000n;

const aTrade = (fields: Partial<StreamTrade> = {}): StreamMessage => ({
  kind: 'trade',
  payload: {
    ...{ price: '61837.64', size: '0.02', tradeId: '7', exchange: 'BINANCE', conditions: [], tape: '' },
    ...{ takerSide: 'SELL', flags: [], venueTsNs: 900n, ...fields },
  },
});
const aQuote = (fields: Partial<StreamQuote> = {}): StreamMessage => ({
  kind: 'quote',
  payload: {
    ...{ bidPx: '100', bidSize: '1', askPx: '101', askSize: '2', bidExchange: 'B', askExchange: 'B' },
    ...{ conditions: [], flags: [], venueTsNs: 900n, ...fields },
  },
});
const aBook = (fields: Partial<StreamBook> = {}): StreamMessage => ({
  kind: 'book',
  payload: { snapshot: false, valid: true, bids: [], asks: [], venueTsNs: 900n, ...fields },
});
const aStatus = (effect: 'halt' | 'resume' | 'none'): StreamMessage => ({
  kind: 'status',
  payload: {
    ...{ statusCode: 'H', statusMessage: '', reasonCode: '', reasonMessage: '', tape: 'C' },
    ...{ effect, venueTsNs: 900n },
  },
});

test('a published trade is shown in the units of the instrument, at no time that is yet to come', () => {
  const shown = eventOfStream(openStreamSymbol(BTC), aTrade(), NOW_NS);
  assert.deepEqual(shown, {
    ...{ kind: 'trade', instrument: BTC, tsNs: 900n, id: 7, px: 61_837_640_000_000, sz: 20_000_000 },
    ...{ exchange: 'BINANCE', conditions: [], tape: '', takerSide: 'S', isLastSale: true },
  });
  assert.equal(eventOfStream(openStreamSymbol(BTC), aTrade({ venueTsNs: 5_000n }), NOW_NS)?.tsNs, NOW_NS);
});

test('a trade is shown once, also when market-data has been started again; a recovered one comes late', () => {
  const known = openStreamSymbol(BTC);
  const idOf = (fields: Partial<StreamTrade>) => {
    const event = eventOfStream(known, aTrade(fields), NOW_NS);
    return event?.kind === 'trade' ? [event.id, event.isLastSale] : undefined;
  };
  assert.deepEqual(idOf({ tradeId: '10' }), [10, true]);
  assert.equal(idOf({ tradeId: '10' }), undefined);
  assert.equal(idOf({ tradeId: '9' }), undefined);
  assert.deepEqual(idOf({ tradeId: '9', flags: ['recovered'] }), [9, false]);
  assert.deepEqual(idOf({ tradeId: '11' }), [11, true]);
});

test('trades whose ids are no numbers are numbered in order', () => {
  const known = openStreamSymbol(BTC);
  const ids = ['1618678132.93-0', '1618678132.93-1', '99999999999999999'].map((tradeId) => {
    const event = eventOfStream(known, aTrade({ tradeId }), NOW_NS);
    return event?.kind === 'trade' ? event.id : undefined;
  });
  assert.deepEqual(ids, [1, 2, 3]);
});

test('a suspect trade is no last sale and a suspect quote is not shown; a strange time alone spoils nothing', () => {
  const isLastSale = (...flags: string[]) => {
    const event = eventOfStream(openStreamSymbol(BTC), aTrade({ flags }), NOW_NS);
    return event?.kind === 'trade' ? event.isLastSale : undefined;
  };
  assert.equal(isLastSale('price-jump'), false);
  assert.equal(isLastSale('future-time', 'outlier'), false);
  assert.equal(isLastSale('future-time'), true);
  assert.equal(eventOfStream(openStreamSymbol(BTC), aTrade({ price: '0' }), NOW_NS), undefined);
  assert.equal(eventOfStream(openStreamSymbol(BTC), aQuote({ flags: ['crossed-quote'] }), NOW_NS), undefined);
  assert.ok(eventOfStream(openStreamSymbol(BTC), aQuote({ flags: ['future-time'] }), NOW_NS) !== undefined);
});

test('a quote without a side has no price there', () => {
  const event = eventOfStream(openStreamSymbol(BTC), aQuote({ bidPx: null, bidSize: '0' }), NOW_NS);
  assert.ok(event?.kind === 'quote');
  assert.deepEqual([event.bidPx, event.bidSz, event.askPx, event.askSz], [0, 0, 101e9, 2e9]);
});

test('changes of a book count from a whole one on, until it is not valid or something was lost', () => {
  const known = openStreamSymbol(BTC);
  const bids = [{ px: '100', sz: '0' }];
  const shown = (fields: Partial<StreamBook>) => {
    const event = eventOfStream(known, aBook(fields), NOW_NS);
    return event?.kind === 'book' ? [event.reset, event.bids] : undefined;
  };
  const change = [false, [[100e9, 0]]];
  assert.equal(shown({ bids }), undefined);
  assert.deepEqual(shown({ snapshot: true, bids: [{ px: '100', sz: '3' }] }), [true, [[100e9, 3e9]]]);
  assert.deepEqual(shown({ bids }), change);
  assert.deepEqual(shown({ valid: false }), [true, []]);
  assert.equal(shown({ bids }), undefined);
  assert.deepEqual(shown({ snapshot: true }), [true, []]);
  forgettingOf(known, NOW_NS);
  assert.equal(shown({ bids }), undefined);
});

test('what is lost is forgotten as at the end of a halt, and a halt that lasts goes on', () => {
  const known = openStreamSymbol(BTC);
  assert.equal(forgettingOf(known, NOW_NS)?.effect, 'resume');
  eventOfStream(known, aStatus('halt'), NOW_NS);
  assert.equal(forgettingOf(known, NOW_NS), undefined);
  eventOfStream(known, aStatus('none'), NOW_NS);
  assert.equal(forgettingOf(known, NOW_NS), undefined);
  eventOfStream(known, aStatus('resume'), NOW_NS);
  assert.equal(forgettingOf(known, NOW_NS)?.effect, 'resume');
});

test('amounts that no units hold are refused with both numbers', () => {
  assert.throws(() => eventOfStream(openStreamSymbol(BTC), aTrade({ size: '0.0000000001' }), NOW_NS), {
    name: 'RangeError',
    message: /0\.0000000001 has more than 9 decimals/,
  });
});
