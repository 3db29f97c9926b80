import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { TICK_CLIENTS } from './bare-ticks.ts';
import {
  type Bench,
  dataFolder,
  interleaved,
  type Pair,
  type Server,
  startBare,
  startVenue,
  type VariantName,
} from './servers.ts';
import type { TickCounts, TickOrder } from './tick-client.ts';

const CLIENT = fileURLToPath(new URL('./tick-client.ts', import.meta.url));
/** Beyond what waits while a client's process is off its core for a moment. */
const SLOW_CLIENT_BYTES = 256_000_000;

export interface StreamRound {
  /** Ticks a second at the slower of the clients. */
  readonly ticksPerSecond: number;
  readonly ticksPerFrame: number;
  readonly bytesPerTick: number;
  /** Trades that did not come although later ones did. */
  readonly missing: number;
}

/**
 * Ticks to two clients, counted where they arrive. Each round has a server's process of its own, for the synthetic market
 * goes on while nobody reads and would take from the other's time.
 */
export async function streamRounds(bench: Bench): Promise<readonly Pair<StreamRound>[]> {
  const clients = Array.from({ length: TICK_CLIENTS }, (_, index) =>
    bench.children.start({ name: `tick-client-${index}`, args: [CLIENT], ipc: true }),
  );
  await Promise.all(clients.map((client) => once(client, 'message')));
  const rounds = await interleaved(bench.options.pairs, async (variant, pair) => {
    const server = await startServer(bench, variant);
    const round = await measured(bench, server, clients);
    await server.stop();
    const { ticksPerSecond, ticksPerFrame, bytesPerTick } = round;
    bench.say(
      `stream, ${pair}/${bench.options.pairs} ${variant}: ${Math.round(ticksPerSecond)} ticks/s, ` +
        `${ticksPerFrame.toFixed(0)} a frame, ${bytesPerTick.toFixed(0)} bytes each`,
    );
    return round;
  });
  await bench.children.stop(clients);
  return rounds;
}

function startServer(bench: Bench, variant: VariantName): Promise<Server> {
  const { ticksPerSecond, symbols } = bench.options;
  if (variant === 'bare') return startBare(bench, { role: 'ticks', name: 'bare-ticks' });
  const listed = Array.from({ length: symbols }, (_, index) => ({ symbol: `SYM${index}`, price: '100' }));
  const flags = [
    `--venue.synthetic.symbols=${JSON.stringify(listed)}`,
    `--venue.synthetic.ticksPerSecond=${ticksPerSecond / symbols}`,
    `--venue.slowClientBytes=${SLOW_CLIENT_BYTES}`,
  ];
  return startVenue(bench, { dataDir: dataFolder(bench), flags, name: 'venue-ticks' });
}

async function measured({ options }: Bench, { url }: Server, clients: readonly ChildProcess[]): Promise<StreamRound> {
  const ask = async (order: TickOrder): Promise<TickCounts[]> => {
    const answers = clients.map((client) => once(client, 'message'));
    for (const client of clients) client.send(order);
    return (await Promise.all(answers)).map(([counts]) => counts as TickCounts);
  };
  await ask({ type: 'connect', url });
  await pause(options.warmUpSeconds * 1000);
  const from = await ask({ type: 'counts' });
  await pause(options.seconds * 1000);
  const to = await ask({ type: 'counts' });
  await ask({ type: 'close' });
  const rounds = to.map((end, index) => since(end, from[index]));
  const [slowest] = rounds.toSorted((a, b) => a.ticksPerSecond - b.ticksPerSecond);
  if (slowest === undefined) throw new Error('no client counted');
  return { ...slowest, missing: rounds.reduce((sum, { missing }) => sum + missing, 0) };
}

function since(to: TickCounts, from: TickCounts | undefined): StreamRound {
  if (from === undefined || to.closed !== null) throw new Error(`a reader of ticks was cut off: ${to.closed}`);
  const ticks = to.ticks - from.ticks;
  return {
    ticksPerSecond: ticks / ((to.atMs - from.atMs) / 1000),
    ticksPerFrame: ticks / (to.frames - from.frames),
    bytesPerTick: (to.bytes - from.bytes) / ticks,
    missing: to.missing,
  };
}
