import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { describe, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import {
  addBarTrade,
  advanceBarSeries,
  BAR_INTERVALS_NS,
  type BarInterval,
  type BarSeriesOptions,
  type BarTrade,
  type ClosedBar,
  newYorkDay,
  openBarSeries,
  unitsOf,
} from '../src/index.ts';
import { aTrade, barsFrom, COIN, SHARE, seriesOptions, standing, THE_END_NS } from './bar-trading.ts';
import { absent, readZippedRows, recordingAt } from './recorded-data.ts';

const INTERVALS = Object.keys(BAR_INTERVALS_NS) as BarInterval[];

/** A trade as the recording has it: whole milliseconds since its day began, whole units of price and size. */
interface Row {
  readonly ms: number;
  readonly px: number;
  readonly sz: number;
}

const BARS = `
  WITH ranked AS (
    SELECT ms / :lengthMs AS bar, px, sz,
      row_number() OVER (PARTITION BY ms / :lengthMs ORDER BY ms, n) AS fromFirst,
      row_number() OVER (PARTITION BY ms / :lengthMs ORDER BY ms DESC, n DESC) AS fromLast
    FROM trades WHERE ms >= :fromMs AND ms < :toMs
  )
  SELECT bar * :lengthMs AS startMs, max(CASE WHEN fromFirst = 1 THEN px END) AS open, max(px) AS high, min(px) AS low,
    max(CASE WHEN fromLast = 1 THEN px END) AS close, sum(sz) AS volume, count(*) AS tradeCount
  FROM ranked GROUP BY bar ORDER BY bar`;

const DAY_MS = 86_400_000;

/** Bars of one day by SQL alone, a line for each. */
function queried(rows: readonly Row[], [fromMs, toMs]: readonly [number, number]): Map<BarInterval, string[]> {
  const database = new DatabaseSync(':memory:');
  try {
    database.exec('CREATE TABLE trades (n INTEGER PRIMARY KEY, ms INTEGER, px INTEGER, sz INTEGER)');
    const insert = database.prepare('INSERT INTO trades (ms, px, sz) VALUES (?, ?, ?)');
    database.exec('BEGIN');
    for (const { ms, px, sz } of rows) insert.run(ms, px, sz);
    database.exec('COMMIT');
    const query = database.prepare(BARS);
    const lines = INTERVALS.map((interval) => {
      // A number would be bound as a real one, and the division with it.
      const lengthMs = BAR_INTERVALS_NS[interval] / 1_000_000n;
      return [interval, query.all({ lengthMs, fromMs, toMs }).map((row) => Object.values(row).join(' '))] as const;
    });
    return new Map(lines);
  } finally {
    database.close();
  }
}

function line(bar: Omit<ClosedBar, 'endNs' | 'revision' | 'isWithdrawn'>, dayNs: bigint): string {
  const { startNs, open, high, low, close, volume, tradeCount } = bar;
  return [(startNs - dayNs) / 1_000_000n, open, high, low, close, volume, tradeCount].join(' ');
}

/** Tells the first line that differs: the difference of ten thousands of lines takes minutes to work out. */
function assertEqualsQuery(bars: readonly ClosedBar[], expected: ReadonlyMap<BarInterval, string[]>, dayNs: bigint) {
  for (const interval of INTERVALS) {
    const ours = standing(bars, interval).map((bar) => line(bar, dayNs));
    const theirs = expected.get(interval) ?? [];
    assert.ok(theirs.length > 0);
    const different = theirs.findIndex((text, index) => text !== ours[index]);
    if (different >= 0) assert.equal(ours[different], theirs[different], `${interval} bar ${different}`);
    assert.equal(ours.length, theirs.length, interval);
  }
}

/** Each time of the recording arrives up to this much later than the market's time; trades of one time stay in order. */
const MOST_DELAY_NS = 2800n * 1_000_000_000n;

function delayed(trades: readonly BarTrade[]): { arriveNs: bigint; trade: BarTrade }[] {
  let state = 1;
  const delays = new Map<bigint, bigint>();
  return trades
    .map((trade) => {
      let delayNs = delays.get(trade.tsNs);
      if (delayNs === undefined) {
        // The linear congruential generator of Numerical Recipes; one time in eight is late.
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
        delayNs = state < 2 ** 29 ? (BigInt(state) * 5003n) % MOST_DELAY_NS : 0n;
        delays.set(trade.tsNs, delayNs);
      }
      return { arriveNs: trade.tsNs + delayNs, trade };
    })
    .sort((a, b) => (a.arriveNs < b.arriveNs ? -1 : a.arriveNs > b.arriveNs ? 1 : 0));
}

const WHOLE_SHARE = { ...SHARE, priceDecimals: 0 };

for (const date of ['2013-10-07', '2013-10-08', '2013-10-09']) {
  const path = `equities/tick/ibm/${date.replaceAll('-', '')}_trade.zip`;
  describe(`IBM's trades of ${date}`, { skip: absent(path) }, () => {
    const timeOf = newYorkDay(date);
    const dayNs = timeOf(0);
    const rows = () =>
      readZippedRows(path).map(([ms, px, sz]): Row => ({ ms: Number(ms), px: Number(px), sz: Number(sz) }));
    const tradesOf = (list: readonly Row[]) => list.map(({ ms, px, sz }) => aTrade({ tsNs: timeOf(ms), px, sz }));
    const series = (over: Partial<BarSeriesOptions>) =>
      openBarSeries(seriesOptions({ instrument: WHOLE_SHARE, ...over }));

    test('bars of every interval equal the query', () => {
      const list = rows();
      assertEqualsQuery(barsFrom(series({}), tradesOf(list)), queried(list, [0, DAY_MS]), dayNs);
    });

    test('bars of the regular session equal the query', () => {
      const list = rows();
      const session = [(9 * 60 + 30) * 60_000, 16 * 3_600_000] as const;
      assertEqualsQuery(barsFrom(series({ session: 'regular' }), tradesOf(list)), queried(list, session), dayNs);
    });

    test('bars that late trades revise come to equal the query', () => {
      const list = rows();
      const late = series({ graceNs: 1_000_000_000n, revisions: { withinNs: 3600n * 1_000_000_000n, heldTrades: 1 } });
      const out: ClosedBar[] = [];
      let revised = 0;
      for (const { arriveNs, trade } of delayed(tradesOf(list))) {
        advanceBarSeries(late, arriveNs, out);
        if (addBarTrade(late, trade, out) === 'revised') revised += 1;
      }
      advanceBarSeries(late, THE_END_NS, out);
      assert.ok(revised > 1000, `${revised} revised`);
      assertEqualsQuery(out, queried(list, [0, DAY_MS]), dayNs);
    });
  });
}

const SPOT = 'binance/spot-btcusdt-20240808.gz';

describe('BTCUSDT trades of Binance, 2024-08-08 to 09', { skip: absent(SPOT) }, () => {
  interface SpotTrade {
    readonly p: string;
    readonly q: string;
    readonly T: number;
  }

  test('bars of every interval equal the query, on each UTC day', () => {
    const trades = gunzipSync(readFileSync(recordingAt(SPOT)))
      .toString()
      .split('\n')
      .filter((text) => text.includes('@trade'))
      .map((text) => (JSON.parse(text.slice(text.indexOf(' '))) as { data: SpotTrade }).data)
      .map(({ p, q, T }) => ({ atMs: T, px: unitsOf(p, COIN.priceDecimals), sz: unitsOf(q, COIN.qtyDecimals) }));
    assert.equal(trades.length, 9757);
    for (const [day, list] of Map.groupBy(trades, ({ atMs }) => Math.floor(atMs / DAY_MS))) {
      const dayNs = BigInt(day * DAY_MS) * 1_000_000n;
      const instrument = { ...COIN, priceDecimals: 0, qtyDecimals: 0 };
      const bars = barsFrom(
        openBarSeries(seriesOptions({ instrument })),
        list.map(({ atMs, px, sz }) => aTrade({ tsNs: BigInt(atMs) * 1_000_000n, px, sz })),
      );
      const rows = list.map(({ atMs, px, sz }) => ({ ms: atMs - day * DAY_MS, px, sz }));
      assertEqualsQuery(bars, queried(rows, [0, DAY_MS]), dayNs);
    }
  });
});
