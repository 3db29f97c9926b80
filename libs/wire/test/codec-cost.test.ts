import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeFrame, encodeEnvelope, MAX_FRAME_BYTES } from '../src/envelope.ts';
import { ENVELOPE_START } from './codec-hostile.ts';
import { tagged } from './msgpack-spelling.ts';

const HEADER = { source: 's', epoch: 1, seq: 1, tsNs: 1n, traceparent: null };

/** A frame of about `size` bytes that repeats `item`, as envelopes of their own or as the items of one payload. */
function repeated(item: Buffer, size: number, where: 'envelopes' | 'items'): Buffer {
  const count = Math.floor((size - 32) / item.length);
  const items = Buffer.concat(new Array<Buffer>(count).fill(item));
  return where === 'envelopes' ? items : Buffer.concat([ENVELOPE_START, tagged(0xdd, BigInt(count), 4), items]);
}

const hex = (text: string) => Buffer.from(text, 'hex');
const FRAMES = {
  'positions, all valid': [encodeEnvelope('position', HEADER, { position: 1 }), 'envelopes'],
  'the smallest envelopes of an unknown kind': [hex('9801a0a0000000c000'), 'envelopes'],
  'the smallest envelopes of another version': [hex('980200000000000000'), 'envelopes'],
  'arrays of nothing as envelopes': [hex('90'), 'envelopes'],
  'arrays of nothing as items': [hex('90'), 'items'],
  'arrays of one as items': [hex('9100'), 'items'],
  'arrays of arrays of nothing as items': [hex('91919190'), 'items'],
  'short texts that are not ASCII': [hex('a2c3a9'), 'items'],
  '64-bit integers': [hex('cfffffffffffffffff'), 'items'],
} as const;

/** Quadratic time would be minutes; what a loaded machine and its garbage collector add is far less than this. */
const LIMIT_MS = 2_000;

for (const [name, [item, where]] of Object.entries(FRAMES)) {
  test(`a mebibyte of ${name} is read or dropped in bounded time`, () => {
    const frame = repeated(item, MAX_FRAME_BYTES, where);
    let bestMs = Number.POSITIVE_INFINITY;
    for (let i = 0; i < 3; i += 1) {
      const start = performance.now();
      decodeFrame(
        frame,
        () => {},
        () => {},
      );
      bestMs = Math.min(bestMs, performance.now() - start);
    }
    console.log(`${name}: ${bestMs.toFixed(1)} ms a MiB`);
    assert.ok(bestMs < LIMIT_MS, `${bestMs} ms > ${LIMIT_MS} ms`);
  });
}
