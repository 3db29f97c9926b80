import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  addBarTrade,
  advanceBarSeries,
  BAR_INTERVALS_NS,
  type Bar,
  type BarInterval,
  type BarSeries,
  type BarTrade,
  barSpanOf,
  type ClosedBar,
  decimal,
  decimalText,
  openBarSeries,
} from '../src/index.ts';
import {
  aTrade,
  barsFrom,
  COIN,
  groupedBars,
  plainBar,
  SHARE,
  seriesOptions,
  standing,
  THE_END_NS,
  tradeLists,
} from './bar-trading.ts';
import './seed.ts';

const INTERVALS = Object.keys(BAR_INTERVALS_NS) as BarInterval[];
const instruments = fc.constantFrom(COIN, SHARE);
const S = BAR_INTERVALS_NS['1s'];
const M = BAR_INTERVALS_NS['1m'];

const byTime = (trades: readonly BarTrade[]) =>
  trades.toSorted((a, b) => (a.tsNs < b.tsNs ? -1 : a.tsNs > b.tsNs ? 1 : 0));

test('trades in order make, for every interval, the bars that grouping them makes, each published once', () => {
  fc.assert(
    fc.property(instruments, tradeLists, (instrument, list) => {
      const ordered = byTime(list);
      const bars = barsFrom(openBarSeries(seriesOptions({ instrument })), ordered);
      for (const interval of INTERVALS) {
        const own = bars.filter((bar) => bar.interval === interval);
        assert.deepEqual(own.map(plainBar), groupedBars(instrument, interval, ordered));
        assert.ok(own.every(({ revision }) => revision === 0));
      }
    }),
  );
});

test('trades in any order within the grace make the same bars as in order, and nothing is revised', () => {
  fc.assert(
    fc.property(instruments, tradeLists, (instrument, list) => {
      const series = openBarSeries(seriesOptions({ instrument, graceNs: 2n * BAR_INTERVALS_NS['1d'] }));
      const bars = barsFrom(series, list);
      for (const interval of INTERVALS) {
        const own = bars.filter((bar) => bar.interval === interval);
        assert.deepEqual(own.map(plainBar), groupedBars(instrument, interval, list));
      }
    }),
  );
});

test('every longer bar is what its shorter ones come to', () => {
  const joined = (interval: BarInterval, assetClass: 'crypto' | 'us_equity', shorter: readonly Bar[]): Bar[] => {
    const groups = Map.groupBy(shorter, ({ startNs }) => barSpanOf(interval, assetClass, startNs).startNs);
    return Array.from(groups, ([startNs, bars]) => {
      const sorted = (texts: string[]) => texts.toSorted((a, b) => decimal(a).cmp(decimal(b)));
      return {
        interval,
        startNs,
        open: bars[0]?.open ?? '',
        high: sorted(bars.map(({ high }) => high)).at(-1) ?? '',
        low: sorted(bars.map(({ low }) => low))[0] ?? '',
        close: bars.at(-1)?.close ?? '',
        volume: decimalText(bars.reduce((sum, { volume }) => sum.plus(decimal(volume)), decimal('0'))),
        tradeCount: bars.reduce((sum, { tradeCount }) => sum + tradeCount, 0),
      };
    });
  };
  fc.assert(
    fc.property(instruments, tradeLists, (instrument, list) => {
      const bars = barsFrom(openBarSeries(seriesOptions({ instrument })), byTime(list));
      const of = (interval: BarInterval) => bars.filter((bar) => bar.interval === interval).map(plainBar);
      for (const [index, shorter] of INTERVALS.slice(0, -1).entries()) {
        const longer = INTERVALS[index + 1] ?? shorter;
        assert.deepEqual(of(longer), joined(longer, instrument.assetClass, of(shorter)));
      }
    }),
  );
});

test('without revisions late trades are told and left out: the bars are of those that were in time', () => {
  fc.assert(
    fc.property(tradeLists, fc.constantFrom<BarInterval>('1s', '1m', '1h'), (list, interval) => {
      const series = openBarSeries(seriesOptions({ intervals: [interval] }));
      const out: ClosedBar[] = [];
      const inTime: BarTrade[] = [];
      let nowNs = 0n;
      for (const trade of list) {
        if (trade.tsNs > nowNs) nowNs = trade.tsNs;
        advanceBarSeries(series, trade.tsNs, out);
        const isLate = barSpanOf(interval, 'crypto', trade.tsNs).endNs <= nowNs;
        assert.equal(addBarTrade(series, trade, out), isLate ? 'late' : 'taken');
        if (!isLate) inTime.push(trade);
      }
      advanceBarSeries(series, THE_END_NS, out);
      assert.deepEqual(out.map(plainBar), groupedBars(COIN, interval, inTime));
    }),
  );
});

test('bars come in the order of their ends, shorter before longer, and none before its end and the grace', () => {
  fc.assert(
    fc.property(tradeLists, fc.bigInt({ min: 0n, max: 90n * S }), (list, graceNs) => {
      const series = openBarSeries(seriesOptions({ graceNs }));
      let last: ClosedBar | undefined;
      for (const trade of byTime(list)) {
        const out: ClosedBar[] = [];
        advanceBarSeries(series, trade.tsNs, out);
        for (const bar of out) {
          assert.ok(bar.endNs + graceNs <= trade.tsNs);
          if (last !== undefined && last.endNs === bar.endNs) {
            assert.ok(INTERVALS.indexOf(last.interval) < INTERVALS.indexOf(bar.interval));
          }
          assert.ok(last === undefined || last.endNs <= bar.endNs);
          last = bar;
        }
        addBarTrade(series, trade, out);
      }
    }),
  );
});

function seriesOf(over: Parameters<typeof seriesOptions>[0]): { series: BarSeries; out: ClosedBar[] } {
  return { series: openBarSeries(seriesOptions(over)), out: [] };
}

test('a bar is closed by the clock at its end and its grace, not before, and once', () => {
  const { series, out } = seriesOf({ intervals: ['1s'], graceNs: 5n });
  addBarTrade(series, aTrade({ tsNs: S }), out);
  advanceBarSeries(series, 2n * S + 4n, out);
  assert.equal(out.length, 0);
  assert.equal(series.nextCloseNs, 2n * S + 5n);
  advanceBarSeries(series, 2n * S + 5n, out);
  assert.deepEqual(
    out.map(({ startNs, endNs }) => [startNs, endNs]),
    [[S, 2n * S]],
  );
  advanceBarSeries(series, 9n * S, out);
  assert.equal(out.length, 1);
});

test('within the grace a trade of the ended bar and one of the next both find their place', () => {
  const { series, out } = seriesOf({ intervals: ['1s'], graceNs: S });
  addBarTrade(series, aTrade({ tsNs: S, px: 10 }), out);
  advanceBarSeries(series, 2n * S, out);
  addBarTrade(series, aTrade({ tsNs: 2n * S, px: 20 }), out);
  assert.equal(addBarTrade(series, aTrade({ tsNs: 2n * S - 1n, px: 11 }), out), 'taken');
  advanceBarSeries(series, 4n * S, out);
  assert.deepEqual(
    out.map(({ open, close, tradeCount }) => [open, close, tradeCount]),
    [
      ['0.1', '0.11', 2],
      ['0.2', '0.2', 1],
    ],
  );
});

test('a market time that goes back changes nothing', () => {
  const { series, out } = seriesOf({ intervals: ['1s'] });
  addBarTrade(series, aTrade({ tsNs: S }), out);
  advanceBarSeries(series, 3n * S, out);
  advanceBarSeries(series, S, out);
  assert.equal(series.nowNs, 3n * S);
  assert.equal(addBarTrade(series, aTrade({ tsNs: 2n * S }), out), 'late');
});

test('negative durations and revisions that hold no trade are refused by name', () => {
  assert.throws(() => openBarSeries(seriesOptions({ graceNs: -1n })), /graceNs -1: allowed is 0 or more/);
  const revisions = { withinNs: M, heldTrades: 0 };
  assert.throws(() => openBarSeries(seriesOptions({ revisions })), /0 held trades: allowed is a whole number above 0/);
  assert.throws(
    () => openBarSeries(seriesOptions({ revisions: { withinNs: -2n, heldTrades: 1 } })),
    /withinNs -2: allowed is 0 or more/,
  );
});

test('of trades of one time the first to come opens and the last to come closes', () => {
  const trades = [7, 9, 5, 8].map((px) => aTrade({ tsNs: S, px }));
  assert.deepEqual(standing(barsFrom(openBarSeries(seriesOptions({ intervals: ['1s'] })), trades), '1s'), [
    {
      interval: '1s',
      startNs: S,
      open: '0.07',
      high: '0.09',
      low: '0.05',
      close: '0.08',
      volume: '0.00000004',
      tradeCount: 4,
    },
  ]);
});
