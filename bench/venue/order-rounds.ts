import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { OrderClient, type OrderRun } from './order-client.ts';
import {
  type Bench,
  dataFolder,
  interleaved,
  KEY_HEADERS,
  type Pair,
  type Server,
  startBare,
  startVenue,
  VARIANTS,
  type VariantName,
} from './servers.ts';

const PAGE = 500;
const FLAGS = ['--venue.initialCashUsd=1000000000000'];

/** What became of every order that was acknowledged: looked up in a new process, after a kill -9. */
export interface Proof {
  readonly variant: VariantName;
  readonly acknowledged: number;
  readonly found: number;
}

export interface OrderRounds {
  readonly rounds: readonly Pair<OrderRun>[];
  readonly proofs: readonly Proof[];
}

/** Orders a second that are on the disk before they are acknowledged, and the proof that they are. */
export async function orderRounds(bench: Bench): Promise<OrderRounds> {
  const { options, say } = bench;
  const dataDir = dataFolder(bench);
  const path = join(dataFolder(bench), 'orders.sqlite');
  const venue = { dataDir, flags: FLAGS, name: 'venue-orders' };
  const servers: Pair<Server> = {
    venue: await startVenue(bench, venue),
    bare: await startBare(bench, { role: 'orders', path, name: 'bare-orders' }),
  };
  const clientOf = (variant: VariantName) =>
    new OrderClient(servers[variant].url, { connections: options.connections, prefix: `bench-${process.pid}` });
  const clients: Pair<OrderClient> = { venue: clientOf('venue'), bare: clientOf('bare') };
  const rounds = await interleaved(options.pairs, async (variant, pair) => {
    const round = await clients[variant].run(options);
    say(`orders, ${pair}/${options.pairs} ${variant}: ${Math.round(round.perSecond)} acknowledged a second`);
    return round;
  });
  for (const variant of VARIANTS) {
    await servers[variant].stop('SIGKILL');
    await clients[variant].close();
  }
  const again = await startVenue(bench, { ...venue, name: 'venue-orders-again' });
  const kept: Pair<ReadonlySet<string>> = { venue: await listedIds(again), bare: storedIds(path) };
  await again.stop();
  const proofs = VARIANTS.map((variant) => {
    const { acknowledged } = clients[variant];
    return {
      variant,
      acknowledged: acknowledged.length,
      found: acknowledged.filter((id) => kept[variant].has(id)).length,
    };
  });
  return { rounds, proofs };
}

async function listedIds({ url }: Server): Promise<ReadonlySet<string>> {
  const ids = new Set<string>();
  let after = '';
  for (;;) {
    const answer = await fetch(`${url}/v2/orders?status=all&limit=${PAGE}&direction=asc${after}`, {
      headers: KEY_HEADERS,
    });
    if (!answer.ok) throw new Error(`the list of orders: ${answer.status} ${await answer.text()}`);
    const page = (await answer.json()) as { id: string; submitted_at: string }[];
    for (const { id } of page) ids.add(id);
    if (page.length < PAGE) return ids;
    after = `&after=${encodeURIComponent(page.at(-1)?.submitted_at ?? '')}`;
  }
}

function storedIds(path: string): ReadonlySet<string> {
  const database = new DatabaseSync(path, { readOnly: true });
  const rows = database.prepare('SELECT id FROM orders').all();
  database.close();
  return new Set(rows.map(({ id }) => String(id)));
}
