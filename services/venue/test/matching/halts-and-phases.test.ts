import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMatcher, enterOrder, removeOrder, setPhase, showMarket } from '../../src/core/matching/matcher.ts';
import { aMarket, anOrder, book, ETH, quote, status, told, trade } from './matching-builders.ts';

const LIMIT = { type: 'limit', timeInForce: 'gtc' } as const;
const QUOTE = quote({ bidPx: 99, bidSz: 50, askPx: 101, askSz: 50 });

test('in a halt nothing fills, is elected or trails, while orders and cancels are taken', () => {
  const market = aMarket();
  market.show(QUOTE);
  market.show(trade(100, 1));
  market.enter({ orderId: 'limit', ...LIMIT, limitPx: 100 });
  market.enter({ orderId: 'stop', side: 'sell', type: 'stop', stopPx: 98 });
  market.enter({ orderId: 'trailing', side: 'sell', type: 'trailing_stop', trail: { by: 'price', px: 5 } });
  assert.deepEqual(market.show(status('halt')), []);
  assert.deepEqual(market.show(trade(90, 100)), []);
  assert.deepEqual(market.show(trade(120, 100)), []);
  assert.deepEqual(market.show(quote({ bidPx: 89, bidSz: 50, askPx: 90, askSz: 50 })), []);
  assert.deepEqual(market.enter({ orderId: 'market' }), []);
  assert.deepEqual(market.enter({ orderId: 'ioc', timeInForce: 'ioc' }), ['ioc expired']);
  removeOrder(market.state, 'market');
  assert.deepEqual([...market.state.orders.keys()], ['limit', 'stop', 'trailing']);
});

test('with the resumption the market before it is forgotten and queue positions are unknown', () => {
  const market = aMarket();
  market.show(QUOTE);
  market.show(book({ asks: [[102, 9]] }));
  market.enter({ orderId: 'limit', ...LIMIT, limitPx: 100 });
  market.show(status('halt'));
  assert.deepEqual(market.enter({ orderId: 'market' }), []);
  assert.deepEqual(market.show(status('resume')), []);
  assert.deepEqual(market.show(trade(100, 100)), [], 'the position at 100 is unknown');
  assert.deepEqual(market.show(quote({ bidPx: 100, bidSz: 3, askPx: 103, askSz: 4 })), ['market 4@103 taker']);
  assert.deepEqual(market.show(trade(100, 5)), ['limit 2@100 maker']);
});

test('a halt is of one symbol', () => {
  const market = aMarket();
  market.show(status('halt'));
  market.show(quote({ instrument: ETH, askPx: 101, askSz: 50 }));
  assert.deepEqual(market.enter({ orderId: 'b', instrument: ETH }), ['b 10@101 taker']);
});

test('a restricted short sale takes nothing and is met above the best bid alone', () => {
  const market = aMarket();
  market.show(QUOTE);
  market.show(status('short-sale-restriction'));
  const short = { side: 'sell', isShortSale: true } as const;
  assert.deepEqual(market.enter({ orderId: 'market', ...short }), []);
  assert.deepEqual(market.enter({ orderId: 'ioc', ...short, timeInForce: 'ioc' }), ['ioc expired']);
  assert.deepEqual(market.enter({ orderId: 'at bid', ...short, ...LIMIT, limitPx: 99 }), []);
  assert.deepEqual(market.enter({ orderId: 'above', ...short, ...LIMIT, limitPx: 100 }), []);
  assert.deepEqual(market.show(trade(101, 4)), ['above 4@100 maker']);
  assert.deepEqual(market.show(quote({ bidPx: 100, bidSz: 50, askPx: 102, askSz: 50 })), []);
  assert.deepEqual(market.show(trade(102, 4)), []);
  assert.deepEqual(market.show(quote({ bidPx: 98, bidSz: 50, askPx: 102, askSz: 50 })), []);
  assert.deepEqual(market.show(trade(102, 14)), ['at bid 10@99 maker', 'above 4@100 maker']);
});

test('a sale of what is held goes on under the restriction', () => {
  const market = aMarket();
  market.show(QUOTE);
  market.show(status('short-sale-restriction'));
  assert.deepEqual(market.enter({ orderId: 's', side: 'sell' }), ['s 10@99 taker']);
});

test('before its first phase an asset class is closed', () => {
  const state = createMatcher({ slippage: { model: 'none' } });
  showMarket(state, QUOTE);
  assert.deepEqual(enterOrder(state, anOrder({ orderId: 'b' })), []);
  assert.deepEqual(told(setPhase(state, 'us_equity', 'regular')), ['b 10@101 taker']);
});

test('closed matches nothing, extended only orders with extendedHours, regular all', () => {
  const market = aMarket();
  setPhase(market.state, 'us_equity', 'closed');
  market.enter({ orderId: 'day', ...LIMIT, limitPx: 101 });
  market.enter({ orderId: 'extended', ...LIMIT, limitPx: 101, extendedHours: true });
  market.enter({ orderId: 'stop', side: 'sell', type: 'stop', stopPx: 100 });
  assert.deepEqual(market.show(QUOTE), []);
  assert.deepEqual(market.show(trade(100, 100)), []);
  assert.deepEqual(told(setPhase(market.state, 'us_equity', 'extended')), ['extended 10@101 maker']);
  assert.deepEqual(market.show(trade(90, 100)), []);
  assert.deepEqual(told(setPhase(market.state, 'us_equity', 'regular')), ['day 10@101 maker']);
  assert.deepEqual(market.show(trade(100, 1)), ['stop triggered', 'stop 10@99 taker']);
});

test('a phase is of one asset class, and entering it again changes nothing', () => {
  const market = aMarket();
  setPhase(market.state, 'us_equity', 'closed');
  market.show(quote({ instrument: ETH, askPx: 101, askSz: 50 }));
  assert.deepEqual(market.enter({ orderId: 'b', instrument: ETH }), ['b 10@101 taker']);
  assert.deepEqual(setPhase(market.state, 'us_equity', 'closed'), []);
});
