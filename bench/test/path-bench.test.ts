import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { addresses } from '@tickpath/runtime';
import { networkAt } from '../path/network.ts';

const BENCH = fileURLToPath(new URL('../path.bench.ts', import.meta.url));
const PORT_OFFSET = 22_000;

function startBench(...args: string[]): ChildProcess {
  return spawn(process.execPath, [BENCH, `--port-offset=${PORT_OFFSET}`, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** Whether a process of any of the bench's three installations is still listening. */
async function leavesNothingBehind(): Promise<boolean> {
  const ports = [0, 100, 200].flatMap((apart) => {
    const at = addresses(networkAt(PORT_OFFSET + apart));
    return [at.port('marketStream'), at.port('riskRequests'), at.port('venue')];
  });
  const open = await Promise.all(ports.map(isOpen));
  return !open.includes(true);
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.on('connect', () => resolve(true)).on('error', () => resolve(false));
    socket.on('connect', () => socket.destroy());
  });
}

test('a short run measures all three variants, loses nothing and ends with one line of JSON', {
  timeout: 120_000,
}, async () => {
  const bench = startBench('--quick', '--only=latency', '--seconds=0.5');
  assert.ok(bench.stdout !== null && bench.stderr !== null);
  const [stdout, stderr, [exitCode]] = await Promise.all([text(bench.stdout), text(bench.stderr), once(bench, 'exit')]);
  assert.equal(exitCode, 0, stdout + stderr);
  const { bench: name, results, baseline, ratios } = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '');
  assert.equal(name, 'path');
  for (const { latencyUs } of [results, baseline.relay, baseline.straightLine]) {
    assert.equal(latencyUs[1000].missing, 0);
    assert.ok(latencyUs[1000].orders > 0 && latencyUs[1000].p50 > 0);
  }
  assert.ok(ratios.stackToStraightLine.latency[1000].p50.median > 0);
  assert.ok(await leavesNothingBehind());
});

test('Ctrl-C while everything starts leaves no process behind', { timeout: 60_000 }, async () => {
  const bench = startBench('--quick');
  const at = addresses(networkAt(PORT_OFFSET));
  while (!(await isOpen(at.port('marketStream')))) assert.equal(bench.exitCode, null);
  bench.kill('SIGINT');
  const [exitCode] = await once(bench, 'exit');
  assert.equal(exitCode, 130);
  assert.ok(await leavesNothingBehind());
});
