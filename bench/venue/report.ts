import type { Percentiles } from '../measure/durations.ts';
import { type MedianInterval, medianInterval } from '../measure/median-interval.ts';
import { table } from '../measure/table.ts';
import type { VenueBenchOptions } from './options.ts';
import type { VenueRounds } from './run.ts';
import type { Pair, VariantName } from './servers.ts';
import type { StreamRound } from './stream-rounds.ts';
import { MANNERS, type UpdateRounds } from './update-rounds.ts';

/** What the venue is to reach on two cores. */
const BUDGETS = { ticksPerSecond: 50_000, ordersPerSecond: 2000, eventsPerSecond: 500_000, updateP50Us: 1000 };

/** Trades that did not reach a client, and acknowledged orders that were gone after the kill; of both variants. */
export function lossOf({ stream = [], orders }: VenueRounds): number {
  const missing = stream.reduce((sum, { venue, bare }) => sum + venue.missing + bare.missing, 0);
  return (orders?.proofs ?? []).reduce((sum, { acknowledged, found }) => sum + acknowledged - found, missing);
}

export function reportText(rounds: VenueRounds, options: VenueBenchOptions): string {
  const { stream, orders, core, updates } = rounds;
  const parts = ['venue: its own process beside baselines that do the least Node can do over the same sockets.'];
  const rates = [
    ...(stream === undefined ? [] : [streamRow(stream)]),
    ...(orders === undefined
      ? []
      : [rateRow(`orders, ${options.connections} connections`, orders.rounds, (round) => round.perSecond)]),
  ];
  if (rates.length > 0) parts.push('', table([['a second', 'venue', 'bare', 'venue ÷ bare'], ...rates]));
  if (stream !== undefined) parts.push(frameLine(stream));
  if (core !== undefined) {
    const rows = [
      ['matching', shown(medianInterval(core.matching), 0)],
      ['exchange', shown(medianInterval(core.exchange), 0)],
    ];
    parts.push('', table([['events/s of a core', 'median'], ...rows]));
  }
  if (updates !== undefined) parts.push('', updateTable(updates));
  parts.push('', ...budgetLines(rounds));
  for (const { variant, acknowledged, found } of orders?.proofs ?? []) {
    parts.push(`${variant}: ${acknowledged} orders acknowledged, ${found} of them there after kill -9 and a new start`);
  }
  const loss = lossOf(rounds);
  parts.push(loss === 0 ? 'Nothing was lost.' : `LOST: ${loss} ticks and orders; the numbers are void.`);
  return parts.join('\n');
}

export function reportJson(rounds: VenueRounds): object {
  const { stream, orders, core, updates } = rounds;
  const of = (variant: VariantName) => ({
    ...(stream && {
      ticksPerSecond: interval(medianInterval(stream.map((pair) => pair[variant].ticksPerSecond)), 0),
      ticksPerFrame: Math.round(mean(stream.map((pair) => pair[variant].ticksPerFrame))),
      bytesPerTick: Math.round(mean(stream.map((pair) => pair[variant].bytesPerTick))),
    }),
    ...(orders && {
      ordersPerSecond: interval(medianInterval(orders.rounds.map((pair) => pair[variant].perSecond)), 0),
    }),
    ...(updates && {
      orderToUpdateUs: Object.fromEntries([...updates].map(([manner, { all }]) => [manner, all[variant]])),
    }),
  });
  return {
    bench: 'venue',
    results: {
      ...of('venue'),
      ...(core && {
        matchingEventsPerSecond: interval(medianInterval(core.matching), 0),
        exchangeEventsPerSecond: interval(medianInterval(core.exchange), 0),
      }),
      ...(orders && { proofs: orders.proofs }),
      lost: lossOf(rounds),
    },
    baseline: of('bare'),
    ratios: {
      ...(stream && {
        ticksPerSecond: interval(
          ratioOf(stream, (round) => round.ticksPerSecond),
          3,
        ),
      }),
      ...(orders && {
        ordersPerSecond: interval(
          ratioOf(orders.rounds, (round) => round.perSecond),
          3,
        ),
      }),
      ...(updates && {
        orderToUpdate: Object.fromEntries(
          [...updates].map(([manner, { rounds: pairs }]) => {
            const ratio = (percentile: 'p50' | 'p99') =>
              interval(
                ratioOf(pairs, (round) => round[percentile]),
                3,
              );
            return [manner, { p50: ratio('p50'), p99: ratio('p99') }];
          }),
        ),
      }),
    },
  };
}

function streamRow(stream: readonly Pair<StreamRound>[]): string[] {
  return rateRow('ticks to each of 2 clients', stream, (round) => round.ticksPerSecond);
}

function rateRow<Round>(name: string, pairs: readonly Pair<Round>[], rate: (round: Round) => number): string[] {
  const side = (variant: VariantName) => shown(medianInterval(pairs.map((pair) => rate(pair[variant]))), 0);
  return [name, side('venue'), side('bare'), shown(ratioOf(pairs, rate), 2)];
}

function frameLine(stream: readonly Pair<StreamRound>[]): string {
  const of = (variant: VariantName) => {
    const ticks = mean(stream.map((pair) => pair[variant].ticksPerFrame)).toFixed(0);
    const bytes = mean(stream.map((pair) => pair[variant].bytesPerTick)).toFixed(0);
    return `${ticks} ticks of ${bytes} bytes`;
  };
  return `a frame: venue ${of('venue')}, bare ${of('bare')}`;
}

function updateTable(updates: ReadonlyMap<string, UpdateRounds>): string {
  const rows = [...updates].flatMap(([manner, { rounds, all }]) => {
    const numbers = ({ p50, p90, p99, max }: Percentiles) => [p50, p90, p99, max].map((us) => us.toFixed(0));
    const ratio = (percentile: 'p50' | 'p99') =>
      shown(
        ratioOf(rounds, (round) => round[percentile]),
        2,
      );
    return [
      [`${manner}, venue`, ...numbers(all.venue), ratio('p50'), ratio('p99')],
      [`${manner}, bare relay`, ...numbers(all.bare)],
    ];
  });
  return table([['order → its `new` read, us', 'p50', 'p90', 'p99', 'max', 'p50 ÷ bare', 'p99 ÷ bare'], ...rows]);
}

function budgetLines({ stream, orders, core, updates }: VenueRounds): string[] {
  const lines: string[] = [];
  const check = (name: string, found: MedianInterval, isMet: (value: number) => boolean) => {
    const [low, high] = [isMet(found.low), isMet(found.high)];
    const verdict = low && high ? 'met' : low || high ? 'undecided, the interval straddles it' : 'MISSED';
    lines.push(`budget ${name}: ${shown(found, 0)}: ${verdict}`);
  };
  const atLeast = (least: number) => (value: number) => value >= least;
  if (stream !== undefined) {
    const found = medianInterval(stream.map(({ venue }) => venue.ticksPerSecond));
    check(`ticks to 2 clients ≥ ${BUDGETS.ticksPerSecond}/s`, found, atLeast(BUDGETS.ticksPerSecond));
  }
  if (orders !== undefined) {
    const found = medianInterval(orders.rounds.map(({ venue }) => venue.perSecond));
    check(`orders ≥ ${BUDGETS.ordersPerSecond}/s`, found, atLeast(BUDGETS.ordersPerSecond));
  }
  if (core !== undefined) {
    const least = BUDGETS.eventsPerSecond;
    check(`matching events ≥ ${least}/s`, medianInterval(core.matching), atLeast(least));
  }
  for (const manner of MANNERS) {
    const found = updates?.get(manner);
    if (found === undefined) continue;
    const p50 = medianInterval(found.rounds.map(({ venue }) => venue.p50));
    check(`order → update p50, ${manner}, < ${BUDGETS.updateP50Us} us`, p50, (us) => us < BUDGETS.updateP50Us);
  }
  return lines;
}

function ratioOf<Round>(pairs: readonly Pair<Round>[], pick: (round: Round) => number): MedianInterval {
  return medianInterval(pairs.map(({ venue, bare }) => pick(venue) / pick(bare)));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function shown({ median, low, high, n }: MedianInterval, digits: number): string {
  const options = { maximumFractionDigits: digits, minimumFractionDigits: digits };
  const [middle, from, to] = [median, low, high].map((value) => value.toLocaleString('en', options));
  return n === 1 ? `${middle} (1 pair)` : `${middle} [${from} … ${to}]`;
}

function interval({ median, low, high, n }: MedianInterval, digits: number) {
  const rounded = (value: number) => Number(value.toFixed(digits));
  return { median: rounded(median), low: rounded(low), high: rounded(high), pairs: n };
}
