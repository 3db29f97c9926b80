import { parseArgs } from 'node:util';

export interface TracingBenchOptions {
  readonly pairs: number;
  /** Rounds of each stack in a pair. */
  readonly turns: number;
  readonly ticks: number;
  readonly orders: number;
  /** Measured seconds of each paced round. */
  readonly seconds: number;
  /** At the pace of the paced rounds, before the first of them: code is compiled and the exporter loaded meanwhile. */
  readonly warmUpSeconds: number;
  readonly phases: readonly ('latency' | 'throughput')[];
  readonly portOffset: number;
  /** Where spans go; undefined for a collector of the bench's own. */
  readonly url: string | undefined;
  readonly cpuProfiles: string | undefined;
}

export const USAGE = `usage: npm run bench -- tracing [OPTION …]
  --pairs=7             values of each ratio
  --turns=8             rounds of each stack in a pair, taking turns
  --ticks=100000        ticks of a throughput round
  --orders=10           orders that they cause, at most one of 100 ticks and at most 512
  --seconds=1           measured seconds of a paced round: 1,000 ticks/s, 50 orders/s
  --warm-up=10          seconds at that pace before the first
  --only=throughput     one phase only: latency or throughput
  --url=URL             a collector for the spans (http://127.0.0.1:14268/api/traces); without it, one that swallows them
  --port-offset=23000   added to Tickpath's ports; two installations, 100 apart, start here
  --cpu-prof=DIR        write CPU profiles of the measured processes to DIR/on and DIR/off
  --quick               one short round of each`;

const NORMAL = { pairs: '7', turns: '8', ticks: '100000', orders: '10', seconds: '1', 'warm-up': '10' };
const QUICK = { pairs: '1', turns: '1', ticks: '5000', orders: '20', seconds: '1', 'warm-up': '1' };
const LEAST_TICKS_PER_ORDER = 100;
/** Each symbol has one order a round. */
const MOST_ORDERS = 512;

/** Reads the command line; throws with a message for the user. */
export function parseTracingOptions(args: readonly string[]): TracingBenchOptions {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      pairs: text,
      turns: text,
      ticks: text,
      orders: text,
      seconds: text,
      'warm-up': text,
      only: text,
      url: text,
      'port-offset': text,
      'cpu-prof': text,
      quick: { type: 'boolean' },
    },
  });
  const preset = values.quick === true ? QUICK : NORMAL;
  const { only, url } = values;
  if (only !== undefined && only !== 'latency' && only !== 'throughput') {
    throw new RangeError(`--only=${only}: allowed are latency and throughput`);
  }
  if (url !== undefined && !URL.canParse(url)) throw new RangeError(`--url=${url}: allowed is a URL`);
  const ticks = whole('ticks', values.ticks ?? preset.ticks, [LEAST_TICKS_PER_ORDER, 10_000_000]);
  const mostOrders = Math.min(MOST_ORDERS, Math.floor(ticks / LEAST_TICKS_PER_ORDER));
  return {
    pairs: whole('pairs', values.pairs ?? preset.pairs, [1, 1000]),
    turns: whole('turns', values.turns ?? preset.turns, [1, 1000]),
    ticks,
    orders: whole('orders', values.orders ?? preset.orders, [1, mostOrders]),
    seconds: whole('seconds', values.seconds ?? preset.seconds, [1, 3600]),
    warmUpSeconds: whole('warm-up', values['warm-up'] ?? preset['warm-up'], [1, 3600]),
    phases: only === undefined ? ['throughput', 'latency'] : [only],
    portOffset: whole('port-offset', values['port-offset'] ?? '23000', [0, 56_000]),
    url,
    cpuProfiles: values['cpu-prof'],
  };
}

function whole(name: string, text: string, [low, high]: readonly [number, number]): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isInteger(value) && value >= low && value <= high) return value;
  throw new RangeError(`--${name}=${text}: allowed is a whole number from ${low} to ${high}`);
}
