import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { BAR_INTERVALS_NS, barSpanOf, regularSessionOf } from '@tickpath/trading';
import fc from 'fast-check';
import { type AlpacaOptions, createAlpacaProtocol } from '../../src/core/feeds/alpaca.ts';
import { historyStart, type WarmUpOptions } from '../../src/core/feeds/alpaca-warm-up.ts';
import { DrivenFeed } from './feed-observer.ts';
import '../seed.ts';

const WARM_UP: WarmUpOptions = { wholeBars: '1m', bars: 3, intervals: ['1s', '1m', '1h'], maxSymbols: 10, afterMs: 0 };
const STOCKS: AlpacaOptions = {
  ...{ assetClass: 'us_equity', feed: 'sip', keyId: 'key', secretKey: 'secret', channels: ['trades'] },
  ...{ quoteSizeUnit: 1, recoversTrades: true, warmUp: WARM_UP },
};
const CRYPTO: AlpacaOptions = { ...STOCKS, assetClass: 'crypto', feed: 'us' };
/** 17:13:20 of New York, a Tuesday, as the driven feed's clock. */
const BEGAN_NS = BigInt(Date.UTC(2023, 10, 14, 22, 13, 20)) * 1_000_000n;
const SETTLED_NS = 5_000_000_000n;

function restTrade(i: number, second: number, minute = 13) {
  const t = `2023-11-14T22:${minute}:${String(second).padStart(2, '0')}.5Z`;
  return { i, x: 'P', p: 779.87, s: 4, c: ['@'], z: 'C', t };
}

function trade(i: number, second: number, S = 'AAPL') {
  return { T: 't', S, ...restTrade(i, second) };
}

function restBar(minute: number) {
  return { t: `2023-11-14T22:${String(minute).padStart(2, '0')}:00Z`, o: 1, h: 2, l: 1, c: 2, v: 10, n: 3, vw: 1.5 };
}

function connected(feed: DrivenFeed, ...names: string[]): DrivenFeed {
  feed.connect();
  feed.receive([{ T: 'success', msg: 'authenticated' }]);
  feed.receive([{ T: 'subscription', trades: names }]);
  return feed;
}

function started(options: AlpacaOptions, ...symbols: string[]): DrivenFeed {
  const feed = new DrivenFeed(createAlpacaProtocol(options));
  feed.subscribe(...symbols);
  const names = symbols.map((symbol) => (options.assetClass === 'crypto' ? symbol.replace('-', '/') : symbol));
  return connected(feed, ...names);
}

const queryOf = (feed: DrivenFeed, part: string) =>
  Object.fromEntries(new URL(feed.request(part).path, 'http://venue').searchParams);

const asked = (feed: DrivenFeed, part: string) => feed.of('fetch').filter(({ path }) => path.includes(part)).length;

describe('at the first subscription', () => {
  test('the trades of the bar in progress and the bars before it are asked for', () => {
    const feed = started(STOCKS, 'AAPL', 'IBM');
    assert.deepEqual(feed.of('begins'), [
      { kind: 'begins', symbols: ['AAPL', 'IBM'], atNs: BEGAN_NS - SETTLED_NS, hasBars: true },
    ]);
    const common = { symbols: 'AAPL,IBM', limit: '10000', sort: 'asc', feed: 'sip' };
    assert.deepEqual(queryOf(feed, '/v2/stocks/trades'), { ...common, start: '2023-11-14T22:13:00.000000000Z' });
    assert.deepEqual(queryOf(feed, 'timeframe=1Min'), {
      ...{ ...common, timeframe: '1Min' },
      // The last three minutes of the regular session, which ended at 16:00 in New York.
      start: '2023-11-14T20:57:00.000000000Z',
      end: '2023-11-14T22:12:59.999999999Z',
    });
    assert.equal(queryOf(feed, 'timeframe=1Hour').end, '2023-11-14T21:59:59.999999999Z');
    assert.equal(asked(feed, '/bars'), 2, 'the venue has no bars of seconds');
  });

  test('fetched trades come before those streamed meanwhile, and none of them twice or from before the bar', () => {
    const feed = started(STOCKS, 'AAPL');
    feed.receive([trade(3, 18), trade(4, 20)]);
    assert.deepEqual(feed.tradeIds(), []);
    const list = [restTrade(0, 59, 12), restTrade(1, 2), restTrade(2, 10), restTrade(3, 18)];
    feed.answer('/v2/stocks/trades', { trades: { AAPL: list }, next_page_token: null });
    assert.deepEqual(feed.of('covered'), [
      { kind: 'covered', symbols: ['AAPL'], fromNs: barSpanOf('1m', 'us_equity', BEGAN_NS).startNs },
    ]);
    assert.deepEqual(
      feed.of('event').flatMap(({ event, recovered }) => (event.kind === 'trade' ? [[event.tradeId, recovered]] : [])),
      [
        ['1', true],
        ['2', true],
        ['3', true],
        ['4', false],
      ],
    );
    assert.deepEqual(feed.of('lost'), []);
  });

  test('what cannot be fetched is not lost: it was not ours, and the stream goes on', () => {
    const refused = started(STOCKS, 'AAPL');
    refused.receive([trade(3, 18)]);
    refused.refuse('/v2/stocks/trades');
    const silent = started(STOCKS, 'AAPL');
    silent.receive([trade(3, 18)]);
    silent.wait(6_000);
    silent.answer('/v2/stocks/trades', { trades: { AAPL: [restTrade(1, 2)] }, next_page_token: null });
    for (const feed of [refused, silent]) {
      assert.deepEqual(feed.tradeIds(), ['3']);
      assert.deepEqual([...feed.of('lost'), ...feed.of('covered')], []);
    }
    assert.equal(refused.of('rejected').length, 1);
  });

  test('it is asked for when followers have had time to come, and not while a lost connection is made good', () => {
    const feed = started({ ...STOCKS, warmUp: { ...WARM_UP, afterMs: 3_000 } }, 'AAPL');
    assert.equal(feed.of('begins').length, 1, 'what is history is settled at once');
    feed.receive([trade(3, 18)]);
    feed.disconnect();
    feed.wait(3_500);
    assert.equal(asked(feed, '/v2/stocks'), 0);
    connected(feed, 'AAPL');
    feed.wait(250);
    assert.equal(asked(feed, '/v2/stocks/trades'), 1, 'what was missed');
    feed.answer('/v2/stocks/trades', { trades: { AAPL: [restTrade(3, 18)] }, next_page_token: null });
    feed.wait(250);
    assert.equal(asked(feed, '/v2/stocks/trades'), 2);
    assert.equal(queryOf(feed, '/v2/stocks/trades').start, '2023-11-14T22:13:00.000000000Z');
    const list = [restTrade(1, 2), restTrade(3, 18)];
    feed.answer('/v2/stocks/trades', { trades: { AAPL: list }, next_page_token: null });
    assert.deepEqual(feed.tradeIds(), ['3', '1']);
    assert.deepEqual(feed.of('lost'), []);
  });

  test('trades so many that they are not all known any more do not make a bar whole', () => {
    const feed = started({ ...STOCKS, warmUp: { ...WARM_UP, afterMs: 3_000 } }, 'AAPL');
    feed.receive(Array.from({ length: 3_000 }, (_, i) => trade(i, 18)));
    feed.wait(3_000);
    feed.answer('/v2/stocks/trades', { trades: { AAPL: [restTrade(7, 18)] }, next_page_token: null });
    assert.deepEqual(feed.of('covered'), [{ kind: 'covered', symbols: [], fromNs: BEGAN_NS - 20_000_000_000n }]);
    assert.equal(feed.tradeIds().length, 3_000);
  });

  test('of bars that come page by page the newest are handed on, those of each symbol by time', () => {
    const feed = started(STOCKS, 'AAPL', 'IBM');
    feed.answer('timeframe=1Min', { bars: { AAPL: [1, 2, 3, 4].map(restBar) }, next_page_token: 'more' });
    assert.deepEqual(feed.events('venue-bar'), []);
    feed.answer('page_token=more', { bars: { AAPL: [restBar(5)], IBM: [restBar(5)] }, next_page_token: null });
    const bars = feed.events('venue-bar').map(({ symbol, interval, venueTsNs }) => {
      return `${symbol} ${interval} ${new Date(Number(venueTsNs / 1_000_000n)).getUTCMinutes()}`;
    });
    assert.deepEqual(bars, ['AAPL 1m 3', 'AAPL 1m 4', 'AAPL 1m 5', 'IBM 1m 5']);
    feed.answer('timeframe=1Hour', { bars: { AAPL: [{ ...restBar(0), c: -1 }] }, next_page_token: null });
    assert.deepEqual(
      feed.of('rejected').map(({ reason }) => reason),
      ['price'],
    );
  });

  test('pairs are asked for where the venue has them', () => {
    const feed = started(CRYPTO, 'BTC-USD');
    assert.equal(queryOf(feed, '/v1beta3/crypto/us/trades').symbols, 'BTC/USD');
    assert.deepEqual(queryOf(feed, '/v1beta3/crypto/us/bars'), {
      ...{ symbols: 'BTC/USD', timeframe: '1Hour', limit: '10000', sort: 'asc' },
      ...{ start: '2023-11-14T19:00:00.000000000Z', end: '2023-11-14T21:59:59.999999999Z' },
    });
  });
});

describe('who is warmed up', () => {
  test('of a venue that is subscribed as a whole, the assets that can be traded', () => {
    const feed = started(STOCKS, '*');
    assert.equal(asked(feed, '/v2/stocks'), 0);
    const asset = (symbol: string, tradable: boolean) => ({ symbol, tradable, class: 'us_equity', status: 'active' });
    feed.answer('/v2/assets', [asset('AAPL', true), asset('IBM', true), asset('OLD', false)]);
    assert.equal(queryOf(feed, '/v2/stocks/trades').symbols, 'AAPL,IBM');
  });

  test('each symbol once, also over another connection; one that was taken away and comes again is new', () => {
    const feed = started(STOCKS, 'AAPL');
    feed.answer('/v2/stocks/trades', { trades: {}, next_page_token: null });
    feed.receive([trade(1, 20)]);
    feed.disconnect();
    connected(feed, 'AAPL');
    assert.equal(asked(feed, '/bars'), 2);
    assert.equal(asked(feed, '/v2/stocks/trades'), 2, 'what the lost connection missed');
    feed.answer('/v2/stocks/trades', { trades: {}, next_page_token: null });
    feed.subscribe('IBM');
    feed.subscribe('IBM', 'AAPL');
    feed.receive([{ T: 'subscription', trades: ['IBM'] }]);
    feed.receive([{ T: 'subscription', trades: ['IBM'] }]);
    feed.receive([{ T: 'subscription', trades: ['IBM', 'AAPL'] }]);
    assert.equal(queryOf(feed, '/v2/stocks/trades').symbols, 'IBM,AAPL');
  });

  test('not more symbols than are allowed, and it is said of whom not', () => {
    const feed = started({ ...STOCKS, warmUp: { ...WARM_UP, maxSymbols: 1 } }, 'AAPL', 'IBM', 'SPY');
    assert.deepEqual(feed.of('begins')[0]?.symbols, ['AAPL']);
    assert.deepEqual(
      feed.of('rejected').map(({ text }) => text),
      ['fetch: "no warm-up of IBM and those after it: 3 symbols, allowed 1"'],
    );
    feed.receive([trade(1, 20, 'SPY')]);
    feed.disconnect();
    connected(feed, 'AAPL', 'IBM', 'SPY');
    assert.equal(queryOf(feed, '/v2/stocks/trades').symbols, 'AAPL,IBM,SPY', 'what was missed is fetched for all');
  });

  test('a hundred symbols go into a request', () => {
    const symbols = Array.from({ length: 120 }, (_, i) => `S${i}`);
    const feed = started({ ...STOCKS, warmUp: { ...WARM_UP, bars: 0, maxSymbols: 500 } }, ...symbols);
    const requests = feed.of('fetch').filter(({ path }) => path.includes('/trades'));
    assert.deepEqual(
      requests.map(({ path }) => new URL(path, 'http://venue').searchParams.get('symbols')?.split(',').length),
      [100, 20],
    );
  });

  test('nobody, when nothing of the past is wanted', () => {
    for (const warmUp of [null, { ...WARM_UP, wholeBars: 'none', bars: 0 } as const]) {
      const feed = started({ ...STOCKS, warmUp }, 'AAPL');
      assert.equal(asked(feed, '/v2/stocks'), 0);
      assert.deepEqual(feed.of('begins'), []);
    }
  });
});

describe('the past that bars are asked for', () => {
  const at = (text: string) => BigInt(Date.parse(text)) * 1_000_000n;

  test('reaches over nights, weekends and holidays', () => {
    const starts: [Parameters<typeof historyStart>[0], number, string, string][] = [
      // Within a session, over the night before, over a weekend, over Thanksgiving and its short Friday.
      ['1m', 30, '2026-01-07T16:00:10Z', '2026-01-07T15:30:00Z'],
      ['1m', 60, '2026-01-07T15:00:10Z', '2026-01-06T20:30:00Z'],
      ['1h', 2, '2026-01-12T13:00:00Z', '2026-01-09T19:00:00Z'],
      ['1h', 4, '2025-11-28T19:00:00Z', '2025-11-26T20:00:00Z'],
      ['1d', 2, '2026-01-12T20:00:00Z', '2026-01-08T05:00:00Z'],
    ];
    for (const [interval, count, nowText, expected] of starts) {
      const startNs = historyStart(interval, { assetClass: 'us_equity', count, atNs: at(nowText) });
      assert.equal(startNs, at(expected), `${count} of ${interval} before ${nowText}`);
    }
  });

  test('holds that many lengths of regular sessions, and of coins that many lengths', () => {
    const moment = fc.bigInt({ min: at('2024-01-01T00:00:00Z'), max: at('2026-12-31T00:00:00Z') });
    const intervals = fc.constantFrom('1m' as const, '5m' as const, '15m' as const);
    fc.assert(
      fc.property(moment, intervals, fc.integer({ min: 1, max: 200 }), (atNs, interval, count) => {
        const lengthNs = BAR_INTERVALS_NS[interval];
        const last = barSpanOf(interval, 'us_equity', atNs).startNs;
        const coins = historyStart(interval, { assetClass: 'crypto', count, atNs });
        assert.equal(last - coins, BigInt(count) * lengthNs);
        const startNs = historyStart(interval, { assetClass: 'us_equity', count, atNs });
        let held = 0;
        for (let ns = startNs; ns < last; ns += lengthNs) {
          const { session } = regularSessionOf(ns);
          if (ns >= session.startNs && ns < session.endNs) held += 1;
        }
        assert.equal(held, count);
      }),
      { numRuns: 30 },
    );
  });
});
