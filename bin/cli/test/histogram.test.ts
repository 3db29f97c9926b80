import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { STAGE_BUCKETS } from '@tickpath/runtime';
import fc from 'fast-check';
import { type Bucket, bucketsSince, quantileOf } from '../src/histogram.ts';

const BOUNDS = [...STAGE_BUCKETS, Number.POSITIVE_INFINITY];

function bucketsOf(values: readonly number[], bounds: readonly number[] = BOUNDS): Bucket[] {
  return bounds.map((le) => ({ le, count: values.filter((value) => value <= le).length }));
}

/** The exact quantile: the smallest value that at least this share of all are not above. */
function exactQuantile(q: number, values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.max(0, Math.ceil(q * values.length) - 1)] ?? Number.NaN;
}

/** From a tenth of a microsecond to ten seconds, every power of ten alike. */
const seconds = fc.double({ min: -7, max: 1, noNaN: true }).map((power) => 10 ** power);

describe('a quantile of a histogram', () => {
  test('is interpolated within its bucket, as Prometheus does', () => {
    const buckets = [
      { le: 1, count: 10 },
      { le: 2, count: 30 },
      { le: 5, count: 30 },
      { le: Number.POSITIVE_INFINITY, count: 40 },
    ];
    assert.deepEqual(quantileOf(0.5, buckets), { estimate: 1.5, above: 1, atMost: 2 });
    assert.deepEqual(quantileOf(0.1, buckets), { estimate: 0.4, above: 0, atMost: 1 });
    assert.deepEqual(quantileOf(0.75, buckets), { estimate: 2, above: 1, atMost: 2 });
    assert.deepEqual(quantileOf(0.99, buckets), { estimate: 5, above: 5, atMost: Number.POSITIVE_INFINITY });
    assert.deepEqual(quantileOf(0.875, buckets, 9), { estimate: 7, above: 5, atMost: 9 });
  });

  test('of nothing observed, or without the bucket that holds all, is not known', () => {
    assert.equal(quantileOf(0.5, []), undefined);
    assert.equal(quantileOf(0.5, bucketsOf([])), undefined);
    assert.equal(quantileOf(0.5, [{ le: 1, count: 3 }]), undefined);
    assert.equal(quantileOf(0.5, [{ le: Number.POSITIVE_INFINITY, count: Number.NaN }]), undefined);
  });

  test('lies in the same bucket as the exact one, and not above the largest value', () => {
    const values = fc.array(seconds, { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(values, fc.constantFrom(0, 0.01, 0.5, 0.9, 0.99, 1), (observed, q) => {
        const exact = exactQuantile(q, observed);
        const max = Math.max(...observed);
        const found = quantileOf(q, bucketsOf(observed), max);
        assert.ok(found !== undefined);
        assert.ok(exact > found.above && exact <= found.atMost, `${exact} not in (${found.above}, ${found.atMost}]`);
        assert.ok(found.estimate >= found.above && found.estimate <= found.atMost);
        assert.ok(found.estimate <= max);
      }),
    );
  });

  test('does not fall when more is asked for, and does not depend on the order of the buckets', () => {
    const values = fc.array(seconds, { minLength: 1, maxLength: 50 });
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(values, share, share, (observed, a, b) => {
        const buckets = bucketsOf(observed);
        const [low, high] = [quantileOf(Math.min(a, b), buckets), quantileOf(Math.max(a, b), buckets)];
        assert.ok(low !== undefined && high !== undefined);
        // The sum of two doubles may be off by their last digit.
        assert.ok(low.estimate <= high.estimate * (1 + 1e-12));
        assert.deepEqual(quantileOf(a, buckets.toReversed()), quantileOf(a, buckets));
      }),
    );
  });
});

test('what came between two scrapes is what a histogram of that alone would hold', () => {
  const values = fc.array(seconds, { maxLength: 50 });
  fc.assert(
    fc.property(values, values, (first, second) => {
      assert.deepEqual(bucketsSince(bucketsOf([...first, ...second]), bucketsOf(first)), bucketsOf(second));
    }),
  );
});

test('counts that went back are those of a restarted service, and all new', () => {
  assert.deepEqual(bucketsSince(bucketsOf([0.001]), bucketsOf([0.001, 0.002])), bucketsOf([0.001]));
});
