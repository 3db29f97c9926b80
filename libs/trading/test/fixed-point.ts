/**
 * Money as BigInt counts of a decimal place: what the oracles calculate with, so that they share nothing with the code
 * under test.
 */

/** `units` × 10^−decimals in plain notation, without trailing zeros. */
export function plain(units: bigint, decimals: number): string {
  const digits = (units < 0n ? -units : units).toString().padStart(decimals + 1, '0');
  const whole = digits.slice(0, digits.length - decimals);
  const fraction = digits.slice(digits.length - decimals).replace(/0+$/, '');
  return `${units < 0n ? '-' : ''}${whole}${fraction === '' ? '' : `.${fraction}`}`;
}

/** numerator ÷ denominator to the nearest whole number, halves to the even one. */
export function halfEven(numerator: bigint, denominator: bigint): bigint {
  const [n, d] = denominator < 0n ? [-numerator, -denominator] : [numerator, denominator];
  const negative = n < 0n;
  const size = negative ? -n : n;
  const quotient = size / d;
  const twice = (size % d) * 2n;
  const up = twice > d || (twice === d && quotient % 2n === 1n);
  const rounded = up ? quotient + 1n : quotient;
  return negative ? -rounded : rounded;
}
