import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import type { MarketQuote, MarketTrade, SourceEvent } from '../src/core/market/event.ts';
import { createAssets } from '../src/core/reference/assets.ts';
import { openTape } from '../src/tape/tape.ts';
import { TapeError } from '../src/tape/tape-error.ts';
import { TAPE_HEADER } from '../src/tape/tickpath-csv.ts';
import { ASSETS, anAsset, aQuote, aTrade, scratchFiles, tapeText, zipOf } from './builders.ts';

const EVENTS: readonly (MarketTrade | MarketQuote)[] = [
  aQuote({ tsNs: 1n, conditions: [] }),
  aTrade({ tsNs: 2n, id: 52_983_625_699_126, conditions: ['@', ' ', 'I'] }),
  aQuote({ tsNs: 3n, symbol: 'BTC/USD', bidPx: '0', bidSz: '0', askSz: '0.25' }),
];

async function readAll(...files: string[]): Promise<SourceEvent[]> {
  const tape = await openTape(files, ASSETS);
  const events: SourceEvent[] = [];
  for await (const batch of tape.batches()) events.push(...batch);
  return events;
}

async function faultOf(...files: string[]): Promise<TapeError> {
  try {
    await readAll(...files);
  } catch (error) {
    assert.ok(error instanceof TapeError, String(error));
    return error;
  }
  throw new assert.AssertionError({ message: 'the tape was read without a fault' });
}

test('a tape reads the same plain and packed, whatever it is called, with or without a last line end', async () => {
  using files = scratchFiles();
  const text = tapeText(EVENTS);
  assert.deepEqual(await readAll(files.write('a.csv', text)), EVENTS);
  assert.deepEqual(await readAll(files.write('b.csv', text.trimEnd().replaceAll('\n', '\r\n'))), EVENTS);
  assert.deepEqual(await readAll(files.writeGz('c.csv.gz', text)), EVENTS);
  assert.deepEqual(await readAll(files.write('d.zip', zipOf({ 'any.csv': text }))), EVENTS);
  assert.deepEqual(await readAll(files.write('e.csv.zst', zstdCompressSync(text))), EVENTS);
  for (const packed of [gzipSync(text), zipOf({ any: text }), zstdCompressSync(text)]) {
    assert.deepEqual(await readAll(files.write('named-like-text.csv', packed)), EVENTS);
  }
});

test('amounts are read into their one spelling', async () => {
  using files = scratchFiles();
  const row = 'trade,AAPL,7,1,190.500,10.0,,,,,V,,C';
  const [event] = await readAll(files.write('a.csv', `${TAPE_HEADER}\n${row}\n`));
  assert.deepEqual(event, aTrade({ tsNs: 7n, px: '190.5', conditions: [] }));
});

test('files are merged by time, the file given first first at equal times', async () => {
  using files = scratchFiles();
  const at = (...times: bigint[]) => times.map((tsNs, id) => aTrade({ tsNs, id }));
  const first = files.write('first.csv', tapeText(at(1n, 3n, 3n, 9n)));
  const second = files.write(
    'second.csv',
    tapeText(at(2n, 3n, 10n).map((trade) => ({ ...trade, instrument: anAsset('MSFT') }))),
  );
  const order = async (...paths: string[]) =>
    (await readAll(...paths)).map((event) => `${event.instrument.symbol[0]}${event.tsNs}`).join(' ');
  assert.equal(await order(first, second), 'A1 M2 A3 A3 M3 A9 M10');
  assert.equal(await order(second, first), 'A1 M2 M3 A3 A3 A9 M10');
});

test('a row that goes back in time is played where it stands and counted', async () => {
  using files = scratchFiles();
  const tape = await openTape([files.write('a.csv', tapeText([5n, 4n, 6n].map((tsNs) => aTrade({ tsNs }))))], ASSETS);
  const times: bigint[] = [];
  for await (const batch of tape.batches()) times.push(...batch.map((event) => event.tsNs));
  assert.deepEqual(times, [5n, 4n, 6n]);
  assert.equal(tape.files[0]?.outOfOrder, 1);
});

test('a tape longer than one batch comes whole and in order, and closes in the middle', async () => {
  using files = scratchFiles();
  const events = Array.from({ length: 20_000 }, (_, i) => aTrade({ id: i, tsNs: BigInt(i) }));
  const file = files.writeGz('long.csv.gz', tapeText(events));
  assert.deepEqual(await readAll(file), events);
  const tape = await openTape([file], ASSETS);
  await tape.close();
  for await (const batch of tape.batches()) assert.ok(batch.length < events.length);
});

test('LEAN quotes carry the other side over and say which one is new; a side never seen is absent', async () => {
  using files = scratchFiles();
  const rows = ['0,0,0,1836300,100,Q,1,0', '1,1800100,300,0,0,P,1,1', '1,0,0,1818000,3000,P,20,0'];
  const path = files.write('q.zip', zipOf({ '20131007_ibm_Quote_Tick.csv': rows.join('\n') }));
  const tape = await openTape([path], ASSETS);
  const midnight = BigInt(Date.UTC(2013, 9, 7, 4)) * 1_000_000n;
  const quote = { symbol: 'IBM', tape: '', conditions: ['1'], bidExchange: 'P', askExchange: 'Q' };
  const events: SourceEvent[] = [];
  for await (const batch of tape.batches()) events.push(...batch);
  const bid = { bidPx: '180.01', bidSz: '300' };
  assert.deepEqual(events, [
    aQuote({
      ...quote,
      tsNs: midnight,
      updates: 'ask',
      bidPx: '0',
      bidSz: '0',
      bidExchange: '',
      askPx: '183.63',
      askSz: '100',
    }),
    aQuote({ ...quote, tsNs: midnight + 1_000_000n, updates: 'bid', ...bid, askPx: '183.63', askSz: '100' }),
    aQuote({
      ...quote,
      tsNs: midnight + 1_000_000n,
      updates: 'ask',
      ...bid,
      askPx: '181.8',
      askSz: '3000',
      askExchange: 'P',
      conditions: ['20'],
    }),
  ]);
  assert.deepEqual(tape.files, [
    { file: path, trades: 0, quotes: 3, books: 0, statuses: 0, suspicious: 1, outOfOrder: 0 },
  ]);
});

test('LEAN trades take their row number as id and their flags as condition', async () => {
  using files = scratchFiles();
  const rows = '14430270,1815200,283,P,20002020,0\n14450472,500,1,P,2000,0\n';
  const events = await readAll(files.write('t.zip', zipOf({ '20131007_ibm_Trade_Tick.csv': rows })));
  const common = { symbol: 'IBM', exchange: 'P', tape: '' };
  const start = BigInt(Date.UTC(2013, 9, 7, 4)) * 1_000_000n;
  assert.deepEqual(events, [
    aTrade({
      ...common,
      id: 1,
      tsNs: start + 14_430_270_000_000n,
      px: '181.52',
      sz: '283',
      conditions: ['20002020'],
    }),
    aTrade({ ...common, id: 2, tsNs: start + 14_450_472_000_000n, px: '0.05', sz: '1', conditions: ['2000'] }),
  ]);
});

test('a LEAN trade that is late, averaged, derived or suspicious is no last sale', async () => {
  using files = scratchFiles();
  const flags = ['1', '20000020', '2000', '80000001', '', '100200', '800', '4000', '40000', '1000000', '2', '400000'];
  const rows = [...flags.map((bits, i) => `${i},1815200,100,P,${bits},0`), '99,1815200,100,P,1,1'];
  const events = await readAll(files.write('t.zip', zipOf({ '20131007_ibm_trade_tick.csv': rows.join('\n') })));
  const found = events.map((event) => (event.kind === 'trade' && event.isLastSale ? 1 : 0));
  assert.deepEqual(found, [1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
});

test('a trade whose conditions say nothing of the price now is no last sale', async () => {
  using files = scratchFiles();
  const cases: [conditions: string, tape: string, isLastSale: boolean][] = [
    ['@', 'C', true],
    ['@;I', 'C', true],
    [' ;F;T;I', 'B', true],
    ['', 'A', true],
    ['B', 'C', true],
    ['B', 'A', false],
    ['@;W', 'C', false],
    ['@;4;I', 'C', false],
    ['Z', 'A', false],
    ['M', 'A', false],
  ];
  const rows = cases.map(([conditions, tape], i) => `trade,AAPL,${i},${i},190,10,,,,,V,${conditions},${tape}`);
  const events = await readAll(files.write('a.csv', [TAPE_HEADER, ...rows].join('\n')));
  assert.deepEqual(
    events.map((event) => (event as MarketTrade).isLastSale),
    cases.map(([, , isLastSale]) => isLastSale),
  );
});

test('books and statuses are read', async () => {
  using files = scratchFiles();
  const rows = [
    'book,BTC/USD,1,reset,,,60000;59999.5,0.5;2,60001,0.25,,,',
    'book,BTC/USD,2,,,,59999.5,0,,,,,',
    'status,AAPL,3,,,,,,,,,H;LUDP,C',
    'status,AAPL,4,,,,,,,,,T,C',
    'status,AAPL,5,,,,,,,,,E,A',
    'status,AAPL,6,,,,,,,,,?,A',
  ];
  const file = files.write('a.csv', [TAPE_HEADER, ...rows].join('\n'));
  const tape = await openTape([file], ASSETS);
  const events: SourceEvent[] = [];
  for await (const batch of tape.batches()) events.push(...batch);
  const btc = { kind: 'book', instrument: anAsset('BTC/USD') } as const;
  const aapl = { kind: 'status', instrument: anAsset('AAPL') } as const;
  const [coin, dollar] = [10 ** 9, 10 ** 9];
  assert.deepEqual(events, [
    {
      ...btc,
      tsNs: 1n,
      reset: true,
      bids: [
        [60_000 * dollar, 0.5 * coin],
        [59_999.5 * dollar, 2 * coin],
      ],
      asks: [[60_001 * dollar, 0.25 * coin]],
    },
    { ...btc, tsNs: 2n, reset: false, bids: [[59_999.5 * dollar, 0]], asks: [] },
    ...[
      { statusCode: 'H', statusMessage: 'Trading Halt', reasonCode: 'LUDP', tape: 'C', effect: 'halt' },
      { statusCode: 'T', statusMessage: 'Trading Resumption', reasonCode: '', tape: 'C', effect: 'resume' },
      {
        ...{ statusCode: 'E', statusMessage: 'Short Sale Restriction', reasonCode: '', tape: 'A' },
        effect: 'short-sale-restriction',
      },
      { statusCode: '?', statusMessage: '?', reasonCode: '', tape: 'A', effect: 'none' },
    ].map((status, i) => ({ ...aapl, ...status, tsNs: BigInt(i + 3), reasonMessage: status.reasonCode })),
  ]);
  const { books, statuses } = tape.files[0] ?? {};
  assert.deepEqual([books, statuses], [2, 4]);
});

test('the same tape has the same id wherever it lies, another one another', async () => {
  using files = scratchFiles();
  using elsewhere = scratchFiles();
  const idOf = async (path: string) => {
    const tape = await openTape([path], ASSETS);
    await tape.close();
    return tape.sourceId;
  };
  const id = await idOf(files.write('a.csv', tapeText(EVENTS)));
  assert.match(id, /^tape-[0-9a-f]{16}$/);
  assert.equal(await idOf(elsewhere.write('a.csv', tapeText(EVENTS))), id);
  assert.notEqual(await idOf(files.write('b.csv', tapeText(EVENTS))), id);
  assert.notEqual(await idOf(elsewhere.write('a.csv', tapeText(EVENTS.slice(1)))), id);
});

test('a file that is missing, foreign, cut off or empty is named, with what was found', async () => {
  using files = scratchFiles();
  const missing = await faultOf('/nowhere/tape.csv');
  assert.equal(missing.message, 'tape /nowhere/tape.csv: no such file');
  assert.equal(missing.code, 'TAPE_UNREADABLE');
  assert.match((await faultOf('/nowhere/tape.zip')).message, /no such file/);
  assert.match((await faultOf(files.write('a.csv', ''))).message, /a\.csv: is empty, expected a header/);
  assert.match(
    (await faultOf(files.write('b.csv', 'date,open\n1,2\n'))).message,
    /b\.csv line 1: found "date,open", expected/,
  );
  assert.match((await faultOf(files.write('c.zip', 'PK no zip'))).message, /c\.zip: cannot be read: /);
  assert.match((await faultOf(files.write('d.csv.gz', 'no gzip'))).message, /d\.csv\.gz: cannot be read: /);
  assert.match((await faultOf(files.write('e.zip', zipOf({ a: '', b: '' })))).message, /holds 2 files/);
  assert.match((await faultOf(files.write('e.csv.zst', 'no zstd'))).message, /e\.csv\.zst: cannot be read: /);
  assert.match((await faultOf(files.write('f.csv', 'x'.repeat(1_200_000)))).message, /longer than 1048576 characters/);
  assert.match((await faultOf(files.write('g.csv', '1,2,3,P,1,0\n'))).message, /need a name like .*, found g\.csv/);
});

test('a malformed row is named by file and line, with what was found', async () => {
  using files = scratchFiles();
  const good = 'trade,AAPL,7,1,190.5,10,,,,,V,,C';
  const cases: [row: string, found: RegExp][] = [
    ['trade,AAPL,7,1,190.5', /found 5 columns, expected 13/],
    [good.replace('trade', 'bar'), /type is "bar"/],
    [good.replace('AAPL', 'aapl'), /symbol is "aapl"/],
    [good.replace(',7,', ',1.5,'), /timestamp_ns is "1.5"/],
    [good.replace(',1,', ',x,'), /id is "x", expected a whole number/],
    [good.replace('190.5', '1e2'), /price is "1e2", expected a decimal/],
    [good.replace('190.5', '0'), /price is "0", expected more than 0/],
    [good.replace(',10,', ',-1,'), /size is "-1", expected a decimal/],
    ['', /found 1 columns/],
    [good.replace('190.5', '0.1234567'), /price: 0.1234567 has more than 6 decimals/],
    [good.replace('190.5', '99999999999999'), /price: 99999999999999 is beyond 9007199254.740991/],
    ['book,AAPL,7,rest,,,1,1,,,,,', /id is "rest", expected reset or nothing/],
    ['book,AAPL,7,,,,1;2,1,,,,,', /found 2 bid prices and 1 sizes/],
    ['book,AAPL,7,,,,0,1,,,,,', /bid_price is "0", expected more than 0/],
    ['status,AAPL,7,,,,,,,,,,C', /a status row without a code/],
  ];
  for (const [row, found] of cases) {
    const fault = await faultOf(files.write('bad.csv', `${TAPE_HEADER}\n${good}\n${row}\n${good}\n`));
    assert.equal(fault.line, 3);
    assert.match(fault.message, /bad\.csv line 3: /);
    assert.match(fault.message, found);
  }
  const lean = (row: string) => faultOf(files.write('q.zip', zipOf({ '20131007_ibm_Quote_Tick.csv': row })));
  assert.match((await lean('1,0,0,0,0,P,1,0')).message, /line 1: a quote row without a bid and without an ask/);
  assert.match((await lean('86400000,1,1,0,0,P,1,0')).message, /time is 86400000 ms/);
  assert.match((await lean('1,1,1,0,0,P,1,yes')).message, /suspicious is "yes"/);
  const trades = await faultOf(files.write('t.zip', zipOf({ '20131007_ibm_Trade_Tick.csv': '1,1,1,P,xyz,0' })));
  assert.match(trades.message, /flags are "xyz", expected hexadecimal digits/);
});

const recorded = join(import.meta.dirname, '../../../../shared/data/equities/tick/ibm');
const absent = existsSync(recorded) ? false : `no recorded data at ${recorded}`;

test('a recorded IBM day plays all its trades and quotes in time order', { skip: absent }, async () => {
  const began = performance.now();
  const tape = await openTape(
    ['trade', 'quote'].map((kind) => join(recorded, `20131007_${kind}.zip`)),
    createAssets([], { symbols: null }),
  );
  let lastNs = 0n;
  let events = 0;
  for await (const batch of tape.batches()) {
    for (const event of batch) {
      assert.ok(event.tsNs >= lastNs, `event ${events} goes back in time`);
      lastNs = event.tsNs;
      events += 1;
    }
  }
  assert.deepEqual(
    tape.files.map(({ trades, quotes, suspicious }) => ({ trades, quotes, suspicious })),
    [
      { trades: 24_293, quotes: 0, suspicious: 0 },
      { trades: 0, quotes: 109_067, suspicious: 1 },
    ],
  );
  assert.equal(events, 24_293 + 109_067);
  console.log(`${events} rows in ${Math.round(performance.now() - began)} ms`);
  assert.equal(new Date(Number(tape.firstNs ?? 0n) / 1e6).toISOString(), '2013-10-07T08:00:00.054Z');
});
