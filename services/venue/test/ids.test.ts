import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { scopedUlid } from '../src/core/ids.ts';
import { hash32 } from '../src/core/random.ts';
import './seed.ts';

const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** The 128 bits as the specification of the ULID spells them, five at a time from the low end. */
function spelled(bits: bigint): string {
  let text = '';
  for (let i = 0n; i < 26n; i += 1n) text = CROCKFORD.charAt(Number((bits >> (5n * i)) & 31n)) + text;
  return text;
}

test('an event id is a ULID of its time, its scope and its count', () => {
  const count = fc.oneof(fc.nat(), fc.integer({ min: 0, max: 2 ** 48 - 1 }));
  fc.assert(
    fc.property(fc.string(), count, fc.bigInt(0n, 2n ** 63n), (scope, number, tsNs) => {
      const ms = BigInt.asUintN(48, tsNs / 1_000_000n);
      assert.equal(
        scopedUlid(scope, number, tsNs),
        spelled((ms << 80n) | (BigInt(hash32(scope)) << 48n) | BigInt(number)),
      );
    }),
  );
});

test('event ids of one moment rise with their count', () => {
  const ids = [0, 1, 31, 32, 2 ** 40 - 1, 2 ** 40, 2 ** 48 - 1].map((count) => scopedUlid('run', count, 5n));
  assert.deepEqual(ids, ids.toSorted());
});
