import { createDepthJoin, type DepthJoin } from './binance-book.ts';
import {
  readDepthSnapshot,
  readDepthUpdate,
  readInstrument,
  readQuote,
  readTrade,
  readTrades,
} from './binance-messages.ts';
import { BINANCE_MAX_SYMBOLS, createSubscriptions } from './binance-subscriptions.ts';
import { knownBinanceFrame } from './known-frames.ts';
import { isRejected } from './levels.ts';
import type { VenueProtocol } from './protocol.ts';
import { countOf, type Fields, fieldsOf, parsed, rejected, textOf } from './reading.ts';
import { createRequests } from './requests.ts';
import { createRisingNumbers, type RisingNumbers } from './rising-numbers.ts';
import { createSequencedTrades } from './sequenced-trades.ts';
import { createTurns } from './turns.ts';
import { createVenueTime } from './venue-time.ts';

export interface BinanceOptions {
  readonly market: 'spot' | 'usd-futures';
  /** Levels a side of the REST snapshot: up to 5,000 on spot, 1,000 on futures. */
  readonly snapshotDepth: number;
}

interface Streams {
  readonly trades: 'trade' | 'aggTrade';
  readonly depthPath: string;
  readonly tradesPath: string;
  readonly instrumentsPath: string;
}

/** Futures have no documented stream of single trades. */
const STREAMS: Readonly<Record<BinanceOptions['market'], Streams>> = {
  spot: {
    trades: 'trade',
    depthPath: '/api/v3/depth',
    tradesPath: '/api/v3/historicalTrades',
    instrumentsPath: '/api/v3/exchangeInfo',
  },
  'usd-futures': {
    trades: 'aggTrade',
    depthPath: '/fapi/v1/depth',
    tradesPath: '/fapi/v1/aggTrades',
    instrumentsPath: '/fapi/v1/exchangeInfo',
  },
};

const TRADES_A_PAGE = 1_000;
/** What REST answers, as HTTP 400, of a symbol that there is not. */
const UNKNOWN_SYMBOL = /"code":\s*-1121\b/;

interface SymbolFeed {
  readonly symbol: string;
  readonly venueSymbol: string;
  readonly streams: readonly [string, string, string];
  readonly book: DepthJoin;
  readonly quotes: RisingNumbers;
  /** The venue does not know it: it accepts subscriptions of it all the same, and nothing comes. */
  isRefused: boolean;
}

/**
 * Binance's combined stream: trades, best bid and ask, changes of the book every 100 ms. Connect to `/stream`; what is
 * wanted is subscribed by message, so that it can change while the connection lives. Trades have ids that rise by one,
 * so holes are seen and filled by id over REST.
 */
export function createBinanceProtocol({ market, snapshotDepth }: BinanceOptions): VenueProtocol {
  const streams = STREAMS[market];
  const feeds = new Map<string, SymbolFeed>();
  const byVenueSymbol = new Map<string, SymbolFeed>();
  const { nowNs, emit, protocolOf } = createTurns();
  /** That all is subscribed has been said of this connection. */
  let isSubscribed = false;
  const venueTime = createVenueTime(nowNs);

  const requests = createRequests(emit);
  const trades = createSequencedTrades({
    nowNs,
    emit,
    request: ({ symbol, fromId, toId }) => {
      const feed = feeds.get(symbol);
      if (feed === undefined) return undefined;
      const limit = Math.min(TRADES_A_PAGE, toId - fromId + 1);
      const path = `${streams.tradesPath}?symbol=${feed.venueSymbol}&fromId=${fromId}&limit=${limit}`;
      const requestId: string = requests.ask(`trades ${symbol}`, path, (answer) => {
        const page = answer.ok ? readTrades(symbol, answer.body) : rejected('fetch', answer.reason);
        if (isRejected(page)) {
          emit(page);
          trades.failed(requestId);
        } else trades.page(requestId, page);
      });
      return requestId;
    },
  });

  const open = (symbol: string): SymbolFeed => {
    const venueSymbol = binanceSymbol(symbol);
    const name = venueSymbol.toLowerCase();
    const path = `${streams.depthPath}?symbol=${venueSymbol}&limit=${snapshotDepth}`;
    const book = createDepthJoin({
      symbol,
      nowNs,
      timeNow: venueTime.now,
      readSnapshot: readDepthSnapshot,
      emit,
      fetchSnapshot: (onAnswer) => {
        const requestId = requests.ask(`depth ${symbol}`, path, onAnswer);
        return () => requests.forget(requestId);
      },
    });
    const names = [`${name}@${streams.trades}`, `${name}@bookTicker`, `${name}@depth@100ms`] as const;
    return { symbol, venueSymbol, streams: names, book, quotes: createRisingNumbers(), isRefused: false };
  };

  const refuse = (feed: SymbolFeed, text: string) => {
    if (feeds.get(feed.symbol) !== feed || feed.isRefused) return;
    feed.isRefused = true;
    emit(rejected('refused', `${feed.symbol}: ${text}`));
    feed.book.stop('refused');
  };

  const askInstruments = (those: readonly SymbolFeed[]) => {
    if (those.length === 0) return;
    const paths =
      market === 'spot'
        ? those.map((feed) => [`${streams.instrumentsPath}?symbol=${feed.venueSymbol}`, [feed]] as const)
        : [[streams.instrumentsPath, those] as const];
    for (const [path, asked] of paths) {
      requests.ask(`instruments ${asked[0]?.symbol}`, path, (answer) => {
        if (!answer.ok) {
          if (!UNKNOWN_SYMBOL.test(answer.reason)) return emit(rejected('fetch', answer.reason));
          for (const feed of asked) refuse(feed, answer.reason);
          return;
        }
        const body = parsed(answer.body);
        for (const feed of asked) {
          const event = readInstrument(feed.symbol, feed.venueSymbol, body);
          if (event === undefined) refuse(feed, 'not among the instruments');
          else emit(isRejected(event) ? event : { kind: 'event', event, recovered: false });
        }
      });
    }
  };

  const subscriptions = createSubscriptions<SymbolFeed>({
    ...{ nowNs, emit, wanted: byVenueSymbol },
    onAsked: askInstruments,
  });

  const reportSubscribed = () => {
    if (isSubscribed || !subscriptions.isSettled()) return;
    isSubscribed = true;
    emit({ kind: 'state', state: 'subscribed' });
  };

  const control = (message: Fields) => {
    const error = fieldsOf(message.error) ?? (message.code === undefined ? undefined : message);
    const id = countOf(message.id);
    const asked = id === undefined ? undefined : subscriptions.answered(id);
    if (error !== undefined && (asked === undefined || !isOurFault(error.code))) {
      const text = `${textOf(error.code)}: ${textOf(error.msg)}`;
      emit(rejected('refused', text));
      return emit({ kind: 'reconnect', reason: `the venue answered ${text}` });
    }
    if (asked === undefined) return;
    const [only] = asked;
    if (error === undefined) {
      for (const feed of asked) if (feeds.get(feed.symbol) === feed && !feed.isRefused) feed.book.begin();
    } else if (asked.length === 1 && only !== undefined) {
      subscriptions.refused(only);
      refuse(only, `${textOf(error.code)}: ${textOf(error.msg)}`);
    } else subscriptions.askSingly(asked);
    reportSubscribed();
  };

  const data = (message: Fields) => {
    const type = message.e ?? (message.A === undefined ? undefined : 'bookTicker');
    if (type === 'serverShutdown') return emit({ kind: 'reconnect', reason: 'the venue shuts this server down' });
    const feed = typeof message.s === 'string' ? byVenueSymbol.get(message.s) : undefined;
    // A few messages still come after a symbol has been unsubscribed.
    if (feed === undefined) return emit({ kind: 'unknown', type: 'of a symbol not subscribed' });
    if (type === 'depthUpdate') return depth(feed, message);
    if (type === 'bookTicker') return quote(feed, message);
    if (type === streams.trades) return trade(feed, message);
    emit({ kind: 'unknown', type: textOf(type) });
  };

  const depth = ({ book }: SymbolFeed, message: Fields) => {
    const update = readDepthUpdate(message);
    if (isRejected(update)) return emit(update);
    venueTime.seen(update.venueTsNs);
    book.update(update);
  };

  const quote = (feed: SymbolFeed, message: Fields) => {
    const event = readQuote(feed.symbol, message, venueTime.now);
    if (isRejected(event)) return emit(event);
    if (!feed.quotes.takes(event.venueSeq ?? 0)) return emit({ kind: 'duplicate', symbol: feed.symbol, what: 'quote' });
    if (event.venueTsSource === 'venue') venueTime.seen(event.venueTsNs);
    emit({ kind: 'event', event, recovered: false });
  };

  const trade = (feed: SymbolFeed, message: Fields) => {
    const read = readTrade(feed.symbol, message, streams.trades === 'trade' ? message.t : message.a);
    if (isRejected(read)) return emit(read);
    venueTime.seen(read.trade.venueTsNs);
    trades.take(read.id, read.trade, false);
  };

  const receive = (frame: string) => {
    const value = knownBinanceFrame(frame) ?? parsed(frame);
    if (value === undefined) return emit(rejected('json', frame));
    const message = fieldsOf(value);
    if (message === undefined) return emit(rejected('shape', value));
    const payload = message.stream === undefined ? undefined : fieldsOf(message.data);
    if (payload !== undefined) data(payload);
    else if (message.e !== undefined) data(message);
    else if (message.result !== undefined || message.error !== undefined || message.code !== undefined)
      control(message);
    else emit(rejected('shape', value));
  };

  const subscribe = (symbols: readonly string[]) => {
    const wanted = new Set(symbols);
    if (wanted.size > BINANCE_MAX_SYMBOLS) {
      emit(rejected('refused', `${wanted.size} symbols > ${BINANCE_MAX_SYMBOLS} that one connection takes`));
      for (const symbol of [...wanted].slice(BINANCE_MAX_SYMBOLS)) wanted.delete(symbol);
    }
    const gone = [...feeds.values()].filter(({ symbol }) => !wanted.has(symbol));
    for (const feed of gone) {
      feeds.delete(feed.symbol);
      byVenueSymbol.delete(feed.venueSymbol);
      trades.forget(feed.symbol);
      feed.book.stop('unsubscribed');
    }
    for (const symbol of wanted) {
      if (feeds.has(symbol)) continue;
      const twin = byVenueSymbol.get(binanceSymbol(symbol));
      if (twin !== undefined) {
        emit(rejected('refused', `${symbol} is ${twin.venueSymbol} at the venue, as is ${twin.symbol}`));
        continue;
      }
      const feed = open(symbol);
      feeds.set(symbol, feed);
      byVenueSymbol.set(feed.venueSymbol, feed);
      emit({ kind: 'book-invalid', symbol, reason: 'no-snapshot' });
    }
    subscriptions.changed();
  };

  const disconnected = () => {
    isSubscribed = false;
    subscriptions.end();
    for (const feed of feeds.values()) {
      feed.book.stop('reconnect');
      feed.quotes.reset();
    }
  };

  return protocolOf({
    connected() {
      isSubscribed = false;
      emit({ kind: 'state', state: 'authenticated' });
      for (const feed of feeds.values()) feed.isRefused = false;
      subscriptions.begin();
    },
    receive,
    fetched: requests.answer,
    subscribe,
    clock() {
      for (const { book } of feeds.values()) book.clock();
      trades.clock();
      subscriptions.clock();
      reportSubscribed();
    },
    resync: (symbol, reason) => feeds.get(symbol)?.book.restart(reason),
    disconnected,
  });
}

/** As the venue names the symbol: without what divides the pair, so that `BTC-USDT` and `BTCUSDT` are one. */
export function binanceSymbol(symbol: string): string {
  return symbol.replaceAll('-', '');
}

/** Errors of the request itself (unknown property, wrong type, invalid request, no JSON): the same again would fail again. */
function isOurFault(code: unknown): boolean {
  return code === 0 || code === 1 || code === 2 || code === 3;
}
