import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parseJournalOptions } from '../journal/options.ts';

const BENCH = fileURLToPath(new URL('../journal.bench.ts', import.meta.url));

function startBench(t: TestContext, ...args: string[]): { readonly bench: ChildProcess; readonly dir: string } {
  const dir = mkdtempSync(join(tmpdir(), 'tickpath-bench-test-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const bench = spawn(process.execPath, [BENCH, '--quick', `--dir=${dir}`, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.after(() => bench.kill('SIGKILL'));
  return { bench, dir };
}

test('a short run measures both, counts what it timed and ends with one line of JSON', {
  timeout: 120_000,
}, async (t) => {
  const { bench, dir } = startBench(t);
  assert.ok(bench.stdout !== null && bench.stderr !== null);
  const [stdout, stderr, [exitCode]] = await Promise.all([text(bench.stdout), text(bench.stderr), once(bench, 'exit')]);
  assert.equal(exitCode, 0, stdout + stderr);
  const { bench: name, results, baseline, ratios } = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '');
  assert.equal(name, 'journal');
  for (const side of [results, baseline]) {
    for (const what of ['hotCommitUs', 'pacedCommitUs', 'flushUs']) assert.ok(side[what].p50 > 0, what);
    for (const what of ['groupedAppendsPerSecond', 'readEventsPerSecond', 'recoverySeconds']) {
      assert.ok(side[what].median > 0, what);
    }
    assert.equal(side.recoveredEvents, 20_000);
    assert.ok(side.holds.events > 0);
  }
  assert.ok(ratios.commitP50.median > 0 && ratios.groupedAppendsPerSecond.median > 0);
  assert.equal(results.proofs.length, 6);
  for (const { acknowledged, counted } of results.proofs) {
    assert.ok(acknowledged > 0);
    assert.equal(counted, acknowledged);
  }
  assert.deepEqual(readdirSync(dir), [], 'no file is left');
});

test('Ctrl-C leaves neither files nor processes', { timeout: 60_000 }, async (t) => {
  const { bench, dir } = startBench(t, '--only=recovery', '--events=1000000');
  while (readdirSync(dir).length === 0) {
    assert.equal(bench.exitCode, null);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  bench.kill('SIGINT');
  const [exitCode] = await once(bench, 'exit');
  assert.equal(exitCode, 130);
  assert.deepEqual(readdirSync(dir), []);
});

test('options are read whole, and a wrong one is named with what is allowed', () => {
  assert.equal(parseJournalOptions(['--quick', '--commits=7']).commits, 7);
  assert.deepEqual(parseJournalOptions(['--only=read']).phases, ['read']);
  assert.throws(() => parseJournalOptions(['--only=write']), /--only=write: allowed are commit, /);
  assert.throws(() => parseJournalOptions(['--pairs=0']), /--pairs=0: allowed is a whole number from 1 to 1000/);
});
