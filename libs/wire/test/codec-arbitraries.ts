import fc from 'fast-check';
import { encodeEnvelope, type Header } from '../src/envelope.ts';
import { KINDS, type Kind, MESSAGES, type Payload } from '../src/messages.ts';
import type { Shape, WireType } from '../src/schema.ts';

const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;

/** Short names mostly, every length class of msgpack (31, 255 bytes) sometimes, and all of Unicode. */
const texts = fc
  .oneof(
    { weight: 6, arbitrary: fc.string({ maxLength: 20 }) },
    { weight: 2, arbitrary: fc.string({ unit: 'grapheme', maxLength: 40 }) },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 300 }) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 1024 }).map((length) => 'x'.repeat(length)) },
    { weight: 1, arbitrary: fc.constantFrom('__proto__', 'constructor', 'toString', '\ufffd', '\u0000', '') },
  )
  .filter((text) => text.length <= 1024 && text.isWellFormed() && !text.startsWith('\ufeff'));

const decimals = fc.stringMatching(/^-?(?:0|[1-9]\d{0,20})(?:\.\d{1,20})?$/);

/** Around the borders between msgpack's integer widths. */
const bordersInt = [0, 5, 7, 8, 15, 16, 31, 32, 53].flatMap((bits) => [2 ** bits, 2 ** bits - 1, 2 ** bits + 1]);
const ints = fc
  .oneof(fc.maxSafeInteger(), fc.integer(), fc.constantFrom(...bordersInt, ...bordersInt.map((n) => -n)))
  .filter(Number.isSafeInteger)
  .map((n) => n + 0);
const nanoseconds = fc.oneof(
  fc.bigInt({ min: INT64_MIN, max: INT64_MAX }),
  fc.constantFrom(INT64_MIN, INT64_MAX, 0n, -1n, 2n ** 53n, 2n ** 32n),
);

/** Values that `write` takes and `read` gives back as they were. */
export function valuesOf(type: WireType<unknown>): fc.Arbitrary<unknown> {
  const { shape } = type;
  switch (shape.type) {
    case 'text':
    case 'prose':
      return texts;
    case 'decimal':
      return decimals;
    case 'int':
      return ints;
    case 'ns':
      return nanoseconds;
    case 'bool':
      return fc.boolean();
    case 'oneOf':
      return fc.constantFrom(...shape.values);
    case 'optional':
      return fc.option(valuesOf(shape.of));
    case 'list':
      return fc.array(valuesOf(shape.of), { maxLength: 20 });
    case 'struct':
      return structOf(shape);
  }
}

function structOf({ fields }: Extract<Shape, { type: 'struct' }>): fc.Arbitrary<unknown> {
  return fc.record(Object.fromEntries(Object.entries(fields).map(([key, type]) => [key, valuesOf(type)])), {
    noNullPrototype: true,
  });
}

const counts = fc.oneof(fc.nat(), fc.maxSafeNat());

export const headers: fc.Arbitrary<Header> = fc.record(
  { source: texts, epoch: counts, seq: counts, tsNs: nanoseconds, traceparent: fc.option(texts) },
  { noNullPrototype: true },
);

export function payloadsOf<K extends Kind>(kind: K): fc.Arbitrary<Payload<K>> {
  return valuesOf(MESSAGES[kind]) as fc.Arbitrary<Payload<K>>;
}

const framesByKind = KINDS.map((kind) =>
  fc.tuple(headers, payloadsOf(kind)).map(([header, payload]) => encodeEnvelope(kind, header, payload as never)),
);

/** One envelope of any kind, encoded. */
export const encodedEnvelopes: fc.Arbitrary<Buffer> = fc.oneof(...framesByKind);
