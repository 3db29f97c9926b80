import { type Decimal, type DecimalText, Decimal as DecimalValue, decimalText, isDecimalText } from './money.ts';

export type AssetClass = 'us_equity' | 'crypto';

/**
 * What hot cores need of an instrument to keep prices and quantities as safe integers: a price is a whole number of
 * 10^-priceDecimals of its quote currency, a quantity one of 10^-qtyDecimals of a share or coin (DESIGN §2).
 */
export interface Instrument {
  /** As the venue spells it: `AAPL`, `BTC/USD`. */
  readonly symbol: string;
  readonly assetClass: AssetClass;
  readonly priceDecimals: number;
  readonly qtyDecimals: number;
}

const POINT = 0x2e;
const DIGIT_0 = 0x30;
const DIGIT_9 = 0x39;
/** Whole numbers of so many digits are exact in a double. */
const EXACT_DIGITS = 15;
const INT32_MAX = 2 ** 31 - 1;
const POWERS = Array.from({ length: 16 }, (_, exponent) => 10 ** exponent);

function scaleOf(decimals: number): number {
  const scale = POWERS[decimals];
  if (scale === undefined) throw new RangeError(`${decimals} decimals are not between 0 and ${POWERS.length - 1}`);
  return scale;
}

/**
 * Decimal text as a whole number of 10^-decimals. Throws `RangeError` naming the text when it is no decimal, is finer
 * than that, or too large for a safe integer.
 */
export function unitsOf(text: DecimalText, decimals: number): number {
  return shortUnitsOf(text, decimals) ?? spelledUnitsOf(text, decimals);
}

/** Of the texts that all but come, in one pass: undefined for any that is long, negative, finer than that or no decimal. */
function shortUnitsOf(text: DecimalText, decimals: number): number | undefined {
  const { length } = text;
  if (length > EXACT_DIGITS + 1 || (length > 1 && text.charCodeAt(0) === DIGIT_0 && text.charCodeAt(1) !== POINT)) {
    return undefined;
  }
  let digits = 0;
  let point = length;
  for (let at = 0; at < length; at += 1) {
    const code = text.charCodeAt(at);
    if (code >= DIGIT_0 && code <= DIGIT_9) digits = 10 * digits + (code - DIGIT_0);
    else if (code === POINT && point === length) point = at;
    else return undefined;
  }
  // A digit before the point and one behind it; without a point at most as many as are exact.
  if (point === 0 || point === length - 1 || (point === length && length > EXACT_DIGITS)) return undefined;
  const scale = POWERS[point === length ? decimals : decimals - (length - point - 1)];
  const units = scale === undefined ? Number.NaN : digits * scale;
  return Number.isSafeInteger(units) ? units : undefined;
}

function spelledUnitsOf(text: DecimalText, decimals: number): number {
  if (!isDecimalText(text)) throw new RangeError(`not a decimal number: ${JSON.stringify(text)}`);
  const point = text.indexOf('.');
  const whole = point < 0 ? text : text.slice(0, point);
  let fraction = point < 0 ? '' : text.slice(point + 1);
  if (fraction.length > decimals) {
    if (/[^0]/.test(fraction.slice(decimals))) throw new RangeError(`${text} has more than ${decimals} decimals`);
    fraction = fraction.slice(0, decimals);
  }
  const units = Number(whole + fraction.padEnd(decimals, '0'));
  if (!Number.isSafeInteger(units)) {
    const most = unitsText(Number.MAX_SAFE_INTEGER, decimals);
    throw new RangeError(`${text} is beyond ${most}, the most that ${decimals} decimals leave room for`);
  }
  return units === 0 ? 0 : units;
}

/** The one spelling of a whole number of 10^-decimals: plain notation, no trailing zeros. */
export function unitsText(units: number, decimals: number): DecimalText {
  if (units < 0) return `-${unitsText(-units, decimals)}`;
  const scale = scaleOf(decimals);
  const whole = Math.floor(units / scale);
  const exactRest = units - whole * scale;
  if (exactRest === 0) return String(whole);
  // Remainders of small integers are many times cheaper.
  let rest = exactRest <= INT32_MAX ? exactRest | 0 : exactRest;
  let digits = decimals;
  while (rest % 10 === 0) {
    rest /= 10;
    digits -= 1;
  }
  return `${whole}.${String(rest).padStart(digits, '0')}`;
}

/** What one unit is worth, by its decimals: as many as those of a price and a quantity together. */
const UNIT_VALUES = Array.from({ length: 2 * POWERS.length - 1 }, (_, decimals) => new DecimalValue(10).pow(-decimals));

/** A whole number of 10^-decimals as an exact decimal; a bigint when it is a product of two such numbers. */
export function decimalOfUnits(units: number | bigint, decimals: number): Decimal {
  const unitValue = UNIT_VALUES[decimals];
  if (unitValue === undefined)
    throw new RangeError(`${decimals} decimals are not between 0 and ${UNIT_VALUES.length - 1}`);
  return new DecimalValue(typeof units === 'bigint' ? units.toString() : units).times(unitValue);
}

/** As `unitsText`, for products of price and quantity: they have the decimals of both. */
export function bigUnitsText(units: bigint, decimals: number): DecimalText {
  return decimalText(decimalOfUnits(units, decimals));
}
