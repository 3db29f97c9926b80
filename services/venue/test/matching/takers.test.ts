import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aMarket, book, quote, trade } from './matching-builders.ts';

test('a buy takes the ask and a sell the bid', () => {
  const market = aMarket();
  market.show(quote({ bidPx: 99, bidSz: 100, askPx: 101, askSz: 200 }));
  assert.deepEqual(market.enter({ orderId: 'b', leavesQty: 50 }), ['b 50@101 taker']);
  assert.deepEqual(market.enter({ orderId: 's', side: 'sell', leavesQty: 80 }), ['s 80@99 taker']);
});

test('a market order rests until its side is shown and goes on taking until it is filled', () => {
  const market = aMarket();
  assert.deepEqual(market.enter({ orderId: 'b', leavesQty: 50 }), []);
  assert.deepEqual(market.show(quote({ bidPx: 99, bidSz: 10 })), []);
  assert.deepEqual(market.show(quote({ bidPx: 99, bidSz: 10, askPx: 101, askSz: 30 })), ['b 30@101 taker']);
  assert.deepEqual(market.show(quote({ bidPx: 99, bidSz: 10, askPx: 105, askSz: 100 })), ['b 20@105 taker']);
  assert.equal(market.state.orders.size, 0);
});

test('a trade fills no market order', () => {
  const market = aMarket();
  market.enter({ orderId: 'b' });
  assert.deepEqual(market.show(trade(100, 100)), []);
});

test('a marketable limit takes at the prices shown, within its limit, and rests with the rest', () => {
  const market = aMarket();
  market.show(
    book({
      asks: [
        [102, 4],
        [103, 4],
      ],
    }),
  );
  market.show(quote({ askPx: 101, askSz: 5 }));
  assert.deepEqual(market.enter({ orderId: 'b', type: 'limit', limitPx: 102, leavesQty: 12 }), [
    'b 5@101 taker',
    'b 4@102 taker',
  ]);
  assert.deepEqual(market.show(trade(101, 2, { takerSide: 'S' })), ['b 2@102 maker']);
});

test('the rest of an IOC expires at once, also when it is all of it', () => {
  const market = aMarket();
  market.show(quote({ askPx: 101, askSz: 5 }));
  assert.deepEqual(market.enter({ orderId: 'b', timeInForce: 'ioc', leavesQty: 6 }), ['b 5@101 taker', 'b expired']);
  const limit = { type: 'limit', limitPx: 100, timeInForce: 'ioc' } as const;
  assert.deepEqual(market.enter({ orderId: 'c', ...limit }), ['c expired']);
  assert.equal(market.state.orders.size, 0);
});

test('an FOK of 9 fills whole from 5 and 4, one of 10 expires without a fill', () => {
  const market = aMarket();
  market.show(
    book({
      asks: [
        [102, 4],
        [103, 50],
      ],
    }),
  );
  market.show(quote({ askPx: 101, askSz: 5 }));
  const limit = { type: 'limit', limitPx: 102, timeInForce: 'fok' } as const;
  assert.deepEqual(market.enter({ orderId: 'a', ...limit, leavesQty: 10 }), ['a expired']);
  assert.deepEqual(market.enter({ orderId: 'b', ...limit, leavesQty: 9 }), ['b 5@101 taker', 'b 4@102 taker']);
  assert.deepEqual(market.enter({ orderId: 'c', ...limit, leavesQty: 1 }), ['c expired']);
  assert.deepEqual(market.enter({ orderId: 'd', timeInForce: 'fok', leavesQty: 50 }), ['d 50@103 taker']);
});
