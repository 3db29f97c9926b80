import { after, before, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { ServiceName } from '@tickpath/runtime';
import { ChurnStack } from './churn-stack.ts';
import { type Incident, incidentsOf, killsOf, textOf } from './kill-schedule.ts';

const SEED = Number(process.env.TICKPATH_SEED ?? Math.floor(Math.random() * 2 ** 31));
console.log(`TICKPATH_SEED=${SEED}`);
const FACTOR = Number(process.env.TICKPATH_SOAK ?? 1);
/** What has once gone wrong, and the services without a book all at once. */
const KNOWN: readonly Incident[] = [
  { killed: ['venue'], paused: ['execution'], pauseMs: 2500, settles: true },
  { killed: ['venue'], paused: ['risk'], pauseMs: 2500, settles: true },
  { killed: ['venue', 'execution'], paused: [], pauseMs: 0, settles: true },
  { killed: ['market-data', 'store', 'signal'], paused: [], pauseMs: 0, settles: true },
];
/** Those of risk and execution come on top of the ones at each point that matters, in `kill-points.test.ts`. */
const INCIDENTS = [
  ...KNOWN,
  ...killsOf('risk', 5 * FACTOR),
  ...killsOf('execution', 5 * FACTOR),
  ...incidentsOf(SEED, 4 * FACTOR),
];

describe('services are killed and paused at random while orders rest and fill', {
  timeout: 60_000 + INCIDENTS.length * 60_000,
}, () => {
  let churn: ChurnStack;
  before(async () => {
    churn = await ChurnStack.start();
  });
  after(() => churn?.stop());

  const strike = async ({ killed, paused, pauseMs }: Incident): Promise<void> => {
    const from = churn.lines.length;
    const pids = new Map<ServiceName, number>();
    for (const service of [...killed, ...paused]) pids.set(service, (await churn.stack.health(service)).pid);
    const signal = (services: readonly ServiceName[], name: NodeJS.Signals) => {
      for (const service of services) process.kill(pids.get(service) as number, name);
    };
    signal(paused, 'SIGSTOP');
    signal(killed, 'SIGKILL');
    try {
      if (paused.length > 0) await pause(pauseMs);
    } finally {
      signal(paused, 'SIGCONT');
    }
    for (const service of killed) await churn.ready(service, from);
  };

  test('the books are right after each, no order is sent twice, and trading goes on', async (t) => {
    for (const incident of INCIDENTS) {
      t.diagnostic(textOf(incident));
      const begunMs = performance.now();
      await strike(incident);
      await churn.tradesOn();
      if (!incident.settles) continue;
      const { approvals, fills } = await churn.holdsTogether();
      const took = Math.round(performance.now() - begunMs);
      t.diagnostic(`settled in ${took} ms: ${approvals} approvals, ${fills} fills`);
    }
    await churn.holdsWhole();
  });
});
