import { crc32 } from 'node:zlib';
import type { Exchange, ExchangeEvent, ExchangeSession, RestAnswer } from './exchange-server.ts';
import { ExchangeBook, type SpelledLevel } from './exchange-server-book.ts';
import type { CapturedLine } from './exchange-server-captures.ts';
import type { StreamFrame } from './exchange-server-faults.ts';
import { BookHistory } from './exchange-server-history.ts';
import type { PlayOptions } from './exchange-server-play.ts';

interface BookPayload {
  readonly as?: readonly SpelledLevel[];
  readonly bs?: readonly SpelledLevel[];
  readonly a?: readonly SpelledLevel[];
  readonly b?: readonly SpelledLevel[];
  readonly c?: string;
}

export type KrakenTrade = readonly [
  price: string,
  volume: string,
  time: string,
  side: string,
  type: string,
  misc: string,
];

interface KrakenEvent extends ExchangeEvent {
  readonly pair: string;
  /** As recorded: channel number, payloads, channel, pair. */
  readonly message: readonly unknown[];
}

export interface KrakenPlayOptions extends PlayOptions {
  /** Trades that are told amid the changes of books, as far as they go: the recorded sessions have few. */
  readonly moreTrades?: { readonly pair: string; readonly trades: readonly KrakenTrade[] };
}

const DEPTH = 1_000;
const BOOK = `book-${DEPTH}`;
const TRADES_A_PAGE = 1_000;
const CHECKED_LEVELS = 10;
/** Changes of books from one added trade to the next, and the time from one event to the next at the live pace. */
const CHANGES_A_TRADE = 4;
const EVENT_US = 1_000;

/**
 * Kraken's WebSocket v1 from a recorded session: a subscription of a book is answered by a snapshot, each change bears
 * the recorded checksum, and REST knows the pairs and their trades.
 */
export class KrakenExchange implements Exchange<KrakenEvent> {
  /** As the exchange spells them: `XBT/USD`. */
  readonly pairs: readonly string[];
  /** Trades of the recording so far, by pair. */
  readonly trades: { readonly pair: string; readonly trade: KrakenTrade }[] = [];
  /** Of the books, by pair. */
  readonly history: BookHistory;
  readonly #play: KrakenPlayOptions;
  readonly #books = new Map<string, ExchangeBook>();
  readonly #firstBooks: ReadonlyMap<string, ExchangeBook>;
  readonly #tape: KrakenEvent[] = [];
  /** Books that are led back to where the recording begins. */
  readonly #returns: KrakenEvent[] = [];
  #nowUs: number | undefined;
  #described = '{"error":[],"result":{}}';
  #at = 0;

  constructor(session: readonly CapturedLine[], play: KrakenPlayOptions = {}) {
    this.#play = play;
    this.history = new BookHistory(play.shownLevels ?? 1);
    this.#nowUs = play.startMs === undefined ? undefined : play.startMs * 1_000;
    for (const { t, data = '' } of session) {
      if (t === 'http') this.#described = data;
      if (t === 'recv') this.#record(JSON.parse(data));
    }
    this.pairs = [...this.#books.keys()];
    this.#addTrades();
    this.#firstBooks = new Map(this.pairs.map((pair) => [pair, this.book(pair).copy()]));
    for (const pair of this.pairs) this.history.note(pair, this.book(pair));
  }

  book(pair: string): ExchangeBook {
    const found = this.#books.get(pair);
    if (found === undefined) throw new Error(`${pair} is not in the recording`);
    return found;
  }

  connect(): ExchangeSession<KrakenEvent> {
    const subscribed = new Set<string>();
    return {
      greeting: () => [{ kind: 'other', text: '{"event":"systemStatus","status":"online","version":"1.8.3"}' }],
      receive: (text) => {
        const asked = JSON.parse(text) as { event: string; pair: string[]; subscription: { name: string } };
        const channelName = asked.subscription.name === 'book' ? BOOK : asked.subscription.name;
        const isSubscribe = asked.event === 'subscribe';
        return asked.pair.flatMap((pair): StreamFrame[] => {
          if (isSubscribe) subscribed.add(`${channelName} ${pair}`);
          else subscribed.delete(`${channelName} ${pair}`);
          const status = isSubscribe ? 'subscribed' : 'unsubscribed';
          const confirmed = { event: 'subscriptionStatus', channelName, pair, status };
          const texts = [JSON.stringify({ ...confirmed, subscription: asked.subscription })];
          if (isSubscribe && channelName === BOOK) texts.push(this.#snapshot(pair));
          return texts.map((one) => ({ kind: 'other', text: one }));
        });
      },
      frame: ({ kind, pair, message }) =>
        subscribed.has(`${message.at(-2)} ${pair}`) ? { kind, text: JSON.stringify(message) } : undefined,
    };
  }

  step(): KrakenEvent | undefined {
    if (this.#tape[this.#at] === undefined && this.#play.isEndless === true) this.#beginAnew();
    const event = this.#timed(this.#returns.shift() ?? this.#tape[this.#at++]);
    if (event === undefined) return undefined;
    const { kind, pair, message } = event;
    if (kind === 'trade') {
      for (const trade of message[1] as readonly KrakenTrade[]) this.trades.push({ pair, trade });
      return event;
    }
    const book = this.book(pair);
    const before = checksumOf(book);
    for (const payload of message.slice(1, -2)) setPayload(book, payload as BookPayload);
    this.history.note(pair, book);
    // Below the levels that the checksum covers nothing tells a client what it missed.
    return checksumOf(book) === before ? { ...event, kind: 'other' } : event;
  }

  forget({ message }: KrakenEvent): void {
    const gone = new Set(message[1] as readonly KrakenTrade[]);
    const kept = this.trades.filter(({ trade }) => !gone.has(trade));
    this.trades.splice(0, this.trades.length, ...kept);
  }

  /** Its snapshots come by the stream. */
  isSnapshot(): boolean {
    return false;
  }

  rest({ pathname, searchParams }: URL): RestAnswer {
    if (pathname === '/0/public/AssetPairs') return { status: 200, body: this.#described };
    if (pathname !== '/0/public/Trades') return { status: 404, body: '{}' };
    const name = searchParams.get('pair') ?? '';
    const since = BigInt(searchParams.get('since') ?? '0');
    const from = this.trades.findIndex(({ trade }) => nsOf(trade) > since);
    const found = this.trades
      .map(({ pair, trade }, id) => ({ pair, trade, id }))
      .slice(from < 0 ? this.trades.length : from)
      .filter(({ pair }) => pair.replace('/', '') === name)
      .slice(0, TRADES_A_PAGE);
    const rows = found.map(({ trade: [price, volume, time, ...rest], id }) => [
      ...[price, volume, Number(time)],
      ...rest,
      id,
    ]);
    const last = found.at(-1);
    const result = { [name]: rows, last: String(last === undefined ? since : nsOf(last.trade)) };
    return { status: 200, body: JSON.stringify({ error: [], result }) };
  }

  /** Of the last payload, which bears the checksum. */
  lie(text: string): string | undefined {
    const message = JSON.parse(text) as unknown[];
    const payload = message.at(-3) as BookPayload;
    if (payload.c === undefined) return undefined;
    return JSON.stringify(message.with(-3, { ...payload, c: String(Number(payload.c) ^ 1) }));
  }

  /** Puts the added trades amid the changes of books. */
  #addTrades(): void {
    const { moreTrades } = this.#play;
    if (moreTrades === undefined) return;
    const { pair, trades } = moreTrades;
    const recorded = this.#tape.splice(0);
    for (const [at, event] of recorded.entries()) {
      this.#tape.push(event);
      const trade = at % CHANGES_A_TRADE === 0 ? trades[at / CHANGES_A_TRADE] : undefined;
      if (trade !== undefined) this.#tape.push({ kind: 'trade', pair, message: [0, [trade], 'trade', pair] });
    }
  }

  /** The event with the times of now, each a millisecond after the one before it. */
  #timed(event: KrakenEvent | undefined): KrakenEvent | undefined {
    if (event === undefined || this.#nowUs === undefined) return event;
    this.#nowUs += EVENT_US;
    const time = (at = 0) => ((Number(this.#nowUs) + at) / 1e6).toFixed(6);
    const { kind, message } = event;
    if (kind === 'trade') {
      const trades = (message[1] as readonly KrakenTrade[]).map((trade, at) => trade.with(2, time(at)));
      return { ...event, message: message.with(1, trades) };
    }
    const level = ([price, size, , ...rest]: SpelledLevel): SpelledLevel => [price, size, time(), ...rest];
    const payloads = (message.slice(1, -2) as readonly BookPayload[]).map(({ a, b, c }) => {
      return { ...(a && { a: a.map(level) }), ...(b && { b: b.map(level) }), ...(c !== undefined && { c }) };
    });
    return { ...event, message: [message[0], ...payloads, ...message.slice(-2)] };
  }

  /** Leads each book back to the first by one change; the recording then goes on from its beginning. */
  #beginAnew(): void {
    this.#at = 0;
    for (const [pair, first] of this.#firstBooks) {
      const [a, b] = (['asks', 'bids'] as const).map((side) => first.differenceFrom(this.book(pair), side));
      const payload = { a, b, c: checksumOf(first) };
      this.#returns.push({ kind: 'book', pair, message: [0, payload, BOOK, pair] });
    }
  }

  #record(message: unknown): void {
    if (!Array.isArray(message)) return;
    const pair = String(message.at(-1));
    if (message.at(-2) === 'trade') this.#tape.push({ kind: 'trade', pair, message });
    if (message.at(-2) !== BOOK) return;
    const [payload] = message.slice(1) as [BookPayload];
    if (payload.as === undefined && payload.bs === undefined) this.#tape.push({ kind: 'book', pair, message });
    else {
      const book = new ExchangeBook();
      setPayload(book, payload);
      this.#books.set(pair, book);
    }
  }

  #snapshot(pair: string): string {
    const book = this.book(pair);
    return JSON.stringify([0, { as: book.best('asks', DEPTH), bs: book.best('bids', DEPTH) }, BOOK, pair]);
  }
}

function setPayload(book: ExchangeBook, { as, bs, a, b }: BookPayload): void {
  book.set('asks', as ?? a ?? []);
  book.set('bids', bs ?? b ?? []);
  book.truncate('asks', DEPTH);
  book.truncate('bids', DEPTH);
}

function nsOf([, , time]: KrakenTrade): bigint {
  return BigInt(time.replace('.', '')) * 1_000n;
}

/** CRC-32 over the digits of the ten best asks, then bids. */
function checksumOf(book: ExchangeBook): string {
  const digits = (text: string) => text.replace('.', '').replace(/^0+/, '');
  const best = [...book.best('asks', CHECKED_LEVELS), ...book.best('bids', CHECKED_LEVELS)];
  return String(crc32(best.map(([price, size]) => digits(price) + digits(size)).join('')));
}
