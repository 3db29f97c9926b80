import type { Instrument } from '@tickpath/trading';
import { createRandom, isDrawn } from '../random.ts';
import type { SourceEvent } from './event.ts';
import { drawGapNs, drawWaitNs, meanExcessRate } from './synthetic-arrivals.ts';
import { halt, redrawnBand, reopen } from './synthetic-halts.ts';
import { IDS_PER_RESUMPTION, type SyntheticPosition } from './synthetic-position.ts';
import { movePrice } from './synthetic-price.ts';
import { nextQuote } from './synthetic-quotes.ts';
import { settleRoot } from './synthetic-schedule.ts';
import {
  NS_PER_SECOND,
  PIPS_PER_CENT,
  type SymbolState,
  type SyntheticConfig,
  type SyntheticMarket,
  tsOf,
} from './synthetic-state.ts';
import { dueCorrection, nextTrade } from './synthetic-trades.ts';

export type { SyntheticPosition } from './synthetic-position.ts';
export type { SyntheticConfig, SyntheticMarket, SyntheticSymbol } from './synthetic-state.ts';

const NOISE_SHARE_PER_SECOND = 0.0002;
const TRADE_SHARE = 0.35;
const SECONDS_PER_HOUR = 3600;
const LOTS_PER_COIN_DECIMALS = 4;
/** More than is ever shown at one price or traded at once. */
const MOST_SHARES = 10_000;
const MOST_COIN_USD = 25_000;
const MOST_RESUMPTIONS = Math.floor(Number.MAX_SAFE_INTEGER / IDS_PER_RESUMPTION);

/**
 * A market that looks alive and repeats itself exactly: equal configurations give equal events. Throws `RangeError` when an
 * instrument has no room for its prices and sizes.
 */
export function createSyntheticMarket(config: SyntheticConfig): SyntheticMarket {
  const { seed, symbols, ticksPerSecond, startNs, haltSeconds = 300 } = config;
  if (symbols.length === 0) throw new RangeError('a synthetic market needs at least one symbol, found 0');
  const market: SyntheticMarket = {
    seed,
    startNs,
    ticksPerSecond,
    noiseShare: NOISE_SHARE_PER_SECOND / Math.sqrt(ticksPerSecond),
    jumpsPerSecond: (config.jumpsPerHour ?? 0) / SECONDS_PER_HOUR,
    haltsPerSecond: (config.haltsPerHour ?? 0) / SECONDS_PER_HOUR,
    haltNs: Math.max(1, Math.round(haltSeconds * NS_PER_SECOND)),
    correctionShare: (config.correctionsPerThousand ?? 0) / 1000,
    symbols: symbols.map(({ instrument, priceCents }) => symbolState(instrument, priceCents)),
    schedule: symbols.map((_, index) => index),
    pending: [],
    resumptions: 0,
  };
  for (const state of market.symbols) draw(market, state);
  return market;
}

/**
 * Why an instrument cannot be shown around a price, in cents; `null` when it can. Prices stay below twice that price, and
 * what is shown of an equity below `MOST_SHARES`, of a coin below `MOST_COIN_USD`.
 */
export function unshowable(
  { symbol, assetClass, priceDecimals, qtyDecimals }: Instrument,
  priceCents: number,
): string | null {
  if (priceDecimals < 2) return `${symbol} has ${priceDecimals} decimals of a price, needs 2 for cents`;
  const mostPx = (2 * priceCents) / 100;
  if (!hasRoomFor(mostPx, priceDecimals)) {
    return `${symbol} has ${priceDecimals} decimals of a price, which leave no room for prices up to ${mostPx}`;
  }
  const mostQty = assetClass === 'crypto' ? Math.ceil((2 * MOST_COIN_USD * 100) / priceCents) : MOST_SHARES;
  if (hasRoomFor(mostQty, qtyDecimals)) return null;
  return `${symbol} has ${qtyDecimals} decimals of a quantity, which leave no room for quantities up to ${mostQty}`;
}

function hasRoomFor(value: number, decimals: number): boolean {
  return value * 10 ** decimals <= Number.MAX_SAFE_INTEGER;
}

function symbolState(instrument: Instrument, priceCents: number): SymbolState {
  const fault = unshowable(instrument, priceCents);
  if (fault !== null) throw new RangeError(fault);
  const { assetClass, priceDecimals, qtyDecimals } = instrument;
  const isCrypto = assetClass === 'crypto';
  const lotDecimals = isCrypto ? Math.min(LOTS_PER_COIN_DECIMALS, qtyDecimals) : 0;
  const anchorPips = priceCents * PIPS_PER_CENT;
  return {
    instrument,
    isCrypto,
    centUnits: 10 ** (priceDecimals - 2),
    lotUnits: 10 ** (qtyDecimals - lotDecimals),
    lotsPerWhole: 10 ** lotDecimals,
    anchorPips,
    random: { a: 0, b: 0, c: 0, counter: 0 },
    ...{ nextNs: 0, lastNs: 0, excessRate: 0 },
    ...{ fairPips: anchorPips, driftPipsPerSecond: 0, trendEndsNs: 0, mood: 'usual', moodEndsNs: 0 },
    ...{ nextJumpNs: 0, nextHaltNs: 0, isHalted: false, referencePips: anchorPips, band: null },
    ...{ bidCents: 0, askCents: 0, bidSz: 0, askSz: 0, bids: [], asks: [], booksUntilReset: 0 },
    ...{ tradeId: 0, corrections: [] },
  };
}

/** Seeds a symbol and draws what lies ahead of it. Each resumption of a run has random numbers of its own. */
function draw(market: SyntheticMarket, state: SymbolState): void {
  const { symbol } = state.instrument;
  const stream = market.resumptions === 0 ? symbol : `${symbol} ${market.resumptions}`;
  state.random = createRandom(market.seed, stream);
  state.excessRate = meanExcessRate(market.ticksPerSecond);
  state.nextJumpNs = drawWaitNs(state, market.jumpsPerSecond);
  // Coins are not halted.
  state.nextHaltNs = drawWaitNs(state, state.isCrypto ? 0 : market.haltsPerSecond);
}

/**
 * Takes a run up again: prices go on from the position, and no trade id comes twice in the run. The market must be new, its
 * start no earlier than the position. Throws `RangeError` when the run has been taken up too often for ids to stay exact.
 */
export function resume(market: SyntheticMarket, position: SyntheticPosition): void {
  const resumptions = position.resumptions + 1;
  if (resumptions > MOST_RESUMPTIONS) {
    throw new RangeError(`a run can be taken up again ${MOST_RESUMPTIONS} times, this would be number ${resumptions}`);
  }
  market.resumptions = resumptions;
  for (const state of market.symbols) {
    draw(market, state);
    state.tradeId = resumptions * IDS_PER_RESUMPTION;
    const pips = position.prices[state.instrument.symbol];
    if (pips === undefined) continue;
    state.fairPips = pips;
    state.referencePips = pips;
  }
}

/** Where the market stands: enough to take the run up again. */
export function positionOf(market: SyntheticMarket): SyntheticPosition {
  const latestNs = market.symbols.reduce((latest, { lastNs }) => Math.max(latest, lastNs), 0);
  const prices = market.symbols.map(({ instrument, fairPips }) => [instrument.symbol, Math.round(fairPips)]);
  return {
    kind: 'synthetic',
    resumptions: market.resumptions,
    tsNs: String(tsOf(market, latestNs)),
    prices: Object.fromEntries(prices),
  };
}

/** Unix nanoseconds of the next event. */
export function nextEventNs(market: SyntheticMarket): bigint {
  return market.pending[0]?.tsNs ?? tsOf(market, earliest(market).nextNs);
}

/**
 * The events due up to and including `untilNs`, in time order (ties in the order of the symbols), at most `limit` of
 * them; call again until none come. Changes `market` in place. Times have nanosecond grain for the first hundred days.
 */
export function advance(market: SyntheticMarket, untilNs: bigint, limit: number): SourceEvent[] {
  const until = Number(untilNs - market.startNs);
  const events: SourceEvent[] = [];
  while (events.length < limit) {
    if (market.pending.length === 0) {
      const state = earliest(market);
      if (state.nextNs > until) break;
      market.pending = tick(market, state);
      settleRoot(market.schedule, market.symbols);
    }
    const room = limit - events.length;
    if (market.pending.length <= room) {
      events.push(...market.pending);
      market.pending = [];
    } else events.push(...market.pending.splice(0, room));
  }
  return events;
}

function earliest(market: SyntheticMarket): SymbolState {
  const state = market.symbols[market.schedule[0] ?? 0];
  if (state === undefined) throw new RangeError('a synthetic market has lost its schedule');
  return state;
}

/** What a symbol does when it is due: one trade or quote, and what goes with it at the same time. */
function tick(market: SyntheticMarket, state: SymbolState): SourceEvent[] {
  const nowNs = state.nextNs;
  if (!state.isHalted && nowNs >= state.nextHaltNs && state.bidCents > 0) return [halt(market, state, nowNs)];
  const events: SourceEvent[] = [];
  if (state.isHalted) events.push(reopen(market, state, nowNs));
  else movePrice(market, state, nowNs);
  const isTrade = state.bidCents > 0 && isDrawn(state.random, TRADE_SHARE);
  if (isTrade) events.push(nextTrade(market, state, nowNs));
  else events.push(...nextQuote(market, state, nowNs));
  const band = redrawnBand(market, state, nowNs);
  if (band !== undefined) events.push(band);
  const correction = dueCorrection(market, state, nowNs);
  if (correction !== undefined) events.push(correction);
  state.nextNs = nowNs + drawGapNs(state, market.ticksPerSecond);
  return events;
}
