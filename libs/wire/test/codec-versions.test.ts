import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { pack, unpack } from 'msgpackr';
import { decodeFrame, type Envelope, encodeEnvelope, WIRE_VERSION } from '../src/envelope.ts';
import { KINDS, MESSAGES } from '../src/messages.ts';
import { payloadsOf } from './codec-arbitraries.ts';
import { decodeChecked } from './codec-invariants.ts';
import './seed.ts';

const HEADER = { source: 'risk', epoch: 3, seq: 9, tsNs: 1_790_000_000_000_000_000n, traceparent: null };
const known = encodeEnvelope('position', HEADER, { position: 5 });

/** The known envelope with some of its values replaced. */
function altered(changes: Record<number, unknown>, encoded: Buffer = known): Buffer {
  return pack(Object.assign(unpack(encoded) as unknown[], changes));
}

function decodeOne(frame: Buffer): Envelope {
  const envelopes: Envelope[] = [];
  decodeFrame(frame, (envelope) => envelopes.push(envelope), assert.fail);
  assert.equal(envelopes.length, 1);
  return envelopes[0] as Envelope;
}

test('another version is counted once and drops the rest of its frame', () => {
  const newer = altered({ 0: WIRE_VERSION + 1 });
  assert.deepEqual(decodeChecked(newer), ['!version']);
  assert.deepEqual(decodeChecked(altered({ 0: 0 })), ['!version']);
  assert.deepEqual(decodeChecked(altered({ 0: 'one' })), ['!version']);
  assert.deepEqual(decodeChecked(Buffer.concat([known, newer, known])), ['position', '!version']);
});

test('a newer version may mean anything by its other values', () => {
  assert.deepEqual(decodeChecked(altered({ 0: 2, 1: 7, 2: null, 3: 'x', 7: [] })), ['!version']);
});

test('the version is a number, however the sender spells it', () => {
  assert.deepEqual(decodeChecked(altered({ 0: BigInt(WIRE_VERSION) })), ['position']);
});

test('an unknown kind is counted and dropped alone', () => {
  const unknown = altered({ 1: 'OrderTeleported' });
  assert.deepEqual(decodeChecked(Buffer.concat([known, unknown, known])), ['position', '!kind', 'position']);
  for (const kind of ['__proto__', 'constructor', 'toString', 'hasOwnProperty', '', 'Trade']) {
    assert.deepEqual(decodeChecked(altered({ 1: kind })), ['!kind'], kind);
  }
});

test('a wrong payload is dropped alone, a broken header takes the rest of the frame', () => {
  const wrong = altered({ 7: ['5'] });
  assert.deepEqual(decodeChecked(Buffer.concat([known, wrong, known])), ['position', '!payload', 'position']);
  for (const [position, value] of [
    [1, 5],
    [2, 5],
    [2, 'x'.repeat(1025)],
    [3, -1],
    [3, null],
    [4, -1],
    [4, 2n ** 60n],
    [5, 'now'],
    [5, 2n ** 63n],
    [6, 0],
  ] as const) {
    const broken = altered({ [position]: value });
    assert.deepEqual(decodeChecked(Buffer.concat([known, broken, known])), ['position', '!header'], `${position}`);
  }
});

test('whole numbers beyond 2^53 − 1 are no int, and ones beyond int64 no ns', () => {
  const outcomeOf = (position: bigint) => decodeChecked(altered({ 7: [position] }));
  assert.deepEqual(outcomeOf(2n ** 53n - 1n), ['position']);
  assert.deepEqual(outcomeOf(1n - 2n ** 53n), ['position']);
  for (const beyond of [2n ** 53n, -(2n ** 53n), 2n ** 63n, 2n ** 64n - 1n])
    assert.deepEqual(outcomeOf(beyond), ['!payload']);
});

test('what a newer sender appends to an envelope or a payload is ignored', () => {
  const envelope = altered({ 7: [5, 'appended', [1, ['x']], null] });
  assert.deepEqual(decodeOne(envelope), decodeOne(known));
  assert.deepEqual(decodeOne(altered({ 8: 'appended', 9: 1 })), decodeOne(known));
});

for (const kind of KINDS) {
  test(`${kind} of a newer sender with appended fields reads as ${kind}`, () => {
    fc.assert(
      fc.property(payloadsOf(kind), (payload) => {
        const encoded = encodeEnvelope(kind, HEADER, payload as never);
        const values = (unpack(encoded) as unknown[])[7] as unknown[];
        assert.deepEqual(decodeOne(altered({ 7: [...values, 'new', 1, null] }, encoded)), decodeOne(encoded));
      }),
      { numRuns: 20 },
    );
  });
}

/** Kinds whose last fields are optional: those an older sender, who does not know them yet, leaves out. */
const grown = KINDS.map((kind) => {
  const types = Object.values(MESSAGES[kind].fields).toReversed();
  const required = types.findIndex((type) => type.shape.type !== 'optional');
  return { kind, optionals: required === -1 ? types.length : required };
}).filter(({ optionals }) => optionals > 0);

test('there are kinds that end in optional fields', () => {
  assert.ok(grown.length > 0);
});

for (const { kind, optionals } of grown) {
  test(`${kind} of an older sender reads null for the ${optionals} optional fields it lacks`, () => {
    fc.assert(
      fc.property(payloadsOf(kind), (payload) => {
        const encoded = encodeEnvelope(kind, HEADER, payload as never);
        const values = (unpack(encoded) as unknown[])[7] as unknown[];
        const older = decodeOne(altered({ 7: values.slice(0, -optionals) }, encoded));
        const missing = Object.keys(MESSAGES[kind].fields).slice(-optionals);
        const expected = { ...payload, ...Object.fromEntries(missing.map((key) => [key, null])) };
        assert.deepEqual(older.payload, expected);
        assert.deepEqual(decodeChecked(altered({ 7: values.slice(0, -optionals - 1) }, encoded)), ['!payload']);
      }),
      { numRuns: 20 },
    );
  });
}
