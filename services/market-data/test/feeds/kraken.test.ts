import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { crc32OfAscii } from '../../src/core/feeds/crc32.ts';
import { createKrakenProtocol } from '../../src/core/feeds/kraken.ts';
import '../seed.ts';
import { DrivenFeed } from './feed-observer.ts';

const PAIR = 'XBT/USD';
const TIME = '1582905487.684110';

function started(): DrivenFeed {
  const feed = new DrivenFeed(createKrakenProtocol({ depth: 10 }));
  feed.subscribe('BTC-USD');
  feed.connect();
  for (const channelName of ['trade', 'spread', 'book-10']) confirm(feed, channelName);
  return feed;
}

function confirm(feed: DrivenFeed, channelName: string) {
  feed.receive({ event: 'subscriptionStatus', status: 'subscribed', pair: PAIR, channelName });
}

const ASKS = [
  '0.05005',
  '0.05010',
  '0.05015',
  '0.05020',
  '0.05025',
  '0.05030',
  '0.05035',
  '0.05040',
  '0.05045',
  '0.05050',
];
const BIDS = [
  '0.05000',
  '0.04995',
  '0.04990',
  '0.04980',
  '0.04975',
  '0.04970',
  '0.04965',
  '0.04960',
  '0.04955',
  '0.04950',
];
const SIZE = '0.00000500';
/** Digits without point and leading zeros, asks first: `5005` `500` `5010` `500` … */
const CHECKSUM = crc32([...ASKS, ...BIDS].map((price) => `${price.slice(3)}500`).join(''));

function levels(prices: readonly string[]) {
  return prices.map((price) => [price, SIZE, TIME]);
}

function withBook(): DrivenFeed {
  const feed = started();
  feed.receive([0, { as: levels(ASKS), bs: levels(BIDS) }, 'book-10', PAIR]);
  return feed;
}

test('names that Kraken spells its own way are translated both ways', () => {
  const feed = new DrivenFeed(createKrakenProtocol({ depth: 10 }));
  feed.subscribe('BTC-USD', 'DOGE-EUR', 'ETH-USD');
  feed.connect();
  assert.deepEqual(feed.sent()[0], {
    event: 'subscribe',
    pair: ['XBT/USD', 'XDG/EUR', 'ETH/USD'],
    subscription: { name: 'trade' },
  });
  assert.deepEqual(feed.sent()[2]?.subscription, { name: 'book', depth: 10 });
  feed.receive([1, [['5541.2', '0.1', TIME, 's', 'l', '']], 'trade', 'XBT/USD']);
  assert.equal(feed.events('trade')[0]?.symbol, 'BTC-USD');
});

test('the state is subscribed when every channel is confirmed; a refused pair is told', () => {
  const feed = started();
  assert.deepEqual(
    feed.of('state').map(({ state }) => state),
    ['authenticated', 'subscribed'],
  );
  feed.receive({
    event: 'subscriptionStatus',
    status: 'error',
    pair: 'A/B',
    errorMessage: 'Currency pair not supported',
  });
  assert.equal(feed.of('rejected')[0]?.text, 'refused: "A/B: Currency pair not supported"');
});

test('the checksum covers the digits of the ten best levels, asks first', () => {
  const feed = withBook();
  feed.receive([0, { a: [[ASKS[0], SIZE, TIME]], c: String(CHECKSUM) }, 'book-10', PAIR]);
  assert.equal(feed.events('book').at(-1)?.checksum, CHECKSUM);
  assert.equal(feed.books.size, 1);
});

test('a checksum that is not met makes the book invalid, and it is subscribed again', () => {
  const feed = withBook();
  feed.fresh();
  feed.receive([0, { a: [[ASKS[0], '0.00000600', TIME]], c: String(CHECKSUM) }, 'book-10', PAIR]);
  const [invalid, ...sends] = feed.fresh();
  assert.deepEqual(invalid, { kind: 'book-invalid', symbol: 'BTC-USD', reason: 'checksum' });
  assert.deepEqual(
    sends.map((output) => (output.kind === 'send' ? JSON.parse(output.text).event : output)),
    ['unsubscribe', 'subscribe'],
  );
  feed.receive([0, { a: [[ASKS[0], SIZE, TIME]], c: String(CHECKSUM) }, 'book-10', PAIR]);
  assert.equal(feed.books.size, 0, 'changes without a snapshot are passed over');
  feed.receive([0, { as: levels(ASKS), bs: levels(BIDS) }, 'book-10', PAIR]);
  assert.equal(feed.books.size, 1);
});

test('levels pushed out of the subscribed depth are handed on as removed', () => {
  const feed = withBook();
  feed.receive([0, { b: [['0.05001', SIZE, TIME]] }, 'book-10', PAIR]);
  assert.deepEqual(feed.events('book').at(-1)?.bids, [
    ['0.05001', '0.000005'],
    ['0.0495', '0'],
  ]);
  assert.equal(feed.books.get('BTC-USD')?.bids.size, 10);
});

test('both sides in one message are one change', () => {
  const feed = withBook();
  feed.receive([0, { a: [['0.05005', '0.00000000', TIME]] }, { b: [['0.05005', SIZE, TIME, 'r']] }, 'book-10', PAIR]);
  const book = feed.events('book').at(-1);
  assert.deepEqual([book?.asks, book?.bids[0]], [[['0.05005', '0']], ['0.05005', '0.000005']]);
});

test('amounts are handed on exactly, in their shortest spelling, however the venue pads them', () => {
  const feed = started();
  const asks = [['99999997.00000000', '1.00000000', TIME]];
  feed.receive([0, { as: asks, bs: [['0.00000001', '12345678.90000000', TIME]] }, 'book-10', PAIR]);
  feed.receive([0, [['99999997.00000000', '0.10000000', TIME, 's', 'l', '']], 'trade', PAIR]);
  const [book] = feed.events('book');
  assert.deepEqual([book?.asks, book?.bids], [[['99999997', '1']], [['0.00000001', '12345678.9']]]);
  assert.deepEqual([feed.events('trade')[0]?.price, feed.events('trade')[0]?.size], ['99999997', '0.1']);
});

test('the spread is a quote', () => {
  const feed = started();
  feed.receive([0, ['5698.40000', '5700.00000', '1542057299.545897', '1.01234567', '0.98765432'], 'spread', PAIR]);
  const [quote] = feed.events('quote');
  assert.deepEqual(
    [quote?.bidPx, quote?.bidSize, quote?.askPx, quote?.askSize, quote?.venueTsNs],
    ['5698.4', '1.01234567', '5700', '0.98765432', 1_542_057_299_545_897_000n],
  );
});

test('trades of one message and time have ids of their own', () => {
  const feed = started();
  const one = ['5541.20000', '0.15850568', '1534614057.321597', 's', 'l', ''];
  feed.receive([0, [one, one], 'trade', PAIR]);
  assert.deepEqual(feed.tradeIds(), ['1534614057.321597-0', '1534614057.321597-1']);
  assert.deepEqual(feed.events('trade')[0]?.takerSide, 'SELL');
});

test('trades that a lost connection missed are fetched and merged by price, size, side and time', () => {
  const feed = started();
  const at = (second: number, price: string) => [price, '1.0', `${1_534_614_057 + second}.100000`, 'b', 'l', ''];
  feed.receive([0, [at(0, '10.0'), at(1, '10.0')], 'trade', PAIR]);
  feed.disconnect();
  feed.connect();
  confirm(feed, 'trade');
  feed.receive([0, [at(4, '13.0')], 'trade', PAIR]);
  assert.equal(feed.events('trade').length, 2, 'what is streamed waits');
  const rest = (second: number, price: string, id: number) => [
    price,
    '1.00',
    1_534_614_057.1 + second,
    'b',
    'l',
    '',
    id,
  ];
  const list = [rest(1, '10.0', 2), rest(2, '11.0', 3), rest(2, '11.0', 4), rest(4, '13.0', 5)];
  feed.answer('/0/public/Trades?pair=XBTUSD', { error: [], result: { XXBTZUSD: list, last: '1534614061100000000' } });
  assert.deepEqual(
    feed.events('trade').map(({ price }) => price),
    ['10', '10', '11', '11', '13'],
  );
  assert.deepEqual(feed.of('duplicate').length, 1, 'the streamed one that was fetched before');
  assert.deepEqual(feed.of('lost'), []);
});

test('when they cannot be fetched the gap is declared, and what is streamed goes on', () => {
  const feed = started();
  const trade = ['10.0', '1.0', TIME, 'b', 'l', ''];
  feed.receive([0, [trade], 'trade', PAIR]);
  feed.disconnect();
  feed.connect();
  confirm(feed, 'trade');
  feed.receive([0, [['11.0', '1.0', '1582905490.000000', 'b', 'l', '']], 'trade', PAIR]);
  feed.answer('/0/public/Trades', { error: ['EGeneral:Temporary lockout'] });
  assert.deepEqual(feed.of('lost'), [{ kind: 'lost', symbol: 'BTC-USD', topic: 'trade', from: null, to: null }]);
  assert.equal(feed.events('trade').length, 2);
  assert.equal(feed.of('rejected')[0]?.text, 'fetch: "EGeneral:Temporary lockout"');
});

test('maintenance of the exchange is a halt of its symbols, and online again their resumption', () => {
  const feed = started();
  feed.receive({ event: 'systemStatus', status: 'online' });
  feed.receive({ event: 'systemStatus', status: 'maintenance' });
  feed.receive({ event: 'systemStatus', status: 'online' });
  assert.deepEqual(
    feed.events('status').map(({ symbol, effect }) => [symbol, effect]),
    [
      ['BTC-USD', 'halt'],
      ['BTC-USD', 'resume'],
    ],
  );
});

test('the CRC-32 is that of zlib', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary-ascii' })), (texts) => {
      assert.equal(crc32OfAscii(texts), crc32(texts.join('')));
    }),
  );
});
