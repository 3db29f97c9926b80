import {
  type BarColumns,
  barColumns,
  dropBars,
  endNsAt,
  type HeldBar,
  insertBar,
  rowAt,
  setBar,
  sumOfRows,
  unpackBar,
} from './bar-columns.ts';
import type { BarPeriod, BarRule } from './bar-conditions.ts';
import { type BarConditionUse, barRules } from './bar-rules.ts';
import { type BarToShow, shownBar } from './bar-shown.ts';
import { type BarSpan, barSpanOf, isWithin, type RegularSession, regularSessionOf } from './bar-spans.ts';
import { addToSum, type BarSum, emptySum, mergeSum } from './bar-sums.ts';
import {
  type BarTrade,
  findTrade,
  type HeldTrades,
  heldTrades,
  holdTrade,
  removeTrade,
  setTrade,
  tradeAt,
  tradesWithin,
} from './bar-trades.ts';
import { BAR_INTERVALS_NS, type BarInterval, type ClosedBar } from './bars.ts';
import type { Instrument } from './instrument.ts';

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

type LevelName = BarInterval | 'base';

interface Level {
  /** `base`: minutes that are not published, from which longer bars are made again. */
  readonly name: LevelName;
  readonly interval: BarInterval;
  readonly period: BarPeriod;
  /** For how long bars are kept after they closed. */
  readonly keepNs: bigint;
  /** Those that are over, as long as they are kept. */
  readonly closed: BarColumns;
  /** Those that are not, by time. */
  readonly open: HeldBar[];
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
/** A day of New York when its clocks go back. */
const LONGEST_DAY_NS = 25n * BAR_INTERVALS_NS['1h'];

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
  const empty = () => ({ closed: barColumns(), open: [] });
  const shown = wanted.map((interval) => ({
    name: interval,
    interval,
    period: periodOf(interval),
    keepNs,
    ...empty(),
  }));
  if (revisions === null) return shown;
  const long = shown.filter((each) => !isMadeOfTrades(each));
  const base = (period: BarPeriod): Level => {
    const longest = long.findLast((each) => each.period === period)?.interval ?? '1m';
    const longestNs = longest === '1d' ? LONGEST_DAY_NS : BAR_INTERVALS_NS[longest];
    return { name: 'base', interval: '1m', period, keepNs: keepNs + longestNs, ...empty() };
  };
  return [...Array.from(new Set(long.map(({ period }) => period)), base), ...shown];
}

/** Whether the level is made again from trades; longer bars are from minutes, because nobody holds a day of trades. */
function isMadeOfTrades({ interval }: Pick<Level, 'interval'>): boolean {
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
  const { open, closed } = level;
  let over = 0;
  for (const bar of open) {
    if (!isOver(series, bar.endNs)) {
      soonerClose(series, bar.endNs);
      break;
    }
    show(series, level, { bar, before: undefined }, out);
    insertBar(closed, closed.count, bar);
    over += 1;
  }
  if (over > 0) open.splice(0, over);
  let dropped = 0;
  while (dropped < closed.count && isOver(series, endNsAt(closed, dropped) + level.keepNs)) dropped += 1;
  if (dropped > 0) dropBars(closed, dropped);
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
    const open = openBarAt(level, trade.tsNs);
    const rule = rules[level.period];
    if (open !== undefined) addToSum(open.sum, trade, rule);
    else outcome = worse(outcome, addToOther(series, level, { trade, rule, out }));
  }
  if (series.held !== null) holdTrade(series.held, trade);
  return outcome;
}

interface Addition {
  readonly trade: BarTrade;
  readonly rule: BarRule;
  readonly out: ClosedBar[];
}

/** To a bar that is not open. By itself, so that the usual way makes nothing for a function to hold on to. */
function addToOther(series: BarSeries, level: Level, { trade, rule, out }: Addition): BarOutcome {
  const change = ({ sum }: HeldBar) => addToSum(sum, trade, rule);
  return changeBar(series, level, { tsNs: trade.tsNs, change, out });
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
  const original = held === null || slot === undefined ? undefined : tradeAt(held, slot);
  if (held === null || slot === undefined || original === undefined) return 'not-held';
  const { tsNs } = original;
  const minute = barSpanOf('1m', series.options.instrument.assetClass, tsNs);
  if (held.droppedNs !== null && held.droppedNs >= minute.startNs) return 'not-held';
  if (corrected === undefined) removeTrade(held, slot);
  else setTrade(held, slot, { ...original, ...corrected });
  let outcome: BarOutcome = 'taken';
  for (const level of series.levels) {
    const change = (bar: HeldBar) => {
      bar.sum = isMadeOfTrades(level) ? sumOfTrades(series, held, { level, bar }) : sumOfMinutes(series, level, bar);
    };
    outcome = worse(outcome, changeBar(series, level, { tsNs, change, out }));
  }
  return outcome;
}

function worse(before: BarOutcome, outcome: BarOutcome): BarOutcome {
  return before === 'late' || outcome === 'taken' ? before : outcome;
}

interface Place {
  readonly level: Level;
  readonly bar: HeldBar;
}

function sumOfTrades(series: BarSeries, held: HeldTrades, { level, bar }: Place): BarSum {
  const sum = emptySum();
  for (const trade of tradesWithin(held, bar)) addToSum(sum, trade, series.rulesOf(trade)[level.period]);
  return sum;
}

/** The base is kept for longer than any bar that is made of it. */
function sumOfMinutes(series: BarSeries, level: Level, bar: HeldBar): BarSum {
  const base = series.levels.find(({ name, period }) => name === 'base' && period === level.period);
  if (base === undefined) return emptySum();
  const sum = sumOfRows(base.closed, bar);
  for (const minute of base.open) if (isWithin(bar, minute.startNs)) mergeSum(sum, minute.sum);
  return sum;
}

/** The level's open bar of a time, undefined when it has none yet. */
function openBarAt({ open }: Level, tsNs: bigint): HeldBar | undefined {
  for (let index = open.length - 1; index >= 0; index -= 1) {
    const bar = open[index] as HeldBar;
    if (tsNs >= bar.startNs) return tsNs < bar.endNs ? bar : undefined;
  }
  return undefined;
}

interface BarChange {
  readonly tsNs: bigint;
  readonly change: (bar: HeldBar) => void;
  readonly out: ClosedBar[];
}

/** Changes the level's bar of a time, made when there is none yet, and publishes it again when it had closed. */
function changeBar(series: BarSeries, level: Level, { tsNs, change, out }: BarChange): BarOutcome {
  const open = openBarAt(level, tsNs);
  if (open !== undefined) {
    change(open);
    return 'taken';
  }
  const { closed } = level;
  const row = rowAt(closed, tsNs);
  const held = row >= 0 && tsNs < endNsAt(closed, row) ? unpackBar(closed, row) : undefined;
  const bar: HeldBar = held ?? { ...spanOf(series, level.interval, tsNs), sum: emptySum(), revision: -1 };
  if (!canChange(series, level, bar.endNs)) return 'late';
  const before = { ...bar.sum };
  change(bar);
  if (!isOver(series, bar.endNs)) {
    level.open.push(bar);
    level.open.sort((a, b) => (a.startNs < b.startNs ? -1 : 1));
    soonerClose(series, bar.endNs);
    return 'taken';
  }
  show(series, level, { bar, before }, out);
  if (held === undefined) insertBar(closed, row + 1, bar);
  else setBar(closed, row, bar);
  return level.name === 'base' ? 'taken' : 'revised';
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

/** Publishes a bar that is over, when there is something to say of it. The base is not published. */
function show(series: BarSeries, { name }: Level, { bar, before }: ToShow, out: ClosedBar[]): void {
  const shown = name === 'base' ? undefined : shownBar(series.options.instrument, { interval: name, bar, before });
  if (shown !== undefined) out.push(shown);
}

type ToShow = Pick<BarToShow, 'bar' | 'before'>;
