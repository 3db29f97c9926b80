import { Decimal as DecimalJs } from 'decimal.js';

/**
 * The decimal type of the ledger, of risk and of reports. 200 significant digits make every sum and product of
 * wire amounts exact; only a division rounds, and every division in Tickpath states where (see `divide`).
 */
export const Decimal = DecimalJs.clone({
  precision: 200,
  rounding: DecimalJs.ROUND_HALF_EVEN,
  toExpNeg: -9e15,
  toExpPos: 9e15,
});
export type Decimal = DecimalJs;

/** A number as text, as it crosses the wire: optional minus, digits, optional fraction; no exponent, no plus. */
export type DecimalText = string;

export const ZERO: Decimal = new Decimal(0);

/** Decimals of the finest amount the ledger keeps when a division cannot come out even (DESIGN §8). */
export const LEDGER_DECIMALS = 12;

const MAX_TEXT_LENGTH = 48;
const MINUS = 0x2d;
const POINT = 0x2e;
const DIGIT_0 = 0x30;
const DIGIT_9 = 0x39;

/**
 * True for text that `decimal` reads: plain notation, at most 48 characters. The same as
 * `/^-?(?:0|[1-9]\d*)(?:\.\d+)?$/`, read by hand because every amount of every tick passes here.
 */
export function isDecimalText(value: unknown): value is DecimalText {
  if (typeof value !== 'string' || value.length > MAX_TEXT_LENGTH) return false;
  const start = value.charCodeAt(0) === MINUS ? 1 : 0;
  const point = endOfDigits(value, start);
  const wholeDigits = point - start;
  if (wholeDigits === 0 || (wholeDigits > 1 && value.charCodeAt(start) === DIGIT_0)) return false;
  if (point === value.length) return true;
  const fraction = point + 1;
  return value.charCodeAt(point) === POINT && fraction < value.length && endOfDigits(value, fraction) === value.length;
}

function endOfDigits(text: string, start: number): number {
  let at = start;
  while (at < text.length && text.charCodeAt(at) >= DIGIT_0 && text.charCodeAt(at) <= DIGIT_9) at += 1;
  return at;
}

/** Reads wire text. Throws `RangeError` naming the text when it is not a plain decimal. */
export function decimal(text: DecimalText): Decimal {
  if (!isDecimalText(text)) throw new RangeError(`not a decimal number: ${JSON.stringify(text)}`);
  return new Decimal(text);
}

/** The one spelling of an amount: plain notation, no trailing zeros, no minus before zero. */
export function decimalText(value: Decimal): DecimalText {
  return value.isZero() ? '0' : value.toFixed();
}

/**
 * The exact decimal a JSON number stands for. A double keeps every decimal of up to 15 significant digits, so a
 * price that arrived as a JSON number of that length comes back as it was written. Throws `RangeError` for NaN and infinities.
 */
export function decimalTextOfNumber(value: number): DecimalText {
  if (!Number.isFinite(value)) throw new RangeError(`not a finite number: ${value}`);
  const size = Math.abs(value);
  // Beyond these JavaScript writes an exponent.
  if (size >= 1e21 || (size < 1e-6 && size > 0)) return decimalText(new Decimal(value));
  return String(value);
}

/** a ÷ b, rounded half-even to `decimals` places. The only way the ledger divides. */
export function divide(a: Decimal, b: Decimal, decimals: number = LEDGER_DECIMALS): Decimal {
  return a.div(b).toDecimalPlaces(decimals, DecimalJs.ROUND_HALF_EVEN);
}
