import fc from 'fast-check';
import {
  addBarTrade,
  advanceBarSeries,
  type Bar,
  type BarInterval,
  type BarSeries,
  type BarSeriesOptions,
  type BarTrade,
  barSpanOf,
  type ClosedBar,
  type Instrument,
} from '../src/index.ts';
import { plain } from './fixed-point.ts';

export const COIN: Instrument = { symbol: 'BTC/USD', assetClass: 'crypto', priceDecimals: 2, qtyDecimals: 8 };
export const SHARE: Instrument = { symbol: 'IBM', assetClass: 'us_equity', priceDecimals: 4, qtyDecimals: 0 };

/** Far beyond every trade of a test. */
export const THE_END_NS = 2n ** 62n;

export function seriesOptions(over: Partial<BarSeriesOptions> = {}): BarSeriesOptions {
  return {
    instrument: COIN,
    intervals: ['1s', '1m', '5m', '15m', '1h', '1d'],
    graceNs: 0n,
    session: 'all',
    conditions: 'none',
    revisions: null,
    ...over,
  };
}

export function aTrade(over: Partial<BarTrade> & Pick<BarTrade, 'tsNs'>): BarTrade {
  return { tradeId: '', px: 100, sz: 1, conditions: [], tape: '', ...over };
}

/** Tells the market's time with every trade, as a feed does, and ends every bar by the clock. */
export function barsFrom(series: BarSeries, trades: Iterable<BarTrade>): ClosedBar[] {
  const out: ClosedBar[] = [];
  for (const trade of trades) {
    advanceBarSeries(series, trade.tsNs, out);
    addBarTrade(series, trade, out);
  }
  advanceBarSeries(series, THE_END_NS, out);
  return out;
}

/** What a bar is, said by grouping: first, highest, lowest and last price by time, sum of sizes, number of trades. */
export function groupedBars(instrument: Instrument, interval: BarInterval, trades: readonly BarTrade[]): Bar[] {
  const { assetClass, priceDecimals, qtyDecimals } = instrument;
  // The sort is stable: of the same time, first come, first served.
  const byTime = trades.toSorted((a, b) => (a.tsNs < b.tsNs ? -1 : a.tsNs > b.tsNs ? 1 : 0));
  const groups = Map.groupBy(byTime, ({ tsNs }) => barSpanOf(interval, assetClass, tsNs).startNs);
  return Array.from(groups, ([startNs, group]) => {
    const prices = group.map(({ px }) => px);
    const text = (px: number | undefined) => plain(BigInt(px ?? 0), priceDecimals);
    return {
      interval,
      startNs,
      open: text(prices[0]),
      high: text(Math.max(...prices)),
      low: text(Math.min(...prices)),
      close: text(prices.at(-1)),
      volume: plain(
        group.reduce((sum, { sz }) => sum + BigInt(sz), 0n),
        qtyDecimals,
      ),
      tradeCount: group.length,
    };
  });
}

/** The newest version of every bar that stands, in the order of their starts, without what only publication adds. */
export function standing(bars: readonly ClosedBar[], interval: BarInterval): Bar[] {
  const newest = new Map<bigint, ClosedBar>();
  for (const bar of bars) if (bar.interval === interval) newest.set(bar.startNs, bar);
  return [...newest.values()]
    .filter(({ isWithdrawn }) => !isWithdrawn)
    .sort((a, b) => (a.startNs < b.startNs ? -1 : 1))
    .map(plainBar);
}

export function plainBar({ interval, startNs, open, high, low, close, volume, tradeCount }: Bar): Bar {
  return { interval, startNs, open, high, low, close, volume, tradeCount };
}

const SECOND_NS = 1_000_000_000n;
/** Around a midnight of both zones' days: 2024-03-10 is when New York's clocks go forward. */
const FROM_NS = 1_710_045_000n * SECOND_NS;

/** Times that fall into the same second, the same minute, and others. */
export const times: fc.Arbitrary<bigint> = fc
  .oneof(
    fc.bigInt({ min: 0n, max: 3n * SECOND_NS }),
    fc.bigInt({ min: 0n, max: 90n }).map((seconds) => seconds * SECOND_NS),
    fc.bigInt({ min: 0n, max: 30n * 3600n }).map((seconds) => seconds * SECOND_NS),
  )
  .map((ns) => FROM_NS + ns);

export const tradeLists: fc.Arbitrary<BarTrade[]> = fc
  .array(
    fc.record({
      tsNs: times,
      px: fc.oneof(fc.integer({ min: 1, max: 300 }), fc.constant(Number.MAX_SAFE_INTEGER)),
      sz: fc.oneof(fc.integer({ min: 1, max: 10 ** 9 }), fc.constant(Number.MAX_SAFE_INTEGER)),
    }),
    { maxLength: 60 },
  )
  .map((list) => list.map((trade, index) => aTrade({ ...trade, tradeId: `${index}` })));
