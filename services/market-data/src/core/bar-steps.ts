import {
  type ActivityBar,
  type AssetClass,
  BAR_INTERVALS_NS,
  type BarSpan,
  barSpanOf,
  type ClosedBar,
  isWithin,
  regularSessionOf,
} from '@tickpath/trading';
import { marketTopic, type Payload } from '@tickpath/wire';
import { beginToListen, historyEndOf, pruneCoverage, reviseShown, showBar } from './coverage.ts';
import type { VenueBarEvent } from './feeds/protocol.ts';
import { coverageOf, type MarketConfig, type MarketState, NEVER, type Step } from './market-state.ts';
import { shiftTime } from './quality/data-state.ts';
import type { SymbolMarket } from './symbol-market.ts';
import { assetClassOf, type BarsOut, closeBars } from './trade-bars.ts';

const NS_PER_MS = 1_000_000n;
/** A day of 25 hours, and an hour for what closes late. */
const LONGEST_BAR_NS = 26n * BAR_INTERVALS_NS['1h'];

/** Takes the time that an event tells for the market's. */
export function hear(step: Step, venueTsNs: bigint): void {
  const { state } = step;
  if (state.listensNs === undefined) {
    state.listensNs = venueTsNs;
    for (const coverage of state.coverages.values()) beginToListen(coverage, venueTsNs);
  }
  // Until now the market's clock has told no time, only how much of it has passed.
  if (state.heardNs === 0n) {
    for (const { data } of state.symbols.values()) shiftTime(data, venueTsNs - state.marketNowNs);
  }
  if (venueTsNs > state.heardNs) state.heardNs = venueTsNs;
  advance(step, venueTsNs);
}

/** Moves the market's clock and closes every bar, of every symbol, that is over by then. */
export function advance(step: Step, nowNs: bigint): void {
  const { state } = step;
  if (nowNs > state.marketNowNs) state.marketNowNs = nowNs;
  if (state.marketNowNs < state.nextCloseNs) return;
  state.nextCloseNs = NEVER;
  for (const market of state.symbols.values()) {
    const made: BarsOut = { bars: [], activity: [] };
    closeBars(market.bars, state.marketNowNs, made);
    publishBars(step, market, made);
  }
}

export function publishBars(step: Step, market: SymbolMarket, { bars, activity }: BarsOut): void {
  const { state, stamps, out } = step;
  const { coverage } = market;
  const { nextCloseNs } = market.bars.series;
  if (nextCloseNs < state.nextCloseNs) state.nextCloseNs = nextCloseNs;
  if (bars.length > 0) pruneCoverage(coverage, state.marketNowNs - reachOf(state));
  for (const bar of bars) publishBar(step, market, bar);
  for (const bar of activity) {
    const topic = marketTopic(market.symbol, `bar.${bar.kind}.${bar.threshold}`);
    const { receivedNs, decodedNs } = stamps;
    out.push({ kind: 'activityBar', topic, payload: { ...(bar satisfies ActivityBar), receivedNs, decodedNs } });
  }
}

/** How far back a bar can change. */
function reachOf({ config }: MarketState): bigint {
  return LONGEST_BAR_NS + BigInt(config.bars.reviseWithinMs + config.bars.graceMs) * NS_PER_MS;
}

/**
 * A bar of our own making. Of the time before we began to listen, only what was fetched whole is told, and nothing of
 * what the venue's own bars tell.
 */
function publishBar(step: Step, market: SymbolMarket, bar: ClosedBar): void {
  const { coverage } = market;
  const isHistory = bar.endNs <= historyEndOf(coverage);
  if (isHistory && coverage.hasVenueHistory && hasVenueBars(bar.interval)) return;
  const toldNs = coverage.historyNs.get(bar.interval);
  if (toldNs !== undefined && bar.startNs <= toldNs) return;
  const shown = showBar(coverage, bar);
  if (isHistory && shown.isIncomplete) return;
  pushBar(step, market.topics[bar.interval], { ...shown, isHistory });
}

/** Publishes again the bars that are incomplete, or whole, by what has been learnt of lost and fetched trades. */
export function reviseCoverage(step: Step): void {
  const { changed } = step.state;
  for (const market of changed) {
    const historyEndNs = historyEndOf(market.coverage);
    for (const shown of reviseShown(market.coverage)) {
      if (shown.bar.endNs <= historyEndNs) continue;
      pushBar(step, market.topics[shown.bar.interval], { ...shown, isHistory: false });
    }
  }
  changed.clear();
}

interface PublishedBar {
  readonly bar: ClosedBar;
  readonly isIncomplete: boolean;
  readonly isHistory: boolean;
}

function pushBar({ out, stamps }: Step, topic: string, { bar, isIncomplete, isHistory }: PublishedBar): void {
  const { isWithdrawn, ...fields } = bar;
  const { receivedNs, decodedNs } = stamps;
  const payload: Payload<'bar'> = {
    ...{ ...fields, withdrawn: isWithdrawn, receivedNs, decodedNs },
    ...{ incomplete: isIncomplete, history: isHistory },
  };
  out.push({ kind: 'bar', topic, payload });
}

/**
 * A bar of the venue's making from the time before we began to listen. It is published once, marked as history, and not
 * revised; one that is not of our intervals or session, or not over by then, is only counted.
 */
export function takeVenueBar(step: Step, event: VenueBarEvent): void {
  const { symbol, interval, venueTsNs: startNs, open, high, low, close, volume, tradeCount } = event;
  const { state, observer } = step;
  const assetClass = assetClassOf(symbol, state.instruments.get(symbol));
  const coverage = coverageOf(state, symbol);
  const span = barSpanOf(interval, assetClass, startNs);
  const lastNs = coverage.historyNs.get(interval);
  const isNews = lastNs === undefined || startNs > lastNs;
  const isOurs =
    span.startNs === startNs && span.endNs <= historyEndOf(coverage) && isInSession(state.config, assetClass, span);
  if (!isNews || !isOurs || tradeCount === null) return observer.unpublished('venue-bar');
  coverage.historyNs.set(interval, startNs);
  const bar = { interval, ...span, open, high, low, close, volume, tradeCount, revision: 0, isWithdrawn: false };
  pushBar(step, marketTopic(symbol, `bar.${interval}`), { bar, isIncomplete: false, isHistory: true });
}

function isInSession({ bars }: MarketConfig, assetClass: AssetClass, span: BarSpan): boolean {
  if (bars.session === 'all' || assetClass !== 'us_equity') return true;
  const { session } = regularSessionOf(span.startNs);
  return isWithin(session, span.startNs) && span.endNs <= session.endNs;
}

/** Whether venues have bars of that length: of a minute and more. */
export function hasVenueBars(interval: ClosedBar['interval']): boolean {
  return BAR_INTERVALS_NS[interval] >= BAR_INTERVALS_NS['1m'];
}
