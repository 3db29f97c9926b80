import type { Children } from '../measure/children.ts';
import { startBaseline } from './baseline.ts';
import { LATENCY_SYMBOLS, latencyRound, untilOrdersFlow } from './latency-round.ts';
import { lossOf } from './loss.ts';
import type { PathOptions } from './options.ts';
import { Pacer } from './pacer.ts';
import type { Pair, PathRounds } from './report.ts';
import { startStack } from './stack.ts';
import { THROUGHPUT_SYMBOLS, type ThroughputMode, throughputRound } from './throughput-round.ts';
import type { Variant, VariantName } from './variant.ts';

interface Bench {
  readonly children: Children;
  readonly options: PathOptions;
  /** Told of each round as it ends. */
  readonly say: (line: string) => void;
}

const OFFSETS_APART = 100;
/** The first of the rounds on just started processes is thrown away: their code has not been compiled. */
const FIRST_PACE = { ticksPerSecond: 2000, ordersPerSecond: 100, warmUpSeconds: 0 };
const FIRST_TICKS_DIVISOR = 4;

/** Measures both phases, each on a stack of its own: a live feed cannot be made a replay. */
export async function measurePath(bench: Bench): Promise<PathRounds> {
  const { children, options } = bench;
  const { portOffset, cpuProfiles, phases } = options;
  const at = (index: number) => ({ portOffset: portOffset + index * OFFSETS_APART, cpuProfiles });
  const stackFor = (phase: string) =>
    phase === 'latency'
      ? startStack(children, { ...at(2), symbols: LATENCY_SYMBOLS, pace: 'live' })
      : startStack(children, { ...at(2), symbols: THROUGHPUT_SYMBOLS, pace: 'replay' });

  let latency: PathRounds['latency'] = new Map();
  let throughput: PathRounds['throughput'] = new Map();
  const baselines = Promise.all([
    startBaseline('relay', children, at(0)),
    startBaseline('straightLine', children, at(1)),
  ]);
  for (const phase of phases) {
    const [[relay, straightLine], stack] = await Promise.all([baselines, stackFor(phase)]);
    const variants = [relay, straightLine, stack];
    if (phase === 'latency') latency = await measureLatency(bench, variants);
    else throughput = await measureThroughput(bench, variants);
    await stack.close();
  }
  for (const baseline of await baselines) await baseline.close();
  return { latency, throughput };
}

async function measureLatency({ options, say }: Bench, variants: readonly Variant[]): Promise<PathRounds['latency']> {
  const { rates, pairs, warmUpSeconds, seconds, ordersPerSecond } = options;
  const pacer = new Pacer();
  await pacer.open();
  for (const variant of variants) {
    await untilOrdersFlow(variant, LATENCY_SYMBOLS);
    await latencyRound(variant, pacer, { ...FIRST_PACE, seconds: 2 * warmUpSeconds });
  }
  const result = new Map<number, readonly Pair<Awaited<ReturnType<typeof latencyRound>>>[]>();
  for (const ticksPerSecond of rates) {
    const rounds = await interleave(variants, pairs, async (variant, pair) => {
      const round = await latencyRound(variant, pacer, { ticksPerSecond, ordersPerSecond, warmUpSeconds, seconds });
      const { p50, p99, count } = round.latency.percentiles();
      const found = `p50 ${p50.toFixed(0)} µs, p99 ${p99.toFixed(0)} µs of ${count} orders${await lossOf(variant, round)}`;
      say(`${ticksPerSecond} ticks/s, ${pair + 1}/${pairs} ${variant.name}: ${found}`);
      return round;
    });
    result.set(ticksPerSecond, rounds);
  }
  await pacer.close();
  return result;
}

async function measureThroughput(
  { options, say }: Bench,
  variants: readonly Variant[],
): Promise<PathRounds['throughput']> {
  const { pairs, ticks } = options;
  const result = new Map<ThroughputMode, readonly Pair<Awaited<ReturnType<typeof throughputRound>>>[]>();
  for (const variant of variants) await untilOrdersFlow(variant, THROUGHPUT_SYMBOLS);
  for (const mode of ['single', 'batched'] as const) {
    for (const variant of variants) await throughputRound(variant, mode, { ticks: ticks / FIRST_TICKS_DIVISOR });
    const rounds = await interleave(variants, pairs, async (variant, pair) => {
      const round = await throughputRound(variant, mode, { ticks });
      const loss = await lossOf(variant, round);
      say(`${mode}, ${pair + 1}/${pairs} ${variant.name}: ${Math.round(round.ticksPerSecond)} ticks/s${loss}`);
      return round;
    });
    result.set(mode, rounds);
  }
  return result;
}

/** Runs every variant once a pair; who is first changes from pair to pair. */
async function interleave<Round>(
  variants: readonly Variant[],
  pairs: number,
  run: (variant: Variant, pair: number) => Promise<Round>,
): Promise<readonly Pair<Round>[]> {
  const result: Pair<Round>[] = [];
  for (let pair = 0; pair < pairs; pair += 1) {
    const first = pair % variants.length;
    const rounds: Partial<Record<VariantName, Round>> = {};
    for (const variant of [...variants.slice(first), ...variants.slice(0, first)]) {
      rounds[variant.name] = await run(variant, pair);
    }
    result.push(rounds as Pair<Round>);
  }
  return result;
}
