import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { ServiceName } from '@tickpath/runtime';
import { captureAbsent, LiveDataStack } from './live-data-stack.ts';

const SERVICES = ['market-data', 'venue', 'signal', 'store', 'risk', 'execution'] as const satisfies ServiceName[];
/** What live-data charges a taker. */
const TAKER_BPS = 10;

describe('profile live-data: each service is killed once while the stack trades', {
  timeout: 420_000,
  skip: captureAbsent,
}, () => {
  let live: LiveDataStack;
  before(async () => {
    live = await LiveDataStack.start();
  });
  after(() => live?.stop());

  for (const service of SERVICES) {
    test(`${service} comes back, trading goes on, and no fill is booked twice or lost`, async () => {
      live.playOn();
      await live.tradesOn();
      const { lines } = live.stack.process;
      const from = lines.length;
      process.kill((await live.stack.health(service)).pid, 'SIGKILL');
      await live.stack.process.line(new RegExp(`${service} died \\(by SIGKILL\\)`), { from });
      const ready = new RegExp(`"service":"${service}".*"lifecycle":"ready"`);
      await live.stack.process.line(ready, { from, boundMs: 60_000 });
      await live.tradesOn();
      const { fills } = await live.holdsTogether(TAKER_BPS);
      console.log(`${service}: ${fills.length} fills`);
    });
  }

  test('nobody has halted, and nobody has died by itself', () => {
    const bad = live.stack.process.lines.filter((line) =>
      /trading is HALTED|died \(exit code|"level":"fatal"/.test(line),
    );
    assert.deepEqual(bad, []);
  });
});
