import type { Instrument } from '@tickpath/trading';
import type { BookLevel, MarketBook, MarketQuote, MarketStatus, MarketTrade } from '../../src/core/market/event.ts';
import {
  createMatcher,
  enterOrder,
  type MatcherState,
  resumeOrder,
  setPhase,
  showMarket,
} from '../../src/core/matching/matcher.ts';
import type { EnteringOrder, MatchDecision, SlippageModel } from '../../src/core/matching/types.ts';

/** Prices of AAA are whole cents: 100 is 1.00 USD. */
export const AAA: Instrument = { symbol: 'AAA', assetClass: 'us_equity', priceDecimals: 2, qtyDecimals: 0 };
/** Prices of ETH are whole dollars. */
export const ETH: Instrument = { symbol: 'ETH/USD', assetClass: 'crypto', priceDecimals: 0, qtyDecimals: 3 };

export function quote(
  fields: Partial<Pick<MarketQuote, 'instrument' | 'updates' | 'bidPx' | 'bidSz' | 'askPx' | 'askSz'>>,
): MarketQuote {
  return {
    kind: 'quote',
    instrument: AAA,
    tsNs: 0n,
    updates: 'both',
    bidPx: 0,
    bidSz: 0,
    askPx: 0,
    askSz: 0,
    bidExchange: 'V',
    askExchange: 'V',
    conditions: [],
    tape: 'C',
    ...fields,
  };
}

export function trade(
  px: number,
  sz: number,
  fields: Partial<Pick<MarketTrade, 'instrument' | 'takerSide' | 'isLastSale'>> = {},
): MarketTrade {
  return {
    kind: 'trade',
    instrument: AAA,
    tsNs: 0n,
    id: 1,
    px,
    sz,
    exchange: 'V',
    conditions: [],
    tape: 'C',
    takerSide: null,
    isLastSale: true,
    ...fields,
  };
}

export function book(
  fields: { readonly bids?: readonly BookLevel[]; readonly asks?: readonly BookLevel[] },
  { instrument = AAA, reset = false }: { readonly instrument?: Instrument; readonly reset?: boolean } = {},
): MarketBook {
  return { kind: 'book', instrument, tsNs: 0n, reset, bids: fields.bids ?? [], asks: fields.asks ?? [] };
}

export function status(effect: MarketStatus['effect'], instrument = AAA): MarketStatus {
  return {
    kind: 'status',
    instrument,
    tsNs: 0n,
    statusCode: '',
    statusMessage: '',
    reasonCode: '',
    reasonMessage: '',
    tape: 'C',
    effect,
  };
}

export function anOrder(fields: Partial<EnteringOrder> & Pick<EnteringOrder, 'orderId'>): EnteringOrder {
  return {
    instrument: AAA,
    side: 'buy',
    type: 'market',
    timeInForce: 'day',
    leavesQty: 10,
    limitPx: null,
    stopPx: null,
    trail: null,
    hwmPx: null,
    isTriggered: false,
    extendedHours: false,
    isShortSale: false,
    ...fields,
  };
}

/** One line for each decision: `b 5@100 maker`, `b triggered`, `b trails 100 stop 95`, `b expired`. */
export function told(decisions: readonly MatchDecision[]): string[] {
  return decisions.map(lineOf);
}

function lineOf(decision: MatchDecision): string {
  const { orderId } = decision;
  switch (decision.kind) {
    case 'fill':
      return `${orderId} ${decision.lastQty}@${decision.lastPx} ${decision.liquidity}`;
    case 'triggered':
      return `${orderId} triggered`;
    case 'trailed':
      return `${orderId} trails ${decision.hwmPx} stop ${decision.stopPx}`;
    case 'expired-at-once':
      return `${orderId} expired`;
  }
}

/** A matcher in the regular phase of both classes, with answers as text. */
export interface TestMarket {
  readonly state: MatcherState;
  show(event: Parameters<typeof showMarket>[1]): string[];
  enter(order: Partial<EnteringOrder> & Pick<EnteringOrder, 'orderId'>): string[];
  resume(order: Partial<EnteringOrder> & Pick<EnteringOrder, 'orderId'>): void;
}

export function aMarket(slippage: SlippageModel = { model: 'none' }): TestMarket {
  const state = createMatcher({ slippage });
  setPhase(state, 'us_equity', 'regular');
  setPhase(state, 'crypto', 'regular');
  return {
    state,
    show: (event) => told(showMarket(state, event)),
    enter: (order) => told(enterOrder(state, anOrder(order))),
    resume: (order) => resumeOrder(state, anOrder(order)),
  };
}
