import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { FeedOutput, TradeEvent } from '../../src/core/feeds/protocol.ts';
import {
  CONFIRMED_BY,
  createSequencedTrades,
  HOLD_NS,
  MAX_RECOVERED_TRADES,
  type SequencedTrades,
  type TradeHole,
} from '../../src/core/feeds/sequenced-trades.ts';
import '../seed.ts';

const SECOND = 1_000_000_000n;
const FAR = MAX_RECOVERED_TRADES + 3;
const RIGHT = '1';
const WRONG = '2';

function tradeOf(id: number, tsNs = BigInt(id) * SECOND, price = RIGHT): TradeEvent {
  const described = { takerSide: null, exchange: 'X', conditions: [], tape: '' } as const;
  return { kind: 'trade', symbol: 'A', tradeId: String(id), price, size: '1', ...described, venueTsNs: tsNs };
}

interface Asked {
  readonly requestId: string;
  readonly hole: TradeHole;
}

/** A stream of trades with nothing around it. */
function streamOf() {
  const outputs: FeedOutput[] = [];
  const asked: Asked[] = [];
  const time = { nowNs: 0n };
  const trades: SequencedTrades = createSequencedTrades({
    nowNs: () => time.nowNs,
    emit: (output) => void outputs.push(output),
    request: (hole) => {
      const requestId = `request ${asked.length}`;
      asked.push({ requestId, hole });
      return requestId;
    },
  });
  const send = (...ids: number[]) => {
    for (const id of ids) trades.take(id, tradeOf(id), false);
  };
  return { outputs, asked, time, trades, send };
}

function handedOn(outputs: readonly FeedOutput[], price = RIGHT): number[] {
  return outputs.flatMap((output) => {
    if (output.kind !== 'event' || output.event.kind !== 'trade' || output.event.price !== price) return [];
    return [Number(output.event.tradeId)];
  });
}

function of<K extends FeedOutput['kind']>(outputs: readonly FeedOutput[], kind: K) {
  return outputs.filter((output): output is Extract<FeedOutput, { kind: K }> => output.kind === kind);
}

test('an id far too high is rejected when the trades go on from the last one, and nothing is lost', () => {
  const { outputs, send, trades } = streamOf();
  send(1, 2);
  trades.take(1_000_000, tradeOf(1_000_000, 3n * SECOND, WRONG), false);
  assert.deepEqual(of(outputs, 'rejected'), [], 'held until the next one decides');
  send(3, 4);
  assert.deepEqual(handedOn(outputs), [1, 2, 3, 4]);
  assert.deepEqual(of(outputs, 'rejected'), [
    { kind: 'rejected', reason: 'sequence', text: 'sequence: "trade 1000000 of A, the last one was 2"' },
  ]);
  assert.deepEqual([...of(outputs, 'lost'), ...of(outputs, 'duplicate')], []);
});

test('trades that go on from an id far ahead confirm it: what cannot be fetched in between is declared once', () => {
  const { outputs, asked, send, trades } = streamOf();
  send(1, 50_000, 50_001);
  assert.deepEqual(handedOn(outputs), [1]);
  send(50_002);
  assert.deepEqual(of(outputs, 'lost'), [{ kind: 'lost', symbol: 'A', topic: 'trade', from: 2, to: 39_999 }]);
  const [request] = asked;
  assert.deepEqual([request?.hole.fromId, request?.hole.toId], [40_000, 49_999]);
  trades.failed(request?.requestId ?? '');
  send(50_003);
  assert.deepEqual(of(outputs, 'lost')[1], { kind: 'lost', symbol: 'A', topic: 'trade', from: 40_000, to: 49_999 });
  assert.deepEqual(handedOn(outputs), [1, 50_000, 50_001, 50_002, 50_003]);
});

test('ids that begin anew are taken when enough of them follow each other at later times', () => {
  const { outputs, trades, send } = streamOf();
  send(500, 501);
  const later = (id: number) => trades.take(id, tradeOf(id, BigInt(1_000 + id) * SECOND), false);
  for (const id of [7, 8]) later(id);
  assert.deepEqual(handedOn(outputs), [500, 501]);
  for (const id of [9, 10]) later(id);
  assert.deepEqual(handedOn(outputs), [500, 501, 7, 8, 9, 10]);
  assert.deepEqual(of(outputs, 'lost'), [{ kind: 'lost', symbol: 'A', topic: 'trade', from: null, to: 6 }]);
  assert.deepEqual([...of(outputs, 'rejected'), ...of(outputs, 'duplicate')], []);
});

test('trades that come again are duplicates, however many follow each other', () => {
  const { outputs, send } = streamOf();
  send(1, 2, 3, 4, 5, 2, 3, 4, 5, 6);
  assert.deepEqual(handedOn(outputs), [1, 2, 3, 4, 5, 6]);
  assert.equal(of(outputs, 'duplicate').length, 4);
});

test('a wrong id within reach is rejected as soon as a trade before it is later than it', () => {
  const { outputs, asked, send, trades } = streamOf();
  send(1, 2);
  trades.take(40, tradeOf(40, 2n * SECOND + 1n, WRONG), false);
  trades.page(asked[0]?.requestId ?? '', []);
  assert.deepEqual(of(outputs, 'lost'), [], 'one trade proves no hole');
  send(...Array.from({ length: 50 }, (_, index) => 3 + index));
  assert.deepEqual(
    handedOn(outputs),
    Array.from({ length: 52 }, (_, index) => 1 + index),
  );
  assert.deepEqual([of(outputs, 'rejected').length, handedOn(outputs, WRONG), of(outputs, 'lost')], [1, [], []]);
});

test('of two trades with one id neither is believed: the venue’s records tell', () => {
  const { outputs, asked, send, trades } = streamOf();
  send(1);
  trades.take(3, tradeOf(3, 3n * SECOND, WRONG), false);
  send(3, 2, 4);
  assert.equal(of(outputs, 'rejected').length, 2);
  assert.deepEqual([asked.at(-1)?.hole.fromId, asked.at(-1)?.hole.toId], [3, 3]);
  trades.page(asked.at(-1)?.requestId ?? '', [[3, tradeOf(3)]]);
  assert.deepEqual(handedOn(outputs), [1, 2, 3, 4]);
});

test('a single trade behind a hole that cannot be filled goes on when the next one comes, or after a while', () => {
  const { outputs, asked, time, send, trades } = streamOf();
  send(1, 4);
  trades.failed(asked[0]?.requestId ?? '');
  send(5);
  assert.deepEqual(handedOn(outputs), [1, 4, 5]);
  send(7);
  trades.failed(asked[1]?.requestId ?? '');
  time.nowNs += HOLD_NS + 1n;
  trades.clock();
  assert.deepEqual(handedOn(outputs), [1, 4, 5, 7]);
  assert.deepEqual(
    of(outputs, 'lost').map(({ from, to }) => [from, to]),
    [
      [2, 3],
      [6, 6],
    ],
  );
});

test('a liar that is never contradicted is not held without bound', () => {
  const { outputs, trades, send } = streamOf();
  send(1);
  const lies = Array.from({ length: 1_000 }, (_, index) => FAR * (index + 1));
  for (const id of lies) trades.take(id, tradeOf(id, 2n * SECOND, WRONG), false);
  assert.ok(of(outputs, 'rejected').length >= 900);
  send(2);
  assert.equal(of(outputs, 'rejected').length, 1_000);
  assert.deepEqual(handedOn(outputs), [1, 2]);
});

type Step =
  | { readonly is: 'right' | 'lost' | 'twice' | 'late' | 'answered' | 'failed' | 'waited' }
  /** An id so far from the right one, instead of it or beside it. */
  | { readonly is: 'lie'; readonly by: number; readonly isInstead: boolean }
  /** The venue's ids jump. */
  | { readonly is: 'jump'; readonly by: number };

const far = fc.integer({ min: FAR, max: 10_000_000 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 20, arbitrary: fc.record({ is: fc.constant('right' as const) }) },
  { weight: 3, arbitrary: fc.record({ is: fc.constantFrom('lost' as const, 'twice' as const, 'late' as const) }) },
  { weight: 6, arbitrary: fc.record({ is: fc.constantFrom('answered' as const, 'failed' as const) }) },
  { weight: 1, arbitrary: fc.record({ is: fc.constant('waited' as const) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      is: fc.constant('lie' as const),
      by: fc.oneof(
        far,
        far.map((by) => -by),
        fc.integer({ min: 2, max: 300 }),
        fc.integer({ min: -300, max: -2 }),
      ),
      isInstead: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ is: fc.constant('jump' as const), by: far }) },
);

test('whatever is lost, repeated, late or lied about: each right trade is handed on once and in order, or declared lost', () => {
  let lies = 0;
  let believed = 0;
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120, size: 'max' }), (steps) => {
      const { outputs, asked, time, trades } = streamOf();
      const records: number[] = [];
      let next = 1_000_000;
      let answered = 0;
      let tsNs = SECOND;
      const right = new Map<number, TradeEvent>();
      const made = () => {
        const trade = tradeOf(next, tsNs);
        right.set(next, trade);
        records.push(next);
        next += 1;
        return trade;
      };
      const said = new Set<number>();
      const say = (trade: TradeEvent) => {
        const id = Number(trade.tradeId);
        if (trade.price === RIGHT) said.add(id);
        trades.take(id, trade, false);
      };
      const answer = (isOk: boolean) => {
        while (answered < asked.length) {
          const { requestId, hole } = asked[answered] as Asked;
          answered += 1;
          const page = records.filter((id) => id >= hole.fromId && id <= hole.toId).slice(0, 1_000);
          if (isOk) {
            trades.page(
              requestId,
              page.map((id) => [id, right.get(id) as TradeEvent]),
            );
          } else trades.failed(requestId);
        }
      };
      say(made());
      let late: TradeEvent | undefined;
      for (const one of steps) {
        tsNs += SECOND;
        time.nowNs += SECOND / 10n;
        if (one.is === 'answered' || one.is === 'failed') answer(one.is === 'answered');
        else if (one.is === 'waited') time.nowNs += HOLD_NS;
        else if (one.is === 'jump') next += one.by;
        else if (one.is === 'lie') {
          lies += 1;
          const id = next + one.by;
          if (one.isInstead) made();
          if (id >= 0 && !right.has(id)) say(tradeOf(id, tsNs, WRONG));
          tsNs += SECOND;
        } else {
          const trade = made();
          if (one.is === 'late' && late === undefined) late = trade;
          else {
            if (one.is !== 'lost') say(trade);
            if (one.is === 'twice') say(trade);
            if (late !== undefined) say(late);
            late = undefined;
          }
        }
        trades.clock();
      }
      // Then the line is good, and the venue says the truth.
      for (let at = 0; at < 3 * CONFIRMED_BY; at += 1) {
        tsNs += SECOND;
        say(made());
        answer(true);
      }
      time.nowNs += HOLD_NS + 1n;
      trades.clock();

      const handed = handedOn(outputs);
      assert.deepEqual(handed, [...new Set(handed)], 'once');
      assert.deepEqual(
        handed,
        handed.toSorted((a, b) => a - b),
        'in order',
      );
      const lost = of(outputs, 'lost');
      const isDeclared = (id: number) => lost.some(({ from, to }) => id >= (from ?? 0) && id <= (to ?? 0));
      const set = new Set(handed);
      const wrong = new Set(handedOn(outputs, WRONG));
      // Of a trade that never came nobody can know when a lie that was believed has had its id.
      const isKnowable = (id: number) => said.has(id) || !wrong.has(id);
      const owed = records.filter((id) => !set.has(id) && !isDeclared(id) && isKnowable(id));
      assert.deepEqual(owed, []);
      believed += wrong.size;
    }),
    { numRuns: 1_000 },
  );
  assert.ok(lies > 1_000, `${lies} lies`);
  assert.ok(believed < lies / 10, `${believed} of ${lies} lies believed`);
});
