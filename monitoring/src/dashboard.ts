import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import {
  AnnotationQueryBuilder,
  ConstantVariableBuilder,
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  type Panel,
  QueryVariableBuilder,
  RowBuilder,
  type VariableModel,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { PROMETHEUS } from './data-sources.ts';
import type { Link } from './panels.ts';

const TAG = 'tickpath';
/** Where a browser reaches Jaeger: Compose publishes it on loopback. */
const JAEGER_URL = 'http://localhost:16686';

export interface Row {
  readonly title: string;
  readonly panels: readonly Builder<Panel>[];
}

export interface DashboardOptions {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly rows: readonly Row[];
  readonly variables?: readonly Builder<VariableModel>[];
}

/** A dashboard with what all of them share: links to the others and to Jaeger, the firing alerts as annotations. */
export function dashboard({ uid, title, description, rows, variables = [] }: DashboardOptions): Dashboard {
  const builder = new DashboardBuilder(`Tickpath · ${title}`)
    .uid(uid)
    .description(description)
    .tags([TAG])
    .timezone('browser')
    .time({ from: 'now-30m', to: 'now' })
    .refresh('10s')
    .tooltip(DashboardCursorSync.Crosshair)
    .link(
      new DashboardLinkBuilder('Tickpath')
        .type(DashboardLinkType.Dashboards)
        .tags([TAG])
        .asDropdown(false)
        .includeVars(false)
        .keepTime(true),
    )
    .link(
      new DashboardLinkBuilder('Jaeger')
        .type(DashboardLinkType.Link)
        .icon('external link')
        .url(JAEGER_URL)
        .targetBlank(true),
    )
    .annotation(
      new AnnotationQueryBuilder()
        .name('Alerts')
        .datasource(PROMETHEUS)
        .enable(true)
        .iconColor('red')
        .expr('ALERTS{alertstate="firing", severity!="info"}'),
    )
    .withVariable(new ConstantVariableBuilder('jaeger').value(JAEGER_URL));
  for (const variable of variables) builder.withVariable(variable);
  for (const row of rows) {
    builder.withRow(new RowBuilder(row.title));
    for (const panel of row.panels) builder.withPanel(panel);
  }
  const built = builder.build();
  (built.panels ?? []).forEach((panel, index) => {
    panel.id = index + 1;
  });
  // The builder hides links in a menu unless told otherwise, and cannot be told.
  for (const link of built.links ?? []) delete link.placement;
  return built;
}

/** A variable with the values of a label; all of them unless some are chosen. */
export function labelVariable(name: string, label: string, selector: string): Builder<VariableModel> {
  const query = `label_values(${selector}, ${name})`;
  return new QueryVariableBuilder(name)
    .label(label)
    .datasource(PROMETHEUS)
    .query({ query, refId: 'variable' })
    .definition(query)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.AlphabeticalAsc)
    .multi(true)
    .includeAll(true)
    .allValue('.*')
    .current({ selected: true, text: 'All', value: '$__all' });
}

/** Opens Jaeger's search for what a service did in the period shown. Jaeger takes microseconds. */
export function tracesOf(service: string): Link {
  const url = `\${jaeger}/search?service=${service}&limit=50&start=\${__from}000&end=\${__to}000`;
  return { title: `Traces of this period (${service})`, url };
}
