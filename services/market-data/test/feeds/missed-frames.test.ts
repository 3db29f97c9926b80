import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAlpacaProtocol } from '../../src/core/feeds/alpaca.ts';
import { createKrakenProtocol } from '../../src/core/feeds/kraken.ts';
import { DrivenFeed } from './feed-observer.ts';

const PAIR = 'XBT/USD';
const SECOND = 1_534_614_057;

function confirm(feed: DrivenFeed): void {
  for (const channelName of ['trade', 'spread', 'book-10']) {
    feed.receive({ event: 'subscriptionStatus', status: 'subscribed', pair: PAIR, channelName });
  }
}

function kraken(): DrivenFeed {
  const feed = new DrivenFeed(createKrakenProtocol({ depth: 10 }));
  feed.nowNs = BigInt(SECOND + 60) * 1_000_000_000n;
  feed.subscribe('BTC-USD');
  feed.connect();
  confirm(feed);
  feed.receive([0, { as: [['2.0', '1.0', `${SECOND}.0`]], bs: [['1.0', '1.0', `${SECOND}.0`]] }, 'book-10', PAIR]);
  return feed;
}

const trade = (at: number, size = '1.0') => ['10.0', size, `${SECOND + at}.100000`, 'b', 'l', ''];
const told = (...list: unknown[]) => [0, list, 'trade', PAIR];

function answerTrades(feed: DrivenFeed, times: readonly number[]): void {
  const rows = times.map((at, id) => ['10.00', '1.00', SECOND + at + 0.1, 'b', 'l', '', id]);
  feed.answer('/0/public/Trades', { error: [], result: { XXBTZUSD: rows, last: `${SECOND + 9}000000000` } });
}

const timesOf = (feed: DrivenFeed) =>
  feed.events('trade').map(({ venueTsNs }) => Number(venueTsNs / 1_000_000_000n) - SECOND);

test('Kraken: after a frame that cannot be read the books are made anew, and trades that it may have told are fetched', () => {
  const feed = kraken();
  feed.receive(told(trade(1)));
  feed.receive(JSON.stringify(told(trade(2))).slice(0, -5));
  assert.deepEqual(feed.of('book-invalid').at(-1), { kind: 'book-invalid', symbol: 'BTC-USD', reason: 'sequence' });
  assert.deepEqual(
    feed
      .sent()
      .slice(-2)
      .map(({ event }) => event),
    ['unsubscribe', 'subscribe'],
  );
  feed.receive(told(trade(3)));
  feed.wait(1_000);
  answerTrades(feed, [1, 2, 3]);
  assert.deepEqual(timesOf(feed), [1, 3, 2]);
  assert.deepEqual(feed.of('lost'), []);
  feed.wait(1_000);
  assert.equal(feed.of('fetch').filter(({ path }) => path.includes('Trades')).length, 1, 'once is enough');
});

test('Kraken: frames that cannot be read while trades are being fetched lead to one more request, and nothing comes twice', () => {
  const feed = kraken();
  feed.receive(told(trade(1)));
  feed.receive('[');
  feed.wait(1_000);
  feed.receive('[');
  feed.receive('[');
  feed.wait(1_000);
  answerTrades(feed, [1, 2]);
  feed.wait(1_000);
  answerTrades(feed, [1, 2, 3]);
  feed.wait(1_000);
  assert.deepEqual(timesOf(feed), [1, 2, 3]);
  assert.deepEqual(feed.of('lost'), []);
});

test('Kraken: a trade that two gaps overlap in is handed on once', () => {
  const feed = kraken();
  feed.receive(told(trade(1)));
  for (const times of [
    [1, 2],
    [1, 2],
    [1, 2, 3],
  ]) {
    feed.disconnect();
    feed.connect();
    confirm(feed);
    answerTrades(feed, times);
  }
  assert.deepEqual(timesOf(feed), [1, 2, 3]);
});

test('Kraken: a trade that is fetched before the stream tells it is handed on once', () => {
  const feed = kraken();
  feed.receive(told(trade(1)));
  feed.disconnect();
  feed.connect();
  confirm(feed);
  answerTrades(feed, [1, 2, 3]);
  feed.receive(told(trade(3)));
  feed.receive(told(trade(4)));
  assert.deepEqual(timesOf(feed), [1, 2, 3, 4]);
  assert.equal(feed.of('duplicate').length, 1);
});

test('Kraken: the same message of trades once more is a duplicate, and late ones of a time have ids of their own', () => {
  const feed = kraken();
  feed.receive(told(trade(1), trade(1)));
  feed.receive(told(trade(2)));
  feed.receive(told(trade(1), trade(1)));
  feed.receive(told(trade(1, '5.0')));
  assert.deepEqual(timesOf(feed), [1, 1, 2, 1]);
  assert.equal(new Set(feed.tradeIds()).size, 4);
  assert.deepEqual(feed.of('duplicate'), [{ kind: 'duplicate', symbol: 'BTC-USD', what: 'trade' }]);
});

test('Kraken: of more trades than are remembered, fetched and streamed alike, none is handed on twice', () => {
  const feed = kraken();
  const streamed = Array.from({ length: 5_000 }, (_, at) => [
    ...['10.0', `${at + 1}.0`, `${SECOND + 2 + Math.floor(at / 1_000)}.${String(100_000 + (at % 1_000))}`],
    ...['b', 'l', ''],
  ]);
  feed.receive(told(trade(1)));
  feed.disconnect();
  feed.connect();
  confirm(feed);
  for (const one of streamed) feed.receive(told(one));
  for (let page = 0; page <= 5; page += 1) {
    const rows = streamed.slice(1_000 * page, 1_000 * (page + 1));
    const list = rows.map(([px, sz, time, ...rest], id) => [px, sz, Number(time), ...rest, 1_000 * page + id]);
    feed.answer('/0/public/Trades', { error: [], result: { XXBTZUSD: list, last: String(page) } });
  }
  assert.equal(feed.events('trade').length, 5_001);
  assert.equal(feed.of('duplicate').length, 5_000);
  assert.deepEqual(feed.of('lost'), []);
});

test('Alpaca: trades that have been forgotten since are not handed on again when a gap reaches back to them', () => {
  const feed = new DrivenFeed(
    createAlpacaProtocol({
      ...{ assetClass: 'crypto', feed: 'us', keyId: 'key', secretKey: 'secret' },
      ...{ channels: ['trades'], quoteSizeUnit: 1, recoversTrades: true },
    }),
  );
  const beganMs = Date.parse('2026-10-06T22:36:00Z');
  // Five a millisecond: more in the overlap of a gap than are remembered.
  const coin = (i: number) => {
    return { S: 'BTC/USD', i, p: 10, s: 1, t: new Date(beganMs + Math.floor(i / 5)).toISOString() };
  };
  const logIn = () => {
    feed.connect();
    feed.receive([{ T: 'success', msg: 'authenticated' }]);
    feed.receive([{ T: 'subscription', trades: ['BTC/USD'] }]);
  };
  feed.subscribe('BTC-USD');
  logIn();
  let made = 0;
  const stream = (count: number) => {
    for (const until = made + count; made < until; made += 1) feed.receive([{ T: 't', ...coin(made) }]);
  };
  for (let round = 0; round < 8; round += 1) {
    stream(700);
    feed.disconnect();
    made += 50;
    logIn();
    stream(20);
    const list = Array.from({ length: made }, (_, i) => coin(i));
    feed.answer('/trades', { trades: { 'BTC/USD': list }, next_page_token: null });
  }
  assert.deepEqual(new Set(feed.tradeIds()).size, made, 'none is missing');
  assert.deepEqual(feed.tradeIds().length, made, 'none came twice');
});

test('Alpaca: after a frame that cannot be read the books are made anew, and trades that it may have told are fetched', () => {
  const feed = new DrivenFeed(
    createAlpacaProtocol({
      ...{ assetClass: 'crypto', feed: 'us', keyId: 'key', secretKey: 'secret' },
      ...{ channels: ['trades', 'orderbooks'], quoteSizeUnit: 1, recoversTrades: true },
    }),
  );
  const coin = (i: number) => ({ S: 'BTC/USD', i, p: 10, s: 1, t: `2026-10-06T22:36:0${i}Z` });
  const book = [{ T: 'o', S: 'BTC/USD', t: '2026-10-06T22:36:01Z', b: [{ p: 1, s: 1 }], a: [], r: true }];
  feed.subscribe('BTC-USD');
  feed.connect();
  feed.receive([{ T: 'success', msg: 'authenticated' }]);
  feed.receive([{ T: 'subscription', trades: ['BTC/USD'], orderbooks: ['BTC/USD'] }]);
  feed.receive(book);
  feed.receive([{ T: 't', ...coin(1) }]);
  feed.receive('[{"T":"t"');
  assert.equal(feed.books.size, 0);
  assert.deepEqual(feed.sent().slice(-2), [
    { action: 'unsubscribe', orderbooks: ['BTC/USD'] },
    { action: 'subscribe', orderbooks: ['BTC/USD'] },
  ]);
  feed.receive(book);
  assert.equal(feed.books.size, 1);
  feed.wait(1_000);
  feed.answer('/v1beta3/crypto/us/trades', { trades: { 'BTC/USD': [coin(1), coin(2)] }, next_page_token: null });
  assert.deepEqual(feed.tradeIds(), ['1', '2']);
  assert.deepEqual(feed.of('lost'), []);
  feed.wait(1_000);
  assert.equal(feed.of('fetch').filter(({ path }) => path.includes('trades')).length, 1, 'once is enough');
});
