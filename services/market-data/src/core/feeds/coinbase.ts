import { createAwaitedSnapshots } from './awaited-snapshots.ts';
import { type NumberedTrade, readInstrument, readTrades, readUpdates } from './coinbase-messages.ts';
import { knownCoinbaseFrame } from './known-frames.ts';
import { isRejected } from './levels.ts';
import type { FetchAnswer, VenueProtocol } from './protocol.ts';
import { countOf, type Fields, fieldsOf, parsed, rejected, textOf, timeOfText } from './reading.ts';
import { createRequests } from './requests.ts';
import { createSequencedTrades } from './sequenced-trades.ts';
import { createTurns } from './turns.ts';
import { timeOf } from './venue-time.ts';

const PRODUCTS = '/api/v3/brokerage/market/products';
/** Newest trades that REST gives; older ones cannot be had by id. */
const TRADES_A_PAGE = 1_000;
const DATA_CHANNELS = ['market_trades', 'level2'] as const;
type DataChannel = (typeof DATA_CHANNELS)[number];
/** What REST answers of a product that there is not. */
const UNKNOWN_PRODUCT = /\bstatus 404\b/;
const NOT_SUBSCRIBED = 'of a symbol not subscribed';

/**
 * Coinbase Advanced Trade's market data: trades, book (`level2`) and heartbeats, without a key. Every message of a
 * connection has a `sequence_num` that rises by one over all channels, so after a hole no book is to be trusted: all
 * become invalid and are subscribed again, which brings new snapshots. Trade ids of a product rise by one as well;
 * missing ones are taken from the snapshot that begins a subscription, then from REST.
 */
export function createCoinbaseProtocol(): VenueProtocol {
  const { nowNs, emit, protocolOf } = createTurns();
  let isConnected = false;
  let lastSequence: number | undefined;
  /** The number that comes next when the one that seemed to leave a hole was wrong. */
  let afterWrong: number | undefined;
  let isSubscribed = false;
  /** What the venue says is subscribed. */
  let listed: Fields | undefined;
  /** Symbols that the venue does not serve, and who said so: the stream is asked again with each connection. */
  const refusedBy = new Map<string, 'stream' | 'rest'>();

  const books = createAwaitedSnapshots({ nowNs, emit });
  const requests = createRequests(emit);
  const trades = createSequencedTrades({
    nowNs,
    emit,
    request: ({ symbol }) => {
      const path = `${PRODUCTS}/${symbol}/ticker?limit=${TRADES_A_PAGE}`;
      const requestId: string = requests.ask(`trades ${symbol}`, path, (answer) => {
        const page = answer.ok ? readTrades(fieldsOf(parsed(answer.body))?.trades) : rejected('fetch', answer.reason);
        if (isRejected(page)) {
          emit(page);
          trades.failed(requestId);
        } else {
          const ours = page.filter(({ trade }) => trade.symbol === symbol);
          trades.page(
            requestId,
            ours.map(({ id, trade }) => [id, trade]),
          );
        }
      });
      return requestId;
    },
  });

  const send = (type: 'subscribe' | 'unsubscribe', channel: DataChannel, symbols: readonly string[]) => {
    if (symbols.length > 0) emit({ kind: 'send', text: JSON.stringify({ type, product_ids: symbols, channel }) });
  };

  const served = () => books.symbols().filter((symbol) => !refusedBy.has(symbol));

  const enlist = (symbols: readonly string[]) => {
    for (const channel of DATA_CHANNELS) send('subscribe', channel, symbols);
    books.asked(symbols);
  };

  const start = (symbols: readonly string[]) => {
    enlist(symbols.filter((symbol) => !refusedBy.has(symbol)));
    for (const symbol of symbols) {
      requests.ask(`instrument ${symbol}`, `${PRODUCTS}/${symbol}`, (answer) => onInstrument(symbol, answer));
    }
  };

  const onInstrument = (symbol: string, answer: FetchAnswer) => {
    if (!books.has(symbol)) return;
    if (!answer.ok && UNKNOWN_PRODUCT.test(answer.reason)) return refuse(symbol, 'rest', answer.reason);
    const event = answer.ok ? readInstrument(symbol, fieldsOf(parsed(answer.body))) : rejected('fetch', answer.reason);
    if (isRejected(event)) return emit(event);
    emit({ kind: 'event', event, recovered: false });
    if (refusedBy.get(symbol) !== 'rest') return;
    refusedBy.delete(symbol);
    isSubscribed = false;
    if (isConnected) enlist([symbol]);
  };

  const refuse = (symbol: string, by: 'stream' | 'rest', text: string) => {
    refusedBy.set(symbol, by);
    emit(rejected('refused', `${symbol}: ${text}`));
    books.invalidate(symbol, 'refused', false);
    checkSubscribed();
  };

  const restart = (symbols: readonly string[]) => {
    if (!isConnected) return;
    const asked = books.affordable(symbols);
    send('unsubscribe', 'level2', asked);
    send('subscribe', 'level2', asked);
    books.asked(asked);
  };

  const invalidateAll = () => {
    const symbols = served();
    for (const symbol of symbols) books.invalidate(symbol, 'sequence', true);
    restart(symbols);
  };

  /** False for a message that was there before. */
  const follow = (message: Fields): boolean => {
    const sequence = countOf(message.sequence_num);
    if (sequence === undefined) {
      emit(rejected('sequence', message.sequence_num));
      return false;
    }
    const expected = lastSequence === undefined ? sequence : lastSequence + 1;
    if (sequence < expected && sequence === afterWrong) {
      // Held against the wrong number, all that follows would pass for old.
      lastSequence = sequence;
      afterWrong = undefined;
      invalidateAll();
      return true;
    }
    if (sequence < expected) {
      const symbol = Array.isArray(message.events) ? fieldsOf(message.events[0])?.product_id : undefined;
      const what = message.channel === 'market_trades' ? 'trade' : 'book';
      emit({ kind: 'duplicate', symbol: typeof symbol === 'string' ? symbol : '', what });
      return false;
    }
    lastSequence = sequence;
    if (sequence === expected) return true;
    afterWrong = expected + 1;
    for (const symbol of books.symbols())
      emit({ kind: 'lost', symbol, topic: 'book', from: expected, to: sequence - 1 });
    invalidateAll();
    return true;
  };

  const onTrades = (event: Fields) => {
    const read = readTrades(event.trades);
    if (isRejected(read)) return emit(read);
    const isOurs = ({ trade }: NumberedTrade) => books.has(trade.symbol);
    const ours = read.every(isOurs) ? read : read.filter(isOurs);
    if (ours.length < read.length) emit({ kind: 'unknown', type: NOT_SUBSCRIBED });
    if (event.type === 'snapshot') trades.history(ours.map(({ id, trade }) => [id, trade]));
    else for (const { id, trade } of ours) trades.take(id, trade, false);
  };

  const onBook = (event: Fields, timestamp: unknown) => {
    const symbol = event.product_id;
    if (typeof symbol !== 'string') {
      emit(rejected('symbol', symbol));
      return invalidateAll();
    }
    if (!books.has(symbol)) return emit({ kind: 'unknown', type: NOT_SUBSCRIBED });
    const snapshot = event.type === 'snapshot';
    // What is left of a subscription that was ended because of a hole.
    if (!snapshot && !books.isValid(symbol)) return;
    const change = readUpdates(event.updates);
    const venueTsNs = isRejected(change) ? undefined : (change.venueTsNs ?? timeOfText(timestamp));
    if (isRejected(change) || venueTsNs === undefined) {
      emit(isRejected(change) ? change : rejected('time', timestamp));
      books.invalidate(symbol, 'sequence', true);
      return restart([symbol]);
    }
    if (snapshot) books.arrived(symbol);
    const { bids, asks } = change;
    const told = { ...timeOf(venueTsNs, 'venue'), venueSeq: lastSequence ?? null, checksum: null };
    emit({ kind: 'event', event: { kind: 'book', symbol, snapshot, bids, asks, ...told }, recovered: false });
  };

  const checkSubscribed = () => {
    const isListed = (channel: DataChannel, symbol: string) => {
      const list = listed?.[channel];
      return Array.isArray(list) && list.includes(symbol);
    };
    const wanted = served();
    const isComplete = wanted.every((symbol) => DATA_CHANNELS.every((channel) => isListed(channel, symbol)));
    if (isComplete && !isSubscribed && wanted.length > 0) emit({ kind: 'state', state: 'subscribed' });
    isSubscribed = isComplete;
  };

  /**
   * A subscription with one product that the venue does not know is passed over as a whole: the others are asked for
   * again without those that the error names. One that names none of ours passes by with another connection, or goes on
   * until REST has told which product there is not.
   */
  const onError = ({ message, reason }: Fields) => {
    const text = [message, reason].filter((one) => typeof one === 'string').join(': ');
    const words = new Set(text.split(/[^A-Za-z0-9.-]+/));
    const named = books.symbols().filter((symbol) => words.has(symbol));
    const news = named.filter((symbol) => !refusedBy.has(symbol));
    for (const symbol of news) refuse(symbol, 'stream', text);
    if (news.length > 0) return enlist(served());
    if (named.length > 0) return;
    emit(rejected('refused', text));
    emit({ kind: 'reconnect', reason: `the venue answered ${textOf(text)}` });
  };

  const receive = (frame: string) => {
    const value = knownCoinbaseFrame(frame) ?? parsed(frame);
    if (value === undefined) return emit(rejected('json', frame));
    const message = fieldsOf(value);
    if (message === undefined) return emit(rejected('shape', value));
    if (message.type === 'error') return onError(message);
    const { channel, events } = message;
    if (!follow(message)) return;
    if (!Array.isArray(events)) return emit(rejected('shape', events));
    for (const one of events) {
      const event = fieldsOf(one);
      if (event === undefined) emit(rejected('shape', one));
      else if (channel === 'l2_data') onBook(event, message.timestamp);
      else if (channel === 'market_trades') onTrades(event);
      else if (channel === 'subscriptions') {
        listed = fieldsOf(event.subscriptions);
        checkSubscribed();
      } else if (channel !== 'heartbeats') emit({ kind: 'unknown', type: textOf(channel) });
    }
  };

  const subscribe = (symbols: readonly string[]) => {
    const wanted = new Set(symbols);
    const before = books.symbols();
    const gone = before.filter((symbol) => !wanted.has(symbol));
    for (const symbol of gone) {
      books.remove(symbol);
      trades.forget(symbol);
      refusedBy.delete(symbol);
    }
    const added = [...wanted].filter((symbol) => !books.has(symbol));
    for (const symbol of added) books.add(symbol);
    isSubscribed = isSubscribed && added.length === 0;
    if (!isConnected) return;
    for (const channel of DATA_CHANNELS) send('unsubscribe', channel, gone);
    start(added);
  };

  return protocolOf({
    connected() {
      isConnected = true;
      lastSequence = undefined;
      afterWrong = undefined;
      isSubscribed = false;
      listed = undefined;
      for (const [symbol, by] of refusedBy) if (by === 'stream') refusedBy.delete(symbol);
      emit({ kind: 'state', state: 'authenticated' });
      emit({ kind: 'send', text: JSON.stringify({ type: 'subscribe', channel: 'heartbeats' }) });
      start(books.symbols());
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
    disconnected() {
      isConnected = false;
      for (const symbol of books.symbols()) books.invalidate(symbol, 'reconnect', false);
    },
  });
}
