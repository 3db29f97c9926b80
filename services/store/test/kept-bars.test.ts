import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Bar } from '@tickpath/trading';
import fc from 'fast-check';
import { KeptBars } from '../src/core/kept-bars.ts';
import './seed.ts';

function aBar(start: number, close: number): Bar {
  const prices = { open: '1', high: '1', low: '1', close: String(close) };
  return { interval: '1s', startNs: BigInt(start), ...prices, volume: '1', tradeCount: 1 };
}

const steps = fc.array(
  fc.record({
    start: fc.integer({ min: 0, max: 12 }),
    isWithdrawn: fc.integer({ min: 0, max: 4 }).map((n) => n === 0),
  }),
  { maxLength: 60 },
);

test('the newest bars by start are kept, each as it was last published, in whatever order they come', () => {
  fc.assert(
    fc.property(steps, (said) => {
      // As many as there are starts: nothing is forgotten, and a map is the oracle.
      const kept = new KeptBars(13);
      const naive = new Map<number, Bar>();
      for (const [i, { start, isWithdrawn }] of said.entries()) {
        if (isWithdrawn) {
          kept.withdraw(BigInt(start));
          naive.delete(start);
        } else {
          kept.put(aBar(start, i));
          naive.set(start, aBar(start, i));
        }
        const sorted = [...naive].toSorted(([a], [b]) => a - b).map(([, bar]) => bar);
        for (const count of [0, 1, 3, 100]) assert.deepEqual(kept.last(count), count === 0 ? [] : sorted.slice(-count));
      }
    }),
  );
});

test('no more than the capacity is given, and about as much is held', () => {
  const kept = new KeptBars(4);
  for (let start = 0; start < 1000; start += 1) kept.put(aBar(start, 0));
  assert.deepEqual(
    kept.last(100).map(({ startNs }) => Number(startNs)),
    [996, 997, 998, 999],
  );
});

test('what it answers is not changed by later bars', () => {
  const kept = new KeptBars(2);
  kept.put(aBar(1, 1));
  const answer = kept.last(2);
  kept.put(aBar(1, 2));
  kept.put(aBar(2, 2));
  assert.deepEqual(answer, [aBar(1, 1)]);
});
