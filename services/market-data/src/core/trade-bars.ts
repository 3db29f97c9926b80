import {
  type ActivityBar,
  type ActivityBarBuilder,
  type ActivityBarKind,
  type AssetClass,
  activityBarBuilder,
  addBarTrade,
  addToActivityBar,
  advanceBarSeries,
  type BarConditionUse,
  type BarInterval,
  type BarOutcome,
  type BarRules,
  type BarSeries,
  type BarTrade,
  barRules,
  type ClosedBar,
  cancelBarTrade,
  correctBarTrade,
  type Instrument,
  openBarSeries,
  unitsOf,
} from '@tickpath/trading';
import type { CancelEvent, CorrectionEvent, InstrumentEvent, TradeEvent } from './feeds/protocol.ts';

const NS_PER_MS = 1_000_000n;

export interface BarsConfig {
  readonly intervals: readonly BarInterval[];
  /** How long after its end, by the market's time, a bar stays open for trades that come late. */
  readonly graceMs: number;
  readonly session: 'all' | 'regular';
  /** What sale conditions of equities do; those of crypto do nothing. */
  readonly conditions: BarConditionUse;
  /** For how long after it closed a bar is revised; 0: never. */
  readonly reviseWithinMs: number;
  /** Newest trades of a symbol that can be corrected or cancelled. */
  readonly heldTrades: number;
  readonly activity: readonly { readonly kind: ActivityBarKind; readonly threshold: string }[];
}

/**
 * Decimals where the instrument is not known, and of every equity, which prints finer than its tick: prices up to 90
 * million, sizes up to 9 thousand million shares or 90 million coins.
 */
const PRICE_DECIMALS = 8;
const QTY_DECIMALS: Readonly<Record<AssetClass, number>> = { us_equity: 6, crypto: 8 };

/** Why a trade, a correction or a cancel is not in its bars. `precision`: its amounts are too fine or too large. */
export const UNBARRED_REASONS = ['late', 'outside-session', 'not-held', 'precision', 'suspect', 'unconfirmed'] as const;
export type UnbarredReason = (typeof UNBARRED_REASONS)[number];

/** The bars of one symbol under construction. */
export interface TradeBars {
  readonly instrument: Instrument;
  readonly series: BarSeries;
  readonly activity: readonly ActivityBarBuilder[];
  readonly rulesOf: (trade: Pick<BarTrade, 'conditions' | 'tape'>) => BarRules;
}

export interface BarsOut {
  readonly bars: ClosedBar[];
  readonly activity: ActivityBar[];
}

export function openTradeBars(symbol: string, known: InstrumentEvent | undefined, config: BarsConfig): TradeBars {
  const instrument = instrumentOf(symbol, known);
  const conditions = instrument.assetClass === 'crypto' ? 'none' : config.conditions;
  const { intervals, session, reviseWithinMs, heldTrades } = config;
  const withinNs = BigInt(reviseWithinMs) * NS_PER_MS;
  const series = openBarSeries({
    ...{ instrument, intervals, session, conditions },
    graceNs: BigInt(config.graceMs) * NS_PER_MS,
    revisions: reviseWithinMs === 0 ? null : { withinNs, heldTrades },
  });
  const activity = config.activity.map((each) => activityBarBuilder({ ...each, instrument, conditions }));
  return { instrument, series, activity, rulesOf: barRules(conditions) };
}

/** An instrument that the venue has not described is taken for a pair of coins when its name has a dash. */
export function assetClassOf(symbol: string, known: InstrumentEvent | undefined): AssetClass {
  return known?.assetClass ?? (symbol.includes('-') ? 'crypto' : 'us_equity');
}

function instrumentOf(symbol: string, known: InstrumentEvent | undefined): Instrument {
  const assetClass = assetClassOf(symbol, known);
  if (known === undefined || assetClass === 'us_equity') {
    return { symbol, assetClass, priceDecimals: PRICE_DECIMALS, qtyDecimals: QTY_DECIMALS[assetClass] };
  }
  return {
    ...{ symbol, assetClass },
    priceDecimals: decimalsOf(known.priceIncrement),
    qtyDecimals: decimalsOf(known.qtyIncrement),
  };
}

function decimalsOf(increment: string): number {
  const point = increment.indexOf('.');
  return point < 0 ? 0 : increment.length - point - 1;
}

/**
 * What a trade is known by among those of its bars. Where one symbol trades at several exchanges, each numbers its own.
 */
function idOf({ instrument }: TradeBars, exchange: string, tradeId: string): string {
  return instrument.assetClass === 'us_equity' ? `${exchange} ${tradeId}` : tradeId;
}

/** The trade in the instrument's units; undefined when they do not hold it. */
export function barTradeOf(bars: TradeBars, trade: TradeEvent): BarTrade | undefined {
  const { priceDecimals, qtyDecimals } = bars.instrument;
  const { conditions, tape } = trade;
  try {
    const px = unitsOf(trade.price, priceDecimals);
    const sz = unitsOf(trade.size, qtyDecimals);
    const tradeId = idOf(bars, trade.exchange, trade.tradeId);
    return { tsNs: trade.venueTsNs, px, sz, tradeId, conditions, tape };
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Adds a trade in the order of arrival. */
export function addTrade({ series, activity }: TradeBars, trade: BarTrade, out: BarsOut): BarOutcome {
  for (const builder of activity) {
    const bar = addToActivityBar(builder, trade);
    if (bar !== undefined) out.activity.push(bar);
  }
  return addBarTrade(series, trade, out.bars);
}

export function closeBars({ series }: TradeBars, nowNs: bigint, out: BarsOut): void {
  advanceBarSeries(series, nowNs, out.bars);
}

export function cancelTrade(bars: TradeBars, { exchange, tradeId }: CancelEvent, out: BarsOut): BarOutcome {
  return cancelBarTrade(bars.series, idOf(bars, exchange, tradeId), out.bars);
}

/** Undefined when the corrected amounts do not fit the instrument's units: nothing has changed. */
export function correctTrade(bars: TradeBars, event: CorrectionEvent, out: BarsOut): BarOutcome | undefined {
  const { priceDecimals, qtyDecimals } = bars.instrument;
  const { exchange, original, corrected } = event;
  try {
    const px = unitsOf(corrected.price, priceDecimals);
    const sz = unitsOf(corrected.size, qtyDecimals);
    const { conditions } = corrected;
    const tradeId = idOf(bars, exchange, corrected.tradeId);
    const correction = {
      tradeId: idOf(bars, exchange, original.tradeId),
      corrected: { px, sz, tradeId, conditions },
    };
    return correctBarTrade(bars.series, correction, out.bars);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Whether a trade makes a price, by its sale conditions. */
export function makesPrice({ rulesOf }: TradeBars, trade: TradeEvent): boolean {
  return trade.conditions.length === 0 || rulesOf(trade).minute.openClose !== 'never';
}
