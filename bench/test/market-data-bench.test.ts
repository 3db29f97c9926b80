import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { barsRound } from '../market-data/bars.ts';
import { BOOK_MIXES, bookRound } from '../market-data/book.ts';
import { coreRound } from '../market-data/core.ts';
import { DECODE_CASES, openDecode } from '../market-data/decode.ts';

const BENCH = fileURLToPath(new URL('../market-data.bench.ts', import.meta.url));

async function runBench(...args: string[]) {
  const bench = spawn(process.execPath, [BENCH, '--port-offset=18000', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const [stdout, stderr, [code]] = await Promise.all([text(bench.stdout), text(bench.stderr), once(bench, 'exit')]);
  return { code, stderr, lines: stdout.trimEnd().split('\n') };
}

for (const mix of BOOK_MIXES) {
  test(`a short round of changes ${mix === 'market' ? 'as on a venue' : 'anywhere'} leaves the book uncrossed and measures each variant`, () => {
    const round = bookRound({ mix, depth: 100, deltas: 2000 });
    for (const [variant, ns] of Object.entries(round)) assert.ok(ns > 0, `${variant} ${ns}`);
  });
}

test('a short round of trades makes bars in every variant', () => {
  for (const [variant, perSecond] of Object.entries(barsRound(2000)))
    assert.ok(perSecond > 0, `${variant} ${perSecond}`);
});

test('every trade comes out of the frames of every venue', () => {
  for (const which of DECODE_CASES) {
    const { decodeUs, parseUs } = openDecode(which)(1000);
    assert.ok(decodeUs > 0 && parseUs > 0, which);
  }
});

test('a short round goes through the core without a fault, and nearly every message leads to another', () => {
  const { coreUs, bareUs, published } = coreRound({ symbols: 10, messages: 4000, seed: 1 });
  assert.ok(coreUs > 0 && bareUs > 0);
  assert.ok(published > 0.95, `${published} published for each that came`);
});

test('a short run measures every part, loses nothing and ends with one line of JSON', {
  timeout: 300_000,
}, async () => {
  const { code, stderr, lines } = await runBench('--quick');
  assert.equal(code, 0, stderr + lines.join('\n'));
  const { bench, results, baseline, ratios } = JSON.parse(lines.at(-1) ?? '');
  assert.equal(bench, 'market-data');
  const parts = ['decodeUs', 'deltaNs', 'trades', 'messageUs', 'symbolBytes', 'perCpuSecond', 'handled'];
  for (const part of parts) {
    assert.ok(
      Object.keys(results).some((name) => name.startsWith(part)),
      part,
    );
  }
  for (const [name, value] of [...Object.entries(results), ...Object.entries(baseline)]) {
    // Of a pacer that was never late, or a part of a few symbols' memory that comes out at nothing.
    assert.ok(Number.isFinite(value), `${name} ${value}`);
  }
  assert.ok(Object.keys(ratios).length >= 10);
});

test('a part that the bench does not have is refused with those that it has', async () => {
  const { code, stderr } = await runBench('--only=decode,guess');
  assert.equal(code, 2);
  assert.match(stderr, /--only=decode,guess: allowed are decode, book, bars, scale, memory, pipeline, latency/);
});
