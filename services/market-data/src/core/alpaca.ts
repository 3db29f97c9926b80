import { decimalTextOfNumber, rfc3339ToNs } from '@tickpath/trading';
import type { Payload } from '@tickpath/wire';
import { symbolOfVenue } from '@tickpath/wire';

/** When our machine got a frame and when it had been parsed, in Unix ns. */
export interface Stamps {
  readonly receivedNs: bigint;
  readonly decodedNs: bigint;
}

export type MarketEvent =
  | { readonly kind: 'trade'; readonly symbol: string; readonly payload: Payload<'trade'> }
  | { readonly kind: 'quote'; readonly symbol: string; readonly payload: Payload<'quote'> };

export const REJECT_REASONS = ['shape', 'symbol', 'price', 'size', 'time', 'text'] as const;

/** A message that is not published, and why; `reason` is a metric label, `text` shows what was found. */
export interface Rejected {
  readonly kind: 'rejected';
  readonly reason: (typeof REJECT_REASONS)[number];
  readonly text: string;
}

/** Longest price or size that is taken: far beyond real ones, and so short that sums of them stay decimal text. */
const MAX_AMOUNT_LENGTH = 20;
/** Longest id, exchange or condition code and the most conditions of one message: a multiple of what venues send. */
const MAX_CODE_LENGTH = 64;
const MAX_CONDITIONS = 32;
const SHOWN_LENGTH = 80;
const BYTE_ORDER_MARK = 0xfeff;
const INT64_MAX = 2n ** 63n - 1n;
const INT64_MIN = -(2n ** 63n);

/** What one element of an Alpaca data frame says; `undefined` for types that are not market data or not used yet. */
export function readAlpacaMessage(raw: unknown, stamps: Stamps): MarketEvent | Rejected | undefined {
  if (typeof raw !== 'object' || raw === null) return rejected('shape', raw);
  const message = raw as Record<string, unknown>;
  if (message.T === 't') return readTrade(message, stamps);
  if (message.T === 'q') return readQuote(message, stamps);
  return undefined;
}

function readTrade(message: Record<string, unknown>, stamps: Stamps): MarketEvent | Rejected {
  const symbol = readSymbol(message.S);
  if (symbol === undefined) return rejected('symbol', message.S);
  const price = positive(message.p);
  if (price === undefined) return rejected('price', message.p);
  const size = positive(message.s);
  if (size === undefined) return rejected('size', message.s);
  const venueTsNs = readTime(message.t);
  if (venueTsNs === undefined) return rejected('time', message.t);
  const tradeId = codeOf(typeof message.i === 'number' ? String(message.i) : message.i);
  if (tradeId === undefined) return rejected('text', message.i);
  const exchange = codeOf(message.x);
  if (exchange === undefined) return rejected('text', message.x);
  const conditions = conditionsOf(message.c);
  if (conditions === undefined) return rejected('text', message.c);
  const tape = codeOf(message.z);
  if (tape === undefined) return rejected('text', message.z);
  const payload = {
    price,
    size,
    tradeId,
    exchange,
    conditions,
    tape,
    venueTsNs,
    ...stamps,
  };
  return { kind: 'trade', symbol, payload };
}

function readQuote(message: Record<string, unknown>, stamps: Stamps): MarketEvent | Rejected {
  const symbol = readSymbol(message.S);
  if (symbol === undefined) return rejected('symbol', message.S);
  const bid = readSide(message.bp, message.bs);
  if ('kind' in bid) return bid;
  const ask = readSide(message.ap, message.as);
  if ('kind' in ask) return ask;
  const venueTsNs = readTime(message.t);
  if (venueTsNs === undefined) return rejected('time', message.t);
  const bidExchange = codeOf(message.bx);
  if (bidExchange === undefined) return rejected('text', message.bx);
  const askExchange = codeOf(message.ax);
  if (askExchange === undefined) return rejected('text', message.ax);
  const conditions = conditionsOf(message.c);
  if (conditions === undefined) return rejected('text', message.c);
  const payload = {
    bidPx: bid.px,
    bidSize: bid.size,
    askPx: ask.px,
    askSize: ask.size,
    bidExchange,
    askExchange,
    conditions,
    venueTsNs,
    ...stamps,
  };
  return { kind: 'quote', symbol, payload };
}

/** A zero price means that there is no quote on that side. */
function readSide(px: unknown, size: unknown): { px: string | null; size: string } | Rejected {
  if (px === 0) return { px: null, size: '0' };
  const pxText = positive(px);
  if (pxText === undefined) return rejected('price', px);
  const sizeText = size === 0 ? '0' : positive(size);
  return sizeText === undefined ? rejected('size', size) : { px: pxText, size: sizeText };
}

function positive(value: unknown): string | undefined {
  if (typeof value !== 'number' || !(value > 0) || !Number.isFinite(value)) return undefined;
  const text = decimalTextOfNumber(value);
  return text.length <= MAX_AMOUNT_LENGTH ? text : undefined;
}

function readSymbol(value: unknown): string | undefined {
  return typeof value === 'string' ? symbolOfVenue(value) : undefined;
}

/** Undefined also for a year that 64 bits of nanoseconds do not reach: the wire has no more. */
function readTime(value: unknown): bigint | undefined {
  const tsNs = rfc3339ToNs(value);
  return tsNs === undefined || tsNs > INT64_MAX || tsNs < INT64_MIN ? undefined : tsNs;
}

/** A descriptive text, empty when there is none; undefined for one that the wire would not take unchanged. */
function codeOf(value: unknown): string | undefined {
  if (typeof value !== 'string') return '';
  const fits = value.length <= MAX_CODE_LENGTH && value.isWellFormed() && value.charCodeAt(0) !== BYTE_ORDER_MARK;
  return fits ? value : undefined;
}

function conditionsOf(value: unknown): readonly string[] | undefined {
  if (!Array.isArray(value)) return [];
  const conditions: string[] = [];
  for (const one of value) {
    if (typeof one !== 'string') continue;
    const code = codeOf(one);
    if (code === undefined || conditions.length === MAX_CONDITIONS) return undefined;
    conditions.push(code);
  }
  return conditions;
}

function rejected(reason: Rejected['reason'], found: unknown): Rejected {
  return { kind: 'rejected', reason, text: `${reason}: ${shown(found)}` };
}

/** Objects are not spelled out: a deeply nested one would overflow the stack of whoever writes it as text. */
function shown(found: unknown): string {
  if (typeof found === 'object' && found !== null) return Array.isArray(found) ? 'a list' : 'an object';
  // Cut before it is quoted as well: what was found may be megabytes.
  const value = typeof found === 'string' ? found.slice(0, SHOWN_LENGTH) : found;
  return String(JSON.stringify(value)).slice(0, SHOWN_LENGTH);
}
