import type { AssetClass, Instrument } from '@tickpath/trading';
import type { MarketBook, MarketQuote, MarketStatus, MarketTrade, SourceEvent } from '../market/event.ts';
import type { MatcherRules, MatcherState } from './matcher-state.ts';
import { dequeue, enqueue, forgetPositions, settlePositions, type WorkingOrder, workingOrder } from './order-queue.ts';
import { bestPx, forgetShown, giveBack, levelSz, showBook, showQuote } from './shown-side.ts';
import { addStop, electStops } from './stops.ts';
import { createSymbolMarket, ownSideOf, queueOf, type SymbolMarket } from './symbol-market.ts';
import { arrive, meetShown } from './taking.ts';
import { meetTrade, takerSignOf } from './trades.ts';
import type { EnteringOrder, MatchDecision, TradingPhase } from './types.ts';

export type { MatcherRules, MatcherState } from './matcher-state.ts';

/** The best of each side as shown: the quote's, or the book's where there is no quote. 0 is absent. */
export interface ShownQuote {
  readonly bidPx: number;
  readonly bidSz: number;
  readonly askPx: number;
  readonly askSz: number;
}

/** What the trades of a symbol have left behind. */
export interface MarketPast {
  /** Price of the last eligible trade; 0 when there is none. */
  readonly lastSalePx: number;
  /** Σ size of the eligible trades. */
  readonly volumeQty: number;
}

const NOTHING: readonly MatchDecision[] = Object.freeze([]);
const NONE_GONE = Object.freeze({ bids: Object.freeze([]), asks: Object.freeze([]) });

/** No market shown, no order. Every asset class is `closed` until `setPhase` says otherwise. */
export function createMatcher(rules: MatcherRules): MatcherState {
  return {
    rules,
    markets: new Map(),
    orders: new Map(),
    phases: { us_equity: 'closed', crypto: 'closed' },
    decisions: [],
  };
}

/**
 * Applies one event of the market and returns what it led to, in order: of a trade the orders it meets, then those that
 * take what it renewed, then the stops it elects; of both sides buys before sells. A decision has already taken effect
 * when it is returned. Kinds that say nothing about liquidity or the last price change nothing.
 */
export function showMarket(state: MatcherState, event: SourceEvent): readonly MatchDecision[] {
  switch (event.kind) {
    case 'quote':
      onQuote(state, marketOf(state, event.instrument), event);
      break;
    case 'trade':
      onTrade(state, marketOf(state, event.instrument), event);
      break;
    case 'book':
      onBook(state, marketOf(state, event.instrument), event);
      break;
    case 'status':
      onStatus(marketOf(state, event.instrument), event);
      break;
    case 'luld':
    case 'correction':
    case 'cancelError':
    case 'imbalance':
      break;
  }
  return decided(state);
}

/**
 * An order arrives: it takes what is available to it, and what is left rests or expires at once. A stop waits for its
 * trade; a trailing one is answered with `trailed` when a mark to begin with is known. Throws when the order is in
 * already or lacks a price of its type.
 */
export function enterOrder(state: MatcherState, entering: EnteringOrder): readonly MatchDecision[] {
  const order = admit(state, entering);
  const market = marketOf(state, entering.instrument);
  if (order.isStop) addStop(state, market, order);
  else arrive(state, market, order);
  return decided(state);
}

/**
 * Takes up an order that had arrived before a restart: it rests behind all others with an unknown queue position, and
 * meets what is shown from the next event on. Throws as `enterOrder` does.
 */
export function resumeOrder(state: MatcherState, entering: EnteringOrder): void {
  const order = admit(state, entering);
  const market = marketOf(state, entering.instrument);
  if (order.isStop) {
    market.stops.push(order);
    return;
  }
  const queue = queueOf(market, order.sign);
  enqueue(queue, order);
  settlePositions(queue, ownSideOf(market, order.sign), NONE_GONE.bids);
}

/** Lowers what is still to fill; the order keeps its place. Throws for an order that is not in, and for any other change. */
export function amendOrder(state: MatcherState, orderId: string, change: { readonly leavesQty: number }): void {
  const order = state.orders.get(orderId);
  if (order === undefined) throw new Error(`order ${orderId} cannot be amended: it is not in the market`);
  const { leavesQty } = change;
  if (!Number.isSafeInteger(leavesQty) || leavesQty <= 0 || leavesQty > order.leavesQty) {
    throw new RangeError(`order ${orderId}: leaves ${leavesQty} are not between 1 and ${order.leavesQty}`);
  }
  order.leavesQty = leavesQty;
}

/** The order meets the market no more. One that has filled, expired or never arrived is out already. */
export function removeOrder(state: MatcherState, orderId: string): void {
  const order = state.orders.get(orderId);
  if (order === undefined) return;
  state.orders.delete(orderId);
  const market = marketOf(state, order.instrument);
  if (order.isStop) market.stops.splice(market.stops.indexOf(order), 1);
  else dequeue(queueOf(market, order.sign), order);
}

/** The asset class enters a phase: orders that may trade now meet what is shown, symbol by symbol in order of appearance. */
export function setPhase(state: MatcherState, assetClass: AssetClass, phase: TradingPhase): readonly MatchDecision[] {
  if (state.phases[assetClass] === phase) return NOTHING;
  state.phases[assetClass] = phase;
  for (const market of state.markets.values()) {
    if (market.instrument.assetClass !== assetClass) continue;
    meetShown(state, market, 1);
    meetShown(state, market, -1);
  }
  return decided(state);
}

/** Ends a short-sale restriction: what rests meets what is shown from the next event on. */
export function liftShortSaleRestriction(state: MatcherState, symbol: string): void {
  const market = state.markets.get(symbol);
  if (market !== undefined) market.isShortSaleRestricted = false;
}

/** States what the trades before a place have left behind, where those are not shown: nothing fills, nothing is elected. */
export function statePast(state: MatcherState, instrument: Instrument, { lastSalePx, volumeQty }: MarketPast): void {
  const market = marketOf(state, instrument);
  market.lastSalePx = lastSalePx;
  market.volumeQty = volumeQty;
}

/** `undefined` for a symbol that has not come up yet. */
export function shownQuote(state: MatcherState, symbol: string): ShownQuote | undefined {
  const market = state.markets.get(symbol);
  if (market === undefined) return undefined;
  const { bid, ask } = market;
  return { bidPx: bestPx(bid), bidSz: levelSz(bid, 0), askPx: bestPx(ask), askSz: levelSz(ask, 0) };
}

/** Price of the last eligible trade of the market, our own fills not among them. */
export function lastSalePx(state: MatcherState, symbol: string): number | undefined {
  return state.markets.get(symbol)?.lastSalePx || undefined;
}

function onQuote(state: MatcherState, market: SymbolMarket, quote: MarketQuote): void {
  // A side carried over is what was shown before, or, after a halt, what has been forgotten on purpose.
  if (quote.updates !== 'ask') showQuote(market.bid, quote.bidPx, quote.bidSz);
  if (quote.updates !== 'bid') showQuote(market.ask, quote.askPx, quote.askSz);
  meetBothSides(state, market, NONE_GONE);
}

function onBook(state: MatcherState, market: SymbolMarket, book: MarketBook): void {
  const bids = showBook(market.bid, book.bids, book.reset);
  const asks = showBook(market.ask, book.asks, book.reset);
  meetBothSides(state, market, { bids, asks });
}

function meetBothSides(
  state: MatcherState,
  market: SymbolMarket,
  gone: { readonly bids: readonly number[]; readonly asks: readonly number[] },
): void {
  settlePositions(market.buys, market.bid, gone.bids);
  settlePositions(market.sells, market.ask, gone.asks);
  meetShown(state, market, 1);
  meetShown(state, market, -1);
}

function onTrade(state: MatcherState, market: SymbolMarket, trade: MarketTrade): void {
  if (!trade.isLastSale) return;
  market.lastSalePx = trade.px;
  market.volumeQty += trade.sz;
  const taker = takerSignOf(market, trade);
  const asksRenewed = taker !== -1 && giveBack(market.ask, trade.px, trade.sz);
  const bidsRenewed = taker !== 1 && giveBack(market.bid, trade.px, trade.sz);
  meetTrade(state, market, { px: trade.px, sz: trade.sz, taker });
  if (asksRenewed) meetShown(state, market, 1);
  if (bidsRenewed) meetShown(state, market, -1);
  electStops(state, market, trade.px);
}

function onStatus(market: SymbolMarket, { effect }: MarketStatus): void {
  switch (effect) {
    case 'halt':
      market.isHalted = true;
      return;
    case 'resume':
      market.isHalted = false;
      forgetShown(market.bid);
      forgetShown(market.ask);
      forgetPositions(market.buys);
      forgetPositions(market.sells);
      return;
    case 'short-sale-restriction':
      market.isShortSaleRestricted = true;
      return;
    case 'none':
      return;
  }
}

function marketOf(state: MatcherState, instrument: Instrument): SymbolMarket {
  let market = state.markets.get(instrument.symbol);
  if (market === undefined) {
    market = createSymbolMarket(instrument);
    state.markets.set(instrument.symbol, market);
  }
  return market;
}

function admit(state: MatcherState, entering: EnteringOrder): WorkingOrder {
  if (state.orders.has(entering.orderId)) throw new Error(`order ${entering.orderId} is in the market already`);
  const order = workingOrder(entering);
  state.orders.set(order.orderId, order);
  return order;
}

function decided(state: MatcherState): readonly MatchDecision[] {
  const { decisions } = state;
  if (decisions.length === 0) return NOTHING;
  state.decisions = [];
  return decisions;
}
