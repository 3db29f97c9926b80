import type { AssetClass } from '@tickpath/trading';
import { symbolOfVenue, venueSymbolOf } from '@tickpath/wire';
import { type QuoteSizeUnit, readAlpacaMessage, readAsset, readTradesPage } from './alpaca-messages.ts';
import { createAlpacaWarmUp, inRequests, type WarmUpOptions } from './alpaca-warm-up.ts';
import { createAwaitedSnapshots } from './awaited-snapshots.ts';
import { knownAlpacaFrame } from './known-frames.ts';
import { isRejected } from './levels.ts';
import type { FeedOutput, FetchAnswer, VenueProtocol } from './protocol.ts';
import { type Fields, fieldsOf, parsed, rejected, textOf } from './reading.ts';
import { createRequests } from './requests.ts';
import { createTimedTrades, type TradeGap } from './timed-trades.ts';
import { createTurns } from './turns.ts';
import { rfc3339 } from './venue-text-time.ts';

export const ALPACA_CHANNELS = [
  'trades',
  'quotes',
  'bars',
  'updatedBars',
  'dailyBars',
  'statuses',
  'lulds',
  'imbalances',
  'orderbooks',
] as const;
export type AlpacaChannel = (typeof ALPACA_CHANNELS)[number];

export interface AlpacaOptions {
  readonly assetClass: AssetClass;
  /** `iex`, `sip`, …; of crypto the location: `us`. */
  readonly feed: string;
  readonly keyId: string;
  readonly secretKey: string;
  /** Corrections and cancels come with the trades. */
  readonly channels: readonly AlpacaChannel[];
  readonly quoteSizeUnit: QuoteSizeUnit;
  /** Whether trades that a lost connection missed are fetched. */
  readonly recoversTrades: boolean;
  /** What is fetched of the time before; null for nothing. */
  readonly warmUp?: WarmUpOptions | null;
}

/** Subscribes to all that the venue has. */
const ALL = '*';
const TRADES_A_PAGE = 10_000;
const MAX_PAGES = 10;
/** Rest and stream tell a trade's time alike, but for the last digits of some venues of crypto. */
const TOLERANCE_NS = 1_000n;

/**
 * Alpaca's market data, stocks and crypto. Subscriptions are sent once authenticated; the answer lists what is
 * subscribed in full. Trades are known by exchange and id; those that a lost connection missed are fetched over REST.
 * Books exist of crypto only: a message with `r` holds all of one.
 */
export function createAlpacaProtocol(options: AlpacaOptions): VenueProtocol {
  const { assetClass, channels } = options;
  const isCrypto = assetClass === 'crypto';
  const hasBooks = channels.includes('orderbooks');
  const wanted = new Set<string>();
  /** Other symbols of which something has come: with `*` nobody else names them. */
  const seenSymbols = new Set<string>();
  const { nowNs, emit, protocolOf } = createTurns();
  let newestNs = 0n;
  let isAuthenticated = false;
  let isSubscribed = false;
  let hasBeenSubscribed = false;
  /** Requests whose confirmation is still to come: only the last one lists what all of them led to. */
  let unconfirmed = 0;
  /** Venue time up to which trades came before some were missed; undefined when none are missing. */
  let missingSinceNs: bigint | undefined;
  /** Trades that are being fetched. */
  let openGaps: readonly TradeGap[] = [];

  const requests = createRequests(emit);
  const books = createAwaitedSnapshots({ nowNs, emit });
  const trades = createTimedTrades({
    by: 'id',
    toleranceNs: TOLERANCE_NS,
    nowNs,
    keyOf: ({ exchange, tradeId }) => (tradeId === '' ? undefined : `${exchange} ${tradeId}`),
    emit,
  });

  const spelled = (symbol: string) => (isCrypto ? venueSymbolOf(symbol) : symbol);
  const isWanted = (symbol: string) => wanted.has(ALL) || wanted.has(symbol);

  /** Subscribed, but nothing of the time before has been asked for yet. */
  const cold = new Set<string>();
  const warmUp = createAlpacaWarmUp({
    ...{ assetClass, feed: options.feed, options: options.warmUp ?? null, requests, nowNs, emit },
    // A lost connection is made good first.
    isReady: (symbols) => isSubscribed && !symbols.some(trades.hasGap),
    fetchTrades: (symbols, sinceNs) => fetchPage(trades.openPast(symbols, sinceNs), null, 1),
  });

  /** Not before the stream runs: what comes until then would be neither streamed nor fetched. */
  const warmUpCold = () => {
    if (!isSubscribed) return;
    const symbols = [...cold].filter(isWanted);
    cold.clear();
    warmUp.begin(symbols);
  };

  const send = (action: 'subscribe' | 'unsubscribe', symbols: readonly string[], those = channels) => {
    if (symbols.length === 0) return;
    const lists = Object.fromEntries(those.map((channel) => [channel, symbols.map(spelled)]));
    unconfirmed += 1;
    emit({ kind: 'send', text: JSON.stringify({ action, ...lists }) });
  };

  const start = (symbols: readonly string[]) => {
    send('subscribe', symbols);
    books.asked(symbols.includes(ALL) ? books.symbols() : symbols);
    for (const symbol of symbols) {
      if (symbol !== ALL && !warmUp.has(symbol)) cold.add(symbol);
      const path =
        symbol === ALL
          ? `/v2/assets?status=active&asset_class=${assetClass}`
          : `/v2/assets/${encodeURIComponent(spelled(symbol))}`;
      requests.ask(`instrument ${symbol}`, path, onAssets, 'trading');
    }
  };

  const onAssets = (answer: FetchAnswer) => {
    const body = answer.ok ? parsed(answer.body) : undefined;
    if (body === undefined) return emit(rejected('fetch', answer.ok ? answer.body : answer.reason));
    for (const one of Array.isArray(body) ? body : [body]) {
      const event = readAsset(one, assetClass);
      emit(isRejected(event) ? event : { kind: 'event', event, recovered: false });
      if (event.kind === 'instrument' && event.tradable && !warmUp.has(event.symbol)) cold.add(event.symbol);
    }
    warmUpCold();
  };

  const restartBooks = (symbols: readonly string[]) => {
    if (!isAuthenticated) return;
    const asked = books.affordable(symbols);
    send('unsubscribe', asked, ['orderbooks']);
    send('subscribe', asked, ['orderbooks']);
    books.asked(asked);
  };

  /** Begins to fetch what is missing, unless something is being fetched: then it is for the next look at the clock. */
  const recover = () => {
    openGaps = openGaps.filter(trades.isOpen);
    if (missingSinceNs === undefined || !isSubscribed || openGaps.length > 0) return;
    const sinceNs = missingSinceNs;
    missingSinceNs = undefined;
    if (!options.recoversTrades) return;
    const symbols = [...new Set([...wanted, ...seenSymbols])].filter((symbol) => symbol !== ALL && !cold.has(symbol));
    openGaps = inRequests(symbols).map((some) => trades.open(some, sinceNs));
    for (const gap of openGaps) fetchPage(gap, null, 1);
  };

  /** A frame that cannot be read may have been of anything: no book is to be trusted, and trades may be missing. */
  const onUnreadable = () => {
    if (isSubscribed && newestNs > 0n) missingSinceNs ??= newestNs;
    const spoiled = books.symbols().filter(books.isValid);
    for (const symbol of spoiled) books.invalidate(symbol, 'sequence', true);
    if (spoiled.length > 0) restartBooks(spoiled);
  };

  const fetchPage = (gap: TradeGap, token: string | null, page: number) => {
    const query = new URLSearchParams({
      symbols: [...gap.symbols].map(spelled).join(','),
      start: rfc3339(gap.startNs),
      limit: String(TRADES_A_PAGE),
      sort: 'asc',
      ...(isCrypto ? {} : { feed: options.feed }),
      ...(token === null ? {} : { page_token: token }),
    });
    const base = isCrypto ? `/v1beta3/crypto/${options.feed}/trades` : '/v2/stocks/trades';
    requests.ask('trades', `${base}?${query}`, (answer) => {
      const read = answer.ok ? readTradesPage(parsed(answer.body)) : rejected('fetch', answer.reason);
      if (isRejected(read)) {
        emit(read);
        if (trades.isOpen(gap)) trades.close(gap, false);
        return;
      }
      if (!trades.add(gap, read.trades)) return;
      if (read.nextToken === null) {
        const reached = trades.symbolsOf(gap).filter((symbol) => !gap.isPast || trades.remembersAll(symbol));
        emit({ kind: 'covered', symbols: reached, fromNs: gap.startNs });
        trades.close(gap, true);
      } else if (page === MAX_PAGES) {
        emit(rejected('fetch', `trades since ${rfc3339(gap.startNs)}: more than ${page} pages, allowed ${MAX_PAGES}`));
        trades.close(gap, false);
      } else fetchPage(gap, read.nextToken, page + 1);
    });
  };

  const onSubscription = (message: Fields) => {
    unconfirmed = Math.max(0, unconfirmed - 1);
    for (const channel of unconfirmed === 0 ? channels : []) {
      // A channel with nothing subscribed may be absent.
      const list: unknown = message[channel] ?? [];
      const missing = [...wanted].filter((symbol) => !Array.isArray(list) || !list.includes(spelled(symbol)));
      if (missing.length > 0) emit(rejected('refused', `${channel} of ${missing.join(', ')} not subscribed`));
    }
    if (!isSubscribed) emit({ kind: 'state', state: 'subscribed' });
    isSubscribed = true;
    hasBeenSubscribed = true;
    recover();
    if (unconfirmed === 0) warmUpCold();
  };

  const control = (message: Fields) => {
    if (message.T === 'success' && message.msg === 'connected') {
      const { keyId, secretKey } = options;
      emit({ kind: 'send', text: JSON.stringify({ action: 'auth', key: keyId, secret: secretKey }) });
    } else if (message.T === 'success' && message.msg === 'authenticated') {
      isAuthenticated = true;
      unconfirmed = 0;
      emit({ kind: 'state', state: 'authenticated' });
      start([...wanted]);
    } else if (message.T === 'subscription') onSubscription(message);
    else if (message.T === 'error') {
      const text = `${textOf(message.code)}: ${textOf(message.msg)}`;
      emit(rejected('refused', text));
      emit({ kind: 'reconnect', reason: `the venue answered ${text}` });
    } else emit({ kind: 'unknown', type: `success ${textOf(message.msg)}` });
  };

  const onBook = (event: Extract<ReturnType<typeof readAlpacaMessage>, { kind: 'book' }>) => {
    const { symbol, snapshot } = event;
    if (!hasBooks) return emit({ kind: 'unknown', type: 'o' });
    if (!books.has(symbol)) books.add(symbol);
    // Without all of a book, changes of it are of no use.
    if (!snapshot && !books.isValid(symbol)) return;
    if (snapshot) books.arrived(symbol);
    emit({ kind: 'event', event, recovered: false });
  };

  const data = (raw: unknown) => {
    const event = readAlpacaMessage(raw, options.quoteSizeUnit);
    if (event === undefined) return emit({ kind: 'unknown', type: textOf(fieldsOf(raw)?.T) });
    if (event.kind === 'rejected') return onRejected(raw, event);
    if (event.kind === 'instrument') return;
    if (!wanted.has(event.symbol)) {
      if (!wanted.has(ALL)) return emit({ kind: 'unknown', type: 'of a symbol not subscribed' });
      seenSymbols.add(event.symbol);
    }
    // Bars bear the time of their start, corrections may be of the past: only these two follow the venue's clock.
    if ((event.kind === 'trade' || event.kind === 'quote') && event.venueTsNs > newestNs) newestNs = event.venueTsNs;
    if (event.kind === 'trade') trades.take(event);
    else if (event.kind === 'book') onBook(event);
    else emit({ kind: 'event', event, recovered: false });
  };

  /** A change of a book that cannot be read leaves the book wrong. */
  const onRejected = (raw: unknown, fault: Extract<FeedOutput, { kind: 'rejected' }>) => {
    emit(fault);
    const message = fieldsOf(raw);
    if (message?.T !== 'o') return;
    const spoiled = books.symbols().filter((symbol) => typeof message.S !== 'string' || spelled(symbol) === message.S);
    for (const symbol of spoiled) books.invalidate(symbol, 'sequence', true);
    restartBooks(spoiled);
  };

  const receive = (frame: string) => {
    const messages = knownAlpacaFrame(frame) ?? parsed(frame);
    if (messages === undefined) {
      emit(rejected('json', frame));
      return onUnreadable();
    }
    if (!Array.isArray(messages)) return emit(rejected('not-an-array', messages));
    for (const message of messages) {
      const fields = fieldsOf(message);
      const type = fields?.T;
      if (fields !== undefined && (type === 'success' || type === 'error' || type === 'subscription')) control(fields);
      else data(message);
    }
  };

  const subscribe = (symbols: readonly string[]) => {
    const next = new Set(symbols.map((symbol) => (symbol === ALL ? ALL : (symbolOfVenue(symbol) ?? symbol))));
    const gone = [...wanted].filter((symbol) => !next.has(symbol));
    const added = [...next].filter((symbol) => !wanted.has(symbol));
    for (const symbol of gone) {
      wanted.delete(symbol);
      seenSymbols.delete(symbol);
      trades.forget(symbol);
      cold.delete(symbol);
      warmUp.forget(symbol);
    }
    for (const symbol of added) wanted.add(symbol);
    for (const symbol of books.symbols()) if (!isWanted(symbol)) books.remove(symbol);
    for (const symbol of added) if (hasBooks && symbol !== ALL && !books.has(symbol)) books.add(symbol);
    isSubscribed = isSubscribed && added.length === 0;
    if (!isAuthenticated) return;
    send('unsubscribe', gone);
    start(added);
  };

  const disconnected = () => {
    isAuthenticated = false;
    isSubscribed = false;
    if (hasBeenSubscribed && newestNs > 0n) missingSinceNs ??= newestNs;
    for (const symbol of books.symbols()) books.invalidate(symbol, 'reconnect', false);
  };

  return protocolOf({
    connected() {},
    receive,
    fetched: requests.answer,
    subscribe,
    clock() {
      trades.clock();
      warmUp.clock();
      recover();
      restartBooks(books.overdue());
    },
    resync(symbol, reason) {
      if (!books.has(symbol)) return;
      books.invalidate(symbol, reason, isAuthenticated);
      restartBooks([symbol]);
    },
    disconnected,
  });
}
