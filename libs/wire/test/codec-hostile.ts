import { isAscii } from 'node:buffer';
import fc from 'fast-check';
import { Packr, unpack } from 'msgpackr';
import { encodedEnvelopes } from './codec-arbitraries.ts';
import { tagged } from './msgpack-spelling.ts';

/** Packs whatever JavaScript has: maps, floats, undefined, dates and records, none of which Tickpath sends. */
const anything = new Packr({ useRecords: false });
const records = new Packr({ useRecords: true });

/** Short envelopes in ASCII: a changed byte of theirs is seldom just bad UTF-8, so that changes get past that check. */
const plainEnvelopes = fc.constantFrom(
  ...fc
    .sample(encodedEnvelopes, { numRuns: 1000, seed: 1 })
    .filter((encoded) => encoded.length < 400 && isAscii(Buffer.from(stringsIn(unpack(encoded))))),
);

function stringsIn(value: unknown): string {
  return Array.isArray(value) ? value.map(stringsIn).join('') : typeof value === 'string' ? value : '';
}

/** A byte that means something in msgpack, rather than one of the many small integers and short texts. */
const tags = fc.oneof(fc.integer({ min: 0x80, max: 0xe0 }), fc.integer({ min: 0, max: 255 }));

type Edit = (bytes: Buffer) => Buffer;

/** The highest bit is left to `overwrites`: flipping it in a text, where most bytes are, is only ever bad UTF-8. */
const bitFlips: fc.Arbitrary<Edit> = fc.array(fc.nat(), { minLength: 1, maxLength: 8 }).map((flips) => (bytes) => {
  const edited = Buffer.from(bytes);
  for (const flip of flips) {
    const at = (flip >> 3) % edited.length;
    edited[at] = (edited[at] as number) ^ (1 << (flip & 7));
  }
  return edited;
});
const overwrites: fc.Arbitrary<Edit> = fc.tuple(fc.nat(), fc.oneof(tags, fc.nat(127))).map(([at, tag]) => (bytes) => {
  const edited = Buffer.from(bytes);
  edited[at % edited.length] = tag;
  return edited;
});
const truncations: fc.Arbitrary<Edit> = fc.nat().map((at) => (bytes) => bytes.subarray(0, at % bytes.length));
const insertions: fc.Arbitrary<Edit> = fc.tuple(fc.nat(), fc.uint8Array({ minLength: 1, maxLength: 4, max: 0xdd })).map(
  ([at, added]) =>
    (bytes) =>
      replaceAt(bytes, at, 0, added),
);
const deletions: fc.Arbitrary<Edit> = fc.tuple(fc.nat(), fc.integer({ min: 1, max: 4 })).map(
  ([at, count]) =>
    (bytes) =>
      replaceAt(bytes, at, count, new Uint8Array()),
);
const splices: fc.Arbitrary<Edit> = fc.tuple(fc.nat(), fc.nat(), plainEnvelopes).map(
  ([at, from, other]) =>
    (bytes) =>
      replaceAt(bytes, at, 20, other.subarray(from % other.length)),
);

function replaceAt(bytes: Buffer, position: number, count: number, by: Uint8Array): Buffer {
  const at = position % (bytes.length + 1);
  return Buffer.concat([bytes.subarray(0, at), by, bytes.subarray(at + count)]);
}

/** Valid frames with a few things done to them. */
export const mutatedFrames: fc.Arbitrary<Buffer> = fc
  .tuple(
    fc.array(fc.oneof(encodedEnvelopes, { weight: 5, arbitrary: plainEnvelopes }), { minLength: 1, maxLength: 3 }),
    fc.array(fc.oneof(bitFlips, overwrites, truncations, insertions, deletions, splices), {
      minLength: 1,
      maxLength: 3,
    }),
  )
  .map(([encoded, edits]) => {
    let frame: Buffer = Buffer.concat(encoded);
    for (const edit of edits) if (frame.length > 0) frame = edit(frame);
    return frame;
  });

/** A value of a type that the field it lands in does not expect, or that no message may hold. */
const strangers: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(null, undefined, true, '', '0', '-', '1e5', ' 1', 'NaN', [], [[]], {}, Number.NaN, -0.5),
  fc.constantFrom<unknown>(2n ** 64n - 1n, 2n ** 63n, -(2n ** 63n), 2 ** 53, -1, 'x'.repeat(1025), '9'.repeat(49)),
  fc.constantFrom<unknown>(new Map([['__proto__', { polluted: 1 }]]), new Date(0), new Uint8Array(3), new Set([1])),
  fc.constantFrom<unknown>('__proto__', 'constructor', 'toString', 'hasOwnProperty', ['__proto__', { a: 1 }]),
  fc.anything({ withBigInt: false, withNullPrototype: false }),
);

/** Envelopes of which one value, at any depth, was replaced by a stranger. */
const misfits: fc.Arbitrary<Buffer> = fc
  .tuple(plainEnvelopes, fc.array(fc.nat(), { minLength: 1, maxLength: 4 }), strangers)
  .map(([encoded, path, stranger]) => {
    const value = unpack(encoded) as unknown[];
    let array = value;
    for (const step of path.slice(1)) {
      const inner = array[step % array.length];
      if (Array.isArray(inner) && inner.length > 0) array = inner;
    }
    array[(path[0] as number) % array.length] = stranger;
    return packed(value);
  });

function packed(value: unknown): Buffer {
  try {
    return anything.pack(value);
  } catch {
    // Symbols and the like, which nobody can send.
    return Buffer.of(0xc1);
  }
}

const lengthClaims = fc
  .tuple(
    fc.constantFrom([0xd9, 1], [0xda, 2], [0xdb, 4], [0xdc, 2], [0xdd, 4], [0xc6, 4], [0xc9, 4], [0xdf, 4]),
    fc.nat(),
  )
  .chain(([[tag, width], length]) =>
    fc
      .constantFrom(BigInt(length), 2n ** 32n - 1n, 2n ** 31n, 65_536n)
      .map((claimed) => tagged(tag as number, claimed, width as number)),
  );

const nestings = fc
  .tuple(fc.integer({ min: 1, max: 3000 }), fc.constantFrom([0x91], [0x98], [0x81, 0xa1, 0x61], [0xdc, 0, 1]))
  .map(([depth, opener]) => Buffer.from(new Array(depth).fill(opener).flat()));

/** Frames built to hurt: claimed lengths, nesting, swarms of small values, records and their references. */
const attacks: fc.Arbitrary<Buffer> = fc.oneof(
  fc.tuple(plainEnvelopes, fc.nat(), lengthClaims).map(([encoded, at, claim]) => replaceAt(encoded, at, 0, claim)),
  fc.tuple(plainEnvelopes, fc.nat(), nestings).map(([encoded, at, nesting]) => replaceAt(encoded, at, 1, nesting)),
  fc.tuple(tags, fc.integer({ min: 1, max: 2000 })).map(([tag, count]) => Buffer.alloc(count, tag)),
  fc.dictionary(fc.constantFrom('__proto__', 'constructor', 'a'), fc.anything({ maxDepth: 1 })).map((map) => {
    const record = Object.fromEntries(Object.entries(map).filter(([, value]) => typeof value !== 'symbol'));
    return records.pack([1, 'trade', 's', 1, 1, 1, null, [record, record]]);
  }),
  // Eight values and a payload of n small ones.
  fc
    .tuple(fc.constantFrom(0x00, 0x90, 0xa0, 0xc0, 0x91), fc.integer({ min: 0, max: 3000 }))
    .map(([tag, count]) => Buffer.concat([ENVELOPE_START, tagged(0xdd, BigInt(count), 4), Buffer.alloc(count, tag)])),
);

/** `[1, "trade", "s", 1, 1, 1, nil, …`: all of an envelope but its payload. */
export const ENVELOPE_START = Buffer.from('9801a57472616465a173010101c0', 'hex');

export const hostileFrames: fc.Arbitrary<Buffer> = fc.oneof(misfits, attacks);

export const randomBytes: fc.Arbitrary<Buffer> = fc
  .oneof(fc.uint8Array({ maxLength: 64 }), fc.array(tags, { maxLength: 200 }), fc.uint8Array({ maxLength: 2000 }))
  .map((bytes) => Buffer.from(bytes));
