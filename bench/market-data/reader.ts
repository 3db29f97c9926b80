import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { addresses, createClock } from '@tickpath/runtime';
import { type Envelope, MarketFollower, NO_METRICS } from '@tickpath/wire';
import type { Children } from '../measure/children.ts';
import { Durations, type Percentiles } from '../measure/durations.ts';
import { until } from '../measure/wait.ts';
import { networkAt } from '../path/network.ts';
import { nodeArguments, type VariantOptions } from '../path/variant.ts';
import type { BareRound } from './bare-reader.ts';
import { CryptoFeed } from './crypto-feed.ts';

/** What came of a round at the other end. */
export interface Arrived {
  /** Trades and quotes of the feed that came through, the last included. */
  readonly ticks: number;
  readonly latencies: Readonly<Record<string, Percentiles>>;
}

/** A process that reads a feed, and whoever can tell what became of it. */
export interface Reader {
  readonly name: 'service' | 'bare';
  readonly pace: 'live' | 'replay';
  readonly feed: CryptoFeed;
  /** From now until the trade with that id has come through, and as many ticks as are expected by then, or no more come. */
  arrival(endId: string, expectedTicks: () => number): Promise<Arrived>;
  /** CPU that the process has had so far, all its threads together. */
  cpuNs(): number;
  close(): Promise<void>;
}

export interface ServiceOptions extends VariantOptions {
  readonly pairs: readonly string[];
  readonly pace: 'live' | 'replay';
}

const START_TIMEOUT_MS = 30_000;
const ROUND_TIMEOUT_MS = 120_000;
const STRAGGLERS_MS = 5_000;
const FOLLOWER = 'bench';
const SERVICE = fileURLToPath(new URL('../../services/market-data/src/main.ts', import.meta.url));
const BARE = fileURLToPath(new URL('./bare-reader.ts', import.meta.url));

/** Starts market-data as it is, and follows its stream as the other services do. */
export async function startService(children: Children, options: ServiceOptions): Promise<Reader> {
  const { portOffset, pairs, pace } = options;
  const at = addresses(networkAt(portOffset));
  const feed = await CryptoFeed.open({ run: `bench-${randomUUID()}`, pace });
  const flags = {
    'network.portOffset': portOffset,
    'data.dir': join(children.folder, `data-${portOffset}`),
    'market-data.source': 'alpaca-crypto',
    'market-data.streamUrl': `ws://127.0.0.1:${feed.port}`,
    'market-data.restUrl': `http://127.0.0.1:${feed.port}`,
    'market-data.symbols': pairs.map((pair) => pair.replace('/', '-')).join(','),
    'market-data.requiredFollowers': FOLLOWER,
    // There is no past to be had of this market, and the rate of its assets is of no interest.
    'market-data.warmUp.bars': 0,
    'market-data.warmUp.wholeBars': 'none',
    'market-data.rest.requestsPerMinute': 100_000,
  };
  const args = [
    ...nodeArguments(`market-data-${pace}`, options),
    SERVICE,
    ...Object.entries(flags).map(([key, value]) => `--${key}=${value}`),
  ];
  const child = children.start({ name: `market-data-${pace}`, args, ipc: false });
  const arrivals = new Arrivals();
  const follower = new MarketFollower({
    ...{ name: FOLLOWER, epoch: Date.now(), connect: streamsOf(at), prefixes: [''] },
    ...{ nowNs: () => process.hrtime.bigint(), metrics: NO_METRICS, receiveHighWaterMark: 1_000_000 },
    ...{ heartbeatMs: 1_000, deliver: (_topic, envelope) => arrivals.take(envelope) },
    ...{ onLost: () => {}, onRun: () => {} },
  });
  await until(() => feed.isRead || undefined, { what: 'market-data to subscribe', timeoutMs: START_TIMEOUT_MS });
  return {
    name: 'service',
    pace,
    feed,
    arrival: async (endId, expectedTicks) => {
      await inTime(arrivals.until(endId), `${endId} from market-data`, children);
      await arrivals.all(expectedTicks());
      return arrivals.result();
    },
    cpuNs: () => cpuNsOf(child),
    async close() {
      follower.close();
      await children.stop([child]);
      await feed.close();
    },
  };
}

/** Starts a process that parses what comes, and nothing else. */
export async function startBare(children: Children): Promise<Reader> {
  const feed = await CryptoFeed.open({ run: 'bare', pace: 'live' });
  const child = children.start({ name: 'bare', args: [BARE, `ws://127.0.0.1:${feed.port}`], ipc: true });
  await until(() => feed.isRead || undefined, { what: 'the bare reader', timeoutMs: START_TIMEOUT_MS });
  return {
    name: 'bare',
    pace: 'live',
    feed,
    arrival: async (endId) => {
      const [round] = await inTime(once(child, 'message'), `${endId} from the bare reader`, children);
      const { ticks, latency } = round as BareRound;
      return { ticks, latencies: { parsed: latency } };
    },
    cpuNs: () => cpuNsOf(child),
    async close() {
      await children.stop([child]);
      await feed.close();
    },
  };
}

/** Counts what the stream brings until a trade ends the round. Times are held against those that messages bear. */
class Arrivals {
  readonly #clock = createClock();
  #ticks = 0;
  #latencies = freshLatencies();
  #end: { readonly id: string; readonly resolve: () => void } | undefined;

  until(id: string): Promise<void> {
    this.#ticks = 0;
    this.#latencies = freshLatencies();
    return new Promise((resolve) => {
      this.#end = { id, resolve };
    });
  }

  /** Other topics may have been behind the one that ended: what was dropped on the way comes by retransmission. */
  async all(ticks: number): Promise<void> {
    const deadline = performance.now() + STRAGGLERS_MS;
    while (this.#ticks < ticks && performance.now() < deadline) await sleep(5);
  }

  result(): Arrived {
    const entries = Object.entries(this.#latencies).map(([name, durations]) => [name, durations.percentiles()]);
    return { ticks: this.#ticks, latencies: Object.fromEntries(entries) };
  }

  take({ kind, payload, tsNs }: Envelope): void {
    if (kind !== 'trade' && kind !== 'quote' && kind !== 'book') return;
    if (kind !== 'book') this.#ticks += 1;
    const { handled, published, arrived } = this.#latencies;
    handled.record(Number(tsNs - payload.receivedNs));
    published.record(Number(tsNs - payload.venueTsNs));
    arrived.record(Number(this.#clock.nowNs() - payload.venueTsNs));
    if (kind === 'trade' && payload.tradeId === this.#end?.id) this.#end.resolve();
  }
}

/** From received to published; from the time that the message was due, to published, and to a subscriber. */
function freshLatencies() {
  return { handled: new Durations(), published: new Durations(), arrived: new Durations() };
}

function streamsOf(at: ReturnType<typeof addresses>): { readonly stream: string; readonly control: string } {
  return { stream: at.connect('marketStream'), control: at.connect('marketControl') };
}

async function inTime<T>(wait: Promise<T>, what: string, children: Children): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${ROUND_TIMEOUT_MS} ms in vain for ${what}`)), ROUND_TIMEOUT_MS);
  });
  try {
    return await Promise.race([wait, late, children.failure]);
  } finally {
    clearTimeout(timer);
  }
}

/** The kernel's count by thread, in ns: the first number of `schedstat`. */
function cpuNsOf({ pid }: ChildProcess): number {
  const tasks = `/proc/${pid}/task`;
  return readdirSync(tasks)
    .map((task) => Number(schedstatOf(`${tasks}/${task}`).split(' ')[0]))
    .reduce((sum, ns) => sum + ns, 0);
}

/** Of a thread that has just ended, nothing. */
function schedstatOf(task: string): string {
  try {
    return readFileSync(`${task}/schedstat`, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return '0';
    throw error;
  }
}
