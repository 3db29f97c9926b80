import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { PORTS } from '@tickpath/runtime';
import { freePortOffset, TestProcess, TestStack } from '@tickpath/testkit';

const CLI = join(import.meta.dirname, '../../bin/tickpath');

async function startWith(flags: readonly string[]): Promise<{ code: number | null; lines: string[] }> {
  const offset = await freePortOffset();
  const child = new TestProcess([process.execPath, CLI, 'start', ...flags, `--network.portOffset=${offset}`]);
  const { code } = await child.ended;
  return { code, lines: child.lines };
}

test('a bad config value stops the start with one line that names key, value and what is allowed', async () => {
  const { code, lines } = await startWith(['--risk.limits.maxOrderNotionalUsd=lots']);
  assert.equal(code, 1);
  const telling = lines.filter((line) => line.includes('maxOrderNotionalUsd') && line.includes('lots'));
  assert.ok(telling.length >= 1, lines.join('\n'));
});

test('a key that nobody knows stops the start', async () => {
  const { code, lines } = await startWith(['--signal.momentun.fastBars=3']);
  assert.notEqual(code, 0);
  assert.ok(
    lines.some((line) => line.includes('momentun')),
    lines.join('\n'),
  );
});

test('a missing tape stops the start with its name', async () => {
  const { code, lines } = await startWith(['--replay', '/nowhere/ticks.csv']);
  assert.notEqual(code, 0);
  assert.ok(
    lines.some((line) => line.includes('/nowhere/ticks.csv')),
    lines.join('\n'),
  );
});

test('a port in use stops the start with the port in the line', async () => {
  const offset = await freePortOffset();
  const port = PORTS.marketStream.port + offset;
  const squatter = createServer().listen(port, '127.0.0.1');
  await once(squatter, 'listening');
  try {
    const child = new TestProcess([process.execPath, CLI, 'start', `--network.portOffset=${offset}`]);
    const { code } = await child.ended;
    assert.equal(code, 1, child.lines.join('\n'));
    assert.ok(
      child.lines.some((line) => line.includes('cannot run') && line.includes(String(port))),
      child.lines.join('\n'),
    );
  } finally {
    squatter.close();
  }
});

test('a folder of another stack stops the start with its name, and that stack goes on', async () => {
  const stack = await TestStack.start([]);
  try {
    await stack.process.line(/"service":"risk".*"lifecycle":"ready"/, { boundMs: 60_000 });
    const from = stack.process.lines.length;
    const { code, lines } = await startWith([`--data.dir=${stack.dataDir}`]);
    assert.equal(code, 1);
    assert.deepEqual(
      lines.filter((line) => !line.startsWith('npm ')),
      [
        `tickpath: data.dir: ${stack.dataDir} is in use by another stack: stop that one, or name another folder with --data.dir`,
      ],
    );
    assert.ok(stack.process.running);
    assert.deepEqual(
      stack.process.lines.slice(from).filter((line) => line.includes('died')),
      [],
    );
  } finally {
    await stack.stop();
  }
});
