import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  addBarTrade,
  BAR_CONDITIONS,
  BAR_INTERVALS_NS,
  type BarInterval,
  type BarTrade,
  barRuleOf,
  barSpanOf,
  type ClosedBar,
  isBarInterval,
  nsOfNewYork,
  openBarSeries,
} from '../src/index.ts';
import { aTrade, barsFrom, COIN, SHARE, seriesOptions } from './bar-trading.ts';
import './seed.ts';

const HOUR = BAR_INTERVALS_NS['1h'];

test('only the intervals of the table are intervals', () => {
  assert.deepEqual(['1s', '1m', '5m', '15m', '1h', '1d', '2m', 'toString', ''].map(isBarInterval), [
    true,
    true,
    true,
    true,
    true,
    true,
    false,
    false,
    false,
  ]);
});

test('a day of equities is New York’s, also when its clocks change; a day of crypto is UTC’s', () => {
  const hours = (assetClass: 'crypto' | 'us_equity', tsNs: bigint) => {
    const { startNs, endNs } = barSpanOf('1d', assetClass, tsNs);
    return [
      startNs === nsOfNewYork('2024-03-10', 0) || startNs === nsOfNewYork('2024-11-03', 0),
      (endNs - startNs) / HOUR,
    ];
  };
  assert.deepEqual(hours('us_equity', nsOfNewYork('2024-03-10', 12)), [true, 23n]);
  assert.deepEqual(hours('us_equity', nsOfNewYork('2024-11-03', 12)), [true, 25n]);
  const span = barSpanOf('1d', 'crypto', nsOfNewYork('2024-03-10', 23));
  assert.deepEqual(span, {
    startNs: BigInt(Date.UTC(2024, 2, 11)) * 1_000_000n,
    endNs: BigInt(Date.UTC(2024, 2, 12)) * 1_000_000n,
  });
});

test('spans of every interval hold their time and lie end to end', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...(Object.keys(BAR_INTERVALS_NS) as BarInterval[])),
      fc.constantFrom('crypto' as const, 'us_equity' as const),
      fc.bigInt({ min: -(10n ** 18n), max: 4n * 10n ** 18n }),
      (interval, assetClass, tsNs) => {
        const { startNs, endNs } = barSpanOf(interval, assetClass, tsNs);
        assert.ok(startNs <= tsNs && tsNs < endNs);
        assert.equal(barSpanOf(interval, assetClass, endNs).startNs, endNs);
        assert.equal(barSpanOf(interval, assetClass, startNs - 1n).endNs, startNs);
      },
    ),
  );
});

const at = (date: string, hour: number, minute = 0) => nsOfNewYork(date, hour, minute);

test('in the regular session only its trades count, and the day ends with it', () => {
  const options = seriesOptions({ instrument: SHARE, session: 'regular', intervals: ['1h', '1d'] });
  const series = openBarSeries(options);
  const out: ClosedBar[] = [];
  const outcomes = [
    at('2024-07-02', 9, 29),
    at('2024-07-02', 9, 30),
    at('2024-07-02', 15, 59),
    at('2024-07-02', 16),
    // An early close, a holiday, a Saturday.
    at('2024-07-03', 12, 59),
    at('2024-07-03', 13),
    at('2024-07-04', 12),
    at('2024-07-06', 12),
  ].map((tsNs) => addBarTrade(series, aTrade({ tsNs }), out));
  const [no, yes] = ['outside-session', 'taken'];
  assert.deepEqual(outcomes, [no, yes, yes, no, yes, no, no, no]);
  const bars = barsFrom(series, []);
  assert.deepEqual(
    bars.map(({ interval, startNs, endNs }) => [interval, startNs, endNs]),
    [
      ['1h', at('2024-07-02', 9), at('2024-07-02', 10)],
      ['1h', at('2024-07-02', 15), at('2024-07-02', 16)],
      ['1d', at('2024-07-02', 0), at('2024-07-02', 16)],
      ['1h', at('2024-07-03', 12), at('2024-07-03', 13)],
      ['1d', at('2024-07-03', 0), at('2024-07-03', 13)],
    ],
  );
});

test('crypto trades around the clock, whatever the session', () => {
  const series = openBarSeries(seriesOptions({ instrument: COIN, session: 'regular' }));
  assert.equal(addBarTrade(series, aTrade({ tsNs: at('2024-07-06', 3) }), []), 'taken');
});

/** The rules as the table's source says them: trade after trade, in time. */
function byTheRules(period: 'minute' | 'daily', trades: readonly BarTrade[]) {
  let [open, close, high, low, volume, tradeCount] = [0, 0, 0, 0, 0, 0];
  for (const { px, sz, conditions, tape } of trades) {
    const rule = barRuleOf(period, conditions, tape);
    const hasPrice = open > 0;
    if (rule.openClose === 'always' || (rule.openClose === 'first' && !hasPrice)) {
      if (!hasPrice) open = px;
      close = px;
    }
    if (rule.highLow) {
      high = Math.max(high, px);
      low = low === 0 ? px : Math.min(low, px);
    }
    if (rule.volume) {
      volume += sz;
      tradeCount += 1;
    }
  }
  return open === 0 ? undefined : [open, high, low, close, volume, tradeCount].join(' ');
}

const codes = [...new Set(BAR_CONDITIONS.flatMap(({ conditions }) => [...conditions]))];
const conditioned = fc.array(
  fc.record({
    px: fc.integer({ min: 1, max: 50 }),
    sz: fc.integer({ min: 1, max: 50 }),
    conditions: fc.array(fc.constantFrom(...codes), { maxLength: 2 }),
    tape: fc.constantFrom('A', 'B', 'C', 'O'),
  }),
  { maxLength: 12 },
);

test('sale conditions decide by the minute’s rules and by the day’s, in whichever order the trades come', () => {
  const dayNs = at('2024-07-02', 10);
  const instrument = { ...SHARE, priceDecimals: 0 };
  fc.assert(
    fc.property(conditioned, fc.boolean(), (list, isReversed) => {
      const trades = list.map((trade, index) => aTrade({ ...trade, tsNs: dayNs + BigInt(index) }));
      const series = openBarSeries(seriesOptions({ instrument, conditions: 'alpaca', intervals: ['1h', '1d'] }));
      const bars = new Map<string, string>();
      for (const { interval, open, high, low, close, volume, tradeCount } of barsFrom(
        series,
        isReversed ? trades.toReversed() : trades,
      )) {
        bars.set(interval, [open, high, low, close, volume, tradeCount].join(' '));
      }
      assert.equal(bars.get('1h'), byTheRules('minute', trades));
      assert.equal(bars.get('1d'), byTheRules('daily', trades));
    }),
    { numRuns: 500 },
  );
});

test('in the table, what moves open and close moves high and low, and the other way round', () => {
  for (const { openClose, highLow } of BAR_CONDITIONS) assert.equal(openClose !== 'never', highLow);
});
