import type { Exchange, ExchangeEvent, ExchangeSession, RestAnswer } from './exchange-server.ts';
import { type BookSide, ExchangeBook, type ShownLevels, type SpelledLevel } from './exchange-server-book.ts';
import type { StreamFrame } from './exchange-server-faults.ts';
import { BookHistory } from './exchange-server-history.ts';

interface Depth {
  readonly e: 'depthUpdate';
  readonly E: number;
  readonly s: string;
  readonly U: number;
  readonly u: number;
  readonly b: readonly SpelledLevel[];
  readonly a: readonly SpelledLevel[];
}

export interface BinanceTrade {
  readonly e: 'trade';
  readonly E: number;
  readonly s: string;
  readonly t: number;
  readonly p: string;
  readonly q: string;
  readonly T: number;
  readonly m: boolean;
}

interface Ticker {
  readonly e?: undefined;
  readonly u: number;
  readonly s: string;
}

interface BinanceEvent extends ExchangeEvent {
  readonly stream: string;
  readonly data: Depth | BinanceTrade | Ticker;
}

/** What is added to the recording's numbers and times each time it is played again. */
interface Lap {
  readonly ids: number;
  readonly trades: number;
  readonly ms: number;
}

export interface BinanceExchangeOptions {
  /** Raw frames of one symbol, the REST snapshot among them as it came. */
  readonly frames: readonly string[];
  /** True to begin anew at the end of the recording, with numbers and times that go on. */
  readonly isEndless?: boolean;
  /** Unix ms at which the recording's times are to begin; as recorded if left out. */
  readonly startMs?: number;
  /** Levels of the best of each side that are remembered of every state of the book. */
  readonly shownLevels: number;
}

/** How far a wrong update id is from the right one at most. */
export const MAX_LIE = 500;
const OLD_STATES = 8;
const FIRST_LAP: Lap = { ids: 0, trades: 0, ms: 0 };
const LAP_PAUSE_MS = 100;

/**
 * Binance spot with one recorded symbol: subscriptions by message, changes of the book, best bid and ask, trades; depth
 * snapshots, old trades by id and the instrument by REST. It begins with the first change behind the recorded snapshot.
 */
export class BinanceExchange implements Exchange<BinanceEvent> {
  readonly symbol: string;
  /** Every trade that is in its records, by id. */
  readonly trades = new Map<number, BinanceTrade>();
  /** The best levels as they were after each change of the book, by its last update id. */
  readonly states = new Map<number, Readonly<Record<BookSide, ShownLevels>>>();
  /** Of the book, by the exchange's symbol. */
  readonly history: BookHistory;
  /** The last update id of the book. */
  seq = 0;
  readonly #options: BinanceExchangeOptions;
  readonly #firstBook: ExchangeBook;
  readonly #firstAt: number;
  readonly #first: Depth;
  readonly #old: { readonly seq: number; readonly book: ExchangeBook }[] = [];
  #firstTrade: BinanceTrade | undefined;
  #book: ExchangeBook;
  #at: number;
  #lap = FIRST_LAP;
  #lastTrade = 0;
  #lastMs = 0;
  #changes = 0;

  constructor(options: BinanceExchangeOptions) {
    this.#options = options;
    this.history = new BookHistory(options.shownLevels);
    const recorded = options.frames.map((frame) => (frame.startsWith('{"lastUpdateId"') ? frame : undefined));
    const snapshotText = recorded.find((frame) => frame !== undefined);
    if (snapshotText === undefined) throw new Error('the recording has no snapshot');
    const snapshot = JSON.parse(snapshotText) as Record<BookSide, SpelledLevel[]> & { lastUpdateId: number };
    const book = new ExchangeBook();
    book.set('bids', snapshot.bids);
    book.set('asks', snapshot.asks);
    let at = 0;
    let first: Depth | undefined;
    for (; at < options.frames.length && first === undefined; at += 1) {
      const event = this.#read(at);
      if (event?.data.e !== 'depthUpdate' || event.data.u < snapshot.lastUpdateId) continue;
      book.set('bids', event.data.b);
      book.set('asks', event.data.a);
      first = event.data;
    }
    if (first === undefined) throw new Error('the recording has no change behind its snapshot');
    this.symbol = first.s;
    this.#first = first;
    this.#firstAt = at;
    this.#at = at;
    this.#firstBook = book;
    this.#book = book.copy();
    const startMs = options.startMs ?? first.E;
    this.#lap = { ...FIRST_LAP, ms: startMs - first.E };
    this.#note({ ...first, E: startMs });
  }

  /** The best levels now. */
  shown(count: number): Readonly<Record<BookSide, ShownLevels>> {
    return this.#book.shown(count);
  }

  connect(): ExchangeSession<BinanceEvent> {
    const streams = new Set<string>();
    return {
      greeting: () => [],
      receive: (text) => {
        const { method, params, id } = JSON.parse(text) as { method: string; params: string[]; id: number };
        for (const stream of params) {
          if (method === 'SUBSCRIBE') streams.add(stream);
          else streams.delete(stream);
        }
        return [{ kind: 'other', text: JSON.stringify({ result: null, id }) }];
      },
      frame: ({ kind, stream, data }): StreamFrame | undefined =>
        streams.has(stream) ? { kind, text: JSON.stringify({ stream, data }) } : undefined,
    };
  }

  step(): BinanceEvent | undefined {
    while (this.#at < this.#options.frames.length) {
      const recorded = this.#read(this.#at);
      this.#at += 1;
      if (recorded !== undefined) return this.#happen(moved(recorded, this.#lap));
    }
    return this.#options.isEndless === true ? this.#happen(this.#beginAnew()) : undefined;
  }

  forget({ data }: BinanceEvent): void {
    if (data.e === 'trade') this.trades.delete(data.t);
  }

  isSnapshot(url: URL): boolean {
    return url.pathname === '/api/v3/depth';
  }

  rest(url: URL, isOld: boolean): RestAnswer {
    const limit = Number(url.searchParams.get('limit'));
    if (url.searchParams.get('symbol') !== this.symbol) {
      return { status: 400, body: '{"code":-1121,"msg":"Invalid symbol."}' };
    }
    if (this.isSnapshot(url)) return answer(this.#snapshot(limit, isOld));
    if (url.pathname === '/api/v3/historicalTrades') {
      return answer(this.#tradesFrom(Number(url.searchParams.get('fromId')), limit));
    }
    if (url.pathname === '/api/v3/exchangeInfo') return answer({ symbols: [this.#instrument()] });
    return { status: 404, body: '{}' };
  }

  lie(text: string, random: () => number): string | undefined {
    const { stream, data } = JSON.parse(text) as { stream: string; data: Partial<Depth> };
    if (data.U === undefined || data.u === undefined) return undefined;
    const by = 1 + Math.floor(random() * MAX_LIE);
    const [first, last] = [
      [by, by],
      [0, by],
      [-by, -by],
      [-by, 0],
    ][Math.floor(random() * 4)] as [number, number];
    return JSON.stringify({ stream, data: { ...data, U: data.U + first, u: data.u + last } });
  }

  #read(at: number): BinanceEvent | undefined {
    const { stream, data } = JSON.parse(this.#options.frames[at] ?? '') as Partial<BinanceEvent>;
    if (stream === undefined || data === undefined) return undefined;
    const kind = data.e === 'trade' ? 'trade' : data.e === 'depthUpdate' ? 'book' : 'other';
    return { kind, stream, data };
  }

  #happen(event: BinanceEvent): BinanceEvent {
    const { data } = event;
    if (data.e === 'trade') {
      this.trades.set(data.t, data);
      this.#firstTrade ??= data;
      this.#lastTrade = data.t;
    } else if (data.e === 'depthUpdate') {
      this.#book.set('bids', data.b);
      this.#book.set('asks', data.a);
      this.#note(data);
    }
    return event;
  }

  #note({ u, E }: Depth): void {
    this.seq = u;
    this.#lastMs = E;
    this.#changes += 1;
    this.states.set(u, this.shown(this.#options.shownLevels));
    this.history.note(this.symbol, this.#book);
    if (this.#changes % OLD_STATES !== 0) return;
    this.#old.push({ seq: u, book: this.#book.copy() });
    if (this.#old.length > OLD_STATES) this.#old.shift();
  }

  /** A change that leads from the last book back to the first; the recording then goes on from there. */
  #beginAnew(): BinanceEvent {
    const u = this.seq + 1;
    const first = this.#firstTrade?.t ?? 0;
    const { E } = this.#first;
    const ms = this.#lastMs + LAP_PAUSE_MS - E;
    this.#lap = { ids: u - this.#first.u, trades: this.#lastTrade + 1 - first, ms };
    this.#at = this.#firstAt;
    const b = this.#firstBook.differenceFrom(this.#book, 'bids');
    const a = this.#firstBook.differenceFrom(this.#book, 'asks');
    const data: Depth = { e: 'depthUpdate', E: E + ms, s: this.symbol, U: u, u, b, a };
    return { kind: 'book', stream: `${this.symbol.toLowerCase()}@depth@100ms`, data };
  }

  #snapshot(limit: number, isOld: boolean): unknown {
    const { seq, book } = (isOld ? this.#old[0] : undefined) ?? { seq: this.seq, book: this.#book };
    return { lastUpdateId: seq, bids: book.best('bids', limit), asks: book.best('asks', limit) };
  }

  #tradesFrom(fromId: number, limit: number): unknown {
    const found: unknown[] = [];
    for (let id = fromId; id <= this.#lastTrade && found.length < limit; id += 1) {
      const trade = this.trades.get(id);
      if (trade === undefined) continue;
      const { p: price, q: qty, T: time, m: isBuyerMaker } = trade;
      found.push({ id, price, qty, time, isBuyerMaker, isBestMatch: true });
    }
    return found;
  }

  #instrument(): unknown {
    return {
      symbol: this.symbol,
      status: 'TRADING',
      filters: [
        { filterType: 'PRICE_FILTER', tickSize: '0.01000000' },
        { filterType: 'LOT_SIZE', stepSize: '0.00001000', minQty: '0.00001000' },
      ],
    };
  }
}

function moved(event: BinanceEvent, { ids, trades, ms }: Lap): BinanceEvent {
  const { data } = event;
  if (data.e === 'trade') return { ...event, data: { ...data, t: data.t + trades, E: data.E + ms, T: data.T + ms } };
  if (data.e === undefined) return { ...event, data: { ...data, u: data.u + ids } };
  return { ...event, data: { ...data, U: data.U + ids, u: data.u + ids, E: data.E + ms } };
}

function answer(body: unknown): RestAnswer {
  return { status: 200, body: JSON.stringify(body) };
}
