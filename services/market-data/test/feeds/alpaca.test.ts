import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AlpacaOptions, createAlpacaProtocol } from '../../src/core/feeds/alpaca.ts';
import { DrivenFeed } from './feed-observer.ts';

const STOCKS: AlpacaOptions = {
  assetClass: 'us_equity',
  feed: 'sip',
  keyId: 'key',
  secretKey: 'secret',
  channels: ['trades', 'quotes', 'statuses'],
  quoteSizeUnit: 1,
  recoversTrades: true,
};
const CRYPTO: AlpacaOptions = { ...STOCKS, assetClass: 'crypto', feed: 'us', channels: ['trades', 'orderbooks'] };
const AUTHENTICATED = [{ T: 'success', msg: 'authenticated' }];

function trade(i: number, second = i) {
  const t = `2026-10-06T22:36:${String(second).padStart(2, '0')}.5Z`;
  return { T: 't', S: 'AAPL', i, x: 'P', p: 779.87, s: 4, c: ['@'], z: 'C', t };
}

function restTrade(i: number, second = i) {
  const { T: _type, S: _symbol, ...rest } = trade(i, second);
  return rest;
}

function started(options: AlpacaOptions, ...symbols: string[]): DrivenFeed {
  const feed = new DrivenFeed(createAlpacaProtocol(options));
  feed.subscribe(...symbols);
  logIn(feed);
  return feed;
}

function logIn(feed: DrivenFeed): void {
  feed.connect();
  feed.receive([{ T: 'success', msg: 'connected' }]);
  feed.receive(AUTHENTICATED);
}

function confirm(feed: DrivenFeed, lists: object): void {
  feed.receive([{ T: 'subscription', ...lists }]);
}

const AAPL = { trades: ['AAPL'], quotes: ['AAPL'], statuses: ['AAPL'] };

test('the key is sent when the venue has greeted, the subscription when it has let us in', () => {
  const feed = started(STOCKS, 'AAPL');
  assert.deepEqual(feed.sent(), [
    { action: 'auth', key: 'key', secret: 'secret' },
    { action: 'subscribe', ...AAPL },
  ]);
  confirm(feed, { ...AAPL, bars: [] });
  assert.deepEqual(
    feed.of('state').map(({ state }) => state),
    ['authenticated', 'subscribed'],
  );
  assert.equal(feed.request('/v2/assets').path, '/v2/assets/AAPL');
  assert.equal(feed.request('/v2/assets').api, 'trading');
  assert.deepEqual(feed.of('rejected'), []);
});

test('a subscription that lacks something is told, an absent channel too', () => {
  const feed = started(STOCKS, 'AAPL', 'SPY');
  confirm(feed, { trades: ['AAPL', 'SPY'], quotes: ['SPY'] });
  assert.deepEqual(
    feed.of('rejected').map(({ text }) => text),
    ['refused: "quotes of AAPL not subscribed"', 'refused: "statuses of AAPL, SPY not subscribed"'],
  );
});

test('what lacks only until a later request is confirmed is not told', () => {
  const feed = started(CRYPTO, 'BTC-USD');
  confirm(feed, { trades: ['BTC/USD'], orderbooks: ['BTC/USD'] });
  feed.take(feed.protocol.resync('BTC-USD', 'crossed'));
  confirm(feed, { trades: ['BTC/USD'] });
  confirm(feed, { trades: ['BTC/USD'], orderbooks: ['BTC/USD'] });
  assert.deepEqual(feed.of('rejected'), []);
});

test('what is wanted before logging in is subscribed once, and later changes are', () => {
  const feed = started(STOCKS, 'AAPL');
  feed.subscribe('AAPL', 'SPY');
  feed.subscribe('SPY');
  assert.deepEqual(feed.sent().slice(2), [
    { action: 'subscribe', trades: ['SPY'], quotes: ['SPY'], statuses: ['SPY'] },
    { action: 'unsubscribe', ...AAPL },
  ]);
  feed.fresh();
  feed.receive([trade(1)]);
  assert.deepEqual(feed.fresh(), [{ kind: 'unknown', type: 'of a symbol not subscribed' }]);
});

test('crypto pairs are subscribed as the venue spells them, however they are wanted', () => {
  const feed = started(CRYPTO, 'BTC-USD', 'ETH/USD');
  assert.deepEqual(feed.sent()[1], {
    action: 'subscribe',
    trades: ['BTC/USD', 'ETH/USD'],
    orderbooks: ['BTC/USD', 'ETH/USD'],
  });
  assert.equal(feed.request('/v2/assets').path, '/v2/assets/ETH%2FUSD');
});

test('with * everything is subscribed and every asset listed', () => {
  const feed = started(STOCKS, '*');
  assert.deepEqual(feed.sent()[1]?.trades, ['*']);
  const asset = { tradable: true, shortable: false, fractionable: false };
  feed.answer('/v2/assets?status=active&asset_class=us_equity', [
    { symbol: 'AAPL', ...asset },
    { symbol: 'SPY', ...asset },
  ]);
  assert.deepEqual(
    feed.events('instrument').map(({ symbol }) => symbol),
    ['AAPL', 'SPY'],
  );
  feed.receive([trade(1)]);
  assert.deepEqual(feed.tradeIds(), ['1']);
});

test('an error of the venue is told and asks for another connection', () => {
  const feed = started(STOCKS, 'AAPL');
  feed.receive([{ T: 'error', code: 406, msg: 'connection limit exceeded' }]);
  assert.deepEqual(feed.of('reconnect'), [
    { kind: 'reconnect', reason: 'the venue answered 406: connection limit exceeded' },
  ]);
});

test('frames that are no list and messages of unknown types are counted, the others are read', () => {
  const feed = started(STOCKS, 'AAPL');
  feed.fresh();
  feed.receive('{');
  feed.receive({ T: 't' });
  feed.receive([{ T: 'z9' }, trade(1), { T: '__proto__' }]);
  assert.deepEqual(
    feed.fresh().map((output) => (output.kind === 'rejected' ? output.reason : output.kind)),
    ['json', 'not-an-array', 'unknown', 'event', 'unknown'],
  );
});

test('a trade that comes twice is dropped; the same id of another exchange is another trade', () => {
  const feed = started(STOCKS, 'AAPL');
  feed.receive([trade(1), trade(2), trade(1)]);
  feed.receive([{ ...trade(1), x: 'K' }, trade(2)]);
  assert.deepEqual(feed.tradeIds(), ['1', '2', '1']);
  assert.equal(feed.of('duplicate').length, 2);
});

test('trades without an id cannot be told apart and are all handed on', () => {
  const feed = started(STOCKS, 'AAPL');
  const { i: _id, ...nameless } = trade(1);
  feed.receive([nameless, nameless]);
  assert.equal(feed.events('trade').length, 2);
});

function lostConnection(): DrivenFeed {
  const feed = started(STOCKS, 'AAPL');
  confirm(feed, AAPL);
  feed.receive([trade(1), trade(2)]);
  feed.disconnect();
  logIn(feed);
  confirm(feed, AAPL);
  return feed;
}

test('after a lost connection missed trades are fetched page by page, and nothing comes twice', () => {
  const feed = lostConnection();
  const { path } = feed.request('/v2/stocks/trades');
  const query = new URL(path, 'http://venue').searchParams;
  assert.deepEqual(Object.fromEntries(query), {
    symbols: 'AAPL',
    start: '2026-10-06T22:36:01.500000000Z',
    limit: '10000',
    sort: 'asc',
    feed: 'sip',
  });
  feed.receive([trade(6), trade(7)]);
  assert.deepEqual(feed.tradeIds(), ['1', '2'], 'what is streamed waits');
  feed.answer('/v2/stocks/trades', { trades: { AAPL: [1, 2, 3].map((i) => restTrade(i)) }, next_page_token: 'next' });
  feed.answer('page_token=next', { trades: { AAPL: [4, 5, 6].map((i) => restTrade(i)) }, next_page_token: null });
  assert.deepEqual(feed.tradeIds(), ['1', '2', '3', '4', '5', '6', '7']);
  assert.deepEqual(feed.of('lost'), []);
  feed.receive([trade(8), trade(5)]);
  assert.deepEqual(feed.tradeIds().at(-1), '8');
});

test('missed trades that cannot be had are declared lost, and what waited goes on', () => {
  const failed = lostConnection();
  failed.receive([trade(6)]);
  failed.refuse('/v2/stocks/trades');
  assert.deepEqual(failed.of('lost'), [{ kind: 'lost', symbol: 'AAPL', topic: 'trade', from: null, to: null }]);
  assert.deepEqual(failed.tradeIds(), ['1', '2', '6']);
  const silent = lostConnection();
  silent.receive([trade(6)]);
  silent.wait(6_000);
  assert.deepEqual(silent.tradeIds(), ['1', '2', '6']);
  assert.equal(silent.of('lost').length, 1);
  silent.answer('/v2/stocks/trades', { trades: { AAPL: [restTrade(3)] }, next_page_token: null });
  assert.deepEqual(silent.tradeIds(), ['1', '2', '6'], 'too late: it has been declared lost');
});

test('a first connection fetches nothing, and neither does one whose loss is not to be repaired', () => {
  const first = started(STOCKS, 'AAPL');
  confirm(first, AAPL);
  assert.ok(!first.of('fetch').some(({ path }) => path.includes('trades')));
  const feed = started({ ...STOCKS, recoversTrades: false }, 'AAPL');
  confirm(feed, AAPL);
  feed.receive([trade(1)]);
  feed.disconnect();
  logIn(feed);
  confirm(feed, AAPL);
  assert.ok(!feed.of('fetch').some(({ path }) => path.includes('trades')));
});

function book(fields: object) {
  return [{ T: 'o', S: 'BTC/USD', t: '2026-10-06T22:36:01Z', b: [], a: [], ...fields }];
}

test('a crypto book begins with a whole one, and is subscribed again when a change of it cannot be read', () => {
  const feed = started(CRYPTO, 'BTC-USD');
  feed.receive(book({ b: [{ p: 1, s: 1 }] }));
  assert.deepEqual(feed.events('book'), []);
  feed.receive(book({ b: [{ p: 1, s: 1 }], r: true }));
  feed.receive(book({ b: [{ p: 2, s: 1 }] }));
  assert.equal(feed.books.get('BTC-USD')?.bids.size, 2);
  feed.receive(book({ b: [{ p: -2, s: 1 }] }));
  assert.equal(feed.books.size, 0);
  assert.deepEqual(feed.sent().slice(-2), [
    { action: 'unsubscribe', orderbooks: ['BTC/USD'] },
    { action: 'subscribe', orderbooks: ['BTC/USD'] },
  ]);
  feed.receive(book({ b: [{ p: 3, s: 1 }], r: true }));
  assert.equal(feed.books.get('BTC-USD')?.bids.size, 1);
  feed.disconnect();
  assert.equal(feed.of('book-invalid').at(-1)?.reason, 'reconnect');
});
