import type { HeldBar } from './bar-columns.ts';
import { type BarSum, closeOf, volumeOf } from './bar-sums.ts';
import type { BarInterval, ClosedBar } from './bars.ts';
import { bigUnitsText, type Instrument, unitsText } from './instrument.ts';

export interface BarToShow {
  readonly interval: BarInterval;
  readonly bar: HeldBar;
  /** What it came to before the change; undefined when it closes now. */
  readonly before: BarSum | undefined;
}

/**
 * A bar that is over as it is published, and numbers it; undefined when nothing that is seen of it differs from what was
 * published before. What was published needs no keeping: of a bar that is over it is what the sum was before the change.
 */
export function shownBar(instrument: Instrument, { interval, bar, before }: BarToShow): ClosedBar | undefined {
  const { sum } = bar;
  const isWithdrawn = sum.priced === 0;
  const stood = before !== undefined && bar.revision >= 0 && before.priced > 0 ? before : undefined;
  if (isWithdrawn ? stood === undefined : stood !== undefined && isSame(stood, sum)) return undefined;
  bar.revision += 1;
  const { startNs, endNs, revision } = bar;
  const { priceDecimals, qtyDecimals } = instrument;
  const priced = isWithdrawn && stood !== undefined ? stood : sum;
  return {
    interval,
    startNs,
    endNs,
    open: unitsText(priced.open, priceDecimals),
    high: unitsText(priced.high, priceDecimals),
    low: unitsText(priced.low, priceDecimals),
    close: unitsText(closeOf(priced), priceDecimals),
    volume: isWithdrawn ? '0' : volumeText(sum, qtyDecimals),
    tradeCount: isWithdrawn ? 0 : sum.tradeCount,
    revision,
    isWithdrawn,
  };
}

function volumeText(sum: BarSum, qtyDecimals: number): string {
  return sum.volumeCarried === 0n ? unitsText(sum.volumeUnits, qtyDecimals) : bigUnitsText(volumeOf(sum), qtyDecimals);
}

function isSame(a: BarSum, b: BarSum): boolean {
  return (
    a.open === b.open &&
    a.high === b.high &&
    a.low === b.low &&
    closeOf(a) === closeOf(b) &&
    volumeOf(a) === volumeOf(b) &&
    a.tradeCount === b.tradeCount
  );
}
