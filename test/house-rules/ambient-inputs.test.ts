import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { processOwners, pureCores } from './ambient-inputs.ts';
import { found } from './made-up-workspace.ts';

describe('pure-cores', () => {
  for (const [text, message] of [
    ['const now = Date.now();', 'uses Date.now'],
    ['const clock = Date\n  .now;', 'uses Date.now'],
    ["Date['now']()", 'uses Date.now'],
    ['globalThis.Date.now()', 'uses Date.now'],
    [`const text = \`\${Date.now()}\`;`, 'uses Date.now'],
    ['const now = new Date();', 'uses new Date() without arguments'],
    ['const now = new Date;', 'uses new Date() without arguments'],
    ['const now = Date();', 'uses Date()'],
    ['performance.now()', 'uses performance.now'],
    ['process.hrtime.bigint()', 'uses process.hrtime'],
    ['const key = process.env.KEY;', 'uses process.env'],
    ['Math.random()', 'uses Math.random'],
    ['crypto.randomUUID()', 'uses crypto.randomUUID'],
    ['globalThis.crypto.getRandomValues(a)', 'uses crypto.getRandomValues'],
    ['setTimeout(close, 1);', 'uses setTimeout'],
    ['const timer = a ? setInterval(b, 1) : c;', 'uses setInterval'],
    ['start(setImmediate);', 'uses setImmediate'],
    ["import { randomBytes as bytes } from 'node:crypto';", 'imports randomBytes of node:crypto'],
    ["import * as hashes from 'crypto';", 'imports * of crypto'],
    ["import { readFileSync } from 'node:fs';", 'imports node:fs'],
    ["import { readFile } from 'node:fs/promises';", 'imports node:fs/promises'],
    ["import { scheduler } from 'node:timers/promises';", 'imports node:timers/promises'],
    ["import type { Socket } from 'node:net';", 'imports node:net'],
    ["export * from 'node:worker_threads';", 'imports node:worker_threads'],
    ["import {\n  WebSocket,\n} from 'ws';", 'imports ws'],
    ["await import('undici');", 'imports undici'],
    ["import { fastify } from 'fastify';", 'imports fastify'],
    ["import { Reply } from 'zeromq';", 'imports zeromq'],
  ] as const) {
    test(`${JSON.stringify(text)} is found`, () => {
      const path = 'services/risk/src/core/a.ts';
      assert.deepEqual(found(pureCores, { [path]: `\n${text}` }), [`${path}:2 pure-cores ${message}`]);
    });
  }

  for (const text of [
    'const at = new Date(nowMs); const day = Date.UTC(2024, 0, 1); const text = Date.parse(a);',
    'function due(at: Date, now: number): Date { return at; }',
    '// Date.now()\n/* Math.random() */ const text = "process.env" + `new Date()`;',
    'clock.setTimeout(close, 1); port.Date.now(); random.randomInt(6); report.performance.now();',
    'interface Clock { now(): number; setTimeout(close: () => void, ms: number): void; setInterval: () => void }',
    'class Clock { setTimeout(close: Close) { this.close = close; } }',
    "import { createHash } from 'node:crypto';",
    "import { posix } from 'node:path';",
    "// import { readFileSync } from 'node:fs';",
    "import { Decimal } from '@tickpath/trading';\nimport { a } from './fs.ts';",
  ]) {
    test(`${JSON.stringify(text)} is clean`, () => {
      assert.deepEqual(found(pureCores, { 'services/risk/src/core/a.ts': text }), []);
    });
  }

  test('trading and strategy are held to it, adapters, other libraries and tests are not', () => {
    const text = 'export const now = Date.now();';
    const paths = (folders: string[]) => Object.fromEntries(folders.map((folder) => [`${folder}/a.ts`, text]));
    assert.equal(found(pureCores, paths(['libs/trading/src', 'libs/strategy/src/built-in'])).length, 2);
    assert.deepEqual(found(pureCores, paths(['services/risk/src', 'libs/wire/src', 'libs/trading/test'])), []);
  });
});

describe('process-owners', () => {
  for (const [text, message] of [
    ['const key = process.env.KEY;', 'reads process.env; take it from the config'],
    ["const key = globalThis.process?.['env'];", 'reads process.env; take it from the config'],
    ['const { env } = process;', 'reads process.env; take it from the config'],
    ["import { env } from 'node:process';", 'reads process.env; take it from the config'],
    ["process.on('SIGTERM', stop);", 'listens for signals; main.ts does'],
    ['process.once(signal, stop);', 'listens for signals; main.ts does'],
  ] as const) {
    test(`${JSON.stringify(text)} is found`, () => {
      const path = 'services/risk/src/config.ts';
      assert.deepEqual(found(processOwners, { [path]: text }), [`${path}:1 process-owners ${message}`]);
    });
  }

  for (const text of [
    "process.on('uncaughtException', stop); process.exitCode = 1; child.process.env;",
    "// process.env\nconst text = 'process.env' + `process.on('SIGTERM')`;",
    'const env = config.env; worker.on("SIGTERM", stop);',
  ]) {
    test(`${JSON.stringify(text)} is clean`, () => {
      assert.deepEqual(found(processOwners, { 'services/risk/src/config.ts': text }), []);
    });
  }

  for (const path of [
    'services/risk/src/main.ts',
    'services/risk/test/a.test.ts',
    'libs/wire/test/a.test.ts',
    'libs/runtime/src/config.ts',
    'libs/testkit/src/harness.ts',
    'bin/cli/src/main.ts',
    'test/e2e/a.test.ts',
    'bench/a.bench.ts',
  ]) {
    test(`${path} may read the environment and listen for signals`, () => {
      assert.deepEqual(found(processOwners, { [path]: "process.env; process.on('SIGINT', stop);" }), []);
    });
  }

  test('only the main.ts of a service itself is an entry point', () => {
    assert.equal(found(processOwners, { 'services/risk/src/core/main.ts': 'process.env' }).length, 1);
  });
});
