import type { BarOutcome, BarTrade } from '@tickpath/trading';
import { hear, publishBars } from './bar-steps.ts';
import { historyEndOf, noteTradeTime } from './coverage.ts';
import type { CancelEvent, CorrectionEvent, FeedOutput, TradeEvent } from './feeds/protocol.ts';
import type { Step } from './market-state.ts';
import { stand, violate } from './quality/data-state.ts';
import type { Violation } from './quality/rules.ts';
import { judgeTrade, type TradeUse } from './quality/symbol-quality.ts';
import type { SymbolMarket } from './symbol-market.ts';
import { addTrade, type BarsOut, barTradeOf, cancelTrade, closeBars, correctTrade, makesPrice } from './trade-bars.ts';

const NO_FLAGS: readonly string[] = [];
const RECOVERED: readonly string[] = ['recovered'];

/** Judges a trade, publishes it and puts it into its bars as far as it is to be believed. */
export function takeTrade(step: Step, market: SymbolMarket, trade: TradeEvent): void {
  const { state, stamps } = step;
  const { quality: config, isLive } = state.config;
  const priced = makesPrice(market.bars, trade);
  const found = judgeTrade(market.quality, trade, { config, time: { stamps, isLive }, makesPrice: priced });
  if (found.tellsTime) {
    noteTime(step, market, { venueTsNs: trade.venueTsNs, isRecovered: false });
    hear(step, trade.venueTsNs);
  }
  publishTrade(step, market, { trade, flags: flagsOf(step, market, found.violations) });
  putInBars(step, market, { trade, use: found.use, makesPrice: priced });
}

/** Older than what has come meanwhile: it says nothing of the present, but its bars want it. */
export function takeRecovered(step: Step, market: SymbolMarket, trade: TradeEvent): void {
  noteTime(step, market, { venueTsNs: trade.venueTsNs, isRecovered: true });
  publishTrade(step, market, { trade, flags: RECOVERED });
  const isPositive = Number(trade.price) > 0 && Number(trade.size) > 0;
  if (!isPositive) return step.observer.unbarred(market.symbol, 'suspect');
  const barTrade = barTradeOf(market.bars, trade);
  if (barTrade === undefined) step.observer.unbarred(market.symbol, 'precision');
  else addToBars(step, market, [barTrade]);
}

/** A trade says that those of the symbol go on. */
function noteTime(
  { state }: Step,
  market: SymbolMarket,
  { venueTsNs, isRecovered }: { readonly venueTsNs: bigint; readonly isRecovered: boolean },
): void {
  const arrival = { isRecovered, isListening: state.isSubscribed };
  if (noteTradeTime(market.coverage, venueTsNs, arrival)) state.changed.add(market);
}

/** Trades of the symbol are lost. */
export function violateGap(
  step: Step,
  market: SymbolMarket,
  { from, to }: Pick<Extract<FeedOutput, { kind: 'lost' }>, 'from' | 'to'>,
): void {
  const range = from === null && to === null ? 'trades of a lost connection' : `trades ${from} to ${to}`;
  const { severity } = step.state.config.quality.gap;
  noteViolation(step, market, { rule: 'gap', severity, text: `${range} are lost, allowed are none` });
}

interface FlaggedTrade {
  readonly trade: TradeEvent;
  readonly flags: readonly string[];
}

function publishTrade({ out, stamps }: Step, { topics }: SymbolMarket, { trade, flags }: FlaggedTrade): void {
  const { price, size, tradeId, exchange, conditions, tape, venueTsNs, takerSide } = trade;
  const { receivedNs, decodedNs } = stamps;
  const payload = {
    ...{ price, size, tradeId, exchange, conditions, tape },
    ...{ venueTsNs, receivedNs, decodedNs, takerSide, flags },
  };
  out.push({ kind: 'trade', topic: topics.trade, payload });
}

interface JudgedTrade {
  readonly trade: TradeEvent;
  readonly use: TradeUse;
  readonly makesPrice: boolean;
}

function putInBars(step: Step, market: SymbolMarket, { trade, use, makesPrice: priced }: JudgedTrade): void {
  const { observer } = step;
  const { symbol, unconfirmed } = market;
  if (use === 'drop') return observer.unbarred(symbol, 'suspect');
  const barTrade = barTradeOf(market.bars, trade);
  if (barTrade === undefined) return observer.unbarred(symbol, 'precision');
  if (use === 'hold') {
    // The confirming trade comes before there are so many; further ones have contradicted each other.
    if (unconfirmed.length === step.state.config.quality.priceJump.confirmations) {
      unconfirmed.shift();
      observer.unbarred(symbol, 'unconfirmed');
    }
    unconfirmed.push(barTrade);
    return;
  }
  const held = priced ? unconfirmed.splice(0) : [];
  if (use === 'confirmed') return addToBars(step, market, [...held, barTrade]);
  for (const _refuted of held) observer.unbarred(symbol, 'unconfirmed');
  addToBars(step, market, [barTrade]);
}

function addToBars(step: Step, market: SymbolMarket, trades: readonly BarTrade[]): void {
  const { state } = step;
  const made: BarsOut = { bars: [], activity: [] };
  // A symbol that was silent has not been told of the time that others have moved.
  closeBars(market.bars, state.marketNowNs, made);
  for (const trade of trades) {
    // Bars by activity count from when we began to listen: what is fetched of before would come after what is newer.
    const isPast = trade.tsNs < (market.coverage.listensNs ?? trade.tsNs + 1n);
    const bars = isPast ? { ...market.bars, activity: [] } : market.bars;
    countTrade(step, market, { trade, outcome: addTrade(bars, trade, made) });
  }
  publishBars(step, market, made);
}

/** Of history, the shorter bars are not ours to change: that a trade came too late for them is no news. */
function countTrade(
  step: Step,
  market: SymbolMarket,
  { trade, outcome }: { readonly trade: BarTrade; readonly outcome: BarOutcome },
): void {
  if (outcome !== 'late' || trade.tsNs >= historyEndOf(market.coverage)) countOutcome(step, market, outcome);
}

/** A trade was wrong, or never was: the bars that it is in change. */
export function reviseTrade(step: Step, market: SymbolMarket, event: CorrectionEvent | CancelEvent): void {
  const made: BarsOut = { bars: [], activity: [] };
  const { bars } = market;
  const outcome = event.kind === 'cancel' ? cancelTrade(bars, event, made) : correctTrade(bars, event, made);
  if (outcome === undefined) step.observer.unbarred(market.symbol, 'precision');
  else countOutcome(step, market, outcome);
  publishBars(step, market, made);
}

function countOutcome({ observer }: Step, { symbol }: SymbolMarket, outcome: BarOutcome): void {
  if (outcome !== 'taken' && outcome !== 'revised') observer.unbarred(symbol, outcome);
}

/** Tells of violations, and gives the tags of those that are to be seen on the event. */
export function flagsOf(step: Step, market: SymbolMarket, violations: readonly Violation[]): readonly string[] {
  if (violations.length === 0) return NO_FLAGS;
  for (const violation of violations) noteViolation(step, market, violation);
  return violations.filter(({ severity }) => severity !== 'count').map(({ rule }) => rule);
}

export function noteViolation({ state, observer }: Step, { symbol, data }: SymbolMarket, violation: Violation): void {
  observer.violated(symbol, violation);
  const found = { text: violation.text, nowNs: state.marketNowNs };
  if (violation.severity !== 'halt') return;
  if (violation.rule === 'stale') stand(data, 'stale', found);
  else violate(data, violation.rule, found);
}
