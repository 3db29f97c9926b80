import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parseTracingOptions } from '../tracing/options.ts';

const BENCH = fileURLToPath(new URL('../tracing.bench.ts', import.meta.url));

test('a short run measures a stack with and without tracing, loses nothing and ends with one line of JSON', {
  timeout: 120_000,
}, async () => {
  const bench = spawn(process.execPath, [BENCH, '--port-offset=17000', '--quick'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stdout, stderr, [exitCode]] = await Promise.all([text(bench.stdout), text(bench.stderr), once(bench, 'exit')]);
  assert.equal(exitCode, 0, stdout + stderr);
  const { bench: name, results, baseline, ratios } = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '');
  assert.equal(name, 'tracing');
  assert.ok(results.spans.exported > 0);
  assert.equal(results.spans.dropped, 0);
  for (const side of [results, baseline]) {
    assert.ok(side.ticksPerSecond.median > 0 && side.cpuSeconds.median > 0);
    assert.ok(side.latencyUs.count > 0 && side.latencyUs.p50 > 0);
  }
  assert.ok(Math.abs(ratios.ticksPerSecond.median + ratios.throughputCost.median - 1) < 0.001);
  assert.ok(ratios.latency.p50.median > 0);
});

test('without options seven pairs are measured, with as many orders as the path bench has', () => {
  const { pairs, ticks, orders, phases, url } = parseTracingOptions([]);
  assert.deepEqual([pairs, ticks / orders, phases, url], [7, 10_000, ['throughput', 'latency'], undefined]);
});

test('what cannot be measured is refused with its name', () => {
  assert.throws(() => parseTracingOptions(['--ticks=1000', '--orders=11']), /--orders=11: allowed is .* from 1 to 10/);
  assert.throws(() => parseTracingOptions(['--only=spans']), /--only=spans: allowed are latency and throughput/);
  assert.throws(() => parseTracingOptions(['--url=here']), /--url=here: allowed is a URL/);
});
