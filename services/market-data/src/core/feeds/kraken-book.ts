import { crc32OfAscii } from './crc32.ts';

/** Levels a side that the checksum covers, whatever the depth of the subscription. */
const CHECKED_LEVELS = 10;

interface BookLevel {
  readonly price: number;
  readonly priceText: string;
  /** Digits of price and size as the checksum takes them. */
  readonly digits: string;
}

/** A level as the venue spells it: its zeros count in the checksum. */
export interface SpelledLevel {
  readonly priceText: string;
  readonly sizeText: string;
}

/** Best level first. */
export interface ChecksumBook {
  readonly bids: BookLevel[];
  readonly asks: BookLevel[];
}

export function checksumBook(): ChecksumBook {
  return { bids: [], asks: [] };
}

/** Sets or, with a size of zero, removes a level. */
export function setLevel(book: ChecksumBook, side: 'bids' | 'asks', { priceText, sizeText }: SpelledLevel): void {
  const levels = book[side];
  const price = Number(priceText);
  const direction = side === 'asks' ? 1 : -1;
  let low = 0;
  let high = levels.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (((levels[middle]?.price ?? price) - price) * direction < 0) low = middle + 1;
    else high = middle;
  }
  const isThere = levels[low]?.price === price;
  if (Number(sizeText) === 0) {
    if (isThere) levels.splice(low, 1);
    return;
  }
  levels.splice(low, isThere ? 1 : 0, { price, priceText, digits: digitsOf(priceText) + digitsOf(sizeText) });
}

/**
 * Drops the levels beyond the subscribed depth and returns their prices: the venue tells of nothing that happens there,
 * and of a level that comes back into the depth it tells anew.
 */
export function truncate(book: ChecksumBook, side: 'bids' | 'asks', depth: number): readonly string[] {
  const levels = book[side];
  return levels.length > depth ? levels.splice(depth).map(({ priceText }) => priceText) : [];
}

/** Kraken's checksum of WebSocket v1: CRC-32 over the digits of the ten best asks, then of the ten best bids. */
export function checksumOf({ asks, bids }: ChecksumBook): number {
  const digits: string[] = [];
  for (let at = 0; at < CHECKED_LEVELS && at < asks.length; at += 1) digits.push(asks[at]?.digits ?? '');
  for (let at = 0; at < CHECKED_LEVELS && at < bids.length; at += 1) digits.push(bids[at]?.digits ?? '');
  return crc32OfAscii(digits);
}

/** Without point and leading zeros: `0.05005` is `5005`. */
function digitsOf(text: string): string {
  return text.replace('.', '').replace(/^0+/, '');
}
