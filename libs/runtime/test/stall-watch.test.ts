import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { StallWatch } from '../src/stall-watch.ts';

function aWatch(t: TestContext) {
  let nowMs = 1_000_000;
  const stalls: number[] = [];
  const watch = new StallWatch({ nowMs: () => nowMs, boundMs: 60_000, onStall: (stalledMs) => stalls.push(stalledMs) });
  t.after(() => watch.close());
  const checkAfter = (passedMs: number) => {
    nowMs += passedMs;
    watch.check();
  };
  return { stalls, checkAfter };
}

test('a process that stood still is told so by the first check after it, once', (t) => {
  const { stalls, checkAfter } = aWatch(t);
  checkAfter(60_001);
  checkAfter(0);
  checkAfter(60_000);
  assert.deepEqual(stalls, [60_001]);
});

test('a wall clock that is set back is no stall, and the next one is seen', (t) => {
  const { stalls, checkAfter } = aWatch(t);
  checkAfter(-3_600_000);
  checkAfter(70_000);
  assert.deepEqual(stalls, [70_000]);
});
