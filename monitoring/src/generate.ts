import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { alertmanagerFiles } from './alertmanager-config.ts';
import { budgetRulesYaml } from './budget-rules.ts';
import { dashboards } from './dashboard-list.ts';
import { dashboardProviderYaml, dataSourcesYaml } from './data-sources.ts';
import { composePrometheusYaml, hostPrometheusYaml } from './prometheus-config.ts';

/**
 * Writes every file of `monitoring/` that has its source in code: dashboards, data sources, Prometheus' and
 * Alertmanager's configuration, the budgets as rules. With `--check` it writes nothing, names each file that is not what
 * the code gives, and ends with 1 if there is one.
 */
const ROOT = join(import.meta.dirname, '..');
const HEADER = '# Written by `pnpm --filter @tickpath/monitoring generate`; its source is monitoring/src.\n';

const files = new Map<string, string>();
for (const [path, text] of [
  ['prometheus/prometheus.yml', composePrometheusYaml()],
  ['prometheus/prometheus.host.yml', hostPrometheusYaml()],
  ['prometheus/rules/budgets.yml', budgetRulesYaml()],
  ['grafana/provisioning/datasources/tickpath.yml', dataSourcesYaml()],
  ['grafana/provisioning/dashboards/tickpath.yml', dashboardProviderYaml()],
  ...[...alertmanagerFiles()].map(([name, yaml]) => [`alertmanager/${name}`, yaml] as const),
] as const) {
  files.set(path, HEADER + text);
}
for (const dashboard of dashboards()) {
  files.set(`grafana/dashboards/${dashboard.uid}.json`, `${JSON.stringify(dashboard, null, 2)}\n`);
}

const strays = readdirSync(join(ROOT, 'grafana/dashboards'))
  .map((name) => `grafana/dashboards/${name}`)
  .filter((path) => !files.has(path));
const different = [...files].filter(([path, text]) => text !== textOf(path)).map(([path]) => path);

if (process.argv.includes('--check')) {
  for (const path of different) process.stdout.write(`monitoring/${path} is not what the code gives\n`);
  for (const path of strays) process.stdout.write(`monitoring/${path} has no source\n`);
  process.exitCode = different.length + strays.length === 0 ? 0 : 1;
} else {
  for (const path of different) {
    mkdirSync(dirname(join(ROOT, path)), { recursive: true });
    writeFileSync(join(ROOT, path), files.get(path) ?? '');
    process.stdout.write(`wrote monitoring/${path}\n`);
  }
  for (const path of strays) process.stdout.write(`monitoring/${path} has no source: delete it\n`);
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(join(ROOT, path), 'utf8');
  } catch {
    return undefined;
  }
}
