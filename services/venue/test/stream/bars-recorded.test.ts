import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { inflateRawSync } from 'node:zlib';
import { createBars } from '../../src/core/market/bars.ts';
import type { MarketBar } from '../../src/core/market/event.ts';
import { openTape } from '../../src/tape/tape.ts';
import { ASSETS } from '../builders.ts';
import { at, px, sz } from './stream-builders.ts';

const FOLDER = new URL('../../../../../shared/data/equities/', import.meta.url);
const TICKS = new URL('tick/ibm/20131007_trade.zip', FOLDER);
const MINUTES = new URL('minute/ibm/20131007_trade.zip', FOLDER);
const absent = [TICKS, MINUTES].every((file) => existsSync(file)) ? false : 'no recording ../shared/data/equities';

/** The rows of the only file in a zipped CSV. */
function rowsOf(file: URL): string[][] {
  const zip = readFileSync(file);
  const start = 30 + zip.readUInt16LE(26) + zip.readUInt16LE(28);
  const lines = inflateRawSync(zip.subarray(start)).toString().trim().split(/\r?\n/);
  return lines.map((line) => line.split(','));
}

/** A day of the tape, and the bars the venue makes of it. */
async function playDay(): Promise<{ bars: MarketBar[]; lastSales: boolean[] }> {
  const tape = await openTape([fileURLToPath(TICKS)], ASSETS);
  const bars = createBars();
  const shown: MarketBar[] = [];
  const lastSales: boolean[] = [];
  for await (const events of tape.batches()) {
    for (const event of events) {
      shown.push(...bars.add(event));
      if (event.kind === 'trade') lastSales.push(event.isLastSale);
    }
  }
  shown.push(...bars.advance(at('23:59:59')));
  return { bars: shown, lastSales };
}

/** Ten-thousandths of a dollar in the instrument's units. */
const PRICE_STEP = px('0.0001');
const SHARE = BigInt(sz('1'));

/** A bar of CSV rows of ticks, worked out in whole numbers of the file: ms, price × 10,000, size. */
function barOfRows(rows: readonly (readonly [price: number, size: number, isLastSale: boolean])[]) {
  const sales = rows.filter(([, , isLastSale]) => isLastSale);
  const prices = sales.map(([price]) => price * PRICE_STEP);
  const shares = rows.reduce((sum, [, size]) => sum + BigInt(size), 0n);
  const weight = sales.reduce((sum, [, size]) => sum + size, 0);
  const notional = sales.reduce((sum, [price, size]) => sum + BigInt(price) * BigInt(size), 0n);
  // Millionths of a dollar, the last digit decided by a wider quotient: no tie occurs in the recording.
  const wide = (notional * 1_000_000n) / BigInt(weight);
  const vwap = Number((wide + 5_000n) / 10_000n) / 1_000_000;
  return {
    open: prices[0],
    high: Math.max(...prices),
    low: Math.min(...prices),
    close: prices.at(-1),
    volume: shares * SHARE,
    tradeCount: rows.length,
    vwap: vwap.toFixed(6).replace(/\.?0+$/, ''),
  };
}

test('bars of a recorded day are those of its rows, minute by minute and for the day', { skip: absent }, async () => {
  const { bars, lastSales } = await playDay();
  const rows = rowsOf(TICKS).map(([ms, price, size], index) => ({
    minute: Math.floor(Number(ms) / 60_000),
    facts: [Number(price), Number(size), lastSales[index] ?? false] as const,
  }));
  const byMinute = Map.groupBy(rows, ({ minute }) => minute);
  const midnightNs = at('00:00:00');
  const minutes = new Map(bars.filter(({ kind }) => kind === 'bar').map((bar) => [bar.tsNs, bar]));
  let compared = 0;
  for (const [minute, own] of byMinute) {
    const bar = minutes.get(midnightNs + BigInt(minute) * 60_000_000_000n);
    if (!own.some(({ facts }) => facts[2])) {
      assert.equal(bar, undefined);
      continue;
    }
    const expected = barOfRows(own.map(({ facts }) => facts));
    assert.ok(bar, `no bar of minute ${minute}`);
    const { kind: _, instrument: __, tsNs: ___, ...found } = bar;
    assert.deepEqual(found, expected);
    compared += 1;
  }
  assert.equal(minutes.size, compared);
  assert.ok(compared >= 390, `${compared} minutes`);
  const day = bars.findLast(({ kind }) => kind === 'dailyBar');
  assert.ok(day);
  const { kind: _, instrument: __, tsNs, ...found } = day;
  assert.equal(tsNs, midnightNs);
  assert.deepEqual(found, barOfRows(rows.map(({ facts }) => facts)));
});

test('volumes of the minutes between the auctions are those that the provider recorded', { skip: absent }, async () => {
  const { bars } = await playDay();
  const volumes = new Map(bars.filter(({ kind }) => kind === 'bar').map(({ tsNs, volume }) => [tsNs, volume / SHARE]));
  // The provider has put the prints of the opening and closing auctions into other minutes of the two files.
  const session = rowsOf(MINUTES)
    .map(([ms, , , , , volume]) => ({
      startNs: at('00:00:00') + BigInt(ms ?? 0) * 1_000_000n,
      volume: BigInt(volume ?? 0),
    }))
    .filter(({ startNs }) => startNs >= at('09:31:00') && startNs < at('15:59:00'));
  assert.equal(session.length, 388);
  for (const { startNs, volume } of session) assert.equal(volumes.get(startNs), volume);
});
