import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import {
  AlpacaExchange,
  type AlpacaMessage,
  BinanceExchange,
  CoinbaseExchange,
  type Exchange,
  type ExchangeBook,
  type ExchangeEvent,
  ExchangeServer,
  eventually,
  KrakenExchange,
  readCapturedFrames,
  readCapturedSession,
} from '@tickpath/testkit';
import { FeedProcess } from '../chaos/feed-process.ts';

const FOLDER = new URL('../../../shared/data/', import.meta.url);
const SHOWN_LEVELS = 50;

/** A trade as both sides can be asked for it. */
type Trade = readonly [symbol: string, price: number, size: number];

interface Recorded<E extends ExchangeEvent> {
  readonly exchange: Exchange<E>;
  /** Of the exchange so far, in its order within a symbol. */
  trades(): readonly Trade[];
  /** The exchange's own book of each symbol; none where it has no books. */
  readonly books: ReadonlyMap<string, Pick<ExchangeBook, 'shown'>>;
  readonly symbols: readonly string[];
}

interface Venue<E extends ExchangeEvent> {
  readonly source: string;
  readonly path: string;
  readonly eventsATick: number;
  /** Trades that the recording has, as counted by other means. */
  readonly trades: number;
  readonly read: (path: URL) => Recorded<E>;
}

function binance(path: URL) {
  const exchange = new BinanceExchange({ frames: readCapturedFrames(path), shownLevels: 1 });
  return {
    ...{ exchange, symbols: ['BTC-USDT'], books: new Map([['BTC-USDT', exchange]]) },
    trades: () => Array.from(exchange.trades.values(), ({ p, q }): Trade => ['BTC-USDT', Number(p), Number(q)]),
  };
}

function coinbase(path: URL) {
  const exchange = new CoinbaseExchange(readCapturedSession(path));
  return {
    ...{ exchange, symbols: exchange.products },
    books: new Map(exchange.products.map((product) => [product, exchange.book(product)])),
    trades: () =>
      exchange.trades.map(({ product_id, price, size }): Trade => [product_id, Number(price), Number(size)]),
  };
}

function kraken(path: URL) {
  const exchange = new KrakenExchange(readCapturedSession(path));
  const symbolOf = (pair: string) => pair.replace('XBT', 'BTC').replace('/', '-');
  return {
    ...{ exchange, symbols: exchange.pairs.map(symbolOf) },
    books: new Map(exchange.pairs.map((pair) => [symbolOf(pair), exchange.book(pair)])),
    trades: () =>
      exchange.trades.map(({ pair, trade: [price, size] }): Trade => [symbolOf(pair), Number(price), Number(size)]),
  };
}

function alpaca(path: URL) {
  const lines = readFileSync(path, 'utf8').trim().split('\n');
  const frames = lines.map((line) => (JSON.parse(line) as { frame: AlpacaMessage[] | AlpacaMessage }).frame);
  const exchange = new AlpacaExchange(frames.flat());
  return {
    ...{ exchange, symbols: ['*'], books: new Map() },
    trades: () =>
      exchange.trades.map((message): Trade => {
        const { S, p, s } = message as unknown as { S: string; p: number; s: number };
        return [S, p, s];
      }),
  };
}

function check<E extends ExchangeEvent>({ source, path, eventsATick, trades: expected, read }: Venue<E>): void {
  const url = new URL(path, FOLDER);
  test(`${source}: the process publishes each recorded trade once, and the recorded books`, {
    skip: existsSync(url) ? false : `no recording ${url.pathname}`,
    timeout: 120_000,
  }, async () => {
    const { exchange, trades, books, symbols } = read(url);
    const server = await ExchangeServer.open({ exchange, seed: 1 });
    const feed = await FeedProcess.start({
      ...{ source, streamUrl: server.streamUrl, restUrl: server.restUrl, symbols: symbols.join(',') },
    });
    try {
      await feed.ready();
      await eventually('each book is there', () => {
        feed.assertAlive();
        return [...books.keys()].every((symbol) => feed.reader.book(symbol)?.isValid) ? true : undefined;
      });
      server.play(eventsATick);
      await eventually('the end of the recording', () => (server.isAtEnd ? true : undefined), 60_000);
      const own = Map.groupBy(trades(), ([symbol]) => symbol);
      assert.equal(trades().length, expected);
      await eventually('as many trades as the recording has', () => {
        feed.assertAlive();
        const counts = [...own].map(([symbol, list]) => [feed.reader.trades.get(symbol)?.length, list.length]);
        return counts.every(([ours, theirs]) => (ours ?? 0) >= (theirs ?? 0)) ? true : undefined;
      });
      for (const [symbol, list] of own) {
        const published = feed.reader.trades.get(symbol) ?? [];
        const ours = published.map(({ price, size }): Trade => [symbol, Number(price), Number(size)]);
        assert.deepEqual(ours, list);
        assert.equal(new Set(published.map(({ tradeId }) => tradeId)).size, list.length);
      }
      for (const [symbol, book] of books) {
        const { bids, asks } = book.shown(SHOWN_LEVELS);
        assert.ok(bids.length > 0 && asks.length > 0);
        await eventually(`the last book of ${symbol}`, () => {
          const ours = feed.reader.book(symbol);
          return ours?.isValid && JSON.stringify([ours.bids, ours.asks]) === JSON.stringify([bids, asks])
            ? true
            : undefined;
        });
      }
      assert.deepEqual(
        feed.reader.bookFaults.filter((reason) => reason !== 'no-snapshot'),
        [],
        'no book was found wrong',
      );
      for (const kind of ['trade', 'book', 'quote']) {
        assert.equal(await feed.metric(`tickpath_market_data_lost_total{kind="${kind}"}`), 0);
      }
    } catch (error) {
      console.log(feed.process.lines.slice(-30).join('\n'));
      throw error;
    } finally {
      await feed.stop();
      await server.close();
    }
  });
}

check({
  ...{ source: 'binance', path: 'binance/spot-btcusdt-20240808.gz', eventsATick: 40, trades: 9_756 },
  read: binance,
});
check({ source: 'coinbase', path: 'captures/COINBASE.jsonl.zst', eventsATick: 5, trades: 79, read: coinbase });
check({ source: 'kraken', path: 'captures/KRAKEN.jsonl.zst', eventsATick: 20, trades: 10, read: kraken });
check({ source: 'alpaca-stocks', path: 'alpaca/market-stream-frames.jsonl', eventsATick: 1, trades: 4, read: alpaca });
