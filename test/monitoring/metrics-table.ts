import { readText } from './monitoring-files.ts';

export interface DocumentedMetric {
  readonly name: string;
  readonly type: string;
  readonly labels: readonly string[];
  readonly services: readonly string[];
}

const EVERY = ['venue', 'market-data', 'store', 'signal', 'risk', 'execution'];

/** The tables of `docs/metrics.md`: metric, type, labels, unit, meaning; each below a heading that names its services. */
export function documentedMetrics(): DocumentedMetric[] {
  const [, ...sections] = readText('docs/metrics.md').split(/^## /m);
  return sections.flatMap((section) => {
    return section.split('\n').flatMap((line) => {
      const cells = line.split('|').map((cell) => cell.trim());
      const name = /^`(tickpath_\w+)`$/.exec(cells[1] ?? '')?.[1];
      if (name === undefined) return [];
      const labels = [...(cells[3] ?? '').matchAll(/`(\w+)`/g)].map(([, label]) => label ?? '');
      return [{ name, type: cells[2] ?? '', labels, services: servicesOf(section) }];
    });
  });
}

function servicesOf(section: string): readonly string[] {
  const [, named] = /^Served by: (.+)\.$/m.exec(section) ?? [];
  if (named === undefined) throw new Error(`docs/metrics.md: no "Served by:" below "${section.split('\n')[0]}"`);
  return named === 'every service' ? EVERY : named.split(', ');
}
