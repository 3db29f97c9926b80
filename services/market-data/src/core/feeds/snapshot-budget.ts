/** Snapshots of one book that are asked for in one span of time, and its length. */
export const SNAPSHOTS_A_SPAN = 5;
export const SPAN_NS = 10_000_000_000n;

/** How often the snapshot of one book may be asked for again. */
export interface SnapshotBudget {
  /** Undefined: it may be asked for now, and that is counted. Otherwise the time from which on it may. */
  take(nowNs: bigint): bigint | undefined;
}

/**
 * A venue whose snapshots are wrong each time, or cannot be read, would be asked as fast as it answers, and shuts out who
 * asks so often. What happens now and then is asked for at once.
 */
export function createSnapshotBudget(): SnapshotBudget {
  let untilNs: bigint | undefined;
  let asked = 0;
  return {
    take(nowNs) {
      if (untilNs === undefined || nowNs >= untilNs) {
        untilNs = nowNs + SPAN_NS;
        asked = 0;
      }
      if (asked === SNAPSHOTS_A_SPAN) return untilNs;
      asked += 1;
      return undefined;
    },
  };
}
