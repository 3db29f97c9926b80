/** When Rule 201 ends in a symbol: matching is told, as it knows no time. */
import { addDays, newYorkDateOf, nextTradingDay, nsOfNewYork } from '@tickpath/trading';
import type { MarketStatus } from '../market/event.ts';
import { liftShortSaleRestriction } from '../matching/matcher.ts';
import type { ExchangeState } from './state.ts';

/**
 * Notes a restriction that the market shows; false when it would be over by now. It is in force for the rest of its day in
 * New York and the next trading day (17 CFR 242.201(b)(1)(ii)); one that is shown again begins anew.
 */
export function beginRestriction(state: ExchangeState, { instrument, tsNs }: MarketStatus): boolean {
  const { restrictions, marketNs } = state;
  const lastDay = nextTradingDay(newYorkDateOf(tsNs)).date;
  const endNs = nsOfNewYork(addDays(lastDay, 1), 0);
  if (marketNs !== null && endNs <= marketNs) return false;
  // Behind the others, which end no later.
  restrictions.delete(instrument.symbol);
  restrictions.set(instrument.symbol, endNs);
  return true;
}

/** Ends the restrictions that are over by `nowNs`. */
export function endRestrictions(state: ExchangeState, nowNs: bigint): void {
  for (const [symbol, endNs] of state.restrictions) {
    if (endNs > nowNs) return;
    endRestriction(state, symbol);
  }
}

/** Ends them all: a source that has gone back shows anew what is in force. */
export function forgetRestrictions(state: ExchangeState): void {
  for (const symbol of state.restrictions.keys()) endRestriction(state, symbol);
}

function endRestriction({ restrictions, matcher }: ExchangeState, symbol: string): void {
  restrictions.delete(symbol);
  liftShortSaleRestriction(matcher, symbol);
}
