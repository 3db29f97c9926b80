import { createDepthJoin, type DepthJoin } from './binance-book.ts';
import {
  readDepthSnapshot,
  readDepthUpdate,
  readInstrument,
  readQuote,
  readTrade,
  readTrades,
} from './binance-messages.ts';
import { isRejected } from './levels.ts';
import type { VenueProtocol } from './protocol.ts';
import { countOf, type Fields, fieldsOf, parsed, rejected, textOf } from './reading.ts';
import { createRequests } from './requests.ts';
import { createSequencedTrades } from './sequenced-trades.ts';
import { createTurns } from './turns.ts';

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

/** Streams that one connection takes, and those named in one message; five messages a second are allowed. */
const MAX_STREAMS = 1_024;
const STREAMS_A_MESSAGE = 300;
const TRADES_A_PAGE = 1_000;

interface SymbolFeed {
  readonly symbol: string;
  readonly venueSymbol: string;
  readonly streams: readonly string[];
  readonly book: DepthJoin;
  quoteSeq: number;
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
  /** Message ids of subscriptions that the venue has not confirmed yet, and whom they are for. */
  const unconfirmed = new Map<number, readonly SymbolFeed[]>();
  const { nowNs, emit, protocolOf } = createTurns();
  let isConnected = false;
  let messageId = 0;
  let newestNs = 0n;

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
    const venueSymbol = symbol.replaceAll('-', '');
    const name = venueSymbol.toLowerCase();
    const path = `${streams.depthPath}?symbol=${venueSymbol}&limit=${snapshotDepth}`;
    const book = createDepthJoin({
      symbol,
      nowNs,
      venueNowNs: () => (newestNs === 0n ? nowNs() : newestNs),
      readSnapshot: readDepthSnapshot,
      emit,
      fetchSnapshot: (onAnswer) => {
        const requestId = requests.ask(`depth ${symbol}`, path, onAnswer);
        return () => requests.forget(requestId);
      },
    });
    const names = [`${name}@${streams.trades}`, `${name}@bookTicker`, `${name}@depth@100ms`];
    return { symbol, venueSymbol, streams: names, book, quoteSeq: -1 };
  };

  const send = (method: 'SUBSCRIBE' | 'UNSUBSCRIBE', those: readonly SymbolFeed[]) => {
    const each = Math.floor(STREAMS_A_MESSAGE / 3);
    for (let at = 0; at < those.length; at += each) {
      const some = those.slice(at, at + each);
      messageId += 1;
      const params = some.flatMap((feed) => feed.streams);
      emit({ kind: 'send', text: JSON.stringify({ method, params, id: messageId }) });
      if (method === 'SUBSCRIBE') unconfirmed.set(messageId, some);
    }
  };

  const askInstruments = (those: readonly SymbolFeed[]) => {
    if (those.length === 0) return;
    const paths =
      market === 'spot'
        ? those.map((feed) => [`${streams.instrumentsPath}?symbol=${feed.venueSymbol}`, [feed]] as const)
        : [[streams.instrumentsPath, those] as const];
    for (const [path, asked] of paths) {
      requests.ask(`instruments ${asked[0]?.symbol}`, path, (answer) => {
        if (!answer.ok) return emit(rejected('fetch', answer.reason));
        const body = parsed(answer.body);
        for (const { symbol, venueSymbol } of asked) {
          const event = readInstrument(symbol, venueSymbol, body) ?? rejected('symbol', venueSymbol);
          emit(isRejected(event) ? event : { kind: 'event', event, recovered: false });
        }
      });
    }
  };

  const start = (those: readonly SymbolFeed[]) => {
    send('SUBSCRIBE', those);
    askInstruments(those);
  };

  const control = (message: Fields) => {
    const error = fieldsOf(message.error) ?? (message.code === undefined ? undefined : message);
    if (error !== undefined) {
      const text = `${textOf(error.code)}: ${textOf(error.msg)}`;
      emit(rejected('refused', text));
      return emit({ kind: 'reconnect', reason: `the venue answered ${text}` });
    }
    const id = countOf(message.id);
    const confirmed = id === undefined ? undefined : unconfirmed.get(id);
    if (id === undefined || confirmed === undefined) return;
    unconfirmed.delete(id);
    for (const feed of confirmed) if (feeds.get(feed.symbol) === feed) feed.book.begin();
    if (unconfirmed.size === 0) emit({ kind: 'state', state: 'subscribed' });
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

  const seen = (venueTsNs: bigint) => {
    if (venueTsNs > newestNs) newestNs = venueTsNs;
  };

  const depth = ({ book }: SymbolFeed, message: Fields) => {
    const update = readDepthUpdate(message);
    if (isRejected(update)) return emit(update);
    seen(update.venueTsNs);
    book.update(update);
  };

  const quote = (feed: SymbolFeed, message: Fields) => {
    const event = readQuote(feed.symbol, message, newestNs === 0n ? nowNs() : newestNs);
    if (isRejected(event)) return emit(event);
    const seq = event.venueSeq ?? 0;
    if (seq <= feed.quoteSeq) return emit({ kind: 'duplicate', symbol: feed.symbol, what: 'quote' });
    feed.quoteSeq = seq;
    seen(event.venueTsNs);
    emit({ kind: 'event', event, recovered: false });
  };

  const trade = (feed: SymbolFeed, message: Fields) => {
    const read = readTrade(feed.symbol, message, streams.trades === 'trade' ? message.t : message.a);
    if (isRejected(read)) return emit(read);
    seen(read.trade.venueTsNs);
    trades.take(read.id, read.trade, false);
  };

  const receive = (frame: string) => {
    const value = parsed(frame);
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
    const most = Math.floor(MAX_STREAMS / 3);
    if (wanted.size > most) {
      emit(rejected('refused', `${wanted.size} symbols > ${most} that one connection takes`));
      for (const symbol of [...wanted].slice(most)) wanted.delete(symbol);
    }
    const gone = [...feeds.values()].filter(({ symbol }) => !wanted.has(symbol));
    for (const feed of gone) {
      feeds.delete(feed.symbol);
      byVenueSymbol.delete(feed.venueSymbol);
      trades.forget(feed.symbol);
      feed.book.stop('unsubscribed');
    }
    const added: SymbolFeed[] = [];
    for (const symbol of wanted) {
      if (feeds.has(symbol)) continue;
      const feed = open(symbol);
      feeds.set(symbol, feed);
      byVenueSymbol.set(feed.venueSymbol, feed);
      added.push(feed);
      emit({ kind: 'book-invalid', symbol, reason: 'no-snapshot' });
    }
    if (!isConnected) return;
    send('UNSUBSCRIBE', gone);
    start(added);
  };

  const disconnected = () => {
    isConnected = false;
    unconfirmed.clear();
    for (const feed of feeds.values()) {
      feed.book.stop('reconnect');
      feed.quoteSeq = -1;
    }
  };

  return protocolOf({
    connected() {
      isConnected = true;
      emit({ kind: 'state', state: 'authenticated' });
      start([...feeds.values()]);
    },
    receive,
    fetched: requests.answer,
    subscribe,
    clock() {
      for (const { book } of feeds.values()) book.clock();
      trades.clock();
    },
    resync: (symbol, reason) => feeds.get(symbol)?.book.restart(reason),
    disconnected,
  });
}
