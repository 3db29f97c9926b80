import { type BarRule, bigUnitsText, type Instrument } from '@tickpath/trading';
import type { MarketBar } from './event.ts';

/** What trades have made of a bar so far. A price of 0 is none yet; prices and sizes in units of the instrument. */
export interface Aggregate {
  open: number;
  high: number;
  low: number;
  close: number;
  /** The close while only trades have been seen that may set one but not move it. */
  firstClose: number;
  volume: bigint;
  tradeCount: number;
  /** Exact Σ price × size and Σ size of the trades that count in the VWAP. */
  notional: bigint;
  weight: bigint;
}

/** Decimals to which a VWAP is rounded. */
const VWAP_DECIMALS = 6;

export function emptyAggregate(): Aggregate {
  return {
    open: 0,
    high: 0,
    low: 0,
    close: 0,
    firstClose: 0,
    volume: 0n,
    tradeCount: 0,
    notional: 0n,
    weight: 0n,
  };
}

/** Adds a trade that is later than all that are in it. */
export function addToAggregate(
  bar: Aggregate,
  { px, sz }: { readonly px: number; readonly sz: number },
  rule: BarRule,
) {
  if (rule.openClose !== 'never') {
    if (bar.open === 0) bar.open = px;
    if (rule.openClose === 'always') bar.close = px;
    else if (bar.firstClose === 0) bar.firstClose = px;
  }
  if (rule.highLow) {
    if (px > bar.high) bar.high = px;
    if (bar.low === 0 || px < bar.low) bar.low = px;
  }
  if (!rule.volume) return;
  const size = BigInt(sz);
  bar.volume += size;
  bar.tradeCount += 1;
  if (!rule.highLow) return;
  bar.notional += BigInt(px) * size;
  bar.weight += size;
}

/** Adds a bar that is later than all that are in it. */
export function mergeAggregate(bar: Aggregate, later: Aggregate): void {
  if (bar.open === 0) bar.open = later.open;
  if (later.high > bar.high) bar.high = later.high;
  if (later.low !== 0 && (bar.low === 0 || later.low < bar.low)) bar.low = later.low;
  if (later.close !== 0) bar.close = later.close;
  if (bar.firstClose === 0) bar.firstClose = later.firstClose;
  bar.volume += later.volume;
  bar.tradeCount += later.tradeCount;
  bar.notional += later.notional;
  bar.weight += later.weight;
}

/** The bar to be shown; `null` unless open, high, low, close and volume are all there, as Alpaca has it. */
export function barOf(
  bar: Aggregate,
  { instrument, kind, tsNs }: Pick<MarketBar, 'instrument' | 'kind' | 'tsNs'>,
): MarketBar | null {
  const { open, high, low, volume, tradeCount, notional, weight } = bar;
  const close = bar.close === 0 ? bar.firstClose : bar.close;
  if (open === 0 || high === 0 || low === 0 || close === 0 || volume === 0n) return null;
  const vwap = vwapText(notional, weight, instrument);
  return { kind, instrument, tsNs, open, high, low, close, volume, tradeCount, vwap };
}

/** Σ price × size ÷ Σ size, rounded half-even at 1e-6; 0 when no trade counts in it. */
function vwapText(notional: bigint, weight: bigint, { priceDecimals }: Instrument): string {
  if (weight === 0n) return '0';
  const rounded = divideHalfEven(notional * 10n ** BigInt(VWAP_DECIMALS), weight * 10n ** BigInt(priceDecimals));
  return bigUnitsText(rounded, VWAP_DECIMALS);
}

/** a ÷ b for b > 0 and a ≥ 0, rounded half-even to a whole number. */
export function divideHalfEven(a: bigint, b: bigint): bigint {
  const quotient = a / b;
  const twice = (a % b) * 2n;
  if (twice < b || (twice === b && quotient % 2n === 0n)) return quotient;
  return quotient + 1n;
}
