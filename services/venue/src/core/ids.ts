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

const TIME_CHARACTERS = 10;
/** Characters of 5 bits whose number is an exact integer. */
const HALF_CHARACTERS = 8;
const HALF = 2 ** (5 * HALF_CHARACTERS);

/** The events of a moment share the head of their ids: it is kept until another moment. It never changes an answer. */
let lastMs = -1;
let lastHead = '';

/** A ULID: 48 bits of milliseconds, 32 bits of the scope, 48 bits of `count`; it rises with `count` within a millisecond. */
export function scopedUlid(scope: string, count: number, tsNs: bigint): string {
  const ms = Number(BigInt.asUintN(48, tsNs / 1_000_000n));
  if (ms !== lastMs) {
    lastHead = crockford(ms, TIME_CHARACTERS);
    lastMs = ms;
  }
  const high = hash32(scope) * 2 ** 8 + Math.floor(count / HALF);
  return lastHead + crockford(high, HALF_CHARACTERS) + crockford(count % HALF, HALF_CHARACTERS);
}

function crockford(value: number, characters: number): string {
  let text = '';
  let rest = value;
  for (let i = 0; i < characters; i++) {
    text = CROCKFORD.charAt(rest % 32) + text;
    rest = Math.floor(rest / 32);
  }
  return text;
}
