import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  applyLevels,
  applySnapshot,
  type BookLevel,
  type BookLevels,
  type BookSideName,
  bestLevel,
  bookFinding,
  catchUp,
  clearBook,
  type OrderBook,
  openBook,
  setLevel,
  sizeAt,
  topLevels,
} from '../src/index.ts';
import { type NaiveBook, naiveBook, naiveChanges, naiveFinding, naiveTop, setNaive } from './naive-book.ts';
import './seed.ts';

const sides = fc.constantFrom<BookSideName>('bids', 'asks');
/** Few prices, so that levels come, change and go; and some at the ends of what a safe integer holds. */
const prices = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 1, max: 40 }) },
  { weight: 1, arbitrary: fc.integer({ min: Number.MAX_SAFE_INTEGER - 3, max: Number.MAX_SAFE_INTEGER }) },
);
const sizes = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 9 }), fc.constant(Number.MAX_SAFE_INTEGER));
const level = fc.tuple(prices, sizes);
const levels: fc.Arbitrary<BookLevels> = fc.record({
  bids: fc.array(level, { maxLength: 12 }),
  asks: fc.array(level, { maxLength: 12 }),
});

function assertSame(book: OrderBook, naive: NaiveBook): void {
  assert.deepEqual(topLevels(book, Number.MAX_SAFE_INTEGER), naiveTop(naive, Number.MAX_SAFE_INTEGER));
  assert.equal(bookFinding(book), naiveFinding(naive));
  const { bids, asks } = naiveTop(naive, 1);
  assert.deepEqual([bestLevel(book, 'bids'), bestLevel(book, 'asks')], [bids[0], asks[0]]);
}

test('a book equals a naive one after every change of a level', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(sides, level), { maxLength: 200 }), (changes) => {
      const book = openBook();
      const naive = naiveBook();
      for (const [side, [px, sz]] of changes) {
        const before = naive[side].get(px);
        const expected =
          sz === 0 ? (before === undefined ? 'absent' : 'removed') : before === undefined ? 'added' : 'resized';
        assert.equal(setLevel(book, side, px, sz), expected);
        setNaive(naive, side, [px, sz]);
        assert.equal(sizeAt(book, side, px), sz);
      }
      assertSame(book, naive);
    }),
  );
});

test('a book equals a naive one after snapshots and changes in any sequence', () => {
  const steps = fc.array(fc.record({ snapshot: fc.boolean(), levels }), { maxLength: 20 });
  fc.assert(
    fc.property(steps, (list) => {
      const book = openBook();
      const naive = naiveBook();
      for (const { snapshot, levels: changes } of list) {
        if (snapshot) {
          naive.bids.clear();
          naive.asks.clear();
        }
        for (const each of changes.bids) setNaive(naive, 'bids', each);
        for (const each of changes.asks) setNaive(naive, 'asks', each);
        const finding = snapshot ? applySnapshot(book, changes) : applyLevels(book, changes);
        assert.equal(finding, naiveFinding(naive));
        assertSame(book, naive);
      }
    }),
  );
});

/** Sequences that hit the ends of the arrays: filled and emptied from the best, from the worst, in turns, at random. */
const ADVERSARIAL: readonly [name: string, prices: (count: number) => number[]][] = [
  ['best first', (count) => Array.from({ length: count }, (_, i) => count - i)],
  ['worst first', (count) => Array.from({ length: count }, (_, i) => i + 1)],
  [
    'from both ends in turns',
    (count) => Array.from({ length: count }, (_, i) => (i % 2 === 0 ? i / 2 + 1 : count - (i - 1) / 2)),
  ],
  [
    'from the middle outwards',
    (count) => Array.from({ length: count }, (_, i) => count / 2 + (i % 2 === 0 ? i / 2 + 1 : -(i - 1) / 2)),
  ],
];

for (const [name, pricesOf] of ADVERSARIAL) {
  test(`5,000 levels a side that come and go ${name} leave nothing out of place`, () => {
    const order = pricesOf(5000);
    assert.equal(new Set(order).size, 5000);
    for (const leaving of [order, order.toReversed()]) {
      const book = openBook();
      const naive = naiveBook();
      const set = (px: number, sz: number) => {
        setLevel(book, 'bids', px, sz);
        setLevel(book, 'asks', px + 5000, sz);
        setNaive(naive, 'bids', [px, sz]);
        setNaive(naive, 'asks', [px + 5000, sz]);
      };
      for (const px of order) set(px, px);
      assertSame(book, naive);
      for (const px of leaving.slice(0, 2500)) set(px, 0);
      assertSame(book, naive);
      for (const px of leaving.slice(2500)) set(px, 0);
      assertSame(book, naive);
    }
  });
}

test('changes since an earlier view turn it into the present one, and name no level twice', () => {
  fc.assert(
    fc.property(fc.array(levels, { maxLength: 10 }), fc.integer({ min: 1, max: 8 }), (list, depth) => {
      const book = openBook();
      let before = topLevels(book, depth);
      const seen = openBook();
      const told = openBook();
      let hasBegun = false;
      const follower = naiveBook();
      for (const changes of list) {
        applyLevels(book, changes);
        const found = catchUp(seen, book, { depth });
        const touched = { bids: changes.bids.length, asks: changes.asks.length };
        assert.deepEqual(catchUp(told, book, { depth, touched: hasBegun ? touched : undefined }), found);
        hasBegun = true;
        for (const side of ['bids', 'asks'] as const) {
          assert.equal(new Set(found[side].map(([px]) => px)).size, found[side].length);
          for (const change of found[side]) {
            assert.notEqual(follower[side].get(change[0]) ?? 0, change[1], 'a change changes something');
            setNaive(follower, side, change);
          }
        }
        const after = topLevels(book, depth);
        assert.deepEqual(found, naiveChanges(before, after));
        before = after;
        assert.deepEqual(topLevels(seen, Number.MAX_SAFE_INTEGER), before);
        assert.deepEqual(topLevels(told, Number.MAX_SAFE_INTEGER), before);
        assert.deepEqual(catchUp(seen, book, { depth }), { bids: [], asks: [] });
        assert.deepEqual(naiveTop(follower, Number.MAX_SAFE_INTEGER), before);
      }
    }),
  );
});

test('a negative size and a price that is not above zero are findings that change nothing', () => {
  const book = openBook();
  const standing: BookLevels = { bids: [[100, 5]], asks: [[101, 7]] };
  assert.equal(applySnapshot(book, standing), 'ok');
  const wrong: readonly BookLevel[] = [
    [99, -1],
    [0, 1],
    [-5, 1],
    [0, 0],
  ];
  for (const [px, sz] of wrong) {
    assert.equal(setLevel(book, 'bids', px, sz), 'negative');
    assert.equal(setLevel(book, 'asks', px, sz), 'negative');
    assert.equal(applyLevels(book, { bids: [[98, 1]], asks: [[px, sz]] }), 'negative');
    assert.equal(
      applyLevels(book, {
        bids: [
          [98, 1],
          [px, sz],
        ],
        asks: [],
      }),
      'negative',
    );
    assert.deepEqual(topLevels(book, 50), standing);
  }
});

test('a snapshot with a negative level leaves the book empty', () => {
  const book = openBook();
  applySnapshot(book, { bids: [[100, 5]], asks: [[101, 7]] });
  assert.equal(applySnapshot(book, { bids: [[100, 5]], asks: [[101, -7]] }), 'negative');
  assert.deepEqual(topLevels(book, 50), { bids: [], asks: [] });
});

test('numbers that no unit can be are the caller’s error and are named', () => {
  const book = openBook();
  assert.throws(
    () => setLevel(book, 'bids', 1.5, 1),
    new RangeError('level 1.5 × 1: allowed are safe integers, in units of the instrument'),
  );
  assert.throws(() => setLevel(book, 'asks', 1, Number.NaN), RangeError);
  assert.throws(() => setLevel(book, 'asks', 1, 2 ** 53), RangeError);
});

test('a book stands crossed or locked until a change ends it', () => {
  const book = openBook();
  assert.equal(applySnapshot(book, { bids: [[100, 1]], asks: [[100, 1]] }), 'locked');
  assert.equal(applyLevels(book, { bids: [[101, 1]], asks: [] }), 'crossed');
  assert.equal(applyLevels(book, { bids: [[101, 0]], asks: [] }), 'locked');
  assert.equal(applyLevels(book, { bids: [], asks: [[100, 0]] }), 'ok');
  clearBook(book);
  assert.equal(bookFinding(book), 'ok');
});
