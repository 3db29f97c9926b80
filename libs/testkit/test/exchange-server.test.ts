import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BookHistory, ExchangeBook, type SpelledLevel } from '../src/index.ts';

const level: fc.Arbitrary<SpelledLevel> = fc
  .tuple(fc.integer({ min: 1, max: 30 }), fc.nat({ max: 3 }))
  .map(([price, size]) => [`${price}.50`, `${size}.0`]);
const changes = fc.array(
  fc.record({
    side: fc.constantFrom('bids' as const, 'asks' as const),
    levels: fc.array(level, { maxLength: 5 }),
    depth: fc.option(fc.integer({ min: 1, max: 10 })),
  }),
  { maxLength: 40 },
);

test('an exchange’s book is what sorting all of its levels gives, after every change', () => {
  fc.assert(
    fc.property(changes, (list) => {
      const book = new ExchangeBook();
      const plain = { bids: new Map<string, string>(), asks: new Map<string, string>() };
      const sorted = (side: 'bids' | 'asks') =>
        [...plain[side]].sort(([a], [b]) => (side === 'asks' ? 1 : -1) * (Number(a) - Number(b)));
      for (const { side, levels, depth } of list) {
        book.set(side, levels);
        for (const [price, size] of levels) {
          if (Number(size) === 0) plain[side].delete(price);
          else plain[side].set(price, size);
        }
        if (depth !== null) {
          book.truncate(side, depth);
          for (const [price] of sorted(side).slice(depth)) plain[side].delete(price);
        }
        assert.deepEqual(book.best(side), sorted(side));
        assert.deepEqual(book.best(side, 3), sorted(side).slice(0, 3));
        assert.deepEqual(book.copy().best(side), book.best(side));
      }
      const empty = new ExchangeBook();
      for (const side of ['bids', 'asks'] as const) {
        const way = empty.copy();
        way.set(side, book.differenceFrom(empty, side));
        assert.deepEqual(way.best(side), book.best(side));
        way.set(side, empty.differenceFrom(book, side));
        assert.deepEqual(way.best(side), []);
      }
    }),
  );
});

test('what follows a book’s history may pass states over, never go back, and be nothing that it has not been', () => {
  const book = new ExchangeBook();
  const history = new BookHistory(1);
  const states = ['1', '2', '2', '3', '1'].map((size) => {
    book.set('bids', [['10.0', size]]);
    history.note('X', book);
    return book.shown(1);
  });
  const [one, two, , three] = states as [(typeof states)[0], (typeof states)[0], unknown, (typeof states)[0]];
  assert.deepEqual(history.count('X'), { all: 4, found: 0 });
  assert.equal(history.follow('X', one), 0);
  assert.equal(history.follow('X', three), 2);
  assert.equal(history.follow('X', three), 0);
  assert.equal(history.follow('X', two), undefined);
  assert.equal(history.follow('X', { bids: [['10', '9']], asks: [] }), undefined);
  assert.equal(history.follow('Y', one), undefined);
  assert.equal(history.follow('X', one), 1);
  assert.deepEqual(history.count('X'), { all: 4, found: 3 });
});
