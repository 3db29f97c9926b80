import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { BAR_INTERVALS_NS, type Bar, barBuilder } from '../src/index.ts';
import { barsOf } from './bar-making.ts';
import { absent, readZippedRows } from './recorded-data.ts';

const TICKS = 'equities/tick/ibm/20131007_trade.zip';
const MINUTES = 'equities/minute/ibm/20131007_trade.zip';

describe("IBM's trades of 2013-10-07 against the minute bars of their provider", {
  skip: absent(TICKS) || absent(MINUTES),
}, () => {
  const MINUTE_NS = BAR_INTERVALS_NS['1m'];
  const minuteOf = (startNs: bigint) => Number(startNs / MINUTE_NS);

  function load() {
    const ticks = readZippedRows(TICKS).map(([ms, price, size, , condition]) => ({
      tsNs: BigInt(ms ?? '') * 1_000_000n,
      price: price ?? '',
      size: size ?? '',
      condition: condition ?? '',
    }));
    const recorded = readZippedRows(MINUTES).map(([ms, open, high, low, close, volume]) => ({
      minute: Number(ms) / 60_000,
      prices: [open, high, low, close].join(' '),
      volume,
    }));
    return { ticks, recorded };
  }

  test('every trade makes the same minutes with the same volume, but for the auctions, which they put elsewhere', () => {
    const { ticks, recorded } = load();
    const bars = barsOf(barBuilder('1m'), ticks);
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
  function pricingBars(ticks: ReturnType<typeof load>['ticks']): { regular: Bar[]; extended: Bar[] } {
    const regularTicks = ticks.filter(({ condition }) => condition === '1');
    const minutes = new Set(regularTicks.map(({ tsNs }) => tsNs / MINUTE_NS));
    const extendedTicks = ticks.filter(({ tsNs }) => !minutes.has(tsNs / MINUTE_NS));
    return { regular: barsOf(barBuilder('1m'), regularTicks), extended: barsOf(barBuilder('1m'), extendedTicks) };
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

  function differences(bars: readonly Bar[], recorded: ReturnType<typeof load>['recorded']): string[] {
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
