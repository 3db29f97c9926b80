import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { freePortOffset, Outsider, TestProcess } from '@tickpath/testkit';
import { captureAbsent, LiveDataStack } from './live-data-stack.ts';

const WORKSPACE = join(import.meta.dirname, '../..');
const CLI = join(WORKSPACE, 'bin/tickpath');
const SERVICES = ['venue', 'market-data', 'store', 'signal', 'risk', 'execution'] as const;

function makeKeys(dir: string, ...options: string[]): void {
  const { status, stderr } = spawnSync(process.execPath, [CLI, 'keys', dir, ...options], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
}

describe('profile live-data with keys', { timeout: 240_000, skip: captureAbsent }, () => {
  const dir = mkdtempSync(join(tmpdir(), 'tickpath-live-keys-'));
  const keysDir = join(dir, 'keys');
  let live: LiveDataStack | undefined;
  before(() => makeKeys(keysDir));
  after(async () => {
    await live?.stop();
    rmSync(dir, { recursive: true });
  });

  test('the venue says what it lacks when it has none, and ends', async () => {
    const flags = [`--network.portOffset=${await freePortOffset()}`, `--security.keysDir=${keysDir}`];
    const script = join(WORKSPACE, 'services/venue/src/main.ts');
    const venue = new TestProcess([process.execPath, script, '--profile=live-data', ...flags], { cwd: WORKSPACE });
    await venue.ended;
    const said = `venue: no such file: ${keysDir}/venue.key`;
    assert.ok(
      venue.lines.some((line) => line.startsWith(said)),
      venue.lines.join('\n'),
    );
  });

  test('it trades with the pair that `tickpath keys DIR --add venue` makes, and nobody of its own is refused', async () => {
    makeKeys(keysDir, '--add', 'venue');
    live = await LiveDataStack.start(`--security.keysDir=${keysDir}`);
    await live.tradesOn();
    for (const service of SERVICES) {
      const text = await live.stack.metrics(service);
      for (const [line, count] of text.matchAll(/^tickpath_wire_refused_total\{.*\} (\d+)$/gm)) {
        assert.equal(count, '0', `${service}: ${line}`);
      }
    }
    assert.ok((await live.value('venue', 'tickpath_venue_ticks_total{kind="book"}')) > 0);
  });

  test('who has no key sees nothing of the market that the venue follows', async () => {
    assert.ok(live !== undefined, 'it runs');
    const outsider = new Outsider('SUB', live.stack.address('marketStream'));
    try {
      await live.tradesOn();
      assert.equal(outsider.received.length, 0);
    } finally {
      outsider.close();
    }
  });
});
