import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isDecimalText } from '@tickpath/trading';
import { encodeEnvelope } from '@tickpath/wire';
import fc from 'fast-check';
import { readAlpacaMessage, readAsset, readTradesPage } from '../../src/core/feeds/alpaca-messages.ts';
import type { Rejected, RejectReason } from '../../src/core/feeds/protocol.ts';
import '../seed.ts';
import { absent, readRecording } from './captures.ts';

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
  assert.deepEqual(readAlpacaMessage(TRADE), {
    kind: 'trade',
    symbol: 'AAPL',
    price: '162.92',
    size: '3',
    tradeId: '628',
    takerSide: null,
    exchange: 'K',
    conditions: ['@', 'F', 'T', 'I'],
    tape: 'C',
    venueTsNs: 1_680_782_066_838_232_225n,
  });
});

test('a quote is read field by field', () => {
  assert.deepEqual(readAlpacaMessage(QUOTE), {
    kind: 'quote',
    symbol: 'AMD',
    bidPx: '91.95',
    bidSize: '2',
    askPx: '91.98',
    askSize: '1',
    bidExchange: 'K',
    askExchange: 'Q',
    conditions: ['R'],
    venueTsNs: 1_680_782_061_670_905_508n,
    venueTsSource: 'venue',
    venueSeq: null,
  });
});

test('the sizes of quotes are shares, also where the venue counts round lots', () => {
  const event = readAlpacaMessage(QUOTE, 100);
  assert.ok(event?.kind === 'quote');
  assert.deepEqual([event.bidSize, event.askSize], ['200', '100']);
});

test('a zero price is no quote on that side, and a pair has its name in topics', () => {
  const event = readAlpacaMessage({ ...QUOTE, S: 'BTC/USD', bp: 0, bs: 7, as: 0.0000001 });
  assert.ok(event?.kind === 'quote');
  assert.equal(event.symbol, 'BTC-USD');
  const { bidPx, bidSize, askPx, askSize } = event;
  assert.deepEqual([bidPx, bidSize, askPx, askSize], [null, '0', '91.98', '0.0000001']);
});

test('what is absent or not text in the descriptive fields is empty', () => {
  const { S, p, s, t } = TRADE;
  const event = readAlpacaMessage({ T: 't', S, p, s, t, c: ['@', 7, null], x: 3 });
  assert.ok(event?.kind === 'trade');
  const { tradeId, exchange, conditions, tape } = event;
  assert.deepEqual([tradeId, exchange, conditions, tape], ['', '', ['@'], '']);
});

test('a message that cannot be published is rejected with the reason and what was found', () => {
  const bad: [message: unknown, reason: RejectReason, text: string][] = [
    [null, 'shape', 'shape: null'],
    ['t', 'shape', 'shape: "t"'],
    [7, 'shape', 'shape: 7'],
    [[TRADE], 'shape', 'shape: a list'],
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
    [{ T: 'l', S: 'A', t: TRADE.t, u: 0, d: 1 }, 'price', 'price: 0'],
    [{ T: 'b', S: 'A', t: TRADE.t, o: 1, h: 1, l: 'x', c: 1, v: 1 }, 'price', 'price: "x"'],
    [{ T: 'o', S: 'A', t: TRADE.t, b: [{ p: 1, s: -1 }], a: [] }, 'size', 'size: -1'],
    [{ T: 'o', S: 'A', t: TRADE.t, b: {}, a: [] }, 'shape', 'shape: an object'],
  ];
  for (const [message, reason, text] of bad) {
    assert.deepEqual(readAlpacaMessage(message), { kind: 'rejected', reason, text });
  }
});

test('a value nested deeper than a stack can follow is rejected like any other', () => {
  const nested: unknown = JSON.parse('['.repeat(50_000) + ']'.repeat(50_000));
  for (const field of ['S', 'p', 's', 't']) {
    const result = readAlpacaMessage({ ...TRADE, [field]: nested });
    assert.equal((result as Rejected).kind, 'rejected', field);
  }
  for (const field of ['i', 'x', 'c', 'z']) {
    assert.equal(readAlpacaMessage({ ...TRADE, [field]: nested })?.kind, 'trade', field);
  }
});

test('a long fault is shown by its beginning', () => {
  const result = readAlpacaMessage({ ...TRADE, S: 'x'.repeat(5000) });
  assert.equal((result as Rejected).text.length, 'symbol: '.length + 80);
});

test('halts and resumptions of both tapes are told from the other status codes', () => {
  const status = { T: 's', S: 'AAPL', sm: 'Trading Halt', rc: 'T12', rm: 'news', t: TRADE.t, z: 'C' };
  const effects = ['2', 'H', 'P', '3', 'T', 'Q', '5', 'F', 'constructor'].map((sc) => {
    const event = readAlpacaMessage({ ...status, sc });
    return event?.kind === 'status' ? event.effect : event;
  });
  assert.deepEqual(effects, ['halt', 'halt', 'halt', 'resume', 'resume', 'none', 'none', 'none', 'none']);
});

test('crypto trades name the taker, crypto books are whole or a change', () => {
  const trade = readAlpacaMessage({ T: 't', S: 'BTC/USD', p: 1.5, s: 0.01, t: TRADE.t, i: 7, tks: 'S' });
  assert.ok(trade?.kind === 'trade');
  assert.deepEqual([trade.symbol, trade.takerSide, trade.size], ['BTC-USD', 'SELL', '0.01']);
  const levels = { b: [{ p: 2.5, s: 1 }], a: [{ p: 3, s: 0 }] };
  const change = readAlpacaMessage({ T: 'o', S: 'BTC/USD', t: TRADE.t, ...levels });
  assert.ok(change?.kind === 'book');
  assert.deepEqual([change.snapshot, change.bids, change.asks], [false, [['2.5', '1']], [['3', '0']]]);
  const whole = readAlpacaMessage({ T: 'o', S: 'BTC/USD', t: TRADE.t, ...levels, r: true });
  assert.ok(whole?.kind === 'book' && whole.snapshot);
});

test('assets become instruments: shares step by a cent, whole or in fractions; crypto says its own steps', () => {
  const share = { symbol: 'AAPL', tradable: true, shortable: true, fractionable: true };
  const equity = readAsset(share, 'us_equity');
  assert.ok(equity.kind === 'instrument');
  assert.deepEqual([equity.priceIncrement, equity.qtyIncrement, equity.session], ['0.01', '0.000000001', 'us-equity']);
  const whole = readAsset({ ...share, fractionable: false }, 'us_equity');
  assert.ok(whole.kind === 'instrument' && whole.qtyIncrement === '1');
  const pair = { symbol: 'BTC/USD', tradable: true, price_increment: '0.5', min_trade_increment: '0.0001' };
  const crypto = readAsset(pair, 'crypto');
  assert.ok(crypto.kind === 'instrument');
  assert.deepEqual(
    [crypto.symbol, crypto.priceIncrement, crypto.qtyIncrement, crypto.session],
    ['BTC-USD', '0.5', '0.0001', 'continuous'],
  );
  assert.equal(readAsset({ ...pair, price_increment: undefined }, 'crypto').kind, 'rejected');
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
      const event = readAlpacaMessage(message);
      if (event === undefined || event.kind === 'rejected' || event.kind === 'instrument') return;
      const amounts: unknown[] =
        event.kind === 'trade'
          ? [event.price, event.size]
          : event.kind === 'quote'
            ? [event.bidPx ?? '0', event.bidSize, event.askPx ?? '0', event.askSize]
            : [];
      assert.ok(amounts.every(isDecimalText), amounts.join(' '));
      assert.match(event.symbol, /^[A-Z0-9][A-Z0-9.-]*$/);
      assert.equal(typeof event.venueTsNs, 'bigint');
      const stamped = { receivedNs: 5n, decodedNs: 6n, flags: [] };
      const header = { source: 'market-data', epoch: 1, seq: 1, tsNs: 1n, traceparent: null };
      if (event.kind === 'trade') encodeEnvelope('trade', header, { ...event, ...stamped });
      else if (event.kind === 'quote') encodeEnvelope('quote', header, { ...event, ...stamped, venueTsSource: null });
    }),
    { numRuns: 2000 },
  );
});

const FRAMES = 'alpaca/market-stream-frames.jsonl';

test('every recorded data message of Alpaca is read', { skip: absent(FRAMES) }, () => {
  const lines = readRecording(FRAMES).trim().split('\n');
  const messages: { T: string; S: string; p?: number; ap?: number }[] = lines.flatMap((line) => JSON.parse(line).frame);
  const counts: Record<string, number> = {};
  for (const message of messages) {
    const event = readAlpacaMessage(message);
    const kind = event?.kind ?? 'passed over';
    counts[kind] = (counts[kind] ?? 0) + 1;
    if (event?.kind === 'trade') assert.equal(event.price, String(message.p));
    if (event?.kind === 'quote') assert.equal(event.askPx, String(message.ap));
  }
  assert.deepEqual(counts, {
    trade: 4,
    quote: 4,
    'venue-bar': 2,
    correction: 1,
    cancel: 1,
    luld: 1,
    status: 1,
    imbalance: 1,
    'passed over': 5,
  });
});

const PAGE = 'alpaca/rest-trades-AAPL-20211013.json';

test('a recorded page of past trades is read, but for what was taken back', { skip: absent(PAGE) }, () => {
  const body = JSON.parse(readRecording(PAGE));
  const page = readTradesPage(body);
  assert.ok('trades' in page);
  assert.deepEqual(
    page.trades.map(({ symbol, tradeId, price }) => [symbol, tradeId, price]),
    [
      ['AAPL', '1', '140.2'],
      ['AAPL', '2', '140.1'],
      ['AAPL', '3', '140.1'],
      ['AAPL', '4', '140'],
      ['AAPL', '5', '140'],
    ],
  );
  assert.equal(page.nextToken, body.next_page_token);
  body.trades.AAPL[0].u = 'canceled';
  const left = readTradesPage(body);
  assert.ok('trades' in left);
  assert.equal(left.trades.length, 4);
});
