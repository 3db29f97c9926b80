import './seed.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { expMinus, ln } from '../src/core/exact-math.ts';
import { createRandom, isDrawn, nextExponential, nextNormal, nextUnit } from '../src/core/random.ts';

const near = (found: number, expected: number, scale = Math.abs(expected)) =>
  assert.ok(Math.abs(found - expected) <= 1e-13 * Math.max(scale, 1e-300), `${found}, expected ${expected}`);

test('logarithm and exponential agree with those of the library to thirteen digits', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 1e-300, max: 1e300, noNaN: true }),
      fc.double({ min: 0, max: 699, noNaN: true }),
      (x, y) => {
        near(ln(x), Math.log(x), Math.max(1, Math.abs(Math.log(x))));
        near(expMinus(y), Math.exp(-y));
      },
    ),
    { numRuns: 2000 },
  );
  assert.deepEqual([ln(1), expMinus(0), expMinus(700), expMinus(1e9)], [0, 1, 0, 0]);
});

test('they are the same to the last bit everywhere: a few values, written down', () => {
  assert.deepEqual(
    [ln(2 ** -32), ln(3), expMinus(0.5), expMinus(10)],
    [-22.18070977791825, 1.0986122886681096, 0.6065306597126334, 0.00004539992976248483],
  );
});

test('drawn numbers have the mean and the variance that they are said to have', () => {
  const random = createRandom(7, 'moments');
  const count = 200_000;
  for (const [draw, mean, variance] of [
    [nextUnit, 0.5, 1 / 12],
    [nextExponential, 1, 1],
    [nextNormal, 0, 1],
    [(state) => Number(isDrawn(state, 0.2)), 0.2, 0.16],
  ] as const satisfies readonly (readonly [(state: typeof random) => number, number, number])[]) {
    const drawn = Array.from({ length: count }, () => draw(random));
    const found = drawn.reduce((sum, x) => sum + x, 0) / count;
    const spread = drawn.reduce((sum, x) => sum + (x - found) ** 2, 0) / (count - 1);
    assert.ok(Math.abs(found - mean) < 0.01, `mean ${found}, expected ${mean}`);
    assert.ok(Math.abs(spread - variance) < 0.02, `variance ${spread}, expected ${variance}`);
  }
});
