import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { medianInterval } from '../measure/median-interval.ts';

test('the interval of seven values is their whole range, which covers the median with 98 %', () => {
  const { median, low, high, coverage } = medianInterval([7, 1, 6, 2, 5, 3, 4]);
  assert.deepEqual([median, low, high], [4, 1, 7]);
  assert.equal(coverage, 1 - 2 / 128);
});

test('with more values the outermost are left out as far as 95 % allow', () => {
  // Binomial(20, ½): P(X ≤ 5) = 0.0207, P(X ≤ 6) = 0.0577.
  const { median, low, high, coverage } = medianInterval(Array.from({ length: 20 }, (_, i) => i + 1));
  assert.deepEqual([median, low, high], [10.5, 6, 15]);
  assert.ok(Math.abs(coverage - 0.9586) < 1e-4, String(coverage));
});

test('too few values give their range and say what it is worth', () => {
  assert.deepEqual(medianInterval([2, 1, 3]), { median: 2, low: 1, high: 3, coverage: 0.75, n: 3 });
  assert.deepEqual(medianInterval([1.5]), { median: 1.5, low: 1.5, high: 1.5, coverage: 0, n: 1 });
  assert.ok(Number.isNaN(medianInterval([]).median));
});

test('the median lies in its interval, whatever the order of the values', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ noNaN: true, min: -1e6, max: 1e6 }), { minLength: 1, maxLength: 60 }),
      (values) => {
        const found = medianInterval(values);
        assert.ok(found.low <= found.median && found.median <= found.high);
        assert.deepEqual(medianInterval(values.toReversed()), found);
        assert.ok(values.length < 6 || found.coverage >= 0.95);
      },
    ),
  );
});
