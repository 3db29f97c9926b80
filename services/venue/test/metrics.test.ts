import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { test } from 'node:test';
import { createMetrics } from '@tickpath/runtime';
import { createExchange } from '../src/exchange.ts';
import { createVenueMetrics } from '../src/metrics.ts';
import { anOrder, aQuote, aTrade } from './builders.ts';
import { dataFolder, openTestBook } from './test-book.ts';

test('open orders and the time of matching are told; what no order waits for is not matching', async (t) => {
  const dataDir = dataFolder();
  const { journal, book } = await openTestBook(dataDir);
  t.after(async () => {
    await exchange.settled();
    await journal.close();
    rmSync(dataDir, { recursive: true });
  });
  const metrics = createMetrics();
  let id = 0;
  const exchange = createExchange({
    journal,
    book,
    nowNs: () => 1n,
    newId: () => `id-${id++}`,
    metrics: createVenueMetrics(metrics, { openOrders: () => exchange.state().open.size }),
    log: { debug() {} },
    failpoint() {},
    onFatal(error) {
      throw error;
    },
  });
  exchange.onMarket(aQuote({ symbol: 'BTC/USD' }));
  exchange.onMarket(aTrade({ symbol: 'BTC/USD' }));
  exchange.submit(anOrder({ symbol: 'AAPL', qty: '10' }));
  exchange.submit(anOrder({ symbol: 'MSFT', qty: '10' }));
  const before = await metrics.registry.metrics();
  assert.match(before, /^tickpath_venue_open_orders 2$/m);
  assert.match(before, /^tickpath_stage_seconds_count\{stage="match"\} 2$/m);
  exchange.onMarket(aQuote({ symbol: 'AAPL' }));
  exchange.onMarket(aQuote({ symbol: 'AAPL' }));
  const after = await metrics.registry.metrics();
  assert.match(after, /^tickpath_venue_open_orders 1$/m);
  assert.match(after, /^tickpath_stage_seconds_count\{stage="match"\} 3$/m);
});

test('events of every kind that the market shows are counted', async () => {
  const metrics = createMetrics();
  const venue = createVenueMetrics(metrics, { openOrders: () => 0 });
  venue.ticks('trade', 2);
  venue.ticks('book', 3);
  venue.ticks('trade', 1);
  const text = await metrics.registry.metrics();
  assert.match(text, /^tickpath_venue_ticks_total\{kind="trade"\} 3$/m);
  assert.match(text, /^tickpath_venue_ticks_total\{kind="book"\} 3$/m);
});
