import { isDrawn, nextInt, nextUnit } from '../random.ts';
import type { MarketCancelError, MarketCorrection, MarketTrade } from './event.ts';
import { coinSize } from './synthetic-quotes.ts';
import { NS_PER_SECOND, type SymbolState, type SyntheticMarket, tsOf, venueOf } from './synthetic-state.ts';

const NO_CONDITIONS: readonly string[] = [];
const REGULAR: readonly string[] = ['@'];
const ODD_LOT: readonly string[] = ['@', 'I'];
const SWEEP: readonly string[] = ['@', 'F'];
const ODD_LOT_SWEEP: readonly string[] = ['@', 'F', 'I'];
const ODD_LOT_SHARE = 0.4;
const SWEEP_SHARE = 0.08;
const TRADE_USD = [10, 20_000] as const;
/** After how long a wrong trade is put right, in seconds. */
const CORRECTED_AFTER = [0.5, 20] as const;

/** A trade takes a side of the last quote: the one that the trend leans to three times in five. */
export function nextTrade(market: SyntheticMarket, state: SymbolState, nowNs: number): MarketTrade {
  state.tradeId += 1;
  const withTrend = nextInt(state.random, 1, 5) <= 3;
  const lifts = state.driftPipsPerSecond > 0 === withTrend;
  const isOddLot = !state.isCrypto && isDrawn(state.random, ODD_LOT_SHARE);
  const isSweep = !state.isCrypto && isDrawn(state.random, SWEEP_SHARE);
  const { exchange, tape } = venueOf(state);
  const trade: MarketTrade = {
    kind: 'trade',
    instrument: state.instrument,
    tsNs: tsOf(market, nowNs),
    id: state.tradeId,
    px: (lifts ? state.askCents : state.bidCents) * state.centUnits,
    sz: state.isCrypto ? coinSize(state, TRADE_USD) : shares(state, isOddLot) * state.lotUnits,
    exchange,
    conditions: conditionsOf(state, isOddLot, isSweep),
    tape,
    takerSide: lifts ? 'B' : 'S',
    isLastSale: true,
  };
  // Trades of coins stand: Alpaca's crypto streams know no corrections.
  const isWrong = !state.isCrypto && market.correctionShare > 0 && isDrawn(state.random, market.correctionShare);
  if (isWrong) planCorrection(state, trade, nowNs);
  return trade;
}

function shares(state: SymbolState, isOddLot: boolean): number {
  return isOddLot ? nextInt(state.random, 1, 99) : nextInt(state.random, 1, 3) * 100;
}

function conditionsOf({ isCrypto }: SymbolState, isOddLot: boolean, isSweep: boolean): readonly string[] {
  if (isCrypto) return NO_CONDITIONS;
  if (isOddLot) return isSweep ? ODD_LOT_SWEEP : ODD_LOT;
  return isSweep ? SWEEP : REGULAR;
}

/** Corrections come in the order of their trades. */
function planCorrection(state: SymbolState, trade: MarketTrade, nowNs: number): void {
  const [least, most] = CORRECTED_AFTER;
  const afterNs = Math.round((least + (most - least) * nextUnit(state.random)) * NS_PER_SECOND);
  const dueNs = Math.max(nowNs + afterNs, state.corrections.at(-1)?.dueNs ?? 0);
  const { id, px, sz, conditions, tsNs } = trade;
  state.corrections.push({ dueNs, trade: { id, px, sz, conditions, tsNs } });
}

/** What puts the earliest wrong trade right, once that is due: half of them are corrected, the others taken back. */
export function dueCorrection(
  market: SyntheticMarket,
  state: SymbolState,
  nowNs: number,
): MarketCorrection | MarketCancelError | undefined {
  const [first] = state.corrections;
  if (first === undefined || first.dueNs > nowNs) return undefined;
  state.corrections.shift();
  const { id, px, sz, conditions, tsNs: originalNs } = first.trade;
  const { exchange, tape } = venueOf(state);
  const about = { instrument: state.instrument, tsNs: tsOf(market, nowNs), exchange, originalNs, tape };
  if (isDrawn(state.random, 0.5)) {
    return { kind: 'cancelError', ...about, id, px, sz, action: isDrawn(state.random, 0.5) ? 'C' : 'E' };
  }
  state.tradeId += 1;
  const cents = isDrawn(state.random, 0.5) || px <= state.centUnits ? state.centUnits : -state.centUnits;
  const original = { id, px, sz, conditions };
  return { kind: 'correction', ...about, original, corrected: { ...original, id: state.tradeId, px: px + cents } };
}
