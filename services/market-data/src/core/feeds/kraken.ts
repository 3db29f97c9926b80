import { createAwaitedSnapshots } from './awaited-snapshots.ts';
import { knownKrakenFrame } from './known-frames.ts';
import { checksumBook, checksumOf } from './kraken-book.ts';
import { readBook, readInstrument, readSpread, readTrade, readTradesPage } from './kraken-messages.ts';
import {
  applied,
  CHANNELS,
  type Channel,
  channelOf,
  isNewMessage,
  type Pair,
  pairName,
  pairOf,
  tradeIdOf,
} from './kraken-pair.ts';
import { isRejected } from './levels.ts';
import type { VenueProtocol } from './protocol.ts';
import { type Fields, fieldsOf, parsed, rejected, textOf } from './reading.ts';
import { createRequests } from './requests.ts';
import { createTimedTrades, type TradeGap } from './timed-trades.ts';
import { createTurns } from './turns.ts';
import { createVenueTime, timeOf } from './venue-time.ts';

export interface KrakenOptions {
  /** Levels a side that are subscribed. */
  readonly depth: 10 | 25 | 100 | 500 | 1000;
}

/** "Currency pair not supported XBT/USDX", "Currency pair not in ISO 4217-A3 format XBTUSD". */
const NO_SUCH_PAIR = /\bpair not\b/i;
/** "Subscription Not Found", of a subscription that is to be ended. */
const NOT_SUBSCRIBED = /\bnot found\b/i;
/** What passes by: "Exceeded msg rate", "Temporary lockout", an exchange that is starting. */
const PASSING = /\b(?:rate|limit|lockout|busy|unavailable|timeout)\b/i;
const TRADES_A_PAGE = 1_000;
const MAX_PAGES = 10;
/** REST wrote times with four decimals for years, the stream with six. */
const TOLERANCE_NS = 100_000n;

/**
 * Kraken's WebSocket v1: trades, best bid and ask (`spread`) and the book, whose every change bears a CRC-32 of the ten
 * best levels; a book that does not match is subscribed again. Trades have no id in the stream: after a lost connection
 * those of REST are matched by price, size, side and time.
 */
export function createKrakenProtocol({ depth }: KrakenOptions): VenueProtocol {
  const pairs = new Map<string, Pair>();
  const byVenueSymbol = new Map<string, Pair>();
  const { nowNs, emit, protocolOf } = createTurns();
  const venueTime = createVenueTime(nowNs);
  let isConnected = false;
  let isSubscribed = false;
  let systemStatus = 'online';

  /** Not after the present: a wrong time far ahead would leave nothing to fetch. */
  const lastToldNs = () => {
    const { venueTsNs } = venueTime.now();
    if (venueTsNs > nowNs()) return nowNs();
    return venueTsNs;
  };

  const requests = createRequests(emit);
  const books = createAwaitedSnapshots({ nowNs, emit });
  const trades = createTimedTrades({
    by: 'value',
    toleranceNs: TOLERANCE_NS,
    nowNs,
    keyOf: ({ price, size, takerSide }) => `${price} ${size} ${takerSide}`,
    emit,
  });

  const send = (event: 'subscribe' | 'unsubscribe', name: Channel, those: readonly Pair[]) => {
    if (those.length === 0) return;
    const subscription = name === 'book' ? { name, depth } : { name };
    const pair = those.map(({ venueSymbol }) => venueSymbol);
    emit({ kind: 'send', text: JSON.stringify({ event, pair, subscription }) });
  };

  const start = (those: readonly Pair[]) => {
    for (const channel of CHANNELS) send('subscribe', channel, those);
    books.asked(those.map(({ symbol }) => symbol));
    for (const { symbol, venueSymbol } of those) {
      requests.ask(`instrument ${symbol}`, `/0/public/AssetPairs?pair=${pairName(venueSymbol)}`, (answer) => {
        const event = answer.ok ? readInstrument(symbol, venueSymbol, answer.body) : rejected('fetch', answer.reason);
        emit(isRejected(event) ? event : { kind: 'event', event, recovered: false });
      });
    }
  };

  const restart = (symbols: readonly string[]) => {
    if (!isConnected) return;
    const asked = books.affordable(symbols);
    const those = asked.flatMap((symbol) => pairs.get(symbol) ?? []).filter(({ isRefused }) => !isRefused);
    for (const pair of those) pair.endings += 1;
    send('unsubscribe', 'book', those);
    send('subscribe', 'book', those);
    books.asked(asked);
  };

  /** Fetches the trades that a lost connection missed, page by page. */
  const recover = (pair: Pair, gap: TradeGap, since: string, page: number) => {
    const path = `/0/public/Trades?pair=${pairName(pair.venueSymbol)}&since=${since}&count=${TRADES_A_PAGE}`;
    requests.ask(`trades ${pair.symbol}`, path, (answer) => {
      const read = answer.ok ? readTradesPage(pair.symbol, answer.body) : rejected('fetch', answer.reason);
      if (isRejected(read)) {
        emit(read);
        if (trades.isOpen(gap)) trades.close(gap, false);
        return;
      }
      if (!trades.add(gap, read.trades)) return;
      if (read.trades.length < TRADES_A_PAGE) trades.close(gap, true);
      else if (page === MAX_PAGES) trades.close(gap, false);
      else recover(pair, gap, read.last, page + 1);
    });
  };

  /** Begins to fetch what is missing, unless something is being fetched: then it is for the next look at the clock. */
  const fill = (pair: Pair) => {
    if (pair.missingSinceNs === undefined || !pair.confirmed.has('trade')) return;
    if (pair.gap !== undefined && trades.isOpen(pair.gap)) return;
    pair.gap = trades.open([pair.symbol], pair.missingSinceNs);
    pair.missingSinceNs = undefined;
    recover(pair, pair.gap, String(pair.gap.startNs), 1);
  };

  /** A message that cannot be read may have been of anything: no book is to be trusted, and trades may be missing. */
  const onUnreadable = () => {
    for (const pair of pairs.values()) if (pair.confirmed.has('trade')) pair.missingSinceNs ??= lastToldNs();
    const spoiled = books.symbols().filter((symbol) => books.isValid(symbol));
    for (const symbol of spoiled) books.invalidate(symbol, 'sequence', true);
    restart(spoiled);
  };

  const onConfirmed = (pair: Pair, channel: Channel) => {
    pair.confirmed.add(channel);
    if (channel === 'trade') fill(pair);
    checkSubscribed();
  };

  const checkSubscribed = () => {
    const isReady = ({ confirmed, isRefused }: Pair) => isRefused || confirmed.size === CHANNELS.length;
    const isComplete = [...pairs.values()].every(isReady);
    if (isComplete && !isSubscribed) emit({ kind: 'state', state: 'subscribed' });
    isSubscribed = isComplete;
  };

  /** The venue may end a subscription by itself, which would leave what it shows standing still. */
  const onEnded = (pair: Pair, channel: Channel) => {
    if (channel === 'book' && pair.endings > 0) {
      pair.endings -= 1;
      return;
    }
    if (channel === 'trade') pair.missingSinceNs ??= lastToldNs();
    if (channel === 'book') books.invalidate(pair.symbol, 'no-snapshot', true);
    pair.confirmed.delete(channel);
    send('subscribe', channel, [pair]);
  };

  const onError = (pair: Pair | undefined, { pair: named, errorMessage }: Fields) => {
    const error = textOf(errorMessage);
    const text = named === undefined ? error : `${textOf(named)}: ${error}`;
    if (NO_SUCH_PAIR.test(error) && pair !== undefined) return refuse(pair, text);
    emit(rejected('refused', text));
    if (pair !== undefined && NOT_SUBSCRIBED.test(error)) pair.endings = Math.max(0, pair.endings - 1);
    if (PASSING.test(error)) emit({ kind: 'reconnect', reason: `the venue answered ${text}` });
  };

  const refuse = (pair: Pair, text: string) => {
    // Each channel is refused by itself.
    if (pair.isRefused) return;
    pair.isRefused = true;
    emit(rejected('refused', text));
    books.invalidate(pair.symbol, 'refused', false);
    checkSubscribed();
  };

  const onSystemStatus = (status: unknown) => {
    if (typeof status !== 'string' || status === systemStatus) return;
    systemStatus = status;
    const effect =
      status === 'online' ? 'resume' : status === 'maintenance' || status === 'cancel_only' ? 'halt' : 'none';
    for (const symbol of pairs.keys()) {
      const event = {
        kind: 'status',
        symbol,
        statusCode: status.slice(0, 64),
        statusMessage: '',
        reasonCode: '',
        reasonMessage: '',
        tape: '',
        effect,
        ...venueTime.now(),
      } as const;
      emit({ kind: 'event', event, recovered: false });
    }
  };

  const control = (message: Fields) => {
    if (message.event === 'heartbeat' || message.event === 'pong') return;
    if (message.event === 'systemStatus') return onSystemStatus(message.status);
    if (message.event === 'error') return onError(undefined, message);
    if (message.event !== 'subscriptionStatus') return emit({ kind: 'unknown', type: textOf(message.event) });
    const pair = typeof message.pair === 'string' ? byVenueSymbol.get(message.pair) : undefined;
    if (message.status === 'error') return onError(pair, message);
    const channel = channelOf(message.channelName);
    if (pair === undefined || channel === undefined) return;
    if (message.status === 'subscribed') onConfirmed(pair, channel);
    else if (message.status === 'unsubscribed') onEnded(pair, channel);
  };

  const onTrades = (pair: Pair, payload: unknown, frame: string) => {
    if (!Array.isArray(payload)) return emit(rejected('shape', payload));
    if (!isNewMessage(pair, frame, payload)) return emit({ kind: 'duplicate', symbol: pair.symbol, what: 'trade' });
    for (const one of payload) {
      const trade = readTrade(pair.symbol, one, (time) => tradeIdOf(pair, time));
      if (trade.kind === 'rejected') {
        emit(trade);
        continue;
      }
      venueTime.seen(trade.venueTsNs);
      trades.take(trade);
    }
  };

  const onSpread = (pair: Pair, payload: unknown) => {
    const event = readSpread(pair.symbol, payload);
    if (event.kind === 'rejected') return emit(event);
    venueTime.seen(event.venueTsNs);
    emit({ kind: 'event', event, recovered: false });
  };

  const onBook = (pair: Pair, payloads: readonly unknown[]) => {
    const { symbol } = pair;
    const read = readBook(payloads);
    if (isRejected(read)) {
      emit(read);
      if (books.isValid(symbol)) spoil(symbol, 'sequence');
      return;
    }
    // What is left of a subscription that was ended because its book did not match.
    if (!read.snapshot && !books.isValid(symbol)) return;
    if (read.snapshot) pair.book = checksumBook();
    const change = applied(pair.book, read, depth);
    if (read.checksum !== undefined && checksumOf(pair.book) !== read.checksum) return spoil(symbol, 'checksum');
    if (read.snapshot) books.arrived(symbol);
    // A snapshot bears the times at which its levels became what they are: of a quiet pair, hours ago.
    if (read.venueTsNs !== undefined && !read.snapshot) venueTime.seen(read.venueTsNs);
    const event = {
      kind: 'book',
      symbol,
      snapshot: read.snapshot,
      ...change,
      ...(read.venueTsNs === undefined ? venueTime.now() : timeOf(read.venueTsNs, 'venue')),
      venueSeq: null,
      checksum: read.checksum ?? null,
    } as const;
    emit({ kind: 'event', event, recovered: false });
  };

  const spoil = (symbol: string, reason: 'sequence' | 'checksum') => {
    books.invalidate(symbol, reason, true);
    restart([symbol]);
  };

  const receive = (frame: string) => {
    const value = knownKrakenFrame(frame) ?? parsed(frame);
    if (value === undefined) {
      emit(rejected('json', frame));
      return onUnreadable();
    }
    if (!Array.isArray(value)) {
      const message = fieldsOf(value);
      return message === undefined ? emit(rejected('shape', value)) : control(message);
    }
    const name = value.at(-1);
    const channel = channelOf(value.at(-2));
    if (value.length < 4 || channel === undefined) return emit({ kind: 'unknown', type: textOf(value.at(-2)) });
    const pair = typeof name === 'string' ? byVenueSymbol.get(name) : undefined;
    if (pair === undefined) return emit({ kind: 'unknown', type: 'of a symbol not subscribed' });
    if (channel === 'trade') onTrades(pair, value[1], frame);
    else if (channel === 'spread') onSpread(pair, value[1]);
    else onBook(pair, value.slice(1, -2));
  };

  const subscribe = (symbols: readonly string[]) => {
    const wanted = new Set(symbols);
    const gone = [...pairs.values()].filter(({ symbol }) => !wanted.has(symbol));
    for (const { symbol, venueSymbol } of gone) {
      pairs.delete(symbol);
      byVenueSymbol.delete(venueSymbol);
      trades.forget(symbol);
      books.remove(symbol);
    }
    const added = [...wanted].filter((symbol) => !pairs.has(symbol)).map(pairOf);
    for (const pair of added) {
      pairs.set(pair.symbol, pair);
      byVenueSymbol.set(pair.venueSymbol, pair);
      books.add(pair.symbol);
    }
    isSubscribed = isSubscribed && added.length === 0;
    if (!isConnected) return;
    for (const channel of CHANNELS) send('unsubscribe', channel, gone);
    start(added);
  };

  const disconnected = () => {
    isConnected = false;
    isSubscribed = false;
    for (const pair of pairs.values()) {
      if (pair.confirmed.has('trade')) pair.missingSinceNs ??= lastToldNs();
      pair.confirmed.clear();
      pair.isRefused = false;
      pair.endings = 0;
      books.invalidate(pair.symbol, 'reconnect', false);
    }
  };

  return protocolOf({
    connected() {
      isConnected = true;
      emit({ kind: 'state', state: 'authenticated' });
      start([...pairs.values()]);
    },
    receive,
    fetched: requests.answer,
    subscribe,
    clock() {
      trades.clock();
      for (const pair of pairs.values()) fill(pair);
      restart(books.overdue());
    },
    resync(symbol, reason) {
      if (!books.has(symbol)) return;
      books.invalidate(symbol, reason, isConnected);
      restart([symbol]);
    },
    disconnected,
  });
}
