import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type BarPeriod, barRuleOf, decimal, decimalText, divide } from '@tickpath/trading';
import fc from 'fast-check';
import { createBars } from '../../src/core/market/bars.ts';
import type { MarketBar, MarketCancelError, MarketCorrection, MarketTrade } from '../../src/core/market/event.ts';
import { at, IBM, only, px, sz, trade } from './stream-builders.ts';
import '../seed.ts';

const MINUTE_NS = 60_000_000_000n;

function shown({ kind, tsNs, instrument: _, ...bar }: MarketBar) {
  return { kind, at: new Date(Number(tsNs / 1_000_000n)).toISOString().slice(11, 16), ...bar };
}

function cancelOf(one: MarketTrade, tsNs: bigint): MarketCancelError {
  const { instrument, id, exchange, px: price, sz: size, tape } = one;
  return {
    ...{ kind: 'cancelError', instrument, tsNs, id, exchange, px: price, sz: size, tape },
    ...{ action: 'C', originalNs: one.tsNs },
  };
}

function correctionOf(one: MarketTrade, price: string, tsNs: bigint): MarketCorrection {
  const { instrument, id, exchange, tape, conditions } = one;
  const original = { id, px: one.px, sz: one.sz, conditions };
  const corrected = { ...original, id: id + 1000, px: px(price) };
  return { kind: 'correction', instrument, tsNs, exchange, tape, original, corrected, originalNs: one.tsNs };
}

test('a minute closes by the clock, with the day so far behind it', () => {
  const bars = createBars();
  assert.deepEqual(bars.add(trade({ id: 1, px: px('180.5'), tsNs: at('09:30:10') })), []);
  assert.deepEqual(bars.add(trade({ id: 2, px: px('181'), sz: sz('300'), tsNs: at('09:30:59') })), []);
  assert.deepEqual(bars.advance(at('09:30:59')), []);
  const figures = {
    open: px('180.5'),
    high: px('181'),
    low: px('180.5'),
    close: px('181'),
    volume: BigInt(sz('400')),
    tradeCount: 2,
    vwap: '180.875',
  };
  assert.deepEqual(bars.advance(at('09:31:00')).map(shown), [
    { kind: 'bar', at: '13:30', ...figures },
    { kind: 'dailyBar', at: '04:00', ...figures },
  ]);
  assert.deepEqual(bars.advance(at('09:32:00')), []);
});

test('the first trade of the next minute brings the bar that was due before it', () => {
  const bars = createBars();
  bars.add(trade({ id: 1, tsNs: at('09:30:10') }));
  const due = bars.add(trade({ id: 2, tsNs: at('09:31:00') }));
  assert.deepEqual(
    due.map((bar) => bar.kind),
    ['bar', 'dailyBar'],
  );
});

test('a late trade, a correction and a cancel are shown half a minute after the minute', () => {
  const bars = createBars();
  const [first, second, third] = ['180', '185', '182'].map((price, index) =>
    trade({ id: index + 1, px: px(price), tsNs: at(`09:30:1${index}`) }),
  ) as [MarketTrade, MarketTrade, MarketTrade];
  for (const one of [first, second, third]) bars.add(one);
  bars.advance(at('09:31:00'));
  bars.add(cancelOf(second, at('09:31:05')));
  bars.add(correctionOf(first, '179', at('09:31:06')));
  assert.deepEqual(bars.add(trade({ id: 9, px: px('183'), tsNs: at('09:30:59') })), []);
  assert.deepEqual(bars.advance(at('09:31:29')), []);
  const [revised, ...more] = bars.advance(at('09:31:30'));
  assert.ok(revised);
  assert.deepEqual(more, []);
  assert.deepEqual(
    [revised.kind, revised.tsNs, revised.open, revised.high, revised.low, revised.close, revised.tradeCount],
    ['updatedBar', at('09:30:00'), px('179'), px('183'), px('179'), px('183'), 3],
  );
  const [day] = only(bars.advance(at('09:32:00')), 'dailyBar');
  assert.deepEqual([day?.low, day?.high, day?.tradeCount], [px('179'), px('183'), 3]);
  assert.equal(bars.missedRevisions(), 0);
  bars.add(cancelOf(trade({ id: 77 }), at('09:32:01')));
  assert.equal(bars.missedRevisions(), 1);
});

test('a lone odd lot makes no bar; with a regular sale it brings volume and count', () => {
  const bars = createBars();
  const odd = trade({ id: 1, px: px('200'), sz: sz('7'), conditions: ['@', 'I'], tape: 'C', tsNs: at('09:30:10') });
  bars.add(odd);
  assert.deepEqual(bars.advance(at('09:31:00')), []);
  bars.add({ ...odd, id: 2, tsNs: at('09:31:10') });
  bars.add(trade({ id: 3, px: px('180'), tsNs: at('09:31:20') }));
  const [minute] = only(bars.advance(at('09:32:00')), 'bar');
  assert.deepEqual(
    [minute?.high, minute?.volume, minute?.tradeCount, minute?.vwap],
    [px('180'), BigInt(sz('107')), 2, '180'],
  );
});

test('what its source does not count as a sale, by flags that the rules do not know, moves no price', () => {
  const bars = createBars();
  bars.add(trade({ id: 1, px: px('180'), conditions: ['80000001'], tape: '', tsNs: at('09:30:10') }));
  const suspicious = { conditions: ['4'.repeat(8)], tape: '', isLastSale: false, tsNs: at('09:30:11') };
  bars.add(trade({ id: 2, px: px('999'), ...suspicious }));
  const [minute] = only(bars.advance(at('09:31:00')), 'bar');
  assert.deepEqual([minute?.high, minute?.tradeCount], [px('180'), 2]);
});

test("a day is New York's, and its last bar comes with the midnight that ends it", () => {
  const bars = createBars();
  bars.add(trade({ id: 1, tsNs: at('23:59:30') }));
  const due = bars.add(trade({ id: 2, px: px('190'), tsNs: at('23:59:30') + MINUTE_NS }));
  const [first] = only(due, 'dailyBar');
  assert.deepEqual([first?.tsNs, first?.close], [at('00:00:00'), px('180')]);
  const [second] = only(bars.advance(at('23:59:30') + 2n * MINUTE_NS), 'dailyBar');
  assert.deepEqual([second?.tsNs, second?.open], [at('00:00:00') + 24n * 60n * MINUTE_NS, px('190')]);
});

test('a day is right when its early minutes are no longer held, and a busy minute holds no more than it may', () => {
  const bars = createBars({ heldTrades: 50 });
  const count = 500;
  for (let id = 0; id < count; id += 1) {
    bars.add(trade({ id, px: px('180') + id, tsNs: at('09:30:00') + BigInt(id) * 20_000_000_000n }));
  }
  const lastNs = at('09:30:00') + BigInt(count) * 20_000_000_000n;
  const days = only(bars.advance(lastNs + MINUTE_NS), 'dailyBar');
  const day = days.at(-1);
  assert.deepEqual(
    [day?.open, day?.high, day?.low, day?.close, day?.tradeCount],
    [px('180'), px('180') + count - 1, px('180'), px('180') + count - 1, count],
  );
});

interface Print {
  readonly seconds: number;
  readonly price: number;
  readonly size: number;
  readonly conditions: string[];
}

/** The bar of these trades by the rules, worked out in another way: field by field over the whole list. */
function expectedBar(trades: readonly MarketTrade[], period: BarPeriod) {
  const ruled = [...trades]
    .sort((a, b) => (a.tsNs < b.tsNs ? -1 : a.tsNs > b.tsNs ? 1 : 0))
    .map((one) => ({ one, rule: barRuleOf(period, one.conditions, one.tape) }));
  const priced = ruled.filter(({ rule }) => rule.openClose !== 'never');
  const closing = ruled.filter(({ rule }) => rule.openClose === 'always');
  const ranged = ruled.filter(({ rule }) => rule.highLow).map(({ one }) => one.px);
  const counted = ruled.filter(({ rule }) => rule.volume);
  const weighted = counted.filter(({ rule }) => rule.highLow);
  const volume = counted.reduce((sum, { one }) => sum + BigInt(one.sz), 0n);
  if (priced.length === 0 || ranged.length === 0 || volume === 0n) return null;
  const notional = weighted.reduce((sum, { one }) => sum.plus(decimal(String(one.px)).times(one.sz)), decimal('0'));
  const weight = weighted.reduce((sum, { one }) => sum.plus(one.sz), decimal('0'));
  const vwap = weight.isZero() ? weight : divide(notional, weight.times(1_000_000), 6);
  return {
    open: priced[0]?.one.px,
    high: Math.max(...ranged),
    low: Math.min(...ranged),
    close: (closing.at(-1) ?? priced[0])?.one.px,
    volume,
    tradeCount: counted.length,
    vwap: decimalText(vwap),
  };
}

test('minutes and days are what the rules say, whatever the order of arrival, with corrections and cancels', () => {
  const print = fc.record<Print>({
    seconds: fc.integer({ min: 0, max: 299 }),
    price: fc.integer({ min: 1, max: 20_000_000 }),
    size: fc.integer({ min: 1, max: 1000 }),
    conditions: fc.subarray(['@', 'T', 'I', 'Z', '4', '9', 'P', 'M', 'U'], { maxLength: 2 }),
  });
  const change = fc.record({ of: fc.nat(), price: fc.option(fc.integer({ min: 1, max: 20_000_000 })) });
  fc.assert(
    fc.property(
      fc.array(print, { minLength: 1, maxLength: 40 }),
      fc.array(change, { maxLength: 8 }),
      (prints, changes) => {
        const bars = createBars();
        const trades: MarketTrade[] = [];
        const all: MarketBar[] = [];
        bars.advance(at('09:00:00'));
        for (const [id, { seconds, price, size, conditions }] of prints.entries()) {
          const tsNs = at('09:30:00') + BigInt(seconds) * 1_000_000_000n;
          const one = trade({ id, px: price, sz: sz(String(size)), conditions, tape: 'C', tsNs });
          trades.push(one);
          all.push(...bars.add(one));
        }
        for (const { of, price } of changes) {
          const place = of % Math.max(1, trades.length);
          const one = trades[place];
          if (one === undefined) continue;
          if (price === null) {
            trades.splice(place, 1);
            all.push(...bars.add(cancelOf(one, at('09:36:00'))));
          } else {
            const correction = { ...correctionOf(one, '1', at('09:36:00')) };
            const corrected = { ...correction.corrected, px: price };
            trades[place] = { ...one, id: corrected.id, px: price };
            all.push(...bars.add({ ...correction, corrected }));
          }
        }
        all.push(...bars.advance(at('09:37:30')));
        assert.equal(bars.missedRevisions(), 0);
        for (let minute = 0; minute < 5; minute += 1) {
          const startNs = at('09:30:00') + BigInt(minute) * MINUTE_NS;
          const own = trades.filter(({ tsNs }) => tsNs >= startNs && tsNs < startNs + MINUTE_NS);
          const last = all.findLast(({ kind, tsNs }) => kind !== 'dailyBar' && tsNs === startNs);
          const expected = expectedBar(own, 'minute');
          if (expected !== null)
            assert.deepEqual(last, { kind: last?.kind, instrument: IBM, tsNs: startNs, ...expected });
        }
        const expected = expectedBar(trades, 'daily');
        const day = only(all, 'dailyBar').at(-1);
        if (expected !== null)
          assert.deepEqual(day, { kind: 'dailyBar', instrument: IBM, tsNs: at('00:00:00'), ...expected });
      },
    ),
  );
});

test('a new run begins with nothing', () => {
  const bars = createBars();
  bars.add(trade({ tsNs: at('09:30:10') }));
  bars.clear();
  assert.deepEqual(bars.advance(at('09:31:00')), []);
  assert.deepEqual(bars.advance(at('09:32:00')), []);
});
