import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

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
}

/** A registry of its own with the process's and the event loop's metrics in it. A name taken twice throws. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: 'tickpath_' });
  const registers = [registry];
  return {
    registry,
    counter: (name, help, labelNames = []) =>
      new Counter({ name: checked(name), help, labelNames: [...labelNames], registers }),
    gauge: (name, help, labelNames = []) =>
      new Gauge({ name: checked(name), help, labelNames: [...labelNames], registers }),
    histogram: (name, help, buckets, labelNames = []) =>
      new Histogram({ name: checked(name), help, buckets: [...buckets], labelNames: [...labelNames], registers }),
  };
}

function checked(name: string): string {
  if (!/^tickpath_[a-z0-9_]+$/.test(name))
    throw new Error(`metric ${name}: a name is tickpath_ and lowercase snake case`);
  return name;
}
