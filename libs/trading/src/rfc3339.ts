const FORM = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?Z$/;

let lastSecondText = '';
let lastSecondNs = 0n;

/**
 * Unix ns of an RFC 3339 time in UTC with up to nine fractional digits, as Alpaca writes it; undefined for anything
 * else. The second is remembered, because ticks come many to a second; that memory never changes a result.
 */
export function rfc3339ToNs(value: unknown): bigint | undefined {
  if (typeof value !== 'string') return undefined;
  const match = FORM.exec(value);
  if (match === null) return undefined;
  const secondText = value.slice(0, 19);
  if (secondText !== lastSecondText) {
    const [, year, month, day, hour, minute, second] = match.map(Number) as [number, ...number[]];
    const ms = Date.UTC(year as number, (month as number) - 1, day, hour, minute, second);
    if (Number.isNaN(ms) || new Date(ms).toISOString().slice(0, 19) !== secondText) return undefined;
    lastSecondText = secondText;
    lastSecondNs = BigInt(ms) * 1_000_000n;
  }
  const fraction = match[7];
  return fraction === undefined ? lastSecondNs : lastSecondNs + BigInt(fraction.padEnd(9, '0'));
}
