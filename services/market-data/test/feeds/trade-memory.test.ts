import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  match,
  oldestNs,
  REMEMBERED,
  recall,
  release,
  remember,
  tradeMemory,
} from '../../src/core/feeds/trade-memory.ts';
import '../seed.ts';

const keys = fc.constantFrom('a', 'b', 'c');
const times = fc.bigInt({ min: 0n, max: 40n });
const steps = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ kind: fc.constant('remember' as const), key: keys, tsNs: times }) },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('recall' as const), key: keys, tsNs: times }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('release' as const) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('many' as const), count: fc.nat({ max: REMEMBERED }) }) },
  ),
  { maxLength: 60 },
);
const toleranceNs = 3n;

test('what is recalled is the oldest of the last trades of its key and time that no other stands for, as in a list', () => {
  fc.assert(
    fc.property(steps, (list) => {
      const memory = tradeMemory();
      const naive: { key: string; tsNs: bigint; isMatched: boolean }[] = [];
      const matched: number[] = [];
      const add = (key: string, tsNs: bigint) => {
        remember(memory, key, tsNs);
        naive.push({ key, tsNs, isMatched: false });
      };
      for (const step of list) {
        if (step.kind === 'remember') add(step.key, step.tsNs);
        else if (step.kind === 'many') {
          for (let i = 0; i < step.count; i += 1) add(`${i % 700}`, 1_000n + BigInt(i));
        } else if (step.kind === 'release') {
          for (const one of naive) one.isMatched = false;
          for (const number of matched.splice(0)) release(memory, number);
        } else {
          const { key, tsNs } = step;
          const first = Math.max(0, naive.length - REMEMBERED);
          const isNear = (one: bigint) => (one < tsNs ? tsNs - one : one - tsNs) <= toleranceNs;
          const index = naive.findIndex(
            (one, at) => at >= first && one.key === key && !one.isMatched && isNear(one.tsNs),
          );
          const found = recall(memory, key, { tsNs, toleranceNs });
          assert.equal(found, index < 0 ? undefined : index);
          const one = naive[index];
          if (found === undefined || one === undefined) continue;
          match(memory, found);
          one.isMatched = true;
          matched.push(found);
        }
      }
      const last = naive.slice(-REMEMBERED).map(({ tsNs }) => tsNs);
      const [oldest] = last.toSorted((a, b) => (a < b ? -1 : 1));
      assert.equal(oldestNs(memory), naive.length < REMEMBERED ? undefined : oldest);
      recall(memory, '', { tsNs: 0n, toleranceNs });
      assert.equal(memory.newest.size, new Set(naive.slice(-REMEMBERED).map(({ key }) => key)).size);
    }),
  );
});
