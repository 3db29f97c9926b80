import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createBinanceProtocol } from '../../src/core/feeds/binance.ts';
import { createCoinbaseProtocol } from '../../src/core/feeds/coinbase.ts';
import { createKrakenProtocol } from '../../src/core/feeds/kraken.ts';
import type { FeedOutput } from '../../src/core/index.ts';
import { marketOf, ofKind } from '../market-builders.ts';
import { absent, readRawFrames } from './captures.ts';
import { DrivenFeed } from './feed-observer.ts';

const SPOT = 'binance/spot-btcusdt-20240808.gz';
const TODAY_NS = BigInt(Date.UTC(2026, 10, 21)) * 1_000_000n;
const MS = 1_000_000n;
const T = Date.UTC(2024, 7, 8);

function binance(): DrivenFeed {
  const feed = new DrivenFeed(createBinanceProtocol({ market: 'spot', snapshotDepth: 5_000 }));
  feed.nowNs = TODAY_NS;
  feed.subscribe('BTC-USDT');
  feed.connect();
  feed.receive({ result: null, id: 1 });
  return feed;
}

const ticker = (u: number) => ({
  stream: 'btcusdt@bookTicker',
  data: { u, s: 'BTCUSDT', b: '9', B: '1', a: '10', A: '1' },
});
const trade = (t: number, ms: number) => ({
  stream: 'btcusdt@trade',
  data: { e: 'trade', E: ms, s: 'BTCUSDT', t, p: '9.5', q: '1', T: ms, m: true },
});
const SNAPSHOT = { lastUpdateId: 100, bids: [['9', '1']], asks: [['10', '2']] };

test('a quote without a time has our own until the venue tells one, then the one told last', () => {
  const feed = binance();
  feed.receive(ticker(1));
  feed.receive(trade(1, T));
  feed.receive(ticker(2));
  feed.receive(trade(2, T + 900_000_000));
  feed.receive(trade(3, T + 5));
  feed.receive(ticker(3));
  assert.deepEqual(
    feed.events('quote').map(({ venueTsNs, venueTsSource }) => [venueTsNs, venueTsSource]),
    [
      [TODAY_NS, 'receipt'],
      [BigInt(T) * MS, 'inferred'],
      [BigInt(T + 5) * MS, 'inferred'],
    ],
    'one wrong time far ahead is not kept',
  );
});

test('a snapshot of REST has the time of the newest change in it, or none of the venue’s', () => {
  const feed = binance();
  feed.answer('/depth', SNAPSHOT);
  assert.equal(feed.events('book')[0]?.venueTsSource, 'receipt');
  const late = binance();
  const levels = { b: [['8', '1']], a: [] };
  late.receive({ stream: 's', data: { e: 'depthUpdate', E: T, s: 'BTCUSDT', U: 99, u: 100, ...levels } });
  late.receive({ stream: 's', data: { e: 'depthUpdate', E: T + 9, s: 'BTCUSDT', U: 101, u: 101, ...levels } });
  late.answer('/depth', SNAPSHOT);
  assert.deepEqual(
    late.events('book').map(({ venueTsNs, venueTsSource }) => [venueTsNs, venueTsSource]),
    [
      [BigInt(T) * MS, 'inferred'],
      [BigInt(T + 9) * MS, 'venue'],
    ],
  );
});

test('a book of Kraken without levels has no time of its own, and a status has none ever', () => {
  const feed = new DrivenFeed(createKrakenProtocol({ depth: 10 }));
  feed.subscribe('BTC-USD');
  feed.connect();
  feed.receive([0, { as: [], bs: [] }, 'book-10', 'XBT/USD']);
  feed.receive({ event: 'systemStatus', status: 'maintenance' });
  assert.deepEqual(
    [...feed.events('book'), ...feed.events('status')].map((event) => [event.venueTsNs, event.venueTsSource]),
    [
      [feed.nowNs, 'receipt'],
      [feed.nowNs, 'receipt'],
    ],
  );
});

test('the levels of a snapshot of Kraken are as old as they are: what follows does not take their time', () => {
  const feed = new DrivenFeed(createKrakenProtocol({ depth: 10 }));
  feed.subscribe('BTC-USD');
  feed.connect();
  feed.receive([0, { as: [['2', '1', '1500000000.5']], bs: [] }, 'book-10', 'XBT/USD']);
  feed.receive({ event: 'systemStatus', status: 'maintenance' });
  assert.deepEqual(feed.events('book')[0]?.venueTsNs, 1_500_000_000_500_000_000n);
  assert.equal(feed.events('status')[0]?.venueTsSource, 'receipt');
});

test('a change of Coinbase without levels has the time of its message', () => {
  const feed = new DrivenFeed(createCoinbaseProtocol());
  feed.subscribe('BTC-USD');
  feed.connect();
  const event = { type: 'snapshot', product_id: 'BTC-USD', updates: [] };
  feed.receive({ channel: 'l2_data', timestamp: '2024-08-08T00:00:00Z', sequence_num: 0, events: [event] });
  assert.deepEqual(
    feed.events('book').map(({ venueTsNs, venueTsSource }) => [venueTsNs, venueTsSource]),
    [[BigInt(T) * MS, 'venue']],
  );
});

/** A market at live pace today, fed as market-data does: its clock runs on from the venue's latest time. */
function liveMarket() {
  const market = marketOf({ intervals: ['1s', '1m'], isLive: true, bars: { graceMs: 500 } });
  const published: ReturnType<typeof market.step> = [];
  let nowNs = TODAY_NS;
  let marketAtReceiptNs = 0n;
  let receivedNs = TODAY_NS;
  return {
    market,
    published,
    at(ns: bigint) {
      nowNs = ns;
      return ns;
    },
    take(outputs: readonly FeedOutput[]) {
      published.push(...market.step({ type: 'feed', outputs, stamps: { receivedNs: nowNs, decodedNs: nowNs } }));
      receivedNs = nowNs;
      marketAtReceiptNs = market.state.marketNowNs;
    },
    tick() {
      const stamps = { receivedNs: nowNs, decodedNs: nowNs };
      const marketNowNs = marketAtReceiptNs + (nowNs - receivedNs);
      published.push(...market.step({ type: 'clock', marketNowNs, stamps }));
    },
  };
}

test('quotes before the first venue time do not make the trades after them late', () => {
  const feed = binance();
  const live = liveMarket();
  feed.nowNs = live.at(TODAY_NS);
  live.take(feed.receive(ticker(1)));
  live.take(feed.answer('/depth', SNAPSHOT));
  live.tick();
  live.take(feed.receive(trade(1, T)));
  live.take(feed.receive(trade(2, T + 3_000)));
  assert.deepEqual(live.market.told, []);
  assert.deepEqual(
    ofKind(live.published, 'bar').map(({ topic, payload }) => [topic, payload.startNs, payload.tradeCount]),
    [['BTC-USDT/bar.1s', BigInt(T) * MS, 1]],
  );
  const [first] = ofKind(live.published, 'quote');
  assert.equal(first?.payload.venueTsSource, 'receipt');
});

test('the recorded Binance market of 2024, served today, closes its bars by its own time and has no trade late', {
  skip: absent(SPOT),
}, () => {
  const feed = binance();
  const live = liveMarket();
  const frames = readRawFrames(SPOT);
  const firstNs = frames[0]?.receivedNs ?? 0n;
  let tickedNs = 0n;
  for (const { receivedNs, frame } of frames) {
    const nowNs = live.at(TODAY_NS + (receivedNs - firstNs));
    feed.nowNs = nowNs;
    if (nowNs - tickedNs > 250n * MS) {
      live.tick();
      tickedNs = nowNs;
    }
    live.take(frame.includes('"lastUpdateId"') ? feed.answer('/api/v3/depth', frame) : feed.receive(frame));
  }
  const late = live.market.told.filter((word) => /unbarred|future|stale/.test(word));
  assert.deepEqual(late, []);
  const bars = ofKind(live.published, 'bar').filter(({ topic }) => topic.endsWith('bar.1s'));
  assert.ok(bars.length > 60);
  assert.ok(bars.every(({ payload }) => payload.startNs < TODAY_NS - 86_400_000n * MS));
  const ids = feed.events('trade').map(({ venueTsNs }) => venueTsNs);
  const lastNs = ids.at(-1) ?? 0n;
  assert.equal(live.market.state.marketNowNs >= lastNs && live.market.state.marketNowNs < TODAY_NS, true);
});
