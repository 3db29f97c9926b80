import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLineBudget } from '../src/line-budget.ts';

test('of each kind ten lines a second are written, and the next one says how many were not', () => {
  let nowNs = 0n;
  const budget = createLineBudget(() => nowNs);
  const written: unknown[] = [];
  const say = (kind: string) => budget(kind, ({ withheld = 0 }) => written.push([kind, withheld]));
  for (let count = 0; count < 25; count += 1) say('price');
  say('size');
  assert.deepEqual(written.splice(0), [...Array.from({ length: 10 }, () => ['price', 0]), ['size', 0]]);
  nowNs = 999_999_999n;
  say('price');
  assert.deepEqual(written, []);
  nowNs = 1_000_000_000n;
  for (let count = 0; count < 11; count += 1) say('price');
  say('size');
  assert.deepEqual(written, [['price', 16], ...Array.from({ length: 9 }, () => ['price', 0]), ['size', 0]]);
});
