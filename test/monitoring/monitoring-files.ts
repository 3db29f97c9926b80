import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

export const WORKSPACE = join(import.meta.dirname, '../..');
export const MONITORING = join(WORKSPACE, 'monitoring');

export interface Rule {
  readonly record?: string;
  readonly alert?: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface RuleFile {
  readonly groups: { readonly name: string; readonly interval?: string; readonly rules: readonly Rule[] }[];
}

export interface Target {
  readonly expr?: string;
  readonly refId: string;
  readonly datasource: { readonly type: string; readonly uid: string };
}

export interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly datasource?: { readonly uid: string };
  readonly gridPos: { readonly h: number; readonly w: number; readonly x: number; readonly y: number };
  readonly targets?: readonly Target[];
  readonly fieldConfig?: {
    readonly defaults: { readonly unit?: string; readonly links?: readonly { title: string; url: string }[] };
  };
}

export interface Variable {
  readonly name: string;
  readonly type: string;
  readonly allValue?: string;
  readonly query?: string | { readonly query: string };
  readonly datasource?: { readonly uid: string };
}

export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly description?: string;
  readonly panels: readonly Panel[];
  readonly links: readonly { readonly type: string; readonly url?: string; readonly tags?: readonly string[] }[];
  readonly tags: readonly string[];
  readonly templating: { readonly list: readonly Variable[] };
}

export function readText(path: string): string {
  return readFileSync(join(WORKSPACE, path), 'utf8');
}

export function readYaml<T>(path: string): T {
  return parse(readText(path)) as T;
}

/** Paths of the files of a folder below `monitoring/` that end so, relative to the workspace. */
export function filesOf(folder: string, ending: string): string[] {
  const names = readdirSync(join(MONITORING, folder)).filter((name) => name.endsWith(ending));
  return names.sort().map((name) => `monitoring/${folder}/${name}`);
}

export function rules(): Rule[] {
  return filesOf('prometheus/rules', '.yml').flatMap((path) =>
    readYaml<RuleFile>(path).groups.flatMap((group) => group.rules),
  );
}

export function alerts(): (Rule & { readonly alert: string })[] {
  return rules().filter((rule): rule is Rule & { alert: string } => rule.alert !== undefined);
}

export function dashboards(): Dashboard[] {
  return filesOf('grafana/dashboards', '.json').map((path) => JSON.parse(readText(path)) as Dashboard);
}

/** The panels that show something: rows are headings. */
export function panelsOf(dashboard: Dashboard): Panel[] {
  return dashboard.panels.filter(({ type }) => type !== 'row');
}

/** Every PromQL query of a dashboard's panels, with where it stands. */
export function queriesOf(dashboard: Dashboard): { readonly where: string; readonly expr: string }[] {
  return panelsOf(dashboard).flatMap(({ title, targets = [] }) =>
    targets.flatMap(({ refId, expr, datasource }) =>
      datasource.type === 'prometheus' ? [{ where: `${dashboard.title} / ${title} / ${refId}`, expr: expr ?? '' }] : [],
    ),
  );
}
