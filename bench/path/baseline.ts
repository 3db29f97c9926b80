import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { addresses } from '@tickpath/runtime';
import type { Children } from '../measure/children.ts';
import { until } from '../measure/wait.ts';
import { baselineOrderId } from './hop-work.ts';
import { networkAt } from './network.ts';
import { nodeArguments, type Variant, type VariantOptions } from './variant.ts';
import { BenchVenue } from './venue.ts';

const HOP = fileURLToPath(new URL('./hop.ts', import.meta.url));
const ROLES = ['market-data', 'store', 'signal', 'risk', 'execution'] as const;
const FOLLOWERS = ['store', 'signal', 'risk'] as const;
const START_TIMEOUT_MS = 20_000;

/** Starts the bare relay or the straight line: one process for each service that a tick or its order passes. */
export async function startBaseline(
  name: 'relay' | 'straightLine',
  children: Children,
  options: VariantOptions,
): Promise<Variant> {
  const { portOffset } = options;
  const venue = await BenchVenue.open({
    port: addresses(networkAt(portOffset)).port('venue'),
    run: name,
    pace: 'live',
  });
  const hops = new Map<string, ChildProcess>();
  for (const role of ROLES) {
    const args = [...nodeArguments(`${name}-${role}`, options), HOP, name, role, String(portOffset)];
    hops.set(role, children.start({ name: `${name}-${role}`, args, ipc: true }));
  }
  await Promise.all(Array.from(hops.values(), (hop) => once(hop, 'message')));
  await until(() => venue.isRead || undefined, { what: `${name} to subscribe`, timeoutMs: START_TIMEOUT_MS });

  return {
    name,
    venue,
    clOrdIdOf: ({ tradeId }) => baselineOrderId(tradeId),
    async progress() {
      const counts = await Promise.all(FOLLOWERS.map((role) => ticksOf(hops.get(role))));
      const received = Object.fromEntries(FOLLOWERS.map((role, i) => [role, counts[i] ?? 0]));
      return { ticks: received.store ?? 0, received, lost: 0 };
    },
    refusals: () => Promise.resolve(new Map()),
    async close() {
      await children.stop(hops.values());
      await venue.close();
    },
  };
}

async function ticksOf(hop: ChildProcess | undefined): Promise<number> {
  if (hop === undefined) return 0;
  const answer = once(hop, 'message');
  hop.send({ ask: 'ticks' });
  const [{ ticks }] = (await answer) as [{ ticks: number }];
  return ticks;
}
