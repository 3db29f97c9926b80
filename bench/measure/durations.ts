import { build, type Histogram } from 'hdr-histogram-js';

const LONGEST_NS = 60_000_000_000;

/** Percentiles in microseconds. */
export interface Percentiles {
  readonly count: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

/** Durations to three significant digits. */
export class Durations {
  readonly #histogram: Histogram = build({
    bitBucketSize: 64,
    lowestDiscernibleValue: 1,
    highestTrackableValue: LONGEST_NS,
    numberOfSignificantValueDigits: 3,
  });

  record(ns: number): void {
    this.#histogram.recordValue(Math.min(Math.max(0, Math.round(ns)), LONGEST_NS));
  }

  add(other: Durations): void {
    this.#histogram.add(other.#histogram);
  }

  percentiles(): Percentiles {
    const { totalCount: count, maxValue } = this.#histogram;
    const none = count === 0;
    // The histogram answers with the upper end of a bucket, which may lie above the largest value.
    const us = (percentile: number) =>
      none ? Number.NaN : Math.min(this.#histogram.getValueAtPercentile(percentile), maxValue) / 1e3;
    return { count, p50: us(50), p90: us(90), p99: us(99), max: us(100) };
  }
}
