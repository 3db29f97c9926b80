import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCoinbaseProtocol } from '../../src/core/feeds/coinbase.ts';
import { absent, readCapture } from './captures.ts';
import { BestPrice, bestOf, DrivenFeed, type NaiveBook, naiveBook, setNaive } from './feed-observer.ts';

const PATH = 'captures/COINBASE.jsonl.zst';

test('the recorded Coinbase session has no hole from 0 to 1029, and its books are never crossed', {
  skip: absent(PATH),
}, () => {
  const capture = readCapture(PATH);
  assert.equal(capture.length, 1038);
  const feed = new DrivenFeed(createCoinbaseProtocol());
  feed.subscribe('BTC-USD', 'ETH-USD');
  feed.connect();
  const naive = new Map<string, NaiveBook>();
  const best = new Map<string, { bids: BestPrice; asks: BestPrice }>();
  const historic = new Set<string>();
  const traded: string[] = [];
  const sequences: number[] = [];
  for (const { t, data } of capture) {
    if (t === 'http') {
      const { products } = JSON.parse(String(data));
      for (const product of products) {
        const asked = feed.of('fetch').find(({ path }) => path.endsWith(`/products/${product.product_id}`));
        if (asked !== undefined) feed.answer(asked.path, product);
      }
    }
    if (t !== 'recv' || data === undefined) continue;
    feed.receive(data);
    const { channel, events, sequence_num } = JSON.parse(data);
    sequences.push(sequence_num);
    for (const event of events) {
      if (channel === 'market_trades') {
        for (const { trade_id } of event.trades.toReversed()) {
          if (event.type === 'snapshot') historic.add(trade_id);
          else traded.push(trade_id);
        }
      }
      if (channel !== 'l2_data') continue;
      if (event.type === 'snapshot') naive.set(event.product_id, naiveBook());
      const book = naive.get(event.product_id) as NaiveBook;
      const ours = feed.books.get(event.product_id) as NaiveBook;
      if (event.type === 'snapshot') {
        best.set(event.product_id, { bids: new BestPrice(ours.bids, false), asks: new BestPrice(ours.asks, true) });
      }
      const prices = best.get(event.product_id) as { bids: BestPrice; asks: BestPrice };
      for (const { side, price_level, new_quantity } of event.updates) {
        prices[side === 'bid' ? 'bids' : 'asks'].changed(Number(price_level), new_quantity !== '0');
        setNaive(side === 'bid' ? book.bids : book.asks, price_level, new_quantity);
        const name = side === 'bid' ? 'bids' : 'asks';
        assert.equal(ours[name].get(price_level), new_quantity === '0' ? undefined : new_quantity);
      }
      assert.equal(ours.bids.size, book.bids.size);
      assert.equal(ours.asks.size, book.asks.size);
      const [bid, ask] = [prices.bids.read(), prices.asks.read()];
      assert.ok(bid < ask, `${event.product_id}: bid ${bid}, ask ${ask}`);
    }
  }
  assert.deepEqual(
    sequences,
    Array.from({ length: 1030 }, (_, index) => index),
  );
  for (const [symbol, book] of naive) assert.deepEqual(feed.books.get(symbol), book);
  assert.deepEqual(feed.tradeIds(), traded);
  assert.ok(traded.every((id) => !historic.has(id)));
  const { lost, rejected, duplicate, instrument, book } = feed.count();
  assert.deepEqual(
    { lost, rejected, duplicate, instrument, book },
    { lost: undefined, rejected: undefined, duplicate: undefined, instrument: 2, book: 775 },
  );
  assert.deepEqual(
    feed.of('state').map(({ state }) => state),
    ['authenticated', 'subscribed'],
  );
});

test('in the recorded session takers buy at the ask and sell at the bid', { skip: absent(PATH) }, () => {
  const feed = new DrivenFeed(createCoinbaseProtocol());
  feed.subscribe('BTC-USD', 'ETH-USD');
  feed.connect();
  let usual = 0;
  let odd = 0;
  for (const { t, data } of readCapture(PATH)) {
    if (t !== 'recv' || data === undefined) continue;
    for (const output of feed.receive(data)) {
      if (output.kind !== 'event' || output.event.kind !== 'trade') continue;
      const book = feed.books.get(output.event.symbol);
      if (book === undefined) continue;
      const best = bestOf(book);
      const isHigh = Number(output.event.price) > (best.bid + best.ask) / 2;
      if (isHigh === (output.event.takerSide === 'BUY')) usual += 1;
      else odd += 1;
    }
  }
  // The book is some 100 ms older than the trades of a message.
  assert.ok(usual > 10 * odd, `${usual} usual, ${odd} odd`);
});
