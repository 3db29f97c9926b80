import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import {
  AlpacaExchange,
  type AlpacaMessage,
  BinanceExchange,
  type BookHistory,
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
import type { Envelope } from '@tickpath/wire';
import { FeedProcess } from '../chaos/feed-process.ts';

const FOLDER = new URL('../../../shared/data/', import.meta.url);
const SHOWN_LEVELS = 50;

/** A trade as both sides can be asked for it. */
type Trade = readonly [symbol: string, price: number, size: number];

interface OwnBook extends Pick<ExchangeBook, 'shown'> {
  /** In the exchange's history. */
  readonly name: string;
}

interface Recorded<E extends ExchangeEvent> {
  readonly exchange: Exchange<E>;
  /** Of the exchange so far, in its order within a symbol. */
  trades(): readonly Trade[];
  /** The exchange's own book of each symbol; none where it has no books. */
  readonly books: ReadonlyMap<string, OwnBook>;
  readonly history: BookHistory;
  readonly symbols: readonly string[];
}

interface Venue<E extends ExchangeEvent> {
  readonly source: string;
  readonly path: string;
  readonly eventsATick: number;
  /** Trades that the recording has, as counted by other means. */
  readonly trades: number;
  /** Different states of the best levels that its messages lead through, over all books. */
  readonly bookStates: number;
  /** Messages of other kinds that are published. */
  readonly others?: Readonly<Partial<Record<Envelope['kind'], number>>>;
  readonly read: (path: URL) => Recorded<E>;
}

function binance(path: URL) {
  const frames = readCapturedFrames(path);
  assert.equal(frames.length, 41_249);
  const exchange = new BinanceExchange({ frames, shownLevels: SHOWN_LEVELS });
  const book = { name: exchange.symbol, shown: (count: number) => exchange.shown(count) };
  return {
    ...{ exchange, symbols: ['BTC-USDT'], books: new Map([['BTC-USDT', book]]), history: exchange.history },
    trades: () => Array.from(exchange.trades.values(), ({ p, q }): Trade => ['BTC-USDT', Number(p), Number(q)]),
  };
}

function coinbase(path: URL) {
  const session = readCapturedSession(path);
  assert.equal(session.length, 1_038);
  const exchange = new CoinbaseExchange(session, { shownLevels: SHOWN_LEVELS });
  return {
    ...{ exchange, symbols: exchange.products, history: exchange.history },
    books: new Map(exchange.products.map((name) => [name, ownBook(name, exchange.book(name))])),
    trades: () =>
      exchange.trades.map(({ product_id, price, size }): Trade => [product_id, Number(price), Number(size)]),
  };
}

function kraken(path: URL) {
  const session = readCapturedSession(path);
  assert.equal(session.length, 4_438);
  // Each is met, or its book would be found wrong.
  assert.equal(session.filter(({ t, data }) => t === 'recv' && /"c":"\d+"/.test(data ?? '')).length, 4_269);
  const exchange = new KrakenExchange(session, { shownLevels: SHOWN_LEVELS });
  const symbolOf = (pair: string) => pair.replace('XBT', 'BTC').replace('/', '-');
  return {
    ...{ exchange, symbols: exchange.pairs.map(symbolOf), history: exchange.history },
    books: new Map(exchange.pairs.map((pair) => [symbolOf(pair), ownBook(pair, exchange.book(pair))])),
    trades: () =>
      exchange.trades.map(({ pair, trade: [price, size] }): Trade => [symbolOf(pair), Number(price), Number(size)]),
  };
}

function ownBook(name: string, book: ExchangeBook): OwnBook {
  return { name, shown: (count) => book.shown(count) };
}

function alpaca(path: URL) {
  const lines = readFileSync(path, 'utf8').trim().split('\n');
  assert.equal(lines.length, 16);
  const frames = lines.map((line) => (JSON.parse(line) as { frame: AlpacaMessage[] | AlpacaMessage }).frame);
  const exchange = new AlpacaExchange(frames.flat());
  return {
    ...{ exchange, symbols: ['*'], books: new Map(), history: exchange.history },
    trades: () =>
      exchange.trades.map((message): Trade => {
        const { S, p, s } = message as unknown as { S: string; p: number; s: number };
        return [S, p, s];
      }),
  };
}

function check<E extends ExchangeEvent>(venue: Venue<E>): void {
  const { source, path, eventsATick, read } = venue;
  const url = new URL(path, FOLDER);
  test(`${source}: the process publishes each recorded trade once, and the book of every recorded message`, {
    skip: existsSync(url) ? false : `no recording ${url.pathname}`,
    timeout: 120_000,
  }, async () => {
    const { exchange, trades, books, history, symbols } = read(url);
    const server = await ExchangeServer.open({ exchange, seed: 1 });
    const wrong: string[] = [];
    const flags = { source, streamUrl: server.streamUrl, restUrl: server.restUrl, symbols: symbols.join(',') };
    const feed = await FeedProcess.start(flags, (symbol, published) => {
      const book = books.get(symbol);
      if (!published.isValid || book === undefined) return;
      const by = history.follow(book.name, published);
      if (by === undefined) wrong.push(`${symbol}: never like ${JSON.stringify(published)}`);
      else if (by > 1) wrong.push(`${symbol}: ${by - 1} states passed over`);
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
      assert.equal(trades().length, venue.trades);
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
      assert.deepEqual(wrong, [], 'the published book is the recorded one at every message');
      const states = [...books.values()].map(({ name }) => history.count(name));
      assert.ok(states.every(({ all, found }) => found === all - 1));
      assert.equal(
        states.reduce((sum, { all }) => sum + all, 0),
        venue.bookStates,
      );
      for (const [name, count] of Object.entries(venue.others ?? {})) {
        const kind = name as Envelope['kind'];
        await eventually(name, () => ((feed.reader.counts.get(kind) ?? 0) >= count ? true : undefined));
        assert.equal(feed.reader.counts.get(kind), count, name);
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
  ...{ source: 'binance', path: 'binance/spot-btcusdt-20240808.gz', eventsATick: 40, trades: 9_756, bookStates: 3_315 },
  read: binance,
});
check({
  ...{ source: 'coinbase', path: 'captures/COINBASE.jsonl.zst', eventsATick: 5, trades: 79, bookStates: 362 },
  // Of its books' tops, for it streams none.
  others: { quote: 204 },
  read: coinbase,
});
check({
  ...{ source: 'kraken', path: 'captures/KRAKEN.jsonl.zst', eventsATick: 20, trades: 10, bookStates: 4_244 },
  read: kraken,
});
check({
  ...{ source: 'alpaca-stocks', path: 'alpaca/market-stream-frames.jsonl', eventsATick: 1, trades: 4, bookStates: 0 },
  others: { quote: 4, status: 1, luld: 1, correction: 1, cancel: 1, imbalance: 1 },
  read: alpaca,
});
