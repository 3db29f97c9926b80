import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createFeedHomes } from '../src/feed-homes.ts';
import { type FeedPlan, feedFaults, feedPlans } from '../src/feed-plan.ts';
import { createStreamIdentity, type IdentifiedFeed } from '../src/stream-identity.ts';
import { symbolsRoute } from '../src/symbols-route.ts';
import { aBook, aTrade, inWords, marketOf, nsAt } from './market-builders.ts';
import './seed.ts';

const PLACE = { streamUrl: null, restUrl: null, tradingUrl: null, feed: 'iex' } as const;

function configured(...feeds: readonly (readonly [FeedPlan['source'], ...string[]])[]) {
  const [first, ...more] = feeds.map(([source, ...symbols]) => ({ ...PLACE, source, symbols }));
  return { ...(first as FeedPlan), feeds: more } as Parameters<typeof feedPlans>[0];
}

test('the first feed is that of the keys of old, further ones follow, and pairs have one spelling', () => {
  const plans = feedPlans(configured(['binance', 'BTC/USDT'], ['kraken', 'BTC-USD', 'BTC/USD']));
  assert.deepEqual(
    plans.map(({ source, symbols }) => [source, symbols]),
    [
      ['binance', ['BTC-USDT']],
      ['kraken', ['BTC-USD']],
    ],
  );
});

test('feeds with symbols of their own have no fault, all of Alpaca beside others included', () => {
  assert.deepEqual(feedFaults(configured(['alpaca-stocks', '*'], ['alpaca-crypto', '*'], ['kraken', 'BTC-USD'])), []);
  assert.deepEqual(feedFaults(configured(['recording', '*'])), []);
});

for (const [what, feeds, fault] of [
  [
    'a symbol in two feeds',
    [
      ['binance', 'BTC-USDT'],
      ['coinbase', 'ETH-USD'],
      ['kraken', 'ETH/USD'],
    ],
    'market-data.feeds[1].symbols (kraken) names ETH-USD, as does market-data.feeds[0].symbols (coinbase); a symbol has one feed',
  ],
  [
    'a source named twice',
    [
      ['binance', 'BTC-USDT'],
      ['binance', 'ETH-USDT'],
    ],
    'market-data.feeds[0].source is binance, as is market-data.source; a source may be named once',
  ],
  [
    'all of an exchange that cannot be asked for it',
    [['kraken', '*']],
    'market-data.symbols: found * for kraken, which cannot be asked for all that it has; allowed: symbols by name',
  ],
  [
    'what is no symbol',
    [['kraken', 'btc usd']],
    'market-data.symbols: found "btc usd"; allowed: 1 to 32 capital letters, digits, dots and dashes, such as AAPL or BTC-USDT',
  ],
  [
    'what is no symbol and very long',
    [['kraken', 'x'.repeat(10_000)]],
    `market-data.symbols: found "${'x'.repeat(40)}… (10000 characters)"; allowed: 1 to 32 capital letters, digits, dots and dashes, such as AAPL or BTC-USDT`,
  ],
  [
    'more symbols than one connection of Binance takes',
    [
      ['kraken', 'BTC-USD'],
      ['binance', ...Array.from({ length: 342 }, (_, index) => `A${index}-USDT`)],
    ],
    'market-data.feeds[0].symbols: found 342 symbols for binance; allowed: 341',
  ],
  [
    'two symbols that are one at Binance',
    [['binance', 'BTC-USDT', 'ETH-USDT', 'BTCUSDT']],
    'market-data.symbols (binance) names BTC-USDT and BTCUSDT, which are both BTCUSDT there',
  ],
  [
    'two symbols that are one at Kraken',
    [['kraken', 'XBT-USD', 'BTC-USD']],
    'market-data.symbols (kraken) names XBT-USD and BTC-USD, which are both XBT/USD there',
  ],
  [
    'a recording beside others',
    [
      ['recording', '*'],
      ['kraken', 'BTC-USD'],
    ],
    'market-data.source is recording, which is played alone, and market-data.feeds has 1; allowed: 0',
  ],
] as const) {
  test(`${what} is a fault that names both values`, () => {
    assert.deepEqual(feedFaults(configured(...feeds)), [fault]);
  });
}

for (const [key, found, allowed] of [
  ['streamUrl', 'stream.example', 'a URL of ws or wss, without #'],
  ['streamUrl', 'https://stream.example', 'a URL of ws or wss, without #'],
  ['streamUrl', 'ws://stream.example:99999', 'a URL of ws or wss, without #'],
  ['streamUrl', 'ws://stream.example/#part', 'a URL of ws or wss, without #'],
  ['restUrl', 'ftp://rest.example', 'a URL of http or https, without #'],
  ['tradingUrl', 'paper-api.alpaca.markets', 'a URL of http or https, without #'],
] as const) {
  test(`${found} as ${key} is a fault of the configuration, at each feed`, () => {
    const { feeds, ...first } = configured(['binance', 'BTC-USDT'], ['kraken', 'BTC-USD']);
    const here = { ...first, [key]: found, feeds: feeds.map((feed) => ({ ...feed, [key]: found })) };
    assert.deepEqual(feedFaults(here as typeof first & { feeds: typeof feeds }), [
      `market-data.${key}: found ${found}; allowed: ${allowed}`,
      `market-data.feeds[0].${key}: found ${found}; allowed: ${allowed}`,
    ]);
  });
}

function homes() {
  return createFeedHomes([
    { name: 'alpaca-crypto', symbols: ['*'] },
    { name: 'binance', symbols: ['BTC-USDT'] },
    { name: 'kraken', symbols: ['BTC-USD', 'ETH-USD'] },
  ]);
}

test('what another feed names is not taken from the feed of all', () => {
  assert.deepEqual(homes().wanted('alpaca-crypto'), { symbols: ['*'], excluded: ['BTC-USDT', 'BTC-USD', 'ETH-USD'] });
  assert.deepEqual(homes().wanted('kraken'), { symbols: ['BTC-USD', 'ETH-USD'], excluded: [] });
});

test('a symbol is added to the feed that is named, removed, and added back without naming it', () => {
  const some = homes();
  assert.deepEqual(some.add('LTC/USD', 'kraken'), { ok: true, symbol: 'LTC-USD', feed: 'kraken' });
  assert.deepEqual(some.wanted('kraken').symbols, ['BTC-USD', 'ETH-USD', 'LTC-USD']);
  assert.deepEqual(some.remove('BTC-USD', undefined), { ok: true, symbol: 'BTC-USD', feed: 'kraken' });
  assert.deepEqual(some.wanted('kraken').symbols, ['ETH-USD', 'LTC-USD']);
  assert.ok(some.wanted('alpaca-crypto').excluded.includes('BTC-USD'), 'removed is not moved');
  assert.deepEqual(some.add('BTC-USD', undefined), { ok: true, symbol: 'BTC-USD', feed: 'kraken' });
});

test('a symbol of the feed of all is removed by passing it over, and can be given another home', () => {
  const some = homes();
  assert.deepEqual(some.remove('SOL-USD', 'alpaca-crypto'), { ok: true, symbol: 'SOL-USD', feed: 'alpaca-crypto' });
  assert.ok(some.wanted('alpaca-crypto').excluded.includes('SOL-USD'));
  assert.deepEqual(some.add('SOL-USD', undefined), { ok: true, symbol: 'SOL-USD', feed: 'alpaca-crypto' });
  assert.ok(!some.wanted('alpaca-crypto').excluded.includes('SOL-USD'));
  assert.deepEqual(some.add('SOL-USD', 'kraken'), { ok: true, symbol: 'SOL-USD', feed: 'kraken' });
  assert.ok(some.wanted('alpaca-crypto').excluded.includes('SOL-USD'));
});

test('a change that makes no sense is refused, with both values, and changes nothing', () => {
  const some = homes();
  for (const [made, status, fault] of [
    [some.add('BTC-USDT', 'kraken'), 409, 'BTC-USDT is at home at binance; a symbol has one feed'],
    [some.add('SOL-USD', undefined), 400, 'no feed given for SOL-USD; allowed: alpaca-crypto, binance, kraken'],
    [some.add('SOL-USD', 'okx'), 404, 'unknown feed okx; allowed: alpaca-crypto, binance, kraken'],
    [
      some.add('SOL-USD', 'alpaca-crypto'),
      409,
      'alpaca-crypto is subscribed to all that the venue has, SOL-USD included',
    ],
    [some.remove('SOL-USD', undefined), 404, 'no feed has SOL-USD'],
    [
      some.remove('*', undefined),
      400,
      'symbol: found "*"; allowed: 1 to 32 capital letters, digits, dots and dashes, such as AAPL or BTC-USDT',
    ],
    [some.remove('BTC-USDT', undefined), 409, 'BTC-USDT is the only symbol of binance; a feed needs at least 1'],
  ] as const) {
    assert.deepEqual(made, { ok: false, status, fault });
  }
  assert.match(JSON.stringify(some.add('sol usd', 'kraken')), /found .*sol usd.*allowed: 1 to 32 capital letters/);
  assert.deepEqual(some.wanted('kraken').symbols, ['BTC-USD', 'ETH-USD']);
});

test('a symbol that the venue has under the name of another is refused, until that one is removed', () => {
  const some = homes();
  some.add('ETH-USDT', 'binance');
  for (const [symbol, feed, fault] of [
    ['BTCUSDT', 'binance', 'BTCUSDT and BTC-USDT, which binance has, are both BTCUSDT there'],
    ['XBT-USD', 'kraken', 'XBT-USD and BTC-USD, which kraken has, are both XBT/USD there'],
  ] as const) {
    assert.deepEqual(some.add(symbol, feed), { ok: false, status: 409, fault });
    assert.ok(!some.wanted(feed).symbols.includes(symbol));
  }
  some.remove('BTC-USDT', undefined);
  assert.deepEqual(some.add('BTCUSDT', 'binance'), { ok: true, symbol: 'BTCUSDT', feed: 'binance' });
  const fault = 'BTC-USDT and BTCUSDT, which binance has, are both BTCUSDT there';
  assert.deepEqual(some.add('BTC-USDT', undefined), { ok: false, status: 409, fault });
});

test('a symbol more than the venue takes is refused with both numbers, until another one is removed', () => {
  const symbols = Array.from({ length: 341 }, (_, index) => `A${index}-USDT`);
  const some = createFeedHomes([{ name: 'binance', symbols }]);
  const fault = 'SOL-USDT would be symbol 342 of binance; allowed: 341';
  assert.deepEqual(some.add('SOL-USDT', undefined), { ok: false, status: 409, fault });
  some.remove('A0-USDT', undefined);
  assert.deepEqual(some.add('SOL-USDT', undefined), { ok: true, symbol: 'SOL-USDT', feed: 'binance' });
});

test('a request that says a thing twice is refused, and no answer repeats all of what is very long', () => {
  const some = homes();
  const followed = { markets: [], homes: some, isRecorded: false, subscribe: () => {}, start: () => {} };
  const long = 'X'.repeat(10_000);
  const cut = `${'X'.repeat(40)}… (10000 characters)`;
  const spelling = '1 to 32 capital letters, digits, dots and dashes, such as AAPL or BTC-USDT';
  for (const [method, query, status, error] of [
    ['PUT', 'symbol=SOL-USD&symbol=LTC-USD&feed=kraken', 400, 'parameter symbol: found 2; allowed: 1'],
    ['PUT', 'symbol=SOL-USD&feed=kraken&feed=binance', 400, 'parameter feed: found 2; allowed: 1'],
    ['DELETE', 'symbol=BTC-USD&symbol=ETH-USD', 400, 'parameter symbol: found 2; allowed: 1'],
    ['PUT', `symbol=${long}&feed=kraken`, 400, `symbol: found "${cut}"; allowed: ${spelling}`],
    ['DELETE', `symbol=${long}`, 400, `symbol: found "${cut}"; allowed: ${spelling}`],
    ['PUT', `symbol=SOL-USD&feed=${long}`, 404, `unknown feed ${cut}; allowed: alpaca-crypto, binance, kraken`],
    ['PUT', `${long}=SOL-USD`, 400, `unknown parameter ${cut}; allowed: symbol, feed`],
  ] as const) {
    const answer = symbolsRoute(followed)[method]?.({ query: new URLSearchParams(query), body: '' });
    assert.deepEqual(answer, { status, body: { error } });
  }
  const ofRecording = symbolsRoute({ ...followed, isRecorded: true });
  const recorded = ofRecording.PUT?.({ query: new URLSearchParams({ symbol: long }), body: '' });
  const error = `${cut}: a recording is played as it was made; needed: a live source`;
  assert.deepEqual(recorded, { status: 409, body: { error } });
  assert.deepEqual(some.wanted('kraken').symbols, ['BTC-USD', 'ETH-USD']);
});

test('whatever is added and removed, no symbol has two homes and no feed is left without one', () => {
  const change = fc.record({
    isAdd: fc.boolean(),
    symbol: fc.constantFrom('BTC-USD', 'ETH-USD', 'BTC-USDT', 'SOL-USD', 'DOGE-USD'),
    feed: fc.constantFrom(undefined, 'alpaca-crypto', 'binance', 'kraken'),
  });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 40 }), (changes) => {
      const some = homes();
      for (const { isAdd, symbol, feed } of changes) {
        if (isAdd) some.add(symbol, feed);
        else some.remove(symbol, 'alpaca-crypto');
        const named = ['binance', 'kraken'].flatMap((name) => some.wanted(name).symbols);
        assert.equal(new Set(named).size, named.length);
        assert.ok(some.wanted('binance').symbols.length > 0 && some.wanted('kraken').symbols.length > 0);
        const { excluded } = some.wanted('alpaca-crypto');
        for (const one of named) assert.ok(excluded.includes(one), one);
      }
    }),
  );
});

const BINANCE: IdentifiedFeed = { name: 'binance', run: 'stream.binance.com', isPublic: true };
const KRAKEN: IdentifiedFeed = { name: 'kraken', run: 'ws.kraken.com', isPublic: true };
const STOCKS: IdentifiedFeed = { name: 'alpaca-stocks', run: 'venue:5580', isPublic: false };
const CRYPTO: IdentifiedFeed = { name: 'alpaca-crypto', run: 'venue:5580', isPublic: false };

test('one feed names the run when it is connected, and each run that its venue shows', () => {
  for (const feed of [STOCKS, BINANCE]) {
    const identity = createStreamIdentity([feed]);
    assert.equal(identity.initial(), undefined);
    assert.equal(identity.failed(feed.name), undefined);
    assert.deepEqual(identity.upgraded(feed.name, { run: 'a', pace: 'replay' }), { run: 'a', pace: 'replay' });
    assert.deepEqual(identity.upgraded(feed.name, { run: 'b', pace: 'live' }), { run: 'b', pace: 'live' });
  }
});

test('the run of public exchanges is known before they are connected, and stays what it is', () => {
  const identity = createStreamIdentity([BINANCE, KRAKEN]);
  const joined = { run: 'stream.binance.com+ws.kraken.com', pace: 'live' };
  assert.deepEqual(identity.initial(), joined);
  assert.deepEqual(identity.upgraded('kraken', { run: KRAKEN.run, pace: 'live' }), joined);
  assert.deepEqual(identity.failed('binance'), undefined);
});

test('a venue that names its run is waited for, until it has failed to connect; coming late it changes nothing', () => {
  const identity = createStreamIdentity([BINANCE, STOCKS]);
  assert.equal(identity.initial(), undefined);
  assert.equal(identity.upgraded('binance', { run: BINANCE.run, pace: 'live' }), undefined);
  const joined = { run: 'stream.binance.com+venue:5580', pace: 'live' };
  assert.deepEqual(identity.failed('alpaca-stocks'), joined);
  assert.deepEqual(identity.upgraded('alpaca-stocks', { run: 'sim-1', pace: 'live' }), joined);
  const second = { run: 'stream.binance.com+sim-2', pace: 'live' };
  assert.deepEqual(identity.upgraded('alpaca-stocks', { run: 'sim-2', pace: 'live' }), second);
});

test('a venue that answers at once names its run in that of the stream', () => {
  const identity = createStreamIdentity([STOCKS, KRAKEN]);
  const joined = { run: 'sim-1+ws.kraken.com', pace: 'live' };
  assert.deepEqual(identity.upgraded('alpaca-stocks', { run: 'sim-1', pace: 'live' }), joined);
});

test('a replay cannot share the stream with a live feed; two feeds of one replay can', () => {
  const mixed = createStreamIdentity([BINANCE, STOCKS]);
  assert.throws(() => mixed.upgraded('alpaca-stocks', { run: 'tape-1', pace: 'replay' }), {
    code: 'FEEDS_DIFFER',
    message: 'alpaca-stocks is at pace replay, binance at pace live; feeds of one stream are all live or all replays',
  });
  const both = createStreamIdentity([STOCKS, CRYPTO]);
  assert.equal(both.upgraded('alpaca-stocks', { run: 'tape-1', pace: 'replay' }), undefined);
  const joined = { run: 'tape-1+tape-1', pace: 'replay' };
  assert.deepEqual(both.upgraded('alpaca-crypto', { run: 'tape-1', pace: 'replay' }), joined);
});

const STAMPS = { receivedNs: nsAt(50), decodedNs: nsAt(50) };

test('a symbol that is withdrawn is invalid with its book, whatever was said before, and comes back clean', () => {
  const market = marketOf({ intervals: ['1m'] });
  market.events(aBook(0, { snapshot: true, bids: [['9', '1']], asks: [['11', '1']] }), aTrade('BTC-USD', 1));
  const reason = 'feed: found removed from what is subscribed, needed subscribed';
  const withdraw = () => inWords(market.step({ type: 'withdrawn', symbols: ['BTC-USD'], stamps: STAMPS }));
  assert.deepEqual(withdraw(), ['BTC-USD/book', `BTC-USD/data invalid: ${reason}`]);
  assert.equal(market.state.symbols.size, 0);
  assert.deepEqual(inWords(market.clock(200_000)), [], 'nothing is said of it any more');
  const back = market.events(aBook(300_000, { snapshot: true, bids: [['9', '1']], asks: [['11', '1']] }));
  assert.deepEqual(inWords(back), ['BTC-USD/book', 'BTC-USD/data valid']);
  market.connection(false);
  assert.deepEqual(withdraw(), ['BTC-USD/book', `BTC-USD/data invalid: ${reason}`]);
  assert.deepEqual(withdraw(), [`BTC-USD/data invalid: ${reason}`], 'also when nothing has come of it');
});
