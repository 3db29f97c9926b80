import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createBinanceProtocol } from '../../src/core/feeds/binance.ts';
import type { BookEvent } from '../../src/core/feeds/protocol.ts';
import { DrivenFeed } from './feed-observer.ts';

const T = 1_700_000_000_000;

function depth(U: number, u: number, levels: { b?: string[][]; a?: string[][]; pu?: number } = {}) {
  const data = { e: 'depthUpdate', E: T + u, s: 'BTCUSDT', U, u, b: levels.b ?? [], a: levels.a ?? [] };
  return { stream: 'btcusdt@depth@100ms', data: levels.pu === undefined ? data : { ...data, pu: levels.pu } };
}

function trade(t: number, price = '100.10') {
  return {
    stream: 'btcusdt@trade',
    data: { e: 'trade', E: T, s: 'BTCUSDT', t, p: price, q: '0.50000000', T, m: true },
  };
}

function restTrade(id: number) {
  return { id, price: '100.10', qty: '0.50000000', time: T, isBuyerMaker: false, isBestMatch: true };
}

const SNAPSHOT = { lastUpdateId: 100, bids: [['99.00', '1.0']], asks: [['101.00', '2.0']] };

function started(market: 'spot' | 'usd-futures' = 'spot'): DrivenFeed {
  const feed = new DrivenFeed(createBinanceProtocol({ market, snapshotDepth: 1_000 }));
  feed.subscribe('BTC-USDT');
  feed.connect();
  feed.receive({ result: null, id: 1 });
  return feed;
}

function live(): DrivenFeed {
  const feed = started();
  feed.answer('/depth', SNAPSHOT);
  return feed;
}

function bookSequences(feed: DrivenFeed): (number | null)[] {
  return feed.events('book').map(({ venueSeq }: BookEvent) => venueSeq);
}

test('what is wanted is subscribed on connecting, and the book is fetched once the venue has confirmed', () => {
  const feed = new DrivenFeed(createBinanceProtocol({ market: 'spot', snapshotDepth: 1_000 }));
  feed.subscribe('BTC-USDT');
  assert.deepEqual(feed.sent(), []);
  feed.connect();
  assert.deepEqual(feed.sent(), [
    { method: 'SUBSCRIBE', params: ['btcusdt@trade', 'btcusdt@bookTicker', 'btcusdt@depth@100ms'], id: 1 },
  ]);
  assert.ok(!feed.of('fetch').some(({ path }) => path.includes('/depth')));
  feed.receive({ result: null, id: 1 });
  assert.equal(feed.request('/depth').path, '/api/v3/depth?symbol=BTCUSDT&limit=1000');
});

test('changes wait for the snapshot; those it holds are dropped, and the first after it may overlap it', () => {
  const feed = started();
  feed.receive(depth(95, 98, { b: [['1.00', '1']] }));
  feed.receive(depth(99, 103, { b: [['99.00', '0.00']], a: [['101.50', '3.0']] }));
  feed.receive(depth(104, 104, { b: [['98.00', '4']] }));
  assert.deepEqual(feed.events('book'), []);
  feed.answer('/depth', SNAPSHOT);
  assert.deepEqual(bookSequences(feed), [100, 103, 104]);
  assert.deepEqual(feed.books.get('BTC-USDT'), {
    bids: new Map([['98', '4']]),
    asks: new Map([
      ['101', '2'],
      ['101.5', '3'],
    ]),
  });
  assert.equal(feed.events('book')[0]?.venueTsNs, BigInt(T + 98) * 1_000_000n, 'the time of the newest change in it');
});

test('a snapshot older than the first change kept is fetched again, later and later', () => {
  const feed = started();
  feed.receive(depth(150, 151));
  feed.answer('/depth', SNAPSHOT);
  assert.deepEqual(feed.events('book'), []);
  const asked = () => feed.of('fetch').filter(({ path }) => path.includes('/depth')).length;
  assert.equal(asked(), 1);
  feed.wait(1_000);
  assert.equal(asked(), 2);
  feed.answer('/depth', SNAPSHOT);
  feed.wait(1_999);
  assert.equal(asked(), 2);
  feed.wait(1);
  assert.equal(asked(), 3);
  feed.answer('/depth', { ...SNAPSHOT, lastUpdateId: 150 });
  assert.deepEqual(bookSequences(feed), [150, 151]);
  const reasons = feed.of('book-invalid').map(({ reason }) => reason);
  assert.deepEqual(reasons, ['no-snapshot', 'no-snapshot']);
});

test('a snapshot that fails or never comes is asked for again', () => {
  const feed = started();
  feed.refuse('/depth');
  assert.deepEqual(feed.of('rejected')[0], { kind: 'rejected', reason: 'fetch', text: 'fetch: "status 500"' });
  const first = feed.request('/depth').requestId;
  feed.wait(1_000);
  const second = feed.request('/depth').requestId;
  assert.notEqual(first, second);
  feed.wait(30_000);
  feed.wait(2_000);
  assert.notEqual(feed.request('/depth').requestId, second);
  feed.take(feed.protocol.fetched(second, { ok: true, body: JSON.stringify(SNAPSHOT) }));
  assert.deepEqual(feed.events('book'), [], 'the answer given up is passed over');
  feed.answer('/depth', SNAPSHOT);
  assert.deepEqual(bookSequences(feed), [100]);
});

test('a hole makes the book invalid until a new snapshot joins; the changes after it are kept for that', () => {
  const feed = live();
  feed.receive(depth(101, 102));
  feed.fresh();
  feed.receive(depth(105, 106, { b: [['90.00', '1']] }));
  const fresh = feed.fresh();
  assert.deepEqual(fresh.slice(0, 2), [
    { kind: 'lost', symbol: 'BTC-USDT', topic: 'book', from: 103, to: 104 },
    { kind: 'book-invalid', symbol: 'BTC-USDT', reason: 'sequence' },
  ]);
  assert.equal(fresh[2]?.kind, 'fetch');
  feed.receive(depth(107, 108));
  feed.answer('/depth', { ...SNAPSHOT, lastUpdateId: 105 });
  assert.deepEqual(bookSequences(feed), [100, 102, 105, 106, 108]);
});

test('a change that comes twice or too late is dropped as a duplicate', () => {
  const feed = live();
  feed.receive(depth(101, 102));
  feed.receive(depth(103, 104));
  feed.fresh();
  feed.receive(depth(101, 102));
  feed.receive(depth(103, 104));
  assert.deepEqual(feed.fresh(), [
    { kind: 'duplicate', symbol: 'BTC-USDT', what: 'book' },
    { kind: 'duplicate', symbol: 'BTC-USDT', what: 'book' },
  ]);
});

for (const [what, wrong, next] of [
  ['claims ids that the next one shows to be its own', depth(102, 160), depth(104, 106)],
  ['claims an id too many', depth(102, 104), depth(104, 106)],
  ['begins with ids that have been', depth(100, 103), depth(104, 106)],
] as const) {
  test(`a change that ${what} makes the book invalid until a new snapshot`, () => {
    const feed = live();
    feed.receive(depth(101, 101));
    feed.receive(wrong);
    feed.receive(next);
    assert.equal(feed.of('book-invalid').at(-1)?.reason, 'sequence');
    assert.ok(!feed.books.has('BTC-USDT'));
    feed.answer('/depth', { ...SNAPSHOT, lastUpdateId: 106 });
    feed.receive(depth(107, 107));
    assert.equal(bookSequences(feed).at(-1), 107);
  });
}

test('futures follow the id of the change before: numbers in between are other symbols', () => {
  const feed = started('usd-futures');
  feed.answer('/depth', SNAPSHOT);
  feed.receive(depth(90, 110, { pu: 80 }));
  feed.receive(depth(150, 160, { pu: 110 }));
  assert.deepEqual(bookSequences(feed), [100, 110, 160]);
  feed.receive(depth(200, 210, { pu: 190 }));
  assert.deepEqual(feed.of('lost'), [{ kind: 'lost', symbol: 'BTC-USDT', topic: 'book', from: 161, to: 190 }]);
  assert.equal(feed.of('book-invalid').at(-1)?.reason, 'sequence');
});

test('a change that cannot be read is rejected, and the hole it leaves is seen', () => {
  const feed = live();
  feed.receive(depth(101, 102, { b: [['x', '1']] }));
  assert.deepEqual(feed.of('rejected'), [{ kind: 'rejected', reason: 'price', text: 'price: "x"' }]);
  feed.receive(depth(103, 104));
  assert.equal(feed.of('book-invalid').at(-1)?.reason, 'sequence');
});

test('the book is fetched anew when its keeper finds it wrong', () => {
  const feed = live();
  feed.take(feed.protocol.resync('BTC-USDT', 'crossed'));
  assert.equal(feed.of('book-invalid').at(-1)?.reason, 'crossed');
  feed.answer('/depth', { ...SNAPSHOT, lastUpdateId: 120 });
  assert.deepEqual(bookSequences(feed), [100, 120]);
});

test('trades are handed on in order, once, with the taker told apart', () => {
  const feed = live();
  for (const id of [1, 2, 2, 1, 3]) feed.receive(trade(id));
  assert.deepEqual(feed.tradeIds(), ['1', '2', '3']);
  assert.equal(feed.of('duplicate').length, 2);
  const [first] = feed.events('trade');
  assert.deepEqual(
    [first?.price, first?.size, first?.takerSide, first?.venueTsNs],
    ['100.1', '0.5', 'SELL', BigInt(T) * 1_000_000n],
  );
});

test('trades missing in the ids are fetched by id, page by page, and come before those that waited', () => {
  const feed = live();
  feed.receive(trade(1));
  feed.receive(trade(1_503));
  feed.receive(trade(1_504));
  assert.deepEqual(feed.tradeIds(), ['1']);
  assert.equal(feed.request('Trades').path, '/api/v3/historicalTrades?symbol=BTCUSDT&fromId=2&limit=1000');
  feed.answer(
    'fromId=2&',
    Array.from({ length: 1_000 }, (_, index) => restTrade(index + 2)),
  );
  feed.receive(trade(1_505));
  feed.answer(
    'fromId=1002&',
    Array.from({ length: 501 }, (_, index) => restTrade(index + 1_002)),
  );
  assert.deepEqual(
    feed.tradeIds(),
    Array.from({ length: 1_505 }, (_, index) => String(index + 1)),
  );
  const recovered = feed.of('event').filter((output) => output.recovered).length;
  assert.equal(recovered, 1_501);
  assert.deepEqual(feed.of('lost'), []);
});

test('trades that come late fill the hole by themselves', () => {
  const feed = live();
  for (const id of [1, 3, 4, 2, 5]) feed.receive(trade(id));
  assert.deepEqual(feed.tradeIds(), ['1', '2', '3', '4', '5']);
  feed.answer('fromId=2', [restTrade(2)]);
  assert.deepEqual(feed.tradeIds(), ['1', '2', '3', '4', '5']);
});

test('trades that cannot be had are declared lost, with the next trade after a failure, or after a while', () => {
  const feed = live();
  feed.receive(trade(1));
  feed.receive(trade(4));
  feed.refuse('fromId=2');
  feed.receive(trade(5));
  assert.deepEqual(feed.of('lost'), [{ kind: 'lost', symbol: 'BTC-USDT', topic: 'trade', from: 2, to: 3 }]);
  feed.receive(trade(7));
  feed.wait(4_000);
  assert.deepEqual(feed.tradeIds(), ['1', '4', '5']);
  feed.wait(2_000);
  assert.deepEqual(feed.tradeIds(), ['1', '4', '5', '7']);
  assert.deepEqual(feed.of('lost')[1], { kind: 'lost', symbol: 'BTC-USDT', topic: 'trade', from: 6, to: 6 });
});

test('after a lost connection books are invalid and trades go on without a hole or a double', () => {
  const feed = live();
  feed.receive(trade(1));
  feed.disconnect();
  assert.equal(feed.of('book-invalid').at(-1)?.reason, 'reconnect');
  feed.connect();
  feed.receive({ result: null, id: 2 });
  feed.receive(trade(4));
  feed.answer('fromId=2', [restTrade(2), restTrade(3)]);
  assert.deepEqual(feed.tradeIds(), ['1', '2', '3', '4']);
  feed.answer('/depth', { ...SNAPSHOT, lastUpdateId: 900 });
  assert.deepEqual(bookSequences(feed), [100, 900]);
});

test('of a very long hole the older part is declared lost, the newer fetched', () => {
  const feed = live();
  feed.receive(trade(1));
  for (const id of [20_002, 20_003, 20_004]) feed.receive(trade(id));
  assert.deepEqual(feed.of('lost')[0], { kind: 'lost', symbol: 'BTC-USDT', topic: 'trade', from: 2, to: 10_001 });
  assert.match(feed.request('Trades').path, /fromId=10002&/);
});

test('quotes older than one handed on are dropped; a zero price is no quote', () => {
  const feed = live();
  const quote = (u: number, b = '99.5') => ({
    stream: 'btcusdt@bookTicker',
    data: { u, s: 'BTCUSDT', b, B: '1.0', a: '100.50000', A: '2.0' },
  });
  feed.receive(quote(5));
  feed.receive(quote(4));
  feed.receive(quote(6, '0.00000000'));
  assert.deepEqual(
    feed.events('quote').map(({ venueSeq, bidPx, bidSize, askPx }) => [venueSeq, bidPx, bidSize, askPx]),
    [
      [5, '99.5', '1', '100.5'],
      [6, null, '0', '100.5'],
    ],
  );
  assert.deepEqual(feed.of('duplicate'), [{ kind: 'duplicate', symbol: 'BTC-USDT', what: 'quote' }]);
});

test('an error of the venue, or the end of a server, asks for another connection', () => {
  for (const message of [
    { code: 2, msg: 'Invalid request' },
    { error: { code: 2, msg: 'Invalid request' }, id: 1 },
  ]) {
    const feed = started();
    feed.receive(message);
    assert.deepEqual(feed.of('reconnect'), [{ kind: 'reconnect', reason: 'the venue answered 2: Invalid request' }]);
  }
  const feed = started();
  feed.receive({ e: 'serverShutdown', E: T });
  assert.equal(feed.of('reconnect').length, 1);
});
