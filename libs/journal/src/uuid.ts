/** Fills ids with chance. Must be unpredictable enough that two never meet: `node:crypto`'s randomBytes, or a seeded one. */
export type RandomBytes = (sizeBytes: number) => Uint8Array;

const BYTES_OF_ONE = 10;
const POOL_BYTES = 4000;
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** Makes UUIDv7 (RFC 9562): 48 bits of Unix milliseconds, then 74 random bits. Chance is asked for in large pieces. */
export function uuidV7Source(random: RandomBytes): (tsNs: bigint) => string {
  let pool: Uint8Array = new Uint8Array(0);
  let at = 0;
  let prefixNs = -1n;
  let prefix = '';
  return (tsNs) => {
    if (tsNs !== prefixNs) {
      const ms = (tsNs / 1_000_000n).toString(16).padStart(12, '0');
      prefix = `${ms.slice(0, 8)}-${ms.slice(8, 12)}`;
      prefixNs = tsNs;
    }
    if (at + BYTES_OF_ONE > pool.length) {
      pool = random(POOL_BYTES);
      at = 0;
    }
    const byte = (i: number) => pool[at + i] ?? 0;
    const hex = (i: number) => HEX[byte(i)];
    const version = HEX[0x70 | (byte(0) & 0x0f)];
    const variant = HEX[0x80 | (byte(2) & 0x3f)];
    const tail = `${hex(4)}${hex(5)}${hex(6)}${hex(7)}${hex(8)}${hex(9)}`;
    const uuid = `${prefix}-${version}${hex(1)}-${variant}${hex(3)}-${tail}`;
    at += BYTES_OF_ONE;
    return uuid;
  };
}
