import { createAwaitedSnapshots } from './awaited-snapshots.ts';
import { type ChecksumBook, checksumBook, checksumOf, setLevel, truncate } from './kraken-book.ts';
import {
  type BookMessage,
  readBook,
  readInstrument,
  readSpread,
  readTrade,
  readTradesPage,
} from './kraken-messages.ts';
import { isRejected } from './levels.ts';
import type { Level, VenueProtocol } from './protocol.ts';
import { type Fields, fieldsOf, parsed, rejected, sizeText, textOf } from './reading.ts';
import { createRequests } from './requests.ts';
import { createTimedTrades, type TradeGap } from './timed-trades.ts';
import { createTurns } from './turns.ts';

export interface KrakenOptions {
  /** Levels a side that are subscribed. */
  readonly depth: 10 | 25 | 100 | 500 | 1000;
}

const CHANNELS = ['trade', 'spread', 'book'] as const;
type Channel = (typeof CHANNELS)[number];

/** Where Kraken has a name of its own. */
const VENUE_CODES: Readonly<Record<string, string>> = { BTC: 'XBT', DOGE: 'XDG' };
const TRADES_A_PAGE = 1_000;
const MAX_PAGES = 10;
/** REST wrote times with four decimals for years, the stream with six. */
const TOLERANCE_NS = 100_000n;

interface Pair {
  readonly symbol: string;
  readonly venueSymbol: string;
  readonly confirmed: Set<Channel>;
  book: ChecksumBook;
  /** Venue time up to which trades came before the connection was lost; undefined when none are missing. */
  missingSinceNs: bigint | undefined;
  /** Text of the newest trade time, and how many trades had it. */
  tradeTime: string;
  tradesAtTime: number;
}

/**
 * Kraken's WebSocket v1: trades, best bid and ask (`spread`) and the book, whose every change bears a CRC-32 of the ten
 * best levels; a book that does not match is subscribed again. Trades have no id in the stream: after a lost connection
 * those of REST are matched by price, size, side and time.
 */
export function createKrakenProtocol({ depth }: KrakenOptions): VenueProtocol {
  const pairs = new Map<string, Pair>();
  const byVenueSymbol = new Map<string, Pair>();
  const { nowNs, emit, protocolOf } = createTurns();
  let newestNs = 0n;
  let isConnected = false;
  let isSubscribed = false;
  let systemStatus = 'online';

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
    const those = symbols.flatMap((symbol) => pairs.get(symbol) ?? []);
    send('unsubscribe', 'book', those);
    send('subscribe', 'book', those);
    books.asked(symbols);
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

  const onConfirmed = (pair: Pair, channel: Channel) => {
    pair.confirmed.add(channel);
    if (channel === 'trade' && pair.missingSinceNs !== undefined) {
      const gap = trades.open([pair.symbol], pair.missingSinceNs);
      pair.missingSinceNs = undefined;
      recover(pair, gap, String(gap.startNs), 1);
    }
    const isComplete = [...pairs.values()].every(({ confirmed }) => confirmed.size === CHANNELS.length);
    if (isComplete && !isSubscribed) emit({ kind: 'state', state: 'subscribed' });
    isSubscribed = isComplete;
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
        venueTsNs: newestNs === 0n ? nowNs() : newestNs,
      } as const;
      emit({ kind: 'event', event, recovered: false });
    }
  };

  const control = (message: Fields) => {
    if (message.event === 'heartbeat' || message.event === 'pong') return;
    if (message.event === 'systemStatus') return onSystemStatus(message.status);
    if (message.event === 'error') return emit(rejected('refused', message.errorMessage));
    if (message.event !== 'subscriptionStatus') return emit({ kind: 'unknown', type: textOf(message.event) });
    if (message.status === 'error')
      return emit(rejected('refused', `${textOf(message.pair)}: ${textOf(message.errorMessage)}`));
    const pair = typeof message.pair === 'string' ? byVenueSymbol.get(message.pair) : undefined;
    const channel = channelOf(message.channelName);
    if (pair !== undefined && channel !== undefined && message.status === 'subscribed') onConfirmed(pair, channel);
  };

  const seen = (venueTsNs: bigint) => {
    if (venueTsNs > newestNs) newestNs = venueTsNs;
  };

  const onTrades = (pair: Pair, payload: unknown) => {
    if (!Array.isArray(payload)) return emit(rejected('shape', payload));
    for (const one of payload) {
      const trade = readTrade(pair.symbol, one, (time) => tradeIdOf(pair, time));
      if (trade.kind === 'rejected') {
        emit(trade);
        continue;
      }
      seen(trade.venueTsNs);
      trades.take(trade);
    }
  };

  const onSpread = (pair: Pair, payload: unknown) => {
    const event = readSpread(pair.symbol, payload);
    if (event.kind === 'rejected') return emit(event);
    seen(event.venueTsNs);
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
    if (read.venueTsNs !== undefined) seen(read.venueTsNs);
    const event = {
      kind: 'book',
      symbol,
      snapshot: read.snapshot,
      ...change,
      venueTsNs: read.venueTsNs ?? newestNs,
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
    const value = parsed(frame);
    if (value === undefined) return emit(rejected('json', frame));
    if (!Array.isArray(value)) {
      const message = fieldsOf(value);
      return message === undefined ? emit(rejected('shape', value)) : control(message);
    }
    const name = value.at(-1);
    const channel = channelOf(value.at(-2));
    if (value.length < 4 || channel === undefined) return emit({ kind: 'unknown', type: textOf(value.at(-2)) });
    const pair = typeof name === 'string' ? byVenueSymbol.get(name) : undefined;
    if (pair === undefined) return emit({ kind: 'unknown', type: 'of a symbol not subscribed' });
    if (channel === 'trade') onTrades(pair, value[1]);
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
      if (pair.confirmed.has('trade')) pair.missingSinceNs ??= newestNs === 0n ? nowNs() : newestNs;
      pair.confirmed.clear();
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

function pairOf(symbol: string): Pair {
  const venueSymbol = symbol
    .split('-')
    .map((code) => VENUE_CODES[code] ?? code)
    .join('/');
  return {
    symbol,
    venueSymbol,
    confirmed: new Set(),
    book: checksumBook(),
    missingSinceNs: undefined,
    tradeTime: '',
    tradesAtTime: 0,
  };
}

/** As REST names the pair. */
function pairName(venueSymbol: string): string {
  return venueSymbol.replaceAll('/', '');
}

function channelOf(name: unknown): Channel | undefined {
  if (typeof name !== 'string') return undefined;
  const plain = name.startsWith('book-') ? 'book' : name;
  return CHANNELS.find((channel) => channel === plain);
}

function tradeIdOf(pair: Pair, time: string): string {
  pair.tradesAtTime = time === pair.tradeTime ? pair.tradesAtTime + 1 : 0;
  pair.tradeTime = time;
  return `${time}-${pair.tradesAtTime}`;
}

/** Applies a message to the book; what falls out of the subscribed depth is in the result as removed. */
function applied(
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
