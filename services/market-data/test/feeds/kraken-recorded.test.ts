import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createKrakenProtocol } from '../../src/core/feeds/kraken.ts';
import { absent, readCapture, readRecording } from './captures.ts';
import { DrivenFeed, type NaiveBook, naiveBook, plain, type Side, setNaive } from './feed-observer.ts';

const PATH = 'captures/KRAKEN.jsonl.zst';
const HTTP_TRADES = 'captures/kraken-http-trades.json';
const DEPTH = 1_000;

function ourSymbol(pair: string): string {
  return pair.replace('XBT', 'BTC').replace('/', '-');
}

/** Keeps the `DEPTH` best, the plain way. */
function cut(side: Side, isAsk: boolean): void {
  const prices = [...side.keys()].sort((a, b) => (isAsk ? Number(a) - Number(b) : Number(b) - Number(a)));
  for (const price of prices.slice(DEPTH)) side.delete(price);
}

test('every checksum of the recorded Kraken session is met, 4269 of 4269, by books equal to plain ones', {
  skip: absent(PATH),
}, () => {
  const capture = readCapture(PATH);
  assert.equal(capture.length, 4438);
  const header = capture[0] as unknown as { config: { trades: string[] } };
  const feed = new DrivenFeed(createKrakenProtocol({ depth: DEPTH }));
  feed.subscribe(...header.config.trades);
  feed.connect();
  const pairs: string[] = JSON.parse(String(capture.find(({ t }) => t === 'send')?.data)).pair;
  const [sent] = feed.sent();
  assert.deepEqual(new Set(sent?.pair as string[]), new Set(pairs));
  for (const { requestId } of feed.of('fetch')) {
    feed.take(feed.protocol.fetched(requestId, { ok: true, body: String(capture[1]?.data) }));
  }
  const naive = new Map<string, NaiveBook>();
  let checked = 0;
  for (const { t, data } of capture) {
    if (t !== 'recv' || data === undefined) continue;
    feed.receive(data);
    const message = JSON.parse(data);
    if (!Array.isArray(message) || message.at(-2) !== `book-${DEPTH}`) continue;
    const symbol = ourSymbol(message.at(-1));
    for (const payload of message.slice(1, -2)) {
      if (payload.as !== undefined) naive.set(symbol, naiveBook());
      if (payload.c !== undefined) checked += 1;
      const book = naive.get(symbol) as NaiveBook;
      for (const [price, size] of payload.as ?? payload.a ?? []) setNaive(book.asks, price, size);
      for (const [price, size] of payload.bs ?? payload.b ?? []) setNaive(book.bids, price, size);
      if (book.asks.size > DEPTH) cut(book.asks, true);
      if (book.bids.size > DEPTH) cut(book.bids, false);
    }
    const ours = feed.books.get(symbol) as NaiveBook;
    const book = naive.get(symbol) as NaiveBook;
    assert.equal(ours.bids.size, book.bids.size);
    assert.equal(ours.asks.size, book.asks.size);
    for (const [price] of message.slice(1, -2).flatMap((one) => one.b ?? [])) {
      assert.equal(ours.bids.get(plain(price)), book.bids.get(plain(price)));
    }
    for (const [price] of message.slice(1, -2).flatMap((one) => one.a ?? [])) {
      assert.equal(ours.asks.get(plain(price)), book.asks.get(plain(price)));
    }
  }
  for (const [symbol, book] of naive) assert.deepEqual(feed.books.get(symbol), book);
  assert.equal(checked, 4269);
  assert.equal(feed.events('book').filter(({ checksum }) => checksum !== null).length, 4269);
  const { rejected, lost, trade, instrument, book } = feed.count();
  assert.deepEqual(
    { rejected, lost, trade, instrument, book },
    { rejected: undefined, lost: undefined, trade: 10, instrument: 10, book: 4279 },
  );
  assert.equal(feed.of('book-invalid').length, pairs.length, 'each symbol begins without a book, once');
});

test('a page of recorded REST trades is read whole, and none of it comes twice', { skip: absent(HTTP_TRADES) }, () => {
  const feed = new DrivenFeed(createKrakenProtocol({ depth: 10 }));
  feed.subscribe('BTC-USDT');
  feed.connect();
  const confirm = { event: 'subscriptionStatus', status: 'subscribed', pair: 'XBT/USDT', channelName: 'trade' };
  feed.receive(confirm);
  const { trades, last } = parseTrades();
  const streamed = trades.slice(0, 5);
  const frame = streamed.map(([price, size, time, side, type]) => [
    price,
    size,
    Number(time).toFixed(6),
    side,
    type,
    '',
  ]);
  feed.receive([0, frame, 'trade', 'XBT/USDT']);
  feed.disconnect();
  feed.connect();
  feed.receive(confirm);
  feed.answer('/0/public/Trades', readRecording(HTTP_TRADES));
  feed.answer(`since=${last}`, { error: [], result: { XBTUSDT: [], last } });
  assert.equal(feed.events('trade').length, 1_000);
  const prices = feed.events('trade').map(({ price }) => Number(price));
  assert.deepEqual(
    prices,
    trades.map(([price]) => Number(price)),
  );
});

function parseTrades(): { trades: [string, string, number, string, string][]; last: string } {
  const { XBTUSDT: trades, last } = JSON.parse(readRecording(HTTP_TRADES)).result;
  return { trades, last };
}
