import { parseArgs } from 'node:util';

export const JOURNAL_ACTIONS = ['ls', 'cat', 'verify', 'export'] as const;
export type JournalAction = (typeof JOURNAL_ACTIONS)[number];

/** One end of a range: a number of the journal, or a time in Unix nanoseconds. Both ends belong to the range. */
export type Bound = { readonly seq: number } | { readonly tsNs: bigint };

/** Which events are wanted. An empty list of streams or types wants them all. */
export interface EventFilter {
  readonly streams: readonly string[];
  readonly types: readonly string[];
  readonly from: Bound | undefined;
  readonly to: Bound | undefined;
}

export interface JournalArguments {
  readonly action: JournalAction;
  readonly dir: string;
  readonly filter: EventFilter;
  readonly follow: boolean;
  readonly json: boolean;
  /** Where an export goes. */
  readonly out: string | undefined;
}

const OPTIONS = {
  stream: { type: 'string', multiple: true },
  type: { type: 'string', multiple: true },
  from: { type: 'string' },
  to: { type: 'string' },
  follow: { type: 'boolean' },
  json: { type: 'boolean' },
  out: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

const ALLOWED: Readonly<Record<JournalAction, readonly (keyof typeof OPTIONS)[]>> = {
  ls: ['json'],
  cat: ['stream', 'type', 'from', 'to', 'follow'],
  verify: ['json'],
  export: ['out'],
};

/** `YYYY-MM-DDThh:mm:ss[.fraction]Z`, or with an offset; the fraction to the nanosecond. */
const RFC_3339 = /^(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)$/;
const NS_PER_MS = 1_000_000n;
const FRACTION_DIGITS = 9;

/** Reads what stands behind `tickpath journal`. */
export function parseJournalArguments(
  argv: readonly string[],
): JournalArguments | { readonly fault: string } | { readonly help: true } {
  try {
    const { values, positionals } = parseArgs({ args: [...argv], allowPositionals: true, options: OPTIONS });
    if (values.help === true) return { help: true };
    const [name, dir, ...more] = positionals;
    const action = JOURNAL_ACTIONS.find((each) => each === name);
    if (action === undefined) {
      return {
        fault: `${name === undefined ? 'nothing to do' : `unknown: ${name}`}; there are ${JOURNAL_ACTIONS.join(', ')}`,
      };
    }
    if (dir === undefined || dir === '') return { fault: 'no folder and no journal given' };
    if (more.length > 0) return { fault: `more than one folder: ${[dir, ...more].join(', ')}` };
    const given = Object.keys(values) as (keyof typeof OPTIONS)[];
    const foreign = given.find((option) => !ALLOWED[action].includes(option));
    if (foreign !== undefined) return { fault: `--${foreign} means nothing to journal ${action}` };
    if (values.follow === true && values.to !== undefined)
      return { fault: '--follow has no end: --to means nothing to it' };
    const [from, to] = [boundOf('from', values.from), boundOf('to', values.to)];
    if (from !== undefined && 'fault' in from) return from;
    if (to !== undefined && 'fault' in to) return to;
    const filter = { streams: values.stream ?? [], types: values.type ?? [], from, to };
    return { action, dir, filter, follow: values.follow === true, json: values.json === true, out: values.out };
  } catch (error) {
    return { fault: (error as Error).message.split('. ')[0] ?? '' };
  }
}

function boundOf(option: string, text: string | undefined): Bound | { readonly fault: string } | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,15}$/.test(text)) return { seq: Number(text) };
  const tsNs = unixNs(text);
  if (tsNs !== undefined) return { tsNs };
  return {
    fault: `--${option}: found ${JSON.stringify(text)}; allowed: a number of the journal, or a time such as 2026-01-31T14:30:00.5Z`,
  };
}

/** The Unix time of an RFC 3339 text in nanoseconds. */
export function unixNs(text: string): bigint | undefined {
  const [, day, time, fraction = '', zone] = RFC_3339.exec(text) ?? [];
  if (day === undefined || zone === undefined) return undefined;
  const ms = Date.parse(`${day}T${time}${zone.toUpperCase()}`);
  if (Number.isNaN(ms)) return undefined;
  return BigInt(ms) * NS_PER_MS + BigInt(fraction.padEnd(FRACTION_DIGITS, '0'));
}

/** A Unix time as RFC 3339 text in UTC, with all nine digits. */
export function rfc3339(tsNs: bigint): string {
  const ms = tsNs / NS_PER_MS - (tsNs % NS_PER_MS < 0n ? 1n : 0n);
  const text = new Date(Number(ms)).toISOString();
  const belowMs = String(tsNs - ms * NS_PER_MS).padStart(6, '0');
  return `${text.slice(0, -1)}${belowMs}Z`;
}
