import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AAA, aMarket, ETH, quote, trade } from './matching-builders.ts';

const QUOTE = quote({ bidPx: 99, bidSz: 50, askPx: 101, askSz: 50 });

test('a buy stop is elected by a trade at its price or above, and takes as a market order', () => {
  const market = aMarket();
  market.show(QUOTE);
  assert.deepEqual(market.enter({ orderId: 'b', type: 'stop', stopPx: 101 }), []);
  assert.deepEqual(market.show(trade(100, 5)), []);
  assert.deepEqual(market.show(trade(101, 5)), ['b triggered', 'b 10@101 taker']);
});

test('a sell stop is elected by a trade at its price or below', () => {
  const market = aMarket();
  market.show(QUOTE);
  market.enter({ orderId: 's', side: 'sell', type: 'stop', stopPx: 98 });
  assert.deepEqual(market.show(trade(99, 5)), []);
  assert.deepEqual(market.show(trade(97, 5)), ['s triggered', 's 10@99 taker']);
});

test('neither a trade before its arrival, nor a quote, nor a trade that is no last sale elects a stop', () => {
  const market = aMarket();
  market.show(trade(105, 5));
  market.enter({ orderId: 'b', type: 'stop', stopPx: 101 });
  assert.deepEqual(market.show(quote({ bidPx: 104, bidSz: 5, askPx: 105, askSz: 5 })), []);
  assert.deepEqual(market.show(trade(105, 5, { isLastSale: false })), []);
});

test('the electing trade fills nothing of a stop limit, which then rests with its place in the queue', () => {
  const market = aMarket();
  market.show(QUOTE);
  market.enter({ orderId: 'b', type: 'stop_limit', stopPx: 97, limitPx: 99, timeInForce: 'gtc' });
  assert.deepEqual(market.show(trade(98, 500)), ['b triggered']);
  assert.deepEqual(market.show(trade(99, 53, { takerSide: 'S' })), ['b 3@99 maker']);
});

test('stops are elected in order of submission, whatever their prices', () => {
  const market = aMarket();
  market.show(quote({ bidPx: 99, bidSz: 12, askPx: 101, askSz: 50 }));
  market.enter({ orderId: 'first', side: 'sell', type: 'stop', stopPx: 90 });
  market.enter({ orderId: 'second', side: 'sell', type: 'stop', stopPx: 95 });
  assert.deepEqual(market.show(trade(90, 1)), [
    'first triggered',
    'first 10@99 taker',
    'second triggered',
    'second 2@99 taker',
  ]);
});

test('an elected IOC stop limit expires at once with what it cannot take', () => {
  const market = aMarket();
  market.show(QUOTE);
  market.enter({ orderId: 'b', type: 'stop_limit', stopPx: 100, limitPx: 100, timeInForce: 'ioc' });
  assert.deepEqual(market.show(trade(100, 1)), ['b triggered', 'b expired']);
});

test('a buy stop at 10.00 takes up to 10.40 and waits while the ask is above', () => {
  const market = aMarket();
  market.show(quote({ askPx: 1041, askSz: 50 }));
  market.enter({ orderId: 'b', type: 'stop', stopPx: 1000 });
  assert.deepEqual(market.show(trade(1000, 1)), ['b triggered']);
  assert.deepEqual(market.show(quote({ askPx: 1040, askSz: 4 })), ['b 4@1040 taker']);
  assert.deepEqual(market.show(quote({ askPx: 1041, askSz: 50 })), []);
  assert.deepEqual(market.show(quote({ askPx: 1020, askSz: 50 })), ['b 6@1020 taker']);
});

test('from 50.00 on the limit of a buy stop is 2.5 % above it: 51.25', () => {
  for (const [instrument, unit] of [
    [AAA, 100],
    [ETH, 1],
  ] as const) {
    const market = aMarket();
    market.enter({ orderId: 'b', instrument, type: 'stop', stopPx: 50 * unit });
    market.show(trade(50 * unit, 1, { instrument }));
    const limitPx = Math.floor(51.25 * unit);
    assert.deepEqual(market.show(quote({ instrument, askPx: limitPx + 1, askSz: 5 })), []);
    assert.deepEqual(market.show(quote({ instrument, askPx: limitPx, askSz: 5 })), [`b 5@${limitPx} taker`]);
  }
});

test('a sell stop keeps no limit', () => {
  const market = aMarket();
  market.show(quote({ bidPx: 2, bidSz: 50 }));
  market.enter({ orderId: 's', side: 'sell', type: 'stop', stopPx: 100 });
  assert.deepEqual(market.show(trade(100, 1)), ['s triggered', 's 10@2 taker']);
});
