import { tmpdir } from 'node:os';
import { parseArgs } from 'node:util';

export const PHASES = ['commit', 'grouped', 'flush', 'read', 'holds', 'recovery'] as const;
export type Phase = (typeof PHASES)[number];

export interface JournalBenchOptions {
  readonly pairs: number;
  /** One-event transactions of a hot round. */
  readonly commits: number;
  /** One-event transactions of a paced round, 5 ms apart. */
  readonly paced: number;
  /** Events of a grouped round. */
  readonly grouped: number;
  /** Commits of a flush round, each awaited until it is flushed. */
  readonly flushes: number;
  /** Measured seconds of the mixed load that looks for holds of the event loop. */
  readonly holdSeconds: number;
  /** Events of the journal that is recovered. */
  readonly events: number;
  /** Where the files lie: the disk that is measured. */
  readonly dir: string;
  readonly phases: readonly Phase[];
}

export const USAGE = `usage: npm run bench -- journal [OPTION …]
  --pairs=7             rounds of each, journal and bare node:sqlite
  --commits=10000       commits of a hot round
  --paced=200           commits of a paced round, one each 5 ms
  --grouped=100000      events of a grouped round, 250 a transaction
  --flushes=100         commits of a flush round
  --hold-seconds=10     how long the load lasts that looks for holds of the event loop
  --events=1000000      events of the journal that is recovered
  --dir=DIR             where the files lie (default: the system's folder for temporary files)
  --only=PHASE          one of ${PHASES.join(', ')}
  --quick               one short round of each`;

const NORMAL = {
  pairs: '7',
  commits: '10000',
  paced: '200',
  grouped: '100000',
  flushes: '100',
  'hold-seconds': '10',
  events: '1000000',
};
const QUICK = {
  pairs: '1',
  commits: '500',
  paced: '40',
  grouped: '5000',
  flushes: '10',
  'hold-seconds': '1',
  events: '20000',
};

/** Reads the command line; throws with a message for the user. */
export function parseJournalOptions(args: readonly string[]): JournalBenchOptions {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      pairs: text,
      commits: text,
      paced: text,
      grouped: text,
      flushes: text,
      'hold-seconds': text,
      events: text,
      dir: text,
      only: text,
      quick: { type: 'boolean' },
    },
  });
  const preset = values.quick === true ? QUICK : NORMAL;
  const only = PHASES.find((phase) => phase === values.only);
  if (values.only !== undefined && only === undefined) {
    throw new RangeError(`--only=${values.only}: allowed are ${PHASES.join(', ')}`);
  }
  const whole = (name: keyof typeof NORMAL, [low, high]: readonly [number, number]) => {
    const given = values[name] ?? preset[name];
    const value = Number(given);
    if (given.trim() !== '' && Number.isInteger(value) && value >= low && value <= high) return value;
    throw new RangeError(`--${name}=${given}: allowed is a whole number from ${low} to ${high}`);
  };
  return {
    pairs: whole('pairs', [1, 1000]),
    commits: whole('commits', [1, 1_000_000]),
    paced: whole('paced', [1, 100_000]),
    grouped: whole('grouped', [250, 10_000_000]),
    flushes: whole('flushes', [1, 100_000]),
    holdSeconds: whole('hold-seconds', [1, 3600]),
    events: whole('events', [1000, 100_000_000]),
    dir: values.dir ?? tmpdir(),
    phases: only === undefined ? PHASES : [only],
  };
}
