import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rfc3339ToNs } from '@tickpath/trading';
import fc from 'fast-check';
import { settleDateText, timeText } from '../src/core/time-text.ts';

test('times have as many fractional digits as they need', () => {
  assert.equal(timeText(0n), '1970-01-01T00:00:00Z');
  assert.equal(timeText(1_208_000_000n), '1970-01-01T00:00:01.208Z');
  assert.equal(timeText(83_540_958_0n), '1970-01-01T00:00:00.83540958Z');
  assert.equal(timeText(1_000_000_001n), '1970-01-01T00:00:01.000000001Z');
  assert.equal(timeText(1_000_000_001n, 6), '1970-01-01T00:00:01Z');
});

test('a time that was written is read back', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 4_000_000_000_000_000_000n }), (tsNs) => {
      assert.equal(rfc3339ToNs(timeText(tsNs)), tsNs);
    }),
  );
});

test('a trade settles on the next weekday', () => {
  const at = (date: string) => settleDateText(BigInt(Date.parse(date)) * 1_000_000n);
  assert.equal(at('2026-09-17T14:00:00Z'), '2026-09-18');
  assert.equal(at('2026-09-18T14:00:00Z'), '2026-09-21');
});
