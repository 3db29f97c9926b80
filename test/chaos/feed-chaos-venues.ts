import { readFileSync } from 'node:fs';
import {
  AlpacaExchange,
  CoinbaseExchange,
  type ExchangeBook,
  KrakenExchange,
  type KrakenTrade,
  readCapturedFrames,
  readCapturedSession,
  readCryptoTape,
  readStockTape,
} from '@tickpath/testkit';
import { type ChaosFault, type ChaosVenue, SHOWN_LEVELS } from './feed-chaos-run.ts';

const FOLDER = new URL('../../../shared/data/', import.meta.url);

export const COINBASE_FILES = ['captures/COINBASE.jsonl.zst'].map(fileOf);
export const KRAKEN_FILES = ['captures/KRAKEN.jsonl.zst', 'captures/kraken-http-trades.json'].map(fileOf);
export const STOCK_FILES = ['equities/tick/ibm/20131007_trade.zip', 'equities/tick/ibm/20131007_quote.zip'].map(fileOf);
export const CRYPTO_FILES = ['binance/spot-btcusdt-20240808.gz'].map(fileOf);

const CONNECTION: readonly ChaosFault[] = [['close'], ['reset'], ['half-open']];
const OF_TRADES: readonly ChaosFault[] = [
  ['duplicate', 'trade'],
  ['reorder', 'trade'],
  ['truncated', 'trade'],
  ['garbage-text', 'trade'],
  ['garbage-binary', 'trade'],
];

function fileOf(path: string): URL {
  return new URL(path, FOLDER);
}

function play() {
  return { isEndless: true, startMs: Date.now(), shownLevels: SHOWN_LEVELS };
}

/** Messages and trades are numbered: whatever is missing shows, in trades as well. */
export function coinbaseChaos(): ChaosVenue {
  const exchange = new CoinbaseExchange(readCapturedSession(COINBASE_FILES[0] as URL), play());
  return {
    ...{ source: 'coinbase', symbols: exchange.products, exchange, eventsATick: 5, history: exchange.history },
    faults: [
      ...CONNECTION,
      ...OF_TRADES,
      ['missing-trade'],
      ['hole', 'trade'],
      ['lie', 'trade'],
      ['duplicate', 'book'],
      ['reorder', 'book'],
      ['truncated', 'book'],
      ['hole', 'book'],
      ['lie', 'book'],
    ],
    nameOf: (symbol) => symbol,
    shown: (symbol) => exchange.book(symbol).shown(SHOWN_LEVELS),
    trades: () =>
      exchange.trades.map(({ product_id: symbol, trade_id: key, price, size }) => {
        return { symbol, key, price: Number(price), size: Number(size) };
      }),
    keyOf: ({ tradeId }) => tradeId,
    isOf: ({ symbol, from, to }, trade) =>
      symbol === trade.symbol &&
      Number(trade.key) >= (from ?? 0) &&
      Number(trade.key) <= (to ?? Number.MAX_SAFE_INTEGER),
    keysBetween: (first, last) =>
      Array.from({ length: Number(last) - Number(first) }, (_, at) => String(Number(first) + at)),
  };
}

const FLAT_PAIR = 'XBT/CHF';

/**
 * Trades have neither number nor id in the stream, so a frame that vanished from a living connection could not be missed:
 * that is done to changes of the book alone, which the checksum finds. A loss has no numbers either: it is of its symbol.
 */
export function krakenChaos(): ChaosVenue {
  const [session, page] = KRAKEN_FILES as [URL, URL];
  const { XBTUSDT: rows } = JSON.parse(readFileSync(page, 'utf8')).result as { XBTUSDT: unknown[][] };
  const trades = rows.map((row) => row.slice(0, 6).map(String) as unknown as KrakenTrade);
  const moreTrades = { pair: FLAT_PAIR, trades };
  const exchange = new KrakenExchange(readCapturedSession(session), { ...play(), moreTrades });
  const symbolOf = (pair: string) => pair.replace('XBT', 'BTC').replace('/', '-');
  const pairOf = new Map(exchange.pairs.map((pair) => [symbolOf(pair), pair]));
  const bookOf = (symbol: string) => exchange.book(pairOf.get(symbol) ?? symbol);
  return {
    ...{ source: 'kraken', symbols: [...pairOf.keys()], exchange, eventsATick: 10, history: exchange.history },
    faults: [
      ...CONNECTION,
      ...OF_TRADES,
      ['duplicate', 'book'],
      ['reorder', 'book'],
      ['truncated', 'book'],
      ['hole', 'book'],
      ['lie', 'book'],
    ],
    nameOf: (symbol) => pairOf.get(symbol),
    shown: (symbol) => bookOf(symbol).shown(SHOWN_LEVELS),
    trades: () =>
      exchange.trades.map(({ pair, trade: [price, size, time] }) => {
        const key = `${time.replace('.', '')}000`;
        return { symbol: symbolOf(pair), key, price: Number(price), size: Number(size) };
      }),
    // No two trades of the test are of one time.
    keyOf: ({ venueTsNs }) => String(venueTsNs),
    isOf: ({ symbol }, trade) => symbol === trade.symbol,
  };
}

/** Ids do not say what is missing: a loss is of its symbol. There are no books. */
export function alpacaStocksChaos(): ChaosVenue {
  const [trades, quotes] = STOCK_FILES as [URL, URL];
  const exchange = new AlpacaExchange(readStockTape('IBM', trades, quotes), play());
  return {
    ...alpaca(exchange, (symbol) => symbol),
    ...{ source: 'alpaca-stocks', symbols: ['IBM'], eventsATick: 12 },
    faults: [...CONNECTION, ...OF_TRADES, ['lie', 'trade']],
    nameOf: () => undefined,
  };
}

/**
 * Books are not numbered and have no checksum, so that changes of them cannot be seen to be late or missing: what is done
 * to them is what shows. The market is another exchange's.
 */
export function alpacaCryptoChaos(): ChaosVenue {
  const { messages, book } = readCryptoTape('BTC/USD', readCapturedFrames(CRYPTO_FILES[0] as URL));
  const books = new Map<string, ExchangeBook>([['BTC/USD', book]]);
  const exchange = new AlpacaExchange(messages, { ...play(), books });
  return {
    ...alpaca(exchange, (symbol) => symbol.replace('/', '-')),
    ...{ source: 'alpaca-crypto', symbols: ['BTC-USD'], eventsATick: 4 },
    faults: [
      ...CONNECTION,
      ...OF_TRADES,
      ['lie', 'trade'],
      ['duplicate', 'book'],
      ['truncated', 'book'],
      ['lie', 'book'],
    ],
    nameOf: () => 'BTC/USD',
  };
}

function alpaca(exchange: AlpacaExchange, symbolOf: (venueSymbol: string) => string) {
  return {
    ...{ exchange, history: exchange.history },
    shown: (symbol: string) => exchange.book(symbol.replace('-', '/')).shown(SHOWN_LEVELS),
    trades: () => exchange.trades.map(({ S, i, p, s }) => ({ symbol: symbolOf(S), key: String(i), price: p, size: s })),
    keyOf: ({ tradeId }: { tradeId: string }) => tradeId,
    isOf: ({ symbol }: { symbol: string }, trade: { symbol: string }) => symbol === trade.symbol,
  };
}
