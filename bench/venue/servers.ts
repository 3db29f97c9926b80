import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { addresses } from '@tickpath/runtime';
import type { Children } from '../measure/children.ts';
import { until } from '../measure/wait.ts';
import { networkAt } from '../path/network.ts';
import type { BareArguments } from './bare-arguments.ts';
import type { VenueBenchOptions } from './options.ts';

const VENUE = fileURLToPath(new URL('../../services/venue/src/main.ts', import.meta.url));
const BARE = fileURLToPath(new URL('./bare-venue.ts', import.meta.url));
const START_TIMEOUT_MS = 30_000;
const BARE_APART = 100;

/** The key that every process of the bench is given. */
export const KEYS = { APCA_API_KEY_ID: 'BENCHKEY', APCA_API_SECRET_KEY: 'BENCHSECRET' };
export const KEY_HEADERS = {
  'apca-api-key-id': KEYS.APCA_API_KEY_ID,
  'apca-api-secret-key': KEYS.APCA_API_SECRET_KEY,
};

export const VARIANTS = ['venue', 'bare'] as const;
export type VariantName = (typeof VARIANTS)[number];

/** What both variants did, one after the other. */
export type Pair<Round> = Readonly<Record<VariantName, Round>>;

export interface Bench {
  readonly children: Children;
  /** For journals; gone with the bench. */
  readonly folder: string;
  readonly options: VenueBenchOptions;
  /** Told of each round as it ends. */
  readonly say: (line: string) => void;
}

/** A process that serves clients of the bench: the venue as it is, or a baseline. */
export interface Server {
  readonly url: string;
  /** Ends it, by SIGTERM unless told otherwise. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

export interface VenueStart {
  readonly dataDir: string;
  readonly flags: readonly string[];
  /** Of the CPU profile. */
  readonly name: string;
}

/** Starts the venue's process; resolves when it answers. */
export async function startVenue({ children, options }: Bench, { dataDir, flags, name }: VenueStart): Promise<Server> {
  const url = addresses(networkAt(options.portOffset)).httpUrl('venue');
  const own = [`--network.portOffset=${options.portOffset}`, `--data.dir=${dataDir}`, '--tracing.exporter=none'];
  const args = [...profiling(options, name), VENUE, ...own, ...flags];
  const child = children.start({ name, args, ipc: false });
  const isUp = async () => {
    try {
      return (await fetch(`${url}/v2/account`, { headers: KEY_HEADERS })).ok || undefined;
    } catch {
      return undefined;
    }
  };
  await Promise.race([until(isUp, { what: 'the venue', timeoutMs: START_TIMEOUT_MS }), children.failure]);
  return server(children, child, url);
}

/** Starts a baseline's process; resolves when it listens. */
export async function startBare(
  { children, options }: Bench,
  { name, ...given }: Omit<BareArguments, 'port'> & { readonly name: string },
): Promise<Server> {
  const port = addresses(networkAt(options.portOffset + BARE_APART)).port('venue');
  const argument = JSON.stringify({ ...given, port } satisfies BareArguments);
  const args = ['--disable-warning=ExperimentalWarning', ...profiling(options, name), BARE, argument];
  const child = children.start({ name, args, ipc: true });
  await Promise.race([once(child, 'message'), children.failure]);
  return server(children, child, `http://127.0.0.1:${port}`);
}

function server(children: Children, child: ChildProcess, url: string): Server {
  return { url, stop: (signal) => children.stop([child], signal) };
}

function profiling({ cpuProfiles }: VenueBenchOptions, name: string): readonly string[] {
  if (cpuProfiles === undefined) return [];
  return ['--cpu-prof', `--cpu-prof-dir=${cpuProfiles}`, `--cpu-prof-name=${name}.cpuprofile`];
}

/** A folder for one journal. */
export function dataFolder({ folder }: Bench): string {
  return mkdtempSync(join(folder, 'data-'));
}

/** Runs each variant once for every pair, the first of a pair in turn. */
export async function interleaved<Round>(
  pairs: number,
  run: (variant: VariantName, pair: number) => Promise<Round>,
): Promise<Pair<Round>[]> {
  const rounds: Pair<Round>[] = [];
  for (let pair = 1; pair <= pairs; pair += 1) {
    const done: Partial<Record<VariantName, Round>> = {};
    for (const variant of pair % 2 === 1 ? VARIANTS : VARIANTS.toReversed()) done[variant] = await run(variant, pair);
    rounds.push(done as Pair<Round>);
  }
  return rounds;
}
