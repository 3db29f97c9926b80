import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { createStageMetrics } from './stage-metrics.ts';
import type { StageName } from './stages.ts';
import { VERSION } from './version.ts';

/** The metrics of one service. Names are given in full, `tickpath_…`, in base units (`_seconds`, `_bytes`, `_total`). */
export interface Metrics {
  readonly registry: Registry;
  counter<L extends string = string>(name: string, help: string, labelNames?: readonly L[]): Counter<L>;
  gauge<L extends string = string>(name: string, help: string, labelNames?: readonly L[]): Gauge<L>;
  histogram<L extends string = string>(
    name: string,
    help: string,
    buckets: readonly number[],
    labelNames?: readonly L[],
  ): Histogram<L>;
  /**
   * Resolves a stage once to the function that takes its durations in seconds (`tickpath_stage_seconds`,
   * `tickpath_stage_max_seconds`). Cheap enough for every tick: no labels are looked up, nothing is allocated.
   */
  stage(name: StageName): (seconds: number) => void;
  /**
   * Runs before each scrape, so that gauges which follow from a state are computed when someone looks and not when the
   * state changes. One that throws leaves its gauges as they were and spoils no other's.
   */
  beforeScrape(refresh: () => void): void;
}

export interface MetricsOptions {
  /** Told of what a refresh before a scrape threw. Without it the scrape fails. */
  readonly onRefreshError?: (error: unknown) => void;
}

/** A registry of its own with the process's and the event loop's metrics in it. A name taken twice throws. */
export function createMetrics({ onRefreshError }: MetricsOptions = {}): Metrics {
  const refreshes: (() => void)[] = [];
  const registry = new RefreshedRegistry(() => {
    for (const refresh of refreshes) {
      try {
        refresh();
      } catch (error) {
        if (onRefreshError === undefined) throw error;
        onRefreshError(error);
      }
    }
  });
  collectDefaultMetrics({ register: registry, prefix: 'tickpath_' });
  const registers = [registry];
  const metrics: Metrics = {
    registry,
    counter: (name, help, labelNames = []) =>
      new Counter({ name: checked(name), help, labelNames: [...labelNames], registers }),
    gauge: (name, help, labelNames = []) =>
      new Gauge({ name: checked(name), help, labelNames: [...labelNames], registers }),
    histogram: (name, help, buckets, labelNames = []) =>
      new Histogram({ name: checked(name), help, buckets: [...buckets], labelNames: [...labelNames], registers }),
    stage: createStageMetrics(registry).stage,
    beforeScrape: (refresh) => void refreshes.push(refresh),
  };
  metrics
    .gauge('tickpath_build_info', 'Always 1, with the version that runs', ['version'])
    .set({ version: VERSION }, 1);
  return metrics;
}

class RefreshedRegistry extends Registry {
  readonly #refresh: () => void;

  constructor(refresh: () => void) {
    super();
    this.#refresh = refresh;
  }

  override async metrics(): Promise<string> {
    this.#refresh();
    return super.metrics();
  }
}

function checked(name: string): string {
  if (!/^tickpath_[a-z0-9_]+$/.test(name))
    throw new Error(`metric ${name}: a name is tickpath_ and lowercase snake case`);
  return name;
}
