import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { addresses, type ServiceName } from '@tickpath/runtime';
import type { Children } from '../measure/children.ts';
import { Durations } from '../measure/durations.ts';
import { LATENCY_SYMBOLS, type LatencyRound, latencyRound, untilOrdersFlow } from '../path/latency-round.ts';
import { lossOf } from '../path/loss.ts';
import { networkAt } from '../path/network.ts';
import { Pacer } from '../path/pacer.ts';
import { startStack } from '../path/stack.ts';
import { THROUGHPUT_SYMBOLS, type ThroughputRound, throughputRound } from '../path/throughput-round.ts';
import type { Variant } from '../path/variant.ts';
import type { TracingBenchOptions } from './options.ts';

/** What both stacks did, one after the other. */
export interface Pair<Round> {
  readonly on: Round;
  readonly off: Round;
}

export interface PouredRound extends ThroughputRound {
  /** Of all the stack's processes and their threads, until its last span had left. */
  readonly cpuSeconds: number;
}

/** What became of the spans of a phase, warm-up and all. */
export interface SpanCounts {
  readonly exported: number;
  readonly dropped: number;
}

export interface TracingRounds {
  readonly throughput: readonly Pair<PouredRound>[];
  readonly latency: readonly Pair<LatencyRound>[];
  readonly spans: SpanCounts;
}

interface Bench {
  readonly children: Children;
  readonly options: TracingBenchOptions;
  /** Told of each round as it ends. */
  readonly say: (line: string) => void;
}

const COLLECTOR = fileURLToPath(new URL('./collector.ts', import.meta.url));
const SERVICES = ['market-data', 'store', 'signal', 'risk', 'execution'] as const satisfies ServiceName[];
const OFFSETS_APART = 100;
/** Longer than spans are gathered for. */
const DRAIN_MS = 800;
const PACE = { ticksPerSecond: 1000, ordersPerSecond: 50, warmUpSeconds: 0.5 };
const SIDES = ['on', 'off'] as const;

/** Measures a stack that traces beside one that does not, each phase on a pair of its own. */
export async function measureTracing(bench: Bench): Promise<TracingRounds> {
  const { phases } = bench.options;
  const url = bench.options.url ?? (await startCollector(bench.children));
  const none = { rounds: [], spans: { exported: 0, dropped: 0 } };
  const throughput = phases.includes('throughput') ? await onStacks(bench, { url, pace: 'replay', pour }) : none;
  const latency = phases.includes('latency') ? await onStacks(bench, { url, pace: 'live', pour: pace }) : none;
  return {
    throughput: throughput.rounds,
    latency: latency.rounds,
    spans: {
      exported: throughput.spans.exported + latency.spans.exported,
      dropped: throughput.spans.dropped + latency.spans.dropped,
    },
  };
}

type Stacks = Pair<Variant>;
type Measure<Round> = (bench: Bench, stacks: Stacks) => Promise<readonly Pair<Round>[]>;

async function onStacks<Round>(
  bench: Bench,
  phase: { readonly url: string; readonly pace: 'live' | 'replay'; readonly pour: Measure<Round> },
): Promise<{ readonly rounds: readonly Pair<Round>[]; readonly spans: SpanCounts }> {
  const { children, options } = bench;
  const symbols = phase.pace === 'live' ? LATENCY_SYMBOLS : THROUGHPUT_SYMBOLS;
  const start = (side: keyof Stacks, index: number, flag: string) =>
    startStack(children, {
      portOffset: options.portOffset + index * OFFSETS_APART,
      cpuProfiles: options.cpuProfiles === undefined ? undefined : join(options.cpuProfiles, side),
      symbols,
      pace: phase.pace,
      flags: [flag],
    });
  const [on, off] = await Promise.all([
    start('on', 0, `--tracing.url=${phase.url}`),
    start('off', 1, '--tracing.exporter=none'),
  ]);
  for (const stack of [on, off]) await untilOrdersFlow(stack, symbols);
  const rounds = await phase.pour(bench, { on, off });
  await sleep(DRAIN_MS);
  const spans = await countsOf(options, 'on');
  await Promise.all([on.close(), off.close()]);
  return { rounds, spans };
}

const pour: Measure<PouredRound> = async ({ options, say }, stacks) => {
  const { pairs, ticks, orders } = options;
  for (const side of SIDES) await throughputRound(stacks[side], 'single', { ticks, orders });
  const turns = await interleave(options, async (side, pair) => {
    const before = await countsOf(options, side);
    const round = await throughputRound(stacks[side], 'single', { ticks, orders });
    await sleep(DRAIN_MS);
    const cpuSeconds = (await countsOf(options, side)).cpuSeconds - before.cpuSeconds;
    const loss = await lossOf(stacks[side], round);
    say(
      `throughput, ${pair + 1}/${pairs} ${side}: ${Math.round(round.ticksPerSecond)} ticks/s, ${cpuSeconds.toFixed(2)} s of CPU${loss}`,
    );
    return { ...round, cpuSeconds };
  });
  return turns.map(({ on, off }) => ({ on: poured(on), off: poured(off) }));
};

/** Turns of equal length as one round. */
function poured(turns: readonly PouredRound[]): PouredRound {
  const sum = (of: (round: PouredRound) => number) => turns.reduce((total, round) => total + of(round), 0);
  return {
    ticksPerSecond: turns.length / sum(({ ticksPerSecond }) => 1 / ticksPerSecond),
    lost: sum(({ lost }) => lost),
    missing: sum(({ missing }) => missing),
    cpuSeconds: sum(({ cpuSeconds }) => cpuSeconds),
  };
}

const pace: Measure<LatencyRound> = async ({ options, say }, stacks) => {
  const { pairs, seconds } = options;
  const pacer = new Pacer();
  await pacer.open();
  for (const side of SIDES) await latencyRound(stacks[side], pacer, { ...PACE, seconds: options.warmUpSeconds });
  const turns = await interleave(options, async (side, pair) => {
    const round = await latencyRound(stacks[side], pacer, { ...PACE, seconds });
    const { p50, p99, count } = round.latency.percentiles();
    const loss = await lossOf(stacks[side], round);
    say(`latency, ${pair + 1}/${pairs} ${side}: p50 ${p50.toFixed(0)} µs, p99 ${p99.toFixed(0)} µs of ${count}${loss}`);
    return round;
  });
  await pacer.close();
  return turns.map(({ on, off }) => ({ on: paced(on), off: paced(off) }));
};

function paced(turns: readonly LatencyRound[]): LatencyRound {
  const all = (of: (round: LatencyRound) => Durations) => {
    const merged = new Durations();
    for (const round of turns) merged.add(of(round));
    return merged;
  };
  const sum = (of: (round: LatencyRound) => number) => turns.reduce((total, round) => total + of(round), 0);
  return {
    latency: all(({ latency }) => latency),
    pacerLag: all(({ pacerLag }) => pacerLag),
    missing: sum(({ missing }) => missing),
    unexpected: sum(({ unexpected }) => unexpected),
  };
}

/**
 * Runs both sides of each pair in short turns, on-off-off-on and so forth, so that a machine that becomes slower or
 * faster does so for both.
 */
async function interleave<Round>(
  { pairs, turns }: TracingBenchOptions,
  run: (side: keyof Stacks, pair: number) => Promise<Round>,
): Promise<readonly Pair<readonly Round[]>[]> {
  const result: Pair<readonly Round[]>[] = [];
  for (let pair = 0; pair < pairs; pair += 1) {
    const rounds: Record<keyof Stacks, Round[]> = { on: [], off: [] };
    for (let turn = 0; turn < turns; turn += 1) {
      const isOnFirst = (pair * turns + turn) % 2 === 0;
      for (const side of isOnFirst ? SIDES : SIDES.toReversed()) rounds[side].push(await run(side, pair));
    }
    result.push(rounds);
  }
  return result;
}

async function startCollector(children: Children): Promise<string> {
  const collector = children.start({ name: 'collector', args: [COLLECTOR], ipc: true });
  const [{ port }] = (await once(collector, 'message')) as [{ port: number }];
  return `http://127.0.0.1:${port}/api/traces`;
}

interface StackCounts extends SpanCounts {
  readonly cpuSeconds: number;
}

async function countsOf({ portOffset }: TracingBenchOptions, side: keyof Stacks): Promise<StackCounts> {
  const at = addresses(networkAt(portOffset + SIDES.indexOf(side) * OFFSETS_APART));
  const texts = SERVICES.map(async (name) => (await fetch(`${at.httpUrl(`health.${name}`)}/metrics`)).text());
  const text = (await Promise.all(texts)).join('\n');
  return {
    exported: sumOf(text, 'tickpath_spans_exported_total'),
    dropped: sumOf(text, 'tickpath_spans_dropped_total'),
    cpuSeconds: sumOf(text, 'tickpath_process_cpu_seconds_total'),
  };
}

function sumOf(text: string, metric: string): number {
  const samples = text.matchAll(new RegExp(`^${metric}(?:\\{[^}]*\\})? (\\S+)$`, 'gm'));
  return Array.from(samples).reduce((total, [, value]) => total + Number(value), 0);
}
