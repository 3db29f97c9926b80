import { createAwaitedSnapshots } from './awaited-snapshots.ts';
import { readInstrument, readTrades, readUpdates } from './coinbase-messages.ts';
import { isRejected } from './levels.ts';
import type { VenueProtocol } from './protocol.ts';
import { countOf, type Fields, fieldsOf, parsed, rejected, textOf, timeOfText } from './reading.ts';
import { createRequests } from './requests.ts';
import { createSequencedTrades } from './sequenced-trades.ts';
import { createTurns } from './turns.ts';

const PRODUCTS = '/api/v3/brokerage/market/products';
/** Newest trades that REST gives; older ones cannot be had by id. */
const TRADES_A_PAGE = 1_000;
const DATA_CHANNELS = ['market_trades', 'level2'] as const;
type DataChannel = (typeof DATA_CHANNELS)[number];
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

  const start = (symbols: readonly string[]) => {
    if (symbols.length === 0) return;
    for (const channel of DATA_CHANNELS) send('subscribe', channel, symbols);
    books.asked(symbols);
    for (const symbol of symbols) {
      requests.ask(`instrument ${symbol}`, `${PRODUCTS}/${symbol}`, (answer) => {
        const event = answer.ok
          ? readInstrument(symbol, fieldsOf(parsed(answer.body)))
          : rejected('fetch', answer.reason);
        emit(isRejected(event) ? event : { kind: 'event', event, recovered: false });
      });
    }
  };

  const restart = (symbols: readonly string[]) => {
    if (!isConnected) return;
    send('unsubscribe', 'level2', symbols);
    send('subscribe', 'level2', symbols);
    books.asked(symbols);
  };

  const invalidateAll = () => {
    const symbols = books.symbols();
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
    const ours = read.filter(({ trade }) => books.has(trade.symbol));
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
    const book = { kind: 'book', symbol, snapshot, bids, asks, venueTsNs, venueSeq: lastSequence ?? null } as const;
    emit({ kind: 'event', event: { ...book, checksum: null }, recovered: false });
  };

  const onSubscriptions = (event: Fields) => {
    const lists = fieldsOf(event.subscriptions);
    const isListed = (channel: DataChannel, symbol: string) => {
      const list = lists?.[channel];
      return Array.isArray(list) && list.includes(symbol);
    };
    const wanted = books.symbols();
    const isComplete = wanted.every((symbol) => DATA_CHANNELS.every((channel) => isListed(channel, symbol)));
    if (isComplete && !isSubscribed && wanted.length > 0) emit({ kind: 'state', state: 'subscribed' });
    isSubscribed = isComplete;
  };

  const receive = (frame: string) => {
    const value = parsed(frame);
    if (value === undefined) return emit(rejected('json', frame));
    const message = fieldsOf(value);
    if (message === undefined) return emit(rejected('shape', value));
    if (message.type === 'error') {
      emit(rejected('refused', message.message));
      return emit({ kind: 'reconnect', reason: `the venue answered ${textOf(message.message)}` });
    }
    const { channel, events } = message;
    if (!follow(message)) return;
    if (!Array.isArray(events)) return emit(rejected('shape', events));
    for (const one of events) {
      const event = fieldsOf(one);
      if (event === undefined) emit(rejected('shape', one));
      else if (channel === 'l2_data') onBook(event, message.timestamp);
      else if (channel === 'market_trades') onTrades(event);
      else if (channel === 'subscriptions') onSubscriptions(event);
      else if (channel !== 'heartbeats') emit({ kind: 'unknown', type: textOf(channel) });
    }
  };

  const subscribe = (symbols: readonly string[]) => {
    const wanted = new Set(symbols);
    const before = books.symbols();
    const gone = before.filter((symbol) => !wanted.has(symbol));
    for (const symbol of gone) {
      books.remove(symbol);
      trades.forget(symbol);
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
