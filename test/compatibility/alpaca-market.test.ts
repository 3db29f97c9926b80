import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  type Alpaca,
  NotFoundError,
  streaming,
  TimeFrame,
  TimeFrameUnit,
  timeFrame,
  ValidationError,
} from '@alpacahq/alpaca-trade-api';
import { eventually } from '@tickpath/testkit';
import { alpacaAt, MarketRecorder } from './alpaca-sdk.ts';
import { SYMBOLS, VenueUnderTest } from './venue-under-test.ts';

/** Nine digits of a second, as the SDK writes out what the wire carried. */
const NANOSECONDS = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/;
/** From one minute's end to the next, and a correction after it. */
const MINUTES_MS = 130_000;

describe('the official SDK reads the market', { timeout: 300_000 }, () => {
  let venue: VenueUnderTest;
  let alpaca: Alpaca;
  let stocks: streaming.StockDataStream;
  let coins: streaming.CryptoDataStream;
  let shares: MarketRecorder;
  let crypto: MarketRecorder;

  before(async () => {
    venue = await VenueUnderTest.start({
      'synthetic.symbols': SYMBOLS,
      'synthetic.ticksPerSecond': 40,
      'synthetic.haltsPerHour': 60,
      'synthetic.haltSeconds': 2,
      'synthetic.correctionsPerThousand': 100,
    });
    alpaca = alpacaAt(venue);
    stocks = alpaca.marketData.stockStream({ url: `${venue.socketUrl}/v2/iex` });
    shares = new MarketRecorder(stocks);
    const symbols = ['AAPL', 'MSFT'];
    stocks.subscribeForTrades(symbols);
    stocks.subscribeForQuotes(['AAPL']);
    stocks.subscribeForBars(symbols);
    stocks.subscribeForUpdatedBars(['*']);
    stocks.subscribeForDailyBars(symbols);
    stocks.subscribeForStatuses(['*']);
    stocks.subscribeForLulds(['*']);
    stocks.connect();
    coins = alpaca.marketData.cryptoStream({ url: `${venue.socketUrl}/v1beta3/crypto/us` });
    crypto = new MarketRecorder(coins);
    for (const stream of [coins]) {
      stream.subscribeForTrades(['BTC/USD']);
      stream.subscribeForQuotes(['BTC/USD']);
      stream.subscribeForBars(['BTC/USD']);
      stream.subscribeForOrderbooks(['BTC/USD']);
    }
    coins.connect();
  });
  after(async () => {
    stocks?.disconnect();
    coins?.disconnect();
    await venue?.stop();
  });

  test('both streams authenticate and confirm what was subscribed', async () => {
    assert.deepEqual(await stocks.waitForAuthenticationResult(10_000), {
      status: 'authenticated',
      authenticated: true,
      message: 'authenticated',
    });
    assert.equal(await coins.waitForAuthentication(10_000), true);
    await eventually('two confirmations', () =>
      shares.subscriptions[0] && crypto.subscriptions[0] ? true : undefined,
    );
    assert.deepEqual(stocks.getSubscriptions().trades.sort(), ['AAPL', 'MSFT']);
    assert.deepEqual(stocks.getSubscriptions().statuses, ['*']);
    assert.deepEqual(coins.getSubscriptions().orderbooks, ['BTC/USD']);
  });

  test('trades and quotes are of what was subscribed, with times to the nanosecond', async () => {
    await eventually('trades and quotes', () => (shares.trades.length > 50 && shares.quotes.length > 20) || undefined);
    assert.deepEqual([...new Set(shares.trades.map(({ symbol }) => symbol))].sort(), ['AAPL', 'MSFT']);
    assert.deepEqual([...new Set(shares.quotes.map(({ symbol }) => symbol))], ['AAPL']);
    for (const { id, idRaw, price, size, timestampRaw, conditions, exchange, tape } of shares.trades) {
      assert.match(timestampRaw ?? '', NANOSECONDS);
      assert.ok(Number.isSafeInteger(id) && idRaw === String(id) && price > 0 && size > 0);
      assert.ok(conditions.length > 0 && exchange.length === 1 && ['A', 'B', 'C', 'N', 'O'].includes(tape ?? ''));
    }
    for (const { bidPrice, askPrice, bidSize, askSize, timestampRaw } of shares.quotes) {
      assert.match(timestampRaw ?? '', NANOSECONDS);
      if (bidPrice > 0 && askPrice > 0) assert.ok(bidPrice < askPrice && bidSize > 0 && askSize > 0);
    }
    const perSymbol = Map.groupBy(shares.trades, ({ symbol }) => symbol);
    for (const trades of perSymbol.values()) {
      const times = trades.map(({ timestampRaw }) => timestampRaw ?? '');
      assert.deepEqual(times, [...times].sort(), 'in order of time');
      assert.equal(new Set(trades.map(({ id }) => id)).size, trades.length, 'each id once');
    }
  });

  test('coins come with the side of the taker, and their book begins whole', async () => {
    await eventually(
      'trades and books',
      () => (crypto.trades.length > 10 && crypto.orderbooks.length > 3) || undefined,
    );
    for (const { takerSide, symbol } of crypto.trades) {
      assert.ok(takerSide === 'B' || takerSide === 'S');
      assert.equal(symbol, 'BTC/USD');
    }
    const [first, ...rest] = crypto.orderbooks;
    assert.ok(first?.reset && first.bids.length > 0 && first.asks.length > 0);
    assert.ok(
      rest.some(({ reset }) => !reset),
      'then what changed',
    );
    const book = shownBook(crypto.orderbooks);
    assert.ok(Math.max(...book.bids.keys()) < Math.min(...book.asks.keys()), 'never crossed');
  });

  test('unsubscribing ends a channel and leaves the others', async () => {
    const before = shares.subscriptions.length;
    stocks.unsubscribeFromQuotes(['AAPL']);
    stocks.unsubscribeFromTrades(['MSFT']);
    await eventually('two more confirmations', () => shares.subscriptions.length >= before + 2 || undefined);
    const [quotes, trades] = [shares.quotes.length, shares.trades.length];
    await eventually('more trades', () => shares.trades.length > trades + 20 || undefined);
    assert.equal(shares.quotes.length, quotes);
    assert.deepEqual([...new Set(shares.trades.slice(trades).map(({ symbol }) => symbol))], ['AAPL']);
    assert.deepEqual(stocks.getSubscriptions().trades, ['AAPL']);
    stocks.subscribeForTrades(['MSFT']);
  });

  test('halts, bands, corrections and cancels of trades are told', { timeout: 150_000 }, async () => {
    const heard = () => shares.statuses.length > 1 && shares.corrections.length > 0 && shares.cancelErrors.length > 0;
    await eventually('a halt and its end, a correction, a cancel', () => heard() || undefined, 140_000);
    const codes = new Set(shares.statuses.map(({ statusCode }) => statusCode));
    assert.ok(codes.has('H') || codes.has('2'), [...codes].join());
    for (const { correctedPrice, originalId, correctedId } of shares.corrections) {
      assert.ok(correctedPrice > 0 && Number.isSafeInteger(originalId) && Number.isSafeInteger(correctedId));
    }
    for (const { action, size } of shares.cancelErrors) assert.ok((action === 'C' || action === 'E') && size > 0);
    for (const { limitUpPrice, limitDownPrice } of shares.lulds) assert.ok(limitUpPrice > limitDownPrice);
  });

  test('history holds what the stream told, page by page, in both directions', async () => {
    const told = shares.trades.filter(({ symbol }) => symbol === 'AAPL').slice(0, 40);
    const start = told[0]?.timestamp ?? new Date();
    const end = new Date((told.at(-1)?.timestamp.getTime() ?? 0) + 1);
    const range = { start, end, limit: 7, feed: 'iex' } as const;
    for (const sort of ['asc', 'desc'] as const) {
      const { AAPL = [] } = await alpaca.marketData.getStockTrades({ symbols: ['AAPL'], ...range, sort });
      const found = AAPL.map(({ idRaw }) => idRaw);
      assert.equal(new Set(found).size, found.length, 'each once');
      // To the nanosecond the same: MessagePack on the stream, text in the history.
      const times = new Map(AAPL.map(({ idRaw, timestampRaw }) => [idRaw, withNanoseconds(timestampRaw ?? '')]));
      for (const { idRaw, timestampRaw } of told) assert.equal(times.get(idRaw), timestampRaw, `trade ${idRaw}`);
    }
    const quotes = await alpaca.marketData.collectStockQuoteSingle({ symbol: 'AAPL', start, end, limit: 5 });
    assert.ok(quotes.length > 0 && quotes.every(({ t }) => t >= start && t <= end));
    const both = await alpaca.marketData.getStockTrades({ symbols: ['AAPL', 'MSFT'], start, end, limit: 10 });
    assert.deepEqual(Object.keys(both).sort(), ['AAPL', 'MSFT']);
    const coinsBack = await alpaca.marketData.getCryptoTrades({ loc: 'us', symbols: 'BTC/USD', start, end, limit: 3 });
    assert.ok((coinsBack['BTC/USD'] ?? []).every(({ takerSide }) => takerSide === 'B' || takerSide === 'S'));
  });

  test('latest values and snapshots are there for one and for many', async () => {
    const { stocks: api, crypto: coinApi } = alpaca.marketData;
    const symbols = 'AAPL,MSFT';
    const [trades, quotes, bars] = await Promise.all([
      api.stockLatestTrades({ symbols }),
      api.stockLatestQuotes({ symbols }),
      api.stockLatestBars({ symbols }),
    ]);
    for (const { keys } of [trades.trades, quotes.quotes].map((map) => ({ keys: Object.keys(map).sort() }))) {
      assert.deepEqual(keys, ['AAPL', 'MSFT']);
    }
    assert.equal(typeof bars.bars, 'object');
    const single = await api.stockLatestTradeSingle({ symbol: 'MSFT', feed: 'iex' });
    assert.ok(single.symbol === 'MSFT' && single.trade.p > 0);
    assert.ok((await api.stockLatestQuoteSingle({ symbol: 'MSFT' })).quote.ap > 0);
    const snapshots = await api.stockSnapshots({ symbols });
    assert.deepEqual(Object.keys(snapshots).sort(), ['AAPL', 'MSFT']);
    assert.ok(snapshots.AAPL?.latestTrade !== undefined && snapshots.AAPL.latestQuote !== undefined);
    assert.equal((await api.stockSnapshotSingle({ symbol: 'AAPL' })).symbol, 'AAPL');
    const at = { loc: 'us', symbols: 'BTC/USD' } as const;
    assert.ok(((await coinApi.cryptoLatestTrades(at)).trades['BTC/USD']?.p ?? 0) > 0);
    assert.ok(((await coinApi.cryptoLatestQuotes(at)).quotes['BTC/USD']?.ap ?? 0) > 0);
    const book = (await coinApi.cryptoLatestOrderbooks(at)).orderbooks['BTC/USD'];
    assert.ok(book !== undefined && book.a.length > 0 && book.b.length > 0);
    assert.ok((await coinApi.cryptoSnapshots(at)).snapshots['BTC/USD']?.latestTrade !== undefined);
  });

  test('what history cannot answer is an error the SDK knows', async () => {
    const { stocks: api } = alpaca.marketData;
    const failure = (request: Promise<unknown>) =>
      request.then(
        () => undefined,
        (error: unknown) => error,
      );
    const limit = await failure(api.stockTrades({ symbols: 'AAPL', limit: 10_001 }));
    assert.ok(limit instanceof ValidationError, String(limit));
    const timeframe = await failure(api.stockBars({ symbols: 'AAPL', timeframe: '61Min' }));
    assert.ok(timeframe instanceof ValidationError, String(timeframe));
    const token = await failure(api.stockTrades({ symbols: 'AAPL', pageToken: 'no token' }));
    assert.ok(token instanceof ValidationError, String(token));
    const feed = await failure(api.stockTrades({ symbols: 'AAPL', feed: 'nowhere' as 'iex' }));
    assert.ok(feed instanceof ValidationError, String(feed));
    const auctions = await failure(api.stockAuctions({ symbols: 'AAPL' }));
    assert.ok(auctions instanceof NotFoundError, String(auctions));
    for (const error of [limit, timeframe, token, feed, auctions]) assert.ok(error.message.length > 0);
  });

  test('minutes end with a bar, late corrections with an updated one, and the day goes on in a daily one', {
    timeout: 150_000,
  }, async () => {
    const heard = () => shares.bars.length > 1 && crypto.bars.length > 0 && shares.dailyBars.length > 0;
    await eventually('bars of a minute and of the day', () => heard() || undefined, MINUTES_MS);
    await eventually('an updated bar', () => shares.updatedBars.length > 0 || undefined, MINUTES_MS);
    for (const { open, high, low, close, volume, vwap, tradeCount, timestamp } of [...shares.bars, ...crypto.bars]) {
      assert.ok(low <= Math.min(open, close) && high >= Math.max(open, close) && volume > 0);
      assert.ok(vwap !== undefined && vwap >= low && vwap <= high && (tradeCount ?? 0) > 0);
      assert.equal(timestamp.getTime() % 60_000, 0);
    }
    const last = shares.bars.find(({ symbol }) => symbol === 'AAPL');
    const start = last?.timestamp ?? new Date(0);
    const range = { symbols: ['AAPL'], start, end: new Date(start.getTime() + 59_999) };
    const { AAPL = [] } = await alpaca.marketData.getStockBars({ ...range, timeframe: TimeFrame.Minute });
    assert.equal(AAPL.length, 1);
    assert.deepEqual([AAPL[0]?.timestamp, AAPL[0]?.open], [start, last?.open]);
    // A bar of a month has the time at which the month began.
    const wide = { symbols: ['AAPL'], start: new Date(start.getTime() - 40 * 86_400_000) };
    for (const frame of [
      timeFrame(5, TimeFrameUnit.Minute),
      TimeFrame.Hour,
      TimeFrame.Day,
      TimeFrame.Week,
      TimeFrame.Month,
    ]) {
      const bars = await alpaca.marketData.getStockBars({ ...wide, timeframe: frame });
      assert.ok((bars.AAPL ?? []).length > 0, frame);
    }
  });

  test('no stream reported an error', () => {
    assert.deepEqual([...shares.errors, ...crypto.errors], []);
  });
});

test('wrong keys end a market stream for good, with the code of Alpaca', { timeout: 60_000 }, async (t) => {
  const venue = await VenueUnderTest.start({});
  t.after(() => venue.stop());
  const url = `${venue.socketUrl}/v2/iex`;
  const stream = alpacaAt(venue, { secret: 'wrong' }).marketData.stockStream({ url });
  stream.connect();
  const { authenticated, status, code } = await stream.waitForAuthenticationResult(10_000);
  assert.deepEqual([authenticated, status, code], [false, 'server_rejected', 402]);
  assert.equal(stream.getState(), streaming.STATE.DISCONNECTED);
});

/** RFC 3339 with all nine digits of the second. */
function withNanoseconds(time: string): string {
  const [seconds = '', fraction = ''] = time.replace('Z', '').split('.');
  return `${seconds}.${fraction.padEnd(9, '0')}Z`;
}

interface ShownBook {
  readonly bids: Map<number, number>;
  readonly asks: Map<number, number>;
}

/** The book after these messages. */
function shownBook(messages: readonly streaming.StreamOrderbook[]): ShownBook {
  const book: ShownBook = { bids: new Map(), asks: new Map() };
  for (const { reset, bids, asks } of messages) {
    if (reset) {
      book.bids.clear();
      book.asks.clear();
    }
    for (const [side, levels] of [
      [book.bids, bids],
      [book.asks, asks],
    ] as const) {
      for (const { price, size } of levels) size === 0 ? side.delete(price) : side.set(price, size);
    }
  }
  return book;
}
