import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { createCoinbaseProtocol } from '../src/core/feeds/coinbase.ts';
import type { BookEvent, MarketOutput } from '../src/core/index.ts';
import { absent, readCapture } from './feeds/captures.ts';
import { DrivenFeed, type NaiveBook, naiveBook, setNaive } from './feeds/feed-observer.ts';
import { aBook, inWords, marketOf, nsAt, ofKind } from './market-builders.ts';
import './seed.ts';

const COINBASE = 'captures/COINBASE.jsonl.zst';

/** A snapshot, one level a side unless others are given. */
function whole(ms: number, fields: Partial<BookEvent> = {}) {
  return aBook(ms, { snapshot: true, bids: [['9', '1']], asks: [['11', '2']], ...fields });
}

/** Best bid and ask of each quote in words. */
function tops(outputs: readonly MarketOutput[]): string[] {
  return ofKind(outputs, 'quote').map(
    ({ payload: { bidPx, bidSize, askPx, askSize } }) => `${bidSize} at ${bidPx}, ${askSize} at ${askPx}`,
  );
}

/** The same of a naive book. */
function naiveTop({ bids, asks }: NaiveBook): string {
  const best = (side: NaiveBook['bids'], isBetter: (a: number, b: number) => boolean) => {
    let found: string | null = null;
    for (const price of side.keys()) if (found === null || isBetter(Number(price), Number(found))) found = price;
    return `${found === null ? '0' : side.get(found)} at ${found}`;
  };
  return `${best(bids, (a, b) => a > b)}, ${best(asks, (a, b) => a < b)}`;
}

describe('of a feed without quotes, the top of the book', () => {
  const quoted = () => marketOf({ bookQuotesOf: 'COINBASE' });

  test('is a quote behind its book, with the time and the exchange of that', () => {
    const market = quoted();
    const published = market.events(whole(5, { venueSeq: 7 }));
    assert.deepEqual(inWords(published), ['BTC-USD/book', 'BTC-USD/quote', 'BTC-USD/data valid']);
    assert.deepEqual(ofKind(published, 'quote')[0]?.payload, {
      ...{ bidPx: '9', bidSize: '1', askPx: '11', askSize: '2', bidExchange: 'COINBASE', askExchange: 'COINBASE' },
      ...{ conditions: [], flags: [], venueTsNs: nsAt(5), venueTsSource: null, receivedNs: 5n, decodedNs: 6n },
    });
  });

  test('is quoted with each change of its prices and sizes, and with no other', () => {
    const market = quoted();
    market.events(whole(0));
    assert.deepEqual(tops(market.events(aBook(1, { bids: [['8', '5']] }))), [], 'behind the best');
    assert.deepEqual(tops(market.events(aBook(2, { bids: [['9', '1.0']] }))), [], 'the same');
    assert.deepEqual(tops(market.events(aBook(3, { asks: [['11', '2.5']] }))), ['1 at 9, 2.5 at 11']);
    assert.deepEqual(tops(market.events(aBook(4, { bids: [['8', '5.125']] }))), [], 'finer units change no amount');
    assert.deepEqual(tops(market.events(aBook(5, { bids: [['9.5', '3']] }))), ['3 at 9.5, 2.5 at 11']);
    assert.deepEqual(tops(market.clock(60_000)), [], 'a full book for those who join');
    const same = whole(60_001, { bids: [['9.5', '3']], asks: [['11', '2.5']] });
    assert.deepEqual(tops(market.events(same)), [], 'a snapshot of the same');
  });

  test('has no price and size 0 on a side that is empty', () => {
    const market = quoted();
    market.events(whole(0));
    assert.deepEqual(tops(market.events(aBook(1, { asks: [['11', '0']] }))), ['1 at 9, 0 at null']);
    assert.deepEqual(tops(market.events(aBook(2, { bids: [['9', '0']] }))), ['0 at null, 0 at null']);
    assert.deepEqual(market.told, []);
  });

  test('is not quoted while the book is not valid, and is quoted anew when it is again', () => {
    const market = quoted();
    assert.deepEqual(tops(market.events(aBook(0, { bids: [['9', '1']] }))), [], 'before a snapshot');
    market.events(whole(1));
    assert.deepEqual(tops(market.events(aBook(2, { bids: [['12', '1']] }))), [], 'crossed');
    assert.deepEqual(tops(market.events(aBook(3, { bids: [['10', '1']] }))), []);
    assert.deepEqual(tops(market.events(whole(4))), ['1 at 9, 2 at 11']);
    assert.deepEqual(tops(market.bookInvalid('sequence')), []);
    assert.deepEqual(tops(market.events(whole(5))), ['1 at 9, 2 at 11'], 'also when it is what it was');
  });

  test('is judged as quotes are: ahead of our clock it is tagged and moves no time', () => {
    const market = marketOf({ bookQuotesOf: 'COINBASE', isLive: true });
    assert.deepEqual(inWords(market.eventsAt(0, whole(3_600_000))).slice(0, 2), [
      'BTC-USD/book',
      'BTC-USD/quote future-time',
    ]);
    assert.equal(market.state.marketNowNs, 0n);
  });

  test('says when its time is not of the message, and then moves no time', () => {
    const market = quoted();
    const [quote] = ofKind(market.events(whole(5, { venueTsSource: 'inferred' })), 'quote');
    assert.deepEqual([quote?.payload.venueTsNs, quote?.payload.venueTsSource], [nsAt(5), 'inferred']);
    assert.equal(market.state.marketNowNs, 0n);
  });

  test('is that of a naive book at every message, whatever the changes', () => {
    const level = fc.tuple(fc.integer({ min: 1, max: 9 }), fc.constantFrom('0', '1', '2', '2.5'));
    const change = fc.record({ bids: fc.array(level, { maxLength: 3 }), asks: fc.array(level, { maxLength: 3 }) });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 60 }), (changes) => {
        const market = quoted();
        const naive = naiveBook();
        let last: string | undefined;
        for (const [i, { bids, asks }] of changes.entries()) {
          // Never crossed: bids below 10, asks above.
          const made = {
            bids: bids.map(([price, size]) => [String(price), size] as const),
            asks: asks.map(([price, size]) => [String(20 - price), size] as const),
          };
          for (const [price, size] of made.bids) setNaive(naive.bids, price, size);
          for (const [price, size] of made.asks) setNaive(naive.asks, price, size);
          const top = naiveTop(naive);
          const published = market.events(aBook(i, { snapshot: i === 0, ...made }));
          assert.deepEqual(tops(published), top === last ? [] : [top]);
          last = top;
        }
      }),
    );
  });
});

test('a feed that has quotes gets none of its book', () => {
  assert.deepEqual(tops(marketOf().events(whole(0))), []);
});

test('in the recorded Coinbase session a quote follows each change of the top of a naive book, and no other message', {
  skip: absent(COINBASE),
}, () => {
  const feed = new DrivenFeed(createCoinbaseProtocol());
  const market = marketOf({ bookQuotesOf: 'COINBASE' });
  feed.subscribe('BTC-USD', 'ETH-USD');
  feed.connect();
  const naive = new Map<string, NaiveBook>();
  const last = new Map<string, string>();
  let quotes = 0;
  for (const { t, data } of readCapture(COINBASE)) {
    if (t !== 'recv' || data === undefined) continue;
    const outputs = feed.receive(data);
    const published = market.step({ type: 'feed', outputs, stamps: { receivedNs: 1n, decodedNs: 1n } });
    const { channel, events } = JSON.parse(data);
    if (channel !== 'l2_data') {
      assert.deepEqual(tops(published), []);
      continue;
    }
    const [{ type, product_id: product, updates }] = events;
    const book = type === 'snapshot' ? naiveBook() : (naive.get(product) as NaiveBook);
    naive.set(product, book);
    for (const { side, price_level, new_quantity } of updates) {
      setNaive(side === 'bid' ? book.bids : book.asks, price_level, new_quantity);
    }
    const top = naiveTop(book);
    assert.deepEqual(tops(published), top === last.get(product) ? [] : [top]);
    last.set(product, top);
    const [shown] = ofKind(published, 'book');
    for (const { topic, payload } of ofKind(published, 'quote')) {
      quotes += 1;
      assert.equal(topic, `${product}/quote`);
      assert.equal(payload.venueTsNs, shown?.payload.venueTsNs);
      assert.deepEqual([payload.venueTsSource, payload.flags], [null, []]);
    }
  }
  assert.equal(naive.size, 2);
  assert.equal(quotes, 204);
});
