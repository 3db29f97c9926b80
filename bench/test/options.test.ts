import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseOptions } from '../path/options.ts';

test('without options seven pairs are measured at each of the three rates', () => {
  const { pairs, rates, phases } = parseOptions([]);
  assert.deepEqual([pairs, rates, phases], [7, [200, 1000, 10_000], ['latency', 'throughput']]);
});

test('what is set wins over the quick preset', () => {
  const { pairs, seconds } = parseOptions(['--quick', '--pairs=3']);
  assert.deepEqual([pairs, seconds], [3, 1]);
});

test('a value that is not allowed is refused with its name', () => {
  assert.throws(() => parseOptions(['--pairs=0']), /--pairs=0: allowed is a whole number from 1/);
  assert.throws(() => parseOptions(['--rates=200,fast']), /--rates=fast/);
  assert.throws(() => parseOptions(['--only=both']), /--only=both: allowed are latency and throughput/);
  assert.throws(() => parseOptions(['--fast']), /--fast/);
});
