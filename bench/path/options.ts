import { parseArgs } from 'node:util';

export interface PathOptions {
  readonly pairs: number;
  /** Measured seconds of each paced round, after `warmUpSeconds` at the same pace. */
  readonly seconds: number;
  readonly warmUpSeconds: number;
  readonly rates: readonly number[];
  readonly ordersPerSecond: number;
  /** Ticks of each throughput round. */
  readonly ticks: number;
  readonly phases: readonly ('latency' | 'throughput')[];
  readonly portOffset: number;
  /** Folder for CPU profiles of the measured processes; they cost time, so the numbers are then for comparison only. */
  readonly cpuProfiles: string | undefined;
}

export const USAGE = `usage: npm run bench -- path [OPTION …]
  --pairs=7                 rounds of each variant
  --seconds=5               measured seconds of a paced round
  --warm-up=1               seconds at the same pace before them
  --rates=200,1000,10000    paced ticks a second
  --orders-per-second=50    orders that ticks cause while paced
  --ticks=100000            ticks of a throughput round, at most 150000
  --only=latency            one phase only: latency or throughput
  --port-offset=21000       added to Tickpath's ports; three installations, 100 apart, start here
  --cpu-prof=DIR            write a CPU profile of every measured process to DIR
  --quick                   one short round of each at 1,000 ticks/s`;

const NORMAL = { pairs: '7', seconds: '5', 'warm-up': '1', rates: '200,1000,10000', ticks: '100000' };
const QUICK = { pairs: '1', seconds: '1', 'warm-up': '0.5', rates: '1000', ticks: '10000' };
/** Below the queue of a subscriber (200,000 messages): the baselines have no flow control and must lose nothing. */
const MOST_TICKS = 150_000;

/** Reads the command line; throws with a message for the user. */
export function parseOptions(args: readonly string[]): PathOptions {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      pairs: text,
      seconds: text,
      'warm-up': text,
      rates: text,
      'orders-per-second': text,
      ticks: text,
      only: text,
      'port-offset': text,
      'cpu-prof': text,
      quick: { type: 'boolean' },
    },
  });
  const preset = values.quick === true ? QUICK : NORMAL;
  const whole = (name: string, value: string) => numberIn(name, value, { low: 1, high: 1e9, isWhole: true });
  const { only } = values;
  if (only !== undefined && only !== 'latency' && only !== 'throughput') {
    throw new RangeError(`--only=${only}: allowed are latency and throughput`);
  }
  return {
    pairs: whole('pairs', values.pairs ?? preset.pairs),
    seconds: numberIn('seconds', values.seconds ?? preset.seconds, { low: 0.1, high: 3600 }),
    warmUpSeconds: numberIn('warm-up', values['warm-up'] ?? preset['warm-up'], { low: 0, high: 3600 }),
    rates: (values.rates ?? preset.rates).split(',').map((rate) => whole('rates', rate)),
    ordersPerSecond: whole('orders-per-second', values['orders-per-second'] ?? '50'),
    ticks: numberIn('ticks', values.ticks ?? preset.ticks, { low: 1000, high: MOST_TICKS, isWhole: true }),
    phases: only === undefined ? ['latency', 'throughput'] : [only],
    portOffset: numberIn('port-offset', values['port-offset'] ?? '21000', { low: 0, high: 56_000, isWhole: true }),
    cpuProfiles: values['cpu-prof'],
  };
}

function numberIn(name: string, text: string, range: { low: number; high: number; isWhole?: boolean }): number {
  const value = Number(text);
  const fits = text.trim() !== '' && value >= range.low && value <= range.high;
  if (fits && (range.isWhole !== true || Number.isInteger(value))) return value;
  throw new RangeError(
    `--${name}=${text}: allowed is ${range.isWhole ? 'a whole number' : 'a number'} from ${range.low} to ${range.high}`,
  );
}
