import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Payload } from '@tickpath/wire';
import { createBinanceProtocol } from '../src/core/feeds/binance.ts';
import { createCoinbaseProtocol } from '../src/core/feeds/coinbase.ts';
import { createKrakenProtocol } from '../src/core/feeds/kraken.ts';
import { type FeedOutput, type MarketOutput, PUBLISHED_DEPTH } from '../src/core/index.ts';
import { absent, readCapture, readRawFrames } from './feeds/captures.ts';
import { DrivenFeed, type NaiveBook } from './feeds/feed-observer.ts';
import { marketOf, ofKind } from './market-builders.ts';

const SPOT = 'binance/spot-btcusdt-20240808.gz';
const COINBASE = 'captures/COINBASE.jsonl.zst';
const KRAKEN = 'captures/KRAKEN.jsonl.zst';
/** Sorting a naive book takes its time: the whole is compared now and then. */
const COMPARED_ONE_IN = 50;

type Side = Map<string, string>;

/** Feeds a market what a recorded feed says, and follows what it publishes of books. */
function recordedMarket(feed: DrivenFeed) {
  const market = marketOf({ intervals: ['1s', '1m'] });
  const shown = new Map<string, { bids: Side; asks: Side; valid: boolean }>();
  let books = 0;
  const follow = (topic: string, { snapshot, valid, bids, asks }: Payload<'book'>) => {
    const symbol = topic.slice(0, topic.indexOf('/'));
    const book = shown.get(symbol) ?? { bids: new Map(), asks: new Map(), valid };
    shown.set(symbol, book);
    book.valid = valid;
    for (const [side, levels] of [
      [book.bids, bids],
      [book.asks, asks],
    ] as const) {
      if (snapshot) side.clear();
      for (const { px, sz } of levels) {
        if (sz === '0') side.delete(px);
        else side.set(px, sz);
      }
    }
    books += 1;
    if (books % COMPARED_ONE_IN === 0) compare(symbol);
  };
  const compare = (symbol: string) => {
    const book = shown.get(symbol);
    const naive = feed.books.get(symbol);
    if (book?.valid !== true || naive === undefined) return;
    for (const side of ['bids', 'asks'] as const) {
      assert.deepEqual(sorted(book[side], side), sorted(naive[side], side).slice(0, PUBLISHED_DEPTH));
    }
  };
  const published: MarketOutput[] = [];
  return {
    market,
    published,
    shown,
    take(outputs: readonly FeedOutput[], receivedNs: bigint) {
      const stamps = { receivedNs, decodedNs: receivedNs };
      // One by one, because the naive books are those after the last of them.
      const made = market.step({ type: 'feed', outputs, stamps });
      published.push(...made);
      for (const { topic, payload } of ofKind(made, 'book')) follow(topic, payload);
    },
    compareAll: () => [...shown.keys()].forEach(compare),
  };
}

function sorted(side: NaiveBook['bids'] | Side, name: 'bids' | 'asks'): [string, string][] {
  const sign = name === 'bids' ? -1 : 1;
  return [...side].toSorted(([a], [b]) => sign * (Number(a) - Number(b)));
}

test('the recorded Binance stream makes a book that is never wrong, and what is published of it is its top', {
  skip: absent(SPOT),
}, () => {
  const feed = new DrivenFeed(createBinanceProtocol({ market: 'spot', snapshotDepth: 5_000 }));
  const recorded = recordedMarket(feed);
  feed.subscribe('BTC-USDT');
  feed.connect();
  for (const { receivedNs, frame } of readRawFrames(SPOT)) {
    feed.nowNs = receivedNs;
    const outputs = frame.includes('"lastUpdateId"') ? feed.answer('/api/v3/depth', frame) : feed.receive(frame);
    recorded.take(outputs, receivedNs);
  }
  recorded.compareAll();
  const { told } = recorded.market;
  assert.deepEqual(
    told.filter((word) => word.includes('book')),
    [],
  );
  assert.equal(ofKind(recorded.published, 'trade').length, 9_757);
  assert.equal(ofKind(recorded.published, 'dataState').at(-1)?.payload.valid, true);
  assert.ok(ofKind(recorded.published, 'bar').length > 60);
  assert.deepEqual([...new Set(told.filter((word) => /price-jump|crossed|not-positive/.test(word)))], []);
});

test('the recorded Coinbase session makes books that are never wrong', { skip: absent(COINBASE) }, () => {
  const feed = new DrivenFeed(createCoinbaseProtocol());
  const recorded = recordedMarket(feed);
  feed.subscribe('BTC-USD', 'ETH-USD');
  feed.connect();
  for (const { t, data, ts } of readCapture(COINBASE)) {
    if (t === 'recv' && data !== undefined) recorded.take(feed.receive(data), BigInt(Math.round((ts ?? 0) * 1e9)));
  }
  recorded.compareAll();
  assert.deepEqual(
    [...recorded.shown.values()].map(({ valid }) => valid),
    [true, true],
  );
  assert.deepEqual(
    recorded.market.told.filter((word) => / book /.test(word)),
    [],
  );
});

test('the recorded Kraken session makes books that are never wrong', { skip: absent(KRAKEN) }, () => {
  const feed = new DrivenFeed(createKrakenProtocol({ depth: 1_000 }));
  const recorded = recordedMarket(feed);
  const capture = readCapture(KRAKEN);
  const header = capture[0] as unknown as { config: { trades: string[] } };
  feed.subscribe(...header.config.trades);
  feed.connect();
  for (const { requestId } of feed.of('fetch')) {
    recorded.take(feed.protocol.fetched(requestId, { ok: true, body: String(capture[1]?.data) }), 1n);
  }
  for (const { t, data, ts } of capture) {
    if (t === 'recv' && data !== undefined) recorded.take(feed.receive(data), BigInt(Math.round((ts ?? 0) * 1e9)));
  }
  recorded.compareAll();
  const valid = [...recorded.shown.values()].filter((book) => book.valid);
  assert.equal(valid.length, recorded.shown.size);
  const faults = recorded.market.told.filter((word) => / book /.test(word) && !word.endsWith('no-snapshot'));
  assert.deepEqual(faults, []);
});
