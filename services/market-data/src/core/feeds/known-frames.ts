/**
 * The frames that come thousands of times a second, trades and best quotes, written down as their venues spell them. Each
 * function gives what `JSON.parse` would, for a third of its price; undefined for a frame of any other form, which is no
 * fault: that one is for `JSON.parse`.
 */
import { FrameCursor } from './frame-cursor.ts';
import type { Fields } from './reading.ts';

/** A list of trades and quotes, of shares or crypto. */
export function knownAlpacaFrame(frame: string): readonly Fields[] | undefined {
  const at = new FrameCursor(frame);
  const messages: Fields[] = [];
  at.expect('[');
  do {
    if (at.skips('{"T":"t","S":"')) messages.push(alpacaTrade(at));
    else if (at.skips('{"T":"q","S":"')) messages.push(alpacaQuote(at));
    else return undefined;
  } while (at.skips(','));
  at.expect(']');
  return at.isAtEnd ? messages : undefined;
}

function alpacaTrade(at: FrameCursor): Fields {
  const S = at.string();
  if (!at.skips(',"i":')) return alpacaCryptoTrade(at, S);
  const i = at.number();
  at.expect(',"x":"');
  const x = at.string();
  at.expect(',"p":');
  const p = at.number();
  at.expect(',"s":');
  const s = at.number();
  at.expect(',"c":');
  const c = at.strings();
  at.expect(',"z":"');
  const z = at.string();
  at.expect(',"t":"');
  const t = at.string();
  at.expect('}');
  return { T: 't', S, i, x, p, s, c, z, t };
}

function alpacaCryptoTrade(at: FrameCursor, S: string): Fields {
  at.expect(',"p":');
  const p = at.number();
  at.expect(',"s":');
  const s = at.number();
  at.expect(',"t":"');
  const t = at.string();
  at.expect(',"i":');
  const i = at.number();
  at.expect(',"tks":"');
  const tks = at.string();
  at.expect('}');
  return { T: 't', S, p, s, t, i, tks };
}

function alpacaQuote(at: FrameCursor): Fields {
  const S = at.string();
  if (!at.skips(',"bx":"')) return alpacaCryptoQuote(at, S);
  const bx = at.string();
  at.expect(',"bp":');
  const bp = at.number();
  at.expect(',"bs":');
  const bs = at.number();
  at.expect(',"ax":"');
  const ax = at.string();
  at.expect(',"ap":');
  const ap = at.number();
  at.expect(',"as":');
  const as = at.number();
  at.expect(',"c":');
  const c = at.strings();
  at.expect(',"z":"');
  const z = at.string();
  at.expect(',"t":"');
  const t = at.string();
  at.expect('}');
  return { T: 'q', S, bx, bp, bs, ax, ap, as, c, z, t };
}

function alpacaCryptoQuote(at: FrameCursor, S: string): Fields {
  at.expect(',"bp":');
  const bp = at.number();
  at.expect(',"bs":');
  const bs = at.number();
  at.expect(',"ap":');
  const ap = at.number();
  at.expect(',"as":');
  const as = at.number();
  at.expect(',"t":"');
  const t = at.string();
  at.expect('}');
  return { T: 'q', S, bp, bs, ap, as, t };
}

/** A trade or the best quote of spot, as its combined stream has them. */
export function knownBinanceFrame(frame: string): Fields | undefined {
  const at = new FrameCursor(frame);
  at.expect('{"stream":"');
  const stream = at.string();
  at.expect(',"data":{"');
  const data = at.skips('e":"trade","E":') ? binanceTrade(at) : binanceQuote(at);
  at.expect('}}');
  return at.isAtEnd ? { stream, data } : undefined;
}

function binanceTrade(at: FrameCursor): Fields {
  const E = at.number();
  at.expect(',"s":"');
  const s = at.string();
  at.expect(',"t":');
  const t = at.number();
  at.expect(',"p":"');
  const p = at.string();
  at.expect(',"q":"');
  const q = at.string();
  at.expect(',"T":');
  const T = at.number();
  const m = at.skips(',"m":true');
  if (!m) at.expect(',"m":false');
  at.expect(',"M":true');
  return { e: 'trade', E, s, t, p, q, T, m, M: true };
}

function binanceQuote(at: FrameCursor): Fields {
  at.expect('u":');
  const u = at.number();
  at.expect(',"s":"');
  const s = at.string();
  at.expect(',"b":"');
  const b = at.string();
  at.expect(',"B":"');
  const B = at.string();
  at.expect(',"a":"');
  const a = at.string();
  at.expect(',"A":"');
  const A = at.string();
  return { u, s, b, B, a, A };
}

/** An update of trades. */
export function knownCoinbaseFrame(frame: string): Fields | undefined {
  const at = new FrameCursor(frame);
  at.expect('{"channel":"market_trades","timestamp":"');
  const timestamp = at.string();
  at.expect(',"sequence_num":');
  const sequence_num = at.number();
  at.expect(',"events":[{"type":"update","trades":[');
  const trades: Fields[] = [];
  do trades.push(coinbaseTrade(at));
  while (at.skips(','));
  at.expect(']}]}');
  if (!at.isAtEnd) return undefined;
  return { channel: 'market_trades', timestamp, sequence_num, events: [{ type: 'update', trades }] };
}

function coinbaseTrade(at: FrameCursor): Fields {
  at.expect('{"product_id":"');
  const product_id = at.string();
  at.expect(',"trade_id":"');
  const trade_id = at.string();
  at.expect(',"price":"');
  const price = at.string();
  at.expect(',"size":"');
  const size = at.string();
  at.expect(',"time":"');
  const time = at.string();
  at.expect(',"side":"');
  const side = at.string();
  at.expect('}');
  return { product_id, trade_id, price, size, time, side };
}

/** Trades of a pair. */
export function knownKrakenFrame(frame: string): readonly unknown[] | undefined {
  const at = new FrameCursor(frame);
  at.expect('[');
  const channelId = at.number();
  at.expect(',[');
  const trades: string[][] = [];
  do trades.push(at.strings());
  while (at.skips(','));
  at.expect('],"trade","');
  const pair = at.string();
  at.expect(']');
  return at.isAtEnd ? [channelId, trades, 'trade', pair] : undefined;
}
