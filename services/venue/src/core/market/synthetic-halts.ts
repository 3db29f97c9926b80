import type { MarketLuld, MarketStatus } from './event.ts';
import { drawWaitNs } from './synthetic-arrivals.ts';
import { reopenPrice } from './synthetic-price.ts';
import { PIPS_PER_CENT, type SymbolState, type SyntheticMarket, TAPE, tsOf } from './synthetic-state.ts';

/** Bands are drawn anew when the reference price has moved by this share (LULD plan, section V). */
const REDRAWN_AT = 0.01;

/**
 * How far from the reference price an equity may trade, in cents: 5 % from 3.00 USD on, 20 % from 0.75, below it the lesser
 * of 0.15 USD and 75 % (Plan to Address Extraordinary Market Volatility, tier 1 stocks, without the wider bands of the
 * first and last minutes).
 */
function bandCents(referencePips: number): number {
  const cents = referencePips / PIPS_PER_CENT;
  if (cents >= 300) return Math.floor(cents * 0.05);
  if (cents >= 75) return Math.floor(cents * 0.2);
  return Math.floor(Math.min(15, cents * 0.75));
}

/** New bands of an equity that has none, or whose reference price has moved on. */
export function redrawnBand(market: SyntheticMarket, state: SymbolState, nowNs: number): MarketLuld | undefined {
  if (state.isCrypto) return undefined;
  const { band, referencePips } = state;
  if (band !== null && Math.abs(referencePips / band.referencePips - 1) < REDRAWN_AT) return undefined;
  const cents = Math.floor(referencePips / PIPS_PER_CENT);
  const width = Math.max(2, bandCents(referencePips));
  const drawn = { referencePips, downCents: Math.max(1, cents - width), upCents: cents + width };
  state.band = drawn;
  return {
    kind: 'luld',
    instrument: state.instrument,
    tsNs: tsOf(market, nowNs),
    upPx: drawn.upCents * state.centUnits,
    downPx: drawn.downCents * state.centUnits,
    indicator: 'B',
    tape: TAPE,
  };
}

/** Stops trading in a symbol: nothing more comes of it until the pause is over. */
export function halt(market: SyntheticMarket, state: SymbolState, nowNs: number): MarketStatus {
  state.isHalted = true;
  state.nextNs = nowNs + market.haltNs;
  return { ...statusOf(market, state, nowNs), statusCode: 'H', statusMessage: 'Trading Halt', effect: 'halt' };
}

/** Trading goes on, at a price that may have moved, within bands that are drawn anew. */
export function reopen(market: SyntheticMarket, state: SymbolState, nowNs: number): MarketStatus {
  state.isHalted = false;
  state.nextHaltNs = nowNs + drawWaitNs(state, market.haltsPerSecond);
  state.lastNs = nowNs;
  state.band = null;
  state.bidCents = 0;
  state.askCents = 0;
  reopenPrice(state);
  const status = statusOf(market, state, nowNs);
  return { ...status, statusCode: 'T', statusMessage: 'Trading Resumption', effect: 'resume' };
}

function statusOf(market: SyntheticMarket, { instrument }: SymbolState, nowNs: number) {
  return {
    kind: 'status',
    instrument,
    tsNs: tsOf(market, nowNs),
    reasonCode: 'LUDP',
    reasonMessage: 'Volatility Trading Pause',
    tape: TAPE,
  } as const;
}
