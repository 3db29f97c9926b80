import type { FeedOutput } from './protocol.ts';

/** Streams that one connection takes, each symbol's, and those named in one message. */
const MAX_STREAMS = 1_024;
const STREAMS_A_SYMBOL = 3;
const SYMBOLS_A_MESSAGE = 100;
/** Most symbols that one connection takes. */
export const BINANCE_MAX_SYMBOLS = Math.floor(MAX_STREAMS / STREAMS_A_SYMBOL);
/** The venue ends a connection that says more than five things a second; one is left for pings and pongs. */
const MESSAGES_A_SPAN = 4;
const SPAN_NS = 1_000_000_000n;

/** A symbol as it is subscribed. */
interface Subscribable {
  readonly venueSymbol: string;
  readonly streams: readonly [string, string, string];
}

export interface SubscriptionsOptions<Feed extends Subscribable> {
  nowNs(): bigint;
  emit(output: FeedOutput): void;
  /** What is wanted now, by the venue's name; read each time that something may be sent. */
  readonly wanted: ReadonlyMap<string, Feed>;
  /** They have been asked for, the first time in this connection. */
  onAsked(feeds: readonly Feed[]): void;
}

/** Brings what a connection is subscribed to up to what is wanted, with no more messages than the venue takes. */
export interface Subscriptions<Feed extends Subscribable> {
  /** A new connection: nothing is subscribed, and all that is wanted goes out at once. */
  begin(): void;
  /** What is wanted has changed: the first of a connection goes out at once, any other change with `clock`. */
  changed(): void;
  /** Sends at most one message: what was added or removed since the last one goes together. */
  clock(): void;
  /** Whom a confirmation or an error is for, told once; undefined when it is of no subscription under way. */
  answered(messageId: number): readonly Feed[] | undefined;
  /** The venue refused them as a whole: each is asked for by itself, one at a time. */
  askSingly(feeds: readonly Feed[]): void;
  /** The venue refused it alone: it is not asked again in this connection. */
  refused(feed: Feed): void;
  /** All that is wanted has been asked for and answered. */
  isSettled(): boolean;
  end(): void;
}

export function createSubscriptions<Feed extends Subscribable>(
  options: SubscriptionsOptions<Feed>,
): Subscriptions<Feed> {
  const { nowNs, emit, wanted, onAsked } = options;
  /** By the venue's name: for whom it was asked last, and not ended since. */
  const asked = new Map<string, Feed>();
  const unconfirmed = new Map<number, readonly Feed[]>();
  const single = new Set<Feed>();
  const refused = new Set<Feed>();
  let isConnected = false;
  let messageId = 0;
  /** When the latest messages of this connection were sent; undefined before the first. */
  let sentNs: bigint[] | undefined;

  const isWanted = (feed: Feed) => wanted.get(feed.venueSymbol) === feed;
  const added = () => [...wanted.values()].filter((feed) => asked.get(feed.venueSymbol) !== feed && !single.has(feed));

  const hasRoom = () => {
    const now = nowNs();
    // A clock that was set back must not silence us until it is where it was.
    sentNs = sentNs?.filter((atNs) => atNs <= now && now - atNs <= SPAN_NS);
    return sentNs === undefined || sentNs.length < MESSAGES_A_SPAN;
  };

  const send = (method: 'SUBSCRIBE' | 'UNSUBSCRIBE', feeds: readonly Feed[]) => {
    messageId += 1;
    const params = feeds.flatMap(({ streams }) => streams);
    emit({ kind: 'send', text: JSON.stringify({ method, params, id: messageId }) });
    sentNs = [...(sentNs ?? []), nowNs()];
    if (method === 'UNSUBSCRIBE') return;
    unconfirmed.set(messageId, feeds);
    for (const feed of feeds) asked.set(feed.venueSymbol, feed);
  };

  const forgetGone = () => {
    for (const feed of single) if (!isWanted(feed)) single.delete(feed);
    for (const feed of refused) {
      if (isWanted(feed)) continue;
      refused.delete(feed);
      // The venue never had it: there is nothing to end.
      if (asked.get(feed.venueSymbol) === feed) asked.delete(feed.venueSymbol);
    }
  };

  /** True when there was something to send. What is ended goes first, so that no connection has too many streams. */
  const sendNext = (): boolean => {
    const gone = [...asked.values()].filter(({ venueSymbol }) => !wanted.has(venueSymbol)).slice(0, SYMBOLS_A_MESSAGE);
    if (gone.length > 0) {
      for (const { venueSymbol } of gone) asked.delete(venueSymbol);
      send('UNSUBSCRIBE', gone);
      return true;
    }
    const news = added().slice(0, SYMBOLS_A_MESSAGE);
    if (news.length > 0) {
      send('SUBSCRIBE', news);
      onAsked(news);
      return true;
    }
    const [next] = single;
    if (next === undefined) return false;
    single.delete(next);
    send('SUBSCRIBE', [next]);
    return true;
  };

  const changed = () => {
    if (!isConnected || sentNs !== undefined) return;
    forgetGone();
    while (hasRoom() && sendNext());
  };

  const end = () => {
    isConnected = false;
    sentNs = undefined;
    asked.clear();
    unconfirmed.clear();
    single.clear();
    refused.clear();
  };

  return {
    begin() {
      end();
      isConnected = true;
      changed();
    },
    changed,
    clock() {
      if (!isConnected) return;
      forgetGone();
      if (hasRoom()) sendNext();
    },
    answered(id) {
      const feeds = unconfirmed.get(id);
      unconfirmed.delete(id);
      return feeds;
    },
    askSingly(feeds) {
      for (const feed of feeds) {
        if (asked.get(feed.venueSymbol) === feed) asked.delete(feed.venueSymbol);
        if (isWanted(feed)) single.add(feed);
      }
    },
    refused: (feed) => void refused.add(feed),
    isSettled: () => asked.size > 0 && unconfirmed.size === 0 && single.size === 0 && added().length === 0,
    end,
  };
}
