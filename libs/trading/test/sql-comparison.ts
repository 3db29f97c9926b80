import assert from 'node:assert/strict';
import { BAR_INTERVALS_NS, type Bar, type BarInterval, type ClosedBar } from '../src/index.ts';
import { standing } from './bar-trading.ts';
import { type BarQuery, barLines } from './duck-bars.ts';
import type { Duck } from './duck-tables.ts';

export const INTERVALS = Object.keys(BAR_INTERVALS_NS) as BarInterval[];

function line({ startNs, open, high, low, close, volume, tradeCount }: Bar): string {
  return [startNs, open, high, low, close, volume, tradeCount].join(' ');
}

/** Tells the first line that differs: the difference of ten thousands of lines takes minutes to work out. */
export function assertSameLines(ours: readonly string[], theirs: readonly string[], what: string): void {
  assert.ok(theirs.length > 0, `${what}: the query has bars`);
  const different = theirs.findIndex((text, index) => text !== ours[index]);
  if (different >= 0) assert.equal(ours[different], theirs[different], `${what} bar ${different}`);
  assert.equal(ours.length, theirs.length, what);
}

/** Every interval's bars, in every field. Gives how many bars of each were compared. */
export async function assertEqualsQuery(
  bars: readonly ClosedBar[],
  duck: Duck,
  query: BarQuery,
): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const interval of INTERVALS) {
    const theirs = await barLines(duck, interval, query);
    assertSameLines(standing(bars, interval).map(line), theirs, interval);
    counts[interval] = theirs.length;
  }
  return counts;
}
