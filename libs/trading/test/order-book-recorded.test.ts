import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import {
  applyLevels,
  applySnapshot,
  type BookLevels,
  bestLevel,
  type OrderBook,
  openBook,
  topLevels,
  unitsOf,
} from '../src/index.ts';
import { type NaiveBook, naiveBook, naiveFinding, naiveTop, setNaive } from './naive-book.ts';
import { absent, recordingAt } from './recorded-data.ts';

const QTY_DECIMALS = 8;
const DEPTH = 50;

type TextLevel = readonly [price: string, size: string, ...rest: unknown[]];

interface Texts {
  readonly bids: readonly TextLevel[];
  readonly asks: readonly TextLevel[];
}

function unitLevels({ bids, asks }: Texts, priceDecimals: number): BookLevels {
  const units = ([price, size]: TextLevel) => [unitsOf(price, priceDecimals), unitsOf(size, QTY_DECIMALS)] as const;
  return { bids: bids.map(units), asks: asks.map(units) };
}

/** A book and the naive one beside it, compared at every so many messages. */
function pairedBook(every = 1) {
  const book: OrderBook = openBook();
  const naive: NaiveBook = naiveBook();
  let messages = 0;
  const compare = (finding: string): void => {
    assert.equal(finding, naiveFinding(naive));
    assert.deepEqual(topLevels(book, DEPTH), naiveTop(naive, DEPTH));
  };
  const put = (snapshot: boolean, levels: BookLevels): string => {
    if (snapshot) {
      naive.bids.clear();
      naive.asks.clear();
    }
    for (const level of levels.bids) setNaive(naive, 'bids', level);
    for (const level of levels.asks) setNaive(naive, 'asks', level);
    const finding = snapshot ? applySnapshot(book, levels) : applyLevels(book, levels);
    if (messages % every === 0) compare(finding);
    messages += 1;
    return finding;
  };
  return { book, put, messages: () => messages };
}

function messagesOf(books: ReadonlyMap<string, { messages(): number }>): Record<string, number> {
  return Object.fromEntries(Array.from(books, ([name, { messages }]) => [name, messages()]));
}

interface BinanceMessage {
  readonly stream?: string;
  readonly data?: { U: number; u: number; b: readonly TextLevel[] & string; a: readonly TextLevel[] & string };
  readonly lastUpdateId?: number;
  readonly bids?: readonly TextLevel[];
  readonly asks?: readonly TextLevel[];
}

const SPOT = 'binance/spot-btcusdt-20240808.gz';

describe('Binance spot BTCUSDT of 2024-08-08', { skip: absent(SPOT) }, () => {
  test('the book joined to the snapshot equals a naive one, and bookTicker at the same update', () => {
    const { book, put, messages } = pairedBook();
    const tickers = new Map<number, string>();
    const best = new Map<number, string>();
    let buffered: BinanceMessage[] = [];
    let lastId: number | undefined;
    let gaps = 0;
    const apply = ({ data }: BinanceMessage): void => {
      if (data === undefined || lastId === undefined || data.u <= lastId) return;
      if (data.U > lastId + 1) gaps += 1;
      assert.equal(put(false, unitLevels({ bids: data.b, asks: data.a }, 2)), 'ok');
      lastId = data.u;
      const [bid, ask] = [bestLevel(book, 'bids'), bestLevel(book, 'asks')];
      best.set(data.u, [bid, ask].flat().join(' '));
    };
    for (const line of gunzipSync(readFileSync(recordingAt(SPOT)))
      .toString()
      .trim()
      .split('\n')) {
      const message = JSON.parse(line.slice(line.indexOf(' '))) as BinanceMessage;
      if (message.lastUpdateId !== undefined) {
        lastId = message.lastUpdateId;
        put(true, unitLevels({ bids: message.bids ?? [], asks: message.asks ?? [] }, 2));
        for (const each of buffered) apply(each);
        buffered = [];
      } else if (message.stream === 'btcusdt@depth@100ms') {
        if (lastId === undefined) buffered.push(message);
        else apply(message);
      } else if (message.stream === 'btcusdt@bookTicker' && message.data !== undefined) {
        const { b, B, a, A, u } = message.data as unknown as Record<'b' | 'B' | 'a' | 'A', string> & { u: number };
        const { bids, asks } = unitLevels({ bids: [[b, B]], asks: [[a, A]] }, 2);
        tickers.set(u, [bids, asks].flat(2).join(' '));
      }
    }
    const both = [...best.keys()].filter((u) => tickers.has(u));
    assert.deepEqual(
      both.filter((u) => best.get(u) !== tickers.get(u)),
      [],
    );
    assert.equal(gaps, 0);
    assert.deepEqual([messages(), both.length], [3450, 564]);
  });
});

interface CaptureLine {
  readonly t: string;
  readonly data?: string;
}

function* received(path: string): Generator<unknown> {
  for (const line of zstdDecompressSync(readFileSync(recordingAt(path)))
    .toString()
    .trim()
    .split('\n')) {
    const { t, data } = JSON.parse(line) as CaptureLine;
    if (t === 'recv' && data !== undefined) yield JSON.parse(data);
  }
}

interface CoinbaseMessage {
  readonly channel: string;
  readonly events: readonly {
    readonly type: string;
    readonly product_id: string;
    readonly updates: readonly { readonly side: string; readonly price_level: string; readonly new_quantity: string }[];
  }[];
}

const COINBASE = 'captures/COINBASE.jsonl.zst';

describe('Coinbase level2 of two pairs', { skip: absent(COINBASE) }, () => {
  test('both books equal naive ones at every tenth message and are never crossed', () => {
    const books = new Map<string, ReturnType<typeof pairedBook>>();
    for (const message of received(COINBASE)) {
      const { channel, events } = message as CoinbaseMessage;
      if (channel !== 'l2_data') continue;
      for (const { type, product_id, updates } of events) {
        const paired = books.get(product_id) ?? pairedBook(10);
        books.set(product_id, paired);
        const side = (name: string) =>
          updates
            .filter((update) => (update.side === 'bid') === (name === 'bids'))
            .map(({ price_level, new_quantity }) => [price_level, new_quantity] as const);
        assert.equal(paired.put(type === 'snapshot', unitLevels({ bids: side('bids'), asks: side('asks') }, 2)), 'ok');
      }
    }
    assert.deepEqual(messagesOf(books), { 'BTC-USD': 400, 'ETH-USD': 375 });
  });
});

const KRAKEN = 'captures/KRAKEN.jsonl.zst';

/** `[channel, {as, bs} or {a?, b?, c}, …, name, pair]`; the depth is 1,000, more than any of these books has. */
type KrakenParts = Readonly<Record<string, readonly TextLevel[]>>;

describe('Kraken books of ten pairs', { skip: absent(KRAKEN) }, () => {
  const sidesOf = ({ as, bs, a = [], b = [] }: KrakenParts) => ({ bids: bs ?? b, asks: as ?? a });
  const neededDecimals = ([price]: TextLevel) => price.replace(/\.?0*$/, '').split('.')[1]?.length ?? 0;

  test('every book equals a naive one after every message, also with orders at 99999997.00000000 in it', () => {
    const messages = [...received(KRAKEN)].filter(
      (message): message is unknown[] => Array.isArray(message) && String(message.at(-2)).startsWith('book-'),
    );
    const changes = messages.flatMap((message) =>
      message.slice(1, -2).map((parts) => ({ pair: String(message.at(-1)), parts: parts as KrakenParts })),
    );
    const decimals = new Map<string, number>();
    for (const { pair, parts } of changes) {
      const { bids, asks } = sidesOf(parts);
      for (const level of [...bids, ...asks]) {
        decimals.set(pair, Math.max(decimals.get(pair) ?? 0, neededDecimals(level)));
      }
    }
    const books = new Map<string, ReturnType<typeof pairedBook>>();
    for (const { pair, parts } of changes) {
      const paired = books.get(pair) ?? pairedBook();
      books.set(pair, paired);
      paired.put(parts.as !== undefined, unitLevels(sidesOf(parts), decimals.get(pair) ?? 0));
    }
    const counts = Object.values(messagesOf(books));
    assert.deepEqual([counts.length, counts.reduce((sum, count) => sum + count, 0)], [10, 4280]);
  });
});
