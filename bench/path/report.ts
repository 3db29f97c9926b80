import { Durations, type Percentiles } from '../measure/durations.ts';
import { type MedianInterval, medianInterval } from '../measure/median-interval.ts';
import { table } from '../measure/table.ts';
import type { LatencyRound } from './latency-round.ts';
import type { PathOptions } from './options.ts';
import type { ThroughputMode, ThroughputRound } from './throughput-round.ts';
import type { VariantName } from './variant.ts';

/** One interleaved round: what each variant did. */
export type Pair<Round> = Readonly<Record<VariantName, Round>>;

export interface PathRounds {
  readonly latency: ReadonlyMap<number, readonly Pair<LatencyRound>[]>;
  readonly throughput: ReadonlyMap<ThroughputMode, readonly Pair<ThroughputRound>[]>;
}

const VARIANTS = ['relay', 'straightLine', 'stack'] as const satisfies readonly VariantName[];
const BASELINES = ['straightLine', 'relay'] as const;
const TITLES: Readonly<Record<VariantName, string>> = {
  relay: 'bare relay',
  straightLine: 'straight line',
  stack: 'stack',
};
/** DESIGN §13. */
const RATIO_BUDGETS = { straightLine: { p50: 1.3, p99: 1.5 }, relay: { p50: 2.5, p99: 2.5 } } as const;
const US_BUDGETS_AT_1000 = { p50: 5000, p99: 8000 };
const RATE_BUDGETS: Readonly<Record<ThroughputMode, number>> = { single: 15_000, batched: 50_000 };
const MODE_TITLES: Readonly<Record<ThroughputMode, string>> = {
  single: 'one envelope a message',
  batched: 'frames of 256 ticks',
};

/** Ticks and orders that some variant lost; the numbers of such a run are void. */
export function lossOf({ latency, throughput }: PathRounds): number {
  const paced = [...latency.values()].flat().flatMap((pair) => VARIANTS.map((name) => pair[name].missing));
  const poured = [...throughput.values()]
    .flat()
    .flatMap((pair) => VARIANTS.map((name) => pair[name].missing + pair[name].lost));
  return [...paced, ...poured].reduce((sum, loss) => sum + loss, 0);
}

export function reportText(rounds: PathRounds, options: PathOptions): string {
  const parts = [
    'path: from a tick handed to the socket to its order’s headers read, both in the driver; one clock.',
    'No commit in the baselines. The stack’s journals, fills, their way back and its log lines are',
    'its own cost; the baselines have none. Idle variants send their heartbeats, one a second, and nothing else.',
  ];
  for (const [rate, pairs] of rounds.latency) parts.push('', latencyTable(rate, pairs, options));
  for (const [mode, pairs] of rounds.throughput) parts.push('', throughputTable(mode, pairs));
  const loss = lossOf(rounds);
  parts.push(
    '',
    loss === 0 ? 'No tick and no order was lost.' : `LOST: ${loss} ticks and orders; the numbers are void.`,
  );
  return parts.join('\n');
}

function latencyTable(rate: number, pairs: readonly Pair<LatencyRound>[], { ordersPerSecond }: PathOptions): string {
  const framing = rate > 1000 ? `, the ${Math.round(rate / 1000)} due within a millisecond in one frame` : '';
  const heading = `tick → order at ${rate} ticks/s${framing}, ${ordersPerSecond} orders/s, µs`;
  const rows = VARIANTS.map((name) => {
    const { p50, p90, p99, max, count } = percentilesOf(pairs, name);
    const lag = merged(pairs.map((pair) => pair[name].pacerLag)).percentiles();
    const missing = pairs.reduce((sum, pair) => sum + pair[name].missing, 0);
    const unexpected = pairs.reduce((sum, pair) => sum + pair[name].unexpected, 0);
    return [
      `  ${TITLES[name]}`,
      ...[p50, p90, p99, max].map(us),
      ...[count, missing, unexpected].map(String),
      us(lag.p50),
      us(lag.p99),
    ];
  });
  const head = ['', 'p50', 'p90', 'p99', 'max', 'orders', 'missing', 'unexpected', 'pacer lag p50', 'p99'];
  const ratios = BASELINES.flatMap((baseline) =>
    (['p50', 'p99'] as const).map((percentile) => {
      const ratio = latencyRatio(pairs, baseline, percentile);
      const budget = RATIO_BUDGETS[baseline][percentile];
      return `  ${percentile} stack ÷ ${TITLES[baseline]}: ${shown(ratio, 2)}, budget ≤ ${budget}${verdictOn(ratio, budget)}`;
    }),
  );
  const absolute = rate === 1000 ? [absoluteLine(percentilesOf(pairs, 'stack'))] : [];
  return [heading, table([head, ...rows]), ...ratios, ...absolute].join('\n');
}

function absoluteLine({ p50, p99 }: Percentiles): string {
  const met = p50 < US_BUDGETS_AT_1000.p50 && p99 < US_BUDGETS_AT_1000.p99;
  return `  stack p50 / p99: ${us(p50)} / ${us(p99)} µs, budget < ${US_BUDGETS_AT_1000.p50} / < ${US_BUDGETS_AT_1000.p99}${verdict(met)}`;
}

function throughputTable(mode: ThroughputMode, pairs: readonly Pair<ThroughputRound>[]): string {
  const rows = VARIANTS.map((name) => {
    const lost = pairs.reduce((sum, pair) => sum + pair[name].lost, 0);
    const missing = pairs.reduce((sum, pair) => sum + pair[name].missing, 0);
    return [`  ${TITLES[name]}`, shown(rateOf(pairs, name), 0), String(lost), String(missing)];
  });
  const ratios = BASELINES.map((baseline) => `  stack ÷ ${TITLES[baseline]}: ${shown(rateRatio(pairs, baseline), 2)}`);
  const met = rateOf(pairs, 'stack').median >= RATE_BUDGETS[mode];
  const heading = `ticks/s through everything, ${MODE_TITLES[mode]}`;
  const budget = `  stack: budget ≥ ${RATE_BUDGETS[mode]}${verdict(met)}`;
  return [heading, table([['', 'ticks/s', 'lost', 'orders missing'], ...rows]), ...ratios, budget].join('\n');
}

/** The result as the one object that ends every bench's output. */
export function reportJson(rounds: PathRounds): object {
  const of = (name: VariantName) => ({
    latencyUs: Object.fromEntries(
      Array.from(rounds.latency, ([rate, pairs]) => {
        const { count, ...percentiles } = percentilesOf(pairs, name);
        const missing = pairs.reduce((sum, pair) => sum + pair[name].missing, 0);
        return [rate, { ...rounded(percentiles, 1), orders: count, missing }];
      }),
    ),
    ticksPerSecond: Object.fromEntries(
      Array.from(rounds.throughput, ([mode, pairs]) => {
        const lost = pairs.reduce((sum, pair) => sum + pair[name].lost, 0);
        const missing = pairs.reduce((sum, pair) => sum + pair[name].missing, 0);
        return [mode, { ...interval(rateOf(pairs, name), 0), lost, missing }];
      }),
    ),
  });
  const ratiosTo = (baseline: (typeof BASELINES)[number]) => ({
    latency: Object.fromEntries(
      Array.from(rounds.latency, ([rate, pairs]) => [
        rate,
        {
          p50: interval(latencyRatio(pairs, baseline, 'p50'), 3),
          p99: interval(latencyRatio(pairs, baseline, 'p99'), 3),
        },
      ]),
    ),
    ticksPerSecond: Object.fromEntries(
      Array.from(rounds.throughput, ([mode, pairs]) => [mode, interval(rateRatio(pairs, baseline), 3)]),
    ),
  });
  return {
    bench: 'path',
    results: of('stack'),
    baseline: { straightLine: of('straightLine'), relay: of('relay') },
    ratios: { stackToStraightLine: ratiosTo('straightLine'), stackToRelay: ratiosTo('relay') },
  };
}

function percentilesOf(pairs: readonly Pair<LatencyRound>[], name: VariantName): Percentiles {
  return merged(pairs.map((pair) => pair[name].latency)).percentiles();
}

function merged(parts: readonly Durations[]): Durations {
  const all = new Durations();
  for (const part of parts) all.add(part);
  return all;
}

function latencyRatio(pairs: readonly Pair<LatencyRound>[], baseline: VariantName, percentile: 'p50' | 'p99') {
  const of = (pair: Pair<LatencyRound>, name: VariantName) => pair[name].latency.percentiles()[percentile];
  return medianInterval(pairs.map((pair) => of(pair, 'stack') / of(pair, baseline)));
}

function rateOf(pairs: readonly Pair<ThroughputRound>[], name: VariantName): MedianInterval {
  return medianInterval(pairs.map((pair) => pair[name].ticksPerSecond));
}

function rateRatio(pairs: readonly Pair<ThroughputRound>[], baseline: VariantName): MedianInterval {
  return medianInterval(pairs.map((pair) => pair.stack.ticksPerSecond / pair[baseline].ticksPerSecond));
}

function shown({ median, low, high, n, coverage }: MedianInterval, digits: number): string {
  const [middle, from, to] = [median, low, high].map((value) => value.toFixed(digits));
  return n === 1 ? `${middle} (1 pair)` : `${middle} [${from} … ${to}] (${n} pairs, ${Math.floor(coverage * 100)} %)`;
}

function us(value: number): string {
  return value < 100 ? value.toFixed(1) : value.toFixed(0);
}

/** The budget is for the median; an interval on both sides of it leaves the question open. */
function verdictOn({ median, low, high, n }: MedianInterval, budget: number): string {
  const isOpen = n > 1 && low <= budget && budget < high;
  return `${verdict(median <= budget)}${isOpen ? ', but the interval lies on both sides of it' : ''}`;
}

function verdict(isMet: boolean): string {
  return isMet ? ': met' : ': MISSED';
}

function interval({ median, low, high, n }: MedianInterval, digits: number) {
  return { ...rounded({ median, low, high }, digits), pairs: n };
}

function rounded<K extends string>(values: Readonly<Record<K, number>>, digits: number): Record<K, number> {
  const entries = Object.entries<number>(values).map(([key, value]) => [key, Number(value.toFixed(digits))]);
  return Object.fromEntries(entries) as Record<K, number>;
}
