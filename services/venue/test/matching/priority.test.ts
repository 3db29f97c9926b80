import assert from 'node:assert/strict';
import { test } from 'node:test';
import { amendOrder, removeOrder } from '../../src/core/matching/matcher.ts';
import { aMarket, quote, trade } from './matching-builders.ts';

const LIMIT = { type: 'limit', timeInForce: 'gtc' } as const;

test('market orders go first by time, then limits by price, then by time', () => {
  const market = aMarket();
  market.enter({ orderId: 'low', ...LIMIT, limitPx: 100 });
  market.enter({ orderId: 'high', ...LIMIT, limitPx: 102 });
  market.enter({ orderId: 'high too', ...LIMIT, limitPx: 102 });
  market.enter({ orderId: 'market' });
  market.enter({ orderId: 'market too' });
  assert.deepEqual(market.show(quote({ askPx: 100, askSz: 45 })), [
    'market 10@100 taker',
    'market too 10@100 taker',
    'high 10@102 maker',
    'high too 10@102 maker',
    'low 5@100 maker',
  ]);
});

test('sells go by the lowest price', () => {
  const market = aMarket();
  market.enter({ orderId: 'high', ...LIMIT, side: 'sell', limitPx: 102 });
  market.enter({ orderId: 'low', ...LIMIT, side: 'sell', limitPx: 100 });
  assert.deepEqual(market.show(quote({ bidPx: 102, bidSz: 15 })), ['low 10@100 maker', 'high 5@102 maker']);
});

test('one trade of 25 is shared: 10 at the better price, then of the 15 left 8 are ahead of the next', () => {
  const market = aMarket();
  market.show(quote({ bidPx: 99, bidSz: 8, askPx: 105, askSz: 1 }));
  market.enter({ orderId: 'at 99', ...LIMIT, limitPx: 99 });
  market.enter({ orderId: 'at 100', ...LIMIT, limitPx: 100 });
  assert.deepEqual(market.show(trade(99, 25)), ['at 100 10@100 maker', 'at 99 7@99 maker']);
});

test('two orders at one price have the same size ahead of them, and the later one also the earlier', () => {
  const market = aMarket();
  market.show(quote({ bidPx: 99, bidSz: 8, askPx: 105, askSz: 1 }));
  market.enter({ orderId: 'first', ...LIMIT, limitPx: 99 });
  market.enter({ orderId: 'second', ...LIMIT, limitPx: 99 });
  assert.deepEqual(market.show(trade(99, 23)), ['first 10@99 maker', 'second 5@99 maker']);
});

test('an order that is reduced keeps its place', () => {
  const market = aMarket();
  market.enter({ orderId: 'first', ...LIMIT, limitPx: 99 });
  market.enter({ orderId: 'second', ...LIMIT, limitPx: 99 });
  amendOrder(market.state, 'first', { leavesQty: 4 });
  assert.deepEqual(market.show(quote({ askPx: 99, askSz: 9 })), ['first 4@99 maker', 'second 5@99 maker']);
});

test('an order that leaves and comes again is last', () => {
  const market = aMarket();
  market.enter({ orderId: 'first', ...LIMIT, limitPx: 99 });
  market.enter({ orderId: 'second', ...LIMIT, limitPx: 99 });
  removeOrder(market.state, 'first');
  market.enter({ orderId: 'first', ...LIMIT, limitPx: 99, leavesQty: 11 });
  assert.deepEqual(market.show(quote({ askPx: 99, askSz: 12 })), ['second 10@99 maker', 'first 2@99 maker']);
});

test('a removed order fills no more, whatever it waited for; removing it again changes nothing', () => {
  const market = aMarket();
  market.enter({ orderId: 'market' });
  market.enter({ orderId: 'limit', ...LIMIT, limitPx: 99 });
  market.enter({ orderId: 'stop', type: 'stop', stopPx: 99 });
  for (const orderId of ['market', 'limit', 'stop', 'limit', 'nobody']) removeOrder(market.state, orderId);
  assert.deepEqual(market.show(quote({ askPx: 99, askSz: 100 })), []);
  assert.deepEqual(market.show(trade(99, 100)), []);
  assert.equal(market.state.orders.size, 0);
});

test('an amendment that is no reduction, or of an order that is not in, is a broken invariant', () => {
  const market = aMarket();
  market.enter({ orderId: 'b', ...LIMIT, limitPx: 99 });
  assert.throws(() => amendOrder(market.state, 'b', { leavesQty: 11 }), /order b: leaves 11 are not between 1 and 10/);
  assert.throws(() => amendOrder(market.state, 'b', { leavesQty: 0 }), /order b: leaves 0 are not between 1 and 10/);
  assert.throws(() => amendOrder(market.state, 'c', { leavesQty: 1 }), /order c cannot be amended/);
});
