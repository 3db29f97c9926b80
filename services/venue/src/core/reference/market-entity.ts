import {
  type DateText,
  newYorkDateOf,
  settlementDateOf,
  type TradingDay,
  tradingDayOf,
  tradingDays,
} from '@tickpath/trading';
import type { VenueRules } from '../orders/state.ts';
import { QueryFields } from '../protocol/query-fields.ts';
import { shown } from '../protocol/shown.ts';
import { type Refusal, unprocessable } from '../refusal.ts';
import { nextCloseNs, nextOpenNs, phaseAtFor } from '../sessions.ts';
import { newYorkTimeText, timeText } from '../time-text.ts';
import { listedRange, readBound } from './calendar-entity.ts';

/** A market as version 3 of Alpaca's clock and calendar names it. */
export interface MarketEntity {
  readonly acronym: string;
  readonly mic: string;
  readonly name: string;
  readonly timezone: string;
}

type Phase = 'closed' | 'pre' | 'core' | 'post';

/** Times with New York's offset. */
export interface MarketClockEntity {
  readonly market: MarketEntity;
  readonly timestamp: string;
  readonly is_market_day: boolean;
  readonly phase: Phase;
  readonly phase_until: string;
  readonly next_market_open: string;
  readonly next_market_close: string;
}

/** Times with New York's offset, or in UTC. */
export interface MarketDayEntity {
  readonly date: DateText;
  readonly pre_start: string;
  readonly pre_end: string;
  readonly core_start: string;
  readonly core_end: string;
  readonly post_start: string;
  readonly post_end: string;
  readonly settlement_date: DateText;
}

type Read<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly refusal: Refusal };

const TIMEZONE = 'America/New_York';
/** The markets that keep the hours which this venue knows. */
const MARKETS: readonly MarketEntity[] = [
  { acronym: 'NYSE', mic: 'XNYS', name: 'New York Stock Exchange', timezone: TIMEZONE },
  { acronym: 'NASDAQ', mic: 'XNAS', name: 'Nasdaq Stock Market', timezone: TIMEZONE },
  { acronym: 'IEX', mic: 'IEXG', name: 'Investors Exchange', timezone: TIMEZONE },
];
const NAMES = MARKETS.flatMap(({ acronym, mic }) => [acronym, mic]).join(', ');

/** The market of an acronym or an ISO 10383 code. */
export function marketNamed(name: string): Read<MarketEntity> {
  const market = MARKETS.find(({ acronym, mic }) => name === acronym || name === mic);
  if (market !== undefined) return { ok: true, value: market };
  return { ok: false, refusal: unprocessable(`market ${shown(name)} is not one of ${NAMES}`) };
}

/** Reads the query of `GET /v3/clock`; without markets it is the New York Stock Exchange, without a time it is now. */
export function readMarketClock(
  query: Readonly<Record<string, unknown>>,
  nowNs: bigint,
): Read<{ readonly markets: readonly MarketEntity[]; readonly tsNs: bigint }> {
  const fields = new QueryFields(query);
  const tsNs = fields.time('time') ?? nowNs;
  const names = fields.list('markets') ?? ['NYSE'];
  const refusal = fields.refusal();
  if (refusal !== null) return { ok: false, refusal };
  const markets: MarketEntity[] = [];
  for (const name of names) {
    const market = marketNamed(name);
    if (!market.ok) return market;
    if (!markets.includes(market.value)) markets.push(market.value);
  }
  return { ok: true, value: { markets, tsNs } };
}

/** The clock of a market. One that never closes is in its core session, which ends at midnight of New York. */
export function marketClockEntity(market: MarketEntity, hours: VenueRules['hours'], tsNs: bigint): MarketClockEntity {
  const { phase, untilNs } = phaseAtFor(hours)('us_equity', tsNs);
  const nextOpen = nextOpenNs(hours, 'us_equity', tsNs);
  const nextClose = nextCloseNs(hours, 'us_equity', tsNs);
  const today = tradingDayOf(newYorkDateOf(tsNs));
  const extended = today !== undefined && tsNs < today.openNs ? 'pre' : 'post';
  return {
    market,
    timestamp: newYorkTimeText(tsNs),
    is_market_day: hours === 'always' || today !== undefined,
    phase: phase === 'regular' ? 'core' : phase === 'extended' ? extended : 'closed',
    phase_until: newYorkTimeText(untilNs ?? nextClose),
    next_market_open: newYorkTimeText(nextOpen),
    next_market_close: newYorkTimeText(nextClose),
  };
}

/**
 * The days of `GET /v3/calendar/{market}` by its query: bounds are dates; without `start` it is the year that it is now,
 * without `end` the year of `start`.
 */
export function readMarketDays(
  query: Readonly<Record<string, unknown>>,
  nowNs: bigint,
): Read<readonly MarketDayEntity[]> {
  const fields = new QueryFields(query);
  const start = readBound(fields, 'start') ?? `${newYorkDateOf(nowNs).slice(0, 4)}-01-01`;
  const end = readBound(fields, 'end') ?? `${start.slice(0, 4)}-12-31`;
  const isUtc = fields.choice('timezone', ['UTC']) !== null;
  const refusal = fields.refusal();
  if (refusal !== null) return { ok: false, refusal };
  const { from, to } = listedRange([start, end], nowNs);
  const text = isUtc ? timeText : newYorkTimeText;
  return { ok: true, value: tradingDays(from, to).map((day) => marketDayEntity(day, text)) };
}

function marketDayEntity(
  { date, preOpenNs, openNs, closeNs, postCloseNs }: TradingDay,
  text: (tsNs: bigint) => string,
): MarketDayEntity {
  const [open, close] = [text(openNs), text(closeNs)];
  return {
    date,
    pre_start: text(preOpenNs),
    pre_end: open,
    core_start: open,
    core_end: close,
    post_start: close,
    post_end: text(postCloseNs),
    settlement_date: settlementDateOf(date),
  };
}
