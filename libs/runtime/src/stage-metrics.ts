import type { MetricObject, MetricValue, Registry } from 'prom-client';
import type { StageName } from './stages.ts';

/** Upper bounds in seconds: 1, 2 and 5 of every power of ten from a microsecond to a second. */
export const STAGE_BUCKETS: readonly number[] = [
  ...[-6, -5, -4, -3, -2, -1].flatMap((power) => [1, 2, 5].map((digit) => Number(`${digit}e${power}`))),
  1,
];

interface StageCounts {
  /** By bucket, not cumulative; the last one counts what is above every bound. */
  readonly buckets: Float64Array;
  count: number;
  sumSeconds: number;
  maxSeconds: number;
}

export interface StageMetrics {
  /** The function to call with every duration in seconds. Asked for twice, it counts into the same series. */
  stage(name: StageName): (seconds: number) => void;
}

/**
 * `tickpath_stage_seconds{stage}` and `tickpath_stage_max_seconds{stage}`. Some stages are passed with every tick, and
 * prom-client's histogram spends a microsecond per observation on labels that never change; so the counts are kept here
 * (tens of nanoseconds) and given to the registry when it is scraped. Two processes' clocks may differ by microseconds:
 * a duration below zero counts as zero. What is not a number is not counted.
 */
export function createStageMetrics(registry: Registry): StageMetrics {
  const stages = new Map<StageName, StageCounts>();
  const register = (metric: { name: string; help: string; type: string; values(): MetricValue<string>[] }) => {
    const { values, ...described } = metric;
    const get = async (): Promise<MetricObject> =>
      ({ ...described, values: values(), aggregator: 'sum' }) as unknown as MetricObject;
    registry.registerMetric({ ...described, get } as unknown as Parameters<Registry['registerMetric']>[0]);
  };
  const registerBoth = () => {
    register({
      name: 'tickpath_stage_seconds',
      help: 'Time a stage took',
      type: 'histogram',
      values: () => [...stages].flatMap(([stage, counts]) => histogramValues(stage, counts)),
    });
    register({
      name: 'tickpath_stage_max_seconds',
      help: 'Longest time a stage took since the start',
      type: 'gauge',
      values: () => [...stages].map(([stage, { maxSeconds }]) => ({ labels: { stage }, value: maxSeconds })),
    });
  };
  return {
    stage(name) {
      if (stages.size === 0) registerBoth();
      const known = stages.get(name);
      const counts = known ?? {
        buckets: new Float64Array(STAGE_BUCKETS.length + 1),
        count: 0,
        sumSeconds: 0,
        maxSeconds: 0,
      };
      stages.set(name, counts);
      return (duration) => {
        if (!Number.isFinite(duration)) return;
        const seconds = Math.max(duration, 0);
        const bucket = bucketOf(seconds);
        counts.buckets[bucket] = (counts.buckets[bucket] ?? 0) + 1;
        counts.count += 1;
        counts.sumSeconds += seconds;
        if (seconds > counts.maxSeconds) counts.maxSeconds = seconds;
      };
    },
  };
}

/** The index of the first bound that is not below the value. */
function bucketOf(seconds: number): number {
  let low = 0;
  let high = STAGE_BUCKETS.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((STAGE_BUCKETS[middle] ?? 0) < seconds) low = middle + 1;
    else high = middle;
  }
  return low;
}

function histogramValues(stage: StageName, { buckets, count, sumSeconds }: StageCounts): MetricValue<string>[] {
  const named = (suffix: string, value: number, le?: number | string) => ({
    metricName: `tickpath_stage_seconds_${suffix}`,
    labels: le === undefined ? { stage } : { le, stage },
    value,
  });
  let below = 0;
  const bounded = STAGE_BUCKETS.map((bound, index) => {
    below += buckets[index] ?? 0;
    return named('bucket', below, bound);
  });
  return [...bounded, named('bucket', count, '+Inf'), named('sum', sumSeconds), named('count', count)];
}
