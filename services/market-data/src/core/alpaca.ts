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

/** A message that is not published, and why; `reason` is a metric label, `text` shows what was found. */
export interface Rejected {
  readonly kind: 'rejected';
  readonly reason: 'shape' | 'symbol' | 'price' | 'size' | 'time';
  readonly text: string;
}

/** Longest price or size that is taken: far beyond real ones, and so short that sums of them stay decimal text. */
const MAX_AMOUNT_LENGTH = 20;

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
  const venueTsNs = rfc3339ToNs(message.t);
  if (venueTsNs === undefined) return rejected('time', message.t);
  const payload = {
    price,
    size,
    tradeId: String(message.i ?? ''),
    exchange: textOf(message.x),
    conditions: conditionsOf(message.c),
    tape: textOf(message.z),
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
  const venueTsNs = rfc3339ToNs(message.t);
  if (venueTsNs === undefined) return rejected('time', message.t);
  const payload = {
    bidPx: bid.px,
    bidSize: bid.size,
    askPx: ask.px,
    askSize: ask.size,
    bidExchange: textOf(message.bx),
    askExchange: textOf(message.ax),
    conditions: conditionsOf(message.c),
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

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function conditionsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((condition) => typeof condition === 'string') : [];
}

function rejected(reason: Rejected['reason'], found: unknown): Rejected {
  return { kind: 'rejected', reason, text: `${reason}: ${JSON.stringify(found)?.slice(0, 80)}` };
}
