/** What one reading of the services' metrics says; undefined where a service did not answer. */
export interface Reading {
  readonly atMs: number;
  readonly ticks: number | undefined;
  readonly intents: number | undefined;
  readonly orders: number | undefined;
  readonly fills: number | undefined;
  readonly equityUsd: number | undefined;
  readonly realizedUsd: number | undefined;
  readonly unrealizedUsd: number | undefined;
}

/** Which service's endpoint has which number. */
const SOURCES = {
  ticks: ['market-data', 'tickpath_market_data_ticks_total'],
  intents: ['signal', 'tickpath_signal_intents_total'],
  orders: ['execution', 'tickpath_execution_orders_total'],
  fills: ['execution', 'tickpath_execution_fills_total'],
  equityUsd: ['risk', 'tickpath_risk_equity_usd'],
  realizedUsd: ['risk', 'tickpath_risk_realized_pnl_usd'],
  unrealizedUsd: ['risk', 'tickpath_risk_unrealized_pnl_usd'],
} as const satisfies Record<string, readonly [string, string]>;

const AMOUNT = new Intl.NumberFormat('en-US', {
  minimumFractionDigits: 2,
  maximumFractionDigits: 2,
  signDisplay: 'negative',
});

export type SummaryService = (typeof SOURCES)[keyof typeof SOURCES][0];

export const SUMMARY_SERVICES: readonly SummaryService[] = [
  ...new Set(Object.values(SOURCES).map(([service]) => service)),
];

/** A reading from the text of each service's `/metrics`. */
export function readingOf(texts: ReadonlyMap<SummaryService, string>, atMs: number): Reading {
  const of = (key: keyof typeof SOURCES) => {
    const [service, metric] = SOURCES[key];
    return sumOf(texts.get(service) ?? '', metric);
  };
  return {
    atMs,
    ticks: of('ticks'),
    intents: of('intents'),
    orders: of('orders'),
    fills: of('fills'),
    equityUsd: of('equityUsd'),
    realizedUsd: of('realizedUsd'),
    unrealizedUsd: of('unrealizedUsd'),
  };
}

/** The line a trader reads every few seconds. The rate is that since the reading before. */
export function summaryText(reading: Reading, before: Reading | undefined): string {
  const { intents, orders, fills } = reading;
  const perSecond = rate(reading, before);
  return [
    `ticks/s ${perSecond === undefined ? '-' : perSecond.toFixed(0)}`,
    `intents ${intents ?? '-'}`,
    `orders ${orders ?? '-'}`,
    `fills ${fills ?? '-'}`,
    `equity ${usd(reading.equityUsd)}`,
    `realised ${usd(reading.realizedUsd)}`,
    `unrealised ${usd(reading.unrealizedUsd)}`,
  ].join('  ');
}

/** The sum of a metric's samples over all labels; undefined without a sample. */
export function sumOf(metricsText: string, metric: string): number | undefined {
  let sum: number | undefined;
  for (const line of metricsText.split('\n')) {
    if (!line.startsWith(metric)) continue;
    const value = /^(?:\{.*\})? (\S+)(?: \d+)?$/.exec(line.slice(metric.length))?.[1];
    if (value !== undefined) sum = (sum ?? 0) + Number(value);
  }
  return sum;
}

/** A counter that went back belongs to a restarted service and counts from zero. */
function rate(reading: Reading, before: Reading | undefined): number | undefined {
  if (reading.ticks === undefined || before?.ticks === undefined || reading.atMs <= before.atMs) return undefined;
  const since = reading.ticks >= before.ticks ? reading.ticks - before.ticks : reading.ticks;
  return since / ((reading.atMs - before.atMs) / 1000);
}

function usd(amount: number | undefined): string {
  if (amount === undefined || !Number.isFinite(amount)) return '-';
  return AMOUNT.format(amount);
}
