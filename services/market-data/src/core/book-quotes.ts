import { type BookLevel, bestLevel, unitsText } from '@tickpath/trading';
import type { KeptBook, QuotedTop } from './book-keeper.ts';
import type { BookEvent, QuoteEvent } from './feeds/protocol.ts';

const NO_CONDITIONS: readonly string[] = [];

/**
 * The best quote that follows from a book to which the event has just been applied: undefined while the book is not
 * valid, and when its best prices and sizes are what they were when it was last asked. It has the event's time. After a
 * book has been invalid it is given again, whether it has changed or not.
 */
export function takeTop(kept: KeptBook, event: BookEvent, exchange: string): QuoteEvent | undefined {
  if (kept.fault !== null) return undefined;
  const top = topOf(kept);
  if (isSame(kept.quoted, top)) return undefined;
  kept.quoted = top;
  const { symbol, venueSeq, venueTsNs, venueTsSource } = event;
  return {
    ...{ kind: 'quote', symbol, ...top, bidExchange: exchange, askExchange: exchange, conditions: NO_CONDITIONS },
    ...{ venueSeq, venueTsNs, venueTsSource },
  };
}

/** As text, which stays the same when the book goes over to finer units. */
function topOf({ book, priceDecimals, qtyDecimals }: KeptBook): QuotedTop {
  const priceOf = (level: BookLevel | undefined) => (level === undefined ? null : unitsText(level[0], priceDecimals));
  const sizeOf = (level: BookLevel | undefined) => (level === undefined ? '0' : unitsText(level[1], qtyDecimals));
  const bid = bestLevel(book, 'bids');
  const ask = bestLevel(book, 'asks');
  return { bidPx: priceOf(bid), bidSize: sizeOf(bid), askPx: priceOf(ask), askSize: sizeOf(ask) };
}

function isSame(a: QuotedTop | null, b: QuotedTop): boolean {
  return a !== null && a.bidPx === b.bidPx && a.bidSize === b.bidSize && a.askPx === b.askPx && a.askSize === b.askSize;
}
