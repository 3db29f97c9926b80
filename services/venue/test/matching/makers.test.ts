import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aMarket, book, quote, trade } from './matching-builders.ts';

const LIMIT = { type: 'limit', timeInForce: 'gtc' } as const;
const AT_99 = quote({ bidPx: 99, bidSz: 30, askPx: 101, askSz: 50 });

test('at the best price 30 are ahead: trades of 20 and 15 leave 5 for the order', () => {
  const market = aMarket();
  market.show(AT_99);
  market.enter({ orderId: 'b', ...LIMIT, limitPx: 99 });
  assert.deepEqual(market.show(trade(99, 20)), []);
  assert.deepEqual(market.show(trade(99, 15)), ['b 5@99 maker']);
  assert.deepEqual(market.show(trade(99, 15)), ['b 5@99 maker']);
});

test('a trade through the limit fills up to its size, whoever is ahead, at the limit', () => {
  const market = aMarket();
  market.show(AT_99);
  market.enter({ orderId: 'b', ...LIMIT, limitPx: 99, leavesQty: 40 });
  assert.deepEqual(market.show(trade(98, 25)), ['b 25@99 maker']);
  assert.deepEqual(market.show(trade(98, 25)), ['b 15@99 maker']);
});

test('a limit better than the best has nobody ahead', () => {
  const market = aMarket();
  market.show(AT_99);
  market.enter({ orderId: 'b', ...LIMIT, limitPx: 100 });
  assert.deepEqual(market.show(trade(100, 4, { takerSide: 'S' })), ['b 4@100 maker']);
});

test('with no quote on its side nobody is ahead', () => {
  const market = aMarket();
  market.show(quote({ askPx: 101, askSz: 50 }));
  market.enter({ orderId: 'b', ...LIMIT, limitPx: 99 });
  assert.deepEqual(market.show(trade(99, 4)), ['b 4@99 maker']);
});

test('the level of the book is ahead of a limit behind the best', () => {
  const market = aMarket();
  market.show(
    book({
      bids: [
        [98, 12],
        [97, 7],
      ],
    }),
  );
  market.show(AT_99);
  market.enter({ orderId: 'b', ...LIMIT, limitPx: 98 });
  assert.deepEqual(market.show(trade(98, 13)), ['b 1@98 maker']);
});

test('behind the best and without a level the position is unknown until the price becomes the best', () => {
  const market = aMarket();
  market.show(AT_99);
  market.enter({ orderId: 'b', ...LIMIT, limitPx: 98 });
  assert.deepEqual(market.show(trade(98, 1000)), [], 'all that may be there is ahead');
  assert.deepEqual(market.show(book({ bids: [[98, 1]] })), []);
  assert.deepEqual(market.show(trade(98, 1000)), [], 'a level shown later does not tell who came first');
  market.show(quote({ bidPx: 98, bidSz: 6, askPx: 101, askSz: 50 }));
  market.show(quote({ bidPx: 98, bidSz: 60, askPx: 101, askSz: 50 }));
  assert.deepEqual(market.show(trade(98, 8)), ['b 2@98 maker']);
});

test('what is ahead is cut to the size displayed and does not grow with it', () => {
  const market = aMarket();
  market.show(AT_99);
  market.enter({ orderId: 'b', ...LIMIT, limitPx: 99 });
  market.show(quote({ bidPx: 99, bidSz: 8, askPx: 101, askSz: 50 }));
  market.show(AT_99);
  assert.deepEqual(market.show(trade(99, 9)), ['b 1@99 maker']);
});

test('a better best leaves the position as it is, a worse one puts the order first', () => {
  const market = aMarket();
  market.show(AT_99);
  market.enter({ orderId: 'b', ...LIMIT, limitPx: 99 });
  market.show(quote({ bidPx: 100, bidSz: 5, askPx: 101, askSz: 50 }));
  market.show(AT_99);
  assert.deepEqual(market.show(trade(99, 30)), []);
  market.show(quote({ bidPx: 98, bidSz: 5, askPx: 101, askSz: 50 }));
  market.show(AT_99);
  assert.deepEqual(market.show(trade(99, 3)), ['b 3@99 maker']);
});

test('a side that is no longer shown leaves nobody ahead', () => {
  const market = aMarket();
  const both = quote({ bidPx: 99, bidSz: 30, askPx: 101, askSz: 30 });
  market.show(both);
  market.enter({ orderId: 'b', ...LIMIT, limitPx: 99 });
  market.enter({ orderId: 's', ...LIMIT, side: 'sell', limitPx: 101 });
  market.show(quote({}));
  market.show(both);
  assert.deepEqual(market.show(trade(99, 3)), ['b 3@99 maker']);
  assert.deepEqual(market.show(trade(101, 3)), ['s 3@101 maker']);
});

test('a level that the book loses leaves nobody ahead behind the best', () => {
  const market = aMarket();
  market.show(book({ bids: [[98, 12]] }));
  market.show(AT_99);
  market.enter({ orderId: 'b', ...LIMIT, limitPx: 98 });
  market.show(book({ bids: [[98, 0]] }));
  market.show(book({ bids: [[98, 9]] }));
  assert.deepEqual(market.show(trade(98, 2)), ['b 2@98 maker']);
});

test('a price that a book has never shown is not one that it has lost, nor one shown and removed at once', () => {
  const never = [[97, 5] as const, [98, 0] as const];
  for (const bids of [never, [[98, 70] as const, ...never]]) {
    const market = aMarket();
    market.show(quote({ bidPx: 98, bidSz: 12, askPx: 101, askSz: 50 }));
    market.enter({ orderId: 'b', ...LIMIT, limitPx: 98 });
    market.show(AT_99);
    market.show(book({ bids }));
    assert.deepEqual(market.show(trade(98, 12)), []);
    assert.deepEqual(market.show(trade(98, 1)), ['b 1@98 maker']);
  }
});

test('a trade by a buyer meets sells, one by a seller buys', () => {
  const market = aMarket();
  market.show(quote({ bidPx: 90, bidSz: 1, askPx: 110, askSz: 1 }));
  market.enter({ orderId: 'b', ...LIMIT, limitPx: 104 });
  market.enter({ orderId: 's', ...LIMIT, side: 'sell', limitPx: 96 });
  assert.deepEqual(market.show(trade(100, 3, { takerSide: 'B' })), ['s 3@96 maker']);
  assert.deepEqual(market.show(trade(100, 3, { takerSide: 'S' })), ['b 3@104 maker']);
});

test('where the taker is not told it is a buyer at the ask, a seller at the bid, and may be either between', () => {
  const market = aMarket();
  market.show(quote({ bidPx: 90, bidSz: 1, askPx: 110, askSz: 1 }));
  market.enter({ orderId: 'b', ...LIMIT, limitPx: 109, leavesQty: 20 });
  market.enter({ orderId: 's', ...LIMIT, side: 'sell', limitPx: 91, leavesQty: 20 });
  assert.deepEqual(market.show(trade(110, 3)), ['s 3@91 maker']);
  assert.deepEqual(market.show(trade(90, 3)), ['b 3@109 maker']);
  assert.deepEqual(market.show(trade(100, 20)), ['b 17@109 maker', 's 3@91 maker'], 'both share its size');
});

test('a trade that is no last sale fills nothing', () => {
  const market = aMarket();
  market.show(AT_99);
  market.enter({ orderId: 'b', ...LIMIT, limitPx: 99 });
  assert.deepEqual(market.show(trade(90, 100, { isLastSale: false })), []);
});

test('a quote at or through the limit fills at the limit what it makes available, best prices first', () => {
  const market = aMarket();
  market.show(AT_99);
  market.enter({ orderId: 'b', ...LIMIT, limitPx: 99, leavesQty: 20 });
  market.show(
    book({
      asks: [
        [98, 3],
        [99, 4],
        [100, 50],
      ],
    }),
  );
  assert.deepEqual(market.show(quote({ bidPx: 90, bidSz: 30, askPx: 97, askSz: 5 })), ['b 12@99 maker']);
  assert.deepEqual(market.show(quote({ bidPx: 90, bidSz: 30, askPx: 97, askSz: 6 })), ['b 1@99 maker']);
});

test('what a resting limit was given by a quote is taken for others too', () => {
  const market = aMarket();
  market.enter({ orderId: 'b', ...LIMIT, limitPx: 99, leavesQty: 4 });
  assert.deepEqual(market.show(quote({ askPx: 98, askSz: 5 })), ['b 4@99 maker']);
  assert.deepEqual(market.enter({ orderId: 'c' }), ['c 1@98 taker']);
});
