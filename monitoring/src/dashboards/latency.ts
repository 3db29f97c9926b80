import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import type { Dashboard, Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import { STAGES, type Stage } from '@tickpath/runtime';
import { dashboard, labelVariable, tracesOf } from '../dashboard.ts';
import { chart, heatmap, stat, table } from '../panels.ts';
import { orZero } from '../words.ts';

const P50 = 'service_stage:tickpath_stage_seconds:p50_5m';
const P99 = 'service_stage:tickpath_stage_seconds:p99_5m';
const P99_BUDGET = 'stage:tickpath_stage_seconds:p99_budget';

const whole = [
  stat({
    title: 'Tick to order, p50',
    description: 'Half of the orders are written to the venue within this time from the receipt of their tick (5 min).',
    unit: 's',
    span: 6,
    queries: [[`${P50}{stage="tick_to_order"}`, 'p50']],
    thresholds: overBudget(STAGES.tick_to_order.p50Seconds),
  }),
  stat({
    title: 'Tick to order, p99',
    description: 'All but one in a hundred orders are written within this time (5 min).',
    unit: 's',
    span: 6,
    queries: [[`${P99}{stage="tick_to_order"}`, 'p99']],
    thresholds: overBudget(STAGES.tick_to_order.p99Seconds),
  }),
  stat({
    title: 'Acknowledge, p99',
    description: 'From the request written to the first word of the venue: the venue and the network, not the stack.',
    unit: 's',
    span: 6,
    queries: [[`${P99}{stage="acknowledge"}`, 'p99']],
  }),
  stat({
    title: 'Fill, p99',
    description: 'From the request written to the last execution of an order.',
    unit: 's',
    span: 6,
    queries: [[`${P99}{stage="fill"}`, 'p99']],
  }),
  table({
    title: 'Stages against their budgets',
    description:
      'The table that `tickpath latency` prints: p50 and p99 of the last 5 minutes and the longest since the start, ' +
      'beside the budgets of DESIGN §13. `of budget` above 1 is too slow.',
    unit: 's',
    span: 24,
    height: 13,
    by: 'stage',
    queries: [
      [`max by (stage) (${P50}{service=~"$service"})`, 'p50'],
      [`max by (stage) (stage:tickpath_stage_seconds:p50_budget)`, 'p50 budget'],
      [`max by (stage) (${P99}{service=~"$service"})`, 'p99'],
      [`max by (stage) (${P99_BUDGET})`, 'p99 budget'],
      [`max by (stage) (tickpath_stage_max_seconds{service=~"$service"})`, 'longest'],
      [`max by (stage) (${P99}{service=~"$service"}) / max by (stage) (${P99_BUDGET})`, 'of budget'],
    ],
    units: { 'of budget': 'percentunit' },
    colored: ['of budget'],
    thresholds: [
      [0.8, 'orange'],
      [1, 'red'],
    ],
  }),
];

const courses = [
  chart({
    title: 'p99 of the budget',
    description: 'p99 of each stage that has a budget, as a share of it. Above 100 % it is too slow.',
    unit: 'percentunit',
    queries: [[`max by (stage) (${P99}{service=~"$service"}) / max by (stage) (${P99_BUDGET})`, '{{stage}}']],
    thresholds: [
      [0.8, 'orange'],
      [1, 'red'],
    ],
  }),
  chart({
    title: 'Observations',
    description: 'How often each stage was passed, a second. Few observations make a p99 that says little.',
    unit: 'ops',
    logarithmic: true,
    queries: [
      [`sum by (stage) (rate(tickpath_stage_seconds_count{service=~"$service"}[$__rate_interval]))`, '{{stage}}'],
    ],
  }),
  heatmap({
    title: 'Tick to order',
    description: 'Where the durations from tick to order lie. Two bands are two kinds of tick: hot, and just woken.',
    unit: 's',
    queries: [['sum by (le) (increase(tickpath_stage_seconds_bucket{stage="tick_to_order"}[1m]))', '{{le}}']],
    links: [tracesOf('signal')],
  }),
  heatmap({
    title: 'Risk check in the core',
    description: 'Where the durations of a check in the core of risk lie.',
    unit: 's',
    queries: [['sum by (le) (increase(tickpath_stage_seconds_bucket{stage="risk_check"}[1m]))', '{{le}}']],
  }),
];

const stages: Builder<Panel>[] = Object.entries(STAGES).map(([name, stage]: [string, Stage]) =>
  chart({
    title: name,
    description: `${stage.service}: ${stage.what}.${budgetText(stage)}`,
    unit: 's',
    span: 8,
    height: 7,
    queries: [
      [orZero(`max by (stage) (${P50}{stage="${name}"})`), 'p50'],
      [orZero(`max by (stage) (${P99}{stage="${name}"})`), 'p99'],
      ...(stage.p99Seconds === undefined ? [] : [[`${P99_BUDGET}{stage="${name}"}`, 'p99 budget'] as const]),
    ],
    thresholds: overBudget(stage.p99Seconds),
    links: [tracesOf(stage.service)],
  }),
);

/** Where the time goes on the way from tick to order, against the budgets. */
export function latency(): Dashboard {
  return dashboard({
    uid: 'tickpath-latency',
    title: 'Latency budget',
    description: 'Each stage of the path against the budgets of DESIGN §13.',
    variables: [labelVariable('service', 'Service', 'up{job="tickpath"}')],
    rows: [
      { title: 'The whole path', panels: whole },
      { title: 'Against the budget', panels: courses },
      { title: 'Each stage', panels: stages },
    ],
  });
}

function overBudget(seconds: number | undefined): readonly (readonly [number, string])[] {
  return seconds === undefined ? [] : [[seconds, 'red']];
}

function budgetText({ p50Seconds, p99Seconds }: Stage): string {
  if (p50Seconds === undefined || p99Seconds === undefined) return ' It has no budget.';
  return ` Budget: p50 ${micros(p50Seconds)}, p99 ${micros(p99Seconds)}.`;
}

function micros(seconds: number): string {
  return `${Math.round(seconds * 1e6)} µs`;
}
