import { type MedianInterval, medianInterval } from '../measure/median-interval.ts';
import { table } from '../measure/table.ts';

/** A ratio of two things measured one after the other, over all pairs. */
export interface Ratio {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

export interface Verdict {
  readonly what: string;
  readonly found: number;
  readonly allowed: number;
  /** Whether it is kept by what is found up to the bound, or from it on. */
  readonly sense: 'at most' | 'at least';
  readonly unit: string;
}

/** One part of the bench: a table, and the same for machines. */
export interface Section {
  readonly rows: readonly (readonly string[])[];
  readonly results: Readonly<Record<string, number>>;
  readonly baseline: Readonly<Record<string, number>>;
  readonly ratios: Readonly<Record<string, Ratio>>;
  readonly verdicts: readonly Verdict[];
  /** Messages that did not come through. */
  readonly lost?: number;
}

export function ratioOf(samples: readonly number[]): Ratio {
  const { median, low, high }: MedianInterval = medianInterval(samples);
  return { median: rounded(median), low: rounded(low), high: rounded(high) };
}

export function medianOf(samples: readonly number[]): number {
  return rounded(medianInterval(samples).median);
}

export function ratioText({ median, low, high }: Ratio): string {
  return `${median} (${low}–${high})`;
}

/** Three digits say more than such measurements do. */
export function rounded(value: number): number {
  return Number(value.toPrecision(3));
}

export function isKept({ found, allowed, sense }: Verdict): boolean {
  return sense === 'at most' ? found <= allowed : found >= allowed;
}

export function textOf({ rows, verdicts }: Section): string {
  const lines = verdicts.map((verdict) => {
    const { what, found, allowed, sense, unit } = verdict;
    return `${isKept(verdict) ? 'kept  ' : 'MISSED'}  ${what}: found ${found} ${unit}, allowed ${sense} ${allowed}`;
  });
  return `${table(rows)}\n${lines.join('\n')}\n`;
}

/** Runs every variant once a pair; who is first changes from pair to pair. */
export async function interleaved<Name extends string, Round>(
  names: readonly Name[],
  pairs: number,
  run: (name: Name, pair: number) => Round | Promise<Round>,
): Promise<Record<Name, Round[]>> {
  const rounds = Object.fromEntries(names.map((name) => [name, [] as Round[]])) as Record<Name, Round[]>;
  for (let pair = 0; pair < pairs; pair += 1) {
    const first = pair % names.length;
    for (const name of [...names.slice(first), ...names.slice(0, first)]) rounds[name].push(await run(name, pair));
  }
  return rounds;
}
