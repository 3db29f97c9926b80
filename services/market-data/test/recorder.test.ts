import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { zstdDecompressSync } from 'node:zlib';
import { createMetrics, type Logger } from '@tickpath/runtime';
import type { Publication } from '../src/core/index.ts';
import { LineFile, type LineFileOptions } from '../src/line-file.ts';
import { createRecorderMetrics, openRecorder, type RecorderConfig } from '../src/recorder.ts';

const START_NS = 1_700_000_000_123_456_789n;
const CONFIG = { raw: true, normalised: true, rotateBytes: 1e9, rotateMs: 1e9, queueChars: 1e6 };

type Line = Record<string, unknown>;

function folder(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'tickpath-recording-'));
  t.after(() => rmSync(dir, { recursive: true }));
  return dir;
}

function filesIn(dir: string): string[] {
  return readdirSync(dir)
    .sort()
    .map((name) => join(dir, name));
}

function linesOf(file: string): Line[] {
  const text = zstdDecompressSync(readFileSync(file)).toString();
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

function recorder(dir: string, config: Partial<RecorderConfig> = {}) {
  const said: string[] = [];
  const say = (_fields: object, text: string) => void said.push(text);
  const metrics = createMetrics();
  const opened = openRecorder({
    config: { ...CONFIG, dir, ...config },
    ...{ source: 'binance', symbols: () => ['BTC-USDT'], secrets: ['PK1', 'hush', ''] },
    nowNs: () => START_NS,
    measured: createRecorderMetrics(metrics),
    log: { info: say, warn: say, error: say, debug: say } as unknown as Logger,
  });
  return { ...opened, said, metrics };
}

test('traffic is recorded as it came, with exact times, and without secrets', async (t) => {
  const dir = folder(t);
  const { traffic, close } = recorder(dir);
  traffic({ type: 'connect', url: 'wss://venue' }, START_NS);
  traffic({ type: 'send', data: '{"key":"PK1","secret":"hush"}' }, START_NS + 1n);
  traffic({ type: 'recv', data: '{"a":"\n"}' }, START_NS + 2n);
  traffic({ type: 'http', path: '/depth', data: '{}' }, START_NS + 3n);
  await close();
  const [file = ''] = filesIn(join(dir, 'raw'));
  const ts = 1_700_000_000.123456;
  assert.deepEqual(linesOf(file), [
    {
      t: 'header',
      ts,
      ns: String(START_NS),
      format: 1,
      recording: 'raw',
      exchange: 'BINANCE',
      symbols: ['BTC-USDT'],
      part: 1,
    },
    { t: 'connect', ts, ns: String(START_NS), url: 'wss://venue' },
    { t: 'send', ts, ns: String(START_NS + 1n), data: '{"key":"[redacted]","secret":"[redacted]"}' },
    { t: 'recv', ts, ns: String(START_NS + 2n), data: '{"a":"\n"}' },
    { t: 'http', ts, ns: String(START_NS + 3n), path: '/depth', data: '{}' },
  ]);
});

test('what is published is recorded with its nanoseconds as text', async (t) => {
  const dir = folder(t);
  const { published, close } = recorder(dir, { raw: false });
  const payload = { valid: true, reasons: [], sinceNs: START_NS };
  const publication: Publication = { kind: 'dataState', topic: 'BTC-USDT/data', payload };
  published(publication, START_NS);
  await close();
  assert.deepEqual(readdirSync(dir), ['normalised']);
  const [file = ''] = filesIn(join(dir, 'normalised'));
  const { topic, kind, payload: recorded } = linesOf(file)[1] ?? {};
  assert.deepEqual([topic, kind, recorded], ['BTC-USDT/data', 'dataState', { ...payload, sinceNs: String(START_NS) }]);
});

test('what finds no room is dropped, counted, and said where the hole is', async (t) => {
  const dir = folder(t);
  const { traffic, close, said, metrics } = recorder(dir, { normalised: false, queueChars: 1_000 });
  for (let i = 0; i < 5; i += 1) traffic({ type: 'recv', data: `${i}`.repeat(400) }, START_NS);
  await close();
  const [file = ''] = filesIn(join(dir, 'raw'));
  assert.deepEqual(
    linesOf(file).map(({ t: type, data, count }) => [type, (data as string | undefined)?.[0] ?? count]),
    [
      ['header', undefined],
      ['recv', '0'],
      ['recv', '1'],
      ['dropped', 3],
    ],
  );
  assert.deepEqual(said, [
    'lines of the raw recording are dropped (queue)',
    '3 lines are missing in the raw recording',
  ]);
  const series = /record_dropped_total\{recording="raw",reason="queue"\} (\d+)/.exec(await metrics.registry.metrics());
  assert.equal(series?.[1], '3');
});

function lineFile(dir: string, options: Partial<LineFileOptions> = {}) {
  const errors: unknown[] = [];
  const file = new LineFile({
    ...{ dir, name: 'test', rotateBytes: 1e9, rotateMs: 1e9, queueChars: 1e6, nowNs: () => START_NS },
    header: (part) => `{"part":${part}}`,
    hole: (dropped) => `{"dropped":${dropped}}`,
    onDropped: () => {},
    onWritten: () => {},
    onError: (error) => errors.push(error),
    ...options,
  });
  return { file, errors };
}

/** Resolves when the lines put so far are on the disk. */
function writing() {
  let written = () => {};
  const next = () =>
    new Promise<void>((resolve) => {
      written = resolve;
    });
  return { next, onWritten: () => written() };
}

for (const [what, limit, secondNs] of [
  ['size', { rotateBytes: 1 }, START_NS],
  ['age', { rotateMs: 1_000 }, START_NS + 1_000_000_000n],
] as const) {
  test(`a file is followed by another by ${what}, each readable by itself`, async (t) => {
    const dir = folder(t);
    let nowNs = START_NS;
    const { next, onWritten } = writing();
    const { file, errors } = lineFile(dir, { ...limit, nowNs: () => nowNs, onWritten });
    const first = next();
    file.put(1, () => '{"line":1}');
    nowNs = what === 'age' ? START_NS : secondNs;
    await first;
    nowNs = secondNs;
    const second = next();
    file.put(1, () => '{"line":2}');
    await second;
    file.put(1, () => '{"line":3}');
    await file.close();
    const lines = filesIn(dir).map(linesOf);
    assert.deepEqual(
      lines.flat().filter(({ line }) => line !== undefined),
      [{ line: 1 }, { line: 2 }, { line: 3 }],
    );
    assert.deepEqual(
      lines.map(([header]) => header),
      lines.map((_, at) => ({ part: at + 1 })),
    );
    assert.ok(lines.length >= 2);
    assert.deepEqual(errors, []);
  });
}

test('a folder that cannot be made is said, counted, and tried again with what comes later', async (t) => {
  const dir = folder(t);
  const place = join(dir, 'taken');
  writeFileSync(place, '');
  const dropped: unknown[] = [];
  let failed = () => {};
  const failure = new Promise<void>((resolve) => {
    failed = resolve;
  });
  const { file, errors } = lineFile(place, {
    onDropped: (...what) => {
      dropped.push(what);
      failed();
    },
  });
  file.put(1, () => '{"line":1}');
  await failure;
  rmSync(place);
  file.put(1, () => '{"line":2}');
  await file.close();
  assert.deepEqual(dropped, [['write', 1]]);
  assert.equal(errors.length, 1);
  assert.deepEqual(filesIn(place).flatMap(linesOf).slice(1), [{ dropped: 1 }, { line: 2 }]);
});

test('lines that no file takes until the end are counted, all of them', async (t) => {
  const place = join(folder(t), 'taken');
  writeFileSync(place, '');
  const dropped: number[] = [];
  const { file, errors } = lineFile(place, { onDropped: (_reason, count) => dropped.push(count) });
  for (let line = 1; line <= 4; line += 1) file.put(300_000, () => JSON.stringify({ line }));
  await file.close();
  assert.equal(
    dropped.reduce((sum, count) => sum + count, 0),
    4,
  );
  assert.ok(errors.length > 0);
});

/** Undefined where the machine does not let us mount one. */
function smallDisk(t: TestContext, bytes: number): string | undefined {
  const dir = mkdtempSync(join(tmpdir(), 'tickpath-recording-'));
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'tickpath-test', dir]);
  t.after(() => {
    if (mounted.status === 0) spawnSync('umount', [dir]);
    rmSync(dir, { recursive: true });
  });
  return mounted.status === 0 ? dir : undefined;
}

test('a full disk is tried with growing waits, nothing is left of the tries, and the hole tells of all lines', async (t) => {
  const bytes = 64 * 1024;
  const dir = smallDisk(t, bytes);
  if (dir === undefined) return t.skip('a small tmpfs cannot be mounted here');
  const other = join(dir, 'other');
  writeFileSync(other, Buffer.alloc(bytes));
  const openFiles = () => readdirSync('/proc/self/fd').length;
  const openBefore = openFiles();
  let nowNs = START_NS;
  const dropped: unknown[] = [];
  const errors: unknown[] = [];
  let failed = () => {};
  const failure = () =>
    new Promise<void>((resolve) => {
      failed = resolve;
    });
  const { file } = lineFile(dir, {
    nowNs: () => nowNs,
    onDropped: (...what) => dropped.push(what),
    onError: (error) => {
      errors.push(error);
      failed();
    },
  });
  for (const waitNs of [0n, 500_000_000n, 1_000_000_000n]) {
    nowNs += waitNs;
    const next = failure();
    file.put(1, () => `{"line":${nowNs}}`);
    await next;
  }
  assert.deepEqual(readdirSync(dir), ['other']);
  assert.deepEqual(
    errors.map((error) => (error as NodeJS.ErrnoException).code),
    ['ENOSPC', 'ENOSPC', 'ENOSPC'],
  );
  assert.deepEqual(
    dropped,
    [1, 1, 1].map((count) => ['write', count]),
  );
  // Before the next try is due, lines wait.
  file.put(300_000, () => '{"line":"waited"}');
  rmSync(other);
  await file.close();
  assert.deepEqual(filesIn(dir).flatMap(linesOf), [{ part: 1 }, { dropped: 3 }, { line: 'waited' }]);
  assert.equal(openFiles(), openBefore);
});
