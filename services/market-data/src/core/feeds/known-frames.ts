/**
 * The frames that come thousands of times a second, trades and best quotes, written down as their venues spell them. Each
 * function gives what `JSON.parse` would, for less; undefined for a frame of any other form, which is no fault: that one is
 * for `JSON.parse`.
 */
import { FrameCursor } from './frame-cursor.ts';
import type { Fields } from './reading.ts';

/** A list of trades and quotes, of shares or crypto. */
export function knownAlpacaFrame(frame: string): readonly Fields[] | undefined {
  const at = new FrameCursor(frame);
  const messages: Fields[] = [];
  at.expect('[');
  do {
    if (at.skips('{"T":"t"')) messages.push(alpacaTrade(at));
    else if (at.skips('{"T":"q"')) messages.push(alpacaQuote(at));
    else return undefined;
  } while (at.skips(','));
  at.expect(']');
  return at.isAtEnd ? messages : undefined;
}

function alpacaTrade(at: FrameCursor): Fields {
  const S = at.string(',"S":"');
  if (at.skips(',"p":')) return alpacaCryptoTrade(at, S);
  const i = at.number(',"i":');
  const x = at.string(',"x":"');
  const p = at.number(',"p":');
  const s = at.number(',"s":');
  const c = at.strings(',"c":');
  const z = at.string(',"z":"');
  const t = at.string(',"t":"');
  at.expect('}');
  return { T: 't', S, i, x, p, s, c, z, t };
}

function alpacaCryptoTrade(at: FrameCursor, S: string): Fields {
  const p = at.number('');
  const s = at.number(',"s":');
  const t = at.string(',"t":"');
  const i = at.number(',"i":');
  const tks = at.string(',"tks":"');
  at.expect('}');
  return { T: 't', S, p, s, t, i, tks };
}

function alpacaQuote(at: FrameCursor): Fields {
  const S = at.string(',"S":"');
  if (at.skips(',"bp":')) return alpacaCryptoQuote(at, S);
  const bx = at.string(',"bx":"');
  const bp = at.number(',"bp":');
  const bs = at.number(',"bs":');
  const ax = at.string(',"ax":"');
  const ap = at.number(',"ap":');
  const as = at.number(',"as":');
  const c = at.strings(',"c":');
  const z = at.string(',"z":"');
  const t = at.string(',"t":"');
  at.expect('}');
  return { T: 'q', S, bx, bp, bs, ax, ap, as, c, z, t };
}

function alpacaCryptoQuote(at: FrameCursor, S: string): Fields {
  const bp = at.number('');
  const bs = at.number(',"bs":');
  const ap = at.number(',"ap":');
  const as = at.number(',"as":');
  const t = at.string(',"t":"');
  at.expect('}');
  return { T: 'q', S, bp, bs, ap, as, t };
}

/** A trade or the best quote of spot, as its combined stream has them. */
export function knownBinanceFrame(frame: string): Fields | undefined {
  const at = new FrameCursor(frame);
  const stream = at.string('{"stream":"');
  at.expect(',"data":{"');
  const data = at.skips('e":"trade"') ? binanceTrade(at) : binanceQuote(at);
  at.expect('}}');
  return at.isAtEnd ? { stream, data } : undefined;
}

function binanceTrade(at: FrameCursor): Fields {
  const E = at.number(',"E":');
  const s = at.string(',"s":"');
  const t = at.number(',"t":');
  const p = at.string(',"p":"');
  const q = at.string(',"q":"');
  const T = at.number(',"T":');
  const m = at.skips(',"m":true');
  if (!m) at.expect(',"m":false');
  at.expect(',"M":true');
  return { e: 'trade', E, s, t, p, q, T, m, M: true };
}

function binanceQuote(at: FrameCursor): Fields {
  const u = at.number('u":');
  const s = at.string(',"s":"');
  const b = at.string(',"b":"');
  const B = at.string(',"B":"');
  const a = at.string(',"a":"');
  const A = at.string(',"A":"');
  return { u, s, b, B, a, A };
}

/** An update of trades. */
export function knownCoinbaseFrame(frame: string): Fields | undefined {
  const at = new FrameCursor(frame);
  const timestamp = at.string('{"channel":"market_trades","timestamp":"');
  const sequence_num = at.number(',"sequence_num":');
  at.expect(',"events":[{"type":"update","trades":[');
  const trades: Fields[] = [];
  do trades.push(coinbaseTrade(at));
  while (at.skips(','));
  at.expect(']}]}');
  if (!at.isAtEnd) return undefined;
  return { channel: 'market_trades', timestamp, sequence_num, events: [{ type: 'update', trades }] };
}

function coinbaseTrade(at: FrameCursor): Fields {
  const product_id = at.string('{"product_id":"');
  const trade_id = at.string(',"trade_id":"');
  const price = at.string(',"price":"');
  const size = at.string(',"size":"');
  const time = at.string(',"time":"');
  const side = at.string(',"side":"');
  at.expect('}');
  return { product_id, trade_id, price, size, time, side };
}

/** Trades of a pair. */
export function knownKrakenFrame(frame: string): readonly unknown[] | undefined {
  const at = new FrameCursor(frame);
  const channelId = at.number('[');
  at.expect(',[');
  const trades: string[][] = [];
  do trades.push(at.strings(''));
  while (at.skips(','));
  const pair = at.string('],"trade","');
  at.expect(']');
  return at.isAtEnd ? [channelId, trades, 'trade', pair] : undefined;
}
