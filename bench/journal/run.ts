import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Children } from '../measure/children.ts';
import { Durations, type Percentiles } from '../measure/durations.ts';
import type { Holds, LogProcessArguments, Order, Recovered, Report } from './channel.ts';
import { VARIANTS, type VariantName } from './log.ts';
import { LogProcess } from './log-client.ts';
import type { JournalBenchOptions, Phase } from './options.ts';

/** What both variants did, one after the other. */
export interface Pair<Round> {
  readonly journal: Round;
  readonly bare: Round;
}

export interface TimedRounds {
  readonly rounds: readonly Pair<Percentiles>[];
  /** Of all rounds together. */
  readonly all: Pair<Percentiles>;
}

/** What became of everything that was timed: counted row by row by another process, after a kill -9. */
export interface Proof {
  readonly variant: VariantName;
  readonly of: 'rounds' | 'recovery' | 'holds';
  readonly acknowledged: number;
  readonly counted: number;
}

export interface JournalRounds {
  readonly hot?: TimedRounds;
  readonly paced?: TimedRounds;
  readonly flush?: TimedRounds;
  readonly grouped?: readonly Pair<number>[];
  readonly read?: readonly Pair<number>[];
  readonly holds?: Pair<Holds>;
  readonly recovery?: readonly Pair<Recovered>[];
  readonly recoveredBytes?: Pair<number>;
  readonly proofs: readonly Proof[];
}

interface Bench {
  readonly children: Children;
  readonly options: JournalBenchOptions;
  /** Told of each round as it ends. */
  readonly say: (line: string) => void;
}

const PACED_MS = 5;
const PER_TRANSACTION = 250;

/** Measures the journal beside bare node:sqlite. Leaves neither files nor processes. */
export async function measureJournal(bench: Bench): Promise<JournalRounds> {
  const folder = mkdtempSync(join(bench.options.dir, 'tickpath-bench-journal-'));
  const removeFolder = () => rmSync(folder, { recursive: true, force: true });
  process.on('exit', removeFolder);
  try {
    const rounds = await sideBySide(bench, folder);
    const holds = bench.options.phases.includes('holds') ? await holdsOfBoth(bench, folder) : undefined;
    const recovery = bench.options.phases.includes('recovery') ? await recoveries(bench, folder) : undefined;
    const proofs = [rounds, holds, recovery].flatMap((part) => part?.proofs ?? []);
    return { ...rounds, ...holds, ...recovery, proofs };
  } finally {
    await bench.children.stop();
    process.off('exit', removeFolder);
    removeFolder();
  }
}

/** Both logs stay open in a process each and take turns. */
async function sideBySide(bench: Bench, folder: string): Promise<JournalRounds> {
  const { options } = bench;
  const { commits, paced, grouped, flushes } = options;
  const does = (phase: Phase) => options.phases.includes(phase);
  if (!does('commit') && !does('grouped') && !does('flush') && !does('read')) return { proofs: [] };
  const both = await pairOf((variant) =>
    LogProcess.start(bench.children, { variant, path: fileOf(folder, variant), role: 'measure' }),
  );
  const timed = (name: string, order: Order) => timedRounds(bench, both, name, order);
  const rated = (name: string, order: Order) => ratedRounds(bench, both, name, order);
  const rounds = {
    ...(does('commit') && {
      hot: await timed('hot commit', { type: 'hot', commits }),
      paced: await timed('paced commit', { type: 'paced', commits: paced, everyMs: PACED_MS }),
    }),
    ...(does('flush') && { flush: await timed('flush', { type: 'flush', commits: flushes }) }),
    ...((does('grouped') || does('read')) && {
      grouped: await rated('grouped appends', { type: 'grouped', events: grouped, perTransaction: PER_TRANSACTION }),
    }),
    ...(does('read') && { read: await rated('read', { type: 'read' }) }),
  };
  const proofs = await killedAndCounted(bench, both, 'rounds');
  return { ...rounds, proofs };
}

async function timedRounds(bench: Bench, both: Pair<LogProcess>, name: string, order: Order): Promise<TimedRounds> {
  const all = { journal: new Durations(), bare: new Durations() };
  const rounds = await interleaved(bench, name, async (variant, counts) => {
    const report = await both[variant].ask(order);
    if (report.type !== 'durations') throw new Error(`${name}: answered ${report.type}`);
    const durations = new Durations();
    for (const ns of report.ns) durations.record(ns);
    if (counts) all[variant].add(durations);
    const { p50, p99 } = durations.percentiles();
    return { round: durations.percentiles(), told: `p50 ${p50.toFixed(1)} us, p99 ${p99.toFixed(1)} us` };
  });
  return { rounds, all: { journal: all.journal.percentiles(), bare: all.bare.percentiles() } };
}

function ratedRounds(
  bench: Bench,
  both: Pair<LogProcess>,
  name: string,
  order: Order,
): Promise<readonly Pair<number>[]> {
  return interleaved(bench, name, async (variant) => {
    const report = await both[variant].ask(order);
    if (report.type !== 'rate') throw new Error(`${name}: answered ${report.type}`);
    return { round: report.perSecond, told: `${Math.round(report.perSecond)} events/s of ${report.events}` };
  });
}

async function holdsOfBoth(bench: Bench, folder: string): Promise<{ holds: Pair<Holds>; proofs: readonly Proof[] }> {
  const seconds = bench.options.holdSeconds;
  const both = await pairOf((variant) =>
    LogProcess.start(bench.children, { variant, path: fileOf(folder, `holds-${variant}`), role: 'holds' }),
  );
  const holds = await pairOf(async (variant) => {
    const report = await both[variant].ask({ type: 'holds', seconds });
    if (report.type !== 'holds') throw new Error(`holds: answered ${report.type}`);
    const { longestHoldMs, longestHold } = report.holds;
    bench.say(`holds, ${variant}: longest ${longestHoldMs.toFixed(1)} ms (${longestHold})`);
    return report.holds;
  });
  return { holds, proofs: await killedAndCounted(bench, both, 'holds') };
}

/** Each recovery by a process of its own, which is killed, so that the next finds what a killed one leaves. */
async function recoveries(bench: Bench, folder: string) {
  const { events, pairs } = bench.options;
  const path = (variant: VariantName) => fileOf(folder, `recovered-${variant}`);
  const built = await pairOf(async (variant) => {
    const builder = await LogProcess.start(bench.children, { variant, path: path(variant), role: 'build', events });
    bench.say(`recovery: ${variant} built with ${builder.lastSeq} events`);
    await builder.kill();
    return builder.lastSeq;
  });
  const recoveredBytes = await pairOf(async (variant) => sizeOnDisk(path(variant)));
  const recovery = await interleaved(
    { ...bench, options: { ...bench.options, pairs } },
    'recovery',
    async (variant) => {
      const { child, report } = await LogProcess.run<Recovered>(bench.children, {
        variant,
        path: path(variant),
        role: 'recover',
      });
      await bench.children.stop([child], 'SIGKILL');
      if (report.stateEvents !== events)
        throw new Error(`${variant} recovered ${report.stateEvents} of ${events} events`);
      return { round: report, told: `${report.ms.toFixed(0)} ms, ${report.tailEvents} events after the snapshot` };
    },
  );
  const proofs: Proof[] = [];
  for (const variant of VARIANTS) {
    proofs.push(
      await counted(bench, { variant, path: path(variant) }, { of: 'recovery', acknowledged: built[variant] }),
    );
  }
  return { recovery, recoveredBytes, proofs };
}

async function killedAndCounted(bench: Bench, both: Pair<LogProcess>, of: Proof['of']): Promise<Proof[]> {
  const proofs: Proof[] = [];
  for (const variant of VARIANTS) {
    const { given, lastSeq } = both[variant];
    await both[variant].kill();
    proofs.push(await counted(bench, given, { of, acknowledged: lastSeq }));
  }
  return proofs;
}

async function counted(
  bench: Bench,
  { variant, path }: Pick<LogProcessArguments, 'variant' | 'path'>,
  { of, acknowledged }: Pick<Proof, 'of' | 'acknowledged'>,
): Promise<Proof> {
  const { child, report } = await LogProcess.run<Report>(bench.children, { variant, path, role: 'count' });
  await bench.children.stop([child], 'SIGKILL');
  return { variant, of, acknowledged, counted: report.type === 'rate' ? report.events : -1 };
}

/** Runs each variant once for every pair, the first of a pair in turn; a round before them warms up. */
async function interleaved<Round>(
  { options, say }: Bench,
  name: string,
  run: (variant: VariantName, counts: boolean) => Promise<{ readonly round: Round; readonly told: string }>,
): Promise<Pair<Round>[]> {
  const rounds: Pair<Round>[] = [];
  for (let pair = 0; pair <= options.pairs; pair += 1) {
    const done: Partial<Record<VariantName, Round>> = {};
    for (const variant of pair % 2 === 0 ? VARIANTS : VARIANTS.toReversed()) {
      const { round, told } = await run(variant, pair > 0);
      done[variant] = round;
      say(`${name}, ${pair === 0 ? 'warm-up' : `${pair}/${options.pairs}`} ${variant}: ${told}`);
    }
    if (pair > 0) rounds.push(done as Pair<Round>);
  }
  return rounds;
}

async function pairOf<T>(make: (variant: VariantName) => Promise<T>): Promise<Pair<T>> {
  const journal = await make('journal');
  return { journal, bare: await make('bare') };
}

/** The main file and its WAL. */
function sizeOnDisk(path: string): number {
  return statSync(path).size + (statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0);
}

function fileOf(folder: string, name: string): string {
  return join(folder, `${name}.sqlite`);
}
