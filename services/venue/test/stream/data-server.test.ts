import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { decimalTextOfNumber, rfc3339ToNs, unitsOf } from '@tickpath/trading';
import { anAsset, aQuote, aTrade } from '../builders.ts';
import { startVenue, type TestVenue } from '../venue-harness.ts';
import { book, level } from './stream-builders.ts';

const PAGE = new URL('../../../../../shared/data/alpaca/rest-trades-AAPL-20211013.json', import.meta.url);
const noPage = existsSync(PAGE) ? false : 'no recording ../shared/data/alpaca/rest-trades-AAPL-20211013.json';

const AAPL = anAsset('AAPL');
const BTC = anAsset('BTC/USD');
const DAY_NS = rfc3339ToNs('2021-10-13T04:00:00Z') ?? 0n;
const MINUTE_NS = 60_000_000_000n;

interface RestTrade {
  readonly t: string;
  readonly x: string;
  readonly p: number;
  readonly s: number;
  readonly c: string[];
  readonly i: number;
  readonly z: string;
}
type Body = Record<string, unknown>;

function shownTrade({ t, x, p, s, c, i, z }: RestTrade) {
  return aTrade({
    ...{ id: i, tsNs: rfc3339ToNs(t) ?? 0n, exchange: x, conditions: c, tape: z },
    px: decimalTextOfNumber(p),
    sz: String(s),
  });
}

async function body(venue: TestVenue, path: string): Promise<Body> {
  const { status, body: found, text } = await venue.request('GET', path);
  assert.equal(status, 200, text);
  return found;
}

test('a page of trades is one of Alpaca, to the order of its fields', { skip: noPage }, async () => {
  const recorded = readFileSync(PAGE, 'utf8');
  const page = JSON.parse(recorded) as { trades: { AAPL: RestTrade[] }; next_page_token: string };
  await using venue = await startVenue();
  venue.show(...page.trades.AAPL.map(shownTrade), aTrade({ id: 6, tsNs: DAY_NS + 300n * MINUTE_NS }));
  const path = '/v2/stocks/trades?symbols=AAPL&start=2021-10-13&end=2021-10-14&limit=5&feed=sip';
  const { text, headers } = await venue.request('GET', path);
  const found = JSON.parse(text) as typeof page;
  assert.equal(JSON.stringify(found.trades), JSON.stringify(page.trades));
  assert.deepEqual(Object.keys(found), Object.keys(page));
  assert.match(found.next_page_token, /^[A-Za-z0-9+/]+=*$/);
  assert.match(headers.get('content-type') ?? '', /^application\/json/);
  const next = await body(venue, `${path}&page_token=${encodeURIComponent(found.next_page_token)}`);
  assert.deepEqual([(next.trades as { AAPL: RestTrade[] }).AAPL.map(({ i }) => i), next.next_page_token], [[6], null]);
});

test('one symbol in the path has its list alone, and null when there is nothing', async () => {
  await using venue = await startVenue();
  venue.show(aQuote({ tsNs: DAY_NS }));
  const range = 'start=2021-10-13T00:00:00-04:00&end=2021-10-14';
  assert.deepEqual(await body(venue, `/v2/stocks/AAPL/quotes?${range}`), {
    quotes: [
      {
        t: '2021-10-13T04:00:00Z',
        ...{ ax: 'V', ap: 190.01, as: 200, bx: 'V', bp: 189.99, bs: 100, c: ['R'], z: 'C' },
      },
    ],
    symbol: 'AAPL',
    next_page_token: null,
  });
  const nothing = { trades: null, symbol: 'AAPL', next_page_token: null };
  assert.deepEqual(await body(venue, `/v2/stocks/AAPL/trades?${range}`), nothing);
  assert.deepEqual(await body(venue, `/v2/stocks/trades?symbols=AAPL,NONE&${range}`), {
    trades: {},
    next_page_token: null,
  });
});

test('trades that were corrected or taken back say so', async () => {
  await using venue = await startVenue();
  const [first, second] = [aTrade({ id: 1, tsNs: DAY_NS }), aTrade({ id: 2, tsNs: DAY_NS + 1n })];
  const { px, sz, exchange, tape, conditions } = first;
  const shared = { instrument: AAPL, exchange, tape };
  const original = { id: 1, px, sz, conditions };
  const corrected = { ...original, id: 3, px: unitsOf('191.5', AAPL.priceDecimals) };
  venue.show(
    ...[first, second],
    { ...shared, kind: 'correction', tsNs: DAY_NS + 5n, original, corrected, originalNs: DAY_NS },
    { ...shared, kind: 'cancelError', tsNs: DAY_NS + 6n, id: 2, px, sz, action: 'C', originalNs: DAY_NS + 1n },
  );
  const found = await body(venue, '/v2/stocks/AAPL/trades?start=2021-10-13');
  assert.deepEqual(
    (found.trades as { i: number; p: number; u?: string }[]).map(({ i, p, u }) => [i, p, u]),
    [
      [1, 190, 'incorrect'],
      [3, 191.5, 'corrected'],
      [2, 190, 'canceled'],
    ],
  );
  const latest = await body(venue, '/v2/stocks/AAPL/trades/latest');
  assert.equal((latest.trade as { i: number }).i, 3);
});

test('latest and snapshots have the newest of each', async () => {
  await using venue = await startVenue();
  for (const day of [0n, 1n]) {
    const tsNs = DAY_NS + day * 1440n * MINUTE_NS;
    venue.show(aTrade({ id: Number(day), tsNs, px: String(190n + day) }), aQuote({ tsNs: tsNs + 1n }));
  }
  venue.show(aTrade({ id: 7, tsNs: DAY_NS + 1441n * MINUTE_NS, px: '195' }));
  const trade = { t: '2021-10-14T04:01:00Z', x: 'V', p: 195, s: 10, c: ['@'], i: 7, z: 'C' };
  const quote = {
    t: '2021-10-14T04:00:00.000000001Z',
    ...{ ax: 'V', ap: 190.01, as: 200, bx: 'V', bp: 189.99, bs: 100, c: ['R'], z: 'C' },
  };
  const bar = (t: string, price: number) => ({ t, o: price, h: price, l: price, c: price, v: 10, n: 1, vw: price });
  assert.deepEqual(await body(venue, '/v2/stocks/trades/latest?symbols=AAPL,MSFT'), { trades: { AAPL: trade } });
  assert.deepEqual(await body(venue, '/v2/stocks/AAPL/quotes/latest'), { symbol: 'AAPL', quote });
  assert.deepEqual(await body(venue, '/v2/stocks/bars/latest?symbols=AAPL'), {
    bars: { AAPL: bar('2021-10-14T04:00:00Z', 191) },
  });
  const snapshot = {
    latestTrade: trade,
    latestQuote: quote,
    minuteBar: bar('2021-10-14T04:00:00Z', 191),
    dailyBar: bar('2021-10-14T04:00:00Z', 191),
    prevDailyBar: bar('2021-10-13T04:00:00Z', 190),
  };
  assert.deepEqual(await body(venue, '/v2/stocks/snapshots?symbols=AAPL,MSFT'), { AAPL: snapshot });
  assert.deepEqual(await body(venue, '/v2/stocks/AAPL/snapshot'), { symbol: 'AAPL', ...snapshot });
  const missing = await venue.request('GET', '/v2/stocks/MSFT/trades/latest');
  assert.deepEqual([missing.status, missing.body], [404, { message: 'no trade found for MSFT' }]);
});

test('crypto needs no key, has its own fields and its books', async () => {
  await using venue = await startVenue();
  const tsNs = DAY_NS;
  venue.show(
    aTrade({ symbol: 'BTC/USD', tsNs, id: 9, px: '57000.5', sz: '0.0125', takerSide: 'B' }),
    book({ instrument: BTC, tsNs, reset: true, bids: [level('57000', '1.5')], asks: [level('57001', '2')] }),
    aTrade({ symbol: 'BTC/USD', tsNs: tsNs + MINUTE_NS, id: 10, px: '57001', sz: '1', takerSide: null }),
  );
  const open = async (path: string) => JSON.parse((await venue.request('GET', path, undefined, {})).text) as Body;
  const symbols = 'symbols=BTC%2FUSD';
  const t = '2021-10-13T04:00:00Z';
  assert.deepEqual(await open(`/v1beta3/crypto/us/trades?${symbols}&start=2021-10-13&limit=1`), {
    trades: { 'BTC/USD': [{ t, p: 57000.5, s: 0.0125, tks: 'B', i: 9 }] },
    next_page_token: btoa(`BTC/USD|trades|${DAY_NS}|${'0'.repeat(20)}`),
  });
  assert.deepEqual(await open(`/v1beta3/crypto/us/latest/orderbooks?${symbols}`), {
    orderbooks: { 'BTC/USD': { t, b: [{ p: 57000, s: 1.5 }], a: [{ p: 57001, s: 2 }] } },
  });
  const latest = { t: '2021-10-13T04:01:00Z', p: 57001, s: 1, i: 10 };
  assert.deepEqual(await open(`/v1beta3/crypto/us/latest/trades?${symbols}`), { trades: { 'BTC/USD': latest } });
  const snapshots = (await open(`/v1beta3/crypto/us-1/snapshots?${symbols}`)).snapshots as Record<string, Body>;
  assert.deepEqual(snapshots['BTC/USD']?.latestTrade, latest);
  const bars = await open(`/v1beta3/crypto/us/bars?${symbols}&timeframe=1Min&start=2021-10-13`);
  const bar = { t, o: 57000.5, h: 57000.5, l: 57000.5, c: 57000.5, v: 0.0125, n: 1, vw: 57000.5 };
  assert.deepEqual(bars, { bars: { 'BTC/USD': [bar] }, next_page_token: null });
  const wrong = { 'apca-api-key-id': 'X', 'apca-api-secret-key': 'Y' };
  assert.equal((await venue.request('GET', `/v1beta3/crypto/us/trades?${symbols}`, undefined, wrong)).status, 401);
  assert.equal((await venue.request('GET', '/v2/stocks/trades?symbols=AAPL', undefined, {})).status, 401);
});

test('bad parameters are answered with 400 and a message that names them', async () => {
  await using venue = await startVenue();
  const trades = '/v2/stocks/trades?symbols=AAPL';
  for (const [path, message] of [
    ['/v2/stocks/trades', 'symbols is required'],
    [`${trades}&limit=10001`, 'invalid limit: "10001", limit must be between 1 and 10000'],
    [`${trades}&limit=0`, 'invalid limit: "0", limit must be between 1 and 10000'],
    [`${trades}&start=yesterday`, 'invalid start: "yesterday"'],
    [`${trades}&start=2021-10-13&end=2021-10-12`, 'end should not be before start'],
    [`${trades}&sort=up`, 'invalid sort: "up"'],
    [`${trades}&feed=mars`, 'invalid feed: "mars"'],
    [`${trades}&page_token=AAAA`, 'invalid page_token: "AAAA"'],
    [`${trades}&page_token=%00`, 'invalid page_token: "\\u0000"'],
    [`${trades}&currency=JPY`, 'invalid currency: "JPY", only USD is there'],
    [`${trades}&timeframe=1Min`, 'unexpected query parameter(s): "timeframe"'],
    ['/v2/stocks/trades?symbols=BTC/USD', 'invalid symbol: "BTC/USD"'],
    ['/v2/stocks/a%20b/trades', 'invalid symbol: "a b"'],
    ['/v2/stocks/trades/latest?symbols=AAPL&limit=1', 'unexpected query parameter(s): "limit"'],
    ['/v2/stocks/bars?symbols=AAPL', 'timeframe is required'],
    ['/v2/stocks/bars?symbols=AAPL&timeframe=60Min', 'invalid timeframe: "60Min"'],
    ['/v2/stocks/bars?symbols=AAPL&timeframe=1Min&adjustment=half', 'invalid adjustment: "half"'],
    ['/v1beta3/crypto/mars/bars?symbols=BTC/USD&timeframe=1Min', 'invalid location: mars'],
    ['/v1beta3/crypto/us/trades?symbols=AAPL', 'invalid symbol: "AAPL"'],
    ['/v1beta3/crypto/us/trades?symbols=BTC/USD&feed=sip', 'unexpected query parameter(s): "feed"'],
  ] as const) {
    const { status, body: found } = await venue.request('GET', path);
    assert.deepEqual([path, status, found], [path, 400, { message }]);
  }
});

test('beyond the limit on requests market data says no with the message alone, orders with a code too', async () => {
  await using venue = await startVenue({ config: { requestsPerMinute: 1 } });
  const bodyOf = async (path: string) => {
    await venue.request('GET', path);
    const { status, body: found } = await venue.request('GET', path);
    return [status, found];
  };
  assert.deepEqual(await bodyOf('/v2/stocks/snapshots?symbols=AAPL'), [429, { message: 'too many requests.' }]);
  assert.deepEqual(await bodyOf('/v2/account'), [429, { code: 42910000, message: 'too many requests.' }]);
});
