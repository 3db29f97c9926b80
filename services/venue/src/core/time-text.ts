const NS_PER_SECOND = 1_000_000_000n;

/**
 * Unix nanoseconds as RFC 3339 text in UTC. The fraction has as many digits as it needs, up to `maxDigits` (the rest
 * is cut off), as Alpaca writes it: `…:01.208Z`, `…:01.83540958Z`, `…:00Z`.
 */
export function timeText(tsNs: bigint, maxDigits = 9): string {
  let seconds = tsNs / NS_PER_SECOND;
  let nanos = tsNs % NS_PER_SECOND;
  if (nanos < 0n) {
    nanos += NS_PER_SECOND;
    seconds -= 1n;
  }
  const head = new Date(Number(seconds) * 1000).toISOString().slice(0, 19);
  if (nanos === 0n) return `${head}Z`;
  const digits = nanos.toString().padStart(9, '0').slice(0, maxDigits);
  let end = digits.length;
  while (end > 0 && digits.charCodeAt(end - 1) === 48) end -= 1;
  return end === 0 ? `${head}Z` : `${head}.${digits.slice(0, end)}Z`;
}

/** The settlement date of a stock trade: the next weekday after its UTC date (T+1; exchange holidays are not known here). */
export function settleDateText(tsNs: bigint): string {
  const day = new Date(Number(tsNs / 1_000_000n));
  do day.setUTCDate(day.getUTCDate() + 1);
  while (day.getUTCDay() === 0 || day.getUTCDay() === 6);
  return day.toISOString().slice(0, 10);
}
