import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { ServiceName } from '@tickpath/runtime';
import { eventually, TestStack } from '@tickpath/testkit';

const OTHERS = ['venue', 'market-data', 'store', 'risk', 'execution'] as const satisfies ServiceName[];

describe('signal is killed while the stack trades', { timeout: 120_000 }, () => {
  let stack: TestStack;

  before(async () => {
    // Averages this short cross every few seconds, so that trading is seen to go on.
    stack = await TestStack.start(['--signal.momentum.fastBars=2', '--signal.momentum.slowBars=4']);
    await stack.process.line(/"msg":"fill /, { boundMs: 60_000 });
  });
  after(() => stack.stop());

  test('the supervisor restarts it, the others run on, and trading goes on', async () => {
    const before = await Promise.all(OTHERS.map((service) => stack.health(service)));
    const { pid } = await stack.health('signal');
    const from = stack.process.lines.length;
    process.kill(pid, 'SIGKILL');

    await stack.process.line(/signal died \(by SIGKILL\)/, { from });
    await stack.process.line(/"service":"signal".*"msg":"trading is ACTIVE"/, { from });
    const restarted = stack.process.lines.length;
    await stack.process.line(/"msg":"fill /, { from: restarted, boundMs: 60_000 });

    const again = await stack.health('signal');
    assert.notEqual(again.pid, pid);
    const after = await Promise.all(OTHERS.map((service) => stack.health(service)));
    assert.deepEqual(
      after.map((health) => health.pid),
      before.map((health) => health.pid),
      'no other process was restarted',
    );
    const complaints = stack.process.lines.slice(from).filter((line) => {
      return /"level":"(warn|error|fatal)"/.test(line) && !line.includes('signal died');
    });
    assert.deepEqual(complaints, [], 'the others notice nothing');
    const { reply } = await stack.ask('riskRequests', ['portfolioQuery', 'portfolio'], { requestId: 'restart' });
    assert.equal(reply.imbalance, '0');
    assert.equal(reply.state, 'ACTIVE');
  });

  test('the supervisor killed with -9 leaves no process behind', async () => {
    const all = await Promise.all([...OTHERS, 'signal' as const].map((service) => stack.health(service)));
    stack.process.kill('SIGKILL');
    await eventually('every service ended', () => (all.some(({ pid }) => isAlive(pid)) ? undefined : true), 10_000);
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
