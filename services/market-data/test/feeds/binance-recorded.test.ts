import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createBinanceProtocol } from '../../src/core/feeds/binance.ts';
import { absent, readCapture, readRawFrames } from './captures.ts';
import { bestOf, DrivenFeed, type NaiveBook, naiveBook, plain, setNaive } from './feed-observer.ts';

const NOTHING_LOST = { lost: undefined, rejected: undefined };
const SPOT = 'binance/spot-btcusdt-20240808.gz';

/** The same, step by step, without the protocol under test. */
function applyRaw(book: NaiveBook, bids: string[][], asks: string[][]): void {
  for (const [price, size] of bids) setNaive(book.bids, String(price), String(size));
  for (const [price, size] of asks) setNaive(book.asks, String(price), String(size));
}

test('the recorded BTCUSDT stream joins its snapshot without a hole, and best prices are those of bookTicker', {
  skip: absent(SPOT),
}, () => {
  const feed = new DrivenFeed(createBinanceProtocol({ market: 'spot', snapshotDepth: 5_000 }));
  feed.subscribe('BTC-USDT');
  feed.connect();
  const naive = naiveBook();
  let lastId: number | undefined;
  const waiting: { u: number; b: string[][]; a: string[][] }[] = [];
  let compared = 0;
  let ticker: { u: number; b: string; a: string } | undefined;
  for (const { receivedNs, frame } of readRawFrames(SPOT)) {
    feed.nowNs = receivedNs;
    const message = JSON.parse(frame);
    if (message.lastUpdateId !== undefined) {
      feed.answer('/api/v3/depth', frame);
      lastId = message.lastUpdateId as number;
      applyRaw(naive, message.bids, message.asks);
      for (const { u, b, a } of waiting) if (u > lastId) applyRaw(naive, b, a);
      continue;
    }
    feed.receive(frame);
    const { data } = message;
    if (message.stream.endsWith('@bookTicker')) ticker = data;
    if (data.e !== 'depthUpdate') continue;
    if (lastId === undefined) waiting.push(data);
    else applyRaw(naive, data.b, data.a);
    const book = feed.books.get('BTC-USDT');
    if (lastId === undefined || book === undefined) continue;
    assert.equal(book.bids.size, naive.bids.size);
    assert.equal(book.asks.size, naive.asks.size);
    for (const [price] of data.b) assert.equal(book.bids.get(plain(price)), naive.bids.get(plain(price)));
    for (const [price] of data.a) assert.equal(book.asks.get(plain(price)), naive.asks.get(plain(price)));
    if (ticker?.u !== data.u) continue;
    compared += 1;
    assert.deepEqual(bestOf(book), { bid: Number(ticker?.b), ask: Number(ticker?.a) });
  }
  assert.deepEqual(feed.books.get('BTC-USDT'), naive);
  assert.ok(compared > 100, `${compared} quotes were of the same update`);
  const { trade, quote, lost, duplicate, rejected } = feed.count();
  assert.deepEqual(
    { trade, quote, lost, duplicate, rejected },
    { trade: 9757, quote: 28_040, lost: undefined, duplicate: undefined, rejected: undefined },
  );
  assert.deepEqual(
    feed.of('book-invalid').map(({ reason }) => reason),
    ['no-snapshot'],
  );
});

interface Update {
  readonly u: number;
  readonly b: string[][];
  readonly a: string[][];
}

/** A plain replay of one symbol: snapshot, then every change beyond it. */
class PlainReplay {
  book: NaiveBook | undefined;
  #snapshotId = 0;
  readonly #waiting: Update[] = [];

  snapshot(message: { lastUpdateId: number; bids: string[][]; asks: string[][] }): void {
    this.book = naiveBook();
    this.#snapshotId = message.lastUpdateId;
    applyRaw(this.book, message.bids, message.asks);
    for (const update of this.#waiting) this.update(update);
  }

  update(update: Update): void {
    if (this.book === undefined) this.#waiting.push(update);
    else if (update.u >= this.#snapshotId) applyRaw(this.book, update.b, update.a);
  }
}

const SESSIONS = [
  { path: 'captures/BINANCE.jsonl.zst', market: 'spot', lines: 272, order: 'of the file', compared: 26 },
  { path: 'captures/BINANCE.jsonl.zst', market: 'spot', lines: 272, order: 'of time', compared: 26 },
  {
    path: 'captures/BINANCE_FUTURES.jsonl.zst',
    market: 'usd-futures',
    lines: 1542,
    order: 'of the file',
    compared: 50,
  },
  { path: 'captures/BINANCE_FUTURES.jsonl.zst', market: 'usd-futures', lines: 1542, order: 'of time', compared: 50 },
] as const;

for (const { path, market, lines, order, compared: expected } of SESSIONS) {
  // In the file the snapshots come before the stream; by time they come amid it.
  test(`${path} in the order ${order} gives the books of a plain replay, without a hole`, {
    skip: absent(path),
  }, () => {
    const capture = readCapture(path);
    assert.equal(capture.length, lines);
    const header = capture[0] as unknown as { config: { trades: string[] } };
    const symbols = header.config.trades.map((name) => name.replace('-PERP', ''));
    const feed = new DrivenFeed(createBinanceProtocol({ market, snapshotDepth: 1_000 }));
    feed.subscribe(...symbols);
    feed.connect();
    const [subscription] = feed.sent();
    feed.receive({ result: null, id: subscription?.id });
    assert.deepEqual(
      feed.of('state').map(({ state }) => state),
      ['authenticated', 'subscribed'],
    );
    const plainReplays = new Map(symbols.map((symbol) => [symbol.replace('-', ''), new PlainReplay()]));
    const ours = (venueSymbol: string) =>
      feed.books.get(symbols.find((one) => one.replace('-', '') === venueSymbol) ?? '');
    const tickers = new Map<string, { u: number; b: string; a: string }>();
    let compared = 0;
    const session = capture.filter(({ data }) => data !== undefined);
    if (order === 'of time') session.sort((a, b) => (a.ts ?? 0) - (b.ts ?? 0));
    for (const { t, url, data = '' } of session) {
      const message = JSON.parse(data);
      if (t === 'http' && url?.includes('exchangeInfo')) {
        const asked = feed.of('fetch').filter((output) => output.path.includes('exchangeInfo'));
        for (const { requestId } of asked) feed.take(feed.protocol.fetched(requestId, { ok: true, body: data }));
        continue;
      }
      const symbol = t === 'http' ? (new URL(String(url)).searchParams.get('symbol') ?? '') : message.data.s;
      const replay = plainReplays.get(symbol);
      if (t === 'http') {
        feed.answer(`symbol=${symbol}`, data);
        replay?.snapshot(message);
      } else feed.receive(data);
      if (t === 'recv' && message.stream.endsWith('@bookTicker')) tickers.set(symbol, message.data);
      if (t === 'recv' && message.data.e === 'depthUpdate') replay?.update(message.data);
      else if (t === 'recv') continue;
      assert.deepEqual(ours(symbol), replay?.book);
      const book = ours(symbol);
      const ticker = tickers.get(symbol);
      if (book === undefined || ticker === undefined || ticker.u !== message.data?.u) continue;
      compared += 1;
      assert.deepEqual(bestOf(book), { bid: Number(ticker.b), ask: Number(ticker.a) });
    }
    const { lost, rejected, instrument } = feed.count();
    assert.deepEqual({ lost, rejected, instrument, compared }, { ...NOTHING_LOST, instrument: 4, compared: expected });
    assert.equal(feed.books.size, symbols.length);
    assert.equal(feed.of('book-invalid').length, symbols.length, 'each symbol begins without a book, once');
    assert.equal(feed.events('book').filter(({ snapshot }) => snapshot).length, symbols.length);
  });
}
