import type { Metrics } from '@tickpath/runtime';
import { isTerminal } from '@tickpath/trading';
import type { ExecutionOutput, ExecutionState } from './core/index.ts';

export interface ExecutionMetrics {
  submitted(): void;
  /** Counts an event of the execution log. */
  appended(kind: Extract<ExecutionOutput, { type: 'append' }>['kind']): void;
  venueFault(reason: string): void;
  updatesUp(up: boolean): void;
  readonly stages: {
    readonly submit: (seconds: number) => void;
    readonly tickToOrder: (seconds: number) => void;
    readonly acknowledge: (seconds: number) => void;
    readonly fill: (seconds: number) => void;
  };
}

const OPEN_STATES = ['PENDING_NEW', 'NEW', 'PARTIALLY_FILLED', 'PENDING_CANCEL', 'UNKNOWN'] as const;
const CLOSED = new Set(['OrderCanceled', 'OrderExpired', 'OrderRejected', 'OrderRefused']);

/** Registers execution's metrics; the gauges of open orders are computed when scraped. */
export function exportExecutionMetrics(metrics: Metrics, state: ExecutionState): ExecutionMetrics {
  const orders = metrics.counter('tickpath_execution_orders_total', 'Orders written to the venue');
  const fills = metrics.counter('tickpath_execution_fills_total', 'Executions');
  const closed = metrics.counter('tickpath_execution_closed_total', 'Orders closed without a complete fill', ['kind']);
  const unknown = metrics.counter(
    'tickpath_execution_unknown_total',
    'Orders of which it was not known if they arrived',
  );
  const faults = metrics.counter('tickpath_execution_venue_faults_total', 'Venue messages not read', ['reason']);
  const rebases = metrics.counter('tickpath_execution_rebases_total', 'Times the account was taken from the venue');
  // The taking that the log is in at the start; those that follow are news.
  if (state.rebase > 0) rebases.inc();
  const reconnects = metrics.counter('tickpath_execution_reconnects_total', "Connections to the venue's order updates");
  const up = metrics.gauge('tickpath_execution_updates_up', "1 while the venue's order updates are connected");
  const open = metrics.gauge('tickpath_execution_open_orders', 'Orders that can still fill, by OrdStatus', ['state']);
  metrics.beforeScrape(() => {
    const counts = new Map<string, number>(OPEN_STATES.map((name) => [name, 0]));
    for (const { status } of state.orders.values()) {
      if (!isTerminal(status)) counts.set(status, (counts.get(status) ?? 0) + 1);
    }
    for (const [name, count] of counts) open.set({ state: name }, count);
  });
  return {
    submitted: () => orders.inc(),
    appended(kind) {
      if (kind === 'OrderFilled') fills.inc();
      else if (kind === 'AccountRebased') rebases.inc();
      else if (kind === 'OrderUnknown') unknown.inc();
      else if (CLOSED.has(kind)) closed.inc({ kind });
    },
    venueFault: (reason) => faults.inc({ reason }),
    updatesUp(isUp) {
      up.set(isUp ? 1 : 0);
      if (isUp) reconnects.inc();
    },
    stages: {
      submit: metrics.stage('submit'),
      tickToOrder: metrics.stage('tick_to_order'),
      acknowledge: metrics.stage('acknowledge'),
      fill: metrics.stage('fill'),
    },
  };
}
