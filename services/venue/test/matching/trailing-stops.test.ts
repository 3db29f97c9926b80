import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setPhase } from '../../src/core/matching/matcher.ts';
import { aMarket, quote, trade } from './matching-builders.ts';

const BY_5 = { type: 'trailing_stop', trail: { by: 'price', px: 5 }, timeInForce: 'gtc' } as const;
const QUOTE = quote({ bidPx: 99, bidSz: 50, askPx: 101, askSz: 50 });

test('a sell trails the highest trade since its arrival by 5 and is elected at the stop', () => {
  const market = aMarket();
  market.show(QUOTE);
  market.show(trade(100, 1));
  assert.deepEqual(market.enter({ orderId: 's', side: 'sell', ...BY_5 }), ['s trails 100 stop 95']);
  assert.deepEqual(market.show(trade(103, 1)), ['s trails 103 stop 98']);
  assert.deepEqual(market.show(trade(99, 1)), []);
  assert.deepEqual(market.show(trade(98, 1)), ['s triggered', 's 10@99 taker']);
});

test('a buy trails the lowest trade', () => {
  const market = aMarket();
  market.show(QUOTE);
  market.show(trade(100, 1));
  assert.deepEqual(market.enter({ orderId: 'b', ...BY_5 }), ['b trails 100 stop 105']);
  assert.deepEqual(market.show(trade(97, 1)), ['b trails 97 stop 102']);
  assert.deepEqual(market.show(trade(102, 1)), ['b triggered', 'b 10@101 taker']);
});

test('without a last sale the first trade is the mark', () => {
  const market = aMarket();
  assert.deepEqual(market.enter({ orderId: 's', side: 'sell', ...BY_5 }), []);
  assert.deepEqual(market.show(trade(100, 1)), ['s trails 100 stop 95']);
});

test('1 % of 101 is trailed to 99 by a sell and to 103 by a buy: rounded away from the mark', () => {
  const market = aMarket();
  market.show(trade(101, 1));
  const percent = { type: 'trailing_stop', trail: { by: 'percent', milliPercent: 1000 } } as const;
  assert.deepEqual(market.enter({ orderId: 's', side: 'sell', ...percent }), ['s trails 101 stop 99']);
  assert.deepEqual(market.enter({ orderId: 'b', ...percent }), ['b trails 101 stop 103']);
});

test('in the extended phase a trailing stop neither moves nor is elected', () => {
  const market = aMarket();
  market.show(trade(100, 1));
  market.enter({ orderId: 's', side: 'sell', ...BY_5, extendedHours: true });
  setPhase(market.state, 'us_equity', 'extended');
  assert.deepEqual(market.show(trade(120, 1)), []);
  assert.deepEqual(market.show(trade(90, 1)), []);
  setPhase(market.state, 'us_equity', 'regular');
  assert.deepEqual(market.show(trade(101, 1)), ['s trails 101 stop 96']);
});

test('one that enters with a mark of its own goes on from there', () => {
  const market = aMarket();
  market.show(trade(100, 1));
  assert.deepEqual(market.enter({ orderId: 's', side: 'sell', ...BY_5, hwmPx: 110 }), ['s trails 110 stop 105']);
});

test('a buy trails no further than the highest price that there is', () => {
  const market = aMarket();
  market.show(trade(100, 1));
  const most = Number.MAX_SAFE_INTEGER;
  const far = { type: 'trailing_stop', trail: { by: 'price', px: most }, timeInForce: 'gtc' } as const;
  assert.deepEqual(market.enter({ orderId: 'b', ...far }), [`b trails 100 stop ${most}`]);
  assert.deepEqual(market.enter({ orderId: 's', side: 'sell', ...far }), [`s trails 100 stop ${100 - most}`]);
  const percent = { ...far, trail: { by: 'percent', milliPercent: 99_999 } } as const;
  assert.deepEqual(market.enter({ orderId: 'p', ...percent, hwmPx: most - 1 }), [`p trails ${most - 1} stop ${most}`]);
});
