import { type AssetClass, type DateText, newYorkDateOf, newYorkOffsetNs, settlementDateOf } from '@tickpath/trading';

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
  const head = secondText(seconds);
  if (nanos === 0n) return `${head}Z`;
  const digits = nanos.toString().padStart(9, '0').slice(0, maxDigits);
  let end = digits.length;
  while (end > 0 && digits.charCodeAt(end - 1) === 48) end -= 1;
  return end === 0 ? `${head}Z` : `${head}.${digits.slice(0, end)}Z`;
}

/** Times come in bursts of a few seconds, as those of an order and its end: the texts of so many are kept. */
const KEPT_SECONDS = 16;
const kept = Array.from({ length: KEPT_SECONDS }, () => ({ seconds: -1n, text: '' }));

function secondText(seconds: bigint): string {
  const place = Number(BigInt.asUintN(32, seconds)) % KEPT_SECONDS;
  const known = kept[place];
  if (known?.seconds === seconds) return known.text;
  const text = new Date(Number(seconds) * 1000).toISOString().slice(0, 19);
  kept[place] = { seconds, text };
  return text;
}

/** The same with New York's own clock and offset, as Alpaca's clock endpoint writes it: `2026-09-30T09:30:00-04:00`. */
export function newYorkTimeText(tsNs: bigint): string {
  const offsetNs = newYorkOffsetNs(tsNs);
  const hours = -offsetNs / (3600n * NS_PER_SECOND);
  return `${timeText(tsNs + offsetNs).slice(0, -1)}-${String(hours).padStart(2, '0')}:00`;
}

/** When a trade settles: crypto the day it is made, UTC; stocks by the calendar of the exchanges. */
export function settleDateText(tsNs: bigint, assetClass: AssetClass): DateText {
  return assetClass === 'crypto' ? timeText(tsNs).slice(0, 10) : settlementDateOf(newYorkDateOf(tsNs));
}
