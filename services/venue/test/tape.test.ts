import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { MarketEvent } from '../src/core/market-event.ts';
import { newYorkDay } from '../src/new-york-time.ts';
import { openTape } from '../src/tape.ts';
import { TapeError } from '../src/tape-error.ts';
import { TAPE_HEADER } from '../src/tape-formats.ts';
import { aQuote, aTrade, scratchFiles, tapeText, zipOf } from './builders.ts';

const EVENTS: readonly MarketEvent[] = [
  aQuote({ tsNs: 1n, conditions: [] }),
  aTrade({ tsNs: 2n, id: 52_983_625_699_126, conditions: ['@', ' ', 'I'] }),
  aQuote({ tsNs: 3n, symbol: 'BTC/USD', bidPx: '0', bidSz: '0', askSz: '0.25' }),
];

async function readAll(...files: string[]): Promise<MarketEvent[]> {
  const tape = await openTape(files);
  const events: MarketEvent[] = [];
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

test('a tape reads the same plain, gzipped and zipped, with or without a last line end', async () => {
  using files = scratchFiles();
  const text = tapeText(EVENTS);
  assert.deepEqual(await readAll(files.write('a.csv', text)), EVENTS);
  assert.deepEqual(await readAll(files.write('b.csv', text.trimEnd().replaceAll('\n', '\r\n'))), EVENTS);
  assert.deepEqual(await readAll(files.writeGz('c.csv.gz', text)), EVENTS);
  assert.deepEqual(await readAll(files.write('d.zip', zipOf({ 'any.csv': text }))), EVENTS);
});

test('amounts are read into their one spelling', async () => {
  using files = scratchFiles();
  const row = 'trade,AAPL,7,1,190.500,10.0,,,,,V,,C';
  const [event] = await readAll(files.write('a.csv', `${TAPE_HEADER}\n${row}\n`));
  assert.deepEqual(event, aTrade({ tsNs: 7n, price: '190.5', conditions: [] }));
});

test('files are merged by time, the file given first first at equal times', async () => {
  using files = scratchFiles();
  const at = (...times: bigint[]) => times.map((tsNs, id) => aTrade({ tsNs, id }));
  const first = files.write('first.csv', tapeText(at(1n, 3n, 3n, 9n)));
  const second = files.write('second.csv', tapeText(at(2n, 3n, 10n).map((trade) => ({ ...trade, symbol: 'MSFT' }))));
  const order = async (...paths: string[]) =>
    (await readAll(...paths)).map((event) => `${event.symbol[0]}${event.tsNs}`).join(' ');
  assert.equal(await order(first, second), 'A1 M2 A3 A3 M3 A9 M10');
  assert.equal(await order(second, first), 'A1 M2 M3 A3 A3 A9 M10');
});

test('a row that goes back in time is played where it stands and counted', async () => {
  using files = scratchFiles();
  const tape = await openTape([files.write('a.csv', tapeText([5n, 4n, 6n].map((tsNs) => aTrade({ tsNs }))))]);
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
  const tape = await openTape([file]);
  await tape.close();
  for await (const batch of tape.batches()) assert.ok(batch.length < events.length);
});

test('LEAN quotes carry the other side over and say which one is new; a side never seen is absent', async () => {
  using files = scratchFiles();
  const rows = ['0,0,0,1836300,100,Q,1,0', '1,1800100,300,0,0,P,1,1', '1,0,0,1818000,3000,P,20,0'];
  const path = files.write('q.zip', zipOf({ '20131007_ibm_Quote_Tick.csv': rows.join('\n') }));
  const tape = await openTape([path]);
  const midnight = BigInt(Date.UTC(2013, 9, 7, 4)) * 1_000_000n;
  const quote = { symbol: 'IBM', tape: '', conditions: ['1'], bidExchange: 'P', askExchange: 'Q' };
  const events: MarketEvent[] = [];
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
  assert.deepEqual(tape.files, [{ file: path, trades: 0, quotes: 3, suspicious: 1, outOfOrder: 0 }]);
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
      price: '181.52',
      size: '283',
      conditions: ['20002020'],
    }),
    aTrade({ ...common, id: 2, tsNs: start + 14_450_472_000_000n, price: '0.05', size: '1', conditions: ['2000'] }),
  ]);
});

test('New York times follow daylight saving', () => {
  const utc = (day: string, hours: number) =>
    new Date(Number(newYorkDay(day)(hours * 3_600_000) / 1_000_000n)).toISOString();
  assert.equal(utc('20130308', 9.5), '2013-03-08T14:30:00.000Z');
  assert.equal(utc('20130311', 9.5), '2013-03-11T13:30:00.000Z');
  assert.equal(utc('20130310', 1), '2013-03-10T06:00:00.000Z');
  assert.equal(utc('20130310', 3), '2013-03-10T07:00:00.000Z');
  assert.equal(utc('20131103', 0.5), '2013-11-03T04:30:00.000Z');
  assert.equal(utc('20131103', 2), '2013-11-03T07:00:00.000Z');
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
  assert.match((await faultOf(files.write('f.csv', 'x'.repeat(200_000)))).message, /longer than 65536 characters/);
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
});

const recorded = join(import.meta.dirname, '../../../../shared/data/equities/tick/ibm');
const absent = existsSync(recorded) ? false : `no recorded data at ${recorded}`;

test('a recorded IBM day plays all its trades and quotes in time order', { skip: absent }, async () => {
  const tape = await openTape(['trade', 'quote'].map((kind) => join(recorded, `20131007_${kind}.zip`)));
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
  assert.equal(new Date(Number(tape.firstNs ?? 0n) / 1e6).toISOString(), '2013-10-07T08:00:00.054Z');
});
