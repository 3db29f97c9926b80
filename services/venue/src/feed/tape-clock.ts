import type { Pace } from './feed.ts';

/**
 * The time of a tape: runs `pace` times as fast as the wall clock while it is let run, and never past the next row. At pace
 * `max` it stands where it was last set.
 */
export interface TapeClock {
  nowNs(): bigint;
  /** The time up to which rows are due: later than `nowNs` while rows that were late are caught up with. */
  dueNs(): bigint;
  pace(): Pace;
  setPace(pace: Pace): void;
  run(): void;
  hold(): void;
  /** Sets the time, forward or back. */
  moveTo(tapeNs: bigint): void;
  /** The time that is not passed: that of the next row; `null` for none. */
  limitTo(tapeNs: bigint | null): void;
  /** Wall nanoseconds until the tape's time is `tapeNs`; 0 when it has come, `null` when it does not come by itself. */
  untilNs(tapeNs: bigint): bigint | null;
}

export function createTapeClock(start: { pace: Pace; tapeNs: bigint }, wallNs: () => bigint): TapeClock {
  let { pace } = start;
  let anchor = { tapeNs: start.tapeNs, wallNs: wallNs() };
  let isRunning = false;
  let limitNs: bigint | null = null;

  const dueNs = (): bigint => {
    if (!isRunning || pace === 'max') return anchor.tapeNs;
    return anchor.tapeNs + BigInt(Math.round(Number(wallNs() - anchor.wallNs) * pace));
  };
  const nowNs = (): bigint => {
    const ns = dueNs();
    return limitNs !== null && ns > limitNs ? (limitNs > anchor.tapeNs ? limitNs : anchor.tapeNs) : ns;
  };
  const anchorAt = (tapeNs: bigint): void => {
    anchor = { tapeNs, wallNs: wallNs() };
  };
  return {
    nowNs,
    dueNs,
    pace: () => pace,
    setPace(next) {
      anchorAt(nowNs());
      pace = next;
    },
    run() {
      if (isRunning) return;
      anchorAt(anchor.tapeNs);
      isRunning = true;
    },
    hold() {
      anchorAt(nowNs());
      isRunning = false;
    },
    moveTo: anchorAt,
    limitTo(tapeNs) {
      limitNs = tapeNs;
    },
    untilNs(tapeNs) {
      const left = tapeNs - dueNs();
      if (left <= 0n) return 0n;
      if (!isRunning || pace === 'max') return null;
      return BigInt(Math.ceil(Number(left) / pace));
    },
  };
}
