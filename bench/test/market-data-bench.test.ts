import assert from 'node:assert/strict';
import { test } from 'node:test';
import { barsRound } from '../market-data/bars.ts';
import { BOOK_MIXES, bookRound } from '../market-data/book.ts';

for (const mix of BOOK_MIXES) {
  test(`a short round of changes ${mix === 'market' ? 'as on a venue' : 'anywhere'} leaves the book uncrossed and measures each variant`, () => {
    const round = bookRound({ mix, depth: 100, deltas: 2000 });
    for (const [variant, ns] of Object.entries(round)) assert.ok(ns > 0, `${variant} ${ns}`);
  });
}

test('a short round of trades makes bars in every variant', () => {
  for (const [variant, perSecond] of Object.entries(barsRound(2000)))
    assert.ok(perSecond > 0, `${variant} ${perSecond}`);
});
