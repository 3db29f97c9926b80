import { type ChecksumBook, checksumBook, setLevel, truncate } from './kraken-book.ts';
import type { BookMessage } from './kraken-messages.ts';
import type { Level } from './protocol.ts';
import { sizeText } from './reading.ts';
import { type RecentTexts, recentTexts, timesTold } from './recent-texts.ts';
import type { TradeGap } from './timed-trades.ts';

export const CHANNELS = ['trade', 'spread', 'book'] as const;
export type Channel = (typeof CHANNELS)[number];

/** Where Kraken has a name of its own. */
const VENUE_CODES: Readonly<Record<string, string>> = { BTC: 'XBT', DOGE: 'XDG' };

/** What is known of a pair that is wanted. */
export interface Pair {
  readonly symbol: string;
  readonly venueSymbol: string;
  readonly confirmed: Set<Channel>;
  /** The venue does not serve it; it is asked again with the next connection. */
  isRefused: boolean;
  /** Books that we have ended and that the venue has yet to confirm: any other ending is the venue's own. */
  endings: number;
  book: ChecksumBook;
  /** Venue time up to which trades came before something was missed; undefined when none are missing. */
  missingSinceNs: bigint | undefined;
  gap: TradeGap | undefined;
  /** The latest times of trades, as the venue writes them. */
  readonly tradeTimes: RecentTexts;
  /** The latest messages of trades. */
  readonly tradeMessages: RecentTexts;
}

/** As the stream names the pair. */
export function krakenSymbol(symbol: string): string {
  return symbol
    .split('-')
    .map((code) => VENUE_CODES[code] ?? code)
    .join('/');
}

export function pairOf(symbol: string): Pair {
  return {
    symbol,
    venueSymbol: krakenSymbol(symbol),
    confirmed: new Set(),
    isRefused: false,
    endings: 0,
    book: checksumBook(),
    missingSinceNs: undefined,
    gap: undefined,
    tradeTimes: recentTexts(),
    tradeMessages: recentTexts(),
  };
}

/** As REST names the pair. */
export function pairName(venueSymbol: string): string {
  return venueSymbol.replaceAll('/', '');
}

export function channelOf(name: unknown): Channel | undefined {
  if (name === 'trade' || name === 'spread' || name === 'book') return name;
  return typeof name === 'string' && name.startsWith('book-') ? 'book' : undefined;
}

/** Of the time's text and the trade's place among those of that time. */
export function tradeIdOf({ tradeTimes }: Pair, time: string): string {
  return `${time}-${timesTold(tradeTimes, time, time)}`;
}

/** Whether a message of trades has not been there yet. A trade bears its time to the microsecond: no other would look the same. */
export function isNewMessage({ tradeMessages }: Pair, frame: string, trades: readonly unknown[]): boolean {
  const first: unknown = trades[0];
  const time: unknown = Array.isArray(first) ? first[2] : undefined;
  return timesTold(tradeMessages, frame, typeof time === 'string' ? time : '') === 0;
}

/** Applies a message to the book; what falls out of the subscribed depth is in the result as removed. */
export function applied(
  book: ChecksumBook,
  { changes }: BookMessage,
  depth: number,
): Record<'bids' | 'asks', readonly Level[]> {
  const result: Record<'bids' | 'asks', Level[]> = { bids: [], asks: [] };
  for (const { side, levels } of changes) {
    for (const level of levels) {
      setLevel(book, side, level);
      result[side].push([plain(level.priceText), plain(level.sizeText)]);
    }
    for (const priceText of truncate(book, side, depth)) result[side].push([plain(priceText), '0']);
  }
  return result;
}

/** The spelling without trailing zeros of what has been read before. */
function plain(text: string): string {
  return sizeText(text) ?? text;
}
