import { setTimeout as pause } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { Durations, type Percentiles } from '../measure/durations.ts';
import { OrderClient } from './order-client.ts';
import {
  type Bench,
  dataFolder,
  interleaved,
  KEY_HEADERS,
  KEYS,
  type Pair,
  type Server,
  startBare,
  startVenue,
  VARIANTS,
  type VariantName,
} from './servers.ts';

export const MANNERS = ['paced', 'hot'] as const;
export type Manner = (typeof MANNERS)[number];

export interface UpdateRounds {
  readonly rounds: readonly Pair<Percentiles>[];
  /** Of all rounds together. */
  readonly all: Pair<Percentiles>;
}

/** One order each 5 ms, as a process sees it that has just woken. */
const PACE_MS = 5;
const UPDATE_TIMEOUT_MS = 5000;
const FLAGS = ['--venue.initialCashUsd=1000000000000'];
const NS_PER_MS = 1e6;

/** From an order handed to the socket until its `new` is read from `trade_updates`, both in this process. */
export async function updateRounds(bench: Bench): Promise<ReadonlyMap<Manner, UpdateRounds>> {
  const servers: Pair<Server> = {
    venue: await startVenue(bench, { dataDir: dataFolder(bench), flags: FLAGS, name: 'venue-updates' }),
    bare: await startBare(bench, { role: 'relay', name: 'bare-relay' }),
  };
  const traders: Pair<Trader> = { venue: await Trader.open(servers.venue), bare: await Trader.open(servers.bare) };
  const measured = new Map<Manner, UpdateRounds>();
  for (const manner of MANNERS) measured.set(manner, await roundsOf(bench, traders, manner));
  for (const variant of VARIANTS) {
    await traders[variant].close();
    await servers[variant].stop();
  }
  return measured;
}

async function roundsOf({ options, say }: Bench, traders: Pair<Trader>, manner: Manner): Promise<UpdateRounds> {
  const all = { venue: new Durations(), bare: new Durations() };
  const run = async (variant: VariantName, seconds: number) => {
    const durations = new Durations();
    const untilMs = performance.now() + seconds * 1000;
    while (performance.now() < untilMs) {
      durations.record((await traders[variant].order()) * NS_PER_MS);
      if (manner === 'paced') await pause(PACE_MS);
    }
    return durations;
  };
  for (const variant of VARIANTS) await run(variant, options.warmUpSeconds);
  const rounds = await interleaved(options.pairs, async (variant, pair) => {
    const durations = await run(variant, options.seconds);
    all[variant].add(durations);
    const { p50, p99, count } = durations.percentiles();
    say(
      `order to update, ${manner}, ${pair}/${options.pairs} ${variant}: p50 ${p50.toFixed(0)} us, ` +
        `p99 ${p99.toFixed(0)} us of ${count}`,
    );
    return durations.percentiles();
  });
  return { rounds, all: { venue: all.venue.percentiles(), bare: all.bare.percentiles() } };
}

/** One client: a connection for orders, one for updates. */
class Trader {
  readonly #orders: OrderClient;
  readonly #updates: WebSocket;
  #heard: (() => void) | undefined;

  private constructor(orders: OrderClient, updates: WebSocket) {
    this.#orders = orders;
    this.#updates = updates;
    updates.on('message', (data) => this.#hear(data as Buffer));
  }

  static async open({ url }: Server): Promise<Trader> {
    const updates = new WebSocket(`${url.replace('http', 'ws')}/stream`, {
      headers: KEY_HEADERS,
      perMessageDeflate: false,
    });
    await new Promise<void>((resolve, reject) => {
      updates.on('error', reject);
      updates.on('open', () => {
        updates.send(JSON.stringify({ action: 'auth', key: KEYS.APCA_API_KEY_ID, secret: KEYS.APCA_API_SECRET_KEY }));
        updates.send(JSON.stringify({ action: 'listen', data: { streams: ['trade_updates'] } }));
      });
      updates.on('message', (data) => {
        if (String(data).includes('"listening"')) resolve();
      });
    });
    return new Trader(new OrderClient(url, { connections: 1, prefix: `update-${process.pid}` }), updates);
  }

  /** Milliseconds from an order written to its `new` read. Nothing else is under way meanwhile. */
  async order(): Promise<number> {
    const heard = Promise.withResolvers<number>();
    const tooLate = setTimeout(
      () => heard.reject(new Error(`no update within ${UPDATE_TIMEOUT_MS} ms`)),
      UPDATE_TIMEOUT_MS,
    );
    const fromMs = performance.now();
    this.#heard = () => heard.resolve(performance.now() - fromMs);
    const [tookMs] = await Promise.all([heard.promise, this.#orders.submit()]);
    clearTimeout(tooLate);
    return tookMs;
  }

  async close(): Promise<void> {
    this.#updates.terminate();
    await this.#orders.close();
  }

  #hear(data: Buffer): void {
    const { data: update } = JSON.parse(data.toString()) as { data: { event?: string } };
    if (update.event !== 'new') return;
    this.#heard?.();
    this.#heard = undefined;
  }
}
