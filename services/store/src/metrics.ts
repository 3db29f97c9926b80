import type { Metrics } from '@tickpath/runtime';
import type { Kind } from '@tickpath/wire';
import { ARCHIVED_LOGS, type ArchivedLog } from './core/index.ts';

/** What the store counts and measures. */
export interface StoreMetrics {
  /** Keeps a message of the market stream by `keep`, counted and now and then timed. */
  ingest(kind: Kind, keep: () => void): void;
  query(kind: Kind): void;
  archived(log: ArchivedLog, counts: { readonly events: number; readonly missing: number }): void;
}

/** What is computed when someone looks. */
export interface StoreView {
  symbols(): number;
  /** Events that a log is known to have and that are not archived yet. */
  logLag(log: ArchivedLog): number;
}

const QUERY_KINDS = ['barsQuery', 'streamsQuery', 'other'] as const;
/**
 * One message in so many is timed, since two readings of the clock cost a good part of what keeping a message does. A
 * prime, so that symbols which take turns are all timed.
 */
const TIMED_ONE_IN = 17;

export function createStoreMetrics(metrics: Metrics, view: StoreView): StoreMetrics {
  const messages = metrics.counter('tickpath_store_messages_total', 'Messages of the market stream kept', ['kind']);
  const queries = metrics.counter('tickpath_store_queries_total', 'Queries answered, refusals included', ['kind']);
  const symbols = metrics.gauge('tickpath_store_symbols', 'Symbols of which something is kept');
  const timeIngest = metrics.stage('ingest');
  for (const kind of QUERY_KINDS) queries.inc({ kind }, 0);
  const events = metrics.counter('tickpath_store_log_events_total', 'Events of a log archived', ['log']);
  const missing = metrics.counter(
    'tickpath_store_log_events_missing_total',
    'Events of a log that had gone before they were archived',
    ['log'],
  );
  const lag = metrics.gauge('tickpath_store_log_lag_events', 'Events of a log that are still to be archived', ['log']);
  for (const log of ARCHIVED_LOGS) {
    events.inc({ log }, 0);
    missing.inc({ log }, 0);
  }
  metrics.beforeScrape(() => {
    symbols.set(view.symbols());
    for (const log of ARCHIVED_LOGS) lag.set({ log }, view.logLag(log));
  });
  let untilTimed = 0;
  return {
    ingest(kind, keep) {
      messages.inc({ kind });
      if (untilTimed > 0) {
        untilTimed -= 1;
        return keep();
      }
      untilTimed = TIMED_ONE_IN - 1;
      const startNs = process.hrtime.bigint();
      keep();
      timeIngest(Number(process.hrtime.bigint() - startNs) / 1e9);
    },
    query: (kind) => queries.inc({ kind: QUERY_KINDS.find((known) => known === kind) ?? 'other' }),
    archived(log, counts) {
      events.inc({ log }, counts.events);
      missing.inc({ log }, counts.missing);
    },
  };
}
