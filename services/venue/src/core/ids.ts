import { createRandom, hash32, nextUint32 } from './random.ts';

const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

function hex32(value: number): string {
  return value.toString(16).padStart(8, '0');
}

/** A UUID (version 4 in form) that depends only on `scope` and `count`. */
export function scopedUuid(scope: string, count: number): string {
  const random = createRandom(count, scope);
  const [a, b, c, d] = [nextUint32(random), nextUint32(random), nextUint32(random), nextUint32(random)];
  const version = hex32(((b & 0xffff0fff) | 0x4000) >>> 0);
  const variant = hex32(((c & 0x3fffffff) | 0x80000000) >>> 0);
  return `${hex32(a)}-${version.slice(0, 4)}-${version.slice(4)}-${variant.slice(0, 4)}-${variant.slice(4)}${hex32(d)}`;
}

/** A ULID: 48 bits of milliseconds, 32 bits of the scope, 48 bits of `count`; it rises with `count` within a millisecond. */
export function scopedUlid(scope: string, count: number, tsNs: bigint): string {
  const ms = BigInt.asUintN(48, tsNs / 1_000_000n);
  let bits = (ms << 80n) | (BigInt(hash32(scope)) << 48n) | BigInt.asUintN(48, BigInt(count));
  let text = '';
  for (let i = 0; i < 26; i++) {
    text = CROCKFORD.charAt(Number(bits & 31n)) + text;
    bits >>= 5n;
  }
  return text;
}
