/** A value as Tickpath's messages have it. */
export type Value = null | boolean | number | bigint | string | readonly Value[];

/** Answers a whole number from 0 to `below` − 1. */
export type Choose = (below: number) => number;

/**
 * A value in one of the many ways msgpack can spell it: integers wider than need be, signed or unsigned, lengths of
 * texts and arrays in any width that holds them. Encoders differ in this; all of it is the same value.
 */
export function spell(value: Value, choose: Choose): Buffer {
  if (value === null) return Buffer.of(0xc0);
  if (typeof value === 'boolean') return Buffer.of(value ? 0xc3 : 0xc2);
  if (typeof value === 'string') return spellText(value, choose);
  if (typeof value === 'number' || typeof value === 'bigint') return pick(spellingsOfInt(BigInt(value)), choose);
  const items = value.map((item) => spell(item, choose));
  return Buffer.concat([pick(spellingsOfLength(value.length, ARRAY_TAGS), choose), ...items]);
}

const TEXT_TAGS = {
  fixed: 0xa0,
  fixedMax: 31,
  widths: [
    [0xd9, 1],
    [0xda, 2],
    [0xdb, 4],
  ],
} as const;
const ARRAY_TAGS = {
  fixed: 0x90,
  fixedMax: 15,
  widths: [
    [0xdc, 2],
    [0xdd, 4],
  ],
} as const;

function spellText(text: string, choose: Choose): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([pick(spellingsOfLength(bytes.length, TEXT_TAGS), choose), bytes]);
}

function spellingsOfLength(length: number, tags: typeof TEXT_TAGS | typeof ARRAY_TAGS): Buffer[] {
  const spellings: Buffer[] = length <= tags.fixedMax ? [Buffer.of(tags.fixed | length)] : [];
  for (const [tag, width] of tags.widths) {
    if (length < 256 ** width) spellings.push(tagged(tag, BigInt(length), width));
  }
  return spellings;
}

function spellingsOfInt(value: bigint): Buffer[] {
  const spellings: Buffer[] = [];
  if (value >= -32n && value < 128n) spellings.push(Buffer.of(Number(BigInt.asUintN(8, value))));
  [1, 2, 4, 8].forEach((width, i) => {
    const bits = width * 8;
    if (BigInt.asUintN(bits, value) === value) spellings.push(tagged(0xcc + i, value, width));
    if (BigInt.asIntN(bits, value) === value) spellings.push(tagged(0xd0 + i, value, width));
  });
  return spellings;
}

/** A tag and a big-endian number of `width` bytes. */
export function tagged(tag: number, value: bigint, width: number): Buffer {
  const hex = BigInt.asUintN(width * 8, value)
    .toString(16)
    .padStart(width * 2, '0');
  return Buffer.concat([Buffer.of(tag), Buffer.from(hex, 'hex')]);
}

function pick<T>(options: readonly T[], choose: Choose): T {
  return options[choose(options.length)] as T;
}
