/**
 * The last values of a series, in order of arrival and in order of size. A value comes or goes by binary search and one
 * native move within the sorted array (at most 8 bytes a value), the median is one look, and the median deviation is
 * found by binary search as well.
 */
export interface ValueWindow {
  /** A ring once it is full. */
  readonly arrived: Float64Array;
  readonly sorted: Float64Array;
  count: number;
  next: number;
}

/** Throws `RangeError` for a capacity that is not a whole number above 0. */
export function valueWindow(capacity: number): ValueWindow {
  if (!(Number.isSafeInteger(capacity) && capacity > 0)) {
    throw new RangeError(`window of ${capacity} values: allowed is a whole number above 0`);
  }
  return { arrived: new Float64Array(capacity), sorted: new Float64Array(capacity), count: 0, next: 0 };
}

export function isFull({ arrived, count }: ValueWindow): boolean {
  return count === arrived.length;
}

/** Adds a finite value; from a full window the oldest goes. */
export function pushValue(window: ValueWindow, value: number): void {
  const { arrived, sorted } = window;
  if (isFull(window)) {
    const oldest = firstAtLeast(window, arrived[window.next] as number);
    window.count -= 1;
    sorted.copyWithin(oldest, oldest + 1, window.count + 1);
  }
  const index = firstAtLeast(window, value);
  sorted.copyWithin(index + 1, index, window.count);
  sorted[index] = value;
  window.count += 1;
  arrived[window.next] = value;
  window.next = (window.next + 1) % arrived.length;
}

/** The middle value, of an even number the mean of the two in the middle; NaN of an empty window. */
export function medianOf({ sorted, count }: ValueWindow): number {
  const middle = count >>> 1;
  const upper = sorted[middle] as number;
  if (count === 0) return Number.NaN;
  return count % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2;
}

/** Median of the distances of the values from `center`; NaN of an empty window. */
export function medianDeviation(window: ValueWindow, center: number): number {
  const { count } = window;
  if (count === 0) return Number.NaN;
  const split = firstAtLeast(window, center);
  const middle = count >>> 1;
  const upper = deviationAt(window, { center, split, rank: middle });
  return count % 2 === 1 ? upper : (deviationAt(window, { center, split, rank: middle - 1 }) + upper) / 2;
}

interface Rank {
  readonly center: number;
  /** Values below `split` in the sorted array are below the center. */
  readonly split: number;
  /** 0 for the smallest distance. */
  readonly rank: number;
}

/**
 * The distance of a rank: distances below the center, read downwards, and those from it on, read upwards, both rise, and
 * of two rising sequences it takes a binary search for how many of the smallest `rank + 1` come from the first.
 */
function deviationAt({ sorted, count }: ValueWindow, { center, split, rank }: Rank): number {
  const below = (i: number) => center - (sorted[split - 1 - i] as number);
  const above = (i: number) => (sorted[split + i] as number) - center;
  let low = Math.max(0, rank + 1 - (count - split));
  let high = Math.min(rank + 1, split);
  while (low < high) {
    const taken = (low + high) >>> 1;
    if (below(taken) < above(rank - taken)) low = taken + 1;
    else high = taken;
  }
  const largestBelow = low > 0 ? below(low - 1) : 0;
  const largestAbove = low <= rank ? above(rank - low) : 0;
  return Math.max(largestBelow, largestAbove);
}

function firstAtLeast({ sorted, count }: ValueWindow, value: number): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] as number) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
