import type { Exchange, ExchangeEvent, ExchangeSession, RestAnswer } from './exchange-server.ts';
import type { ExchangeBook, SpelledLevel } from './exchange-server-book.ts';
import { BookHistory } from './exchange-server-history.ts';
import type { PlayOptions } from './exchange-server-play.ts';

export interface AlpacaMessage {
  readonly T: string;
  readonly S?: string;
  /** RFC 3339. */
  readonly t?: string;
}

/** One price of a crypto book. */
export interface AlpacaLevel {
  readonly p: number;
  readonly s: number;
}

export interface AlpacaTrade extends AlpacaMessage {
  readonly S: string;
  readonly i: number;
  readonly p: number;
  readonly s: number;
}

interface AlpacaBook extends AlpacaMessage {
  readonly S: string;
  readonly b: readonly AlpacaLevel[];
  readonly a: readonly AlpacaLevel[];
}

interface AlpacaEvent extends ExchangeEvent {
  readonly message: AlpacaMessage;
}

export interface AlpacaPlayOptions extends PlayOptions {
  /** Crypto books as they are before the first message, by the venue's symbol. */
  readonly books?: ReadonlyMap<string, ExchangeBook>;
}

/** Names of the lists in a subscription, by the type of the messages that they bring. */
const CHANNELS: Readonly<Record<string, string>> = {
  t: 'trades',
  q: 'quotes',
  s: 'statuses',
  l: 'lulds',
  o: 'orderbooks',
};
const TRADES_A_PAGE = 1_000;
const ERROR = '[{"T":"error","code":407,"msg":"slow client"}]';

/**
 * Alpaca's stream of stocks or crypto from recorded messages: greets, lets everyone in, confirms what is subscribed and
 * answers a subscription of books by whole ones. Corrections and cancels come with the trades. REST knows its trades,
 * page by page, and its assets.
 */
export class AlpacaExchange implements Exchange<AlpacaEvent> {
  readonly trades: AlpacaTrade[] = [];
  /** Of the books, by the venue's symbol. */
  readonly history: BookHistory;
  readonly #messages: readonly AlpacaMessage[];
  readonly #play: AlpacaPlayOptions;
  readonly #books: ReadonlyMap<string, ExchangeBook>;
  readonly #firstBooks: ReadonlyMap<string, ExchangeBook>;
  /** Books that are led back to where the recording begins. */
  readonly #returns: AlpacaMessage[] = [];
  readonly #mostId: number;
  #idsLater = 0;
  #nowMs: number | undefined;
  #recordedTime: string | undefined;
  #at = 0;

  constructor(messages: readonly AlpacaMessage[], play: AlpacaPlayOptions = {}) {
    this.#messages = messages.filter(({ S }) => S !== undefined);
    this.#play = play;
    this.#nowMs = play.startMs;
    this.#books = play.books ?? new Map();
    this.#firstBooks = new Map(Array.from(this.#books, ([symbol, book]) => [symbol, book.copy()]));
    this.history = new BookHistory(play.shownLevels ?? 1);
    for (const [symbol, book] of this.#books) this.history.note(symbol, book);
    this.#mostId = this.#messages.reduce((most, message) => (isTrade(message) ? Math.max(most, message.i) : most), 0);
  }

  book(symbol: string): ExchangeBook {
    const found = this.#books.get(symbol);
    if (found === undefined) throw new Error(`${symbol} has no book`);
    return found;
  }

  connect(): ExchangeSession<AlpacaEvent> {
    const lists = new Map<string, Set<string>>();
    const frame = (kind: ExchangeEvent['kind'], message: object) => ({ kind, text: JSON.stringify([message]) });
    return {
      greeting: () => [frame('other', { T: 'success', msg: 'connected' })],
      receive: (text) => {
        const { action, key: _key, secret: _secret, ...asked } = JSON.parse(text);
        if (action === 'auth') return [frame('other', { T: 'success', msg: 'authenticated' })];
        for (const [channel, symbols] of Object.entries(asked as Record<string, string[]>)) {
          const list = lists.get(channel) ?? new Set<string>();
          lists.set(channel, list);
          for (const symbol of symbols) {
            if (action === 'subscribe') list.add(symbol);
            else list.delete(symbol);
          }
        }
        const confirmed = Object.fromEntries([...lists].map(([channel, symbols]) => [channel, [...symbols]]));
        const wanted = action === 'subscribe' ? ((asked.orderbooks ?? []) as string[]) : [];
        const books = wanted.filter((symbol) => this.#books.has(symbol)).map((symbol) => this.#snapshot(symbol));
        return [{ T: 'subscription', ...confirmed }, ...books].map((message) => frame('other', message));
      },
      frame: ({ kind, message }) => {
        const list = lists.get(CHANNELS[message.T] ?? 'trades');
        return list?.has('*') || list?.has(message.S ?? '') ? frame(kind, message) : undefined;
      },
    };
  }

  step(): AlpacaEvent | undefined {
    if (this.#messages[this.#at] === undefined && this.#play.isEndless === true) this.#beginAnew();
    const message = this.#moved(this.#returns.shift() ?? this.#messages[this.#at++]);
    if (message === undefined) return undefined;
    if (isTrade(message)) {
      this.trades.push(message);
      return { kind: 'trade', message };
    }
    if (!isBook(message)) return { kind: 'other', message };
    const book = this.book(message.S);
    book.set('bids', message.b.map(spelled));
    book.set('asks', message.a.map(spelled));
    this.history.note(message.S, book);
    return { kind: 'book', message };
  }

  forget({ message }: AlpacaEvent): void {
    const at = isTrade(message) ? this.trades.indexOf(message) : -1;
    if (at >= 0) this.trades.splice(at, 1);
  }

  isSnapshot(): boolean {
    return false;
  }

  rest({ pathname, searchParams }: URL): RestAnswer {
    if (/^\/(?:v2\/stocks|v1beta3\/crypto\/\w+)\/trades$/.test(pathname)) return answer(this.#page(searchParams));
    if (pathname.endsWith('/bars')) return answer({ bars: {}, next_page_token: null });
    if (!pathname.startsWith('/v2/assets/')) return answer([]);
    return answer({
      ...{ symbol: decodeURIComponent(pathname.replace('/v2/assets/', '')), tradable: true, shortable: false },
      ...{ fractionable: false, price_increment: '0.01', min_trade_increment: '0.00001', min_order_size: '0.00001' },
    });
  }

  /** Nothing of it is numbered: a book gets a bid that cannot be, and instead of a trade the client is told to go. */
  lie(text: string): string {
    const [message] = JSON.parse(text) as [AlpacaMessage];
    if (!isBook(message)) return ERROR;
    const bestAsk = Number(this.book(message.S).best('asks', 1)[0]?.[0]);
    return JSON.stringify([{ ...message, b: [...message.b, { p: 2 * bestAsk, s: 1 }] }]);
  }

  #page(query: URLSearchParams): unknown {
    const symbols = (query.get('symbols') ?? '').split(',');
    const fromMs = Date.parse(query.get('start') ?? '');
    const limit = Math.min(Number(query.get('limit')), TRADES_A_PAGE);
    const token = query.get('page_token');
    const found: Record<string, unknown[]> = {};
    let count = 0;
    let at = token === null ? this.trades.findIndex(({ t }) => Date.parse(t ?? '') >= fromMs) : Number(token);
    for (; at >= 0 && at < this.trades.length && count < limit; at += 1) {
      const { T: _type, S, ...trade } = this.trades[at] as AlpacaTrade;
      if (!symbols.includes(S)) continue;
      found[S] = [...(found[S] ?? []), trade];
      count += 1;
    }
    return { trades: found, next_page_token: count === limit ? String(at) : null };
  }

  /** With the ids and times of now: what was of one time is of one again, else a millisecond later. */
  #moved(recorded: AlpacaMessage | undefined): AlpacaMessage | undefined {
    if (recorded === undefined || this.#nowMs === undefined) return recorded;
    if (recorded.t !== this.#recordedTime) this.#nowMs += 1;
    this.#recordedTime = recorded.t;
    const moved = { ...recorded, t: new Date(this.#nowMs).toISOString() };
    return isTrade(moved) ? ({ ...moved, i: moved.i + this.#idsLater } as AlpacaTrade) : moved;
  }

  /** Leads each book back to the first by one change; the recording then goes on from its beginning. */
  #beginAnew(): void {
    this.#at = 0;
    this.#idsLater += this.#mostId;
    for (const [symbol, first] of this.#firstBooks) {
      const of = (side: 'bids' | 'asks') => first.differenceFrom(this.book(symbol), side).map(levelOf);
      this.#returns.push({ T: 'o', S: symbol, b: of('bids'), a: of('asks') } as AlpacaBook);
    }
  }

  #snapshot(symbol: string): object {
    const of = (side: 'bids' | 'asks') => this.book(symbol).best(side).map(levelOf);
    const t = new Date(this.#nowMs ?? 0).toISOString();
    return { T: 'o', S: symbol, t, b: of('bids'), a: of('asks'), r: true };
  }
}

function isTrade(message: AlpacaMessage): message is AlpacaTrade {
  return message.T === 't';
}

function isBook(message: AlpacaMessage): message is AlpacaBook {
  return message.T === 'o';
}

function spelled({ p, s }: AlpacaLevel): SpelledLevel {
  return [String(p), String(s)];
}

function levelOf([price, size]: SpelledLevel): AlpacaLevel {
  return { p: Number(price), s: Number(size) };
}

function answer(body: unknown): RestAnswer {
  return { status: 200, body: JSON.stringify(body) };
}
