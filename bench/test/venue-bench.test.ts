import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { addresses } from '@tickpath/runtime';
import { networkAt } from '../path/network.ts';
import { parseVenueOptions } from '../venue/options.ts';

const BENCH = fileURLToPath(new URL('../venue.bench.ts', import.meta.url));
const PORT_OFFSET = 16_000;

function startBench(t: TestContext, ...args: string[]): { readonly bench: ChildProcess; readonly dir: string } {
  const dir = mkdtempSync(join(tmpdir(), 'tickpath-bench-test-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const bench = spawn(process.execPath, [BENCH, '--quick', `--dir=${dir}`, `--port-offset=${PORT_OFFSET}`, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.after(() => bench.kill('SIGKILL'));
  return { bench, dir };
}

/** Whether the venue of the bench is still listening, or a baseline. */
async function isListening(): Promise<boolean> {
  const open = await Promise.all(
    [0, 100].map((apart) => isOpen(addresses(networkAt(PORT_OFFSET + apart)).port('venue'))),
  );
  return open.includes(true);
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.on('connect', () => resolve(true)).on('error', () => resolve(false));
    socket.on('connect', () => socket.destroy());
  });
}

test('a short run measures every part, finds every acknowledged order and ends with one line of JSON', {
  timeout: 180_000,
}, async (t) => {
  const { bench, dir } = startBench(t);
  assert.ok(bench.stdout !== null && bench.stderr !== null);
  const [stdout, stderr, [exitCode]] = await Promise.all([text(bench.stdout), text(bench.stderr), once(bench, 'exit')]);
  assert.equal(exitCode, 0, stdout + stderr);
  const { bench: name, results, baseline, ratios } = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '');
  assert.equal(name, 'venue');
  for (const side of [results, baseline]) {
    assert.ok(side.ticksPerSecond.median > 0 && side.ordersPerSecond.median > 0);
    for (const manner of ['paced', 'hot']) assert.ok(side.orderToUpdateUs[manner].p50 > 0, manner);
  }
  assert.ok(results.matchingEventsPerSecond.median > 0 && results.exchangeEventsPerSecond.median > 0);
  assert.ok(ratios.ticksPerSecond.median > 0 && ratios.orderToUpdate.hot.p50.median > 0);
  assert.equal(results.proofs.length, 2);
  for (const { acknowledged, found } of results.proofs) {
    assert.ok(acknowledged > 0);
    assert.equal(found, acknowledged);
  }
  assert.deepEqual(readdirSync(dir), [], 'no file is left');
  assert.equal(await isListening(), false, 'no process is left');
});

test('Ctrl-C leaves neither files nor processes', { timeout: 60_000 }, async (t) => {
  const { bench, dir } = startBench(t, '--only=orders', '--seconds=60');
  while (!(await isListening())) assert.equal(bench.exitCode, null);
  bench.kill('SIGINT');
  const [exitCode] = await once(bench, 'exit');
  assert.equal(exitCode, 130);
  assert.deepEqual(readdirSync(dir), []);
  assert.equal(await isListening(), false);
});

test('options are read whole, and a wrong one is named with what is allowed', () => {
  const { pairs, phases } = parseVenueOptions([]);
  assert.deepEqual([pairs, phases], [7, ['stream', 'orders', 'core', 'latency']]);
  assert.equal(parseVenueOptions(['--quick', '--connections=3']).connections, 3);
  assert.throws(() => parseVenueOptions(['--only=books']), /--only=books: allowed are stream, /);
  assert.throws(() => parseVenueOptions(['--pairs=0']), /--pairs=0: allowed is a whole number from 1 to 1000/);
  assert.throws(() => parseVenueOptions(['--seconds=soon']), /--seconds=soon: allowed is a number from 0.1 to 3600/);
});
