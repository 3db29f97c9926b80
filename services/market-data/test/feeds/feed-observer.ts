import assert from 'node:assert/strict';
import type { FeedEvent, FeedOutput, TradeEvent, VenueProtocol } from '../../src/core/feeds/protocol.ts';

export type Side = Map<string, string>;

/** A book as simple as can be: size by price, each side. */
export interface NaiveBook {
  readonly bids: Side;
  readonly asks: Side;
}

export function naiveBook(): NaiveBook {
  return { bids: new Map(), asks: new Map() };
}

/** Sets, or removes by a size of zero; prices in their shortest spelling. */
export function setNaive(side: Side, price: string, size: string): void {
  if (Number(size) === 0) side.delete(plain(price));
  else side.set(plain(price), plain(size));
}

export function plain(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

export function bestOf({ bids, asks }: NaiveBook): { bid: number; ask: number } {
  return { bid: Math.max(...[...bids.keys()].map(Number)), ask: Math.min(...[...asks.keys()].map(Number)) };
}

/** Best price of one side, searched for only when the best level has gone. */
export class BestPrice {
  readonly #side: Side;
  readonly #isAsk: boolean;
  #best: number | undefined;

  constructor(side: Side, isAsk: boolean) {
    this.#side = side;
    this.#isAsk = isAsk;
  }

  changed(price: number, isThere: boolean): void {
    if (this.#best === undefined) return;
    if (!isThere && price === this.#best) this.#best = undefined;
    else if (isThere && (this.#isAsk ? price < this.#best : price > this.#best)) this.#best = price;
  }

  read(): number {
    if (this.#best === undefined) {
      const prices = [...this.#side.keys()].map(Number);
      this.#best = prices.reduce((a, b) => (this.#isAsk === a < b ? a : b));
    }
    return this.#best;
  }
}

type OfKind<K extends FeedOutput['kind']> = Extract<FeedOutput, { kind: K }>;

/** What came out of a protocol, and the books that follow from it. */
export class FeedObserver {
  readonly books = new Map<string, NaiveBook>();
  readonly outputs: FeedOutput[] = [];
  readonly #read = { outputs: 0 };

  take(outputs: readonly FeedOutput[]): readonly FeedOutput[] {
    for (const output of outputs) {
      this.outputs.push(output);
      if (output.kind === 'book-invalid') this.books.delete(output.symbol);
      if (output.kind === 'event') this.#apply(output.event);
    }
    return outputs;
  }

  of<K extends FeedOutput['kind']>(kind: K): OfKind<K>[] {
    return this.outputs.filter((output): output is OfKind<K> => output.kind === kind);
  }

  /** Outputs since the last call. */
  fresh(): FeedOutput[] {
    const fresh = this.outputs.slice(this.#read.outputs);
    this.#read.outputs = this.outputs.length;
    return fresh;
  }

  events<K extends FeedEvent['kind']>(kind: K): Extract<FeedEvent, { kind: K }>[] {
    const events = this.of('event').map(({ event }) => event);
    return events.filter((event): event is Extract<FeedEvent, { kind: K }> => event.kind === kind);
  }

  tradeIds(): string[] {
    return this.events('trade').map(({ tradeId }: TradeEvent) => tradeId);
  }

  count(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const output of this.outputs) {
      const name = output.kind === 'event' ? output.event.kind : output.kind;
      counts[name] = (counts[name] ?? 0) + 1;
    }
    return counts;
  }

  #apply(event: FeedEvent): void {
    if (event.kind !== 'book') return;
    if (event.snapshot) this.books.set(event.symbol, naiveBook());
    const book = this.books.get(event.symbol);
    assert.ok(book !== undefined, `a change of ${event.symbol} without a snapshot`);
    for (const [price, size] of event.bids) setNaive(book.bids, price, size);
    for (const [price, size] of event.asks) setNaive(book.asks, price, size);
  }
}

const MS = 1_000_000n;

/** A protocol, driven by hand, and what comes out of it. */
export class DrivenFeed extends FeedObserver {
  readonly protocol: VenueProtocol;
  nowNs = 1_700_000_000_000_000_000n;

  constructor(protocol: VenueProtocol) {
    super();
    this.protocol = protocol;
  }

  connect(): readonly FeedOutput[] {
    return this.take(this.protocol.connected(this.nowNs));
  }

  disconnect(): readonly FeedOutput[] {
    return this.take(this.protocol.disconnected());
  }

  subscribe(...symbols: string[]): readonly FeedOutput[] {
    return this.take(this.protocol.subscribe(symbols));
  }

  receive(frame: unknown): readonly FeedOutput[] {
    const text = typeof frame === 'string' ? frame : JSON.stringify(frame);
    const stamps = { receivedNs: this.nowNs, decodedNs: this.nowNs };
    return this.take(this.protocol.receive(text, stamps));
  }

  /** Lets time pass, with one look at the clock. */
  wait(ms: number): readonly FeedOutput[] {
    this.nowNs += BigInt(ms) * MS;
    return this.take(this.protocol.clock(this.nowNs));
  }

  /** The newest request whose path contains the text, that has been asked since the start. */
  request(part: string): OfKind<'fetch'> {
    const found = this.of('fetch').findLast(({ path }) => path.includes(part));
    assert.ok(found !== undefined, `nothing with ${part} was asked for`);
    return found;
  }

  answer(part: string, body: unknown): readonly FeedOutput[] {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    return this.take(this.protocol.fetched(this.request(part).requestId, { ok: true, body: text }));
  }

  refuse(part: string): readonly FeedOutput[] {
    const answer = { ok: false, reason: 'status 500' } as const;
    return this.take(this.protocol.fetched(this.request(part).requestId, answer));
  }

  sent(): Record<string, unknown>[] {
    return this.of('send').map(({ text }) => JSON.parse(text));
  }
}
