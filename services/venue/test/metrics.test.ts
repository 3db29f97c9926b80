import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { test } from 'node:test';
import { createMetrics } from '@tickpath/runtime';
import { createExchange } from '../src/exchange.ts';
import { createVenueMetrics } from '../src/metrics.ts';
import { aQuote } from './builders.ts';
import { dataFolder, openTestBook } from './test-book.ts';

test('open orders and the time of matching are told; a quote that no order waits for is not matching', async (t) => {
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
    metrics: createVenueMetrics(metrics, { openOrders: () => exchange.openOrderCount() }),
    log: { debug() {} },
    failpoint() {},
    onFatal(error) {
      throw error;
    },
  });
  const order = { side: 'buy', qty: '10', type: 'market', time_in_force: 'day' };
  exchange.onQuote(aQuote({ symbol: 'NVDA' }));
  exchange.submit({ ...order, symbol: 'AAPL' });
  exchange.submit({ ...order, symbol: 'MSFT' });
  const before = await metrics.registry.metrics();
  assert.match(before, /^tickpath_venue_open_orders 2$/m);
  assert.match(before, /^tickpath_stage_seconds_count\{stage="match"\} 2$/m);
  exchange.onQuote(aQuote({ symbol: 'AAPL' }));
  exchange.onQuote(aQuote({ symbol: 'AAPL' }));
  const after = await metrics.registry.metrics();
  assert.match(after, /^tickpath_venue_open_orders 1$/m);
  assert.match(after, /^tickpath_stage_seconds_count\{stage="match"\} 3$/m);
});
