import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  barColumns,
  dropBars,
  endNsAt,
  type HeldBar,
  insertBar,
  rowAt,
  setBar,
  startNsAt,
  sumOfRows,
  unpackBar,
} from '../src/bar-columns.ts';
import { addToSum, emptySum, mergeSum } from '../src/bar-sums.ts';
import './seed.ts';

const MINUTE_NS = 60_000_000_000n;
const FROM_NS = 1_710_045_000n * 1_000_000_000n;
const RULE = { openClose: 'always', highLow: true, volume: true } as const;

/** Nothing in it, one trade, or several, with sizes whose sum no number holds. */
const trades = fc.array(
  fc.record({
    at: fc.bigInt({ min: 0n, max: MINUTE_NS - 1n }),
    px: fc.integer({ min: 1, max: 50 }),
    sz: fc.oneof(fc.integer({ min: 1, max: 50 }), fc.constant(Number.MAX_SAFE_INTEGER)),
  }),
  { maxLength: 4 },
);

const minutes = fc.nat({ max: 80 });
const steps = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ kind: fc.constant('put' as const), minute: minutes, trades }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('drop' as const), count: fc.nat({ max: 20 }) }) },
  ),
  { maxLength: 120 },
);

function barOf(minute: number, list: readonly { at: bigint; px: number; sz: number }[]): HeldBar {
  const startNs = FROM_NS + BigInt(minute) * MINUTE_NS;
  const sum = emptySum();
  for (const { at, px, sz } of list) addToSum(sum, { tsNs: startNs + at, px, sz }, RULE);
  return { startNs, endNs: startNs + MINUTE_NS, sum, revision: list.length - 1 };
}

/** What means nothing while there are no trades in it may be anything. */
function seen({ sum, ...bar }: HeldBar) {
  const { openNs, closeNs, ...rest } = sum;
  return { ...bar, ...rest, openNs: sum.priced > 0 ? openNs : null, closeNs: sum.closes > 0 ? closeNs : null };
}

test('bars come out as they were put in, wherever they were put, and sums over them are those of the bars', () => {
  fc.assert(
    fc.property(steps, minutes, minutes, (list, from, to) => {
      const columns = barColumns();
      let naive: HeldBar[] = [];
      for (const step of list) {
        if (step.kind === 'drop') {
          const count = Math.min(step.count, columns.count);
          dropBars(columns, count);
          naive = naive.slice(count);
          continue;
        }
        const bar = barOf(step.minute, step.trades);
        const row = rowAt(columns, bar.startNs);
        assert.equal(
          row,
          naive.findLastIndex(({ startNs }) => startNs <= bar.startNs),
        );
        if (row >= 0 && startNsAt(columns, row) === bar.startNs) {
          setBar(columns, row, bar);
          naive[row] = bar;
        } else {
          insertBar(columns, row + 1, bar);
          naive.splice(row + 1, 0, bar);
        }
      }
      const bars = Array.from({ length: columns.count }, (_, row) => unpackBar(columns, row));
      assert.deepEqual(bars.map(seen), naive.map(seen));
      assert.deepEqual(
        bars.map((_, row) => endNsAt(columns, row)),
        naive.map(({ endNs }) => endNs),
      );
      const span = { startNs: FROM_NS + BigInt(from) * MINUTE_NS, endNs: FROM_NS + BigInt(to) * MINUTE_NS };
      const sum = emptySum();
      for (const bar of naive) if (bar.startNs >= span.startNs && bar.startNs < span.endNs) mergeSum(sum, bar.sum);
      const { startNs, endNs } = span;
      assert.deepEqual(
        seen({ startNs, endNs, revision: 0, sum: sumOfRows(columns, span) }),
        seen({ startNs, endNs, revision: 0, sum }),
      );
      assert.ok(columns.carried.size <= columns.count, 'nothing is kept of what was let go');
    }),
  );
});
