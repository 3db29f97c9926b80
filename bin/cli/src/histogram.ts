/** The buckets of a histogram as Prometheus counts them: `count` observations were at most `le`. */
export interface Bucket {
  readonly le: number;
  readonly count: number;
}

/** Where a quantile lies: certainly above `above` and at most `atMost`; `estimate` is a guess between. */
export interface Quantile {
  readonly estimate: number;
  readonly above: number;
  readonly atMost: number;
}

/**
 * A quantile of a histogram, by linear interpolation within the bucket that holds its rank, from 0 in the lowest one:
 * Prometheus' `histogram_quantile` for classic histograms (prometheus.io/docs/prometheus/latest/querying/functions).
 * Unlike there, a bucket ends at `max`, the largest value observed, if that is lower, so that the last one has an end.
 * Undefined without observations. Buckets in any order, `+Inf` among them; observations ≥ 0.
 */
export function quantileOf(
  q: number,
  buckets: readonly Bucket[],
  max = Number.POSITIVE_INFINITY,
): Quantile | undefined {
  const sorted = buckets.toSorted((a, b) => a.le - b.le);
  const total = sorted.at(-1)?.count ?? 0;
  if (sorted.at(-1)?.le !== Number.POSITIVE_INFINITY || !(total > 0)) return undefined;
  const rank = q * total;
  // The one with the rank in it; an empty bucket holds none, also not rank 0.
  const index = sorted.findIndex(({ count }) => count >= rank && count > 0);
  const bucket = sorted[index];
  if (bucket === undefined) return undefined;
  const above = sorted[index - 1]?.le ?? 0;
  const before = sorted[index - 1]?.count ?? 0;
  const atMost = Math.max(above, Math.min(bucket.le, max));
  if (!Number.isFinite(atMost)) return { estimate: above, above, atMost };
  const estimate = above + (atMost - above) * ((rank - before) / (bucket.count - before));
  return { estimate, above, atMost };
}

/** What was counted since an earlier scrape. Counts that went back belong to a restarted process: all are new. */
export function bucketsSince(buckets: readonly Bucket[], before: readonly Bucket[]): readonly Bucket[] {
  const counted = new Map(before.map(({ le, count }) => [le, count]));
  const isSame = buckets.every(({ le, count }) => count >= (counted.get(le) ?? 0));
  return isSame ? buckets.map(({ le, count }) => ({ le, count: count - (counted.get(le) ?? 0) })) : buckets;
}
