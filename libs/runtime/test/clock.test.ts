import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createClock } from '../src/index.ts';

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
