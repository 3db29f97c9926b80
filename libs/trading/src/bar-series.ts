import type { BarPeriod } from './bar-conditions.ts';
import { type BarConditionUse, barRules } from './bar-rules.ts';
import { type BarSpan, barSpanOf, isWithin, type RegularSession, regularSessionOf } from './bar-spans.ts';
import { addToSum, type BarSum, closeOf, emptySum, mergeSum, volumeOf } from './bar-sums.ts';
import { type BarTrade, findTrade, type HeldTrades, heldTrades, holdTrade, tradesInOrder } from './bar-trades.ts';
import { BAR_INTERVALS_NS, type BarInterval, type ClosedBar } from './bars.ts';
import { bigUnitsText, type Instrument, unitsText } from './instrument.ts';

export interface BarSeriesOptions {
  readonly instrument: Instrument;
  readonly intervals: readonly BarInterval[];
  /** A bar closes when the market's time has passed its end by so much; until then trades find their place in any order. */
  readonly graceNs: bigint;
  /** `regular`: of equities, only trades from the open to before the close; their day ends with the session. */
  readonly session: 'all' | 'regular';
  readonly conditions: BarConditionUse;
  /** Null: what comes too late for a bar, and every correction and cancel, is only told to the caller, who counts it. */
  readonly revisions: BarRevisions | null;
}

export interface BarRevisions {
  /** For how long after it closed a bar is revised. */
  readonly withinNs: bigint;
  /** Newest trades of the symbol that are held, so that they can be corrected or cancelled. */
  readonly heldTrades: number;
}

/**
 * What became of a trade, a correction or a cancel. `taken`: it is in its bars, none of which has closed. `revised`: at
 * least one had, and was published again if that changed it. `late`: at least one could not be changed any more.
 * `outside-session`: it is in no bar. `not-held`: a correction or cancel of a trade that is not (or no longer) held, or
 * one whose minute is not held to its beginning; nothing has changed.
 */
export type BarOutcome = 'taken' | 'revised' | 'late' | 'outside-session' | 'not-held';

/** What stands in the place of a corrected trade; it keeps the time and tape of the original. */
export type CorrectedBarTrade = Pick<BarTrade, 'tradeId' | 'px' | 'sz' | 'conditions'>;

interface HeldBar extends BarSpan {
  sum: BarSum;
  shown: ClosedBar | undefined;
}

type LevelName = BarInterval | 'base';

interface Level {
  /** `base`: minutes that are not published, from which longer bars are made again. */
  readonly name: LevelName;
  readonly interval: BarInterval;
  readonly period: BarPeriod;
  /** For how long bars are kept after they closed. */
  readonly keepNs: bigint;
  /** By time: closed ones that are kept, then open ones. */
  readonly bars: HeldBar[];
  /** How many of them are closed. */
  closed: number;
}

/** Bars of one symbol under construction, changed in place by the functions of this file. */
export interface BarSeries {
  readonly options: BarSeriesOptions;
  readonly levels: readonly Level[];
  readonly held: HeldTrades | null;
  /** The market's time as last told. */
  nowNs: bigint;
  /** Until then no bar can close. */
  nextCloseNs: bigint;
  /** Of the day asked about last. */
  sessionOfDay: RegularSession | undefined;
  readonly rulesOf: ReturnType<typeof barRules>;
}

const NEVER = 2n ** 63n;
/** A day of 25 hours, and an hour for what closes late. */
const LONGEST_NS = 26n * BAR_INTERVALS_NS['1h'];

/** Throws `RangeError` for a negative duration, or revisions that hold no trades. */
export function openBarSeries(options: BarSeriesOptions): BarSeries {
  const { graceNs, revisions } = options;
  if (graceNs < 0n) throw new RangeError(`graceNs ${graceNs}: allowed is 0 or more`);
  if (revisions !== null && revisions.withinNs < 0n) {
    throw new RangeError(`withinNs ${revisions.withinNs}: allowed is 0 or more`);
  }
  return {
    options,
    levels: levelsOf(options),
    held: revisions === null ? null : heldTrades(revisions.heldTrades),
    nowNs: 0n,
    nextCloseNs: NEVER,
    sessionOfDay: undefined,
    rulesOf: barRules(options.conditions),
  };
}

function levelsOf({ intervals, revisions, conditions }: BarSeriesOptions): Level[] {
  const all = Object.keys(BAR_INTERVALS_NS) as BarInterval[];
  const wanted = all.filter((interval) => intervals.includes(interval));
  const periodOf = (interval: BarInterval): BarPeriod =>
    interval === '1d' && conditions === 'alpaca' ? 'daily' : 'minute';
  const keepNs = revisions?.withinNs ?? 0n;
  const level = (name: LevelName, period: BarPeriod): Level => {
    if (name !== 'base') return { name, interval: name, period, keepNs, bars: [], closed: 0 };
    return { name, interval: '1m', period, keepNs: keepNs + LONGEST_NS, bars: [], closed: 0 };
  };
  const shown = wanted.map((interval) => level(interval, periodOf(interval)));
  if (revisions === null) return shown;
  const longPeriods = new Set(shown.filter((each) => !isMadeOfTrades(each)).map(({ period }) => period));
  return [...Array.from(longPeriods, (period) => level('base', period)), ...shown];
}

/** Whether the level is made again from trades; longer bars are from minutes, because nobody holds a day of trades. */
function isMadeOfTrades({ interval }: Level): boolean {
  return BAR_INTERVALS_NS[interval] <= BAR_INTERVALS_NS['1m'];
}

/**
 * Tells the market's time, by an event of the market or by the clock when there is none, and appends to `out` what closes
 * by it, in the order of their ends, shorter bars first. A time before the last one told changes nothing. Until it is told,
 * nothing closes: whoever tells it vouches for it, since a time in the future closes what is not over.
 */
export function advanceBarSeries(series: BarSeries, nowNs: bigint, out: ClosedBar[]): void {
  if (nowNs <= series.nowNs) return;
  series.nowNs = nowNs;
  if (nowNs < series.nextCloseNs) return;
  const closing: ClosedBar[] = [];
  series.nextCloseNs = NEVER;
  for (const level of series.levels) closeBarsOf(series, level, closing);
  // A stable sort: bars of the same end stay in the order of their lengths.
  if (closing.length > 1) closing.sort((a, b) => (a.endNs < b.endNs ? -1 : a.endNs > b.endNs ? 1 : 0));
  for (const bar of closing) out.push(bar);
}

function closeBarsOf(series: BarSeries, level: Level, out: ClosedBar[]): void {
  const { bars } = level;
  for (;;) {
    const bar = bars[level.closed];
    if (bar === undefined) break;
    if (!isOver(series, bar.endNs)) {
      soonerClose(series, bar.endNs);
      break;
    }
    level.closed += 1;
    show(series, level, bar, out);
  }
  let dropped = 0;
  for (const bar of bars) {
    if (dropped === level.closed || !isOver(series, bar.endNs + level.keepNs)) break;
    dropped += 1;
  }
  if (dropped === 0) return;
  bars.splice(0, dropped);
  level.closed -= dropped;
}

function isOver({ options, nowNs }: BarSeries, endNs: bigint): boolean {
  return endNs + options.graceNs <= nowNs;
}

function soonerClose(series: BarSeries, endNs: bigint): void {
  const closeNs = endNs + series.options.graceNs;
  if (closeNs < series.nextCloseNs) series.nextCloseNs = closeNs;
}

/**
 * Puts a trade into its bars, whichever time they are of, and appends to `out` the closed ones that it changes. It does not
 * move the market's time: tell that first (`advanceBarSeries`).
 */
export function addBarTrade(series: BarSeries, trade: BarTrade, out: ClosedBar[]): BarOutcome {
  if (isOutsideSession(series, trade.tsNs)) return 'outside-session';
  const rules = series.rulesOf(trade);
  let outcome: BarOutcome = 'taken';
  for (const level of series.levels) {
    const bar = barAt(series, level, trade.tsNs);
    if (bar === undefined) {
      outcome = 'late';
      continue;
    }
    addToSum(bar.sum, trade, rules[level.period]);
    if (level.name === 'base' || !isOver(series, bar.endNs)) continue;
    show(series, level, bar, out);
    if (outcome === 'taken') outcome = 'revised';
  }
  if (series.held !== null) holdTrade(series.held, trade);
  return outcome;
}

/** Takes a trade back out of its bars and appends to `out` the closed ones that this changes. */
export function cancelBarTrade(series: BarSeries, tradeId: string, out: ClosedBar[]): BarOutcome {
  return reviseTrade(series, tradeId, { corrected: undefined, out });
}

export interface BarCorrection {
  /** Id of the trade that was wrong. */
  readonly tradeId: string;
  readonly corrected: CorrectedBarTrade;
}

/** Puts another trade in the place of one and appends to `out` the closed bars that this changes. */
export function correctBarTrade(series: BarSeries, correction: BarCorrection, out: ClosedBar[]): BarOutcome {
  return reviseTrade(series, correction.tradeId, { corrected: correction.corrected, out });
}

interface Revision {
  readonly corrected: CorrectedBarTrade | undefined;
  readonly out: ClosedBar[];
}

function reviseTrade(series: BarSeries, tradeId: string, { corrected, out }: Revision): BarOutcome {
  const { held } = series;
  const slot = held === null ? undefined : findTrade(held, tradeId);
  const original = slot === undefined ? undefined : held?.slots[slot];
  if (held === null || slot === undefined || original === undefined) return 'not-held';
  const { tsNs } = original;
  const minute = barSpanOf('1m', series.options.instrument.assetClass, tsNs);
  if (held.droppedNs !== null && held.droppedNs >= minute.startNs) return 'not-held';
  held.slots[slot] = corrected && { ...original, ...corrected };
  let outcome: BarOutcome = 'taken';
  for (const level of series.levels) {
    const bar = barAt(series, level, tsNs);
    if (bar === undefined) {
      outcome = 'late';
      continue;
    }
    bar.sum = isMadeOfTrades(level) ? sumOfTrades(series, held, { level, bar }) : sumOfMinutes(series, level, bar);
    if (level.name === 'base' || !isOver(series, bar.endNs)) continue;
    show(series, level, bar, out);
    if (outcome === 'taken') outcome = 'revised';
  }
  return outcome;
}

interface Place {
  readonly level: Level;
  readonly bar: HeldBar;
}

function sumOfTrades(series: BarSeries, held: HeldTrades, { level, bar }: Place): BarSum {
  const sum = emptySum();
  for (const trade of tradesInOrder(held)) {
    if (isWithin(bar, trade.tsNs)) addToSum(sum, trade, series.rulesOf(trade)[level.period]);
  }
  return sum;
}

/** The base is kept for longer than any bar that is made of it. */
function sumOfMinutes(series: BarSeries, level: Level, bar: HeldBar): BarSum {
  const sum = emptySum();
  const base = series.levels.find(({ name, period }) => name === 'base' && period === level.period);
  for (const minute of base?.bars ?? []) if (isWithin(bar, minute.startNs)) mergeSum(sum, minute.sum);
  return sum;
}

/** The level's bar at a time, made when there is none yet; undefined when it is too late to change it. */
function barAt(series: BarSeries, level: Level, tsNs: bigint): HeldBar | undefined {
  const { bars } = level;
  let index = bars.length - 1;
  while (index >= 0 && tsNs < (bars[index]?.startNs ?? 0n)) index -= 1;
  const found = bars[index];
  if (found !== undefined && tsNs < found.endNs) return canChange(series, level, found.endNs) ? found : undefined;
  const { startNs, endNs } = spanOf(series, level.interval, tsNs);
  if (!canChange(series, level, endNs)) return undefined;
  const bar: HeldBar = { startNs, endNs, sum: emptySum(), shown: undefined };
  bars.splice(index + 1, 0, bar);
  if (isOver(series, endNs)) level.closed += 1;
  else soonerClose(series, endNs);
  return bar;
}

function canChange(series: BarSeries, { keepNs }: Level, endNs: bigint): boolean {
  return !isOver(series, endNs + keepNs);
}

function spanOf(series: BarSeries, interval: BarInterval, tsNs: bigint): BarSpan {
  const span = barSpanOf(interval, series.options.instrument.assetClass, tsNs);
  const sessionEndNs = hasSession(series) ? sessionAt(series, tsNs).session.endNs : span.endNs;
  return sessionEndNs < span.endNs ? { startNs: span.startNs, endNs: sessionEndNs } : span;
}

function hasSession({ options }: BarSeries): boolean {
  return options.session === 'regular' && options.instrument.assetClass === 'us_equity';
}

function isOutsideSession(series: BarSeries, tsNs: bigint): boolean {
  return hasSession(series) && !isWithin(sessionAt(series, tsNs).session, tsNs);
}

function sessionAt(series: BarSeries, tsNs: bigint): RegularSession {
  if (series.sessionOfDay === undefined || !isWithin(series.sessionOfDay.day, tsNs)) {
    series.sessionOfDay = regularSessionOf(tsNs);
  }
  return series.sessionOfDay;
}

/** Publishes a closed bar, unless nothing in it differs from what was published of it before. */
function show(series: BarSeries, level: Level, bar: HeldBar, out: ClosedBar[]): void {
  if (level.name === 'base') return;
  const { shown, sum } = bar;
  if (sum.priced === 0) {
    if (shown === undefined || shown.isWithdrawn) return;
    bar.shown = { ...shown, volume: '0', tradeCount: 0, revision: shown.revision + 1, isWithdrawn: true };
  } else {
    const closed = closedBar(series, level, bar);
    if (shown !== undefined && isSame(shown, closed)) return;
    bar.shown = closed;
  }
  out.push(bar.shown);
}

function closedBar({ options }: BarSeries, level: Level, { startNs, endNs, sum, shown }: HeldBar): ClosedBar {
  const { priceDecimals, qtyDecimals } = options.instrument;
  return {
    interval: level.interval,
    startNs,
    endNs,
    open: unitsText(sum.open, priceDecimals),
    high: unitsText(sum.high, priceDecimals),
    low: unitsText(sum.low, priceDecimals),
    close: unitsText(closeOf(sum), priceDecimals),
    volume:
      sum.volumeCarried === 0n ? unitsText(sum.volumeUnits, qtyDecimals) : bigUnitsText(volumeOf(sum), qtyDecimals),
    tradeCount: sum.tradeCount,
    revision: shown === undefined ? 0 : shown.revision + 1,
    isWithdrawn: false,
  };
}

function isSame(a: ClosedBar, b: ClosedBar): boolean {
  return (
    a.isWithdrawn === b.isWithdrawn &&
    a.open === b.open &&
    a.high === b.high &&
    a.low === b.low &&
    a.close === b.close &&
    a.volume === b.volume &&
    a.tradeCount === b.tradeCount
  );
}
