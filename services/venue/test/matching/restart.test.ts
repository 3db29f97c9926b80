import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aMarket, quote, trade } from './matching-builders.ts';

const LIMIT = { type: 'limit', timeInForce: 'gtc' } as const;

test('an order taken up again rests behind the others and meets what is shown from the next event on', () => {
  const market = aMarket();
  market.show(quote({ askPx: 101, askSz: 15 }));
  market.enter({ orderId: 'first', ...LIMIT, limitPx: 99 });
  market.resume({ orderId: 'again', ...LIMIT, limitPx: 99 });
  market.resume({ orderId: 'market', leavesQty: 3 });
  assert.deepEqual(market.show(quote({ askPx: 99, askSz: 15 })), [
    'market 3@99 taker',
    'first 10@99 maker',
    'again 2@99 maker',
  ]);
});

test('nobody knows who is ahead of an order taken up again before its price is shown as the best', () => {
  const market = aMarket();
  market.resume({ orderId: 'b', ...LIMIT, limitPx: 99 });
  assert.deepEqual(market.show(trade(99, 100)), []);
  market.show(quote({ bidPx: 99, bidSz: 7, askPx: 101, askSz: 15 }));
  assert.deepEqual(market.show(trade(99, 9)), ['b 2@99 maker']);
});

test('a stop that had been elected goes on as what it had become, any other goes on waiting', () => {
  const market = aMarket();
  market.resume({ orderId: 'elected', type: 'stop', stopPx: 1000, isTriggered: true });
  market.resume({ orderId: 'limit', type: 'stop_limit', stopPx: 1000, limitPx: 1030, isTriggered: true });
  market.resume({ orderId: 'waiting', type: 'stop', stopPx: 1000 });
  assert.deepEqual(market.show(quote({ askPx: 1041, askSz: 100 })), [], 'it keeps its limit of 1040');
  assert.deepEqual(market.show(quote({ askPx: 1020, askSz: 100 })), ['elected 10@1020 taker', 'limit 10@1030 maker']);
  assert.deepEqual(market.show(trade(1000, 1)), ['waiting triggered', 'waiting 10@1020 taker']);
});

test('a trailing stop goes on from its mark', () => {
  const market = aMarket();
  const trailing = { side: 'sell', type: 'trailing_stop', trail: { by: 'price', px: 5 } } as const;
  market.resume({ orderId: 's', ...trailing, hwmPx: 110 });
  assert.deepEqual(market.show(trade(106, 1)), []);
  assert.deepEqual(market.show(trade(105, 1)), ['s triggered']);
});

test('an order that is in already, lacks a price or has nothing to fill is a broken invariant', () => {
  const market = aMarket();
  market.enter({ orderId: 'b' });
  assert.throws(() => market.enter({ orderId: 'b' }), /order b is in the market already/);
  assert.throws(() => market.resume({ orderId: 'b' }), /order b is in the market already/);
  assert.throws(() => market.enter({ orderId: 'c', type: 'limit' }), /order c is a limit without limitPx/);
  assert.throws(() => market.enter({ orderId: 'd', type: 'stop' }), /order d is a stop without stopPx/);
  assert.throws(
    () => market.enter({ orderId: 'e', type: 'stop_limit', limitPx: 1 }),
    /order e is a stop_limit without/,
  );
  assert.throws(
    () => market.enter({ orderId: 'f', type: 'trailing_stop' }),
    /order f is a trailing_stop without trail/,
  );
  assert.throws(() => market.enter({ orderId: 'g', leavesQty: 0 }), /order g: leaves 0 are not between 1 and/);
  assert.deepEqual([...market.state.orders.keys()], ['b']);
});
