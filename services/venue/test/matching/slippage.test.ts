import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { protectiveLimitPx, trailedStopPx } from '../../src/core/matching/stop-prices.ts';
import { AAA, aMarket, quote, trade } from './matching-builders.ts';

const SEED = Number(process.env.TICKPATH_SEED ?? Math.floor(Math.random() * 2 ** 31));
console.log(`TICKPATH_SEED=${SEED}`);

const QUOTE = quote({ bidPx: 9990, bidSz: 50, askPx: 10_010, askSz: 50 });

test('3 bps of 10010 cost a buy 4 more and a sell at 9990 3 less: rounded against the taker', () => {
  const market = aMarket({ model: 'fixed-bps', bps: 3 });
  market.show(QUOTE);
  assert.deepEqual(market.enter({ orderId: 'b' }), ['b 10@10014 taker']);
  assert.deepEqual(market.enter({ orderId: 's', side: 'sell' }), ['s 10@9987 taker']);
});

test('slippage never passes a limit, be it that of a stop, and leaves makers alone', () => {
  const market = aMarket({ model: 'fixed-bps', bps: 500 });
  market.show(QUOTE);
  assert.deepEqual(market.enter({ orderId: 'b', type: 'limit', limitPx: 10_012 }), ['b 10@10012 taker']);
  assert.deepEqual(market.enter({ orderId: 's', side: 'sell', type: 'limit', limitPx: 9980 }), ['s 10@9980 taker']);
  market.enter({ orderId: 'stop', type: 'stop', stopPx: 10_000 });
  assert.deepEqual(market.show(trade(10_000, 1)), ['stop triggered', 'stop 10@10250 taker']);
  market.enter({ orderId: 'maker', type: 'limit', limitPx: 10_000 });
  assert.deepEqual(market.show(trade(9999, 4, { takerSide: 'S' })), ['maker 4@10000 maker']);
});

test('a sell is not slipped below one unit', () => {
  const market = aMarket({ model: 'fixed-bps', bps: 10_000 });
  market.show(quote({ bidPx: 7, bidSz: 50 }));
  assert.deepEqual(market.enter({ orderId: 's', side: 'sell' }), ['s 10@1 taker']);
});

test('the square-root model charges 100 bps × √(10 ÷ 1000) = 10 bps, and all of it before there is any volume', () => {
  const market = aMarket({ model: 'square-root', bps: 100 });
  market.show(quote({ askPx: 10_000, askSz: 100 }));
  assert.deepEqual(market.enter({ orderId: 'before', leavesQty: 10 }), ['before 10@10100 taker']);
  market.show(trade(9000, 900));
  market.show(trade(9000, 100));
  market.show(trade(9000, 1_000_000, { isLastSale: false }));
  assert.deepEqual(market.enter({ orderId: 'after', leavesQty: 10 }), ['after 10@10010 taker']);
});

test('protective limits and trailed stops are exact up to the largest prices', () => {
  const px = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
  const milliPercent = fc.integer({ min: 1, max: 99_999 });
  fc.assert(
    fc.property(px, milliPercent, (stopPx, by) => {
      const exact = stopPx < 5000 ? (BigInt(stopPx) * 104n) / 100n : (BigInt(stopPx) * 1025n) / 1000n;
      const most = BigInt(Number.MAX_SAFE_INTEGER);
      assert.equal(BigInt(protectiveLimitPx(stopPx, AAA)), exact > most ? most : exact);
      const trail = { by: 'percent', milliPercent: by } as const;
      assert.equal(BigInt(trailedStopPx(trail, stopPx, -1)), (BigInt(stopPx) * BigInt(100_000 - by)) / 100_000n);
      const hwmPx = Math.floor(stopPx / 2);
      const above = (BigInt(hwmPx) * BigInt(100_000 + by) + 99_999n) / 100_000n;
      assert.equal(BigInt(trailedStopPx(trail, hwmPx, 1)), above);
    }),
    { seed: SEED, numRuns: 2000 },
  );
});
