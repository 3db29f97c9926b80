import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { advance, createAssets, createSyntheticMarket, type MarketQuote, type MarketTrade } from '@tickpath/venue/core';

/** Recorded ticks to replay, and how many of each kind are in them. */
export interface TestTape {
  readonly files: readonly string[];
  readonly symbol: string;
  readonly trades: number;
  readonly quotes: number;
  /** What a reader of the test's output should know of it. */
  readonly origin: string;
  remove(): void;
}

const RECORDED = join(import.meta.dirname, '../../../shared/data/equities/tick/ibm');

/** A recorded day of IBM where the data is beside the repository; elsewhere a tape written by the synthetic market. */
export function testTape(): TestTape {
  const files = ['trade', 'quote'].map((kind) => join(RECORDED, `20131007_${kind}.zip`));
  if (!files.every((file) => existsSync(file))) return syntheticTape();
  return {
    files,
    symbol: 'IBM',
    trades: 24_293,
    quotes: 109_067,
    origin: 'recorded ticks of IBM, 2013-10-07',
    remove: () => {},
  };
}

function syntheticTape(): TestTape {
  const startNs = 1_700_000_000_000_000_000n;
  const { instrumentOf } = createAssets([], { symbols: null });
  const symbols = [{ instrument: instrumentOf('IBM'), priceCents: 18_000 }];
  const market = createSyntheticMarket({ seed: 20131007, symbols, ticksPerSecond: 40, startNs });
  const events = advance(market, startNs + 1_800_000_000_000n, 60_000).filter(
    (event): event is MarketTrade | MarketQuote => event.kind === 'trade' || event.kind === 'quote',
  );
  const folder = mkdtempSync(join(tmpdir(), 'tickpath-tape-'));
  const file = join(folder, 'synthetic.csv');
  const header =
    'type,symbol,timestamp_ns,id,price,size,bid_price,bid_size,ask_price,ask_size,exchange,conditions,tape';
  writeFileSync(file, `${[header, ...events.map(csvRow)].join('\n')}\n`);
  const rows = readFileSync(file, 'utf8').split('\n');
  return {
    files: [file],
    symbol: 'IBM',
    trades: rows.filter((row) => row.startsWith('trade,')).length,
    quotes: rows.filter((row) => row.startsWith('quote,')).length,
    origin: 'the synthetic market (seed 20131007), because ../shared/data is not there',
    remove: () => rmSync(folder, { recursive: true }),
  };
}

function csvRow(event: MarketTrade | MarketQuote): string {
  const { instrument, tsNs, tape } = event;
  const { symbol, priceDecimals, qtyDecimals } = instrument;
  // Cents and whole shares: the quotient's shortest text is the decimal itself.
  const px = (units: number) => String(units / 10 ** priceDecimals);
  const sz = (units: number) => String(units / 10 ** qtyDecimals);
  const conditions = event.conditions.join(';');
  if (event.kind === 'trade') {
    const { id, exchange } = event;
    const what = [px(event.px), sz(event.sz), '', '', '', '', exchange];
    return ['trade', symbol, tsNs, id, ...what, conditions, tape].join(',');
  }
  const sides = [px(event.bidPx), sz(event.bidSz), px(event.askPx), sz(event.askSz), event.bidExchange];
  return ['quote', symbol, tsNs, '', '', '', ...sides, conditions, tape].join(',');
}
