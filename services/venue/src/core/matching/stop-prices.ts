import type { Instrument } from '@tickpath/trading';
import type { Sign } from './shown-side.ts';
import type { Trail } from './types.ts';

/** The bounds of all prices, in units of any instrument. */
export const LOWEST_PX = 1;
export const HIGHEST_PX = Number.MAX_SAFE_INTEGER;

const MILLI_PERCENT = 100_000;

/**
 * The limit that a buy `stop` keeps once elected: 4 % above its stop below 50.00, 2.5 % from there on, rounded down.
 * Source: Alpaca, "Placing Orders", stop orders.
 */
export function protectiveLimitPx(stopPx: number, { priceDecimals }: Instrument): number {
  const perMille = stopPx < 50 * 10 ** priceDecimals ? 1040 : 1025;
  return Math.min(HIGHEST_PX, scaledDown(stopPx, perMille, 1000));
}

/**
 * The stop that trails a mark: below it for a sell, above it for a buy but never above `HIGHEST_PX`, rounded away from the
 * mark. May be 0 or less.
 */
export function trailedStopPx(trail: Trail, hwmPx: number, sign: Sign): number {
  if (trail.by === 'price') return Math.min(HIGHEST_PX, hwmPx + sign * trail.px);
  if (sign === -1) return scaledDown(hwmPx, MILLI_PERCENT - trail.milliPercent, MILLI_PERCENT);
  return Math.min(HIGHEST_PX, -scaledDown(-hwmPx, MILLI_PERCENT + trail.milliPercent, MILLI_PERCENT));
}

/** ⌊value × numerator ÷ denominator⌋ exactly, where the product itself might leave the safe integers. */
function scaledDown(value: number, numerator: number, denominator: number): number {
  const rest = value % denominator;
  return ((value - rest) / denominator) * numerator + Math.floor((rest * numerator) / denominator);
}
