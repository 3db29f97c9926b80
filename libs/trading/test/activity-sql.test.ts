import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  type ActivityBar,
  type ActivityBarKind,
  activityBarBuilder,
  addToActivityBar,
  newYorkDay,
} from '../src/index.ts';
import { aTrade, SHARE } from './bar-trading.ts';
import { activityLines } from './duck-bars.ts';
import { addIbmTrades, type Duck, withDuck } from './duck-tables.ts';
import { absent, readZippedRows } from './recorded-data.ts';
import { assertSameLines } from './sql-comparison.ts';

const DATE = '2013-10-08';
const PATH = 'equities/tick/ibm/20131008_trade.zip';

const THRESHOLDS: readonly (readonly [kind: ActivityBarKind, threshold: string])[] = [
  ['tick', '250'],
  ['volume', '20000'],
  ['dollar', '5000000.0001'],
];

function activityBars(kind: ActivityBarKind, threshold: string): ActivityBar[] {
  const timeOf = newYorkDay(DATE);
  const builder = activityBarBuilder({ instrument: SHARE, kind, threshold, conditions: 'none' });
  return readZippedRows(PATH).flatMap(([ms, px, sz]) => {
    const trade = aTrade({ tsNs: timeOf(Number(ms)), px: Number(px), sz: Number(sz) });
    return addToActivityBar(builder, trade) ?? [];
  });
}

function line(bar: ActivityBar): string {
  const { number, startNs, endNs, open, high, low, close, volume, notional, tradeCount } = bar;
  return [number, startNs, endNs, open, high, low, close, volume, notional, tradeCount].join(' ');
}

const compare = async (duck: Duck, kind: ActivityBarKind, threshold: string) =>
  assertSameLines(activityBars(kind, threshold).map(line), await activityLines(duck, kind, threshold), kind);

describe(`bars by activity of IBM's trades of ${DATE} against DuckDB`, { skip: absent(PATH) }, () => {
  for (const [kind, threshold] of THRESHOLDS) {
    test(`bars of ${threshold} by ${kind} equal the query, in every field`, async () => {
      await withDuck(async (duck) => {
        await addIbmTrades(duck, DATE);
        await compare(duck, kind, threshold);
      });
    });
  }

  test('a share more in one trade is found', async () => {
    await withDuck(async (duck) => {
      await addIbmTrades(duck, DATE);
      await duck.run('UPDATE trades SET sz = sz + 1 WHERE n = 10000');
      for (const [kind, threshold] of THRESHOLDS) await assert.rejects(compare(duck, kind, threshold), /bar/);
    });
  });
});
