import type { QuoteEvent, Stamps, TradeEvent } from '../feeds/protocol.ts';
import { judgeOutlier } from './outlier.ts';
import { type JumpState, judgeJump, openJump } from './price-jump.ts';
import type { QualityConfig, Rule, Severity, Violation } from './rules.ts';
import { type ValueWindow, valueWindow } from './value-window.ts';

const NS_PER_MS = 1_000_000n;

/** What is known of one symbol's data. Changed in place by the functions of this file. */
export interface SymbolQuality {
  readonly jump: JumpState;
  readonly prices: ValueWindow;
  /** When the last event came, on our own clock; 0 before the first. */
  lastReceivedNs: bigint;
  isStale: boolean;
}

export interface EventTime {
  readonly stamps: Stamps;
  /** At live pace the venue's clock can be held against ours; the times of a replay are past. */
  readonly isLive: boolean;
}

/** `use`: as it is. `drop`: never. `hold`: once it has been confirmed; `confirmed`: with those held before it. */
export type TradeUse = 'use' | 'drop' | 'hold' | 'confirmed';

export interface TradeFinding {
  readonly violations: readonly Violation[];
  /** What bars are to do with the trade. */
  readonly use: TradeUse;
  /** False when the event's time must not move the market's clock. */
  readonly tellsTime: boolean;
}

export interface QuoteFinding {
  readonly violations: readonly Violation[];
  readonly tellsTime: boolean;
}

const NONE: readonly Violation[] = [];
const CLEAN_TRADE: TradeFinding = { violations: NONE, use: 'use', tellsTime: true };
const CONFIRMED_TRADE: TradeFinding = { violations: NONE, use: 'confirmed', tellsTime: true };
const CLEAN_QUOTE: QuoteFinding = { violations: NONE, tellsTime: true };
const TIMELESS_QUOTE: QuoteFinding = { violations: NONE, tellsTime: false };

export function openQuality({ outlier }: QualityConfig): SymbolQuality {
  return { jump: openJump(), prices: valueWindow(outlier.window), lastReceivedNs: 0n, isStale: false };
}

/**
 * Judges a trade as it comes. One that does not make a price by its sale conditions (an average price, a late report) is
 * not held against the prices, nor are others held against it.
 */
export function judgeTrade(
  quality: SymbolQuality,
  trade: TradeEvent,
  { config, time, makesPrice }: { config: QualityConfig; time: EventTime; makesPrice: boolean },
): TradeFinding {
  const price = Number(trade.price);
  const future = judgeTime(trade.venueTsNs, time, config);
  if (!(price > 0 && Number(trade.size) > 0)) {
    const text = `price ${trade.price}, size ${trade.size}: allowed are amounts above 0`;
    const violations = [violation('not-positive', config.notPositive.severity, text)];
    if (future !== undefined) violations.push(future);
    return { violations, use: 'drop', tellsTime: future === undefined };
  }
  if (future !== undefined) return { violations: [future], use: 'drop', tellsTime: false };
  if (!makesPrice) return CLEAN_TRADE;
  const { goodPx } = quality.jump;
  const jump = judgeJump(quality.jump, price, config.priceJump);
  const outlier = judgeOutlier(quality.prices, price, config.outlier);
  if (jump === 'good' && outlier === undefined) return CLEAN_TRADE;
  if (jump === 'rebased' && outlier === undefined) return CONFIRMED_TRADE;
  const violations: Violation[] = [];
  const { severity, maxRatio } = config.priceJump;
  if (jump === 'jumped') {
    const found = `price ${trade.price} is ${percent(Math.abs(price / (goodPx ?? price) - 1))} from ${goodPx}`;
    violations.push(violation('price-jump', severity, `${found}, allowed ${percent(maxRatio)}`));
  }
  if (outlier !== undefined) violations.push(violation('outlier', config.outlier.severity, outlier));
  return { violations, use: useOf(jump, severity), tellsTime: true };
}

/** A jump that is only counted goes into its bars at once. */
function useOf(jump: ReturnType<typeof judgeJump>, severity: Severity): TradeUse {
  if (jump === 'rebased') return 'confirmed';
  return jump === 'jumped' && severity !== 'count' ? 'hold' : 'use';
}

export function judgeQuote(
  { bidPx, askPx, bidSize, askSize, venueTsNs, venueTsSource }: QuoteEvent,
  { config, time }: { config: QualityConfig; time: EventTime },
): QuoteFinding {
  const hasTime = venueTsSource === 'venue';
  const future = hasTime ? judgeTime(venueTsNs, time, config) : undefined;
  const bid = bidPx === null ? undefined : Number(bidPx);
  const ask = askPx === null ? undefined : Number(askPx);
  const isPositive = (bid ?? 1) > 0 && (ask ?? 1) > 0 && Number(bidSize) >= 0 && Number(askSize) >= 0;
  const isCrossed = bid !== undefined && ask !== undefined && bid > ask;
  if (isPositive && !isCrossed && future === undefined) return hasTime ? CLEAN_QUOTE : TIMELESS_QUOTE;
  const violations: Violation[] = [];
  if (!isPositive) {
    const text = `bid ${bidSize} at ${bidPx}, ask ${askSize} at ${askPx}: allowed are prices above 0 and sizes from 0`;
    violations.push(violation('not-positive', config.notPositive.severity, text));
  }
  if (isCrossed) {
    violations.push(violation('crossed-quote', config.crossedQuote.severity, `bid ${bidPx} > ask ${askPx}`));
  }
  if (future !== undefined) violations.push(future);
  return { violations, tellsTime: hasTime && future === undefined };
}

/** Notes that something came; true when the symbol had been stale. */
export function noteEvent(quality: SymbolQuality, receivedNs: bigint): boolean {
  if (receivedNs > quality.lastReceivedNs) quality.lastReceivedNs = receivedNs;
  const wasStale = quality.isStale;
  quality.isStale = false;
  return wasStale;
}

/** The violation when the symbol has just become stale; once until the next event. */
export function judgeAge(quality: SymbolQuality, nowNs: bigint, { stale }: QualityConfig): Violation | undefined {
  if (quality.isStale || quality.lastReceivedNs === 0n) return undefined;
  const ageNs = nowNs - quality.lastReceivedNs;
  if (ageNs <= BigInt(stale.afterMs) * NS_PER_MS) return undefined;
  quality.isStale = true;
  return violation('stale', stale.severity, `nothing came for ${ageNs / NS_PER_MS} ms, allowed ${stale.afterMs} ms`);
}

/** The violation when the venue's time is too far ahead of ours. */
export function judgeTime(
  venueTsNs: bigint,
  { stamps, isLive }: EventTime,
  config: QualityConfig,
): Violation | undefined {
  if (!isLive) return undefined;
  const { severity, toleranceMs } = config.futureTime;
  const aheadNs = venueTsNs - stamps.receivedNs;
  if (aheadNs <= BigInt(toleranceMs) * NS_PER_MS) return undefined;
  return violation('future-time', severity, `${aheadNs / NS_PER_MS} ms ahead of our clock, allowed ${toleranceMs} ms`);
}

function violation(rule: Rule, severity: Severity, text: string): Violation {
  return { rule, severity, text };
}

function percent(ratio: number): string {
  return `${Number((100 * ratio).toPrecision(4))} %`;
}
