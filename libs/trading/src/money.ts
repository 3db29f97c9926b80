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
const PLAIN = /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/;

/** True for text that `decimal` reads: plain notation, at most 48 characters. */
export function isDecimalText(value: unknown): value is DecimalText {
  return typeof value === 'string' && value.length <= MAX_TEXT_LENGTH && PLAIN.test(value);
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
  const text = String(value);
  if (text.includes('e')) return decimalText(new Decimal(value));
  return text === '-0' ? '0' : text;
}

/** a ÷ b, rounded half-even to `decimals` places. The only way the ledger divides. */
export function divide(a: Decimal, b: Decimal, decimals: number = LEDGER_DECIMALS): Decimal {
  return a.div(b).toDecimalPlaces(decimals, DecimalJs.ROUND_HALF_EVEN);
}
