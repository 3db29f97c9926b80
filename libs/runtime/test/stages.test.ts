import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMetrics, STAGE_BUCKETS, STAGE_NAMES, STAGES, type Stage, VERSION } from '../src/index.ts';

test('a stage counts into µs-fine buckets, with sum, count and the longest', async () => {
  const metrics = createMetrics();
  const observe = metrics.stage('risk_check');
  for (const seconds of [1e-6, 1.5e-6, 2e-6, 0.3, 7]) observe(seconds);
  const text = await metrics.registry.metrics();
  const value = (series: string) =>
    Number(
      text
        .split('\n')
        .find((line) => line.startsWith(`${series} `))
        ?.split(' ')[1],
    );
  const bucket = (le: string) => value(`tickpath_stage_seconds_bucket{le="${le}",stage="risk_check"}`);
  assert.deepEqual(['0.000001', '0.000002', '0.2', '0.5', '1', '+Inf'].map(bucket), [1, 3, 3, 4, 4, 5]);
  assert.equal(value('tickpath_stage_seconds_count{stage="risk_check"}'), 5);
  assert.ok(Math.abs(value('tickpath_stage_seconds_sum{stage="risk_check"}') - 7.3000045) < 1e-9);
  assert.equal(value('tickpath_stage_max_seconds{stage="risk_check"}'), 7);
  assert.match(text, /^# TYPE tickpath_stage_seconds histogram$/m);
  assert.match(text, /^# TYPE tickpath_stage_max_seconds gauge$/m);
});

test('every value lies in the bucket that a look through all bounds finds', async () => {
  for (const seconds of [0, 9e-7, ...STAGE_BUCKETS.flatMap((bound) => [bound * 0.999, bound, bound * 1.001])]) {
    const metrics = createMetrics();
    metrics.stage('decode')(seconds);
    const text = await metrics.registry.metrics();
    const first = /_bucket\{le="([^"]+)",stage="decode"\} 1$/m.exec(text)?.[1];
    assert.equal(first, String(STAGE_BUCKETS.find((bound) => seconds <= bound) ?? '+Inf'), String(seconds));
  }
});

test('a stage asked for twice is one series, stages are apart, and only those asked for exist', async () => {
  const metrics = createMetrics();
  metrics.stage('decode')(1e-6);
  metrics.stage('decode')(1e-6);
  metrics.stage('publish');
  const text = await metrics.registry.metrics();
  assert.match(text, /^tickpath_stage_seconds_count\{stage="decode"\} 2$/m);
  assert.match(text, /^tickpath_stage_seconds_count\{stage="publish"\} 0$/m);
  assert.doesNotMatch(text, /stage="risk_check"/);
  assert.doesNotMatch(await createMetrics().registry.metrics(), /tickpath_stage/);
});

test('two clocks that differ give no duration below zero, and what is no number is not counted', async () => {
  const metrics = createMetrics();
  const observe = metrics.stage('tick_to_order');
  observe(-3e-6);
  observe(Number.NaN);
  const text = await metrics.registry.metrics();
  assert.match(text, /^tickpath_stage_seconds_count\{stage="tick_to_order"\} 1$/m);
  assert.match(text, /^tickpath_stage_seconds_sum\{stage="tick_to_order"\} 0$/m);
});

test('budgets are in seconds, and a p99 is not below its p50', () => {
  for (const name of STAGE_NAMES) {
    const { p50Seconds, p99Seconds }: Stage = STAGES[name];
    if (p50Seconds === undefined || p99Seconds === undefined) continue;
    assert.ok(p50Seconds > 0 && p50Seconds <= p99Seconds && p99Seconds < 0.01, name);
  }
  assert.deepEqual([STAGES.decode.p50Seconds, STAGES.decode.p99Seconds], [2e-6, 50e-6]);
});

test('what is computed from a state is refreshed before each scrape', async () => {
  const metrics = createMetrics();
  const depth = metrics.gauge('tickpath_test_depth', 'depth');
  let state = 1;
  metrics.beforeScrape(() => depth.set(state));
  assert.match(await metrics.registry.metrics(), /^tickpath_test_depth 1$/m);
  state = 2;
  assert.match(await metrics.registry.metrics(), /^tickpath_test_depth 2$/m);
});

test('a refresh that throws is told and leaves the others in the scrape', async () => {
  const told: unknown[] = [];
  const metrics = createMetrics({ onRefreshError: (error) => told.push(error) });
  const depth = metrics.gauge('tickpath_test_depth', 'depth');
  metrics.beforeScrape(() => {
    throw new Error('no state yet');
  });
  metrics.beforeScrape(() => depth.set(3));
  assert.match(await metrics.registry.metrics(), /^tickpath_test_depth 3$/m);
  assert.deepEqual(told.map(String), ['Error: no state yet']);
});

test('the version that runs is a metric', async () => {
  assert.match(VERSION, /^\d+\.\d+\.\d+/);
  assert.ok((await createMetrics().registry.metrics()).includes(`tickpath_build_info{version="${VERSION}"} 1`));
});
