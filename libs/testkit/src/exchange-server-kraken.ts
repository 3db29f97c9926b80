import type { Exchange, ExchangeEvent, ExchangeSession, RestAnswer } from './exchange-server.ts';
import { ExchangeBook, type SpelledLevel } from './exchange-server-book.ts';
import type { CapturedLine } from './exchange-server-captures.ts';
import type { StreamFrame } from './exchange-server-faults.ts';

interface BookPayload {
  readonly as?: readonly SpelledLevel[];
  readonly bs?: readonly SpelledLevel[];
  readonly a?: readonly SpelledLevel[];
  readonly b?: readonly SpelledLevel[];
  readonly c?: string;
}

type KrakenTrade = readonly [price: string, volume: string, time: string, side: string, type: string, misc: string];

interface KrakenEvent extends ExchangeEvent {
  readonly pair: string;
  /** As recorded: channel number, payloads, channel, pair. */
  readonly message: readonly unknown[];
}

const DEPTH = 1_000;
const BOOK = `book-${DEPTH}`;

/**
 * Kraken's WebSocket v1 from a recorded session: a subscription of a book is answered by a snapshot, each change bears
 * the recorded checksum, and REST knows the pairs and their trades.
 */
export class KrakenExchange implements Exchange<KrakenEvent> {
  /** As the exchange spells them: `XBT/USD`. */
  readonly pairs: readonly string[];
  /** Trades of the recording so far, by pair. */
  readonly trades: { readonly pair: string; readonly trade: KrakenTrade }[] = [];
  readonly #books = new Map<string, ExchangeBook>();
  readonly #tape: KrakenEvent[] = [];
  #described = '{"error":[],"result":{}}';
  #at = 0;

  constructor(session: readonly CapturedLine[]) {
    for (const { t, data = '' } of session) {
      if (t === 'http') this.#described = data;
      if (t === 'recv') this.#record(JSON.parse(data));
    }
    this.pairs = [...this.#books.keys()];
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
    const event = this.#tape[this.#at];
    if (event === undefined) return undefined;
    this.#at += 1;
    const { kind, pair, message } = event;
    if (kind === 'trade') {
      for (const trade of message[1] as readonly KrakenTrade[]) this.trades.push({ pair, trade });
    } else for (const payload of message.slice(1, -2)) setPayload(this.book(pair), payload as BookPayload);
    return event;
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
    const found = this.trades
      .map(({ pair, trade }, id) => ({ pair, trade, id }))
      .filter(({ pair, trade }) => pair.replace('/', '') === name && BigInt(trade[2].replace('.', '')) * 1_000n > since)
      .map(({ trade: [price, volume, time, ...rest], id }) => [price, volume, Number(time), ...rest, id]);
    return { status: 200, body: JSON.stringify({ error: [], result: { [name]: found, last: String(since) } }) };
  }

  /** Of the last payload, which bears the checksum. */
  lie(text: string): string | undefined {
    const message = JSON.parse(text) as unknown[];
    const payload = message.at(-3) as BookPayload;
    if (payload.c === undefined) return undefined;
    return JSON.stringify(message.with(-3, { ...payload, c: String(Number(payload.c) ^ 1) }));
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
