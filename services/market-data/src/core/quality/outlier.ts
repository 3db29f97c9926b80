import { isFull, medianDeviation, medianOf, pushValue, type ValueWindow } from './value-window.ts';

/** For a normal distribution the median deviation is this part of the standard deviation. */
const NORMAL_DEVIATION = 0.6745;

export interface OutlierLimits {
  readonly maxScore: number;
  readonly minRatio: number;
}

/**
 * Judges a price by the prices before it and then takes it into the window: the text of the finding, or undefined.
 * The score is the modified z-score `0.6745 · (x − median) / median |xᵢ − median|`, and 3.5 the bound recommended for it:
 * Iglewicz and Hoaglin, How to Detect and Handle Outliers (1993); NIST/SEMATECH e-Handbook, 1.3.5.17. When more than half
 * of the prices are the same the deviation is 0 and the score says nothing; then `minRatio` alone decides.
 */
export function judgeOutlier(window: ValueWindow, price: number, limits: OutlierLimits): string | undefined {
  const finding = isFull(window) ? outlierFinding(window, price, limits) : undefined;
  pushValue(window, price);
  return finding;
}

function outlierFinding(window: ValueWindow, price: number, limits: OutlierLimits): string | undefined {
  const { maxScore, minRatio } = limits;
  const median = medianOf(window);
  const distance = Math.abs(price - median);
  if (distance <= minRatio * median) return undefined;
  const deviation = medianDeviation(window, median);
  const score = deviation === 0 ? Number.POSITIVE_INFINITY : (NORMAL_DEVIATION * distance) / deviation;
  if (score <= maxScore) return undefined;
  return `price ${price} has score ${shown(score)} against median ${shown(median)}, allowed ${maxScore}`;
}

function shown(value: number): string {
  return Number.isFinite(value) ? String(Number(value.toPrecision(7))) : 'infinite';
}
