import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { BAR_INTERVALS_NS, type BarTrade, type ClosedBar, newYorkDay, openBarSeries, unitsOf } from '../src/index.ts';
import { aTrade, barsFrom, COIN, SHARE, seriesOptions } from './bar-trading.ts';
import { absent, readZippedRows } from './recorded-data.ts';

const MINUTE_NS = BAR_INTERVALS_NS['1m'];

const TICKS = 'equities/tick/ibm/20131007_trade.zip';
const MINUTES = 'equities/minute/ibm/20131007_trade.zip';

describe("IBM's trades of 2013-10-07 against the minute bars of their provider", {
  skip: absent(TICKS) || absent(MINUTES),
}, () => {
  const timeOf = newYorkDay('2013-10-07');
  const minuteOf = (startNs: bigint) => Number((startNs - timeOf(0)) / MINUTE_NS);

  interface ConditionedTrade extends BarTrade {
    readonly condition: string;
  }

  function load() {
    const ticks = readZippedRows(TICKS).map(([ms, price, size, , condition]): ConditionedTrade => {
      return {
        ...aTrade({ tsNs: timeOf(Number(ms)), px: Number(price), sz: Number(size) }),
        condition: condition ?? '',
      };
    });
    const recorded = readZippedRows(MINUTES).map(([ms, open, high, low, close, volume]) => ({
      minute: Number(ms) / 60_000,
      prices: [open, high, low, close].join(' '),
      volume,
    }));
    return { ticks, recorded };
  }

  /** Prices as the recording has them: whole numbers of a hundredth of a cent. */
  const minuteBars = (trades: readonly BarTrade[]) =>
    barsFrom(openBarSeries(seriesOptions({ instrument: { ...SHARE, priceDecimals: 0 }, intervals: ['1m'] })), trades);

  test('every trade makes the same minutes with the same volume, but for the auctions, which they put elsewhere', () => {
    const { ticks, recorded } = load();
    const bars = minuteBars(ticks);
    assert.equal(ticks.length, 24_293);
    assert.deepEqual(
      bars.map(({ startNs }) => minuteOf(startNs)),
      recorded.map(({ minute }) => minute),
    );
    const different = recorded.filter(({ volume }, i) => bars[i]?.volume !== volume).map(({ minute }) => minute);
    const at = (hour: number, minute: number) => hour * 60 + minute;
    assert.deepEqual(different, [at(9, 30), at(15, 59), at(16, 0), at(16, 1)]);
  });

  /** Condition 1 where a minute has it, else every trade: what the provider takes prices from. */
  function pricingBars(ticks: readonly ConditionedTrade[]): { regular: ClosedBar[]; extended: ClosedBar[] } {
    const regularTicks = ticks.filter(({ condition }) => condition === '1');
    const minutes = new Set(regularTicks.map(({ tsNs }) => tsNs / MINUTE_NS));
    const extendedTicks = ticks.filter(({ tsNs }) => !minutes.has(tsNs / MINUTE_NS));
    return { regular: minuteBars(regularTicks), extended: minuteBars(extendedTicks) };
  }

  test('trades of condition 1 make their prices in 387 of the 390 minutes that have any', () => {
    const { ticks, recorded } = load();
    const { regular } = pricingBars(ticks);
    assert.equal(regular.length, 390);
    assert.deepEqual(differences(regular, recorded), [
      // Theirs open with the auction, have a low from a trade of condition 4800, close with the official price.
      '9:30 ours 1818500 1822400 1818500 1821500 theirs 1820000 1822400 1818500 1821500',
      '14:45 ours 1823500 1824100 1823500 1824100 theirs 1823500 1824100 1823400 1824100',
      '15:59 ours 1821400 1821500 1820000 1820000 theirs 1821400 1821500 1820000 1820100',
    ]);
  });

  test('every trade makes their prices in 62 of the 63 other minutes, before the open and after the close', () => {
    const { ticks, recorded } = load();
    const { extended } = pricingBars(ticks);
    assert.equal(extended.length, 63);
    assert.deepEqual(differences(extended, recorded), [
      // Theirs leave out an odd lot.
      '16:00 ours 1820200 1820700 1820200 1820700 theirs 1820700 1820700 1820700 1820700',
    ]);
  });

  function differences(bars: readonly ClosedBar[], recorded: ReturnType<typeof load>['recorded']): string[] {
    const theirs = new Map(recorded.map(({ minute, prices }) => [minute, prices]));
    return bars.flatMap((bar) => {
      const minute = minuteOf(bar.startNs);
      const ours = [bar.open, bar.high, bar.low, bar.close].join(' ');
      if (theirs.get(minute) === ours) return [];
      return [
        `${Math.floor(minute / 60)}:${String(minute % 60).padStart(2, '0')} ours ${ours} theirs ${theirs.get(minute)}`,
      ];
    });
  }
});

const COIN_SECONDS = 'crypto-bars/coinbase/second/btcusd/20161007_trade.zip';
const COIN_MINUTES = 'crypto-bars/coinbase/minute/btcusd/20161007_trade.zip';

describe("Coinbase's second bars of 2016-10-07 against its minute bars", {
  skip: absent(COIN_SECONDS) || absent(COIN_MINUTES),
}, () => {
  const dayNs = BigInt(Date.UTC(2016, 9, 7)) * 1_000_000n;

  /** A second as four trades at its open, high, low and close, the first of which has all of the size. */
  function tradesOf([ms, open, high, low, close, volume]: readonly string[]): BarTrade[] {
    const tsNs = dayNs + BigInt(ms ?? '') * 1_000_000n;
    return [open, high, low, close].map((price, index) => {
      const sz = index === 0 ? unitsOf(volume ?? '', COIN.qtyDecimals) : 0;
      return aTrade({ tsNs: tsNs + BigInt(index), px: unitsOf(price ?? '', COIN.priceDecimals), sz });
    });
  }

  test('seconds make every minute exactly: 1,419 of 1,419', () => {
    const trades = readZippedRows(COIN_SECONDS).flatMap(tradesOf);
    const bars = barsFrom(openBarSeries(seriesOptions({ intervals: ['1m'] })), trades);
    const ours = bars.map(({ startNs, open, high, low, close, volume }) =>
      [(startNs - dayNs) / 1_000_000n, open, high, low, close, volume].join(','),
    );
    const theirs = readZippedRows(COIN_MINUTES).map(([ms, ...amounts]) =>
      [ms, ...amounts.map((amount) => String(Number(amount)))].join(','),
    );
    assert.equal(theirs.length, 1419);
    assert.deepEqual(ours, theirs);
  });
});
