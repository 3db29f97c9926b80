import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import type { Bar } from '@tickpath/trading';
import fc from 'fast-check';
import { type MomentumOptions, momentum, type Target } from '../src/index.ts';
import './seed.ts';

const OPTIONS: MomentumOptions = { interval: '1m', fastBars: 2, slowBars: 4, qty: '10', allowShort: true };
const CONTEXT = { symbol: 'IBM', positionQty: '0' };

function barAt(index: number, close: string, interval: Bar['interval'] = '1m'): Bar {
  const startNs = BigInt(index) * 60_000_000_000n;
  return { interval, startNs, open: close, high: close, low: close, close, volume: '1', tradeCount: 1 };
}

/** What the strategy says of each close in turn. */
function targetsOf(options: MomentumOptions, closes: readonly string[]): (Target | undefined)[] {
  const instance = momentum(options).create('IBM');
  return closes.map((close, index) => instance.onBar?.(barAt(index, close), CONTEXT));
}

/** Mean of the last `bars` closes up to `index`, or undefined before there are as many. */
function naiveAverage(closes: readonly string[], index: number, bars: number): number | undefined {
  if (index + 1 < bars) return undefined;
  const window = closes.slice(index + 1 - bars, index + 1);
  return window.reduce((sum, close) => sum + Number(close), 0) / bars;
}

test('it decides as two naive averages say, from their values', () => {
  const cents = fc.integer({ min: 1, max: 400 }).map((n) => (n / 4).toFixed(2));
  const lengths = fc.tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 6 }));
  fc.assert(
    fc.property(fc.array(cents, { maxLength: 40 }), lengths, fc.boolean(), (closes, [fastBars, more], allowShort) => {
      const options = { ...OPTIONS, fastBars, slowBars: fastBars + more, allowShort };
      for (const [index, target] of targetsOf(options, closes).entries()) {
        const fast = naiveAverage(closes, index, fastBars);
        const slow = naiveAverage(closes, index, options.slowBars);
        if (fast === undefined || slow === undefined) {
          assert.equal(target, undefined, 'warm-up');
          continue;
        }
        // Whether nearly equal averages differ is a matter of rounding.
        if (Math.abs(fast - slow) < 1e-9) continue;
        const below = allowShort ? '-10' : '0';
        assert.equal(target?.targetQty, fast > slow ? '10' : below);
        assert.ok(Math.abs((target?.features.fast ?? 0) - fast) < 1e-9);
        assert.ok(Math.abs((target?.features.slow ?? 0) - slow) < 1e-9);
      }
    }),
  );
});

test('a falling trend is short, or flat where shorts are not allowed', () => {
  const falling = ['4', '3', '2', '1'];
  assert.equal(targetsOf(OPTIONS, falling).at(-1)?.targetQty, '-10');
  assert.equal(targetsOf({ ...OPTIONS, allowShort: false }, falling).at(-1)?.targetQty, '0');
});

test('equal averages leave the target as it is', () => {
  assert.deepEqual(targetsOf(OPTIONS, ['5', '5', '5', '5', '5']), [
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});

test('it decides with the bar that completes its warm-up and not before', () => {
  const targets = targetsOf(OPTIONS, ['1', '2', '3', '4']);
  assert.deepEqual(
    targets.map((target) => target?.targetQty),
    [undefined, undefined, undefined, '10'],
  );
  assert.deepEqual(momentum(OPTIONS).warmup, { interval: '1m', bars: 4 });
});

test('bars of other lengths and other symbols do not touch its averages', () => {
  const strategy = momentum(OPTIONS);
  const [one, other] = [strategy.create('IBM'), strategy.create('SPY')];
  const targets = ['1', '2', '3', '4'].map((close, index) => {
    assert.equal(one.onBar?.(barAt(index, '1000', '1s'), CONTEXT), undefined);
    other.onBar?.(barAt(index, '1000'), { ...CONTEXT, symbol: 'SPY' });
    return one.onBar?.(barAt(index, close), CONTEXT);
  });
  assert.deepEqual(targets.at(-1), { targetQty: '10', features: { fast: 3.5, slow: 2.5 } });
});

test('lengths in the wrong order are refused', () => {
  assert.throws(() => momentum({ ...OPTIONS, fastBars: 4 }), new RangeError('momentum: fastBars 4 >= slowBars 4'));
  assert.throws(() => momentum({ ...OPTIONS, fastBars: Number.NaN }), RangeError);
});

const RECORDED = new URL('../../../../shared/data/indicators/', import.meta.url);
const skip = existsSync(RECORDED) ? false : 'no recording ../shared/data/indicators';

describe('published averages of 20 bars', { skip }, () => {
  test('are those it decides from, to 1e-9, with the same warm-up', () => {
    const [, ...rows] = readFileSync(new URL('quotes/default.csv', RECORDED), 'utf8').trim().split(/\r?\n/);
    const closes = rows.map((row) => row.split(',')[4] ?? '');
    const published: { sma: number | null }[] = JSON.parse(
      readFileSync(new URL('results/sma.standard.json', RECORDED), 'utf8'),
    );
    assert.equal(closes.length, published.length);
    const averageOf = (average: 'fast' | 'slow', fastBars: number, slowBars: number) =>
      targetsOf({ ...OPTIONS, fastBars, slowBars }, closes).map((target) => target?.features[average] ?? null);
    const slow = averageOf('slow', 3, 20);
    const fast = averageOf('fast', 20, 21);
    published.forEach(({ sma }, index) => {
      const [ours, fasts] = [slow[index] ?? null, fast[index] ?? null];
      assert.equal(ours === null, sma === null, `bar ${index}`);
      if (sma !== null && ours !== null)
        assert.ok(Math.abs(ours - sma) < 1e-9, `bar ${index}: ${ours}, published ${sma}`);
      if (sma !== null && fasts !== null)
        assert.ok(Math.abs(fasts - sma) < 1e-9, `bar ${index}: ${fasts}, published ${sma}`);
    });
    assert.equal(fast.filter((value) => value !== null).length, published.length - 20);
  });
});
