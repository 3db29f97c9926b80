import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  addTrade,
  BAR_INTERVALS_NS,
  type Bar,
  type BarInterval,
  barBuilder,
  closeBars,
  decimal,
  decimalText,
  isBarInterval,
} from '../src/index.ts';
import { barsOf, type Trade } from './bar-making.ts';
import { plain } from './fixed-point.ts';
import './seed.ts';

const SECOND_NS = BAR_INTERVALS_NS['1s'];

/** What a bar is, said by grouping: first, highest, lowest, last price, sum of sizes, number of trades. */
function groupedBars(interval: BarInterval, trades: readonly Trade[]): Bar[] {
  const groups = Map.groupBy(trades, ({ tsNs }) => tsNs / BAR_INTERVALS_NS[interval]);
  return Array.from(groups, ([index, group]) => {
    const byPrice = group.map(({ price }) => price).toSorted((a, b) => decimal(a).cmp(decimal(b)));
    return {
      interval,
      startNs: index * BAR_INTERVALS_NS[interval],
      open: group[0]?.price ?? '',
      high: byPrice.at(-1) ?? '',
      low: byPrice[0] ?? '',
      close: group.at(-1)?.price ?? '',
      volume: decimalText(group.reduce((sum, { size }) => sum.plus(decimal(size)), decimal('0'))),
      tradeCount: group.length,
    };
  });
}

const intervals = fc.constantFrom<BarInterval>('1s', '1m');
const sizes = fc.oneof(
  fc.bigInt({ min: 1n, max: 10n ** 6n }).map(String),
  fc.bigInt({ min: 1n, max: 10n ** 12n }).map((units) => plain(units, 9)),
  fc.bigInt({ min: 2n ** 53n - 2n, max: 2n ** 53n + 2n }).map(String),
);
/** Prices that doubles cannot tell apart are among them. */
const prices = fc.oneof(
  fc.bigInt({ min: 1n, max: 300n }).map((units) => plain(units, 2)),
  fc.bigInt({ min: 10n ** 20n, max: 10n ** 20n + 3n }).map((units) => plain(units, 9)),
);
const trades = fc.array(
  fc.record({ tsNs: fc.bigInt({ min: 0n, max: 300n * SECOND_NS }), price: prices, size: sizes }),
  { maxLength: 60 },
);

test('trades in order make the bars that grouping them by interval makes', () => {
  fc.assert(
    fc.property(intervals, trades, (interval, list) => {
      const ordered = list.toSorted((a, b) => Number(a.tsNs - b.tsNs));
      const builder = barBuilder(interval);
      assert.deepEqual(barsOf(builder, ordered), groupedBars(interval, ordered));
      assert.equal(builder.lateTrades, 0);
    }),
  );
});

test('trades in any order make the bars of those that were in time, and the others are counted', () => {
  fc.assert(
    fc.property(intervals, trades, (interval, list) => {
      const lengthNs = BAR_INTERVALS_NS[interval];
      const inTime: Trade[] = [];
      for (const trade of list) {
        const newest = inTime.at(-1)?.tsNs ?? 0n;
        if (trade.tsNs / lengthNs >= newest / lengthNs) inTime.push(trade);
      }
      const builder = barBuilder(interval);
      assert.deepEqual(barsOf(builder, list), groupedBars(interval, inTime));
      assert.equal(builder.lateTrades, list.length - inTime.length);
    }),
  );
});

test('a bar is closed by the clock at its end and not before, once', () => {
  const builder = barBuilder('1s');
  addTrade(builder, SECOND_NS, '10', '1');
  assert.equal(closeBars(builder, 2n * SECOND_NS - 1n), undefined);
  assert.equal(closeBars(builder, 2n * SECOND_NS)?.startNs, SECOND_NS);
  assert.equal(closeBars(builder, 9n * SECOND_NS), undefined);
});

test('a trade for a closed bar is counted and changes nothing; one at the boundary opens the next', () => {
  const builder = barBuilder('1s');
  addTrade(builder, SECOND_NS, '10', '1');
  closeBars(builder, 2n * SECOND_NS);
  assert.equal(addTrade(builder, 2n * SECOND_NS - 1n, '99', '1'), false);
  assert.equal(builder.lateTrades, 1);
  assert.equal(builder.current, undefined);
  assert.equal(addTrade(builder, 2n * SECOND_NS, '11', '2'), true);
  assert.equal(addTrade(builder, SECOND_NS, '99', '1'), false);
  assert.equal(closeBars(builder, 3n * SECOND_NS)?.high, '11');
  assert.equal(builder.lateTrades, 2);
});

test('only the intervals of the table are intervals', () => {
  assert.deepEqual(['1s', '1m', '5m', 'toString', ''].map(isBarInterval), [true, true, false, false, false]);
});
