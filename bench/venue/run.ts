import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type CoreRounds, coreRounds } from './core-rounds.ts';
import { type OrderRounds, orderRounds } from './order-rounds.ts';
import type { Bench, Pair } from './servers.ts';
import { type StreamRound, streamRounds } from './stream-rounds.ts';
import { type Manner, type UpdateRounds, updateRounds } from './update-rounds.ts';

export interface VenueRounds {
  readonly stream?: readonly Pair<StreamRound>[];
  readonly orders?: OrderRounds;
  readonly core?: CoreRounds;
  readonly updates?: ReadonlyMap<Manner, UpdateRounds>;
}

/** Measures the venue beside its baselines. Leaves neither files nor processes. */
export async function measureVenue(given: Omit<Bench, 'folder'>): Promise<VenueRounds> {
  const { phases, dir } = given.options;
  const folder = mkdtempSync(join(dir, 'tickpath-bench-venue-'));
  const removeFolder = () => rmSync(folder, { recursive: true, force: true });
  process.on('exit', removeFolder);
  const bench = { ...given, folder };
  try {
    return {
      ...(phases.includes('stream') && { stream: await streamRounds(bench) }),
      ...(phases.includes('orders') && { orders: await orderRounds(bench) }),
      ...(phases.includes('core') && { core: await coreRounds(bench) }),
      ...(phases.includes('latency') && { updates: await updateRounds(bench) }),
    };
  } finally {
    await given.children.stop();
    process.off('exit', removeFolder);
    removeFolder();
  }
}
