import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMetrics } from '@tickpath/runtime';
import { openMarket, stepMarket } from '../src/core/index.ts';
import { createMarketDataMetrics } from '../src/metrics.ts';

function measured() {
  const metrics = createMetrics();
  const market = openMarket(['1s', '1m']);
  const times = { lastReceivedNs: 0n, nowNs: 5_000_000_000n };
  const face = createMarketDataMetrics(metrics, {
    symbols: () => market.symbols.size,
    lastReceivedNs: () => times.lastReceivedNs,
    nowNs: () => times.nowNs,
  });
  const value = async (series: string): Promise<number | undefined> => {
    const lines = (await metrics.registry.metrics()).split('\n');
    const line = lines.find((one) => one.startsWith(`${series} `));
    return line === undefined ? undefined : Number(line.slice(series.length + 1));
  };
  return { market, times, face, value };
}

test('a feed that is lost and subscribed again is one reconnect, however many attempts it took', async () => {
  const { face, value } = measured();
  const reconnects = () => value('tickpath_market_data_reconnects_total');
  const state = (name: string) => value(`tickpath_market_data_feed_state{state="${name}"}`);
  assert.equal(await state('disconnected'), 1);
  for (const next of ['connecting', 'disconnected', 'connecting', 'authenticated', 'subscribed'] as const)
    face.feed(next);
  assert.deepEqual([await state('subscribed'), await state('disconnected'), await reconnects()], [1, 0, 0]);
  assert.equal(await value('tickpath_market_data_subscribed'), 1);
  for (const next of ['disconnected', 'connecting', 'disconnected', 'connecting', 'authenticated'] as const)
    face.feed(next);
  assert.deepEqual([await state('authenticated'), await reconnects()], [1, 0]);
  face.feed('subscribed');
  face.feed('subscribed');
  assert.equal(await reconnects(), 1);
});

test('the age of the feed is 0 before its first message and then grows', async () => {
  const { times, value } = measured();
  assert.equal(await value('tickpath_market_data_feed_age_seconds'), 0);
  times.lastReceivedNs = 3_500_000_000n;
  assert.equal(await value('tickpath_market_data_feed_age_seconds'), 1.5);
});

test('publications are counted by kind and interval, symbols by what was published', async () => {
  const { market, face, value } = measured();
  const message = { T: 't', S: 'AAPL', i: 1, x: 'V', p: 190, s: 1, c: [], z: 'C' };
  const messages = [
    { ...message, t: '2026-01-05T15:00:00Z' },
    { ...message, t: '2026-01-05T15:00:01Z' },
    { T: 'q', S: 'MSFT', bp: 1, bs: 1, ap: 2, as: 1, t: '2026-01-05T15:01:00Z' },
  ];
  const stamps = { receivedNs: 1n, decodedNs: 2n };
  face.published(stepMarket(market, { type: 'frame', messages, stamps }, { rejected() {}, lateTrade() {} }));
  assert.equal(await value('tickpath_market_data_ticks_total{kind="trade"}'), 2);
  assert.equal(await value('tickpath_market_data_ticks_total{kind="quote"}'), 1);
  assert.equal(await value('tickpath_market_data_bars_total{interval="1s"}'), 2);
  assert.equal(await value('tickpath_market_data_bars_total{interval="1m"}'), 1);
  assert.equal(await value('tickpath_market_data_symbols'), 2);
});

test('the stages of a frame get its mean, and a frame without publications no publishing', async () => {
  const { face, value } = measured();
  const times = { receivedNs: 0n, decodedNs: 4_000n, steppedNs: 24_000n, publishedNs: 74_000n };
  face.frame({ messages: 4, publications: 5 }, times);
  face.frame({ messages: 1, publications: 0 }, times);
  face.frame({ messages: 0, publications: 0 }, times);
  const sum = async (stage: string) => [
    await value(`tickpath_stage_seconds_count{stage="${stage}"}`),
    Number((await value(`tickpath_stage_seconds_sum{stage="${stage}"}`))?.toFixed(9)),
  ];
  assert.deepEqual(await sum('decode'), [2, 5e-6]);
  assert.deepEqual(await sum('bar'), [2, 25e-6]);
  assert.deepEqual(await sum('publish'), [1, 10e-6]);
});
