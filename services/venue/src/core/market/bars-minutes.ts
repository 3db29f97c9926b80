import { addDays, type BarRule, type Instrument, newYorkDateOf, nsOfNewYork } from '@tickpath/trading';
import { type Aggregate, addToAggregate, barOf, emptyAggregate, mergeAggregate } from './bars-aggregate.ts';
import type { MarketBar } from './event.ts';

export const MINUTE_NS = 60_000_000_000n;
/** Minutes of a symbol that can still change. */
const HELD_MINUTES = 60;

/** How a trade counts in the bar of its minute and in that of its day. */
export interface Rules {
  readonly minute: BarRule;
  readonly daily: BarRule;
}

/** A trade that a correction or cancel can still find. */
export interface HeldTrade {
  readonly tsNs: bigint;
  readonly id: number;
  readonly px: number;
  readonly sz: number;
  readonly isLastSale: boolean;
  readonly rules: Rules;
}

/** A minute's trades and what they have made of its bar. */
export interface Minute {
  readonly startNs: bigint;
  readonly endNs: bigint;
  /** As the minute's trades count in its own bar, and as they count in the day's. */
  ofMinute: Aggregate;
  ofDay: Aggregate;
  /** By time; `null` once there were too many to hold. */
  trades: HeldTrade[] | null;
  isShown: boolean;
  isRevised: boolean;
}

/** A day of New York. */
export interface Day {
  readonly startNs: bigint;
  readonly endNs: bigint;
  /** The day's minutes that are no longer held. */
  readonly past: Aggregate;
  isChanged: boolean;
}

/** The bars of one symbol: changed in place by the functions below. */
export interface SymbolBars {
  readonly instrument: Instrument;
  readonly minutes: Minute[];
  /** The day of the last trade and the one before it. */
  readonly days: Day[];
  held: number;
}

/** The day of a trade; `undefined` for one before the two that are kept. */
export function dayOf(symbol: SymbolBars, tsNs: bigint): Day | undefined {
  const known = symbol.days.findLast(({ startNs, endNs }) => startNs <= tsNs && tsNs < endNs);
  if (known !== undefined) return known;
  const newest = symbol.days.at(-1);
  if (newest !== undefined && tsNs < newest.startNs) return undefined;
  const date = newYorkDateOf(tsNs);
  const startNs = nsOfNewYork(date, 0);
  const day: Day = { startNs, endNs: nsOfNewYork(addDays(date, 1), 0), past: emptyAggregate(), isChanged: false };
  symbol.days.push(day);
  if (symbol.days.length > 2) symbol.days.shift();
  return day;
}

/** The minute of a trade, made if need be; `undefined` when it is older than those that are held. */
export function minuteOf(symbol: SymbolBars, tsNs: bigint, clockNs: bigint): Minute | undefined {
  const { minutes } = symbol;
  let at = minutes.length;
  while (at > 0 && tsNs < (minutes[at - 1]?.startNs ?? 0n)) at -= 1;
  const before = minutes[at - 1];
  if (before !== undefined && tsNs < before.endNs) return before;
  if (at === 0 && minutes.length >= HELD_MINUTES) return undefined;
  const startNs = tsNs - (tsNs % MINUTE_NS);
  const endNs = startNs + MINUTE_NS;
  const isShown = endNs <= clockNs;
  const ofMinute = emptyAggregate();
  const ofDay = emptyAggregate();
  const minute: Minute = { startNs, endNs, ofMinute, ofDay, trades: [], isShown, isRevised: false };
  minutes.splice(at, 0, minute);
  if (minutes.length > HELD_MINUTES) retire(symbol);
  return minute;
}

/** The oldest minute goes into its day for good. */
function retire(symbol: SymbolBars): void {
  const oldest = symbol.minutes.shift();
  if (oldest === undefined) return;
  symbol.held -= oldest.trades?.length ?? 0;
  const day = symbol.days.find(({ startNs, endNs }) => startNs <= oldest.startNs && oldest.startNs < endNs);
  if (day !== undefined) mergeAggregate(day.past, oldest.ofDay);
}

export function insertTrade(symbol: SymbolBars, minute: Minute, trade: HeldTrade): void {
  const { trades } = minute;
  if (trades === null) return count(minute, trade);
  symbol.held += 1;
  let at = trades.length;
  while (at > 0 && trade.tsNs < (trades[at - 1]?.tsNs ?? 0n)) at -= 1;
  if (at === trades.length) {
    trades.push(trade);
    return count(minute, trade);
  }
  trades.splice(at, 0, trade);
  recompute(minute);
}

function count(minute: Minute, trade: HeldTrade): void {
  addToAggregate(minute.ofMinute, trade, trade.rules.minute);
  addToAggregate(minute.ofDay, trade, trade.rules.daily);
}

export function recompute(minute: Minute): void {
  minute.ofMinute = emptyAggregate();
  minute.ofDay = emptyAggregate();
  for (const trade of minute.trades ?? []) count(minute, trade);
}

/** Gives up the trades of the oldest minute that has any; its bars stay as they are. */
export function letGo(symbol: SymbolBars): void {
  const oldest = symbol.minutes.find(({ trades }) => trades !== null && trades.length > 0);
  if (oldest === undefined) return;
  symbol.held -= oldest.trades?.length ?? 0;
  oldest.trades = null;
}

export function showMinutes({ instrument, minutes }: SymbolBars, nowNs: bigint, shown: MarketBar[]): void {
  for (const minute of minutes) {
    if (minute.isShown || minute.endNs > nowNs) continue;
    minute.isShown = true;
    const bar = barOf(minute.ofMinute, { instrument, kind: 'bar', tsNs: minute.startNs });
    if (bar !== null) shown.push(bar);
  }
}

export function showRevised({ instrument, minutes }: SymbolBars, shown: MarketBar[]): void {
  for (const minute of minutes) {
    if (!minute.isRevised) continue;
    minute.isRevised = false;
    const bar = barOf(minute.ofMinute, { instrument, kind: 'updatedBar', tsNs: minute.startNs });
    if (bar !== null) shown.push(bar);
  }
}

export function showDays({ instrument, minutes, days }: SymbolBars, shown: MarketBar[]): void {
  for (const day of days) {
    if (!day.isChanged) continue;
    day.isChanged = false;
    const whole = { ...day.past };
    for (const { startNs, ofDay } of minutes) {
      if (day.startNs <= startNs && startNs < day.endNs) mergeAggregate(whole, ofDay);
    }
    const bar = barOf(whole, { instrument, kind: 'dailyBar', tsNs: day.startNs });
    if (bar !== null) shown.push(bar);
  }
}

export function isPending({ minutes, days }: SymbolBars): boolean {
  return minutes.some(({ isShown, isRevised }) => !isShown || isRevised) || days.some(({ isChanged }) => isChanged);
}
