import { tmpdir } from 'node:os';
import { parseArgs } from 'node:util';

export const PHASES = ['stream', 'orders', 'core', 'latency'] as const;
export type Phase = (typeof PHASES)[number];

export interface VenueBenchOptions {
  readonly pairs: number;
  /** Measured seconds of each round, after `warmUpSeconds` of the same. */
  readonly seconds: number;
  readonly warmUpSeconds: number;
  /** Ticks a second that the synthetic market is set to, of all symbols together. */
  readonly ticksPerSecond: number;
  readonly symbols: number;
  /** Keep-alive connections that send orders, each one after the other. */
  readonly connections: number;
  /** Events of one round of a core. */
  readonly events: number;
  readonly phases: readonly Phase[];
  /** Where the journals lie: the disk that is measured. */
  readonly dir: string;
  readonly portOffset: number;
  /** Folder for CPU profiles of the measured processes; they cost time, so the numbers are then for comparison only. */
  readonly cpuProfiles: string | undefined;
}

export const USAGE = `usage: npm run bench -- venue [OPTION …]
  --pairs=7                   rounds of each, venue and baseline
  --seconds=3                 measured seconds of a round
  --warm-up=1.5               seconds of the same before them
  --ticks-per-second=100000   what the synthetic market is set to
  --symbols=50                symbols of that market
  --connections=16            keep-alive connections that send orders
  --events=500000             events of a round of a core
  --dir=DIR                   where the journals lie (default: the system's folder for temporary files)
  --only=PHASE                one of ${PHASES.join(', ')}
  --port-offset=20000         added to Tickpath's ports; the baseline's are 100 higher
  --cpu-prof=DIR              write a CPU profile of every measured process to DIR
  --quick                     one short round of each`;

const NORMAL = {
  pairs: '7',
  seconds: '3',
  'warm-up': '1.5',
  'ticks-per-second': '100000',
  symbols: '50',
  connections: '16',
  events: '500000',
  'port-offset': '20000',
};
const QUICK = {
  ...NORMAL,
  pairs: '1',
  seconds: '0.5',
  'warm-up': '0.5',
  'ticks-per-second': '20000',
  events: '50000',
};

/** Reads the command line; throws with a message for the user. */
export function parseVenueOptions(args: readonly string[]): VenueBenchOptions {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      pairs: text,
      seconds: text,
      'warm-up': text,
      'ticks-per-second': text,
      symbols: text,
      connections: text,
      events: text,
      dir: text,
      only: text,
      'port-offset': text,
      'cpu-prof': text,
      quick: { type: 'boolean' },
    },
  });
  const preset = values.quick === true ? QUICK : NORMAL;
  const only = PHASES.find((phase) => phase === values.only);
  if (values.only !== undefined && only === undefined) {
    throw new RangeError(`--only=${values.only}: allowed are ${PHASES.join(', ')}`);
  }
  const number = (name: keyof typeof NORMAL, range: Range) => numberIn(name, values[name] ?? preset[name], range);
  return {
    pairs: number('pairs', { low: 1, high: 1000, isWhole: true }),
    seconds: number('seconds', { low: 0.1, high: 3600 }),
    warmUpSeconds: number('warm-up', { low: 0, high: 3600 }),
    ticksPerSecond: number('ticks-per-second', { low: 1, high: 10_000_000 }),
    symbols: number('symbols', { low: 1, high: 1000, isWhole: true }),
    connections: number('connections', { low: 1, high: 1000, isWhole: true }),
    events: number('events', { low: 1000, high: 100_000_000, isWhole: true }),
    portOffset: number('port-offset', { low: 0, high: 56_000, isWhole: true }),
    phases: only === undefined ? PHASES : [only],
    dir: values.dir ?? tmpdir(),
    cpuProfiles: values['cpu-prof'],
  };
}

interface Range {
  readonly low: number;
  readonly high: number;
  readonly isWhole?: boolean;
}

function numberIn(name: string, text: string, { low, high, isWhole = false }: Range): number {
  const value = Number(text);
  if (text.trim() !== '' && value >= low && value <= high && (!isWhole || Number.isInteger(value))) return value;
  throw new RangeError(
    `--${name}=${text}: allowed is ${isWhole ? 'a whole number' : 'a number'} from ${low} to ${high}`,
  );
}
