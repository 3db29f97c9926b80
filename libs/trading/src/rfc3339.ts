const SECOND_FORM = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})$/;
const SECOND_LENGTH = 19;
const MAX_DIGITS = 9;
const POINT = 0x2e;
const DIGIT_0 = 0x30;
const DIGIT_9 = 0x39;
const LETTER_Z = 0x5a;
/** Nanoseconds of a last digit at each place after the point. */
const NS_OF_PLACE = Array.from({ length: MAX_DIGITS + 1 }, (_, digits) => 10 ** (MAX_DIGITS - digits));

let lastSecondText = '1970-01-01T00:00:00';
let lastSecondNs = 0n;

/**
 * Unix ns of an RFC 3339 time in UTC with up to nine fractional digits, as Alpaca writes it; undefined for anything
 * else. The second is remembered, because ticks come many to a second; that memory never changes a result. What follows
 * it is read by hand: the time of every trade passes here.
 */
export function rfc3339ToNs(value: unknown): bigint | undefined {
  if (typeof value !== 'string') return undefined;
  const fractionNs = fractionNsOf(value);
  if (fractionNs === undefined) return undefined;
  if (!value.startsWith(lastSecondText)) {
    const secondText = value.slice(0, SECOND_LENGTH);
    const secondNs = secondNsOf(secondText);
    if (secondNs === undefined) return undefined;
    lastSecondText = secondText;
    lastSecondNs = secondNs;
  }
  return fractionNs === 0 ? lastSecondNs : lastSecondNs + BigInt(fractionNs);
}

/** What `Z`, or a point with one to nine digits and `Z`, says behind the seconds; undefined when it is something else. */
function fractionNsOf(text: string): number | undefined {
  const end = text.length - 1;
  if (text.charCodeAt(end) !== LETTER_Z) return undefined;
  if (end === SECOND_LENGTH) return 0;
  const digits = end - SECOND_LENGTH - 1;
  if (digits < 1 || digits > MAX_DIGITS || text.charCodeAt(SECOND_LENGTH) !== POINT) return undefined;
  let value = 0;
  for (let index = SECOND_LENGTH + 1; index < end; index += 1) {
    const code = text.charCodeAt(index);
    if (code < DIGIT_0 || code > DIGIT_9) return undefined;
    value = 10 * value + (code - DIGIT_0);
  }
  return value * (NS_OF_PLACE[digits] as number);
}

function secondNsOf(text: string): bigint | undefined {
  const match = SECOND_FORM.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second] = match.map(Number) as [number, ...number[]];
  const ms = Date.UTC(year as number, (month as number) - 1, day, hour, minute, second);
  // Of a day or an hour that does not exist another comes back.
  if (Number.isNaN(ms) || new Date(ms).toISOString().slice(0, SECOND_LENGTH) !== text) return undefined;
  return BigInt(ms) * 1_000_000n;
}
