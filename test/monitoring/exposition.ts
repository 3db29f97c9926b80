export interface Family {
  readonly name: string;
  readonly type: string;
  /** Names of the labels of its samples, without `le`; sorted. Undefined while it has no sample. */
  readonly labels: readonly string[] | undefined;
  /** How many series Prometheus makes of it. */
  readonly series: number;
}

/** Reads Prometheus' text format into families. */
export function familiesIn(text: string): Map<string, Family> {
  const families = new Map<string, Family>();
  let current: Family | undefined;
  for (const line of text.split('\n')) {
    const [, name, type] = /^# TYPE (\S+) (\S+)$/.exec(line) ?? [];
    if (name !== undefined && type !== undefined) {
      current = { name, type, labels: undefined, series: 0 };
      families.set(name, current);
    } else if (current !== undefined && line !== '' && !line.startsWith('#')) {
      current = { ...current, series: current.series + 1, labels: labelNames(line, current.labels) };
      families.set(current.name, current);
    }
  }
  return families;
}

function labelNames(sample: string, known: readonly string[] = []): string[] {
  const names = [...sample.matchAll(/[{,]([a-zA-Z_]\w*)="/g)].map(([, name]) => name ?? '');
  return [...new Set([...known, ...names.filter((name) => name !== 'le')])].sort();
}
