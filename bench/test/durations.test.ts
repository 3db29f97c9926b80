import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Durations } from '../measure/durations.ts';
import { table } from '../measure/table.ts';

function durationsOf(valuesNs: readonly number[]): Durations {
  const durations = new Durations();
  for (const ns of valuesNs) durations.record(ns);
  return durations;
}

test('percentiles are in microseconds, to three digits, also beyond 32 bits of nanoseconds', () => {
  const { count, p50, p90, p99, max } = durationsOf(
    Array.from({ length: 1000 }, (_, i) => (i + 1) * 10_000_000),
  ).percentiles();
  assert.equal(count, 1000);
  for (const [found, expected] of [
    [p50, 5e6],
    [p90, 9e6],
    [p99, 9.9e6],
    [max, 1e7],
  ] as const) {
    assert.ok(Math.abs(found / expected - 1) < 2e-3, `${found} for ${expected}`);
  }
});

test('no percentile lies above the largest value', () => {
  const { p50, p99, max } = durationsOf([7_664_801]).percentiles();
  assert.ok(p50 === max && p99 === max, JSON.stringify({ p50, p99, max }));
});

test('merged rounds have the percentiles of all their values', () => {
  const all = durationsOf([1000, 2000]);
  all.add(durationsOf([3000, 4000, 5000]));
  assert.deepEqual(all.percentiles().count, 5);
  assert.equal(Math.round(all.percentiles().p50), 3);
});

test('a round without orders has no percentiles', () => {
  assert.ok(Number.isNaN(new Durations().percentiles().p50));
});

test('a table aligns its first column to the left and the others to the right', () => {
  assert.equal(
    table([
      ['', 'p50', 'p99'],
      ['stack', '1', '20'],
      ['relay', '300'],
    ]),
    '       p50  p99\nstack    1   20\nrelay  300',
  );
});
