import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type KeptBar, KeptBars } from '../src/core/kept-bars.ts';
import './seed.ts';

function aBar(start: number, close: number, doubts: Partial<KeptBar> = {}): KeptBar {
  const prices = { open: '1', high: '1', low: '1', close: String(close) };
  const plain = { interval: '1s', startNs: BigInt(start), ...prices, volume: '1', tradeCount: 1 } as const;
  return { ...plain, incomplete: false, history: false, ...doubts };
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
      const naive = new Map<number, KeptBar>();
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

test('a bar of history takes the place of one that is incomplete or of history, and of no other', () => {
  const kept = new KeptBars(8);
  kept.put(aBar(1, 1));
  kept.put(aBar(2, 1, { incomplete: true }));
  kept.put(aBar(3, 1, { history: true }));
  for (const start of [1, 2, 3, 4]) kept.put(aBar(start, 9, { history: true }));
  assert.deepEqual(
    kept.last(8).map(({ close, history }) => `${close}${history ? ' history' : ''}`),
    ['1', '9 history', '9 history', '9 history'],
  );
  kept.put(aBar(3, 5));
  assert.equal(kept.last(2)[0]?.close, '5', 'one that was made of trades takes the place of history');
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
