import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import type { ServiceName } from '@tickpath/runtime';
import { TestStack } from '@tickpath/testkit';

/** Whose book lives in memory: killed, it begins anew, and nobody may trade on the difference. */
const KILLED: readonly (readonly ServiceName[])[] = [
  ['risk'],
  ['execution'],
  ['risk', 'execution', 'signal'],
  ['venue'],
];

describe('a service whose book lives in memory is killed', { timeout: 240_000 }, () => {
  let stack: TestStack | undefined;
  afterEach(() => stack?.stop());

  for (const services of KILLED) {
    test(`${services.join(', ')}: execution and risk halt and say why, and no order is sent after that`, async () => {
      stack = await TestStack.start(['--signal.momentum.fastBars=2', '--signal.momentum.slowBars=4']);
      await stack.process.line(/"msg":"fill /, { boundMs: 60_000 });
      const from = stack.process.lines.length;
      const pids = await Promise.all(services.map((service) => (stack as TestStack).health(service)));
      for (const { pid } of pids) process.kill(pid, 'SIGKILL');

      await stack.process.line(/"service":"execution".*"msg":"trading is HALTED: /, { from, boundMs: 60_000 });
      await stack.process.line(/"service":"risk".*"msg":"trading is HALTED: /, { from, boundMs: 60_000 });
      const halted = stack.process.lines.length;
      const { reply } = await stack.ask('riskRequests', ['portfolioQuery', 'portfolio'], { requestId: 'halt' });
      assert.equal(reply.state, 'HALTED');
      assert.ok(reply.reasons.length > 0);
      assert.equal(reply.imbalance, '0');
      for (const service of ['risk', 'execution'] as const) {
        assert.equal((await stack.health(service)).status, 'unhealthy', service);
      }
      const sent = stack.process.lines.slice(halted).filter((line) => /"msg":"approved /.test(line));
      assert.deepEqual(sent, []);
    });
  }
});
