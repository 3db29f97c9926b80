import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { FeedOutput, TradeEvent } from '../../src/core/feeds/protocol.ts';
import { createSequencedTrades, HOLD_NS, type TradeHole } from '../../src/core/feeds/sequenced-trades.ts';
import { createTimedTrades } from '../../src/core/feeds/timed-trades.ts';
import { REMEMBERED } from '../../src/core/feeds/trade-memory.ts';
import '../seed.ts';

const SECOND = 1_000_000_000n;

function tradeOf(id: number, tsNs = BigInt(id) * SECOND): TradeEvent {
  return {
    kind: 'trade',
    symbol: 'A',
    tradeId: String(id),
    price: '1',
    size: '1',
    takerSide: null,
    exchange: 'X',
    conditions: [],
    tape: '',
    venueTsNs: tsNs,
  };
}

function tradesById() {
  const outputs: FeedOutput[] = [];
  const trades = createTimedTrades({
    by: 'id',
    toleranceNs: 0n,
    nowNs: () => 0n,
    keyOf: ({ tradeId }) => tradeId,
    emit: (output) => outputs.push(output),
  });
  return { outputs, trades };
}

function idsOf(outputs: readonly FeedOutput[]): number[] {
  return outputs.flatMap((output) =>
    output.kind === 'event' && output.event.kind === 'trade' ? [Number(output.event.tradeId)] : [],
  );
}

function lostOf(outputs: readonly FeedOutput[]): number[] {
  return outputs.flatMap((output) => {
    if (output.kind !== 'lost') return [];
    const from = Number(output.from);
    return Array.from({ length: Number(output.to) - from + 1 }, (_, index) => from + index);
  });
}

/** What a stream does to trades 1, 2, 3, …: loses some, repeats some, swaps neighbours; and what REST still has. */
const stream = fc
  .record({
    count: fc.integer({ min: 2, max: 60 }),
    dropped: fc.uniqueArray(fc.integer({ min: 2, max: 60 }), { maxLength: 20 }),
    repeated: fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 10 }),
    swapped: fc.array(fc.nat({ max: 58 }), { maxLength: 10 }),
    kept: fc.uniqueArray(fc.integer({ min: 1, max: 60 })),
    answersAfter: fc.integer({ min: 0, max: 5 }),
  })
  .map(({ count, dropped, repeated, swapped, kept, answersAfter }) => {
    const ids = Array.from({ length: count }, (_, index) => index + 1).filter((id) => !dropped.includes(id));
    for (const id of repeated) if (ids.includes(id)) ids.splice(ids.indexOf(id) + 1, 0, id);
    // The first one stays: from it on we listen.
    for (const at of swapped) {
      const [a, b] = [ids[at], ids[at + 1]];
      if (at > 0 && a !== undefined && b !== undefined) ids.splice(at, 2, b, a);
    }
    return { ids, kept: new Set(kept), answersAfter };
  });

test('ids that rise by one: every trade is handed on once and in order, or declared lost', () => {
  fc.assert(
    fc.property(stream, ({ ids, kept, answersAfter }) => {
      const outputs: FeedOutput[] = [];
      const asked: { id: string; hole: TradeHole; dueAt: number }[] = [];
      let at = 0;
      let nowNs = 0n;
      const trades = createSequencedTrades({
        nowNs: () => nowNs,
        emit: (output) => outputs.push(output),
        request: (hole) => {
          const id = `request ${asked.length + at}-${hole.fromId}`;
          asked.push({ id, hole, dueAt: at + answersAfter });
          return id;
        },
      });
      const answer = (all: boolean) => {
        while (asked[0] !== undefined && (all || asked[0].dueAt <= at)) {
          const { id, hole } = asked.shift() as (typeof asked)[number];
          const page: [number, TradeEvent][] = [];
          for (let one = hole.fromId; one <= hole.toId; one += 1) if (kept.has(one)) page.push([one, tradeOf(one)]);
          trades.page(id, page);
        }
      };
      for (const id of ids) {
        trades.take(id, tradeOf(id), false);
        answer(false);
        at += 1;
      }
      answer(true);
      nowNs += HOLD_NS + 1n;
      trades.clock();
      const handed = idsOf(outputs);
      assert.deepEqual(
        handed,
        [...new Set(handed)].sort((a, b) => a - b),
        'in order, once',
      );
      const accounted = [...handed, ...lostOf(outputs)].sort((a, b) => a - b);
      const newest = Math.max(...ids);
      assert.deepEqual(
        accounted,
        Array.from({ length: newest }, (_, index) => index + 1),
      );
    }),
  );
});

test('ids that say nothing of order: streamed and fetched trades make up the venue’s, each once', () => {
  fc.assert(
    fc.property(
      fc.record({
        before: fc.integer({ min: 1, max: 30 }),
        missed: fc.nat({ max: 30 }),
        after: fc.nat({ max: 30 }),
        pageSize: fc.integer({ min: 1, max: 20 }),
        /** Trades that the answer repeats of those streamed before and after the gap. */
        overlap: fc.nat({ max: 3 }),
      }),
      fc.constantFrom('id' as const, 'value' as const),
      ({ before, missed, after, pageSize, overlap }, by) => {
        const outputs: FeedOutput[] = [];
        const trades = createTimedTrades({
          by,
          toleranceNs: 1_000n,
          nowNs: () => 0n,
          keyOf: (trade) => (by === 'id' ? trade.tradeId : `${trade.price} ${trade.size}`),
          emit: (output) => outputs.push(output),
        });
        const total = before + missed + after;
        for (let id = 1; id <= before; id += 1) trades.take(tradeOf(id));
        const gap = trades.open(['A'], BigInt(before) * SECOND);
        for (let id = before + missed + 1; id <= total; id += 1) trades.take(tradeOf(id));
        assert.equal(idsOf(outputs).length, before, 'what is streamed waits while the gap is open');
        const first = Math.max(1, before - overlap);
        const last = Math.min(total, before + missed + overlap);
        for (let id = first; id <= last; id += pageSize) {
          const ids = Array.from({ length: Math.min(pageSize, last - id + 1) }, (_, index) => id + index);
          // The time of REST is a little off.
          assert.ok(
            trades.add(
              gap,
              ids.map((one) => tradeOf(one, BigInt(one) * SECOND + 400n)),
            ),
          );
        }
        trades.close(gap, true);
        assert.deepEqual(
          idsOf(outputs),
          Array.from({ length: total }, (_, index) => index + 1),
        );
        assert.ok(!outputs.some(({ kind }) => kind === 'lost'));
      },
    ),
  );
});

test('equal trades of one moment are as many after a gap as the venue had', () => {
  const outputs: FeedOutput[] = [];
  const trades = createTimedTrades({
    by: 'value',
    toleranceNs: 1_000n,
    nowNs: () => 0n,
    keyOf: ({ price, size }) => `${price} ${size}`,
    emit: (output) => outputs.push(output),
  });
  trades.take(tradeOf(1, SECOND));
  const gap = trades.open(['A'], SECOND);
  trades.add(
    gap,
    [2, 3, 4].map((id) => tradeOf(id, SECOND)),
  );
  trades.close(gap, true);
  assert.deepEqual(idsOf(outputs), [1, 3, 4], 'one of the three is the one streamed before');
});

test('a second loss while a gap is open declares the first one and begins anew', () => {
  const { outputs, trades } = tradesById();
  trades.take(tradeOf(1));
  const first = trades.open(['A'], SECOND);
  trades.take(tradeOf(5));
  const second = trades.open(['A'], 5n * SECOND);
  assert.equal(trades.add(first, [tradeOf(2)]), false);
  assert.deepEqual(idsOf(outputs), [1, 5]);
  assert.deepEqual(lostOf(outputs).length, 1);
  trades.add(second, [tradeOf(5), tradeOf(6)]);
  trades.close(second, true);
  assert.deepEqual(idsOf(outputs), [1, 5, 6]);
});

test('of a symbol that is forgotten while its gap is open nothing follows, of the others of the gap all', () => {
  const { outputs, trades } = tradesById();
  const other = (id: number) => ({ ...tradeOf(id), symbol: 'B' });
  trades.take(tradeOf(1));
  trades.take(other(2));
  const gap = trades.open(['A', 'B'], SECOND);
  trades.take(tradeOf(5));
  trades.take(other(6));
  trades.forget('A');
  assert.deepEqual(trades.symbolsOf(gap), ['B']);
  trades.take(tradeOf(7));
  trades.add(gap, [tradeOf(3), other(4)]);
  trades.close(gap, false);
  assert.deepEqual(idsOf(outputs), [1, 2, 7, 4, 6], 'what comes after it was forgotten is of a new subscription');
  assert.deepEqual(
    outputs.flatMap((output) => (output.kind === 'lost' ? [output.symbol] : [])),
    ['B'],
  );
  assert.equal(trades.isOpen(gap), false);
});

for (const streamed of [2_000, 3_000]) {
  const isCut = streamed > REMEMBERED;
  test(`a hole behind which ${streamed} trades came is ${isCut ? 'declared lost: those have been forgotten' : 'filled'}`, () => {
    const { outputs, trades } = tradesById();
    trades.take(tradeOf(1));
    const missing = tradeOf(2);
    for (let id = 3; id < 3 + streamed; id += 1) trades.take(tradeOf(id));
    const gap = trades.open(['A'], tradeOf(1).venueTsNs);
    trades.add(gap, [missing]);
    trades.close(gap, true);
    assert.equal(outputs.filter(({ kind }) => kind === 'lost').length, isCut ? 1 : 0);
    assert.equal(idsOf(outputs).includes(2), !isCut);
  });
}
