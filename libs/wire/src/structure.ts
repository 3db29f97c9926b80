/**
 * The shape of a frame, checked before anything is built from it. Tickpath's messages are msgpack arrays, text,
 * integers, booleans and nil and nothing else: no maps (so no `__proto__`), no extensions, no floats, no binary.
 * Lengths are checked against the bytes that are really there, so a claimed length of 4 GiB allocates nothing.
 */
export type StructureFault = 'empty' | 'truncated' | 'depth' | 'type';

/** An envelope holds a payload, a payload a list, a list a struct, a struct a list. */
const MAX_DEPTH = 6;

/** The end offset of each top-level value, or why the frame is not well formed. */
export function findValues(frame: Uint8Array): number[] | StructureFault {
  if (frame.length === 0) return 'empty';
  const ends: number[] = [];
  /** Values still expected in each open array. */
  const expected = new Int32Array(MAX_DEPTH);
  let depth = 0;
  let at = 0;
  while (at < frame.length) {
    const tag = frame[at] as number;
    at += 1;
    let items = 0;
    if (tag <= 0x7f || tag >= 0xe0 || tag === 0xc0 || tag === 0xc2 || tag === 0xc3) {
      // a small integer, nil or a boolean: the tag is all
    } else if (tag <= 0x8f) return 'type';
    else if (tag <= 0x9f) items = tag & 0x0f;
    else if (tag <= 0xbf) at += tag & 0x1f;
    else {
      const width = LENGTH_WIDTH[tag - 0xc0] as number;
      if (width === 0) return 'type';
      if (width < 0) at -= width;
      else {
        if (at + width > frame.length) return 'truncated';
        let length = 0;
        for (let i = 0; i < width; i += 1) length = length * 256 + (frame[at + i] as number);
        at += width;
        if (tag >= 0xdc) items = length;
        else at += length;
      }
    }
    if (at > frame.length) return 'truncated';
    if (items > 0) {
      if (items > frame.length - at) return 'truncated';
      if (depth === MAX_DEPTH) return 'depth';
      expected[depth] = items;
      depth += 1;
      continue;
    }
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

/** For tags 0xc0…0xdf: > 0 bytes of a length that follows, < 0 bytes of a fixed value, 0 not allowed. */
const LENGTH_WIDTH = Int8Array.from([
  // c0 nil, c1 unused, c2 false, c3 true, c4-c6 binary, c7-c9 extensions, ca-cb floats
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  // cc-cf unsigned, d0-d3 signed integers of 1, 2, 4, 8 bytes
  -1, -2, -4, -8, -1, -2, -4, -8,
  // d4-d8 extensions
  0, 0, 0, 0, 0,
  // d9-db text with a length of 1, 2, 4 bytes; dc-dd arrays with 2, 4; de-df maps
  1, 2, 4, 2, 4, 0, 0,
]);
