import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import type { BookLevel, MarketBook, SourceEvent } from '../src/core/market/event.ts';
import { createAssets } from '../src/core/reference/assets.ts';
import { binanceRows } from '../src/tape/binance-raw.ts';
import { openTape } from '../src/tape/tape.ts';
import { TapeError } from '../src/tape/tape-error.ts';
import { scratchFiles } from './builders.ts';

const assets = createAssets([], { symbols: null });
const UNIT = 10 ** 9;

type Levels = readonly (readonly [string, string])[];

let receivedNs = 1_723_161_253_937_085_768n;

function row(message: object): string {
  receivedNs += 1_000_000n;
  return `${receivedNs} ${JSON.stringify(message)}`;
}

const streamed = (stream: string, data: object) => row({ stream: `btcusdt@${stream}`, data });
const depth = (E: number, U: number, u: number, b: Levels = [], a: Levels = []) =>
  streamed('depth@100ms', { e: 'depthUpdate', E, s: 'BTCUSDT', U, u, b, a });
const ticker = (u: number, b: string, a: string) =>
  streamed('bookTicker', { u, s: 'BTCUSDT', b, B: '1.5', a, A: '0.25000000' });
const trade = (t: number, T: number, m: boolean, s = 'BTCUSDT') =>
  streamed('trade', { e: 'trade', E: T + 1, s, t, p: '61837.63000000', q: '0.02000000', T, m, M: true });
const snapshot = (lastUpdateId: number, bids: Levels, asks: Levels) => row({ lastUpdateId, bids, asks });

async function play(...rows: string[]): Promise<SourceEvent[]> {
  using files = scratchFiles();
  const tape = await openTape([files.writeGz('recording.gz', rows.join('\n'))], assets);
  const events: SourceEvent[] = [];
  for await (const batch of tape.batches()) events.push(...batch);
  return events;
}

async function faultOf(...rows: string[]): Promise<TapeError> {
  const fault = await play(...rows).catch((error: unknown) => error);
  assert.ok(fault instanceof TapeError, String(fault));
  return fault;
}

const ms = (value: number) => BigInt(value) * 1_000_000n;
const booksOf = (events: readonly SourceEvent[]) =>
  events.filter((event): event is MarketBook => event.kind === 'book');

test('trades and tickers bear the time of the exchange, those before any time that of the first message', async () => {
  const events = await play(
    ticker(1, '61837.62', '61837.64'),
    trade(7, 1_723_161_255_342, true),
    ticker(2, '61837.63', '61837.64'),
    trade(8, 1_723_161_255_350, false),
  );
  const instrument = assets.instrumentOf('BTC/USDT');
  assert.deepEqual(
    events.map(({ kind, tsNs }) => [kind, tsNs]),
    [
      ['quote', ms(1_723_161_255_342)],
      ['trade', ms(1_723_161_255_342)],
      ['quote', ms(1_723_161_255_342)],
      ['trade', ms(1_723_161_255_350)],
    ],
  );
  assert.deepEqual(events[1], {
    ...{ kind: 'trade', instrument, tsNs: ms(1_723_161_255_342), id: 7 },
    ...{ px: 61837.63 * UNIT, sz: 0.02 * UNIT, exchange: '', conditions: [], tape: '' },
    ...{ takerSide: 'S', isLastSale: true },
  });
  const [quote, , , buy] = events;
  assert.ok(quote?.kind === 'quote' && buy?.kind === 'trade');
  assert.deepEqual([quote.bidPx, quote.bidSz, quote.askSz], [61837.62 * UNIT, 1.5 * UNIT, 0.25 * UNIT]);
  assert.equal(buy.takerSide, 'B');
});

test('the book begins with the snapshot and the changes before it that it does not hold', async () => {
  const events = await play(
    depth(1000, 5, 8, [['100', '1']]),
    depth(1100, 9, 12, [['101', '2']]),
    depth(1200, 13, 14, [], [['103', '4']]),
    snapshot(10, [['100', '3']], [['102', '1']]),
    depth(1300, 15, 15, [['100', '0']]),
  );
  const level = (px: number, sz: number): BookLevel => [px * UNIT, sz * UNIT];
  assert.deepEqual(
    booksOf(events).map(({ reset, bids, asks, tsNs }) => ({ reset, bids, asks, tsNs })),
    [
      { reset: true, bids: [level(100, 3)], asks: [level(102, 1)], tsNs: ms(1200) },
      { reset: false, bids: [level(101, 2)], asks: [], tsNs: ms(1200) },
      { reset: false, bids: [], asks: [level(103, 4)], tsNs: ms(1200) },
      { reset: false, bids: [level(100, 0)], asks: [], tsNs: ms(1300) },
    ],
  );
});

test('a second snapshot takes the place of the book, an older one does not', async () => {
  const events = await play(
    depth(1000, 1, 2),
    snapshot(2, [], []),
    depth(1100, 3, 4),
    snapshot(3, [], []),
    snapshot(9, [['1', '1']], []),
    depth(1200, 5, 9),
    depth(1300, 10, 11),
  );
  assert.deepEqual(
    booksOf(events).map(({ reset }) => reset),
    [true, false, true, false],
  );
});

test('a gap in the changes is a fault that names both numbers', async () => {
  const later = await faultOf(depth(1000, 1, 2), snapshot(2, [], []), depth(1100, 3, 4), depth(1200, 6, 7));
  assert.match(later.message, /recording\.gz line 4: the book's update begins at U=6, expected 5/);
  const atOnce = await faultOf(depth(1000, 8, 9), snapshot(5, [], []));
  assert.match(atOnce.message, /line 2: the book's update begins at U=8, expected 6/);
});

test('what is no message of one pair is named', async () => {
  const good = trade(1, 1000, true);
  const cases: [string, RegExp][] = [
    [trade(2, 1000, true, 'ETHUSDT'), /s is "ETHUSDT", expected BTCUSDT/],
    [`${receivedNs} {"e":`, /no JSON: /],
    ['1,2,3', /found "1,2,3", expected nanoseconds, a blank and a message/],
    [row({ e: 'kline' }), /e is "kline", expected depthUpdate/],
    [trade(2, 1.5, true), /T is 1.5, expected a whole number/],
    [streamed('trade', { e: 'trade', s: 'BTCUSDT', t: 1, T: 1000, m: 1, p: '1', q: '1' }), /m is 1, expected true/],
    [
      streamed('trade', { e: 'trade', s: 'BTCUSDT', t: 1, T: 1000, m: true, p: 1, q: '1' }),
      /p is 1, expected a decimal/,
    ],
    [depth(1000, 1, 2, [['x', '1']]), /b is "x", expected a decimal/],
    [depth(1000, 1, 2, 7 as unknown as Levels), /b is 7, expected levels/],
  ];
  for (const [bad, found] of cases) {
    const fault = await faultOf(good, bad);
    assert.match(fault.message, found);
    assert.equal(fault.line, 2);
  }
  assert.match((await faultOf(snapshot(1, [], []))).message, /a snapshot before any message that names its symbol/);
  assert.match((await faultOf(trade(1, 1000, true, 'XYZ'))).message, /s is "XYZ", which ends with none of/);
});

const recorded = join(import.meta.dirname, '../../../../shared/data/binance/spot-btcusdt-20240808.gz');
const absent = existsSync(recorded) ? false : `no recorded data at ${recorded}`;

/** The best level of a side; sizes are above 0. */
function bestOf(levels: ReadonlyMap<number, number>, isBetter: (a: number, b: number) => boolean): BookLevel {
  let best: BookLevel = [Number.NaN, 0];
  for (const [px, sz] of levels) if (Number.isNaN(best[0]) || isBetter(px, best[0])) best = [px, sz];
  return best;
}

test('the best levels of the rebuilt book equal the tickers of the same update, in a recording', {
  skip: absent,
}, () => {
  const read = binanceRows({ instrumentOf: assets.instrumentOf, counts: { suspicious: 0 } });
  const bids = new Map<number, number>();
  const asks = new Map<number, number>();
  const tickers = new Map<number, readonly [BookLevel, BookLevel]>();
  let isJoined = false;
  let compared = 0;
  for (const line of gunzipSync(readFileSync(recorded)).toString().trim().split('\n')) {
    const events: SourceEvent[] = [];
    read(line, events);
    const update = Number(/"u":(\d+)/.exec(line)?.[1]);
    for (const event of events) {
      if (event.kind === 'quote') {
        tickers.set(update, [
          [event.bidPx, event.bidSz],
          [event.askPx, event.askSz],
        ]);
      }
      if (event.kind !== 'book') continue;
      isJoined = true;
      for (const [levels, changes] of [
        [bids, event.bids],
        [asks, event.asks],
      ] as const) {
        for (const [px, sz] of changes) {
          if (sz === 0) levels.delete(px);
          else levels.set(px, sz);
        }
      }
    }
    const ticked = tickers.get(update);
    if (!isJoined || ticked === undefined || !line.includes('depthUpdate')) continue;
    assert.deepEqual([bestOf(bids, (a, b) => a > b), bestOf(asks, (a, b) => a < b)], ticked, `at update ${update}`);
    compared += 1;
  }
  console.log(`${compared} updates compared`);
  assert.ok(compared > 500, `${compared} updates had a ticker of their own`);
});
