import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rfc3339ToNs } from '@tickpath/trading';
import fc from 'fast-check';
import { newYorkTimeText, settleDateText, timeText } from '../src/core/time-text.ts';
import './seed.ts';

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

const ns = (text: string) => BigInt(Date.parse(text)) * 1_000_000n;

test("New York's time names its offset, that of the season", () => {
  assert.equal(newYorkTimeText(ns('2026-09-30T16:04:52Z')), '2026-09-30T12:04:52-04:00');
  assert.equal(newYorkTimeText(ns('2026-11-27T18:00:00Z')), '2026-11-27T13:00:00-05:00');
  assert.equal(newYorkTimeText(ns('2026-01-01T04:59:59Z') + 123_000_000n), '2025-12-31T23:59:59.123-05:00');
});

test('a time of New York names the moment that the same time in UTC names', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 4_000_000_000_000 }), (ms) => {
      assert.equal(Date.parse(newYorkTimeText(BigInt(ms) * 1_000_000n)), ms);
    }),
  );
});

test("a stock's trade settles on the next business day, one of crypto on its own", () => {
  assert.equal(settleDateText(ns('2026-09-17T14:00:00Z'), 'us_equity'), '2026-09-18');
  assert.equal(settleDateText(ns('2026-09-18T14:00:00Z'), 'us_equity'), '2026-09-21');
  assert.equal(settleDateText(ns('2026-11-25T14:00:00Z'), 'us_equity'), '2026-11-27', 'over Thanksgiving');
  assert.equal(settleDateText(ns('2026-09-18T02:00:00Z'), 'us_equity'), '2026-09-18', 'still the 17th in New York');
  // A recorded fill of Alpaca's: a Friday's, in DOGE/USD.
  assert.equal(settleDateText(ns('2026-09-18T13:24:50Z'), 'crypto'), '2026-09-18');
});
