import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import {
  addBarTrade,
  advanceBarSeries,
  type BarSeriesOptions,
  type BarTrade,
  type ClosedBar,
  newYorkDay,
  openBarSeries,
  unitsOf,
} from '../src/index.ts';
import { aTrade, barsFrom, COIN, SHARE, seriesOptions, THE_END_NS } from './bar-trading.ts';
import type { BarQuery } from './duck-bars.ts';
import { addBinanceTrades, addIbmTrades, addKrakenTrades, addRules, type Duck, withDuck } from './duck-tables.ts';
import { absent, readZippedRows, recordingAt } from './recorded-data.ts';
import { assertEqualsQuery } from './sql-comparison.ts';

const DATES = ['2013-10-07', '2013-10-08', '2013-10-09'];
const NEW_YORK: BarQuery = { hoursBehind: 4, session: [0, 24], dayRules: 'M' };
const UTC: BarQuery = { hoursBehind: 0, session: [0, 24], dayRules: 'M' };
/** From the open to the close of equities. */
const REGULAR = [9.5, 16] as const;

const ibmPath = (date: string) => `equities/tick/ibm/${date.replaceAll('-', '')}_trade.zip`;

/** The three days as one series; the recording's prices are whole numbers of a hundredth of a cent, as the share's units. */
function ibmTrades(): BarTrade[] {
  return DATES.flatMap((date) => {
    const timeOf = newYorkDay(date);
    return readZippedRows(ibmPath(date)).map(([ms, px, sz]) =>
      aTrade({ tsNs: timeOf(Number(ms)), px: Number(px), sz: Number(sz) }),
    );
  });
}

async function withIbm(work: (duck: Duck) => Promise<void>): Promise<void> {
  await withDuck(async (duck) => {
    for (const date of DATES) await addIbmTrades(duck, date);
    await work(duck);
  });
}

const shareSeries = (over: Partial<BarSeriesOptions> = {}) =>
  openBarSeries(seriesOptions({ instrument: SHARE, ...over }));

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

describe("IBM's trades of 2013-10-07 to 09 against DuckDB", {
  skip: DATES.map(ibmPath).map(absent).find(Boolean),
}, () => {
  test('bars of every interval equal the query, in every field', async () => {
    await withIbm(async (duck) => {
      const trades = ibmTrades();
      const days = 'SELECT count(*) FROM trades GROUP BY tsNs // 86400000000000 ORDER BY 1';
      assert.deepEqual(await duck.texts(days), ['24293', '27042', '33381']);
      const counts = await assertEqualsQuery(barsFrom(shareSeries(), trades), duck, NEW_YORK);
      assert.deepEqual(counts, { '1s': 21_239, '1m': 1_300, '5m': 313, '15m': 121, '1h': 38, '1d': 3 });
    });
  });

  test('bars of the regular session equal the query', async () => {
    await withIbm(async (duck) => {
      const bars = barsFrom(shareSeries({ session: 'regular' }), ibmTrades());
      const counts = await assertEqualsQuery(bars, duck, { ...NEW_YORK, session: REGULAR });
      assert.equal(counts['1d'], DATES.length);
      assert.equal(counts['1m'], 390 * DATES.length);
    });
  });

  test('bars that late trades revise come to equal the query', async () => {
    await withIbm(async (duck) => {
      const late = shareSeries({
        graceNs: 1_000_000_000n,
        revisions: { withinNs: 3600n * 1_000_000_000n, heldTrades: 1 },
      });
      const out: ClosedBar[] = [];
      let revised = 0;
      for (const { arriveNs, trade } of delayed(ibmTrades())) {
        advanceBarSeries(late, arriveNs, out);
        if (addBarTrade(late, trade, out) === 'revised') revised += 1;
      }
      advanceBarSeries(late, THE_END_NS, out);
      assert.ok(revised > 1000, `${revised} revised`);
      await assertEqualsQuery(out, duck, NEW_YORK);
    });
  });

  test('one trade altered, left out or put a millisecond elsewhere is found', async () => {
    await withIbm(async (duck) => {
      const bars = barsFrom(shareSeries(), ibmTrades());
      const spoils = [
        'UPDATE trades SET px = px + 0.0001 WHERE n = 1',
        'UPDATE trades SET sz = sz + 1 WHERE n = 40000',
        'DELETE FROM trades WHERE n = 40000',
        'UPDATE trades SET tsNs = tsNs - 1000000 WHERE n = (SELECT min(n) FROM trades WHERE tsNs % 1000000000 = 0)',
      ];
      for (const spoil of spoils) {
        await duck.run(`BEGIN; ${spoil}`);
        await assert.rejects(assertEqualsQuery(bars, duck, NEW_YORK), /1s/, spoil);
        await duck.run('ROLLBACK');
      }
      await assertEqualsQuery(bars, duck, NEW_YORK);
    });
  });
});

const RULES = 'alpaca/bar-aggregation-rules.json';

describe("IBM's trades under Alpaca's conditions against DuckDB", {
  skip: absent(RULES) || DATES.map(ibmPath).map(absent).find(Boolean),
}, () => {
  /** The recording has no conditions of the tapes: each trade gets none, one or two, all pairs in turn, on every tape. */
  const CONDITIONED = `
    UPDATE trades SET tape = substr('ABCO', 1 + (n % 4)::INTEGER, 1), conditions = CASE n % 3
      WHEN 0 THEN []
      WHEN 1 THEN [codes.list[1 + (hash(n) % len(codes.list))::INTEGER]]
      ELSE [codes.list[1 + (hash(n) % len(codes.list))::INTEGER], codes.list[1 + (hash(-n) % len(codes.list))::INTEGER]]
    END
    FROM (SELECT list(DISTINCT condition ORDER BY condition) || ['?'] AS list FROM rules) AS codes`;

  async function conditionedTrades(duck: Duck): Promise<BarTrade[]> {
    await addRules(duck, RULES);
    await duck.run(CONDITIONED);
    const rows = await duck.texts('SELECT json_array(tape, conditions)::VARCHAR FROM trades ORDER BY n');
    const parsed = rows.map((row) => JSON.parse(row) as [string, string[]]);
    return ibmTrades().map((trade, at): BarTrade => {
      const [tape, conditions] = parsed[at] ?? ['', []];
      return { ...trade, tape, conditions };
    });
  }

  for (const session of ['all', 'regular'] as const) {
    test(`bars of ${session} trades equal the query by the minute’s rules, and the day’s by its own`, async () => {
      await withIbm(async (duck) => {
        const trades = await conditionedTrades(duck);
        const bars = barsFrom(shareSeries({ conditions: 'alpaca', session }), trades);
        const hours = session === 'all' ? NEW_YORK.session : REGULAR;
        await assertEqualsQuery(bars, duck, { ...NEW_YORK, session: hours, dayRules: 'D' });
        const plainBars = barsFrom(shareSeries({ session }), trades);
        await assert.rejects(
          assertEqualsQuery(plainBars, duck, { ...NEW_YORK, session: hours, dayRules: 'D' }),
          /1s/,
          'the rules make a difference',
        );
      });
    });
  }

  test('every rule of the table is met by a trade', async () => {
    await withIbm(async (duck) => {
      await conditionedTrades(duck);
      const met = await duck.texts(`
        SELECT count(DISTINCT (condition, tape)) FROM (SELECT tape, unnest(conditions) AS condition FROM trades)
        JOIN rules USING (condition) WHERE contains(tapes, tape)`);
      const all = await duck.texts(
        "SELECT count(DISTINCT (condition, tape)) FROM rules, unnest(['A', 'B', 'C', 'O']) AS of(tape) WHERE contains(tapes, tape)",
      );
      assert.deepEqual(met, all);
      assert.deepEqual(await duck.texts('SELECT count(*) FROM rules'), ['38']);
    });
  });
});

const SPOT = 'binance/spot-btcusdt-20240808.gz';

describe('BTCUSDT trades of Binance, 2024-08-08 to 09, against DuckDB', { skip: absent(SPOT) }, () => {
  interface SpotTrade {
    readonly p: string;
    readonly q: string;
    readonly T: number;
  }

  test('bars of every interval equal the query, on each UTC day', async () => {
    const trades = gunzipSync(readFileSync(recordingAt(SPOT)))
      .toString()
      .split('\n')
      .filter((text) => text.includes('@trade'))
      .map((text) => (JSON.parse(text.slice(text.indexOf(' '))) as { data: SpotTrade }).data)
      .map(({ p, q, T }) =>
        aTrade({
          tsNs: BigInt(T) * 1_000_000n,
          px: unitsOf(p, COIN.priceDecimals),
          sz: unitsOf(q, COIN.qtyDecimals),
        }),
      );
    await withDuck(async (duck) => {
      await addBinanceTrades(duck, SPOT);
      assert.deepEqual(await duck.texts('SELECT count(*) FROM trades'), ['9757']);
      const counts = await assertEqualsQuery(barsFrom(openBarSeries(seriesOptions()), trades), duck, UTC);
      assert.equal(counts['1d'], 2);
    });
  });
});

const KRAKEN = 'captures/kraken-http-trades.json';

describe('1,000 trades of Kraken, 2025-11-10, against DuckDB', { skip: absent(KRAKEN) }, () => {
  test('bars of every interval equal the query', async () => {
    const page = JSON.parse(readFileSync(recordingAt(KRAKEN), 'utf8')) as {
      result: { XBTUSDT: [price: string, size: string, seconds: number][] };
    };
    const instrument = { ...COIN, priceDecimals: 5 };
    const trades = page.result.XBTUSDT.map(([price, size, seconds]) =>
      aTrade({
        // A double has room for microseconds, and hardly for more.
        tsNs: BigInt(Math.round(seconds * 1e6)) * 1_000n,
        px: unitsOf(price, instrument.priceDecimals),
        sz: unitsOf(size, instrument.qtyDecimals),
      }),
    );
    await withDuck(async (duck) => {
      await addKrakenTrades(duck, KRAKEN);
      assert.deepEqual(await duck.texts('SELECT count(*) FROM trades'), ['1000']);
      await assertEqualsQuery(barsFrom(openBarSeries(seriesOptions({ instrument })), trades), duck, UTC);
    });
  });
});
