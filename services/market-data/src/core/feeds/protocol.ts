import type { AssetClass, BarInterval, DecimalText } from '@tickpath/trading';

/** When our machine got a frame and when it had been decoded, in Unix ns. */
export interface Stamps {
  readonly receivedNs: bigint;
  readonly decodedNs: bigint;
}

/** Price and size of a level; a size of `0` removes it. */
export type Level = readonly [price: DecimalText, size: DecimalText];

/**
 * Whose time `venueTsNs` is. `venue`: the message says it. `inferred`: the message bears none, and it is the time that
 * the venue's message before it told. `receipt`: the venue has not told any time yet, and it is when our machine got the
 * message. Only the first one moves the market's clock and can be judged.
 */
export type TimeSource = 'venue' | 'inferred' | 'receipt';

/** The time of an event whose message need not bear one. */
export interface SourcedTime {
  readonly venueTsNs: bigint;
  readonly venueTsSource: TimeSource;
}

/**
 * A trade. `tradeId` is unique within a symbol of the venue; where the venue gives none (Kraken), it is made of the
 * trade's time and its place among the trades of that time.
 */
export interface TradeEvent {
  readonly kind: 'trade';
  readonly symbol: string;
  readonly tradeId: string;
  readonly price: DecimalText;
  readonly size: DecimalText;
  /** Side of the order that took liquidity; null where the venue does not say. */
  readonly takerSide: 'BUY' | 'SELL' | null;
  readonly exchange: string;
  readonly conditions: readonly string[];
  readonly tape: string;
  readonly venueTsNs: bigint;
}

/** Best bid and ask; a side without a quote has a null price and size 0. */
export interface QuoteEvent extends SourcedTime {
  readonly kind: 'quote';
  readonly symbol: string;
  readonly bidPx: DecimalText | null;
  readonly bidSize: DecimalText;
  readonly askPx: DecimalText | null;
  readonly askSize: DecimalText;
  readonly bidExchange: string;
  readonly askExchange: string;
  readonly conditions: readonly string[];
  /** The venue's number of the book state that the quote shows, where it has one. */
  readonly venueSeq: number | null;
}

/**
 * A change of the book, or all of it. A protocol hands on changes only between a snapshot and the next `book-invalid`
 * of the symbol, in order and without a hole: applying them one after the other gives the venue's book.
 */
export interface BookEvent extends SourcedTime {
  readonly kind: 'book';
  readonly symbol: string;
  readonly snapshot: boolean;
  /** In the venue's order; a price may come more than once in a change, and the last one holds. */
  readonly bids: readonly Level[];
  readonly asks: readonly Level[];
  readonly venueSeq: number | null;
  /** The venue's checksum, already verified. */
  readonly checksum: number | null;
}

/** A change of trading status. `effect` is what it means for trading; codes and texts are the venue's. */
export interface StatusEvent extends SourcedTime {
  readonly kind: 'status';
  readonly symbol: string;
  readonly statusCode: string;
  readonly statusMessage: string;
  readonly reasonCode: string;
  readonly reasonMessage: string;
  readonly tape: string;
  readonly effect: 'halt' | 'resume' | 'none';
}

/** Limit-up limit-down bands. */
export interface LuldEvent {
  readonly kind: 'luld';
  readonly symbol: string;
  readonly limitUpPx: DecimalText;
  readonly limitDownPx: DecimalText;
  readonly indicator: string;
  readonly tape: string;
  readonly venueTsNs: bigint;
}

/** A trade printed before was wrong: `original` is replaced by `corrected`. */
export interface CorrectionEvent {
  readonly kind: 'correction';
  readonly symbol: string;
  readonly exchange: string;
  readonly original: CorrectedTrade;
  readonly corrected: CorrectedTrade;
  readonly tape: string;
  readonly venueTsNs: bigint;
}

export interface CorrectedTrade {
  readonly tradeId: string;
  readonly price: DecimalText;
  readonly size: DecimalText;
  readonly conditions: readonly string[];
}

/** A trade printed before did not happen. `action` is the venue's code: `C` cancel, `E` error, others as they come. */
export interface CancelEvent {
  readonly kind: 'cancel';
  readonly symbol: string;
  readonly exchange: string;
  readonly tradeId: string;
  readonly price: DecimalText;
  readonly size: DecimalText;
  readonly action: string;
  readonly tape: string;
  readonly venueTsNs: bigint;
}

/** An auction's indicated price. */
export interface ImbalanceEvent {
  readonly kind: 'imbalance';
  readonly symbol: string;
  readonly price: DecimalText;
  readonly tape: string;
  readonly venueTsNs: bigint;
}

/**
 * A bar that the venue built, streamed or fetched. `updated`: sent again because of late trades. `venueTsNs` is its
 * start.
 */
export interface VenueBarEvent {
  readonly kind: 'venue-bar';
  readonly symbol: string;
  readonly interval: BarInterval;
  readonly updated: boolean;
  readonly open: DecimalText;
  readonly high: DecimalText;
  readonly low: DecimalText;
  readonly close: DecimalText;
  readonly volume: DecimalText;
  /** Null where the venue does not say. */
  readonly tradeCount: number | null;
  readonly vwap: DecimalText | null;
  readonly venueTsNs: bigint;
}

/** What the venue says of an instrument; fetched once a connection. Its increments are `1`, `0.01`, `0.00000001`, … */
export interface InstrumentEvent {
  readonly kind: 'instrument';
  readonly symbol: string;
  readonly venueSymbol: string;
  readonly assetClass: AssetClass;
  readonly priceIncrement: DecimalText;
  readonly qtyIncrement: DecimalText;
  readonly minQty: DecimalText | null;
  readonly tradable: boolean;
  readonly shortable: boolean;
  /** When it trades: `us-equity` sessions of New York, or around the clock. */
  readonly session: 'us-equity' | 'continuous';
}

/** A venue's message in one form for all venues: amounts as plain decimal text, times in Unix ns of the venue's clock. */
export type FeedEvent =
  | TradeEvent
  | QuoteEvent
  | BookEvent
  | StatusEvent
  | LuldEvent
  | CorrectionEvent
  | CancelEvent
  | ImbalanceEvent
  | VenueBarEvent
  | InstrumentEvent;

export const REJECT_REASONS = [
  'json',
  'not-an-array',
  'shape',
  'symbol',
  'price',
  'size',
  'time',
  'text',
  'sequence',
  'refused',
  'fetch',
] as const;
/**
 * Why a message is not handed on; a metric label. `sequence`: a number of the venue's that cannot be one. `refused`:
 * the venue answered with an error. `fetch`: its REST answer failed or cannot be read.
 */
export type RejectReason = (typeof REJECT_REASONS)[number];

export interface Rejected {
  readonly kind: 'rejected';
  readonly reason: RejectReason;
  /** What was found, cut to a length that a log line takes. */
  readonly text: string;
}

export const BOOK_FAULTS = [
  'sequence',
  'checksum',
  'crossed',
  'locked',
  'negative',
  'precision',
  'reconnect',
  'no-snapshot',
  'unsubscribed',
  'refused',
] as const;
/**
 * Why a book is not to be used. Protocols find `sequence`, `checksum`, `reconnect`, `no-snapshot` (a snapshot could not
 * be had yet; it is asked for again), `unsubscribed` and `refused` (the venue does not know the symbol: nothing will
 * come of it, and it is asked for again with the next connection only); who keeps the book finds the others and calls `resync`.
 * `precision`: a number that no safe integer holds in the book's units.
 */
export type BookFault = (typeof BOOK_FAULTS)[number];

export type FeedOutput =
  /** `recovered`: fetched to close a gap, not streamed. Older than what was streamed meanwhile, never a duplicate. */
  | { readonly kind: 'event'; readonly event: FeedEvent; readonly recovered: boolean }
  | { readonly kind: 'send'; readonly text: string }
  /** A GET to the venue's REST interface; its answer comes back by `fetched`. */
  | { readonly kind: 'fetch'; readonly requestId: string; readonly api: FetchApi; readonly path: string }
  | { readonly kind: 'state'; readonly state: 'authenticated' | 'subscribed' }
  /** A message of a type not known or not used: counted, never fatal. */
  | { readonly kind: 'unknown'; readonly type: string }
  | Rejected
  /** Dropped, because it has been handed on before; the symbol is empty when the message is of several. */
  | { readonly kind: 'duplicate'; readonly symbol: string; readonly what: 'trade' | 'book' | 'quote' }
  /** A hole in the venue's own sequence that cannot be filled; `from` and `to` inclusive, null where not known. */
  | {
      readonly kind: 'lost';
      readonly symbol: string;
      readonly topic: 'trade' | 'book' | 'quote';
      readonly from: number | null;
      readonly to: number | null;
    }
  | { readonly kind: 'book-invalid'; readonly symbol: string; readonly reason: BookFault }
  /**
   * The symbols are subscribed for the first time, and the venue is asked for what it has of the time before: at `atNs`,
   * by our clock, a bar that was over is history. With `hasBars` the venue's own bars follow as recovered `venue-bar`s.
   */
  | { readonly kind: 'begins'; readonly symbols: readonly string[]; readonly atNs: bigint; readonly hasBars: boolean }
  /** No trade of the symbols since `fromNs` is missing, but for what was said to be lost: those fetched follow at once. */
  | { readonly kind: 'covered'; readonly symbols: readonly string[]; readonly fromNs: bigint }
  /** The connection is of no more use; whoever keeps it closes it and dials again. */
  | { readonly kind: 'reconnect'; readonly reason: string };

/** Which of a venue's REST hosts: Alpaca keeps assets and market data on two. */
export type FetchApi = 'data' | 'trading';

export type FetchAnswer =
  | { readonly ok: true; readonly body: string }
  | { readonly ok: false; readonly reason: string };

/**
 * A venue's protocol as a state machine without clock, randomness or sockets. It lives as long as the feed: it is told
 * of every connection and remembers over them what it needs to close the gap between two. No method throws, whatever
 * it is given.
 */
export interface VenueProtocol {
  /** The socket is open. */
  connected(nowNs: bigint): readonly FeedOutput[];
  receive(frame: string, stamps: Stamps): readonly FeedOutput[];
  fetched(requestId: string, answer: FetchAnswer): readonly FeedOutput[];
  /** The whole wanted set, in Tickpath's spelling; may be called at any time, the protocol works out the difference. */
  subscribe(symbols: readonly string[]): readonly FeedOutput[];
  /** To be called about once a second: asks again for what has not come, gives up what will not. */
  clock(nowNs: bigint): readonly FeedOutput[];
  /** The symbol's book was found wrong by who keeps it: it becomes invalid and is fetched anew. */
  resync(symbol: string, reason: BookFault): readonly FeedOutput[];
  /** The socket is gone: every book becomes invalid. Of a socket that never opened it means nothing. */
  disconnected(): readonly FeedOutput[];
}
