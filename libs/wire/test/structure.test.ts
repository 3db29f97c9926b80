import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ENVELOPE_LENGTH, findEnvelopes } from '../src/structure.ts';
import { hostileFrames, mutatedFrames, randomBytes } from './codec-hostile.ts';
import { spell, type Value } from './msgpack-spelling.ts';
import './seed.ts';

/** The msgpack specification read literally, by recursion: the end of the value at `at`, or undefined if there is none. */
function naiveEnd(frame: Buffer, at: number, arraysAround: number): number | undefined {
  const tag = frame[at];
  if (tag === undefined) return undefined;
  const next = at + 1;
  if (tag < 0x80 || tag >= 0xe0 || tag === 0xc0 || tag === 0xc2 || tag === 0xc3) return next;
  if (tag >= 0x90 && tag < 0xa0) return naiveArrayEnd(frame, next, tag - 0x90, arraysAround);
  if (tag >= 0xa0 && tag < 0xc0) return naiveTextEnd(frame, next, tag - 0xa0);
  const width = { 204: 1, 205: 2, 206: 4, 207: 8, 208: 1, 209: 2, 210: 4, 211: 8 }[tag];
  if (width !== undefined) return next + width <= frame.length ? next + width : undefined;
  const lengthWidth = { 217: 1, 218: 2, 219: 4, 220: 2, 221: 4 }[tag];
  if (lengthWidth === undefined || next + lengthWidth > frame.length) return undefined;
  const length = frame.readUIntBE(next, lengthWidth);
  return tag >= 0xdc
    ? naiveArrayEnd(frame, next + lengthWidth, length, arraysAround)
    : naiveTextEnd(frame, next + lengthWidth, length);
}

function naiveArrayEnd(frame: Buffer, start: number, length: number, arraysAround: number): number | undefined {
  if (arraysAround === 0 && length < ENVELOPE_LENGTH) return undefined;
  if (arraysAround === 6 && length > 0) return undefined;
  let at: number | undefined = start;
  for (let i = 0; i < length && at !== undefined; i += 1) at = naiveEnd(frame, at, arraysAround + 1);
  return at;
}

function naiveTextEnd(frame: Buffer, start: number, length: number): number | undefined {
  if (start + length > frame.length) return undefined;
  const bytes = frame.subarray(start, start + length);
  return Buffer.from(bytes.toString('utf8')).equals(bytes) ? start + length : undefined;
}

function naiveEnvelopes(frame: Buffer): number[] | undefined {
  const ends: number[] = [];
  let at = 0;
  while (at < frame.length) {
    const tag = frame[at] as number;
    const isArray = (tag >= 0x90 && tag < 0xa0) || tag === 0xdc || tag === 0xdd;
    const end = isArray ? naiveEnd(frame, at, 0) : undefined;
    if (end === undefined) return undefined;
    ends.push(end);
    at = end;
  }
  return ends.length === 0 ? undefined : ends;
}

function agreesWithNaive(frame: Buffer): boolean {
  const found = findEnvelopes(frame);
  const expected = naiveEnvelopes(frame);
  if (expected === undefined) assert.equal(typeof found, 'string');
  else assert.deepEqual(found, expected);
  return expected !== undefined;
}

const values: fc.Arbitrary<Value> = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    fc.constant(null),
    fc.boolean(),
    fc.string({ unit: 'grapheme' }),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
    fc.array(tie('value') as fc.Arbitrary<Value>, { maxLength: 20 }),
  ),
})).value;

test('frames of allowed values, in any spelling, are cut where their envelopes end', () => {
  const envelopes = fc.array(fc.array(values, { minLength: 8, maxLength: 20 }), { minLength: 1, maxLength: 5 });
  let wellFormed = 0;
  fc.assert(
    fc.property(envelopes, fc.infiniteStream(fc.nat(255)), (content, choices) => {
      const choose = (below: number) => (choices.next().value as number) % below;
      const frame = Buffer.concat(content.map((envelope) => spell(envelope, choose)));
      if (agreesWithNaive(frame)) wellFormed += 1;
    }),
    { numRuns: 1000 },
  );
  assert.ok(wellFormed > 800, `${wellFormed} of 1000`);
});

test('the guard and a literal reading of the specification agree on any bytes', () => {
  fc.assert(
    fc.property(fc.oneof(randomBytes, mutatedFrames, hostileFrames), (frame) => void agreesWithNaive(frame)),
    { numRuns: 20_000 },
  );
});

const EIGHT = '9800000000000000';

for (const [name, hex, expected] of [
  ['an empty array as the last value', `${EIGHT}90`, [9]],
  ['an array of length 0 in two bytes as the last value', `${EIGHT}dc0000`, [11]],
  ['text of length 0 as the last value', `${EIGHT}db00000000`, [13]],
  ['an unsigned 64-bit integer as the last value', `${EIGHT}cfffffffffffffffff`, [17]],
  ['an unsigned 64-bit integer that ends a byte early', `${EIGHT}cfffffffffffffff`, 'truncated'],
  ['a length that ends a byte early', `${EIGHT}db000000`, 'truncated'],
  ['a text of 4 GiB', `${EIGHT}dbffffffff`, 'truncated'],
  ['an array of 4 Gi values', `${EIGHT}ddffffffff`, 'truncated'],
  ['an array of one value more than there are bytes', `${EIGHT}dd000000030000`, 'truncated'],
  ['an envelope of 4 Gi values', 'ddffffffff', 'truncated'],
  ['six arrays in each other', `${EIGHT}919191919100`, [14]],
  ['six arrays in each other, the last one holding an empty one', `${EIGHT}919191919190`, [14]],
  ['seven arrays in each other', `${EIGHT}91919191919100`, 'depth'],
  ['an envelope of seven values', '9700000000000000', 'envelope'],
  ['an integer after the envelope', `${EIGHT}0000`, 'envelope'],
  ['nil in place of an envelope', 'c0', 'envelope'],
  ['text with an overlong slash', `${EIGHT}a2c0af`, 'utf8'],
  ['text with half a surrogate pair', `${EIGHT}a3eda080`, 'utf8'],
  ['text that ends within a character', `${EIGHT}a2f09f`, 'utf8'],
] as const) {
  test(`${name}: ${typeof expected === 'string' ? `refused as ${expected}` : 'one envelope'}`, () => {
    const frame = Buffer.from(hex, 'hex');
    assert.deepEqual(findEnvelopes(frame), expected);
    agreesWithNaive(frame);
  });
}

test('of all tags only arrays, text, integers, booleans and nil are let in', () => {
  const refused: number[] = [];
  for (let tag = 0; tag < 256; tag += 1) {
    const frame = Buffer.concat([Buffer.from(EIGHT, 'hex'), Buffer.of(tag), Buffer.alloc(64)]);
    // What follows the value is no envelope; a value that is let in is found wanting there, or short of items.
    if (findEnvelopes(frame) === 'type') refused.push(tag);
  }
  const between = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);
  const expected = [
    between(0x80, 0x8f),
    between(0xc1, 0xc1),
    between(0xc4, 0xcb),
    between(0xd4, 0xd8),
    between(0xde, 0xdf),
  ];
  assert.deepEqual(refused, expected.flat());
});
