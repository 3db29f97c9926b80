import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Ring } from '../src/core/index.ts';
import './seed.ts';

test('a ring answers as the end of an array that keeps everything', () => {
  const counts = fc.integer({ min: -1, max: 25 });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 10 }), fc.array(counts, { maxLength: 40 }), (capacity, asked) => {
      const ring = new Ring<number>(capacity);
      const everything: number[] = [];
      for (const [i, count] of asked.entries()) {
        const kept = everything.slice(-capacity);
        assert.equal(ring.size, kept.length);
        assert.deepEqual(ring.last(count), count <= 0 ? [] : kept.slice(-count));
        ring.push(i);
        everything.push(i);
      }
      assert.deepEqual(ring.last(capacity), everything.slice(-capacity));
    }),
    { numRuns: 500 },
  );
});

test('what it answers is not changed by later items', () => {
  const ring = new Ring<string>(2);
  ring.push('a');
  ring.push('b');
  const answer = ring.last(2);
  ring.push('c');
  assert.deepEqual(answer, ['a', 'b']);
  assert.deepEqual(ring.last(2), ['b', 'c']);
});
