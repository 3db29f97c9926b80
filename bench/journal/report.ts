import type { Percentiles } from '../measure/durations.ts';
import { type MedianInterval, medianInterval } from '../measure/median-interval.ts';
import { table } from '../measure/table.ts';
import type { Holds } from './channel.ts';
import type { JournalRounds, Pair, TimedRounds } from './run.ts';

/** DESIGN §13 and the goals of the journal. */
const BUDGETS = {
  commitP50: 2,
  groupedAppendsPerSecondRatio: 0.5,
  groupedAppendsPerSecond: 50_000,
  recoverySeconds: 3,
  longestHoldMs: 20,
};
const MS_PER_S = 1000;

/** Whether what was acknowledged was there after the kill; if not, the numbers are void. */
export function isProved({ proofs }: JournalRounds): boolean {
  return proofs.length > 0 && proofs.every(({ acknowledged, counted }) => acknowledged === counted);
}

export function reportText(rounds: JournalRounds): string {
  const { grouped, read, holds, recovery } = rounds;
  const parts = ['journal: libs/journal beside bare node:sqlite (one table, one insert an event, synchronous=NORMAL).'];
  const latencies = latencyTable(rounds);
  if (latencies !== '') parts.push('', latencies);
  const rates = [rateRow('grouped appends', grouped), rateRow('read', read)].filter((row) => row !== undefined);
  if (rates.length > 0) parts.push('', table([['events/s', 'journal', 'bare', 'journal ÷ bare'], ...rates]));
  if (holds !== undefined) parts.push('', holdsTable(holds));
  if (recovery !== undefined) parts.push('', recoveryTable(rounds));
  parts.push('', ...budgetLines(rounds), '');
  for (const { variant, of, acknowledged, counted } of rounds.proofs) {
    parts.push(
      `${variant}, ${of}: ${acknowledged} events acknowledged, ${counted} counted after kill -9 and reopening`,
    );
  }
  parts.push(isProved(rounds) ? 'Everything that was timed is there.' : 'LOST EVENTS: the numbers are void.');
  return parts.join('\n');
}

export function reportJson(rounds: JournalRounds): object {
  const of = (side: keyof Pair<unknown>) => ({
    ...(rounds.hot && { hotCommitUs: rounds.hot.all[side] }),
    ...(rounds.paced && { pacedCommitUs: rounds.paced.all[side] }),
    ...(rounds.flush && { flushUs: rounds.flush.all[side] }),
    ...(rounds.grouped && { groupedAppendsPerSecond: interval(sideOf(rounds.grouped, side), 0) }),
    ...(rounds.read && { readEventsPerSecond: interval(sideOf(rounds.read, side), 0) }),
    ...(rounds.holds && { holds: rounds.holds[side] }),
    ...(rounds.recovery && {
      recoverySeconds: interval(recoverySeconds(rounds, side), 4),
      recoveredEvents: rounds.recovery[0]?.[side].stateEvents,
      recoveredBytes: rounds.recoveredBytes?.[side],
    }),
  });
  const { hot, paced, flush, grouped, read, recovery } = rounds;
  return {
    bench: 'journal',
    results: { ...of('journal'), proofs: rounds.proofs },
    baseline: of('bare'),
    ratios: {
      ...(hot && { commitP50: interval(ratioOf(hot, 'p50'), 3), commitP99: interval(ratioOf(hot, 'p99'), 3) }),
      ...(paced && {
        pacedCommitP50: interval(ratioOf(paced, 'p50'), 3),
        pacedCommitP99: interval(ratioOf(paced, 'p99'), 3),
      }),
      ...(flush && { flushP50: interval(ratioOf(flush, 'p50'), 3), flushP99: interval(ratioOf(flush, 'p99'), 3) }),
      ...(grouped && { groupedAppendsPerSecond: interval(rateRatio(grouped), 3) }),
      ...(read && { readEventsPerSecond: interval(rateRatio(read), 3) }),
      ...(recovery && { recovery: interval(recoveryRatio(rounds), 3) }),
    },
  };
}

function latencyTable({ hot, paced, flush }: JournalRounds): string {
  const rows = [
    ...timedRows('hot commit', hot),
    ...timedRows('paced commit, one each 5 ms', paced),
    ...timedRows('commit until flushed', flush),
  ];
  return rows.length === 0 ? '' : table([['us', 'p50', 'p90', 'p99', 'max', 'p50 ÷ bare', 'p99 ÷ bare'], ...rows]);
}

function timedRows(name: string, rounds: TimedRounds | undefined): string[][] {
  if (rounds === undefined) return [];
  const numbers = ({ p50, p90, p99, max }: Percentiles) => [p50, p90, p99, max].map((us) => us.toFixed(1));
  return [
    [`${name}, journal`, ...numbers(rounds.all.journal), shown(ratioOf(rounds, 'p50')), shown(ratioOf(rounds, 'p99'))],
    [`${name}, bare`, ...numbers(rounds.all.bare)],
  ];
}

function rateRow(name: string, pairs: readonly Pair<number>[] | undefined): string[] | undefined {
  if (pairs === undefined) return undefined;
  const rate = (side: keyof Pair<unknown>) => Math.round(sideOf(pairs, side).median).toLocaleString('en');
  return [name, rate('journal'), rate('bare'), shown(rateRatio(pairs))];
}

function holdsTable({ journal, bare }: Pair<Holds>): string {
  const row = (name: string, { longestHold, events, ...ms }: Holds) => [
    name,
    ms.longestHoldMs.toFixed(1),
    longestHold,
    ...[ms.longestCpuMs, ms.longestCallMs, ms.longestDelayMs].map((value) => value.toFixed(1)),
    String(events),
  ];
  const head = ['holds of the event loop, ms', 'longest', 'which', 'CPU', 'by the clock', 'late timer', 'events'];
  return table([head, row('journal', journal), row('bare, checkpoints by itself', bare)]);
}

function recoveryTable(rounds: JournalRounds): string {
  const first = rounds.recovery?.[0];
  const row = (side: keyof Pair<unknown>) => [
    side,
    shown(recoverySeconds(rounds, side)),
    String(first?.[side].tailEvents),
    ((rounds.recoveredBytes?.[side] ?? 0) / 1e6).toFixed(0),
  ];
  const title = `recovery of ${first?.journal.stateEvents} events, s`;
  return table([[title, 'median', 'events after the snapshot', 'MB'], row('journal'), row('bare')]);
}

function budgetLines(rounds: JournalRounds): string[] {
  const { hot, grouped, holds, recovery } = rounds;
  const lines: string[] = [];
  const check = (name: string, found: MedianInterval, isMet: (value: number) => boolean) => {
    const [low, high] = [isMet(found.low), isMet(found.high)];
    const verdict = low && high ? 'met' : low || high ? 'undecided, the interval straddles it' : 'MISSED';
    lines.push(`budget ${name}: ${shown(found)}: ${verdict}`);
  };
  if (hot !== undefined) {
    check(`commitP50 ≤ ${BUDGETS.commitP50}`, ratioOf(hot, 'p50'), (ratio) => ratio <= BUDGETS.commitP50);
  }
  if (grouped !== undefined) {
    const { groupedAppendsPerSecondRatio: ratio, groupedAppendsPerSecond: rate } = BUDGETS;
    check(`groupedAppendsPerSecond ≥ ${ratio}`, rateRatio(grouped), (found) => found >= ratio);
    check(`grouped appends ≥ ${rate}/s`, sideOf(grouped, 'journal'), (found) => found >= rate);
  }
  if (recovery !== undefined) {
    const most = BUDGETS.recoverySeconds;
    check(`recovery < ${most} s`, recoverySeconds(rounds, 'journal'), (seconds) => seconds < most);
  }
  if (holds !== undefined) {
    const { longestHoldMs, longestHold } = holds.journal;
    const verdict = longestHoldMs <= BUDGETS.longestHoldMs ? 'met' : 'MISSED';
    lines.push(
      `budget no hold > ${BUDGETS.longestHoldMs} ms: ${longestHoldMs.toFixed(1)} (${longestHold}): ${verdict}`,
    );
  }
  return lines;
}

function ratioOf({ rounds }: TimedRounds, percentile: 'p50' | 'p99'): MedianInterval {
  return medianInterval(rounds.map(({ journal, bare }) => journal[percentile] / bare[percentile]));
}

function rateRatio(pairs: readonly Pair<number>[]): MedianInterval {
  return medianInterval(pairs.map(({ journal, bare }) => journal / bare));
}

function sideOf(pairs: readonly Pair<number>[], side: keyof Pair<unknown>): MedianInterval {
  return medianInterval(pairs.map((pair) => pair[side]));
}

function recoverySeconds({ recovery = [] }: JournalRounds, side: keyof Pair<unknown>): MedianInterval {
  return medianInterval(recovery.map((pair) => pair[side].ms / MS_PER_S));
}

function recoveryRatio({ recovery = [] }: JournalRounds): MedianInterval {
  return medianInterval(recovery.map(({ journal, bare }) => journal.ms / bare.ms));
}

function shown({ median, low, high, n }: MedianInterval): string {
  const [middle, from, to] = [median, low, high].map((value) => value.toFixed(2));
  return n === 1 ? `${middle} (1 pair)` : `${middle} [${from} … ${to}]`;
}

function interval({ median, low, high, n }: MedianInterval, digits: number) {
  const rounded = (value: number) => Number(value.toFixed(digits));
  return { median: rounded(median), low: rounded(low), high: rounded(high), pairs: n };
}
