import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { TestProcess, TestStack } from '@tickpath/testkit';

const CLI = join(import.meta.dirname, '../../bin/tickpath');

describe('a stack that trades', { timeout: 180_000 }, () => {
  let stack: TestStack;
  before(async () => {
    const averages = ['--signal.momentum.fastBars=2', '--signal.momentum.slowBars=4'];
    stack = await TestStack.start([...averages, '--tracing.exporter=none']);
    await stack.process.line(/"msg":"fill /, { boundMs: 60_000 });
  });
  after(() => stack.stop());

  async function tickpath(...argv: string[]): Promise<string[]> {
    const child = new TestProcess([process.execPath, CLI, ...argv, `--network.portOffset=${stack.portOffset}`]);
    const { code } = await child.ended;
    assert.equal(code, 0, child.lines.join('\n'));
    return child.lines;
  }

  test('shows by `tickpath latency` how long each stage of a filled order took', async () => {
    const [line = ''] = await tickpath('latency', '--json');
    const { stages, down } = JSON.parse(line) as { stages: StageLine[]; down: object };
    assert.deepEqual(down, {});
    const passed = ['decode', 'publish', 'strategy', 'risk_round_trip', 'risk_check', 'submit', 'acknowledge', 'fill'];
    for (const name of passed) {
      const { count, p50, p99, max } = stages.find(({ stage }) => stage === name) ?? {};
      assert.ok(count !== undefined && count > 0, `${name}: ${line}`);
      assert.ok(p50 && p99 && max !== undefined && p50.estimate <= p99.estimate && p99.estimate <= max, name);
    }
  });

  test('changes the log level of every service by `tickpath log-level`, without a restart', async () => {
    const services = ['venue', 'market-data', 'store', 'signal', 'risk', 'execution'];
    const lines = await tickpath('log-level', 'all', 'debug');
    assert.deepEqual(lines.toSorted(), services.map((service) => `${service}: info → debug`).toSorted());
    const again = await tickpath('log-level', 'risk', 'info');
    assert.deepEqual(again, ['risk: debug → info']);
    assert.ok(!stack.process.lines.some((line) => line.includes(' died (')));
  });
});

interface StageLine {
  readonly stage: string;
  readonly count?: number;
  readonly p50?: { readonly estimate: number };
  readonly p99?: { readonly estimate: number };
  readonly max?: number;
}
