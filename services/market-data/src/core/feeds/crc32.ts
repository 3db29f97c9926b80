/** The reflected polynomial of IEEE 802.3. */
const POLYNOMIAL = 0xedb88320;

const TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
  return crc;
});

/** CRC-32 (IEEE 802.3) of ASCII texts one after the other, as an unsigned number. */
export function crc32OfAscii(texts: Iterable<string>): number {
  let crc = -1;
  for (const text of texts) {
    for (let at = 0; at < text.length; at += 1) {
      crc = (crc >>> 8) ^ (TABLE[(crc ^ text.charCodeAt(at)) & 0xff] ?? 0);
    }
  }
  return ~crc >>> 0;
}
