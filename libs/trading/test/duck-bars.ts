import type { ActivityBarKind, BarInterval } from '../src/index.ts';
import { type Duck, quoted } from './duck-tables.ts';

const HOUR = 3_600;

/** Lengths in seconds. */
const SECONDS: Readonly<Record<BarInterval, number>> = {
  '1s': 1,
  '1m': 60,
  '5m': 300,
  '15m': 900,
  '1h': HOUR,
  '1d': 24 * HOUR,
};

export interface BarQuery {
  /** How far the zone of the days is behind UTC. */
  readonly hoursBehind: number;
  /** Of each day in its zone, hours from where to before where trades count. */
  readonly session: readonly [fromHour: number, toHour: number];
  /** Rules that the day's bars go by: `D`, or those of all the others (`M`). */
  readonly dayRules: 'M' | 'D';
}

/**
 * Bars by SQL alone, a line for each: start, open, high, low, close, volume, trades. Without rules in the table every
 * trade counts for all. Sums are DECIMAL and times BIGINT: nothing is floating.
 */
export async function barLines(duck: Duck, interval: BarInterval, query: BarQuery): Promise<string[]> {
  const [fromHour, toHour] = query.session;
  const lengthNs = `${SECONDS[interval]} * 1000000000::BIGINT`;
  const behindNs = `${query.hoursBehind * HOUR} * 1000000000::BIGINT`;
  const period = interval === '1d' ? query.dayRules : 'M';
  return await duck.texts(`
    WITH effects AS (
      SELECT n, bool_or(openClose = 'n') AS movesNothing, bool_and(openClose = 'y') AS closes,
        bool_and(highLow = 'y') AS ranges, bool_and(volume = 'y') AS counts
      FROM (SELECT n, tape, unnest(conditions) AS condition FROM trades) AS held
      JOIN rules USING (condition) WHERE contains(tapes, tape) AND contains(periods, '${period}') GROUP BY n
    ), placed AS (
      SELECT n, tsNs, px, sz, tsNs - ${behindNs} AS localNs,
        NOT coalesce(movesNothing, false) AS opens, coalesce(closes, true) AS closes,
        coalesce(ranges, true) AS ranges, coalesce(counts, true) AS counts
      FROM trades LEFT JOIN effects USING (n)
    ), bars AS (
      SELECT (localNs // (${lengthNs})) * ${lengthNs} + ${behindNs} AS startNs,
        first(px ORDER BY tsNs, n) FILTER (WHERE opens) AS open,
        max(px) FILTER (WHERE ranges) AS high,
        min(px) FILTER (WHERE ranges) AS low,
        last(px ORDER BY tsNs, n) FILTER (WHERE closes) AS lastPx,
        coalesce(sum(sz) FILTER (WHERE counts), 0) AS volume,
        count(*) FILTER (WHERE counts) AS tradeCount
      FROM placed
      WHERE localNs % (${24 * HOUR} * 1000000000::BIGINT) >= (${fromHour * HOUR}) * 1000000000::BIGINT
        AND localNs % (${24 * HOUR} * 1000000000::BIGINT) < (${toHour * HOUR}) * 1000000000::BIGINT
      GROUP BY startNs
    )
    SELECT concat_ws(' ', startNs, plain(open), plain(high), plain(low), plain(coalesce(lastPx, open)),
      plain(volume::DECIMAL(38, 8)), tradeCount)
    FROM bars WHERE open IS NOT NULL ORDER BY startNs`);
}

/** Wider than 18 digits, so that the product is computed in 128 bits. */
const NOTIONAL = 'px::DECIMAL(19, 8) * sz';

const UNITS: Readonly<Record<ActivityBarKind, string>> = { tick: '1', volume: 'sz', dollar: NOTIONAL };

/**
 * Bars by activity, a line for each: number, first and last time, open, high, low, close, volume, notional, trades. Where
 * a bar ends depends on where the one before it ended, so the ends are found one from the other.
 */
export async function activityLines(duck: Duck, kind: ActivityBarKind, threshold: string): Promise<string[]> {
  await duck.run(`
    CREATE OR REPLACE TEMP TABLE filled AS
      SELECT n, sum(units) OVER (ORDER BY n) AS total
      FROM (SELECT n, (${UNITS[kind]})::DECIMAL(38, 16) AS units FROM trades)`);
  return await duck.texts(`
    WITH RECURSIVE ends(number, lastN, total) AS (
      SELECT 0::BIGINT, 0::BIGINT, 0::DECIMAL(38, 16)
      UNION ALL
      SELECT ends.number + 1, min(filled.n), min(filled.total)
      FROM ends JOIN filled ON filled.total >= ends.total + ${quoted(threshold)}::DECIMAL(38, 16)
      GROUP BY ends.number
    ), spans AS (
      SELECT number, lag(lastN) OVER (ORDER BY number) AS beforeN, lastN FROM ends
    ), bars AS (
      SELECT number, min(tsNs) AS startNs, max(tsNs) AS endNs, first(px ORDER BY n) AS open, max(px) AS high,
        min(px) AS low, last(px ORDER BY n) AS close, sum(sz) AS volume, sum(${NOTIONAL}) AS notional, count(*) AS tradeCount
      FROM spans JOIN trades ON n > beforeN AND n <= lastN GROUP BY number
    )
    SELECT concat_ws(' ', number, startNs, endNs, plain(open), plain(high), plain(low), plain(close), plain(volume),
      plain(notional), tradeCount)
    FROM bars ORDER BY number`);
}
