import { readFileSync } from 'node:fs';
import { inflateRawSync } from 'node:zlib';
import type { AlpacaLevel, AlpacaMessage } from './exchange-server-alpaca.ts';
import { ExchangeBook, type SpelledLevel } from './exchange-server-book.ts';

/** A day of a share's trades and quotes in the order they were recorded, as Alpaca's stream would tell them. */
export function readStockTape(symbol: string, tradesPath: URL, quotesPath: URL): AlpacaMessage[] {
  const dollars = (tenthsOfMils: string | undefined) => Number(tenthsOfMils) / 10_000;
  const t = (ms: number) => new Date(ms).toISOString();
  const trades = readZippedRows(tradesPath).map(([ms, px, size], at) => {
    const trade = { T: 't', S: symbol, i: at + 1, x: 'N', p: dollars(px), s: Number(size), c: [' '], z: 'A' };
    return { ms: Number(ms), message: { ...trade, t: t(Number(ms)) } };
  });
  const quotes = readZippedRows(quotesPath).map(([ms, bp, bs, ap, as]) => {
    const bid = { bx: 'N', bp: dollars(bp), bs: Number(bs) };
    const quote = { T: 'q', S: symbol, ...bid, ax: 'N', ap: dollars(ap), as: Number(as), c: ['R'], z: 'A' };
    return { ms: Number(ms), message: { ...quote, t: t(Number(ms)) } };
  });
  return [...trades, ...quotes].sort((a, b) => a.ms - b.ms).map(({ message }) => message);
}

interface BinanceData {
  readonly e?: string;
  readonly u: number;
  readonly E: number;
  readonly b: readonly SpelledLevel[];
  readonly a: readonly SpelledLevel[];
  readonly t: number;
  readonly p: string;
  readonly q: string;
  readonly T: number;
  readonly m: boolean;
}

/** Another exchange's recorded market of one pair, as Alpaca's stream of crypto would tell it, and the book it begins with. */
export function readCryptoTape(
  symbol: string,
  frames: readonly string[],
): { messages: AlpacaMessage[]; book: ExchangeBook } {
  const parsed = frames.map((frame) => JSON.parse(frame));
  const snapshot = parsed.find(({ lastUpdateId }) => lastUpdateId !== undefined);
  if (snapshot === undefined) throw new Error('the recording has no snapshot');
  const book = new ExchangeBook();
  book.set('bids', snapshot.bids);
  book.set('asks', snapshot.asks);
  // The snapshot lies amid the stream: what it does not hold yet may have been recorded before it.
  const messages = parsed.flatMap(({ data }) => (data === undefined ? [] : told(symbol, data, snapshot.lastUpdateId)));
  return { messages, book };
}

function told(symbol: string, { e, u, E, b, a, t, p, q, T, m }: BinanceData, snapshotId: number): AlpacaMessage[] {
  const at = (ms: number) => new Date(ms).toISOString();
  if (e === 'trade') {
    const trade = { T: 't', S: symbol, i: t, p: Number(p), s: Number(q), tks: m ? 'S' : 'B', t: at(T) };
    return [trade];
  }
  if (e !== 'depthUpdate' || u <= snapshotId) return [];
  const level = ([price, size]: SpelledLevel): AlpacaLevel => ({ p: Number(price), s: Number(size) });
  const change = { T: 'o', S: symbol, b: b.map(level), a: a.map(level), t: at(E) };
  return [change];
}

/** The rows of the only file in a zipped CSV. */
function readZippedRows(path: URL): string[][] {
  const zip = readFileSync(path);
  const start = 30 + zip.readUInt16LE(26) + zip.readUInt16LE(28);
  const lines = inflateRawSync(zip.subarray(start)).toString().trim().split(/\r?\n/);
  return lines.map((line) => line.split(','));
}
