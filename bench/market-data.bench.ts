import { parseArgs } from 'node:util';
import { barsSection, bookSection, decodeSection, memorySection, scaleSection } from './market-data/core-sections.ts';
import { isKept, type Section, textOf } from './market-data/section.ts';
import { latencySection, pipelineSection } from './market-data/stream-sections.ts';
import { Children } from './measure/children.ts';

const USAGE = `usage: npm run bench -- market-data [OPTION …]
  --pairs=7                 rounds of each variant
  --messages=100000         messages of a round in one process; half as many through a socket
  --symbols=1000            symbols whose memory is measured, with --levels=5000 levels a side
  --rate=10000              messages a second of the paced rounds, of --seconds=3 each
  --only=decode,latency     some parts: decode, book, bars, scale, memory, pipeline, latency
  --port-offset=19000       added to Tickpath's ports
  --cpu-prof=DIR            write a CPU profile of market-data's process to DIR
  --quick                   one short round of each`;

const PARTS = ['decode', 'book', 'bars', 'scale', 'memory', 'pipeline', 'latency'] as const;
type Part = (typeof PARTS)[number];

const NORMAL = { pairs: '7', messages: '100000', symbols: '1000', seconds: '3' };
const QUICK = { pairs: '1', messages: '10000', symbols: '20', seconds: '1' };

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  let asked: ReturnType<typeof askedOf>;
  try {
    asked = askedOf(args);
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n${USAGE}\n`);
    return 2;
  }
  if (asked === 'help') {
    process.stdout.write(`${USAGE}\n`);
    return 0;
  }
  const children = new Children(process.env);
  process.once('SIGINT', () => process.exit(130));
  try {
    return await run(children, asked);
  } finally {
    await children.close();
  }
}

async function run(children: Children, asked: Exclude<ReturnType<typeof askedOf>, 'help'>): Promise<number> {
  const { pairs, messages, parts, memory, stream } = asked;
  const sections: Readonly<Record<Part, () => Section | Promise<Section>>> = {
    decode: () => decodeSection({ pairs, messages: messages / 2 }),
    book: () => bookSection({ pairs, messages }),
    bars: () => barsSection({ pairs, messages }),
    scale: () => scaleSection({ pairs, messages }),
    memory: () => memorySection(children, memory),
    pipeline: () => pipelineSection(children, stream),
    latency: () => latencySection(children, stream),
  };
  const results: Record<string, number> = {};
  const baseline: Record<string, number> = {};
  const ratios: Record<string, unknown> = {};
  let lost = 0;
  let missed = 0;
  for (const part of parts) {
    const begun = performance.now();
    const section = await sections[part]();
    process.stderr.write(`${part}: ${((performance.now() - begun) / 1000).toFixed(1)} s\n`);
    process.stdout.write(`${textOf(section)}\n`);
    Object.assign(results, section.results);
    Object.assign(baseline, section.baseline);
    Object.assign(ratios, section.ratios);
    lost += section.lost ?? 0;
    missed += section.verdicts.filter((verdict) => !isKept(verdict)).length;
  }
  if (lost > 0) process.stdout.write(`LOST ${lost} messages\n`);
  process.stdout.write(`${missed === 0 ? 'every budget kept' : `${missed} budgets MISSED`}\n`);
  process.stdout.write(`${JSON.stringify({ bench: 'market-data', results, baseline, ratios })}\n`);
  return lost > 0 ? 1 : 0;
}

function askedOf(args: readonly string[]) {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      pairs: text,
      messages: text,
      symbols: text,
      levels: text,
      rate: text,
      seconds: text,
      only: text,
      'port-offset': text,
      'cpu-prof': text,
      quick: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  if (values.help === true) return 'help';
  const preset = values.quick === true ? QUICK : NORMAL;
  const pairs = wholeNumber('pairs', values.pairs ?? preset.pairs);
  const messages = wholeNumber('messages', values.messages ?? preset.messages);
  return {
    ...{ pairs, messages, parts: partsOf(values.only) },
    memory: {
      symbols: wholeNumber('symbols', values.symbols ?? preset.symbols),
      levels: wholeNumber('levels', values.levels ?? '5000'),
    },
    stream: {
      ...{ pairs, messages: Math.ceil(messages / 2), cpuProfiles: values['cpu-prof'] },
      seconds: wholeNumber('seconds', values.seconds ?? preset.seconds),
      perSecond: wholeNumber('rate', values.rate ?? '10000'),
      portOffset: wholeNumber('port-offset', values['port-offset'] ?? '19000'),
    },
  };
}

function partsOf(only: string | undefined): readonly Part[] {
  if (only === undefined) return PARTS;
  return only.split(',').map((name) => {
    const part = PARTS.find((one) => one === name);
    if (part === undefined) throw new RangeError(`--only=${only}: allowed are ${PARTS.join(', ')}`);
    return part;
  });
}

function wholeNumber(name: string, value: string): number {
  const number = Number(value);
  if (Number.isSafeInteger(number) && number > 0) return number;
  throw new RangeError(`--${name}=${value}: allowed is a whole number above 0`);
}
