import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { nsOfNewYork } from '@tickpath/trading';
import { type FastifyInstance, fastify } from 'fastify';
import type { VenueRules } from '../src/core/orders/state.ts';
import { type AssetConfig, assetIdOf, createAssets } from '../src/core/reference/assets.ts';
import { registerReference } from '../src/reference-server.ts';

const UNSAID: Omit<AssetConfig, 'symbol'> = {
  ...{ name: null, exchange: null, priceIncrement: null, qtyIncrement: null, priceDecimals: null, qtyDecimals: null },
  ...{ tradable: true, marginable: true, shortable: true, fractionable: true },
};

interface Asked {
  readonly status: number;
  readonly body: unknown;
}

/** Reference data of four assets, at a time of the market's. */
function reference(
  t: TestContext,
  { hours = 'always', nowNs = 0n }: { hours?: VenueRules['hours']; nowNs?: bigint } = {},
) {
  const configured = [
    { ...UNSAID, symbol: 'IBM', name: 'International Business Machines', exchange: 'NYSE', shortable: false },
    { ...UNSAID, symbol: 'BRK.A', exchange: 'NYSE', fractionable: false, tradable: false, marginable: false },
    { ...UNSAID, symbol: 'BTC/USD', priceIncrement: '0.01', qtyIncrement: '0.0001' },
  ];
  const app: FastifyInstance = fastify();
  t.after(() => app.close());
  const assets = createAssets(configured, { symbols: ['AAPL', 'IBM'] });
  registerReference(app, { assets, hours, nowNs: () => nowNs });
  return async (url: string): Promise<Asked> => {
    const { statusCode, body } = await app.inject({ url });
    return { status: statusCode, body: JSON.parse(body) };
  };
}

function symbolsOf({ status, body }: Asked): string[] {
  assert.equal(status, 200);
  return (body as { symbol: string }[]).map(({ symbol }) => symbol);
}

test('an asset has the fields that Alpaca gives to one of its class', async (t) => {
  const ask = reference(t);
  assert.deepEqual((await ask('/v2/assets/AAPL')).body, {
    id: assetIdOf('AAPL'),
    class: 'us_equity',
    exchange: 'NASDAQ',
    symbol: 'AAPL',
    name: 'AAPL',
    status: 'active',
    tradable: true,
    marginable: true,
    maintenance_margin_requirement: 30,
    margin_requirement_long: '30',
    margin_requirement_short: '30',
    shortable: true,
    easy_to_borrow: true,
    borrow_status: 'easy_to_borrow',
    fractionable: true,
    attributes: ['fractional_eh_enabled'],
  });
  assert.deepEqual((await ask('/v2/assets/BTC%2FUSD')).body, {
    id: assetIdOf('BTC/USD'),
    class: 'crypto',
    exchange: 'CRYPTO',
    symbol: 'BTC/USD',
    name: 'BTC/USD',
    status: 'active',
    tradable: true,
    marginable: false,
    maintenance_margin_requirement: 100,
    margin_requirement_long: '100',
    margin_requirement_short: '100',
    shortable: false,
    easy_to_borrow: false,
    fractionable: true,
    min_order_size: '0.0001',
    min_trade_increment: '0.0001',
    price_increment: '0.01',
    attributes: [],
  });
  const { body: berkshire } = await ask('/v2/assets/BRK.A');
  const { tradable, marginable, fractionable, maintenance_margin_requirement, attributes } = berkshire as Record<
    string,
    unknown
  >;
  assert.deepEqual([tradable, marginable, fractionable], [false, false, false]);
  assert.deepEqual([maintenance_margin_requirement, attributes], [100, []]);
});

test('an asset is found by its symbol, by its id, and a pair in each of its spellings', async (t) => {
  const ask = reference(t);
  const { body: pair } = await ask('/v2/assets/BTC%2FUSD');
  for (const name of ['BTC/USD', 'BTCUSD', assetIdOf('BTC/USD'), assetIdOf('BTC/USD').toUpperCase()]) {
    assert.deepEqual(await ask(`/v2/assets/${name}`), { status: 200, body: pair }, name);
  }
  assert.deepEqual(await ask('/v2/assets/TSLA'), {
    status: 404,
    body: { code: 40410000, message: 'asset not found for TSLA' },
  });
  for (const hostile of ['__proto__', 'constructor', '%00', '%F0%9F%92%A9', 'a/b', 'x'.repeat(90), 'A%22B']) {
    const { status, body } = await ask(`/v2/assets/${hostile}`);
    assert.deepEqual([status, (body as { code: number }).code], [404, 40410000], hostile);
  }
});

test('assets are listed by symbol, all of them or those asked for', async (t) => {
  const ask = reference(t);
  assert.deepEqual(symbolsOf(await ask('/v2/assets')), ['AAPL', 'BRK.A', 'BTC/USD', 'IBM']);
  assert.deepEqual(symbolsOf(await ask('/v2/assets?status=active&asset_class=us_equity')), ['AAPL', 'BRK.A', 'IBM']);
  assert.deepEqual(symbolsOf(await ask('/v2/assets?asset_class=crypto')), ['BTC/USD']);
  assert.deepEqual(symbolsOf(await ask('/v2/assets?exchange=NYSE')), ['BRK.A', 'IBM']);
  assert.deepEqual(symbolsOf(await ask('/v2/assets?attributes=has_options,fractional_eh_enabled')), ['AAPL', 'IBM']);
  assert.deepEqual(symbolsOf(await ask('/v2/assets?status=inactive')), []);
  assert.deepEqual(symbolsOf(await ask('/v2/assets?asset_class=us_option')), []);
  assert.deepEqual(await ask('/v2/assets?status=gone'), {
    status: 422,
    body: { code: 40010001, message: 'invalid status: "gone"' },
  });
  assert.equal((await ask('/v2/assets?asset_class=crypto&asset_class=us_equity')).status, 422);
});

test("the clock is the market's, in New York's time, open in regular sessions only", async (t) => {
  const at = async (...time: Parameters<typeof nsOfNewYork>) =>
    (await reference(t, { hours: 'us-equities', nowNs: nsOfNewYork(...time) + 250_000_000n })('/v2/clock')).body;
  assert.deepEqual(await at('2026-09-30', 12, 4, 52), {
    timestamp: '2026-09-30T12:04:52.25-04:00',
    is_open: true,
    next_open: '2026-10-01T09:30:00-04:00',
    next_close: '2026-09-30T16:00:00-04:00',
  });
  assert.deepEqual(await at('2026-11-25', 17), {
    timestamp: '2026-11-25T17:00:00.25-05:00',
    is_open: false,
    next_open: '2026-11-27T09:30:00-05:00',
    next_close: '2026-11-27T13:00:00-05:00',
  });
});

test('a market that never closes is open until midnight and from then on', async (t) => {
  assert.deepEqual((await reference(t, { nowNs: nsOfNewYork('2026-11-28', 3) })('/v2/clock')).body, {
    timestamp: '2026-11-28T03:00:00-05:00',
    is_open: true,
    next_open: '2026-11-29T00:00:00-05:00',
    next_close: '2026-11-29T00:00:00-05:00',
  });
});

test('the calendar gives the days between two dates as Alpaca does', async (t) => {
  const ask = reference(t, { nowNs: nsOfNewYork('2026-11-21', 12) });
  const days = [
    {
      ...{ date: '2026-11-25', open: '09:30', close: '16:00', session_open: '0400', session_close: '2000' },
      settlement_date: '2026-11-27',
    },
    {
      ...{ date: '2026-11-27', open: '09:30', close: '13:00', session_open: '0400', session_close: '1700' },
      settlement_date: '2026-11-30',
    },
  ];
  assert.deepEqual(await ask('/v2/calendar?start=2026-11-25&end=2026-11-29'), { status: 200, body: days });
  const moments = '/v2/calendar?start=2026-11-25T00:00:00.000Z&end=2026-11-29T00:00:00Z&date_type=TRADING';
  assert.deepEqual((await ask(moments)).body, days, 'as clients of other languages write dates');
  const ofNewYork = '/v2/calendar?start=2026-11-25T00:00:00-05:00&end=2026-11-28T20:00:00-05:00';
  assert.deepEqual((await ask(ofNewYork)).body, days);
  const settled = await ask('/v2/calendar?start=2026-11-27&end=2026-11-30&date_type=SETTLEMENT');
  assert.deepEqual(settled.body, days);
  assert.deepEqual((await ask('/v2/calendar?start=2026-11-28&end=2026-11-29')).body, []);
  assert.deepEqual((await ask('/v2/calendar?start=2026-12-01&end=2026-11-01')).body, []);
});

test('the whole calendar goes from 1970 to the end of the third year from now', async (t) => {
  const ask = reference(t, { nowNs: nsOfNewYork('2026-11-21', 12) });
  const all = (await ask('/v2/calendar')).body as { date: string }[];
  assert.deepEqual([all[0]?.date, all.at(-1)?.date], ['1970-01-02', '2029-12-31']);
  const unbounded = (await ask('/v2/calendar?start=0001-01-01&end=9999-12-31')).body as unknown[];
  assert.equal(unbounded.length, all.length);
  const settled = (await ask('/v2/calendar?date_type=SETTLEMENT')).body as unknown[];
  assert.ok(all.length - settled.length <= 5, 'all but those that settle outside of it');
});

test('a calendar that cannot be read from the query is refused by what is wrong with it', async (t) => {
  const ask = reference(t);
  for (const [query, message] of [
    ['start=2026-02-30', 'invalid start: "2026-02-30"'],
    ['end=soon', 'invalid end: "soon"'],
    ['start=2026-01-01&start=2026-01-02', 'start must be given once'],
    ['date_type=trading', 'invalid date_type: "trading"'],
  ]) {
    assert.deepEqual(await ask(`/v2/calendar?${query}`), { status: 422, body: { code: 40010001, message } });
  }
});

test('version 3 of the clock tells the phase of each market asked for', async (t) => {
  const ask = reference(t, { hours: 'us-equities', nowNs: nsOfNewYork('2026-11-27', 14) });
  const market = { acronym: 'NYSE', mic: 'XNYS', name: 'New York Stock Exchange', timezone: 'America/New_York' };
  assert.deepEqual(await ask('/v3/clock'), {
    status: 200,
    body: {
      clocks: [
        {
          market,
          timestamp: '2026-11-27T14:00:00-05:00',
          is_market_day: true,
          phase: 'post',
          phase_until: '2026-11-27T17:00:00-05:00',
          next_market_open: '2026-11-30T09:30:00-05:00',
          next_market_close: '2026-11-30T16:00:00-05:00',
        },
      ],
    },
  });
  const phaseAt = async (time: string) => {
    const { body } = await ask(`/v3/clock?markets=XNYS,NASDAQ,NYSE&time=${encodeURIComponent(time)}`);
    const { clocks } = body as { clocks: { market: { acronym: string }; phase: string; is_market_day: boolean }[] };
    assert.deepEqual(
      clocks.map((clock) => clock.market.acronym),
      ['NYSE', 'NASDAQ'],
    );
    return `${clocks[0]?.phase} ${clocks[0]?.is_market_day}`;
  };
  assert.equal(await phaseAt('2026-11-25T05:00:00-05:00'), 'pre true');
  assert.equal(await phaseAt('2026-11-25T15:00:00Z'), 'core true');
  assert.equal(await phaseAt('2026-11-26T15:00:00.000Z'), 'closed false');
  const { status, body } = await ask('/v3/clock?markets=NYSE,LSE');
  assert.deepEqual(
    [status, (body as { message: string }).message],
    [422, 'market "LSE" is not one of NYSE, XNYS, NASDAQ, XNAS, IEX, IEXG'],
  );
  const { body: always } = await reference(t, { nowNs: nsOfNewYork('2026-11-28', 3) })('/v3/clock');
  const [clock] = (always as { clocks: Record<string, unknown>[] }).clocks;
  assert.deepEqual(
    [clock?.phase, clock?.phase_until, clock?.is_market_day],
    ['core', '2026-11-29T00:00:00-05:00', true],
  );
});

test("version 3 of the calendar gives a market's sessions as moments", async (t) => {
  const ask = reference(t, { nowNs: nsOfNewYork('2026-11-21', 12) });
  const { body } = await ask('/v3/calendar/XNAS?start=2026-11-27&end=2026-11-29');
  assert.deepEqual(body, {
    market: { acronym: 'NASDAQ', mic: 'XNAS', name: 'Nasdaq Stock Market', timezone: 'America/New_York' },
    calendar: [
      {
        date: '2026-11-27',
        pre_start: '2026-11-27T04:00:00-05:00',
        pre_end: '2026-11-27T09:30:00-05:00',
        core_start: '2026-11-27T09:30:00-05:00',
        core_end: '2026-11-27T13:00:00-05:00',
        post_start: '2026-11-27T13:00:00-05:00',
        post_end: '2026-11-27T17:00:00-05:00',
        settlement_date: '2026-11-30',
      },
    ],
  });
  const inUtc = (await ask('/v3/calendar/NYSE?start=2026-11-27&end=2026-11-27&timezone=UTC')).body;
  const [day] = (inUtc as { calendar: Record<string, unknown>[] }).calendar;
  assert.deepEqual([day?.core_start, day?.post_end], ['2026-11-27T14:30:00Z', '2026-11-27T22:00:00Z']);
  const { body: year } = await ask('/v3/calendar/NYSE');
  const dates = (year as { calendar: { date: string }[] }).calendar.map(({ date }) => date);
  assert.deepEqual([dates.length, dates[0], dates.at(-1)], [251, '2026-01-02', '2026-12-31']);
  assert.equal((await ask('/v3/calendar/TADAWUL')).status, 422);
  assert.equal((await ask('/v3/calendar/NYSE?timezone=CET')).status, 422);
  assert.equal((await ask('/v3/calendar/NYSE?start=soon')).status, 422);
});
