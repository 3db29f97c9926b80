import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { CoreOrder } from './core-process.ts';
import type { Bench } from './servers.ts';

const PROCESS = fileURLToPath(new URL('./core-process.ts', import.meta.url));

/** Events a second of each round. */
export interface CoreRounds {
  readonly matching: readonly number[];
  readonly exchange: readonly number[];
}

/** The cores alone in a process, without sockets and journal; by turns, like everything else. */
export async function coreRounds({ children, options, say }: Bench): Promise<CoreRounds> {
  const profile = options.cpuProfiles === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${options.cpuProfiles}`];
  const child = children.start({ name: 'cores', args: [...profile, PROCESS], ipc: true });
  await once(child, 'message');
  const rounds = { matching: [] as number[], exchange: [] as number[] };
  const run = async (core: CoreOrder['core']) => {
    const answer = once(child, 'message');
    child.send({ core, events: options.events } satisfies CoreOrder);
    const [{ eventsPerSecond }] = (await answer) as [{ eventsPerSecond: number }];
    return eventsPerSecond;
  };
  for (let pair = 0; pair <= options.pairs; pair += 1) {
    for (const core of ['matching', 'exchange'] as const) {
      const eventsPerSecond = await run(core);
      const number = pair === 0 ? 'warm-up' : `${pair}/${options.pairs}`;
      say(`${core} core, ${number}: ${Math.round(eventsPerSecond)} events/s`);
      if (pair > 0) rounds[core].push(eventsPerSecond);
    }
  }
  await children.stop([child]);
  return rounds;
}
