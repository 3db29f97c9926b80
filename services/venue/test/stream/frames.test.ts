import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { decimalTextOfNumber, type Instrument, rfc3339ToNs, unitsOf } from '@tickpath/trading';
import fc from 'fast-check';
import { Unpackr } from 'msgpackr';
import type { MarketEvent } from '../../src/core/market/event.ts';
import { createJsonEncoding, createPackEncoding } from '../../src/core/protocol/market-encoding.ts';
import { readPack } from '../../src/core/protocol/market-pack-reader.ts';
import { PackWriter } from '../../src/core/protocol/market-pack-writer.ts';
import { BTC, book, instrument, level, px, sz, trade } from './stream-builders.ts';
import '../seed.ts';

const FRAMES = new URL('../../../../../shared/data/alpaca/market-stream-frames.jsonl', import.meta.url);
const noFrames = existsSync(FRAMES) ? false : 'no recording ../shared/data/alpaca/market-stream-frames.jsonl';

/** Somebody else's reader. */
const unpackr = new Unpackr({ useRecords: false, int64AsType: 'number' });
const unpack = (bytes: Uint8Array): unknown => unpackr.unpack(bytes);

type Message = Record<string, unknown> & { readonly T: string };

function jsonOf(event: MarketEvent): string {
  return Buffer.from(createJsonEncoding().batch([event]).frame([0])).toString();
}

function packed(event: MarketEvent): Uint8Array {
  return createPackEncoding().batch([event]).frame([0]);
}

function number(value: unknown): string {
  return decimalTextOfNumber(value as number);
}

/** The event that a message of Alpaca tells of. */
function eventOf(message: Message): MarketEvent | null {
  const of: Instrument = instrument(String(message.S));
  const text = (key: string) => String(message[key]);
  const price = (key: string) => unitsOf(number(message[key]), of.priceDecimals);
  const size = (key: string) => unitsOf(number(message[key]), of.qtyDecimals);
  const shared = { instrument: of, tsNs: rfc3339ToNs(message.t) ?? 0n, tape: text('z') };
  const list = (key: string) => message[key] as string[];
  const facts = (letter: string) => ({
    id: Number(message[`${letter}i`]),
    px: price(`${letter}p`),
    sz: size(`${letter}s`),
    conditions: list(`${letter}c`),
  });
  switch (message.T) {
    case 't':
      return trade({
        ...shared,
        ...{ id: Number(message.i), px: price('p'), sz: size('s'), exchange: text('x'), conditions: list('c') },
      });
    case 'q':
      return {
        ...shared,
        ...{ kind: 'quote', updates: 'both', conditions: list('c'), bidExchange: text('bx'), askExchange: text('ax') },
        ...{ bidPx: price('bp'), bidSz: size('bs'), askPx: price('ap'), askSz: size('as') },
      };
    case 'b':
      return {
        ...{ kind: 'bar', instrument: of, tsNs: shared.tsNs, tradeCount: Number(message.n), vwap: number(message.vw) },
        ...{ open: price('o'), high: price('h'), low: price('l'), close: price('c'), volume: BigInt(size('v')) },
      };
    case 'c':
      return {
        ...{ kind: 'correction', ...shared, exchange: text('x'), originalNs: 0n },
        ...{ original: facts('o'), corrected: facts('c') },
      };
    case 'x':
      return {
        ...{ kind: 'cancelError', ...shared, id: Number(message.i), exchange: text('x'), px: price('p') },
        ...{ sz: size('s'), action: message.a === 'C' ? 'C' : 'E', originalNs: 0n },
      };
    case 'l':
      return { kind: 'luld', ...shared, upPx: price('u'), downPx: price('d'), indicator: text('i') };
    case 's':
      return {
        ...{ kind: 'status', ...shared, statusCode: text('sc'), statusMessage: text('sm'), effect: 'halt' },
        ...{ reasonCode: text('rc'), reasonMessage: text('rm') },
      };
    case 'i':
      return { kind: 'imbalance', ...shared, px: price('p') };
    default:
      return null;
  }
}

function recordedMessages(): Message[] {
  const lines = readFileSync(FRAMES, 'utf8').trim().split('\n');
  return lines.flatMap((line) => (JSON.parse(line) as { frame: Message[] }).frame);
}

/** Alpaca's documentation shows bars with their time before or behind the counts; the stream's order is taken here. */
const IN_ANY_ORDER = new Set(['b']);

test('every recorded data message is written back as it came: fields, their order, numbers and text', {
  skip: noFrames,
}, () => {
  const seen = new Set<string>();
  for (const message of recordedMessages()) {
    const event = eventOf(message);
    if (event === null) continue;
    seen.add(message.T);
    const [written] = JSON.parse(jsonOf(event)) as Message[];
    assert.deepEqual(written, message);
    if (!IN_ANY_ORDER.has(message.T)) assert.equal(jsonOf(event), JSON.stringify([message]));
  }
  assert.deepEqual([...seen].sort(), ['b', 'c', 'i', 'l', 'q', 's', 't', 'x']);
});

test('MessagePack has the fields of JSON in the same order, T first, with times as timestamps', {
  skip: noFrames,
}, () => {
  for (const message of recordedMessages()) {
    const event = eventOf(message);
    if (event === null) continue;
    const [written] = unpack(packed(event)) as [Message];
    assert.deepEqual(Object.keys(written), Object.keys(JSON.parse(jsonOf(event))[0]));
    const { t, ...rest } = written;
    assert.ok(t instanceof Date, 'a timestamp');
    const { t: expected, ...others } = message;
    assert.deepEqual(rest, others);
    assert.equal(t.getTime(), Date.parse(String(expected)));
  }
});

test('crypto has its own fields: taker side, sizes as floats, no exchange and no tape', () => {
  const tsNs = rfc3339ToNs('2024-03-12T10:27:48.858228144Z') ?? 0n;
  const deal = trade({ instrument: BTC, tsNs, id: 7, px: px('47.299', BTC), sz: sz('2', BTC), takerSide: 'S' });
  const t = '"t":"2024-03-12T10:27:48.858228144Z"';
  assert.equal(jsonOf(deal), `[{"T":"t","S":"BTC/USD","p":47.299,"s":2,${t},"i":7,"tks":"S"}]`);
  assert.equal(jsonOf({ ...deal, takerSide: null }), `[{"T":"t","S":"BTC/USD","p":47.299,"s":2,${t},"i":7}]`);
  const quote: MarketEvent = {
    ...{ kind: 'quote', instrument: BTC, tsNs, updates: 'both', bidExchange: 'X', askExchange: 'X' },
    ...{ bidPx: px('0.35718', BTC), bidSz: sz('13445.46', BTC), askPx: 0, askSz: 0, conditions: [], tape: '' },
  };
  assert.equal(jsonOf(quote), `[{"T":"q","S":"BTC/USD","bp":0.35718,"bs":13445.46,"ap":0,"as":0,${t}}]`);
  const sizeBytes = Buffer.from(packed(deal)).subarray(Buffer.from(packed(deal)).indexOf('\xa1s', 0, 'latin1') + 2);
  assert.equal(sizeBytes[0], 0xcb, 'a double');
});

test('a whole book says so, a change of it does not', () => {
  const bids = [level('100.5', '2'), level('100', '0.25')];
  const asks = [level('101', '0')];
  const tsNs = rfc3339ToNs('2024-03-12T10:38:50Z') ?? 0n;
  const levels = '"b":[{"p":100.5,"s":2},{"p":100,"s":0.25}],"a":[{"p":101,"s":0}]';
  const head = '[{"T":"o","S":"BTC/USD","t":"2024-03-12T10:38:50Z"';
  assert.equal(jsonOf(book({ tsNs, bids, asks })), `${head},${levels}}]`);
  assert.equal(jsonOf(book({ tsNs, bids, asks, reset: true })), `${head},${levels},"r":true}]`);
  const [whole] = unpack(packed(book({ tsNs, bids, asks, reset: true }))) as [Message];
  assert.deepEqual([whole.r, whole.b], [true, JSON.parse(`[{"p":100.5,"s":2},{"p":100,"s":0.25}]`)]);
});

/** Nanoseconds of the first timestamp in a frame, by the MessagePack specification. */
function timestampNs(bytes: Uint8Array): bigint {
  const frame = Buffer.from(bytes);
  const long = frame.indexOf('\xa1t\xd7\xff', 0, 'latin1');
  if (long >= 0) {
    const both = frame.readBigUInt64BE(long + 4);
    return (both & 0x3ffffffffn) * 1_000_000_000n + (both >> 34n);
  }
  const short = frame.indexOf('\xa1t\xd6\xff', 0, 'latin1');
  assert.ok(short >= 0, 'a timestamp of 32 or 64 bits');
  return BigInt(frame.readUInt32BE(short + 4)) * 1_000_000_000n;
}

test('MessagePack keeps every nanosecond, and prices to the double nearest to the decimal', () => {
  const time = fc.bigInt({ min: 0n, max: 17_000_000_000n * 1_000_000_000n });
  fc.assert(
    fc.property(
      fc.oneof(
        time,
        time.map((ns) => ns - (ns % 1_000_000_000n)),
      ),
      fc.maxSafeNat(),
      (tsNs, units) => {
        const bytes = packed(trade({ tsNs, px: units }));
        assert.equal(timestampNs(bytes), tsNs);
        const [message] = unpack(bytes) as [Message];
        const [json] = JSON.parse(jsonOf(trade({ tsNs: 0n, px: units }))) as [Message];
        assert.equal(message.p, json.p);
      },
    ),
  );
});

function writeValue(out: PackWriter, value: unknown): void {
  if (typeof value === 'string') out.text(value);
  else if (typeof value === 'number') Number.isSafeInteger(value) ? out.integer(value) : out.float(value);
  else if (typeof value === 'boolean') out.boolean(value);
  else if (Array.isArray(value)) {
    out.array(value.length);
    for (const one of value) writeValue(out, one);
  } else {
    const entries = Object.entries(value as object);
    out.map(entries.length);
    for (const [key, one] of entries) {
      out.text(key);
      writeValue(out, one);
    }
  }
}

test('what is written in MessagePack is read back alike, by this reader and by another', () => {
  const leaf = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.maxSafeInteger(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.boolean(),
  );
  const key = fc.string().filter((text) => text !== '__proto__');
  const list = fc.array(leaf, { maxLength: 40 });
  const value = fc.dictionary(key, fc.oneof(leaf, list), { noNullPrototype: true, maxKeys: 20 });
  fc.assert(
    fc.property(value, (written) => {
      const out = new PackWriter();
      writeValue(out, written);
      const bytes = out.take();
      assert.deepEqual(readPack(bytes), JSON.parse(JSON.stringify(written, (_, one) => (one === 0 ? 0 : one))));
      assert.deepEqual(unpack(bytes), readPack(bytes));
    }),
  );
});

test('bytes that are no message are read as nothing, without error', () => {
  assert.equal(readPack(new Uint8Array()), undefined);
  assert.equal(readPack(Buffer.from([0xdd, 0xff, 0xff, 0xff, 0xff])), undefined);
  assert.equal(readPack(Buffer.from([0x81, 0xa1, 0x61])), undefined);
  assert.equal(readPack(Buffer.alloc(10_000, 0x91)), undefined);
  assert.equal(readPack(Buffer.from([0xa1, 0xff])), undefined);
  fc.assert(fc.property(fc.uint8Array(), (bytes) => void readPack(bytes)));
});
