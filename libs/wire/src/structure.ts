import { isUtf8 } from 'node:buffer';

/**
 * The shape of a frame, checked before anything is built from it. Tickpath's messages are msgpack arrays, text,
 * integers, booleans and nil and nothing else: no maps (so no `__proto__`), no extensions (so no records), no floats,
 * no binary. Lengths are checked against the bytes that are really there, so a claimed length of 4 GiB allocates nothing.
 */
export type StructureFault = 'empty' | 'truncated' | 'depth' | 'type' | 'utf8' | 'envelope';

/** Values an envelope has at least. Fewer would let a small frame hold a million of them. */
export const ENVELOPE_LENGTH = 8;

/** An envelope holds a payload, a payload a list, a list a struct, a struct a list; two more are kept free. */
const MAX_DEPTH = 6;

/** Values still expected in each open array; of the frame that is being read. */
const expected = new Int32Array(MAX_DEPTH);

/** The end offset of each envelope, or why the frame is not well formed. Linear in the frame's length. */
export function findEnvelopes(frame: Uint8Array): number[] | StructureFault {
  const { length: frameEnd } = frame;
  if (frameEnd === 0) return 'empty';
  const ends: number[] = [];
  let depth = 0;
  let at = 0;
  while (at < frameEnd) {
    const tag = frame[at] as number;
    const kind = TAGS[tag] as number;
    at += 1;
    let length = kind & LENGTH;
    if (kind >= LENGTH_FOLLOWS) {
      const width = length;
      if (width > frameEnd - at) return 'truncated';
      length = frame[at] as number;
      for (let i = 1; i < width; i += 1) length = length * 256 + (frame[at + i] as number);
      at += width;
    }
    // Every value takes at least a byte.
    if (length > frameEnd - at) return 'truncated';
    switch (kind & KIND) {
      case REFUSED:
        return 'type';
      case ARRAY:
        if (depth === 0 && length < ENVELOPE_LENGTH) return 'envelope';
        if (length === 0) break;
        if (depth === MAX_DEPTH) return 'depth';
        expected[depth] = length;
        depth += 1;
        continue;
      case TEXT:
        if (!isText(frame, at, at + length)) return 'utf8';
        at += length;
        break;
      default:
        at += length;
    }
    if (depth === 0) return 'envelope';
    while (depth > 0) {
      const left = (expected[depth - 1] as number) - 1;
      expected[depth - 1] = left;
      if (left > 0) break;
      depth -= 1;
    }
    if (depth === 0) ends.push(at);
  }
  return depth === 0 ? ends : 'truncated';
}

function isText(frame: Uint8Array, start: number, end: number): boolean {
  let bits = 0;
  for (let i = start; i < end; i += 1) bits |= frame[i] as number;
  return bits < 0x80 || isUtf8(frame.subarray(start, end));
}

/**
 * What each tag means: its kind in bits 5 and 6; below them the length of what follows the tag (bytes, or items of an
 * array) or, with bit 7 set, the width of a length that follows it.
 */
const REFUSED = 0x00;
const FIXED = 0x20;
const TEXT = 0x40;
const ARRAY = 0x60;
const KIND = 0x60;
const LENGTH = 0x1f;
const LENGTH_FOLLOWS = 0x80;

const TAGS = new Uint8Array(256)
  .fill(FIXED, 0x00, 0x80)
  .map((kind, tag) => (tag >= 0x90 && tag < 0xa0 ? ARRAY | (tag - 0x90) : kind))
  .map((kind, tag) => (tag >= 0xa0 && tag < 0xc0 ? TEXT | (tag - 0xa0) : kind))
  .fill(FIXED, 0xe0);
// nil, false, true; unsigned and signed integers of 1, 2, 4 and 8 bytes
for (const tag of [0xc0, 0xc2, 0xc3]) TAGS[tag] = FIXED;
for (const tag of [0xcc, 0xd0]) TAGS.set([FIXED | 1, FIXED | 2, FIXED | 4, FIXED | 8], tag);
// text with a length of 1, 2 and 4 bytes, arrays with one of 2 and 4
TAGS.set(
  [1, 2, 4].map((width) => LENGTH_FOLLOWS | TEXT | width),
  0xd9,
);
TAGS.set(
  [2, 4].map((width) => LENGTH_FOLLOWS | ARRAY | width),
  0xdc,
);
