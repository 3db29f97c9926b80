export interface Clock {
  /** Unix time in nanoseconds; never goes back and never jumps, whatever is done to the wall clock. */
  nowNs(): bigint;
}

const MS = 1_000_000n;
/** Good enough for stamps of different processes to be compared. */
const NARROW_NS = 10_000n;
const LONGEST_NS = 50n * MS;

/** Readings of the two clocks, the monotonic one before and after the other, in nanoseconds and milliseconds. */
export interface ClockReading {
  readonly beforeNs: bigint;
  readonly wallMs: number;
  readonly afterNs: bigint;
}

/**
 * A monotonic clock anchored once on the wall clock, which shows no more than milliseconds. Every reading bounds the
 * distance of the two clocks from both sides; readings are taken until the bounds are 10 µs apart, or for 50 ms. A pause
 * of the process amid a reading widens that reading only, so the clocks of processes that start on a busy machine agree.
 */
export function createClock(read: () => ClockReading = readClocks): Clock {
  const { beforeNs: startedNs } = read();
  let lowNs: bigint | undefined;
  let highNs: bigint | undefined;
  while (lowNs === undefined || highNs === undefined || highNs - lowNs > NARROW_NS) {
    const { beforeNs, wallMs, afterNs } = read();
    // The wall clock showed wallMs at some moment from beforeNs to afterNs, and was less than a millisecond past it.
    const low = BigInt(wallMs) * MS - afterNs;
    const high = BigInt(wallMs + 1) * MS - beforeNs;
    // Bounds that do not meet mean that the wall clock was set meanwhile: what was read before counts no more.
    const apart = lowNs !== undefined && highNs !== undefined && (low > highNs || high < lowNs);
    lowNs = lowNs === undefined || apart || low > lowNs ? low : lowNs;
    highNs = highNs === undefined || apart || high < highNs ? high : highNs;
    if (afterNs - startedNs > LONGEST_NS) break;
  }
  const offsetNs = (lowNs + highNs) / 2n;
  return { nowNs: () => process.hrtime.bigint() + offsetNs };
}

function readClocks(): ClockReading {
  const beforeNs = process.hrtime.bigint();
  const wallMs = Date.now();
  return { beforeNs, wallMs, afterNs: process.hrtime.bigint() };
}
