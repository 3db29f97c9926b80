import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createClock } from '../src/clock.ts';

test('the clock shows Unix time and does not go back', () => {
  const clock = createClock();
  let before = clock.nowNs();
  for (let i = 0; i < 10_000; i += 1) {
    const now = clock.nowNs();
    assert.ok(now >= before, `${now} after ${before}`);
    before = now;
  }
  const apartMs = Math.abs(Number(clock.nowNs() / 1_000_000n) - Date.now());
  assert.ok(apartMs <= 50, `${apartMs} ms from the wall clock`);
});

const NARROW_NS = 10_000n;

/** What the clock adds to the monotonic one, from the closest of many readings. */
function offsetOf(clock: { nowNs(): bigint }): bigint {
  const readings = Array.from({ length: 50 }, () => {
    const beforeNs = process.hrtime.bigint();
    const shownNs = clock.nowNs();
    return { offsetNs: shownNs - beforeNs, tookNs: process.hrtime.bigint() - beforeNs };
  });
  const [closest] = readings.toSorted((a, b) => Number(a.tookNs - b.tookNs));
  return closest?.offsetNs ?? 0n;
}

test('a clock anchored amid pauses of its process agrees with the wall clock to 10 µs', () => {
  const seed = Number(process.env.TICKPATH_SEED ?? Date.now() % 1e9);
  console.log(`seed ${seed}`);
  const offsetNs = 1_700_000_000_123_456_789n;
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2 ** 31 - 2 }), (start) => {
      let random = start;
      const below = (bound: number) => {
        random = (random * 48_271) % 2_147_483_647;
        return random % bound;
      };
      let nowNs = 0n;
      // Looking at a clock takes up to 0.4 µs; one look in 30,000 is interrupted, for up to 12 ms.
      const pass = () => {
        nowNs += BigInt(below(30_000) === 0 ? below(12_000_000) : below(400));
        return nowNs;
      };
      const clock = createClock(() => {
        const beforeNs = pass();
        const wallMs = Number((pass() + offsetNs) / 1_000_000n);
        return { beforeNs, wallMs, afterNs: pass() };
      });
      const apart = offsetOf(clock) - offsetNs;
      assert.ok(apart > -NARROW_NS && apart < NARROW_NS, `${apart} ns apart`);
    }),
    { seed, numRuns: 200 },
  );
});
