import { type BarConditionUse, barRules } from './bar-rules.ts';
import { addToSum, type BarSum, closeOf, emptySum, volumeOf } from './bar-sums.ts';
import type { BarTrade } from './bar-trades.ts';
import { bigUnitsText, decimalOfUnits, type Instrument, unitsText } from './instrument.ts';
import { type DecimalText, decimal, decimalText } from './money.ts';

/** What fills an activity bar: trades, their sizes, or their notional values (price × size, in the quote currency). */
export const ACTIVITY_BAR_KINDS = ['tick', 'volume', 'dollar'] as const;
export type ActivityBarKind = (typeof ACTIVITY_BAR_KINDS)[number];

export interface ActivityBarOptions {
  readonly instrument: Instrument;
  readonly kind: ActivityBarKind;
  /** What a bar has reached when it closes: trades, shares or coins, or an amount of the quote currency. Above 0. */
  readonly threshold: DecimalText;
  readonly conditions: BarConditionUse;
}

/** Trades that followed each other until they reached the threshold. */
export interface ActivityBar {
  readonly kind: ActivityBarKind;
  readonly threshold: DecimalText;
  /** 1 for the first bar of the builder, then one more each time. */
  readonly number: number;
  /** Earliest and latest time of its trades, in venue time; both included. */
  readonly startNs: bigint;
  readonly endNs: bigint;
  readonly open: DecimalText;
  readonly high: DecimalText;
  readonly low: DecimalText;
  readonly close: DecimalText;
  readonly volume: DecimalText;
  /** Exact Σ price × size. */
  readonly notional: DecimalText;
  readonly tradeCount: number;
}

/** Activity bars of one symbol under construction, changed in place by `addToActivityBar`. */
export interface ActivityBarBuilder {
  readonly options: ActivityBarOptions;
  readonly rulesOf: ReturnType<typeof barRules>;
  /** In trades, in units of quantity, or in units of price × quantity. */
  readonly thresholdUnits: bigint;
  sum: BarSum;
  startNs: bigint;
  endNs: bigint;
  notional: bigint;
  closed: number;
}

/**
 * Throws `RangeError` for a threshold that is not above 0, or finer than what fills the bar: a whole number of trades, or
 * the instrument's units.
 */
export function activityBarBuilder(options: ActivityBarOptions): ActivityBarBuilder {
  return {
    options,
    rulesOf: barRules(options.conditions),
    thresholdUnits: thresholdUnits(options),
    ...emptyActivity(),
    closed: 0,
  };
}

function emptyActivity() {
  return { sum: emptySum(), startNs: 0n, endNs: 0n, notional: 0n };
}

/** Decimals of what fills the bar. */
function decimalsOf({ kind, instrument }: Pick<ActivityBarOptions, 'kind' | 'instrument'>): number {
  if (kind === 'tick') return 0;
  return kind === 'volume' ? instrument.qtyDecimals : instrument.priceDecimals + instrument.qtyDecimals;
}

function thresholdUnits({ kind, instrument, threshold }: ActivityBarOptions): bigint {
  const decimals = decimalsOf({ kind, instrument });
  const units = decimal(threshold).div(decimalOfUnits(1, decimals));
  if (units.isInteger() && units.gt(0)) return BigInt(decimalText(units));
  throw new RangeError(
    `threshold ${threshold} of a ${kind} bar: allowed is above 0, with at most ${decimals} decimals`,
  );
}

/**
 * Adds a trade in the order of arrival, and gives the bar that it completes. A trade that overshoots the threshold closes
 * the bar and is in it whole: the remainder is not split off, and the next bar begins at zero. Trades that count in no
 * volume by their conditions are left out; those that count in it but make no price fill the bar as the others do, and it
 * closes once it also has a price. Nothing is revised: bars of activity have no time in which a late trade could be missed.
 */
export function addToActivityBar(builder: ActivityBarBuilder, trade: BarTrade): ActivityBar | undefined {
  const rule = builder.rulesOf(trade).minute;
  if (!rule.volume) return undefined;
  const { sum } = builder;
  const { tsNs, px, sz } = trade;
  if (sum.tradeCount === 0 || tsNs < builder.startNs) builder.startNs = tsNs;
  if (sum.tradeCount === 0 || tsNs > builder.endNs) builder.endNs = tsNs;
  // As trades came, not as their times say.
  addToSum(sum, { tsNs: BigInt(sum.tradeCount), px, sz }, rule);
  builder.notional += BigInt(px) * BigInt(sz);
  if (sum.priced === 0 || filled(builder) < builder.thresholdUnits) return undefined;
  builder.closed += 1;
  const bar = activityBar(builder);
  Object.assign(builder, emptyActivity());
  return bar;
}

function filled({ options, sum, notional }: ActivityBarBuilder): bigint {
  if (options.kind === 'tick') return BigInt(sum.tradeCount);
  return options.kind === 'volume' ? volumeOf(sum) : notional;
}

function activityBar({ options, sum, startNs, endNs, notional, closed }: ActivityBarBuilder): ActivityBar {
  const { kind, threshold, instrument } = options;
  const { priceDecimals, qtyDecimals } = instrument;
  return {
    kind,
    threshold,
    number: closed,
    startNs,
    endNs,
    open: unitsText(sum.open, priceDecimals),
    high: unitsText(sum.high, priceDecimals),
    low: unitsText(sum.low, priceDecimals),
    close: unitsText(closeOf(sum), priceDecimals),
    volume: bigUnitsText(volumeOf(sum), qtyDecimals),
    notional: bigUnitsText(notional, priceDecimals + qtyDecimals),
    tradeCount: sum.tradeCount,
  };
}
