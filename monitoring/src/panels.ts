import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog';
import {
  BigValueGraphMode,
  type DataSourceRef,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  ScaleDistribution,
  ScaleDistributionConfigBuilder,
  SortOrder,
  StackingConfigBuilder,
  StackingMode,
  TooltipDisplayMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import {
  type DashboardLink,
  DashboardLinkBuilder,
  DashboardLinkType,
  type DynamicConfigValue,
  MappingType,
  type Panel,
  type ThresholdsConfig,
  ThresholdsConfigBuilder,
  ThresholdsMode,
  type ValueMapping,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { PanelBuilder as HeatmapBuilder, YAxisConfigBuilder } from '@grafana/grafana-foundation-sdk/heatmap';
import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as StateTimelineBuilder } from '@grafana/grafana-foundation-sdk/statetimeline';
import { PanelBuilder as TableBuilder } from '@grafana/grafana-foundation-sdk/table';
import { PanelBuilder as TimeSeriesBuilder } from '@grafana/grafana-foundation-sdk/timeseries';
import { PROMETHEUS } from './data-sources.ts';

/** A query, and the name of its series: a legend of a chart, a column of a table. */
export type Query = readonly [expr: string, legend: string];

export interface Link {
  readonly title: string;
  readonly url: string;
}

export interface PanelOptions {
  readonly title: string;
  /** What a person reads off it, and what would be wrong. */
  readonly description: string;
  readonly unit: string;
  readonly queries: readonly Query[];
  /** Of the 24 columns of the grid. */
  readonly span?: number;
  readonly height?: number;
  readonly decimals?: number;
  readonly min?: number;
  readonly max?: number;
  /** Values from which a colour holds, rising; below the first one it is green. */
  readonly thresholds?: readonly (readonly [value: number, color: string])[];
  readonly links?: readonly Link[];
}

export interface ChartOptions extends PanelOptions {
  readonly stacked?: boolean;
  readonly logarithmic?: boolean;
}

/** What a number means, and its colour. */
export type Words = Readonly<Record<number, readonly [text: string, color: string]>>;

/** Lines over time. */
export function chart(options: ChartOptions): Builder<Panel> {
  const panel = begun(new TimeSeriesBuilder(), { span: 12, height: 8, ...options })
    .legend(
      new VizLegendOptionsBuilder()
        .displayMode(LegendDisplayMode.Table)
        .placement(LegendPlacement.Bottom)
        .showLegend(true)
        .calcs(['lastNotNull', 'max']),
    )
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending))
    .lineWidth(1)
    .fillOpacity(options.stacked ? 30 : 8)
    .spanNulls(60_000);
  if (options.stacked) panel.stacking(new StackingConfigBuilder().mode(StackingMode.Normal).group('A'));
  if (options.logarithmic) {
    panel.scaleDistribution(new ScaleDistributionConfigBuilder().type(ScaleDistribution.Log).log(10));
  }
  return options.queries.reduce((built, query, index) => built.withTarget(target(query, index)), panel);
}

/** One number now, with its course behind it. */
export function stat(options: PanelOptions & { readonly words?: Words }): Builder<Panel> {
  const panel = begun(new StatBuilder(), { span: 4, height: 4, ...options })
    .reduceOptions(new ReduceDataOptionsBuilder().values(false).calcs(['lastNotNull']).fields(''))
    .graphMode(options.words ? BigValueGraphMode.None : BigValueGraphMode.Area);
  if (options.words) panel.mappings([mapping(options.words)]);
  return options.queries.reduce((built, query, index) => built.withTarget(target(query, index)), panel);
}

/** States over time, one bar a series. */
export function states(options: PanelOptions & { readonly words: Words }): Builder<Panel> {
  const panel = begun(new StateTimelineBuilder(), { span: 12, height: 7, ...options })
    .mappings([mapping(options.words)])
    .mergeValues(true)
    .fillOpacity(80)
    .legend(new VizLegendOptionsBuilder().showLegend(false));
  return options.queries.reduce((built, query, index) => built.withTarget(target(query, index)), panel);
}

/** Where durations lie over time; the queries give buckets by `le`. */
export function heatmap(options: PanelOptions): Builder<Panel> {
  const panel = begun(new HeatmapBuilder(), { span: 12, height: 9, ...options })
    .calculate(false)
    .yAxis(new YAxisConfigBuilder().unit(options.unit));
  return options.queries.reduce(
    (built, query, index) => built.withTarget(target(query, index).format(PromQueryFormat.Heatmap)),
    panel,
  );
}

export interface TableOptions extends PanelOptions {
  /** The label that makes a row. */
  readonly by: string;
  /** Units of the columns that differ from the panel's, by legend. */
  readonly units?: Readonly<Record<string, string>>;
  /** Columns whose cells are coloured by the thresholds. */
  readonly colored?: readonly string[];
}

/** One row for each value of a label, one column a query, as of now. */
export function table(options: TableOptions): Builder<Panel> {
  const { by, queries, units = {}, colored = [] } = options;
  const panel = begun(new TableBuilder(), { span: 12, height: 9, ...options });
  queries.forEach((query, index) => {
    panel.withTarget(target(query, index).format(PromQueryFormat.Table).instant());
  });
  const names = Object.fromEntries(
    queries.map(([, legend], index) => [queries.length === 1 ? 'Value' : `Value #${refId(index)}`, legend]),
  );
  panel.withTransformation({ id: 'joinByField', options: { byField: by, mode: 'outer' } });
  panel.withTransformation({
    id: 'organize',
    options: { excludeByName: excludedTimes(queries.length), renameByName: names },
  });
  for (const [column, unit] of Object.entries(units)) panel.overrideByName(column, [{ id: 'unit', value: unit }]);
  const cell: DynamicConfigValue = { id: 'custom.cellOptions', value: { type: 'color-background', mode: 'basic' } };
  for (const column of colored) panel.overrideByName(column, [cell]);
  return panel;
}

/** Joined frames number their time columns. */
function excludedTimes(frames: number): Record<string, boolean> {
  const numbered = Array.from({ length: frames }, (_, index) => [`Time ${index + 1}`, true]);
  return { Time: true, ...Object.fromEntries(numbered) };
}

function target([expr, legend]: Query, index: number): DataqueryBuilder {
  return new DataqueryBuilder().datasource(PROMETHEUS).expr(expr).legendFormat(legend).refId(refId(index)).range();
}

function refId(index: number): string {
  return String.fromCharCode('A'.charCodeAt(0) + index);
}

function mapping(words: Words): ValueMapping {
  const options = Object.entries(words).map(([value, [text, color]], index) => [value, { text, color, index }]);
  return { type: MappingType.ValueToText, options: Object.fromEntries(options) };
}

/** What every kind of panel's builder can do. */
interface Common<B> {
  title(title: string): B;
  description(description: string): B;
  unit(unit: string): B;
  span(columns: number): B;
  height(rows: number): B;
  decimals(decimals: number): B;
  min(min: number): B;
  max(max: number): B;
  datasource(datasource: DataSourceRef): B;
  thresholds(thresholds: Builder<ThresholdsConfig>): B;
  dataLinks(links: Builder<DashboardLink>[]): B;
  withTarget(target: Builder<Dataquery>): B;
}

function begun<B extends Common<B>>(panel: B, options: PanelOptions & { span: number; height: number }): B {
  const { thresholds = [], links = [], decimals, min, max } = options;
  panel
    .title(options.title)
    .description(options.description)
    .unit(options.unit)
    .span(options.span)
    .height(options.height)
    .datasource(PROMETHEUS)
    .thresholds(
      new ThresholdsConfigBuilder()
        .mode(ThresholdsMode.Absolute)
        .steps([{ value: null, color: 'green' }, ...thresholds.map(([value, color]) => ({ value, color }))]),
    );
  if (decimals !== undefined) panel.decimals(decimals);
  if (min !== undefined) panel.min(min);
  if (max !== undefined) panel.max(max);
  if (links.length > 0) panel.dataLinks(links.map(dataLink));
  return panel;
}

export function dataLink({ title, url }: Link): DashboardLinkBuilder {
  return new DashboardLinkBuilder(title).type(DashboardLinkType.Link).url(url).targetBlank(true);
}
