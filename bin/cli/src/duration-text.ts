const UNITS = [
  { unit: 'µs', seconds: 1e-6 },
  { unit: 'ms', seconds: 1e-3 },
  { unit: 's', seconds: 1 },
] as const;

/** A duration in significant digits, two unless told otherwise, or all whole ones: `0.8 µs`, `1.2 ms`, `350 ms`, `90 s`. */
export function durationText(seconds: number, digits = 2): string {
  const { unit, value } = scaled(seconds, digits);
  return `${value} ${unit}`;
}

/** Two durations with one unit, where they have the same: `2 / 50 µs`, `1.3 / 15 ms`, `500 µs / 2 ms`. */
export function durationPairText(first: number, second: number): string {
  const [a, b] = [scaled(first, 2), scaled(second, 2)];
  return a.unit === b.unit ? `${a.value} / ${b.value} ${b.unit}` : `${durationText(first)} / ${durationText(second)}`;
}

function scaled(seconds: number, digits: number): { readonly unit: string; readonly value: string } {
  for (const { unit, seconds: size } of UNITS) {
    const value = rounded(seconds / size, digits);
    // 999.6 µs is 1 ms.
    if (unit === 's' || Math.abs(value) < 1000) return { unit, value: String(value) };
  }
  return { unit: 's', value: String(seconds) };
}

function rounded(value: number, digits: number): number {
  return Math.abs(value) >= 10 ** (digits - 1) ? Math.round(value) : Number(value.toPrecision(digits));
}
