import { Durations, type Percentiles } from '../measure/durations.ts';
import { type MedianInterval, medianInterval } from '../measure/median-interval.ts';
import { table } from '../measure/table.ts';
import type { LatencyRound } from '../path/latency-round.ts';
import type { Pair, PouredRound, TracingRounds } from './run.ts';

/** Share of the throughput that tracing may cost. */
const BUDGET = { median: 0.03, high: 0.1 };
const SIDES = ['on', 'off'] as const;
const PERCENTILES = ['p50', 'p99'] as const;

/** Ticks and orders that a stack lost, and spans that were dropped: the numbers of such a run are void. */
export function lossOf({ throughput, latency, spans }: TracingRounds): number {
  const poured = throughput.flatMap(({ on, off }) => [on, off]).map(({ lost, missing }) => lost + missing);
  const paced = latency.flatMap(({ on, off }) => [on, off]).map(({ missing }) => missing);
  return [...poured, ...paced].reduce((sum, loss) => sum + loss, spans.dropped);
}

export function reportText(rounds: TracingRounds): string {
  const { throughput, latency, spans } = rounds;
  const parts = ['tracing: the same stack with its spans exported, and with none made.'];
  if (throughput.length > 0) parts.push('', throughputTable(throughput));
  if (latency.length > 0) parts.push('', latencyTable(latency));
  const loss = lossOf(rounds);
  parts.push(
    '',
    `${spans.exported} spans exported, ${spans.dropped} dropped.`,
    loss === 0 ? 'No tick and no order was lost.' : `LOST: ${loss} ticks, orders and spans; the numbers are void.`,
  );
  return parts.join('\n');
}

function throughputTable(pairs: readonly Pair<PouredRound>[]): string {
  const rows = SIDES.map((side) => [`  tracing ${side}`, shown(rateOf(pairs, side), 0), shown(cpuOf(pairs, side), 2)]);
  const cost = costOf(pairs);
  const met = cost.median <= BUDGET.median && cost.high <= BUDGET.high;
  return [
    'ticks/s through everything, one envelope a message, orders among them',
    table([['', 'ticks/s', 'CPU seconds'], ...rows]),
    `  CPU on ÷ off: ${shown(cpuRatio(pairs), 3)}`,
    `  cost: ${percent(cost.median)} [${percent(cost.low)} … ${percent(cost.high)}] of the throughput`,
    `  budget: median ≤ ${percent(BUDGET.median)}, upper bound ≤ ${percent(BUDGET.high)}: ${met ? 'met' : 'MISSED'}`,
  ].join('\n');
}

function latencyTable(pairs: readonly Pair<LatencyRound>[]): string {
  const rows = SIDES.map((side) => {
    const { p50, p90, p99, max, count } = percentilesOf(pairs, side);
    return [`  tracing ${side}`, ...[p50, p90, p99, max].map((value) => value.toFixed(0)), String(count)];
  });
  const ratios = PERCENTILES.map(
    (percentile) => `  ${percentile} on ÷ off: ${shown(latencyRatio(pairs, percentile), 3)}`,
  );
  const head = ['', 'p50', 'p90', 'p99', 'max', 'orders'];
  return ['tick → order at 1000 ticks/s, 50 orders/s, µs', table([head, ...rows]), ...ratios].join('\n');
}

export function reportJson({ throughput, latency, spans }: TracingRounds): object {
  const of = (side: keyof Pair<unknown>) => ({
    ...(throughput.length > 0 && {
      ticksPerSecond: interval(rateOf(throughput, side), 0),
      cpuSeconds: interval(cpuOf(throughput, side), 3),
    }),
    ...(latency.length > 0 && { latencyUs: percentilesOf(latency, side) }),
  });
  return {
    bench: 'tracing',
    results: { ...of('on'), spans },
    baseline: of('off'),
    ratios: {
      ...(throughput.length > 0 && {
        ticksPerSecond: interval(rateRatio(throughput), 4),
        throughputCost: interval(costOf(throughput), 4),
        cpuSeconds: interval(cpuRatio(throughput), 4),
      }),
      ...(latency.length > 0 && {
        latency: Object.fromEntries(PERCENTILES.map((name) => [name, interval(latencyRatio(latency, name), 3)])),
      }),
    },
  };
}

function rateOf(pairs: readonly Pair<PouredRound>[], side: keyof Pair<unknown>): MedianInterval {
  return medianInterval(pairs.map((pair) => pair[side].ticksPerSecond));
}

function rateRatio(pairs: readonly Pair<PouredRound>[]): MedianInterval {
  return medianInterval(pairs.map(({ on, off }) => on.ticksPerSecond / off.ticksPerSecond));
}

function cpuOf(pairs: readonly Pair<PouredRound>[], side: keyof Pair<unknown>): MedianInterval {
  return medianInterval(pairs.map((pair) => pair[side].cpuSeconds));
}

/** Says what tracing costs where other work on the machine makes the rates a matter of luck. */
function cpuRatio(pairs: readonly Pair<PouredRound>[]): MedianInterval {
  return medianInterval(pairs.map(({ on, off }) => on.cpuSeconds / off.cpuSeconds));
}

/** The share of the throughput that is gone; below zero when the stack that traces was the faster one. */
function costOf(pairs: readonly Pair<PouredRound>[]): MedianInterval {
  return medianInterval(pairs.map(({ on, off }) => 1 - on.ticksPerSecond / off.ticksPerSecond));
}

function latencyRatio(pairs: readonly Pair<LatencyRound>[], percentile: 'p50' | 'p99'): MedianInterval {
  const of = (round: LatencyRound) => round.latency.percentiles()[percentile];
  return medianInterval(pairs.map(({ on, off }) => of(on) / of(off)));
}

function percentilesOf(pairs: readonly Pair<LatencyRound>[], side: keyof Pair<unknown>): Percentiles {
  const all = new Durations();
  for (const pair of pairs) all.add(pair[side].latency);
  return all.percentiles();
}

function shown({ median, low, high, n }: MedianInterval, digits: number): string {
  const [middle, from, to] = [median, low, high].map((value) => value.toFixed(digits));
  return n === 1 ? `${middle} (1 pair)` : `${middle} [${from} … ${to}] (${n} pairs)`;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

function interval({ median, low, high, n }: MedianInterval, digits: number) {
  const rounded = (value: number) => Number(value.toFixed(digits));
  return { median: rounded(median), low: rounded(low), high: rounded(high), pairs: n };
}
