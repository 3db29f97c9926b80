import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCoinbaseProtocol } from '../../src/core/feeds/coinbase.ts';
import { DrivenFeed } from './feed-observer.ts';

const TIME = '2026-08-09T21:05:48.228Z';

/** Numbers messages as the venue does. */
class CoinbaseFeed extends DrivenFeed {
  next = 0;

  constructor() {
    super(createCoinbaseProtocol());
    this.subscribe('BTC-USD', 'ETH-USD');
    this.connect();
  }

  message(channel: string, ...events: object[]) {
    const message = { channel, timestamp: TIME, sequence_num: this.next, events };
    this.next += 1;
    return this.receive(message);
  }

  book(type: 'snapshot' | 'update', product_id: string, ...levels: [side: string, price: string, size: string][]) {
    const updates = levels.map(([side, price_level, new_quantity]) => ({
      side,
      event_time: TIME,
      price_level,
      new_quantity,
    }));
    return this.message('l2_data', { type, product_id, updates });
  }

  trades(type: 'snapshot' | 'update', ...ids: number[]) {
    return this.message('market_trades', { type, trades: ids.map(trade) });
  }
}

function trade(id: number) {
  return { product_id: 'BTC-USD', trade_id: String(id), price: '100.10', size: '0.5', time: TIME, side: 'SELL' };
}

test('heartbeats are subscribed, then trades and books of what is wanted', () => {
  const feed = new CoinbaseFeed();
  assert.deepEqual(feed.sent(), [
    { type: 'subscribe', channel: 'heartbeats' },
    { type: 'subscribe', product_ids: ['BTC-USD', 'ETH-USD'], channel: 'market_trades' },
    { type: 'subscribe', product_ids: ['BTC-USD', 'ETH-USD'], channel: 'level2' },
  ]);
  feed.message('subscriptions', { subscriptions: { market_trades: ['BTC-USD', 'ETH-USD'], level2: ['BTC-USD'] } });
  assert.deepEqual(feed.of('state').length, 1, 'not subscribed until the venue lists everything');
  feed.message('subscriptions', {
    subscriptions: { market_trades: ['BTC-USD', 'ETH-USD'], level2: ['ETH-USD', 'BTC-USD'] },
  });
  assert.deepEqual(feed.of('state').at(-1), { kind: 'state', state: 'subscribed' });
});

test('changes count only after a snapshot', () => {
  const feed = new CoinbaseFeed();
  feed.book('update', 'BTC-USD', ['bid', '99', '1']);
  assert.deepEqual(feed.events('book'), []);
  feed.book('snapshot', 'BTC-USD', ['bid', '99.50', '1'], ['offer', '100.5', '2']);
  feed.book('update', 'BTC-USD', ['bid', '99.5', '0'], ['bid', '99', '3']);
  assert.deepEqual(feed.books.get('BTC-USD'), { bids: new Map([['99', '3']]), asks: new Map([['100.5', '2']]) });
});

test('after a wrong number the messages behind it are no duplicates, and the books come back', () => {
  const feed = new CoinbaseFeed();
  feed.book('snapshot', 'BTC-USD', ['bid', '99', '1']);
  feed.next = 1_000_000;
  feed.book('update', 'BTC-USD', ['bid', '98', '1']);
  feed.next = 2;
  feed.book('update', 'BTC-USD', ['bid', '97', '1']);
  assert.ok(!feed.books.has('BTC-USD'));
  feed.book('snapshot', 'BTC-USD', ['bid', '99', '2']);
  feed.book('update', 'BTC-USD', ['bid', '98', '3']);
  assert.deepEqual(
    feed.books.get('BTC-USD')?.bids,
    new Map([
      ['99', '2'],
      ['98', '3'],
    ]),
  );
  assert.deepEqual(feed.of('duplicate'), []);
});

test('a hole in the sequence makes every book invalid and subscribes all again', () => {
  const feed = new CoinbaseFeed();
  feed.book('snapshot', 'BTC-USD', ['bid', '99', '1']);
  feed.book('snapshot', 'ETH-USD', ['bid', '9', '1']);
  feed.fresh();
  feed.next += 2;
  feed.book('update', 'BTC-USD', ['bid', '98', '1']);
  const list = ['BTC-USD', 'ETH-USD'];
  assert.deepEqual(feed.fresh(), [
    ...list.map((symbol) => ({ kind: 'lost', symbol, topic: 'book', from: 2, to: 3 })),
    ...list.map((symbol) => ({ kind: 'book-invalid', symbol, reason: 'sequence' })),
    { kind: 'send', text: JSON.stringify({ type: 'unsubscribe', product_ids: list, channel: 'level2' }) },
    { kind: 'send', text: JSON.stringify({ type: 'subscribe', product_ids: list, channel: 'level2' }) },
  ]);
  feed.book('snapshot', 'BTC-USD', ['bid', '97', '1']);
  feed.book('update', 'BTC-USD', ['bid', '96', '1']);
  assert.deepEqual([...(feed.books.get('BTC-USD')?.bids.keys() ?? [])], ['97', '96']);
  assert.equal(feed.books.has('ETH-USD'), false);
});

test('a message that comes twice is dropped whole', () => {
  const feed = new CoinbaseFeed();
  feed.book('snapshot', 'BTC-USD', ['bid', '99', '1']);
  feed.next -= 1;
  feed.fresh();
  feed.book('update', 'BTC-USD', ['bid', '99', '0']);
  assert.deepEqual(feed.fresh(), [{ kind: 'duplicate', symbol: 'BTC-USD', what: 'book' }]);
});

test('a snapshot that does not come is asked for again, less and less often', () => {
  const feed = new CoinbaseFeed();
  feed.wait(0);
  const subscriptions = () =>
    feed.sent().filter(({ channel, type }) => channel === 'level2' && type === 'subscribe').length;
  assert.equal(subscriptions(), 1);
  feed.wait(10_000);
  assert.equal(subscriptions(), 2);
  feed.wait(19_000);
  assert.equal(subscriptions(), 2);
  feed.wait(1_000);
  assert.equal(subscriptions(), 3);
});

test('a change that cannot be read spoils its book alone', () => {
  const feed = new CoinbaseFeed();
  feed.book('snapshot', 'BTC-USD', ['bid', '99', '1']);
  feed.book('snapshot', 'ETH-USD', ['bid', '9', '1']);
  feed.book('update', 'BTC-USD', ['bid', '-99', '1']);
  assert.deepEqual([feed.books.has('BTC-USD'), feed.books.has('ETH-USD')], [false, true]);
  assert.deepEqual(feed.sent().at(-1), { type: 'subscribe', product_ids: ['BTC-USD'], channel: 'level2' });
});

test('the trades that begin the first subscription are history; later ones come by rising id, once', () => {
  const feed = new CoinbaseFeed();
  feed.trades('snapshot', 12, 11, 10);
  feed.trades('update', 14, 13);
  feed.trades('update', 14, 15);
  assert.deepEqual(feed.tradeIds(), ['13', '14', '15']);
  assert.deepEqual(feed.of('duplicate'), [{ kind: 'duplicate', symbol: 'BTC-USD', what: 'trade' }]);
  assert.equal(feed.events('trade')[0]?.takerSide, 'BUY', 'the venue names the side of the resting order');
});

test('after a lost connection the trades that begin the subscription fill the gap', () => {
  const feed = new CoinbaseFeed();
  feed.trades('snapshot', 12, 11);
  feed.trades('update', 13);
  feed.disconnect();
  feed.next = 0;
  feed.connect();
  feed.trades('snapshot', 16, 15, 14, 13);
  feed.trades('update', 17);
  assert.deepEqual(feed.tradeIds(), ['13', '14', '15', '16', '17']);
  assert.deepEqual(feed.of('event').filter(({ recovered }) => recovered).length, 3);
  assert.deepEqual(feed.of('duplicate'), []);
});

test('what that does not reach is fetched from REST, and what REST does not reach is declared lost', () => {
  const feed = new CoinbaseFeed();
  feed.trades('snapshot', 12);
  feed.disconnect();
  feed.next = 0;
  feed.connect();
  feed.trades('snapshot', 30, 29);
  assert.equal(feed.request('ticker').path, '/api/v3/brokerage/market/products/BTC-USD/ticker?limit=1000');
  const trades = Array.from({ length: 10 }, (_, index) => trade(30 - index));
  feed.answer('ticker', { trades, best_bid: '', best_ask: '' });
  assert.deepEqual(feed.of('lost'), [{ kind: 'lost', symbol: 'BTC-USD', topic: 'trade', from: 13, to: 20 }]);
  assert.deepEqual(
    feed.tradeIds(),
    Array.from({ length: 10 }, (_, index) => String(21 + index)),
  );
});

test('a lost connection makes the books invalid, and the next one begins its own sequence', () => {
  const feed = new CoinbaseFeed();
  feed.book('snapshot', 'BTC-USD', ['bid', '99', '1']);
  feed.disconnect();
  assert.equal(feed.books.size, 0);
  feed.next = 0;
  feed.connect();
  feed.book('snapshot', 'BTC-USD', ['bid', '98', '1']);
  assert.deepEqual(feed.of('lost'), []);
  assert.equal(feed.books.size, 1);
});

test('an error of the venue asks for another connection', () => {
  const feed = new CoinbaseFeed();
  feed.receive({ type: 'error', message: 'rate limit exceeded' });
  assert.deepEqual(feed.of('reconnect'), [{ kind: 'reconnect', reason: 'the venue answered rate limit exceeded' }]);
});
