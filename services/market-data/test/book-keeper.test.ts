import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Payload } from '@tickpath/wire';
import fc from 'fast-check';
import { type FeedOutput, PUBLISHED_DEPTH } from '../src/core/index.ts';
import { aBook, inWords, marketOf, nsAt, ofKind } from './market-builders.ts';
import './seed.ts';

const SNAPSHOT = { snapshot: true, bids: [['9', '1']], asks: [['11', '2']] } as const;

function followed() {
  const shown = { bids: new Map<string, string>(), asks: new Map<string, string>(), valid: false };
  return {
    shown,
    /** As a subscriber would: a snapshot replaces, a change sets, size 0 removes. */
    take({ snapshot, valid, bids, asks }: Payload<'book'>) {
      shown.valid = valid;
      for (const [side, levels] of [
        [shown.bids, bids],
        [shown.asks, asks],
      ] as const) {
        if (snapshot) side.clear();
        for (const { px, sz } of levels) {
          if (sz === '0') side.delete(px);
          else side.set(px, sz);
        }
      }
    },
  };
}

test('a snapshot is published whole, a change as what it changed among the best levels', () => {
  const market = marketOf();
  const [whole] = ofKind(market.events(aBook(0, SNAPSHOT)), 'book');
  assert.deepEqual(whole?.payload, {
    ...{
      snapshot: true,
      valid: true,
      reason: null,
      venueSeq: null,
      venueTsNs: nsAt(0),
      receivedNs: 5n,
    },
    ...{ bids: [{ px: '9', sz: '1' }], asks: [{ px: '11', sz: '2' }], decodedNs: 6n, venueTsSource: null },
  });
  const change = aBook(1, { bids: [['9.5', '3']], asks: [['11', '0']], venueSeq: 7 });
  const [changed] = ofKind(market.events(change), 'book');
  assert.deepEqual(
    [changed?.payload.snapshot, changed?.payload.bids, changed?.payload.asks, changed?.payload.venueSeq],
    [false, [{ px: '9.5', sz: '3' }], [{ px: '11', sz: '0' }], 7],
  );
  assert.deepEqual(ofKind(market.events(aBook(2, { bids: [['9.5', '3']] })), 'book'), [], 'nothing has changed');
});

test('changes without a snapshot are passed over', () => {
  const market = marketOf();
  market.bookInvalid('no-snapshot');
  assert.deepEqual(ofKind(market.events(aBook(0, { bids: [['9', '1']] })), 'book'), []);
});

for (const [fault, bids, asks] of [
  ['crossed', [['12', '1']], []],
  ['locked', [['11', '1']], []],
  ['negative', [['9', '-1']], []],
  ['precision', [['9.0000000000000001', '1']], []],
  ['precision', [['9', '90071992547409930']], []],
] as const) {
  test(`a change that leaves the book ${fault} makes it invalid and asks for another, until that has come`, () => {
    const market = marketOf();
    market.events(aBook(0, SNAPSHOT));
    const outputs = market.events(aBook(1, { bids, asks }));
    assert.deepEqual(inWords(outputs), [
      'BTC-USD/book',
      `resync BTC-USD: ${fault}`,
      `BTC-USD/data invalid: book: found ${fault}, needed valid`,
    ]);
    const [said] = ofKind(outputs, 'book');
    assert.deepEqual([said?.payload.valid, said?.payload.reason, said?.payload.bids], [false, fault, []]);
    assert.deepEqual(market.told, [`BTC-USD book ${fault}`]);
    assert.deepEqual(inWords(market.events(aBook(2, { bids: [['8', '1']] }))), []);
    const [back] = ofKind(market.events(aBook(3, SNAPSHOT)), 'book');
    assert.deepEqual([back?.payload.valid, back?.payload.snapshot], [true, true]);
  });
}

test('a venue that begins to write finer amounts changes nothing of what stood there', () => {
  const market = marketOf();
  market.events(aBook(0, SNAPSHOT));
  const [changed] = ofKind(market.events(aBook(1, { asks: [['10.123', '0.00000001']] })), 'book');
  assert.deepEqual([changed?.payload.bids, changed?.payload.asks], [[], [{ px: '10.123', sz: '0.00000001' }]]);
  const [whole] = ofKind(market.clock(2_000), 'book');
  assert.deepEqual(whole?.payload.bids, [{ px: '9', sz: '1' }]);
});

test('zeros at the end of amounts take no room, and a snapshot begins with units as coarse as it allows', () => {
  const market = marketOf();
  const asks = [
    ['99999997.00000000', '3.50000000'],
    ['99999996.50000000', '0.25000000'],
  ] as const;
  const [padded] = ofKind(market.events(aBook(0, { snapshot: true, bids: [['9.00000000', '1.0']], asks })), 'book');
  assert.deepEqual(
    [padded?.payload.valid, padded?.payload.asks],
    [
      true,
      [
        { px: '99999996.5', sz: '0.25' },
        { px: '99999997', sz: '3.5' },
      ],
    ],
  );
  market.events(aBook(1, { bids: [['9.00000001', '1']] }));
  assert.deepEqual(market.told, ['BTC-USD book precision'], 'both at once are too much');
  const [again] = ofKind(market.events(aBook(2, { snapshot: true, bids: [['9', '1']], asks })), 'book');
  assert.equal(again?.payload.valid, true);
});

test('a full book comes again only after changes, and not more often than it is configured', () => {
  const market = marketOf();
  market.eventsAt(0, aBook(0, SNAPSHOT));
  assert.deepEqual(ofKind(market.clock(5_000), 'book'), [], 'nothing has changed');
  const snapshots = [5_100, 5_200, 6_300].map((ms, i) =>
    ofKind(market.eventsAt(ms, aBook(ms, { bids: [['9', `${i + 2}`]] })), 'book').map(
      ({ payload }) => payload.snapshot,
    ),
  );
  assert.deepEqual(snapshots, [[true], [false], [true]]);
});

const sizes = fc.integer({ min: 0, max: 9 }).map((n) => (n < 3 ? '0' : `${n}.5`));
const sides = (min: number) =>
  fc.array(
    fc.tuple(
      fc.integer({ min, max: min + 79 }).map((n) => String(n / 10)),
      sizes,
    ),
    { maxLength: 12 },
  );
const streams = fc.array(
  fc.oneof(
    { weight: 1, arbitrary: fc.record({ snapshot: fc.constant(true), bids: sides(100), asks: sides(200) }) },
    { weight: 12, arbitrary: fc.record({ snapshot: fc.constant(false), bids: sides(100), asks: sides(200) }) },
    { weight: 1, arbitrary: fc.constant('sequence' as const) },
  ),
  { maxLength: 60 },
);

test('whoever applies what is published has the best levels of the venue’s book, or knows that it is invalid', () => {
  fc.assert(
    fc.property(streams, (stream) => {
      const market = marketOf();
      const follower = followed();
      const naive = { bids: new Map<string, string>(), asks: new Map<string, string>() };
      let isValid = false;
      for (const [ms, said] of stream.entries()) {
        const output: FeedOutput =
          said === 'sequence'
            ? { kind: 'book-invalid', symbol: 'BTC-USD', reason: said }
            : { kind: 'event', event: aBook(ms, said), recovered: false };
        for (const { payload } of ofKind(market.feed([output]), 'book')) follower.take(payload);
        if (said === 'sequence') isValid = false;
        else if (said.snapshot || isValid) {
          isValid = true;
          for (const side of ['bids', 'asks'] as const) {
            if (said.snapshot) naive[side].clear();
            for (const [px, size] of said[side]) {
              if (size === '0') naive[side].delete(px);
              else naive[side].set(px, size);
            }
          }
        }
        assert.equal(follower.shown.valid, isValid);
        if (!isValid) continue;
        const best = (side: Map<string, string>, sign: number) =>
          [...side].toSorted(([a], [b]) => sign * (Number(a) - Number(b))).slice(0, PUBLISHED_DEPTH);
        const sorted = (side: Map<string, string>, sign: number) =>
          [...side].toSorted(([a], [b]) => sign * (Number(a) - Number(b)));
        assert.deepEqual(sorted(follower.shown.bids, -1), best(naive.bids, -1));
        assert.deepEqual(sorted(follower.shown.asks, 1), best(naive.asks, 1));
      }
    }),
    { numRuns: 300 },
  );
});
