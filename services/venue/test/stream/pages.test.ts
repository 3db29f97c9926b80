import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newYorkDateOf } from '@tickpath/trading';
import fc from 'fast-check';
import type { MarketBar } from '../../src/core/market/event.ts';
import { createHistory, type History } from '../../src/core/market/history.ts';
import { type DataKind, readPastRequest } from '../../src/core/protocol/market-data-request.ts';
import { createRestWriter, pageOf } from '../../src/core/protocol/market-rest.ts';
import { createMarketTexts } from '../../src/core/protocol/market-texts.ts';
import { at, IBM, instrument, trade } from './stream-builders.ts';
import '../seed.ts';

const NOW_NS = at('20:00:00') + 400n * 86_400_000_000_000n;
const writer = createRestWriter(createMarketTexts());

type Query = Record<string, string>;
type Found = Record<string, number | string> & { readonly symbol: string };

function page(history: History, kind: DataKind, query: Query) {
  const context = { kind, assetClass: 'us_equity', symbol: null, nowNs: NOW_NS } as const;
  const read = readPastRequest({ start: '2013-10-01', ...query }, context);
  assert.ok(read.ok, read.ok ? '' : read.fault);
  const { rows, nextPageToken } = pageOf(read.request, { kind, of: (symbol) => history.of(symbol), writer });
  const found = [...rows].flatMap(([symbol, texts]) => texts.map((text): Found => ({ symbol, ...JSON.parse(text) })));
  return { found, nextPageToken };
}

/** Every page of a query, each asked for after `between`. */
function walk(history: History, kind: DataKind, { query, between }: { query: Query; between(): void }) {
  const all: Found[] = [];
  let token: string | null = null;
  do {
    const { found, nextPageToken }: ReturnType<typeof page> = page(history, kind, {
      ...query,
      ...(token !== null && { page_token: token }),
    });
    assert.ok(found.length <= Number(query.limit));
    assert.ok(nextPageToken === null || found.length === Number(query.limit), 'only the last page is short');
    all.push(...found);
    token = nextPageToken;
    between();
  } while (token !== null);
  return all;
}

test('a walk through the pages shows every event once, in order, both ways, while others arrive', () => {
  const shown = fc.array(fc.record({ symbol: fc.constantFrom('A', 'B', 'C'), step: fc.integer({ min: 0, max: 3 }) }), {
    maxLength: 60,
  });
  fc.assert(
    fc.property(shown, fc.integer({ min: 1, max: 15 }), fc.constantFrom('asc', 'desc'), (events, limit, sort) => {
      const history = createHistory({ eventsPerSymbol: 1000 });
      let tsNs = at('09:30:00');
      let id = 0;
      const add = (symbol: string, step: number) => {
        tsNs += BigInt(step);
        id += 1;
        history.add(trade({ instrument: instrument(symbol), tsNs, id }));
      };
      for (const { symbol, step } of events) add(symbol, step);
      const known = id;
      // Those that arrive later are behind all others in time.
      tsNs += 1n;
      let arrivals = 0;
      const between = () => {
        arrivals += 1;
        if (arrivals < 20) for (const symbol of ['A', 'B', 'C']) add(symbol, 1);
      };
      const query = { symbols: 'A,B,C', limit: String(limit), sort };
      const all = walk(history, 'trades', { query, between });
      const ids = all.map(({ i }) => Number(i));
      assert.equal(new Set(ids).size, ids.length, 'none twice');
      const early = ids.filter((one) => one <= known);
      assert.equal(early.length, known, 'none left out');
      for (const symbol of ['A', 'B', 'C']) {
        const own = all.filter((one) => one.symbol === symbol).map(({ i }) => Number(i));
        const sorted = own.toSorted((a, b) => (sort === 'asc' ? a - b : b - a));
        assert.deepEqual(own, sorted);
      }
      const symbols = all.map(({ symbol }) => symbol);
      assert.deepEqual(symbols, symbols.toSorted());
    }),
  );
});

test('start and end are both part of the range', () => {
  const history = createHistory({ eventsPerSymbol: 10 });
  for (let id = 0; id < 5; id += 1) history.add(trade({ id, tsNs: at('09:30:00') + BigInt(id) }));
  const range = { start: '2013-10-07T13:30:00.000000001Z', end: '2013-10-07T09:30:00.000000003-04:00' };
  const ids = page(history, 'trades', { symbols: 'IBM', ...range }).found.map(({ i }) => i);
  assert.deepEqual(ids, [1, 2, 3]);
});

test("nothing is told that is later than the market's now", () => {
  const history = createHistory({ eventsPerSymbol: 10 });
  history.add(trade({ id: 1, tsNs: NOW_NS }));
  history.add(trade({ id: 2, tsNs: NOW_NS + 1n }));
  const ids = page(history, 'trades', { symbols: 'IBM', end: '2099-01-01' }).found.map(({ i }) => i);
  assert.deepEqual(ids, [1]);
});

test('no query makes the reading of it throw', () => {
  const names = ['symbols', 'start', 'end', 'limit', 'page_token', 'sort', 'timeframe', 'feed', 'asof', 'currency'];
  const dates = fc.constantFrom('0000-01-01', '9999-12-31', '2013-02-30', '2013-10-07T24:00:00Z', '2013-10-07 09:30');
  const text = fc.oneof(
    fc.string(),
    fc.string().map(btoa8),
    dates,
    fc.constantFrom('IBM', 'IBM,A', '1Min', 'asc', '-'),
  );
  const query = fc.dictionary(fc.oneof(fc.constantFrom(...names), fc.string()), fc.oneof(text, fc.array(text)));
  fc.assert(
    fc.property(query, fc.constantFrom('trades', 'bars'), (fields, kind) => {
      const context = { kind, assetClass: 'us_equity', symbol: null, nowNs: NOW_NS } as const;
      for (const one of [fields, { timeframe: '1Min', symbols: 'IBM', ...fields }]) {
        const read = readPastRequest(one, context);
        if (!read.ok) assert.notEqual(read.fault, '');
      }
    }),
  );
});

/** Base64 of any text. */
function btoa8(text: string): string {
  return Buffer.from(text).toString('base64');
}

const MINUTE_NS = 60_000_000_000n;
const LENGTHS: readonly (readonly [string, (tsNs: bigint) => string])[] = [
  ['1Min', (tsNs) => clock(tsNs).slice(0, 16)],
  ['15Min', (tsNs) => floored(tsNs, 15)],
  ['7T', (tsNs) => floored(tsNs, 7)],
  ['1Hour', (tsNs) => clock(tsNs).slice(0, 13)],
  ['4H', (tsNs) => floored(tsNs, 240)],
  ['1Day', newYorkDateOf],
  ['1Week', (tsNs) => mondayOf(newYorkDateOf(tsNs))],
  ['1Month', (tsNs) => newYorkDateOf(tsNs).slice(0, 7)],
  ['3Month', (tsNs) => quarterOf(newYorkDateOf(tsNs))],
];

/** New York's wall clock, by Intl. */
const format = new Intl.DateTimeFormat('sv-SE', {
  timeZone: 'America/New_York',
  dateStyle: 'short',
  timeStyle: 'medium',
});

function clock(tsNs: bigint): string {
  return format.format(new Date(Number(tsNs / 1_000_000n)));
}

function floored(tsNs: bigint, minutes: number): string {
  const [date, time = ''] = clock(tsNs).split(' ');
  const [hour = 0, minute = 0] = time.split(':').map(Number);
  return `${date} ${Math.floor((hour * 60 + minute) / minutes)}`;
}

function mondayOf(date: string): string {
  const day = new Date(`${date}T00:00:00Z`);
  day.setUTCDate(day.getUTCDate() - ((day.getUTCDay() + 6) % 7));
  return day.toISOString().slice(0, 10);
}

function quarterOf(date: string): string {
  return `${date.slice(0, 4)} ${Math.floor((Number(date.slice(5, 7)) - 1) / 3)}`;
}

test('bars of every length are made of the minutes and days by the rules, page by page, both ways', () => {
  const base = fc.array(
    fc.record({
      step: fc.integer({ min: 1, max: 2000 }),
      price: fc.integer({ min: 1, max: 1000 }),
      size: fc.integer({ min: 1, max: 99 }),
    }),
    { minLength: 1, maxLength: 50 },
  );
  fc.assert(
    fc.property(
      base,
      fc.constantFrom(...LENGTHS),
      fc.integer({ min: 1, max: 9 }),
      fc.boolean(),
      (steps, length, limit, desc) => {
        const [timeframe, keyOf] = length;
        const isDaily = /Day|Week|Month/.test(timeframe);
        const history = createHistory({ eventsPerSymbol: 1000 });
        const bars: MarketBar[] = [];
        let tsNs = isDaily ? at('00:00:00') : at('09:30:00');
        for (const { step, price, size } of steps) {
          tsNs += isDaily ? BigInt((step % 3) + 1) * 1440n * MINUTE_NS : BigInt(step) * MINUTE_NS;
          const px = price * 10_000;
          const facts = {
            open: px,
            high: px + 5,
            low: px - 5,
            close: px + 1,
            volume: BigInt(size),
            tradeCount: 2,
            vwap: `${price}`,
          };
          bars.push({ kind: isDaily ? 'dailyBar' : 'bar', instrument: IBM, tsNs, ...facts });
        }
        for (const bar of bars) history.add(bar);
        const groups = [...Map.groupBy(bars, (bar) => keyOf(bar.tsNs)).values()];
        const expected = groups.map((own) => {
          const volume = own.reduce((sum, bar) => sum + bar.volume, 0n);
          const weighted = own.reduce((sum, bar) => sum + BigInt(bar.vwap) * bar.volume, 0n);
          return {
            o: (own[0]?.open ?? 0) / 1e6,
            h: Math.max(...own.map(({ high }) => high)) / 1e6,
            l: Math.min(...own.map(({ low }) => low)) / 1e6,
            c: (own.at(-1)?.close ?? 0) / 1e6,
            n: own.length * 2,
            v: Number(volume) / 1e9,
            vw: Number(weighted) / Number(volume),
          };
        });
        const query = { symbols: 'IBM', timeframe, limit: String(limit), sort: desc ? 'desc' : 'asc' };
        const found = walk(history, 'bars', { query, between() {} });
        if (desc) found.reverse();
        assert.equal(found.length, expected.length);
        for (const [index, { o, h, l, c, n, v, vw }] of expected.entries()) {
          const bar = found[index];
          assert.deepEqual([bar?.o, bar?.h, bar?.l, bar?.c, bar?.n, bar?.v], [o, h, l, c, n, v]);
          assert.ok(Math.abs(Number(bar?.vw) - vw) <= 5.1e-7, `${bar?.vw} is not ${vw}`);
          const startNs = BigInt(Date.parse(String(bar?.t))) * 1_000_000n;
          assert.equal(keyOf(startNs), keyOf(groups[index]?.[0]?.tsNs ?? 0n));
        }
      },
    ),
  );
});
