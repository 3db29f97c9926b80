import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createBinanceProtocol } from '../../src/core/feeds/binance.ts';
import { createCoinbaseProtocol } from '../../src/core/feeds/coinbase.ts';
import { createKrakenProtocol } from '../../src/core/feeds/kraken.ts';
import { marketOf, ofKind } from '../market-builders.ts';
import { DrivenFeed } from './feed-observer.ts';

const GOOD = 'BTC-USD';
const BAD = 'BTX-USD';
const UNKNOWN_AT_BINANCE = 'GET /api/v3/exchangeInfo: status 400 {"code":-1121,"msg":"Invalid symbol."}';
const UNKNOWN_AT_COINBASE = 'GET /api/v3/brokerage/market/products/BTX-USD: status 404 {"error":"NOT_FOUND"}';

function fail(feed: DrivenFeed, part: string, reason: string) {
  return feed.take(feed.protocol.fetched(feed.request(part).requestId, { ok: false, reason }));
}

function faultsOf(feed: DrivenFeed, symbol: string): string[] {
  return feed.of('book-invalid').flatMap((output) => (output.symbol === symbol ? [output.reason] : []));
}

function refusals(feed: DrivenFeed): string[] {
  return feed.of('rejected').flatMap(({ reason, text }) => (reason === 'refused' ? [text] : []));
}

function binance(): DrivenFeed {
  const feed = new DrivenFeed(createBinanceProtocol({ market: 'spot', snapshotDepth: 100 }));
  feed.subscribe(GOOD, BAD);
  feed.connect();
  return feed;
}

const SNAPSHOT = { lastUpdateId: 100, bids: [['99', '1']], asks: [['101', '2']] };

test('Binance accepts a symbol that it does not know: what it says of its instrument refuses it, and the others go on', () => {
  const feed = binance();
  feed.receive({ result: null, id: 1 });
  fail(feed, 'exchangeInfo?symbol=BTXUSD', UNKNOWN_AT_BINANCE);
  feed.answer('/depth?symbol=BTCUSD&', SNAPSHOT);
  assert.equal(refusals(feed).length, 1);
  assert.match(refusals(feed)[0] ?? '', /BTX-USD: GET .*status 400/);
  assert.equal(faultsOf(feed, BAD).at(-1), 'refused');
  assert.deepEqual([[...feed.books.keys()], feed.of('reconnect'), feed.of('state').length], [[GOOD], [], 2]);
  const asked = feed.of('fetch').length;
  for (let at = 0; at < 10; at += 1) feed.wait(60_000);
  assert.equal(feed.of('fetch').length, asked, 'no book of it is asked for any more');
});

test('Binance: a symbol refused before the subscription is confirmed is left alone, until the next connection', () => {
  const feed = binance();
  fail(feed, 'exchangeInfo?symbol=BTXUSD', UNKNOWN_AT_BINANCE);
  feed.receive({ result: null, id: 1 });
  assert.ok(!feed.of('fetch').some(({ path }) => path.includes('depth?symbol=BTXUSD')));
  feed.disconnect();
  feed.connect();
  feed.receive({ result: null, id: 2 });
  feed.answer('depth?symbol=BTXUSD', SNAPSHOT);
  assert.ok(feed.books.has(BAD), 'it may have been listed meanwhile');
});

test('Binance: of a subscription refused as a whole each symbol is asked for by itself, one at a time', () => {
  const feed = binance();
  feed.receive({ error: { code: 2, msg: 'Invalid request: invalid stream' }, id: 1 });
  assert.deepEqual(feed.of('reconnect'), []);
  feed.wait(250);
  feed.receive({ result: null, id: 2 });
  assert.equal(feed.of('state').length, 1);
  feed.wait(250);
  feed.receive({ error: { code: 2, msg: 'Invalid request: invalid stream' }, id: 3 });
  feed.wait(250);
  assert.deepEqual(
    feed.sent().map(({ params }) => (params as string[])[0]),
    ['btcusd@trade', 'btcusd@trade', 'btxusd@trade'],
  );
  assert.deepEqual(refusals(feed), ['refused: "BTX-USD: 2: Invalid request: invalid stream"']);
  assert.deepEqual([feed.of('state').at(-1)?.state, faultsOf(feed, BAD).at(-1)], ['subscribed', 'refused']);
});

test('an instrument that cannot be had for another reason refuses nothing', () => {
  const feed = binance();
  feed.receive({ result: null, id: 1 });
  fail(feed, 'exchangeInfo?symbol=BTCUSD', 'GET /api/v3/exchangeInfo: status 429 {"code":-1003}');
  assert.deepEqual([refusals(feed), feed.of('rejected')[0]?.reason], [[], 'fetch']);
  feed.answer('/depth?symbol=BTCUSD&', SNAPSHOT);
  assert.ok(feed.books.has(GOOD));
});

test('a quote number far too high does not make all quotes behind it old for ever', () => {
  const feed = binance();
  const quote = (u: number) => ({ stream: 's', data: { u, s: 'BTCUSD', b: '9', B: '1', a: '10', A: '1' } });
  for (const u of [5, 1_000_000, 6, 6, 7, 8, 9]) feed.receive(quote(u));
  assert.deepEqual(
    feed.events('quote').map(({ venueSeq }) => venueSeq),
    [5, 1_000_000, 8, 9],
  );
  assert.equal(feed.of('duplicate').length, 3);
});

/** Numbers messages as the venue does. */
class CoinbaseFeed extends DrivenFeed {
  next = 0;

  constructor() {
    super(createCoinbaseProtocol());
    this.subscribe(GOOD, BAD);
    this.begin();
  }

  begin() {
    this.next = 0;
    this.connect();
  }

  message(channel: string, event: object) {
    this.receive({ channel, timestamp: '2026-08-09T21:05:48Z', sequence_num: this.next, events: [event] });
    this.next += 1;
  }

  lists(...symbols: string[]) {
    this.message('subscriptions', { subscriptions: { market_trades: symbols, level2: symbols } });
  }

  asked(channel: string): unknown[] {
    const sent = this.sent().filter((message) => message.type === 'subscribe' && message.channel === channel);
    return sent.map(({ product_ids }) => product_ids);
  }
}

const BAD_PRODUCT = { type: 'error', message: 'Failed to subscribe', reason: `${BAD} is not a valid product` };

test('Coinbase passes over a whole subscription for one product: the others are asked for again without it', () => {
  const feed = new CoinbaseFeed();
  feed.receive(BAD_PRODUCT);
  feed.receive(BAD_PRODUCT);
  assert.deepEqual(feed.asked('level2'), [[GOOD, BAD], [GOOD]]);
  assert.deepEqual(feed.asked('market_trades'), [[GOOD, BAD], [GOOD]]);
  assert.deepEqual(refusals(feed), ['refused: "BTX-USD: Failed to subscribe: BTX-USD is not a valid product"']);
  feed.lists(GOOD);
  assert.equal(feed.of('state').at(-1)?.state, 'subscribed');
  for (let at = 0; at < 10; at += 1) feed.wait(60_000);
  assert.ok(
    feed
      .asked('level2')
      .slice(2)
      .every((products) => !(products as string[]).includes(BAD)),
  );
  assert.deepEqual([feed.of('reconnect'), faultsOf(feed, BAD).at(-1)], [[], 'refused']);
});

test('Coinbase: an error that names no product costs a connection, and REST tells which one to leave out of the next', () => {
  const feed = new CoinbaseFeed();
  feed.receive({ type: 'error', message: 'Failed to subscribe' });
  assert.equal(feed.of('reconnect').length, 1);
  fail(feed, `products/${BAD}`, UNKNOWN_AT_COINBASE);
  feed.disconnect();
  feed.begin();
  assert.deepEqual(feed.asked('level2').at(-1), [GOOD]);
  feed.lists(GOOD);
  assert.equal(feed.of('state').at(-1)?.state, 'subscribed');
  feed.answer(`products/${BAD}`, { product_id: BAD, price_increment: '0.01', base_increment: '0.1', status: 'online' });
  assert.deepEqual(feed.asked('level2').at(-1), [BAD], 'once it is listed it is subscribed');
});

test('Coinbase: what is refused after all else is subscribed does not keep the feed from being so', () => {
  const feed = new CoinbaseFeed();
  feed.lists(GOOD);
  assert.equal(feed.of('state').length, 1);
  fail(feed, `products/${BAD}`, UNKNOWN_AT_COINBASE);
  assert.equal(feed.of('state').at(-1)?.state, 'subscribed');
});

function kraken(): DrivenFeed {
  const feed = new DrivenFeed(createKrakenProtocol({ depth: 10 }));
  feed.subscribe(GOOD, BAD);
  feed.connect();
  return feed;
}

const status = (fields: object) => ({ event: 'subscriptionStatus', ...fields });

test('Kraken refuses a pair by name, once for each channel: it is said once, and the others are subscribed', () => {
  const feed = kraken();
  for (const channelName of ['trade', 'spread', 'book-10']) {
    feed.receive(status({ status: 'subscribed', pair: 'XBT/USD', channelName }));
    feed.receive(status({ status: 'error', pair: 'BTX/USD', errorMessage: 'Currency pair not supported BTX/USD' }));
  }
  assert.deepEqual(refusals(feed), ['refused: "BTX/USD: Currency pair not supported BTX/USD"']);
  assert.deepEqual([feed.of('state').at(-1)?.state, faultsOf(feed, BAD).at(-1)], ['subscribed', 'refused']);
  const sent = feed.sent().length;
  feed.wait(60_000);
  const again = feed.sent().slice(sent);
  assert.ok(again.length > 0 && again.every(({ pair }) => !(pair as string[]).includes('BTX/USD')));
});

test('Kraken: too many messages cost a connection, and nothing is refused for them', () => {
  const feed = kraken();
  feed.receive(status({ status: 'error', pair: 'XBT/USD', errorMessage: 'Exceeded msg rate' }));
  assert.equal(feed.of('reconnect').length, 1);
  assert.deepEqual(faultsOf(feed, GOOD), ['no-snapshot']);
  feed.receive(status({ status: 'error', pair: 'XBT/USD', errorMessage: 'Subscription Not Found' }));
  assert.deepEqual([feed.of('reconnect').length, faultsOf(feed, GOOD)], [1, ['no-snapshot']]);
});

test('Kraken: a subscription that the venue ends by itself is asked for again', () => {
  const feed = kraken();
  for (const channelName of ['trade', 'spread', 'book-10']) {
    feed.receive(status({ status: 'subscribed', pair: 'XBT/USD', channelName }));
  }
  feed.receive([0, { as: [['2.0', '1.0', '1618678142.5']], bs: [] }, 'book-10', 'XBT/USD']);
  const sent = feed.sent().length;
  feed.receive(status({ status: 'unsubscribed', pair: 'XBT/USD', channelName: 'book-10' }));
  feed.receive(status({ status: 'unsubscribed', pair: 'XBT/USD', channelName: 'spread' }));
  assert.deepEqual(
    feed
      .sent()
      .slice(sent)
      .map(({ event, subscription }) => [event, (subscription as { name: string }).name]),
    [
      ['subscribe', 'book'],
      ['subscribe', 'spread'],
    ],
  );
  assert.ok(!feed.books.has(GOOD), 'its book is not to be used until it comes again');
});

test('the data of a refused symbol is never valid, and why is published', () => {
  const feed = binance();
  const market = marketOf({});
  const published = [
    ...market.feed(feed.outputs),
    ...market.feed(feed.receive({ result: null, id: 1 })),
    ...market.feed(fail(feed, 'exchangeInfo?symbol=BTXUSD', UNKNOWN_AT_BINANCE)),
    ...market.feed(feed.answer('/depth?symbol=BTCUSD&', SNAPSHOT)),
    ...market.clock(3_600_000),
  ];
  const said = ofKind(published, 'dataState').filter(({ topic }) => topic === `${BAD}/data`);
  assert.equal(said.at(-1)?.payload.valid, false);
  assert.match(market.state.symbols.get(BAD)?.data.causes.get('book') ?? '', /refused/);
  assert.equal(ofKind(published, 'dataState').findLast(({ topic }) => topic === `${GOOD}/data`)?.payload.valid, true);
});
