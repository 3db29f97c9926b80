import type { Metrics } from '@tickpath/runtime';
import type { Kind } from '@tickpath/wire';

/** What the store counts and measures. */
export interface StoreMetrics {
  /** Keeps a message of the market stream by `keep`, counted and now and then timed. */
  ingest(kind: Kind, keep: () => void): void;
  query(kind: Kind): void;
}

const QUERY_KINDS = ['barsQuery', 'streamsQuery', 'other'] as const;
/**
 * One message in so many is timed, since two readings of the clock cost a good part of what keeping a message does. A
 * prime, so that symbols which take turns are all timed.
 */
const TIMED_ONE_IN = 17;

export function createStoreMetrics(metrics: Metrics, view: { symbols(): number }): StoreMetrics {
  const messages = metrics.counter('tickpath_store_messages_total', 'Messages of the market stream kept', ['kind']);
  const queries = metrics.counter('tickpath_store_queries_total', 'Queries answered, refusals included', ['kind']);
  const symbols = metrics.gauge('tickpath_store_symbols', 'Symbols of which something is kept');
  const timeIngest = metrics.stage('ingest');
  for (const kind of QUERY_KINDS) queries.inc({ kind }, 0);
  metrics.beforeScrape(() => symbols.set(view.symbols()));
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
  };
}
