import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32, gzipSync } from 'node:zlib';
import { unitsOf, unitsText } from '@tickpath/trading';
import { accountIdentity } from '../src/core/account/identity.ts';
import type { MarketQuote, MarketTrade } from '../src/core/market/event.ts';
import { createExchangeState } from '../src/core/orders/exchange-core.ts';
import type { NewOrder } from '../src/core/orders/order.ts';
import type { ExchangeSetup, ExchangeState, VenueRules } from '../src/core/orders/state.ts';
import type { Asset } from '../src/core/reference/asset.ts';
import { createAssets } from '../src/core/reference/assets.ts';
import { phaseAtFor } from '../src/core/sessions.ts';
import { TAPE_HEADER } from '../src/tape/tickpath-csv.ts';

/** The instruments of every test that needs no others: what is asked for is listed. */
export const ASSETS = createAssets([], { symbols: ['AAPL', 'MSFT', 'BTC/USD'] });

export function anAsset(symbol = 'AAPL'): Asset {
  ASSETS.instrumentOf(symbol);
  const asset = ASSETS.assetOf(symbol);
  if (asset === undefined) throw new Error(`${symbol} is not listed`);
  return asset;
}

/** A venue without delays, costs and hours, on an account that may do all there is. */
export const PLAIN_RULES: VenueRules = {
  hours: 'always',
  multiplier: 4,
  shorting: true,
  latency: { orderNs: 0n, cancelNs: 0n, jitterNs: 0n, seed: 1 },
  slippage: { model: 'none' },
  fees: { perShareUsd: '0', makerBps: '0', takerBps: '0', regulatory: false },
};

/** An exchange before anything happened, with 1,000,000 USD. */
export function anExchange(rules: Partial<VenueRules> = {}, setup: Partial<ExchangeSetup> = {}): ExchangeState {
  const all = { ...PLAIN_RULES, ...rules };
  return createExchangeState({
    idScope: 'run',
    rules: all,
    assetOf: ASSETS.assetOf,
    phaseAt: phaseAtFor(all.hours),
    account: accountIdentity('run', 1n),
    cashUsd: '1000000',
    ...setup,
  });
}

/** Prices and quantities as text, the rest as in an order. */
export type OrderFields = Partial<Omit<NewOrder, 'asset' | 'orderQty' | 'limitPx' | 'stopPx'>> & {
  readonly symbol?: string;
  readonly qty?: string;
  readonly limitPx?: string;
  readonly stopPx?: string;
};

/** An order as it has been read: to buy 100 AAPL at the market unless told otherwise. */
export function anOrder({ symbol = 'AAPL', qty = '100', limitPx, stopPx, ...fields }: OrderFields = {}): NewOrder {
  const asset = anAsset(symbol);
  const px = (text: string | undefined) => (text === undefined ? null : unitsOf(text, asset.priceDecimals));
  return {
    ...{ asset, side: 'buy', type: 'market', timeInForce: 'day', trail: null, extendedHours: false },
    ...{ positionIntent: null, clOrdId: null },
    orderQty: unitsOf(qty, asset.qtyDecimals),
    limitPx: px(limitPx),
    stopPx: px(stopPx),
    ...fields,
  };
}

type QuoteTexts = { readonly [K in 'bidPx' | 'bidSz' | 'askPx' | 'askSz']?: string };
type QuoteFields = Partial<Omit<MarketQuote, 'instrument' | keyof QuoteTexts>> &
  QuoteTexts & { readonly symbol?: string };

/** A quote of AAPL, 189.99 × 100 to 190.01 × 200, unless told otherwise. Prices and sizes as text. */
export function aQuote(fields: QuoteFields = {}): MarketQuote {
  const { symbol = 'AAPL', bidPx = '189.99', bidSz = '100', askPx = '190.01', askSz = '200', ...rest } = fields;
  const instrument = anAsset(symbol);
  const { priceDecimals, qtyDecimals } = instrument;
  return {
    kind: 'quote',
    instrument,
    tsNs: 1_000_000_000n,
    updates: 'both',
    bidPx: unitsOf(bidPx, priceDecimals),
    bidSz: unitsOf(bidSz, qtyDecimals),
    askPx: unitsOf(askPx, priceDecimals),
    askSz: unitsOf(askSz, qtyDecimals),
    bidExchange: 'V',
    askExchange: 'V',
    conditions: ['R'],
    tape: 'C',
    ...rest,
  };
}

type TradeFields = Partial<Omit<MarketTrade, 'instrument' | 'px' | 'sz'>> & {
  readonly symbol?: string;
  readonly px?: string;
  readonly sz?: string;
};

/** A trade of 10 AAPL at 190 unless told otherwise. Price and size as text. */
export function aTrade({ symbol = 'AAPL', px = '190', sz = '10', ...fields }: TradeFields = {}): MarketTrade {
  const instrument = anAsset(symbol);
  return {
    kind: 'trade',
    instrument,
    tsNs: 1_000_000_000n,
    id: 1,
    px: unitsOf(px, instrument.priceDecimals),
    sz: unitsOf(sz, instrument.qtyDecimals),
    exchange: 'V',
    conditions: ['@'],
    tape: 'C',
    takerSide: null,
    isLastSale: true,
    ...fields,
  };
}

/** A row of Tickpath's own tape format. */
export function rowOf(event: MarketTrade | MarketQuote): string {
  const { instrument, tsNs } = event;
  const { symbol, priceDecimals, qtyDecimals } = instrument;
  const px = (units: number) => unitsText(units, priceDecimals);
  const sz = (units: number) => unitsText(units, qtyDecimals);
  const end = `${event.conditions.join(';')},${event.tape}`;
  if (event.kind === 'trade') {
    return `trade,${symbol},${tsNs},${event.id},${px(event.px)},${sz(event.sz)},,,,,${event.exchange},${end}`;
  }
  const { bidPx, bidSz, askPx, askSz, bidExchange } = event;
  return `quote,${symbol},${tsNs},,,,${px(bidPx)},${sz(bidSz)},${px(askPx)},${sz(askSz)},${bidExchange},${end}`;
}

export function tapeText(events: readonly (MarketTrade | MarketQuote)[]): string {
  return `${[TAPE_HEADER, ...events.map(rowOf)].join('\n')}\n`;
}

/** A zip of files stored without compression, enough for a reader to be tested with. */
export function zipOf(files: Readonly<Record<string, string>>): Buffer {
  const locals: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, text] of Object.entries(files)) {
    const data = Buffer.from(text);
    const nameBytes = Buffer.from(name);
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(10, 0);
    fields.writeUInt32LE(crc32(data), 10);
    fields.writeUInt32LE(data.length, 14);
    fields.writeUInt32LE(data.length, 18);
    fields.writeUInt16LE(nameBytes.length, 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), fields, nameBytes, data]);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(offset, 10);
    directory.push(Buffer.concat([Buffer.from('PK\x01\x02\x0a\x00', 'latin1'), fields, tail, nameBytes]));
    locals.push(local);
    offset += local.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(directory.length, 4);
  end.writeUInt16LE(directory.length, 6);
  end.writeUInt32LE(central.length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...locals, central, Buffer.from('PK\x05\x06', 'latin1'), end]);
}

/** A directory of its own for one test, gone when `using` ends. */
export function scratchFiles(): {
  write(name: string, content: string | Buffer): string;
  writeGz(name: string, text: string): string;
  [Symbol.dispose](): void;
} {
  const directory = mkdtempSync(join(tmpdir(), 'tickpath-venue-'));
  const write = (name: string, content: string | Buffer) => {
    const path = join(directory, name);
    writeFileSync(path, content);
    return path;
  };
  return {
    write,
    writeGz: (name, text) => write(name, gzipSync(text)),
    [Symbol.dispose]: () => rmSync(directory, { recursive: true }),
  };
}

/** Waits for a condition, at most `timeoutMs`; the error says what was waited for. */
export async function eventually(what: string, condition: () => boolean, timeoutMs = 5000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
