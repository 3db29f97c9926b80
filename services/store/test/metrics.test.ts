import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMetrics } from '@tickpath/runtime';
import { createStoreMetrics } from '../src/metrics.ts';

test('every message is kept and counted, some of them timed', async () => {
  const metrics = createMetrics();
  const measured = createStoreMetrics(metrics, { symbols: () => 3, logLag: () => 0 });
  const kept: number[] = [];
  for (let i = 0; i < 35; i += 1) measured.ingest(i === 0 ? 'trade' : 'quote', () => void kept.push(i));
  const text = await metrics.registry.metrics();
  assert.equal(kept.length, 35);
  assert.match(text, /^tickpath_store_messages_total\{kind="trade"\} 1$/m);
  assert.match(text, /^tickpath_store_messages_total\{kind="quote"\} 34$/m);
  assert.match(text, /^tickpath_stage_seconds_count\{stage="ingest"\} 3$/m);
  assert.match(text, /^tickpath_store_symbols 3$/m);
});

test('queries are counted by kind, all that the store does not answer as one', async () => {
  const metrics = createMetrics();
  const measured = createStoreMetrics(metrics, { symbols: () => 0, logLag: () => 0 });
  for (const kind of ['barsQuery', 'barsQuery', 'streamsQuery', 'riskCheck', 'trade'] as const) measured.query(kind);
  const text = await metrics.registry.metrics();
  assert.match(text, /^tickpath_store_queries_total\{kind="barsQuery"\} 2$/m);
  assert.match(text, /^tickpath_store_queries_total\{kind="streamsQuery"\} 1$/m);
  assert.match(text, /^tickpath_store_queries_total\{kind="other"\} 2$/m);
});

test('what is archived of each log is counted, and what of it is missing', async () => {
  const metrics = createMetrics();
  const lag = { risk: 2, execution: 0 };
  const measured = createStoreMetrics(metrics, { symbols: () => 0, logLag: (log) => lag[log] });
  measured.archived('risk', { events: 3, missing: 0 });
  measured.archived('risk', { events: 1, missing: 40 });
  const text = await metrics.registry.metrics();
  assert.match(text, /^tickpath_store_log_events_total\{log="risk"\} 4$/m);
  assert.match(text, /^tickpath_store_log_events_total\{log="execution"\} 0$/m);
  assert.match(text, /^tickpath_store_log_events_missing_total\{log="risk"\} 40$/m);
  assert.match(text, /^tickpath_store_log_events_missing_total\{log="execution"\} 0$/m);
  assert.match(text, /^tickpath_store_log_lag_events\{log="risk"\} 2$/m);
});
