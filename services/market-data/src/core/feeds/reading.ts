import { type DecimalText, decimalTextOfNumber, isDecimalText, rfc3339ToNs, unitsText } from '@tickpath/trading';
import type { Rejected, RejectReason } from './protocol.ts';

/** Longest price or size that is taken: far beyond real ones, and so short that sums of them stay decimal text. */
const MAX_AMOUNT_LENGTH = 20;
/** So small that they are cheap, and that no two have the same double. */
const MAX_CENTS = 2 ** 31;
/** Longest spelling of one: some venues pad with zeros. */
const MAX_SPELLING_LENGTH = 40;
/** Longest id, exchange or condition code and the most conditions of one message: a multiple of what venues send. */
const MAX_CODE_LENGTH = 64;
const MAX_CONDITIONS = 32;
const SHOWN_LENGTH = 80;
/** As many as a safe integer has, and as Unix seconds in 64 bits of ns. */
const MAX_DIGITS = 16;
const MAX_SECOND_DIGITS = 10;
const BYTE_ORDER_MARK = 0xfeff;
const DIGIT_0 = 0x30;
const POINT = 0x2e;
const MINUS = 0x2d;
const INT64_MAX = 2n ** 63n - 1n;
const INT64_MIN = -(2n ** 63n);
const NS_PER_MS = 1_000_000n;
const NS_PER_SECOND = 1_000_000_000n;

/** Of all trades of venues that have none. */
export const NO_CONDITIONS: readonly string[] = Object.freeze([]);

export type Fields = Readonly<Record<string, unknown>>;

/** The parsed text, or undefined when it is no JSON. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function fieldsOf(value: unknown): Fields | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
}

/** A JSON number above zero as decimal text. */
export function positiveNumber(value: unknown): DecimalText | undefined {
  if (typeof value !== 'number' || !(value > 0) || !Number.isFinite(value)) return undefined;
  // Written out, a double costs twice what its hundredths do, which most prices are whole numbers of.
  const cents = Math.round(value * 100);
  const text = cents < MAX_CENTS && cents / 100 === value ? unitsText(cents, 2) : decimalTextOfNumber(value);
  return text.length <= MAX_AMOUNT_LENGTH ? text : undefined;
}

/** As `positiveNumber`, and zero. */
export function sizeNumber(value: unknown): DecimalText | undefined {
  return value === 0 ? '0' : positiveNumber(value);
}

/** Decimal text of at least zero without trailing zeros, however the venue pads it. */
export function sizeText(value: unknown): DecimalText | undefined {
  if (typeof value !== 'string' || value.length > MAX_SPELLING_LENGTH || !isDecimalText(value)) return undefined;
  const text = trimmed(value);
  if (text.charCodeAt(0) === MINUS) return text === '-0' ? '0' : undefined;
  return text.length > MAX_AMOUNT_LENGTH ? undefined : text;
}

/** As `sizeText`, above zero. */
export function positiveText(value: unknown): DecimalText | undefined {
  const text = sizeText(value);
  return text === '0' ? undefined : text;
}

function trimmed(text: string): string {
  if (text.charCodeAt(text.length - 1) !== DIGIT_0 || !text.includes('.')) return text;
  let end = text.length;
  while (text.charCodeAt(end - 1) === DIGIT_0) end -= 1;
  if (text.charCodeAt(end - 1) === POINT) end -= 1;
  return text.slice(0, end);
}

/** Unix ns of an RFC 3339 text. Undefined also for a year that 64 bits of ns do not reach: the wire has no more. */
export function timeOfText(value: unknown): bigint | undefined {
  const tsNs = rfc3339ToNs(value);
  return tsNs === undefined || tsNs > INT64_MAX || tsNs < INT64_MIN ? undefined : tsNs;
}

/** Unix ns of a whole number of Unix ms. */
export function timeOfMs(value: unknown): bigint | undefined {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) return undefined;
  const tsNs = BigInt(value) * NS_PER_MS;
  return tsNs > INT64_MAX ? undefined : tsNs;
}

/** Unix ns of seconds written as text with up to nine decimals. */
export function timeOfSeconds(value: unknown): bigint | undefined {
  if (typeof value !== 'string') return undefined;
  const point = value.indexOf('.');
  const end = point < 0 ? value.length : point;
  const whole = end > MAX_SECOND_DIGITS ? undefined : digitsOf(value, 0, end);
  if (whole === undefined) return undefined;
  const decimals = value.length - point - 1;
  if (point >= 0 && decimals > 9) return undefined;
  const fraction = point < 0 ? 0 : digitsOf(value, point + 1, value.length);
  if (fraction === undefined) return undefined;
  const fractionNs = point < 0 ? 0 : fraction * 10 ** (9 - decimals);
  const tsNs = BigInt(whole) * NS_PER_SECOND + BigInt(fractionNs);
  return tsNs > INT64_MAX ? undefined : tsNs;
}

/** One to sixteen digits as a number, read by hand: every trade and every message of a book passes here. */
function digitsOf(text: string, from: number, to: number): number | undefined {
  if (to <= from || to - from > MAX_DIGITS) return undefined;
  let value = 0;
  for (let at = from; at < to; at += 1) {
    const digit = text.charCodeAt(at) - DIGIT_0;
    if (!(digit >= 0 && digit <= 9)) return undefined;
    value = 10 * value + digit;
  }
  return value;
}

/** A number that counts something: whole, not negative, exact in a double. */
export function countOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

/** As `countOf`, of a number written as text. */
export function countOfText(value: unknown): number | undefined {
  return typeof value === 'string' ? countOf(digitsOf(value, 0, value.length)) : undefined;
}

/** A descriptive text, empty when there is none; undefined for one that the wire would not take unchanged. */
export function codeOf(value: unknown): string | undefined {
  if (typeof value !== 'string') return '';
  const fits = value.length <= MAX_CODE_LENGTH && value.isWellFormed() && value.charCodeAt(0) !== BYTE_ORDER_MARK;
  return fits ? value : undefined;
}

export function conditionsOf(value: unknown): readonly string[] | undefined {
  if (!Array.isArray(value)) return NO_CONDITIONS;
  const conditions: string[] = [];
  for (const one of value) {
    if (typeof one !== 'string') continue;
    const code = codeOf(one);
    if (code === undefined || conditions.length === MAX_CONDITIONS) return undefined;
    conditions.push(code);
  }
  return conditions;
}

export function rejected(reason: RejectReason, found: unknown): Rejected {
  return { kind: 'rejected', reason, text: `${reason}: ${shown(found)}` };
}

/** Objects are not spelled out: a deeply nested one would overflow the stack of whoever writes it as text. */
export function shown(found: unknown): string {
  if (typeof found === 'object' && found !== null) return Array.isArray(found) ? 'a list' : 'an object';
  // Cut before it is quoted as well: what was found may be megabytes.
  const value = typeof found === 'string' ? found.slice(0, SHOWN_LENGTH) : found;
  return String(JSON.stringify(value)).slice(0, SHOWN_LENGTH);
}

/** As `shown`, but a text as it is: for codes and messages of the venue. */
export function textOf(found: unknown): string {
  return typeof found === 'string' ? found.slice(0, SHOWN_LENGTH) : shown(found);
}
