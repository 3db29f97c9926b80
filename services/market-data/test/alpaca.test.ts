import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { isDecimalText } from '@tickpath/trading';
import { encodeEnvelope } from '@tickpath/wire';
import fc from 'fast-check';
import { type MarketEvent, type Rejected, readAlpacaMessage } from '../src/core/index.ts';
import './seed.ts';

const STAMPS = { receivedNs: 5n, decodedNs: 6n };
const TRADE = {
  T: 't',
  S: 'AAPL',
  i: 628,
  x: 'K',
  p: 162.92,
  s: 3,
  c: ['@', 'F', 'T', 'I'],
  z: 'C',
  t: '2023-04-06T11:54:26.838232225Z',
};
const QUOTE = {
  T: 'q',
  S: 'AMD',
  bx: 'K',
  bp: 91.95,
  bs: 2,
  ax: 'Q',
  ap: 91.98,
  as: 1,
  c: ['R'],
  z: 'C',
  t: '2023-04-06T11:54:21.670905508Z',
};

test('a trade is read field by field, and its prices as they were written', () => {
  assert.deepEqual(readAlpacaMessage(TRADE, STAMPS), {
    kind: 'trade',
    symbol: 'AAPL',
    payload: {
      price: '162.92',
      size: '3',
      tradeId: '628',
      exchange: 'K',
      conditions: ['@', 'F', 'T', 'I'],
      tape: 'C',
      venueTsNs: 1_680_782_066_838_232_225n,
      receivedNs: 5n,
      decodedNs: 6n,
    },
  });
});

test('a quote is read field by field', () => {
  assert.deepEqual(readAlpacaMessage(QUOTE, STAMPS), {
    kind: 'quote',
    symbol: 'AMD',
    payload: {
      bidPx: '91.95',
      bidSize: '2',
      askPx: '91.98',
      askSize: '1',
      bidExchange: 'K',
      askExchange: 'Q',
      conditions: ['R'],
      venueTsNs: 1_680_782_061_670_905_508n,
      receivedNs: 5n,
      decodedNs: 6n,
    },
  });
});

test('a zero price is no quote on that side, and a pair has its name in topics', () => {
  const event = readAlpacaMessage({ ...QUOTE, S: 'BTC/USD', bp: 0, bs: 7, as: 0.0000001 }, STAMPS) as MarketEvent;
  assert.equal(event.symbol, 'BTC-USD');
  assert.ok(event.kind === 'quote');
  const { bidPx, bidSize, askPx, askSize } = event.payload;
  assert.deepEqual([bidPx, bidSize, askPx, askSize], [null, '0', '91.98', '0.0000001']);
});

test('what is absent or not text in the descriptive fields is empty', () => {
  const { S, p, s, t } = TRADE;
  const event = readAlpacaMessage({ T: 't', S, p, s, t, c: ['@', 7, null], x: 3 }, STAMPS) as MarketEvent;
  assert.ok(event.kind === 'trade');
  const { tradeId, exchange, conditions, tape } = event.payload;
  assert.deepEqual([tradeId, exchange, conditions, tape], ['', '', ['@'], '']);
});

test('a message that cannot be published is rejected with the reason and what was found', () => {
  const bad: [message: unknown, reason: Rejected['reason'], text: string][] = [
    [null, 'shape', 'shape: null'],
    ['t', 'shape', 'shape: "t"'],
    [7, 'shape', 'shape: 7'],
    [{ ...TRADE, S: 'aapl' }, 'symbol', 'symbol: "aapl"'],
    [{ ...TRADE, S: '$hb' }, 'symbol', 'symbol: "$hb"'],
    [{ ...TRADE, S: undefined }, 'symbol', 'symbol: undefined'],
    [{ ...TRADE, p: 0 }, 'price', 'price: 0'],
    [{ ...TRADE, p: -1 }, 'price', 'price: -1'],
    [{ ...TRADE, p: '162.92' }, 'price', 'price: "162.92"'],
    [{ ...TRADE, p: Number.NaN }, 'price', 'price: null'],
    [{ ...TRADE, s: 0 }, 'size', 'size: 0'],
    [{ ...TRADE, s: 1e300 }, 'size', 'size: 1e+300'],
    [{ ...TRADE, s: 1e-300 }, 'size', 'size: 1e-300'],
    [{ ...TRADE, t: '2023-02-30T00:00:00Z' }, 'time', 'time: "2023-02-30T00:00:00Z"'],
    [{ ...TRADE, t: 1_680_782_066 }, 'time', 'time: 1680782066'],
    [{ ...QUOTE, S: '' }, 'symbol', 'symbol: ""'],
    [{ ...QUOTE, bp: -1 }, 'price', 'price: -1'],
    [{ ...QUOTE, ap: null }, 'price', 'price: null'],
    [{ ...QUOTE, bs: -1 }, 'size', 'size: -1'],
    [{ ...QUOTE, as: '1' }, 'size', 'size: "1"'],
    [{ ...QUOTE, t: '' }, 'time', 'time: ""'],
    [{ ...QUOTE, t: '2263-01-01T00:00:00Z' }, 'time', 'time: "2263-01-01T00:00:00Z"'],
    [{ ...QUOTE, t: '0001-01-01T00:00:00Z' }, 'time', 'time: "0001-01-01T00:00:00Z"'],
    [{ ...TRADE, i: 'x'.repeat(65) }, 'text', `text: "${'x'.repeat(65)}"`],
    [{ ...TRADE, x: '\ud800' }, 'text', 'text: "\\ud800"'],
    [{ ...TRADE, z: '\ufeffC' }, 'text', 'text: "\ufeffC"'],
    [{ ...TRADE, c: ['x'.repeat(65)] }, 'text', 'text: a list'],
    [{ ...QUOTE, c: Array.from({ length: 33 }, () => 'R') }, 'text', 'text: a list'],
    [{ ...QUOTE, bx: 'x'.repeat(2000) }, 'text', `text: "${'x'.repeat(79)}`],
    [{ ...QUOTE, ax: '\udc00' }, 'text', 'text: "\\udc00"'],
  ];
  for (const [message, reason, text] of bad) {
    assert.deepEqual(readAlpacaMessage(message, STAMPS), { kind: 'rejected', reason, text });
  }
});

test('a value nested deeper than a stack can follow is rejected like any other', () => {
  const nested: unknown = JSON.parse('['.repeat(50_000) + ']'.repeat(50_000));
  for (const field of ['S', 'p', 's', 't']) {
    const result = readAlpacaMessage({ ...TRADE, [field]: nested }, STAMPS);
    assert.equal((result as Rejected).kind, 'rejected', field);
  }
  for (const field of ['i', 'x', 'c', 'z']) {
    assert.equal(readAlpacaMessage({ ...TRADE, [field]: nested }, STAMPS)?.kind, 'trade', field);
  }
});

test('a long fault is shown by its beginning', () => {
  const result = readAlpacaMessage({ ...TRADE, S: 'x'.repeat(5000) }, STAMPS);
  assert.equal((result as Rejected).text.length, 'symbol: '.length + 80);
});

test('whatever a frame holds is read, rejected or passed over, and what is read is fit for the wire', () => {
  const text = fc.string({ unit: 'binary', maxLength: 80 });
  const field = (valid: unknown) =>
    fc.oneof({ weight: 6, arbitrary: fc.constant(valid) }, fc.double(), fc.jsonValue(), text, fc.array(text));
  const like = (message: object) => {
    const fields = Object.entries(message).map(([key, value]) => [key, field(value)] as const);
    return fc.record(Object.fromEntries(fields), { requiredKeys: [] });
  };
  fc.assert(
    fc.property(fc.oneof(like(TRADE), like(QUOTE), fc.jsonValue()), (message) => {
      const event = readAlpacaMessage(message, STAMPS);
      if (event === undefined || event.kind === 'rejected') return;
      const { payload } = event;
      const amounts =
        event.kind === 'trade'
          ? [event.payload.price, event.payload.size]
          : [event.payload.bidPx ?? '0', event.payload.bidSize, event.payload.askPx ?? '0', event.payload.askSize];
      assert.ok(amounts.every(isDecimalText), amounts.join(' '));
      assert.match(event.symbol, /^[A-Z0-9][A-Z0-9.-]*$/);
      assert.equal(typeof payload.venueTsNs, 'bigint');
      const header = { source: 'market-data', epoch: 1, seq: 1, tsNs: 1n, traceparent: null };
      if (event.kind === 'trade') encodeEnvelope('trade', header, event.payload);
      else encodeEnvelope('quote', header, event.payload);
    }),
    { numRuns: 2000 },
  );
});

const FRAMES = new URL('../../../../shared/data/alpaca/market-stream-frames.jsonl', import.meta.url);
const skip = existsSync(FRAMES) ? false : 'no recording ../shared/data/alpaca';

test('every recorded frame of Alpaca is read: trades and quotes as events, all else passed over', { skip }, () => {
  const lines = readFileSync(FRAMES, 'utf8').trim().split('\n');
  const messages: { T: string; S: string; p?: number; ap?: number }[] = lines.flatMap((line) => JSON.parse(line).frame);
  const counts: Record<string, number> = {};
  for (const message of messages) {
    const event = readAlpacaMessage(message, STAMPS);
    const kind = event?.kind ?? 'passed over';
    counts[kind] = (counts[kind] ?? 0) + 1;
    assert.equal(kind, { t: 'trade', q: 'quote' }[message.T] ?? 'passed over', JSON.stringify(message));
    if (event?.kind === 'trade') assert.equal(event.payload.price, String(message.p));
    if (event?.kind === 'quote') assert.equal(event.payload.askPx, String(message.ap));
  }
  assert.deepEqual(counts, { trade: 4, quote: 4, 'passed over': 12 });
});
