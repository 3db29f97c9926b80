import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMetrics } from '../src/index.ts';

test('metrics of a service are in its own registry, beside those of the process', async () => {
  const [first, second] = [createMetrics(), createMetrics()];
  first.counter('tickpath_test_ticks_total', 'ticks', ['symbol']).inc({ symbol: 'AAPL' }, 3);
  first.gauge('tickpath_test_depth', 'depth').set(7);
  first.histogram('tickpath_test_seconds', 'seconds', [0.1, 1]).observe(0.5);
  const text = await first.registry.metrics();
  assert.match(text, /^tickpath_test_ticks_total\{symbol="AAPL"\} 3$/m);
  assert.match(text, /^tickpath_test_depth 7$/m);
  assert.match(text, /^tickpath_test_seconds_bucket\{le="1"\} 1$/m);
  assert.match(text, /^tickpath_process_resident_memory_bytes \d+$/m);
  assert.match(text, /^tickpath_nodejs_eventloop_lag_p99_seconds \S+$/m);
  assert.doesNotMatch(await second.registry.metrics(), /tickpath_test/);
});

test('a name without the prefix, and one taken twice, are refused', () => {
  const metrics = createMetrics();
  metrics.gauge('tickpath_depth', 'depth');
  assert.throws(() => metrics.gauge('tickpath_depth', 'depth'), /already been registered/);
  assert.throws(() => metrics.counter('ticks_total', 'ticks'), /tickpath_/);
});
