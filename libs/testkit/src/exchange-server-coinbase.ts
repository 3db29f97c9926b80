import type { Exchange, ExchangeEvent, ExchangeSession, RestAnswer } from './exchange-server.ts';
import { type BookSide, ExchangeBook, type SpelledLevel } from './exchange-server-book.ts';
import type { CapturedLine } from './exchange-server-captures.ts';
import type { StreamFrame } from './exchange-server-faults.ts';
import { BookHistory } from './exchange-server-history.ts';
import { type PlayOptions, shiftedTime } from './exchange-server-play.ts';

export interface CoinbaseTrade {
  readonly product_id: string;
  readonly trade_id: string;
  readonly price: string;
  readonly size: string;
  readonly time: string;
}

interface Update {
  readonly side: 'bid' | 'offer';
  readonly event_time: string;
  readonly price_level: string;
  readonly new_quantity: string;
}

interface Part {
  readonly type?: 'snapshot' | 'update';
  readonly product_id?: string;
  readonly trades?: readonly CoinbaseTrade[];
  readonly updates?: readonly Update[];
}

interface CoinbaseEvent extends ExchangeEvent {
  readonly channel: string;
  readonly timestamp: string;
  readonly events: readonly Part[];
}

const DATA_KINDS: Readonly<Record<string, ExchangeEvent['kind']>> = {
  market_trades: 'trade',
  l2_data: 'book',
  heartbeats: 'other',
};
/** Newest trades that a subscription begins with, and that REST gives. */
const SHOWN_TRADES = 100;
const REST_TRADES = 1_000;
const MAX_LIE = 500;
/** Farther than a client would ask back for. */
const FAR_ID = 20_000;
const LAP_PAUSE_MS = 100;

/**
 * Coinbase Advanced Trade from a recorded session: every message of a connection is numbered, a subscription of
 * `market_trades` or `level2` is answered by a snapshot of each product, and REST knows products and their newest trades.
 */
export class CoinbaseExchange implements Exchange<CoinbaseEvent> {
  readonly products: readonly string[];
  /** Trades of the recording so far, without those that it begins with. */
  readonly trades: CoinbaseTrade[] = [];
  /** Of the books, by product. */
  readonly history: BookHistory;
  readonly #play: PlayOptions;
  readonly #books = new Map<string, ExchangeBook>();
  readonly #firstBooks: ReadonlyMap<string, ExchangeBook>;
  /** First id of each product in the recording. */
  readonly #firstIds = new Map<string, number>();
  readonly #lastIds = new Map<string, number>();
  /** What is added to the recording's ids and times this time. */
  readonly #idsLater = new Map<string, number>();
  #msLater = 0;
  /** Books that are led back to where the recording begins. */
  readonly #returns: CoinbaseEvent[] = [];
  readonly #newest = new Map<string, CoinbaseTrade[]>();
  readonly #described = new Map<string, unknown>();
  readonly #tape: CoinbaseEvent[] = [];
  #at = 0;
  #timestamp = '';

  constructor(session: readonly CapturedLine[], play: PlayOptions = {}) {
    this.#play = play;
    this.history = new BookHistory(play.shownLevels ?? 1);
    for (const { t, data } of session) {
      if (t === 'http') this.#describe(data ?? '');
      if (t === 'recv') this.#record(JSON.parse(data ?? '') as CoinbaseEvent);
    }
    this.products = [...this.#books.keys()];
    this.#firstBooks = new Map(this.products.map((product) => [product, this.book(product).copy()]));
    for (const product of this.products) this.history.note(product, this.book(product));
    if (play.startMs !== undefined) this.#msLater = play.startMs - Date.parse(this.#timestamp);
  }

  book(product: string): ExchangeBook {
    const found = this.#books.get(product);
    if (found === undefined) throw new Error(`${product} is not in the recording`);
    return found;
  }

  connect(): ExchangeSession<CoinbaseEvent> {
    const subscribed = new Map<string, Set<string>>();
    let sequence = -1;
    const text = (channel: string, events: readonly unknown[]) => {
      sequence += 1;
      return JSON.stringify({ channel, timestamp: this.#timestamp, sequence_num: sequence, events });
    };
    const has = (channel: string, product: string) => subscribed.get(channel)?.has(product) === true;
    return {
      greeting: () => [],
      receive: (message) => {
        const asked = JSON.parse(message) as { type: string; channel: string; product_ids?: string[] };
        const { type, channel, product_ids: products = [] } = asked;
        const list = subscribed.get(channel) ?? new Set<string>();
        subscribed.set(channel, list);
        for (const product of products) {
          if (type === 'subscribe') list.add(product);
          else list.delete(product);
        }
        const events = type === 'subscribe' ? products.flatMap((product) => this.#snapshot(channel, product)) : [];
        const dataChannel = channel === 'level2' ? 'l2_data' : channel;
        const lists = Object.fromEntries([...subscribed].map(([name, names]) => [name, [...names]]));
        return [
          ...events.map((event): StreamFrame => ({ kind: 'other', text: text(dataChannel, [event]) })),
          { kind: 'other', text: text('subscriptions', [{ subscriptions: lists }]) },
        ];
      },
      frame: ({ kind, channel, events }) => {
        if (channel === 'heartbeats') {
          return subscribed.has(channel) ? { kind, text: text(channel, events) } : undefined;
        }
        const seen = events.flatMap((part): Part[] => {
          if (channel === 'l2_data') return has('level2', part.product_id ?? '') ? [part] : [];
          const trades = (part.trades ?? []).filter((trade) => has('market_trades', trade.product_id));
          return trades.length > 0 ? [{ ...part, trades }] : [];
        });
        return seen.length > 0 ? { kind, text: text(channel, seen) } : undefined;
      },
    };
  }

  step(): CoinbaseEvent | undefined {
    if (this.#tape[this.#at] === undefined && this.#play.isEndless === true) this.#beginAnew();
    const recorded = this.#returns.shift() ?? this.#moved(this.#tape[this.#at]);
    if (recorded === undefined) return undefined;
    this.#timestamp = recorded.timestamp;
    for (const part of recorded.events) {
      for (const trade of [...(part.trades ?? [])].reverse()) this.#trade(trade);
      const { product_id: product = '', updates } = part;
      if (updates === undefined) continue;
      setUpdates(this.book(product), updates);
      this.history.note(product, this.book(product));
    }
    return recorded;
  }

  forget({ events }: CoinbaseEvent): void {
    const gone = new Set(events.flatMap(({ trades }) => trades ?? []));
    for (const [product, newest] of this.#newest) {
      this.#newest.set(
        product,
        newest.filter((trade) => !gone.has(trade)),
      );
    }
    for (const trade of gone) this.trades.splice(this.trades.indexOf(trade), 1);
  }

  /** Its snapshots come by the stream. */
  isSnapshot(): boolean {
    return false;
  }

  rest({ pathname, searchParams }: URL): RestAnswer {
    const [product = '', what] = pathname.replace('/api/v3/brokerage/market/products/', '').split('/');
    const limit = Number(searchParams.get('limit') ?? REST_TRADES);
    const newest = (this.#newest.get(product) ?? []).slice(0, limit);
    const body = what === 'ticker' ? { trades: newest } : this.#described.get(product);
    return body === undefined ? { status: 404, body: '{}' } : { status: 200, body: JSON.stringify(body) };
  }

  /** About the number of the message, or about the id of a trade. */
  lie(text: string, random: () => number): string {
    const message = JSON.parse(text) as CoinbaseEvent & { sequence_num: number };
    const by = 1 + Math.floor(random() * MAX_LIE);
    const [part] = message.events;
    const [trade, ...trades] = part?.trades ?? [];
    if (trade === undefined || random() < 0.5) {
      return JSON.stringify({ ...message, sequence_num: message.sequence_num + by });
    }
    const id = Number(trade.trade_id) + (random() < 0.5 ? 1 : -1) * by * FAR_ID;
    const lied = { ...part, trades: [{ ...trade, trade_id: String(id) }, ...trades] };
    return JSON.stringify({ ...message, events: [lied, ...message.events.slice(1)] });
  }

  #describe(body: string): void {
    const { products } = JSON.parse(body) as { products: { product_id: string }[] };
    for (const product of products) this.#described.set(product.product_id, product);
  }

  #record({ channel, timestamp, events }: CoinbaseEvent): void {
    this.#timestamp ||= timestamp;
    const kind = DATA_KINDS[channel];
    if (kind === undefined) return;
    const isSnapshot = events.some(({ type }) => type === 'snapshot');
    if (!isSnapshot) this.#tape.push({ kind, channel, timestamp, events });
    else for (const part of events) this.#begin(part);
  }

  #begin({ product_id: product, trades = [], updates }: Part): void {
    const [first] = trades;
    if (first !== undefined) this.#newest.set(first.product_id, [...trades]);
    if (updates === undefined || product === undefined) return;
    const book = new ExchangeBook();
    setUpdates(book, updates);
    this.#books.set(product, book);
  }

  #trade(trade: CoinbaseTrade): void {
    this.trades.push(trade);
    const { product_id: product, trade_id: id } = trade;
    if (!this.#firstIds.has(product)) this.#firstIds.set(product, Number(id));
    this.#lastIds.set(product, Number(id));
    const newest = [trade, ...(this.#newest.get(product) ?? [])];
    this.#newest.set(product, newest.slice(0, REST_TRADES));
  }

  /** The recorded event at the place reached, with the ids and times of this time. */
  #moved(recorded: CoinbaseEvent | undefined): CoinbaseEvent | undefined {
    this.#at += 1;
    if (recorded === undefined || this.#msLater === 0) return recorded;
    const at = (time: string) => shiftedTime(time, this.#msLater);
    const events = recorded.events.map((part): Part => {
      const trades = part.trades?.map((trade) => {
        const id = Number(trade.trade_id) + (this.#idsLater.get(trade.product_id) ?? 0);
        return { ...trade, trade_id: String(id), time: at(trade.time) };
      });
      const updates = part.updates?.map((update) => ({ ...update, event_time: at(update.event_time) }));
      return { ...part, ...(trades && { trades }), ...(updates && { updates }) };
    });
    return { ...recorded, timestamp: at(recorded.timestamp), events };
  }

  /** Leads each book back to the first by one change; the recording then goes on from its beginning. */
  #beginAnew(): void {
    this.#at = 0;
    const timestamp = shiftedTime(this.#timestamp, LAP_PAUSE_MS);
    this.#msLater = Date.parse(timestamp) - Date.parse(this.#tape[0]?.timestamp ?? timestamp);
    for (const [product, first] of this.#firstIds) {
      this.#idsLater.set(product, (this.#lastIds.get(product) ?? first) + 1 - first);
    }
    for (const [product, first] of this.#firstBooks) {
      const of = (side: BookSide, name: Update['side']) =>
        first.differenceFrom(this.book(product), side).map(([price_level, new_quantity]): Update => {
          return { side: name, event_time: timestamp, price_level, new_quantity };
        });
      const updates = [...of('bids', 'bid'), ...of('asks', 'offer')];
      const events = [{ type: 'update', product_id: product, updates } as const];
      this.#returns.push({ kind: 'book', channel: 'l2_data', timestamp, events });
    }
  }

  #snapshot(channel: string, product: string): Part[] {
    if (channel === 'market_trades') {
      return [{ type: 'snapshot', trades: (this.#newest.get(product) ?? []).slice(0, SHOWN_TRADES) }];
    }
    if (channel !== 'level2') return [];
    const of = (side: BookSide, name: Update['side']) =>
      this.book(product)
        .best(side)
        .map(([price_level, new_quantity, event_time = this.#timestamp]): Update => {
          return { side: name, event_time, price_level, new_quantity };
        });
    return [{ type: 'snapshot', product_id: product, updates: [...of('bids', 'bid'), ...of('asks', 'offer')] }];
  }
}

function setUpdates(book: ExchangeBook, updates: readonly Update[]): void {
  for (const { side, price_level, new_quantity, event_time } of updates) {
    const level: SpelledLevel = [price_level, new_quantity, event_time];
    book.set(side === 'bid' ? 'bids' : 'asks', [level]);
  }
}
