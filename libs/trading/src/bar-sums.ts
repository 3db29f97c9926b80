import type { BarRule } from './bar-conditions.ts';

/** What bars need of a trade; price and size in units of the instrument, time in Unix ns of the venue's clock. */
export interface PricedTrade {
  readonly tsNs: bigint;
  readonly px: number;
  readonly sz: number;
}

/**
 * What a set of trades comes to in a bar, in units of the instrument. It does not depend on the order in which trades of
 * different times were added, and two sums of different times can be merged: so a minute is the same from its trades and
 * from its seconds, and a late trade finds its place.
 */
export interface BarSum {
  /** Trades that moved prices; while it is 0 the four prices mean nothing. */
  priced: number;
  /** Price of the earliest trade that moves prices; of the same time, the first to come. */
  open: number;
  openNs: bigint;
  high: number;
  low: number;
  /** Price of the latest trade that moves the close always; while there is none (`closes` is 0) the open stands for it. */
  closes: number;
  close: number;
  closeNs: bigint;
  /** Volume is `volumeUnits + volumeCarried`: the number is always a safe integer. */
  volumeUnits: number;
  volumeCarried: bigint;
  /** Trades that counted in the volume. */
  tradeCount: number;
}

export function emptySum(): BarSum {
  return {
    priced: 0,
    open: 0,
    openNs: 0n,
    high: 0,
    low: 0,
    closes: 0,
    close: 0,
    closeNs: 0n,
    volumeUnits: 0,
    volumeCarried: 0n,
    tradeCount: 0,
  };
}

/**
 * Adds a trade. A rule's `first` (it moves open and close only while the bar has none) is read by the time of trades, not
 * by their arrival: the open if it is the earliest, the close if no trade moves that always.
 */
export function addToSum(sum: BarSum, { tsNs, px, sz }: PricedTrade, rule: BarRule): void {
  if (rule.volume) {
    addVolume(sum, sz);
    sum.tradeCount += 1;
  }
  if (rule.openClose === 'never') return;
  if (sum.priced === 0 || tsNs < sum.openNs) {
    sum.open = px;
    sum.openNs = tsNs;
  }
  if (sum.priced === 0 || px > sum.high) sum.high = px;
  if (sum.priced === 0 || px < sum.low) sum.low = px;
  sum.priced += 1;
  if (rule.openClose === 'first') return;
  if (sum.closes === 0 || tsNs >= sum.closeNs) {
    sum.close = px;
    sum.closeNs = tsNs;
  }
  sum.closes += 1;
}

/** Adds a sum of other times. */
export function mergeSum(sum: BarSum, other: BarSum): void {
  addVolume(sum, other.volumeUnits);
  sum.volumeCarried += other.volumeCarried;
  sum.tradeCount += other.tradeCount;
  if (other.priced > 0) {
    if (sum.priced === 0 || other.openNs < sum.openNs) {
      sum.open = other.open;
      sum.openNs = other.openNs;
    }
    if (sum.priced === 0 || other.high > sum.high) sum.high = other.high;
    if (sum.priced === 0 || other.low < sum.low) sum.low = other.low;
    sum.priced += other.priced;
  }
  if (other.closes > 0) {
    if (sum.closes === 0 || other.closeNs >= sum.closeNs) {
      sum.close = other.close;
      sum.closeNs = other.closeNs;
    }
    sum.closes += other.closes;
  }
}

export function closeOf(sum: BarSum): number {
  return sum.closes > 0 ? sum.close : sum.open;
}

export function volumeOf(sum: BarSum): bigint {
  return sum.volumeCarried + BigInt(sum.volumeUnits);
}

/** Both are safe integers; a sum that would not be one moves to the bigint. */
export function addVolume(sum: BarSum, units: number): void {
  const total = sum.volumeUnits + units;
  if (total <= Number.MAX_SAFE_INTEGER) {
    sum.volumeUnits = total;
  } else {
    sum.volumeCarried += BigInt(sum.volumeUnits);
    sum.volumeUnits = units;
  }
}
