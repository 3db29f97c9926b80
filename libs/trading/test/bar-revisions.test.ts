import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  addBarTrade,
  advanceBarSeries,
  BAR_INTERVALS_NS,
  type BarInterval,
  type BarOutcome,
  type BarSeries,
  type BarSeriesOptions,
  type BarTrade,
  type ClosedBar,
  cancelBarTrade,
  correctBarTrade,
  openBarSeries,
} from '../src/index.ts';
import { aTrade, COIN, groupedBars, SHARE, seriesOptions, standing, THE_END_NS, times } from './bar-trading.ts';
import './seed.ts';

const INTERVALS = Object.keys(BAR_INTERVALS_NS) as BarInterval[];
const S = BAR_INTERVALS_NS['1s'];
const M = BAR_INTERVALS_NS['1m'];
const LONG = 10n * BAR_INTERVALS_NS['1d'];

type Step =
  | { readonly kind: 'trade'; readonly tsNs: bigint; readonly px: number; readonly sz: number }
  | { readonly kind: 'cancel'; readonly pick: number }
  | { readonly kind: 'correct'; readonly pick: number; readonly px: number; readonly sz: number }
  | { readonly kind: 'clock'; readonly tsNs: bigint };

const px = fc.integer({ min: 1, max: 30 });
const sz = fc.oneof(fc.integer({ min: 1, max: 30 }), fc.constant(Number.MAX_SAFE_INTEGER));
const pick = fc.nat({ max: 100 });
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.record({ kind: fc.constant('trade' as const), tsNs: times, px, sz }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('cancel' as const), pick }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('correct' as const), pick, px, sz }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('clock' as const), tsNs: times }) },
  ),
  { maxLength: 60 },
);

interface Played {
  readonly out: readonly ClosedBar[];
  /** Trades as they stand in the end, in the order they came. */
  readonly trades: readonly BarTrade[];
  readonly outcomes: readonly BarOutcome[];
}

/** Plays the steps; what the series says it did not take, the trades of the result do not have either. */
function play(series: BarSeries, list: readonly Step[]): Played {
  const out: ClosedBar[] = [];
  const outcomes: BarOutcome[] = [];
  const trades: { id: string; trade: BarTrade | undefined; isIn: boolean }[] = [];
  const isDone = (outcome: BarOutcome): boolean => {
    outcomes.push(outcome);
    return outcome === 'taken' || outcome === 'revised';
  };
  for (const [index, step] of list.entries()) {
    if (step.kind === 'clock') {
      advanceBarSeries(series, step.tsNs, out);
    } else if (step.kind === 'trade') {
      const trade = aTrade({ tradeId: `${index}`, tsNs: step.tsNs, px: step.px, sz: step.sz });
      trades.push({ id: trade.tradeId, trade, isIn: isDone(addBarTrade(series, trade, out)) });
    } else {
      const entry = trades[step.pick % Math.max(1, trades.length)];
      if (entry?.trade === undefined) continue;
      const { id: tradeId } = entry;
      if (step.kind === 'cancel') {
        if (isDone(cancelBarTrade(series, tradeId, out))) entry.trade = undefined;
      } else {
        const corrected = { tradeId: `${tradeId}c`, px: step.px, sz: step.sz, conditions: [] };
        const outcome = correctBarTrade(series, { tradeId, corrected }, out);
        if (isDone(outcome)) entry.trade = { ...entry.trade, ...corrected };
        // A late correction has changed what is held, though no bar.
        if (outcome !== 'not-held') entry.id = corrected.tradeId;
      }
    }
  }
  advanceBarSeries(series, THE_END_NS, out);
  const standingTrades = trades.flatMap(({ trade, isIn }) => (trade !== undefined && isIn ? [trade] : []));
  return { out, trades: standingTrades, outcomes };
}

function assertNumbered(out: readonly ClosedBar[]): void {
  const last = new Map<string, ClosedBar>();
  for (const bar of out) {
    const key = `${bar.interval} ${bar.startNs}`;
    const before = last.get(key);
    assert.equal(bar.revision, before === undefined ? 0 : before.revision + 1);
    if (before !== undefined) assert.notDeepEqual({ ...bar, revision: 0 }, { ...before, revision: 0 });
    last.set(key, bar);
  }
}

test('whatever comes late, is corrected or cancelled, the bars that stand are those of the trades that stand', () => {
  let revised = 0;
  fc.assert(
    fc.property(fc.constantFrom(COIN, SHARE), steps, (instrument, list) => {
      const options = seriesOptions({ instrument, revisions: { withinNs: LONG, heldTrades: 100 } });
      const { out, trades, outcomes } = play(openBarSeries(options), list);
      revised += outcomes.filter((outcome) => outcome === 'revised').length;
      assertNumbered(out);
      for (const interval of INTERVALS) {
        assert.deepEqual(standing(out, interval), groupedBars(instrument, interval, trades));
      }
    }),
  );
  assert.ok(revised > 0);
});

test('with few trades held and a short time to revise, what is not applied is told and nothing else changes', () => {
  const seen = new Set<BarOutcome>();
  const limits = fc.record({
    withinNs: fc.constantFrom(0n, S, M, 20n * M),
    heldTrades: fc.integer({ min: 1, max: 6 }),
  });
  fc.assert(
    fc.property(fc.constantFrom(...INTERVALS), limits, steps, (interval, revisions, list) => {
      const { out, trades, outcomes } = play(openBarSeries(seriesOptions({ intervals: [interval], revisions })), list);
      for (const outcome of outcomes) seen.add(outcome);
      assertNumbered(out);
      assert.deepEqual(standing(out, interval), groupedBars(COIN, interval, trades));
    }),
    { numRuns: 400 },
  );
  assert.deepEqual([...seen].sort(), ['late', 'not-held', 'revised', 'taken']);
});

function seriesOf(over: Partial<BarSeriesOptions>): { series: BarSeries; out: ClosedBar[] } {
  const revisions = { withinNs: M, heldTrades: 10 };
  return { series: openBarSeries(seriesOptions({ intervals: ['1s'], revisions, ...over })), out: [] };
}

test('a late trade publishes its bar again with the next revision, and beyond the time for it is late', () => {
  const { series, out } = seriesOf({});
  addBarTrade(series, aTrade({ tsNs: S, px: 10 }), out);
  advanceBarSeries(series, 2n * S, out);
  assert.equal(addBarTrade(series, aTrade({ tsNs: S + 1n, px: 30 }), out), 'revised');
  assert.deepEqual(
    out.map(({ revision, high, close }) => [revision, high, close]),
    [
      [0, '0.1', '0.1'],
      [1, '0.3', '0.3'],
    ],
  );
  advanceBarSeries(series, 2n * S + M, out);
  assert.equal(addBarTrade(series, aTrade({ tsNs: S + 2n, px: 40 }), out), 'late');
  assert.equal(out.length, 2);
});

test('a trade for a closed interval that had none publishes its bar late', () => {
  const { series, out } = seriesOf({});
  advanceBarSeries(series, 5n * S, out);
  assert.equal(addBarTrade(series, aTrade({ tsNs: S }), out), 'revised');
  assert.deepEqual(
    out.map(({ startNs, revision }) => [startNs, revision]),
    [[S, 0]],
  );
});

test('a bar whose only trade is cancelled is withdrawn once, and a late trade brings it back', () => {
  const { series, out } = seriesOf({});
  addBarTrade(series, aTrade({ tradeId: 'a', tsNs: S, px: 10, sz: 5 }), out);
  advanceBarSeries(series, 2n * S, out);
  assert.equal(cancelBarTrade(series, 'a', out), 'revised');
  assert.equal(cancelBarTrade(series, 'a', out), 'not-held');
  assert.equal(addBarTrade(series, aTrade({ tsNs: S, px: 20, sz: 1 }), out), 'revised');
  assert.deepEqual(
    out.map(({ revision, isWithdrawn, close, tradeCount }) => [revision, isWithdrawn, close, tradeCount]),
    [
      [0, false, '0.1', 1],
      [1, true, '0.1', 0],
      [2, false, '0.2', 1],
    ],
  );
});

test('a correction keeps the place of the original among trades of its time', () => {
  const { series, out } = seriesOf({});
  for (const tradeId of ['a', 'b', 'c']) addBarTrade(series, aTrade({ tradeId, tsNs: S, px: 10 }), out);
  const corrected = { tradeId: 'a2', px: 99, sz: 1, conditions: [] };
  assert.equal(correctBarTrade(series, { tradeId: 'a', corrected }, out), 'taken');
  advanceBarSeries(series, 2n * S, out);
  assert.deepEqual(
    out.map(({ open, high, close }) => [open, high, close]),
    [['0.99', '0.99', '0.1']],
  );
});

test('a bar made again has its trades of one time in the order they came, also when older ones have made room', () => {
  const { series, out } = seriesOf({ revisions: { withinNs: M, heldTrades: 4 } });
  for (const tradeId of ['x', 'y']) addBarTrade(series, aTrade({ tradeId, tsNs: S }), out);
  const prices = { a: 10, b: 20, c: 30, d: 40 };
  for (const [tradeId, px] of Object.entries(prices)) addBarTrade(series, aTrade({ tradeId, tsNs: M, px }), out);
  assert.equal(cancelBarTrade(series, 'b', out), 'taken');
  advanceBarSeries(series, M + S, out);
  const bar = out.at(-1);
  assert.deepEqual([bar?.open, bar?.close, bar?.tradeCount], ['0.1', '0.4', 3]);
});

test('what changes nothing in a bar does not publish it again', () => {
  const { series, out } = seriesOf({ instrument: SHARE, conditions: 'alpaca' });
  const trade = aTrade({ tradeId: 'a', tsNs: S, conditions: [' '], tape: 'A' });
  addBarTrade(series, trade, out);
  advanceBarSeries(series, 2n * S, out);
  const corrected = { tradeId: 'a2', px: trade.px, sz: trade.sz, conditions: ['F'] };
  assert.equal(correctBarTrade(series, { tradeId: 'a', corrected }, out), 'revised');
  assert.equal(addBarTrade(series, { ...trade, tradeId: 'official close', conditions: ['M'] }, out), 'revised');
  assert.equal(out.length, 1);
});

test('a minute that is not held to its beginning is not made again', () => {
  const { series, out } = seriesOf({ revisions: { withinNs: M, heldTrades: 2 } });
  for (const tradeId of ['a', 'b', 'c']) addBarTrade(series, aTrade({ tradeId, tsNs: S }), out);
  assert.equal(cancelBarTrade(series, 'c', out), 'not-held');
  addBarTrade(series, aTrade({ tradeId: 'd', tsNs: M }), out);
  assert.equal(cancelBarTrade(series, 'd', out), 'taken');
});

test('without revisions a cancel is told as not held', () => {
  const { series, out } = seriesOf({ revisions: null });
  addBarTrade(series, aTrade({ tradeId: 'a', tsNs: S }), out);
  assert.equal(cancelBarTrade(series, 'a', out), 'not-held');
});

test('what is kept does not grow with the length of a stream', () => {
  const { series, out } = seriesOf({ intervals: INTERVALS, revisions: { withinNs: 10n * M, heldTrades: 50 } });
  for (let second = 0n; second < 3n * 86_400n; second += 5n) {
    advanceBarSeries(series, second * S, out);
    addBarTrade(series, aTrade({ tsNs: second * S }), out);
    out.length = 0;
  }
  const kept = Object.fromEntries(series.levels.map(({ name, closed, open }) => [name, closed.count + open.length]));
  assert.deepEqual(kept, { base: 25 * 60 + 11, '1s': 121, '1m': 11, '5m': 3, '15m': 1, '1h': 1, '1d': 1 });
  assert.equal(series.held?.ids.length, 50);
  // Thirteen numbers a bar, and room for half as many again at most.
  for (const { name, closed } of series.levels) {
    const room = closed.numbers.length / 13;
    assert.ok(room <= Math.max(8, 1.5 * closed.count), `${name} has room for ${room}, and ${closed.count} in it`);
  }
});
