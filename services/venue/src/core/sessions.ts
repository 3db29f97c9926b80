import {
  type AssetClass,
  addDays,
  newYorkDateOf,
  nextTradingDay,
  nsOfNewYork,
  type TradingDay,
  tradingDayOf,
} from '@tickpath/trading';
import type { Session, SessionAt, VenueRules } from './orders/state.ts';

type Hours = VenueRules['hours'];

/** Days after which Alpaca ends a GTC order: an order of 2026-09-18 bore an `expires_at` of 2026-12-16T21:00:00Z. */
const GTC_DAYS = 89;
const CLOSE_HOUR = 16;

const ALWAYS: Session = { phase: 'regular', untilNs: null };

function hasSessions(hours: Hours, assetClass: AssetClass): boolean {
  return hours === 'us-equities' && assetClass === 'us_equity';
}

/**
 * The phases of trading under these hours. Crypto always trades; so do equities unless the hours are those of the US
 * exchanges, by `tradingDayOf`: extended from 4:00, regular between open and close, extended again for four hours.
 */
export function phaseAtFor(hours: Hours): SessionAt {
  /** The span asked about last: time moves on slowly. It never changes an answer. */
  let fromNs = 0n;
  let last: Session & { readonly untilNs: bigint } = { phase: 'closed', untilNs: 0n };
  return (assetClass, tsNs) => {
    if (!hasSessions(hours, assetClass)) return ALWAYS;
    if (tsNs >= last.untilNs || tsNs < fromNs) {
      fromNs = tsNs;
      last = equityPhaseAt(tsNs);
    }
    return last;
  };
}

function equityPhaseAt(tsNs: bigint): Session & { readonly untilNs: bigint } {
  const date = newYorkDateOf(tsNs);
  const day = tradingDayOf(date);
  if (day !== undefined) {
    if (tsNs < day.preOpenNs) return { phase: 'closed', untilNs: day.preOpenNs };
    if (tsNs < day.openNs) return { phase: 'extended', untilNs: day.openNs };
    if (tsNs < day.closeNs) return { phase: 'regular', untilNs: day.closeNs };
    if (tsNs < day.postCloseNs) return { phase: 'extended', untilNs: day.postCloseNs };
  }
  return { phase: 'closed', untilNs: nextTradingDay(date).preOpenNs };
}

/**
 * When a DAY order submitted at this moment expires: with the close of the session that it belongs to, the regular one
 * or, with `extendedHours`, the whole day's; submitted at or after that close, with the close of the next trading day.
 * What always trades has no close: such an order expires at the next midnight of New York.
 */
export function dayEndNs(hours: Hours, assetClass: AssetClass, tsNs: bigint, extendedHours: boolean): bigint {
  if (!hasSessions(hours, assetClass)) return nextMidnightNs(tsNs);
  const endOf = (day: TradingDay) => (extendedHours ? day.postCloseNs : day.closeNs);
  const date = newYorkDateOf(tsNs);
  const today = tradingDayOf(date);
  return today !== undefined && tsNs < endOf(today) ? endOf(today) : endOf(nextTradingDay(date));
}

/** When a GTC order submitted at this moment expires: at 16:00 of New York, 89 days after its date there. */
export function gtcEndNs(tsNs: bigint): bigint {
  return nsOfNewYork(addDays(newYorkDateOf(tsNs), GTC_DAYS), CLOSE_HOUR);
}

/**
 * The next beginning of a regular session, later than this moment. What always trades begins a new day at the next
 * midnight of New York.
 */
export function nextOpenNs(hours: Hours, assetClass: AssetClass, tsNs: bigint): bigint {
  if (!hasSessions(hours, assetClass)) return nextMidnightNs(tsNs);
  const date = newYorkDateOf(tsNs);
  const today = tradingDayOf(date);
  return today !== undefined && tsNs < today.openNs ? today.openNs : nextTradingDay(date).openNs;
}

/** The next end of a regular session, later than this moment; of what always trades the next midnight of New York. */
export function nextCloseNs(hours: Hours, assetClass: AssetClass, tsNs: bigint): bigint {
  return dayEndNs(hours, assetClass, tsNs, false);
}

/** The midnight asked for last, and from when on it is the next one: time moves on slowly. It never changes an answer. */
let midnight = { fromNs: 0n, untilNs: 0n };

function nextMidnightNs(tsNs: bigint): bigint {
  if (tsNs >= midnight.untilNs || tsNs < midnight.fromNs) {
    midnight = { fromNs: tsNs, untilNs: nsOfNewYork(addDays(newYorkDateOf(tsNs), 1), 0) };
  }
  return midnight.untilNs;
}
