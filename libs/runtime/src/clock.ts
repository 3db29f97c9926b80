export interface Clock {
  /** Unix time in nanoseconds; never goes back and never jumps, whatever is done to the wall clock. */
  nowNs(): bigint;
}

/**
 * A monotonic clock anchored once on the wall clock. The anchor is the edge between two milliseconds of `Date.now()`,
 * found within one of them, so the clocks of two processes agree to some microseconds and not to a millisecond.
 */
export function createClock(): Clock {
  const before = Date.now();
  let edgeMs = before;
  while (edgeMs === before) edgeMs = Date.now();
  const offsetNs = BigInt(edgeMs) * 1_000_000n - process.hrtime.bigint();
  return { nowNs: () => process.hrtime.bigint() + offsetNs };
}
