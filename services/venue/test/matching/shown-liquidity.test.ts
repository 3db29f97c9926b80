import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lastSalePx, shownQuote } from '../../src/core/matching/matcher.ts';
import { aMarket, book, ETH, quote, status, trade } from './matching-builders.ts';

test('what was taken of 30 at 101 stays gone while 101 is shown again and again', () => {
  const market = aMarket();
  market.show(quote({ askPx: 101, askSz: 30 }));
  assert.deepEqual(market.enter({ orderId: 'b', leavesQty: 50 }), ['b 30@101 taker']);
  assert.deepEqual(market.show(quote({ askPx: 101, askSz: 30 })), []);
  assert.deepEqual(market.show(quote({ askPx: 101, askSz: 20 })), []);
  assert.deepEqual(market.show(quote({ askPx: 101, askSz: 30 })), []);
});

test('a size that grows from 30 to 45 adds its growth of 15', () => {
  const market = aMarket();
  market.show(quote({ askPx: 101, askSz: 30 }));
  market.enter({ orderId: 'b', leavesQty: 50 });
  assert.deepEqual(market.show(quote({ askPx: 101, askSz: 45 })), ['b 15@101 taker']);
});

test('another best price and back again shows the size anew', () => {
  const market = aMarket();
  market.show(quote({ askPx: 101, askSz: 30 }));
  market.enter({ orderId: 'b', leavesQty: 100 });
  assert.deepEqual(market.show(quote({ askPx: 102, askSz: 5 })), ['b 5@102 taker']);
  assert.deepEqual(market.show(quote({ askPx: 101, askSz: 30 })), ['b 30@101 taker']);
});

test('a price that leaves the quote but stays in the book is still shown: what was taken there stays gone', () => {
  const market = aMarket();
  market.show(book({ asks: [[101, 30]] }));
  market.show(quote({ askPx: 101, askSz: 30 }));
  market.enter({ orderId: 'b', leavesQty: 30 });
  market.show(quote({ askPx: 102, askSz: 5 }));
  market.show(quote({ askPx: 101, askSz: 30 }));
  assert.deepEqual(market.enter({ orderId: 'c', timeInForce: 'ioc' }), ['c expired']);
});

test('a trade of 12 by a buyer at 101 brings back 12 of the 30 that were taken there', () => {
  const market = aMarket();
  market.show(quote({ bidPx: 99, bidSz: 5, askPx: 101, askSz: 30 }));
  market.enter({ orderId: 'b', leavesQty: 60 });
  assert.deepEqual(market.show(trade(101, 12)), ['b 12@101 taker']);
});

test('trades bring back no more than was taken', () => {
  const market = aMarket();
  market.show(quote({ askPx: 101, askSz: 30 }));
  market.enter({ orderId: 'b', leavesQty: 10 });
  market.show(trade(101, 500));
  assert.deepEqual(market.enter({ orderId: 'c', leavesQty: 60 }), ['c 30@101 taker']);
});

test('a trade by a seller, one at another price and one that is no last sale bring nothing back', () => {
  const market = aMarket();
  market.show(quote({ bidPx: 99, bidSz: 5, askPx: 101, askSz: 30 }));
  market.enter({ orderId: 'b', leavesQty: 60 });
  assert.deepEqual(market.show(trade(101, 12, { takerSide: 'S' })), []);
  assert.deepEqual(market.show(trade(102, 12)), []);
  assert.deepEqual(market.show(trade(101, 12, { isLastSale: false })), []);
});

test('levels are the quote and then those of the book strictly beyond it', () => {
  const market = aMarket();
  market.show(
    book({
      asks: [
        [103, 3],
        [100, 9],
        [101, 7],
        [102, 2],
      ],
    }),
  );
  market.show(quote({ askPx: 101, askSz: 5 }));
  assert.deepEqual(market.enter({ orderId: 'b' }), ['b 5@101 taker', 'b 2@102 taker', 'b 3@103 taker']);
});

test('without a quote on the side all levels of the book are shown', () => {
  const market = aMarket();
  market.show(
    book({
      bids: [
        [98, 2],
        [99, 1],
      ],
    }),
  );
  market.show(quote({ askPx: 101, askSz: 5 }));
  assert.deepEqual(market.enter({ orderId: 's', side: 'sell' }), ['s 1@99 taker', 's 2@98 taker']);
});

test('a book is changed level by level, and a reset replaces it', () => {
  const market = aMarket();
  market.show(
    book({
      asks: [
        [101, 1],
        [102, 2],
        [103, 3],
      ],
    }),
  );
  market.show(
    book({
      asks: [
        [101, 0],
        [102, 4],
      ],
    }),
  );
  assert.deepEqual(market.enter({ orderId: 'b', leavesQty: 5 }), ['b 4@102 taker', 'b 1@103 taker']);
  market.show(
    book(
      {
        asks: [
          [105, 6],
          [104, 1],
        ],
      },
      { reset: true },
    ),
  );
  assert.deepEqual(market.enter({ orderId: 'c', leavesQty: 7 }), ['c 1@104 taker', 'c 6@105 taker']);
});

test('what was taken of a level is forgotten with the level', () => {
  const market = aMarket();
  market.show(book({ asks: [[101, 4]] }));
  market.enter({ orderId: 'b', leavesQty: 10 });
  assert.deepEqual(market.show(book({ asks: [[101, 5]] })), ['b 1@101 taker']);
  market.show(book({ asks: [[101, 0]] }));
  assert.deepEqual(market.show(book({ asks: [[101, 5]] })), ['b 5@101 taker']);
});

test('a locked or crossed market is used as it is shown', () => {
  const market = aMarket();
  market.show(quote({ bidPx: 102, bidSz: 5, askPx: 101, askSz: 5 }));
  assert.deepEqual(market.enter({ orderId: 'b', leavesQty: 5 }), ['b 5@101 taker']);
  assert.deepEqual(market.enter({ orderId: 's', side: 'sell', leavesQty: 5 }), ['s 5@102 taker']);
});

test('a side that a quote carries over shows nothing, so that a resumption does not bring back the market before it', () => {
  const market = aMarket();
  market.show(quote({ bidPx: 99, bidSz: 5, askPx: 101, askSz: 5 }));
  market.show(status('halt'));
  market.show(status('resume'));
  market.show(quote({ updates: 'bid', bidPx: 98, bidSz: 5, askPx: 101, askSz: 5 }));
  assert.deepEqual(market.enter({ orderId: 'b', timeInForce: 'ioc' }), ['b expired']);
});

test('orders do not change what is shown, and symbols do not share it', () => {
  const market = aMarket();
  market.show(quote({ bidPx: 99, bidSz: 5, askPx: 101, askSz: 6 }));
  market.enter({ orderId: 'b', leavesQty: 6 });
  assert.deepEqual(shownQuote(market.state, 'AAA'), { bidPx: 99, bidSz: 5, askPx: 101, askSz: 6 });
  assert.equal(shownQuote(market.state, 'ETH/USD'), undefined);
  market.show(book({ bids: [[7, 1]] }, { instrument: ETH }));
  assert.deepEqual(shownQuote(market.state, 'ETH/USD'), { bidPx: 7, bidSz: 1, askPx: 0, askSz: 0 });
});

test('the last sale is the last trade that counts as one', () => {
  const market = aMarket();
  market.show(quote({ askPx: 101, askSz: 6 }));
  assert.equal(lastSalePx(market.state, 'AAA'), undefined);
  market.show(trade(100, 1));
  market.show(trade(90, 1, { isLastSale: false }));
  market.enter({ orderId: 'b', leavesQty: 6 });
  assert.equal(lastSalePx(market.state, 'AAA'), 100);
});
