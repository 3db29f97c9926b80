/** Fills ids with chance. Must be unpredictable enough that two never meet: `node:crypto`'s randomBytes, or a seeded one. */
export type RandomBytes = (sizeBytes: number) => Uint8Array;

/** Hexadecimal digits of chance in one id: 3 + 1 + 3 + 12. */
const DIGITS_OF_ONE = 19;
const POOL_BYTES = 3800;
const VARIANTS = '89ab';

/** Makes UUIDv7 (RFC 9562): 48 bits of Unix milliseconds, then 74 random bits. Chance is asked for in large pieces. */
export function uuidV7Source(random: RandomBytes): (tsNs: bigint) => string {
  let pool = '';
  let at = 0;
  let prefixNs = -1n;
  let prefix = '';
  return (tsNs) => {
    if (tsNs !== prefixNs) {
      const ms = (tsNs / 1_000_000n).toString(16).padStart(12, '0');
      prefix = `${ms.slice(0, 8)}-${ms.slice(8, 12)}-7`;
      prefixNs = tsNs;
    }
    if (at + DIGITS_OF_ONE > pool.length) {
      pool = Buffer.from(random(POOL_BYTES)).toString('hex');
      at = 0;
    }
    const variant = VARIANTS[pool.charCodeAt(at + 3) & 3];
    const tail = `${variant}${pool.slice(at + 4, at + 7)}-${pool.slice(at + 7, at + 19)}`;
    const uuid = `${prefix}${pool.slice(at, at + 3)}-${tail}`;
    at += DIGITS_OF_ONE;
    return uuid;
  };
}
