import { durationPairText, durationText } from './duration-text.ts';
import { parseExposition, type Sample } from './exposition.ts';
import { type Bucket, bucketsSince, type Quantile, quantileOf } from './histogram.ts';
import { type Column, tableLines } from './text-table.ts';

const HISTOGRAM = 'tickpath_stage_seconds';
const MAXIMUM = 'tickpath_stage_max_seconds';

/** How long a stage may take, in seconds. */
export interface Budget {
  readonly p50: number;
  readonly p99: number;
}

/** A stage of the path of an order; one without a budget is only shown. */
export interface Stage {
  readonly name: string;
  /** Who takes it. */
  readonly service?: string | undefined;
  readonly budget?: Budget | undefined;
}

/**
 * Whether a stage keeps its budget. A budget on the bound of a bucket is judged exactly; elsewhere the estimate decides,
 * which is only probable.
 */
export type Verdict = 'yes' | 'probably' | 'probably not' | 'no';

/** One stage of one service, as its buckets tell it; all times in seconds. */
export interface StageRow {
  readonly stage: string;
  readonly service: string | undefined;
  /** 0 also for a stage that no service which answered has. */
  readonly count: number;
  readonly p50: Quantile | undefined;
  readonly p99: Quantile | undefined;
  /** The longest since the service's start. */
  readonly max: number | undefined;
  readonly budget: Budget | undefined;
  readonly within: Verdict | undefined;
}

/** The text of `/metrics` by service, of those that answered. */
export type Scrapes = ReadonlyMap<string, string>;

/**
 * The stages in the given order, then those that only the scrapes know. With `before`, an earlier scrape, the counts and
 * quantiles are of what came since; the maxima are always since the start.
 */
export function stageRows(stages: readonly Stage[], now: Scrapes, before: Scrapes = new Map()): StageRow[] {
  const found = measuredStages(now);
  const earlier = measuredStages(before);
  const unlisted = [...new Set(found.map(({ stage }) => stage))].filter(
    (name) => !stages.some((each) => each.name === name),
  );
  return [...stages, ...unlisted.map((name): Stage => ({ name }))].flatMap(({ name, service, budget }) => {
    const measured = found.filter(({ stage }) => stage === name);
    if (measured.length === 0) return [rowOf({ stage: name, service, buckets: [], max: undefined }, budget)];
    return measured.map((each) => {
      const then = earlier.find(({ stage, service }) => stage === name && service === each.service);
      return rowOf({ ...each, buckets: bucketsSince(each.buckets, then?.buckets ?? []) }, budget);
    });
  });
}

interface Measured {
  readonly stage: string;
  readonly service: string | undefined;
  readonly buckets: readonly Bucket[];
  readonly max: number | undefined;
}

function measuredStages(scrapes: Scrapes): Measured[] {
  return [...scrapes].flatMap(([service, text]) => {
    const samples = parseExposition(text).filter(({ labels }) => labels.stage !== undefined);
    const byStage = Map.groupBy(samples, ({ labels }) => labels.stage ?? '');
    return [...byStage].map(([stage, own]) => ({ stage, service, ...measuredOf(own) }));
  });
}

function measuredOf(samples: readonly Sample[]): Pick<Measured, 'buckets' | 'max'> {
  const buckets = samples
    .filter(({ name }) => name === `${HISTOGRAM}_bucket`)
    .map(({ labels, value }) => ({
      le: labels.le === '+Inf' ? Number.POSITIVE_INFINITY : Number(labels.le),
      count: value,
    }));
  return { buckets, max: samples.find(({ name }) => name === MAXIMUM)?.value };
}

function rowOf({ stage, service, buckets, max }: Measured, budget: Budget | undefined): StageRow {
  const count = buckets.find(({ le }) => le === Number.POSITIVE_INFINITY)?.count ?? 0;
  const [p50, p99] = [quantileOf(0.5, buckets, max), quantileOf(0.99, buckets, max)];
  const isMeasured = budget !== undefined && p50 !== undefined && p99 !== undefined;
  const within = isMeasured ? worse(verdictOf(p50, budget.p50), verdictOf(p99, budget.p99)) : undefined;
  return { stage, service, count, p50, p99, max: count > 0 ? max : undefined, budget, within };
}

function verdictOf({ estimate, above, atMost }: Quantile, budget: number): Verdict {
  if (atMost <= budget) return 'yes';
  if (above >= budget) return 'no';
  return estimate <= budget ? 'probably' : 'probably not';
}

const VERDICTS: readonly Verdict[] = ['yes', 'probably', 'probably not', 'no'];

function worse(a: Verdict, b: Verdict): Verdict {
  return VERDICTS.indexOf(a) > VERDICTS.indexOf(b) ? a : b;
}

const COLUMNS: readonly Column[] = [
  { title: 'stage', align: 'left' },
  { title: 'service', align: 'left' },
  { title: 'count', align: 'right' },
  { title: 'p50', align: 'right' },
  { title: 'p99', align: 'right' },
  { title: 'max', align: 'right' },
  { title: 'budget p50/p99', align: 'right' },
  { title: 'within', align: 'left' },
];

const COUNT = new Intl.NumberFormat('en-US');

/** The rows as lines of text, the head first. */
export function stageTable(rows: readonly StageRow[]): string[] {
  const cells = rows.map(({ stage, service, count, p50, p99, max, budget, within }) => [
    stage,
    service ?? '-',
    COUNT.format(count),
    quantileText(p50),
    quantileText(p99),
    max === undefined ? '-' : durationText(max),
    budget === undefined ? '-' : durationPairText(budget.p50, budget.p99),
    within ?? '-',
  ]);
  return tableLines(COLUMNS, cells);
}

/** Of the lowest bucket only its upper bound is known, of one without an end only its lower. */
function quantileText(quantile: Quantile | undefined): string {
  if (quantile === undefined) return '-';
  const { estimate, above, atMost } = quantile;
  if (above === 0) return `≤ ${durationText(atMost)}`;
  return Number.isFinite(atMost) ? durationText(estimate) : `> ${durationText(above)}`;
}
