/** A median and what is known of it: it lies in `[low, high]` with probability `coverage`. */
export interface MedianInterval {
  readonly median: number;
  readonly low: number;
  readonly high: number;
  readonly coverage: number;
  readonly n: number;
}

/**
 * The median of a sample with its order-statistics interval: `[x(k), x(n+1−k)]` for the largest k whose coverage,
 * 1 − 2·P(Binomial(n, ½) < k), reaches the confidence. It assumes nothing of the distribution. Where even the whole
 * range does not reach it (n < 6 for 95 %), that range is given, and `coverage` says what it is worth.
 */
export function medianInterval(values: readonly number[], confidence = 0.95): MedianInterval {
  const sorted = values.toSorted((a, b) => a - b);
  const n = sorted.length;
  if (n === 0) return { median: Number.NaN, low: Number.NaN, high: Number.NaN, coverage: 0, n };
  let rank = 1;
  while (rank < (n + 1) / 2 && coverageOf(n, rank + 1) >= confidence) rank += 1;
  return {
    median: (at(sorted, Math.floor((n - 1) / 2)) + at(sorted, Math.ceil((n - 1) / 2))) / 2,
    low: at(sorted, rank - 1),
    high: at(sorted, n - rank),
    coverage: coverageOf(n, rank),
    n,
  };
}

/** Probability that the median lies between the rank-th smallest and the rank-th largest of n values. */
function coverageOf(n: number, rank: number): number {
  let tail = 0;
  let ways = 1;
  for (let successes = 0; successes < rank; successes += 1) {
    tail += ways / 2 ** n;
    ways = (ways * (n - successes)) / (successes + 1);
  }
  return Math.max(0, 1 - 2 * tail);
}

function at(sorted: readonly number[], index: number): number {
  return sorted[index] ?? Number.NaN;
}
