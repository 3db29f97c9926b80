import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMetrics } from '@tickpath/runtime';
import { createMarketDataMetrics } from '../src/metrics.ts';
import { aQuote, aTrade, marketOf } from './market-builders.ts';

function measured() {
  const metrics = createMetrics();
  const market = marketOf({ intervals: ['1s', '1m'], bars: { reviseWithinMs: 60_000 } });
  const times = { lastReceivedNs: 0n, nowNs: 5_000_000_000n };
  const face = createMarketDataMetrics(metrics);
  const view = {
    symbols: () => market.state.symbols.size,
    invalidSymbols: () => 3,
    lastReceivedNs: () => times.lastReceivedNs,
    nowNs: () => times.nowNs,
  };
  const [feed, other] = [face.feed('kraken', view), face.feed('binance', { ...view, symbols: () => 0 })];
  const value = async (series: string): Promise<number | undefined> => {
    const lines = (await metrics.registry.metrics()).split('\n');
    const line = lines.find((one) => one.startsWith(`${series} `));
    return line === undefined ? undefined : Number(line.slice(series.length + 1));
  };
  return { market, times, face, feed, other, value };
}

test('a feed that is lost and subscribed again is one reconnect, however many attempts it took', async () => {
  const { feed, other, value } = measured();
  const reconnects = () => value('tickpath_market_data_reconnects_total{feed="kraken"}');
  const state = (name: string) => value(`tickpath_market_data_feed_state{feed="kraken",state="${name}"}`);
  other.state('connecting');
  assert.equal(await state('disconnected'), 1);
  for (const next of ['connecting', 'reconnecting', 'connecting', 'authenticated', 'subscribed'] as const)
    feed.state(next);
  assert.deepEqual([await state('subscribed'), await state('disconnected'), await reconnects()], [1, 0, 0]);
  assert.equal(await value('tickpath_market_data_subscribed{feed="kraken"}'), 1);
  for (const next of ['reconnecting', 'connecting', 'reconnecting', 'connecting', 'authenticated'] as const)
    feed.state(next);
  assert.deepEqual([await state('authenticated'), await reconnects()], [1, 0]);
  feed.state('subscribed');
  feed.state('subscribed');
  assert.equal(await reconnects(), 1);
});

test('the age of the feed is 0 before its first message and then grows', async () => {
  const { times, value } = measured();
  assert.equal(await value('tickpath_market_data_feed_age_seconds{feed="kraken"}'), 0);
  times.lastReceivedNs = 3_500_000_000n;
  assert.equal(await value('tickpath_market_data_feed_age_seconds{feed="kraken"}'), 1.5);
});

test('publications are counted by kind and interval, symbols by what was published', async () => {
  const { market, face, value } = measured();
  const ticks = [aTrade('AAPL', 0), aTrade('AAPL', 1_000), aQuote('MSFT', 60_000)];
  face.published(market.events(...ticks));
  face.published(market.events(aTrade('AAPL', 500)));
  assert.equal(await value('tickpath_market_data_ticks_total{kind="trade"}'), 3);
  assert.equal(await value('tickpath_market_data_ticks_total{kind="quote"}'), 1);
  assert.equal(await value('tickpath_market_data_bars_total{interval="1s"}'), 2);
  assert.equal(await value('tickpath_market_data_bars_total{interval="1m"}'), 1);
  assert.equal(await value('tickpath_market_data_bars_revised_total{interval="1s"}'), 1);
  assert.equal(await value('tickpath_market_data_symbols{feed="kraken"}'), 2);
  assert.equal(await value('tickpath_market_data_invalid_symbols{feed="kraken"}'), 3);
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

test('what was wrong is counted by feed, rule, book fault and reason', async () => {
  const { feed, value } = measured();
  feed.violated('IBM', { rule: 'price-jump', severity: 'halt', text: '' });
  feed.bookInvalid('BTC-USD', 'checksum');
  feed.unbarred('IBM', 'late');
  feed.unbarred('IBM', 'suspect');
  feed.dropped({ kind: 'duplicate', symbol: 'IBM', what: 'trade' });
  feed.dropped({ kind: 'lost', symbol: 'IBM', topic: 'book', from: 1, to: 2 });
  feed.dropped({ kind: 'unknown', type: 'z' });
  feed.unpublished('luld');
  feed.rejected('refused');
  feed.foreign(1);
  for (const series of [
    'violations_total{rule="price-jump"}',
    'book_faults_total{feed="kraken",reason="checksum"}',
    'late_trades_total',
    'unbarred_total{reason="suspect"}',
    'duplicates_total{feed="kraken",kind="trade"}',
    'lost_total{feed="kraken",kind="book"}',
    'unknown_total{feed="kraken"}',
    'rejected_total{feed="kraken",reason="refused"}',
    'foreign_total{feed="kraken"}',
    'unpublished_total{kind="luld"}',
  ]) {
    assert.equal(await value(`tickpath_market_data_${series}`), 1, series);
  }
});
