import type { MarketTrade } from '../market/event.ts';
import type { MatcherState } from './matcher-state.ts';
import type { WorkingOrder } from './order-queue.ts';
import { bestPx, type Sign } from './shown-side.ts';
import type { SymbolMarket } from './symbol-market.ts';
import { fill, isRestrictedShort, mayTrade, phaseOf } from './taking.ts';
import type { TradingPhase } from './types.ts';

/** Who took in a trade: 1 a buyer, -1 a seller, 0 cannot be told. */
export type TakerSign = Sign | 0;

/** A trade of the market as our orders see it: each leaves less of it to the next. */
interface Print {
  readonly px: number;
  readonly phase: TradingPhase;
  left: number;
}

/** As the source says, or else by what was shown: at the ask or above it a buyer took, at the bid or below it a seller. */
export function takerSignOf({ bid, ask }: SymbolMarket, trade: MarketTrade): TakerSign {
  if (trade.takerSide !== null) return trade.takerSide === 'B' ? 1 : -1;
  const askPx = bestPx(ask);
  if (askPx !== 0 && trade.px >= askPx) return 1;
  const bidPx = bestPx(bid);
  return bidPx !== 0 && trade.px <= bidPx ? -1 : 0;
}

/** Resting limit orders that an eligible trade meets share its size, buys before sells when it may meet both. */
export function meetTrade(
  state: MatcherState,
  market: SymbolMarket,
  trade: { readonly px: number; readonly sz: number; readonly taker: TakerSign },
): void {
  const { buys, sells } = market;
  if (buys.limits.length === 0 && sells.limits.length === 0) return;
  const phase = phaseOf(state, market);
  if (phase === 'closed') return;
  const print: Print = { px: trade.px, phase, left: trade.sz };
  if (trade.taker !== 1) meetMakers(state, market, { orders: buys.limits, print });
  if (trade.taker !== -1) meetMakers(state, market, { orders: sells.limits, print });
}

function meetMakers(
  state: MatcherState,
  market: SymbolMarket,
  { orders, print }: { readonly orders: WorkingOrder[]; readonly print: Print },
): void {
  for (let index = 0; index < orders.length && print.left > 0; ) {
    const order = orders[index];
    if (order === undefined || order.sign * print.px > order.sign * order.limitPx) return;
    if (mayTrade(order, print.phase) && isAboveBid(market, order)) meetMaker(state, order, print);
    if (order.leavesQty === 0) orders.splice(index, 1);
    else index += 1;
  }
}

/** A trade through the limit fills; one at the limit serves those ahead first. */
function meetMaker(state: MatcherState, order: WorkingOrder, print: Print): void {
  const { orderId, limitPx } = order;
  let reaching = print.left;
  if (print.px === limitPx) {
    reaching -= order.aheadQty;
    order.aheadQty = Math.max(0, -reaching);
  }
  if (reaching <= 0) return;
  const lastQty = Math.min(order.leavesQty, reaching);
  print.left -= lastQty;
  fill(state, order, { kind: 'fill', orderId, lastPx: limitPx, lastQty, liquidity: 'maker' });
}

/** Rule 201: a short sale under the restriction executes at its limit only while that is above the best bid. */
function isAboveBid(market: SymbolMarket, order: WorkingOrder): boolean {
  return !isRestrictedShort(market, order) || order.limitPx > bestPx(market.bid);
}
