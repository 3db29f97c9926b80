import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import fc from 'fast-check';
import { Unpackr, unpack } from 'msgpackr';
import { decodeFrame, EncodeError, type Envelope, encodeEnvelope, MAX_FRAME_BYTES } from '../src/envelope.ts';
import { KINDS, type Kind, type Payload } from '../src/messages.ts';
import { encodedEnvelopes, headers, payloadsOf } from './codec-arbitraries.ts';
import { decodeChecked } from './codec-invariants.ts';
import { spell, type Value } from './msgpack-spelling.ts';
import './seed.ts';

const HEADER = { source: 'market-data', epoch: 7, seq: 42, tsNs: 1_790_000_000_123_456_789n, traceparent: null };
const TRADE: Payload<'trade'> = {
  price: '187.23',
  size: '100',
  tradeId: '52983525029461',
  exchange: 'V',
  conditions: ['@', 'I'],
  tape: 'C',
  venueTsNs: 1_790_000_000_120_000_000n,
  receivedNs: 1_790_000_000_123_000_000n,
  decodedNs: 1_790_000_000_123_001_000n,
  takerSide: null,
  flags: [],
};

function decodeAll(frame: Uint8Array): Envelope[] {
  const envelopes: Envelope[] = [];
  decodeFrame(frame, (envelope) => envelopes.push(envelope), assert.fail);
  return envelopes;
}

function decodeOne(frame: Uint8Array): Envelope {
  const [envelope, ...others] = decodeAll(frame);
  assert.ok(envelope !== undefined && others.length === 0);
  return envelope;
}

for (const kind of KINDS) {
  test(`${kind} comes back as it was sent`, () => {
    fc.assert(
      fc.property(headers, payloadsOf(kind), (header, payload) => {
        const frame = encodeEnvelope(kind, header, payload as never);
        assert.deepEqual(decodeOne(frame), { ...header, kind, payload });
      }),
    );
  });
}

test('the bytes of a trade are those of docs/messages.md', () => {
  const hex = encodeEnvelope('trade', HEADER, TRADE).toString('hex');
  const expected =
    '98 01 a57472616465 ab6d61726b65742d64617461 07 2a d318d75b842b4ecd15 c0 ' +
    '9b a63138372e3233 a3313030 ae3532393833353235303239343631 a156 92a140a149 a143 ' +
    'd318d75b842b1a0e00 d318d75b842b47d4c0 d318d75b842b47d8a8 c0 90';
  assert.equal(hex, expected.replaceAll(' ', ''));
});

test('a frame holds any number of envelopes, in their order', () => {
  const frames = fc.array(encodedEnvelopes, { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(frames, (encoded) => {
      assert.deepEqual(decodeAll(Buffer.concat(encoded)), encoded.map(decodeOne));
    }),
  );
});

test('every spelling that msgpack allows for a message reads the same', () => {
  fc.assert(
    fc.property(encodedEnvelopes, fc.infiniteStream(fc.nat(255)), (encoded, choices) => {
      const choose = (below: number) => (choices.next().value as number) % below;
      assert.deepEqual(decodeOne(spell(unpack(encoded) as Value, choose)), decodeOne(encoded));
    }),
    { numRuns: 1000 },
  );
});

test('a text is kept to the byte whatever script it is in, also when it is longer than 64 bytes', () => {
  for (const symbol of ['Ω', '日本', '👍', 'é'.repeat(500), '\u0000', '👍'.repeat(512), 'x'.repeat(1024)]) {
    const frame = encodeEnvelope('OrderRefused', HEADER, { clOrdId: symbol, symbol, reason: symbol });
    assert.deepEqual(decodeOne(frame).payload, { clOrdId: symbol, symbol, reason: symbol });
  }
});

test('what is not of its type is refused when it is encoded, by the name of its field', () => {
  const refuses = (kind: Kind, header: object, payload: object, message: string) =>
    assert.throws(
      () => encodeEnvelope(kind, { ...HEADER, ...header }, payload as never),
      (error: Error) => error instanceof EncodeError && error.code === 'MESSAGE_INVALID' && error.message === message,
    );
  refuses('trade', {}, { ...TRADE, price: '1e5' }, 'cannot encode trade: price: "1e5" is not decimal');
  refuses('trade', {}, { ...TRADE, price: 187.23 }, 'cannot encode trade: price: 187.23 is not decimal');
  refuses('trade', {}, { ...TRADE, venueTsNs: 2n ** 63n }, `cannot encode trade: venueTsNs: ${2n ** 63n} is not ns`);
  refuses('trade', {}, { ...TRADE, conditions: ['@', null] }, 'cannot encode trade: conditions[1]: null is not text');
  refuses('trade', {}, { ...TRADE, tradeId: undefined }, 'cannot encode trade: tradeId: undefined is not text');
  refuses('position', {}, { position: 2 ** 53 }, 'cannot encode position: position: 9007199254740992 is not int');
  refuses('position', {}, { position: 0.5 }, 'cannot encode position: position: 0.5 is not int');
  refuses('position', { seq: -1 }, { position: 1 }, 'cannot encode position: epoch 7, seq -1 < 0');
  refuses('position', { source: '\ud800' }, { position: 1 }, 'cannot encode position: source: "\\ud800" is not text');
  const order = { symbol: 'AAPL', reason: '' };
  refuses(
    'OrderUnknown',
    {},
    { ...order, clOrdId: 'x\udc00' },
    'cannot encode OrderUnknown: clOrdId: "x\\udc00" is not text',
  );
  refuses(
    'OrderUnknown',
    {},
    { ...order, clOrdId: '\ufeffx' },
    'cannot encode OrderUnknown: clOrdId: "\ufeffx" is not text',
  );
  const long = `cannot encode OrderUnknown: clOrdId: "${'x'.repeat(80)}" is not text`;
  refuses('OrderUnknown', {}, { ...order, clOrdId: 'x'.repeat(1025) }, long);
});

test('words for people are mended instead: cut to 1,024 characters, half surrogate pairs replaced', () => {
  const reasonOf = (reason: string) =>
    (
      decodeOne(encodeEnvelope('OrderRefused', HEADER, { clOrdId: 'c', symbol: 'S', reason })).payload as {
        reason: string;
      }
    ).reason;
  assert.equal(reasonOf('x'.repeat(5000)), 'x'.repeat(1024));
  assert.equal(reasonOf(`${'x'.repeat(1023)}👍`), `${'x'.repeat(1023)}\ufffd`);
  assert.equal(reasonOf('a\ud800b'), 'a\ufffdb');
  assert.equal(reasonOf(`\ufeff${'y'.repeat(100)}`), 'y'.repeat(100));
});

test('a message of more than a mebibyte is neither encoded nor decoded', () => {
  const topics = (n: number) =>
    Array.from({ length: n }, (_, i) => ({ topic: `T${i}/${'x'.repeat(1000)}`, lastSeq: i }));
  const heartbeat = (n: number) =>
    encodeEnvelope('heartbeat', HEADER, { run: 'r', pace: 'live', position: 0, topics: topics(n) });
  assert.throws(
    () => heartbeat(1100),
    (error: Error) =>
      error instanceof EncodeError && error.code === 'MESSAGE_TOO_LARGE' && /> 1048576$/.test(error.message),
  );
  assert.equal(decodeOne(heartbeat(1000)).kind, 'heartbeat');

  const trade = encodeEnvelope('trade', HEADER, TRADE);
  const fitting = Buffer.concat(new Array(Math.floor(MAX_FRAME_BYTES / trade.length)).fill(trade));
  assert.equal(decodeAll(fitting).length, Math.floor(MAX_FRAME_BYTES / trade.length));
  assert.deepEqual(decodeChecked(Buffer.concat([fitting, trade])), ['!oversized']);
});

test('an exception of msgpackr is one counted fault, and one of the receiver is the receiver’s', () => {
  const frame = encodeEnvelope('trade', HEADER, TRADE);
  const broken = mock.method(Unpackr.prototype, 'unpack', () => {
    throw new RangeError('of msgpackr');
  });
  const faults: string[] = [];
  try {
    decodeFrame(
      Buffer.concat([frame, frame]),
      () => assert.fail(),
      (reason) => faults.push(reason),
    );
  } finally {
    broken.mock.restore();
  }
  assert.deepEqual(faults, ['codec']);
  const receive = () => {
    throw new TypeError('of the receiver');
  };
  assert.throws(() => decodeFrame(frame, receive, assert.fail), new TypeError('of the receiver'));
  assert.equal(decodeOne(frame).kind, 'trade');
});

test('encoded bytes are not written to again', () => {
  const first = encodeEnvelope('trade', HEADER, TRADE);
  const copy = Buffer.from(first);
  for (let seq = 0; seq < 10_000; seq += 1) encodeEnvelope('trade', { ...HEADER, seq }, TRADE);
  assert.deepEqual(first, copy);
});
