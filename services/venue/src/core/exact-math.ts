/**
 * Logarithm and exponential made of additions, multiplications and divisions alone. IEEE 754 fixes the result of each of
 * those to the last bit, and of no library's `log` or `exp`: so a seeded series is the same on every machine.
 */

const { LN2, SQRT1_2 } = Math;
const INVERSE_FACTORIALS: readonly number[] = inverseFactorials(17);

function inverseFactorials(count: number): number[] {
  const values = [1];
  for (let n = 1; n < count; n++) values.push((values[n - 1] ?? 1) / n);
  return values;
}

/** The natural logarithm of a number above 0, good to 1e-13: ln m = 2 artanh((m − 1) / (m + 1)) for m near 1. */
export function ln(x: number): number {
  let mantissa = x;
  let exponent = 0;
  while (mantissa < SQRT1_2) {
    mantissa *= 2;
    exponent -= 1;
  }
  while (mantissa >= 2 * SQRT1_2) {
    mantissa /= 2;
    exponent += 1;
  }
  const s = (mantissa - 1) / (mantissa + 1);
  const q = s * s;
  const series =
    1 + q * (1 / 3 + q * (1 / 5 + q * (1 / 7 + q * (1 / 9 + q * (1 / 11 + q * (1 / 13 + q * (1 / 15 + q / 17)))))));
  return exponent * LN2 + 2 * s * series;
}

/** e to the power of −x for x ≥ 0, good to 1e-13 of itself (the series ends behind rest^16 ÷ 16!, rest < ln 2); 0 from 700 on. */
export function expMinus(x: number): number {
  if (x >= 700) return 0;
  const halvings = Math.floor(x / LN2);
  const rest = -(x - halvings * LN2);
  let sum = 0;
  for (let n = INVERSE_FACTORIALS.length - 1; n >= 0; n--) sum = sum * rest + (INVERSE_FACTORIALS[n] ?? 0);
  let power = 1;
  let base = 0.5;
  for (let bits = halvings; bits > 0; bits >>>= 1) {
    if (bits % 2 === 1) power *= base;
    base *= base;
  }
  return sum * power;
}
