import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32, gzipSync } from 'node:zlib';
import type { MarketEvent, MarketQuote, MarketTrade } from '../src/core/market-event.ts';
import { createMatching, type MatchingState } from '../src/core/matching.ts';
import { TAPE_HEADER } from '../src/tape-formats.ts';

/** A venue's core before anything happened: 1,000,000 in cash, and it takes orders in every symbol unless told which. */
export function aMatching(symbols: ReadonlySet<string> | null = null): MatchingState {
  return createMatching({ idScope: 'run', symbols, initialCashUsd: '1000000' });
}

export function aQuote(fields: Partial<MarketQuote> = {}): MarketQuote {
  return {
    kind: 'quote',
    symbol: 'AAPL',
    tsNs: 1_000_000_000n,
    updates: 'both',
    bidPx: '189.99',
    bidSz: '100',
    askPx: '190.01',
    askSz: '200',
    bidExchange: 'V',
    askExchange: 'V',
    conditions: ['R'],
    tape: 'C',
    ...fields,
  };
}

export function aTrade(fields: Partial<MarketTrade> = {}): MarketTrade {
  return {
    kind: 'trade',
    symbol: 'AAPL',
    tsNs: 1_000_000_000n,
    id: 1,
    price: '190',
    size: '10',
    exchange: 'V',
    conditions: ['@'],
    tape: 'C',
    ...fields,
  };
}

/** A row of Tickpath's own tape format. */
export function rowOf(event: MarketEvent): string {
  const end = `${event.conditions.join(';')},${event.tape}`;
  if (event.kind === 'trade') {
    const { symbol, tsNs, id, price, size, exchange } = event;
    return `trade,${symbol},${tsNs},${id},${price},${size},,,,,${exchange},${end}`;
  }
  const { symbol, tsNs, bidPx, bidSz, askPx, askSz, bidExchange } = event;
  return `quote,${symbol},${tsNs},,,,${bidPx},${bidSz},${askPx},${askSz},${bidExchange},${end}`;
}

export function tapeText(events: readonly MarketEvent[]): string {
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
