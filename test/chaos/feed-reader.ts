import assert from 'node:assert/strict';
import type { ShownLevels } from '@tickpath/testkit';
import { type Envelope, MarketFollower, NO_METRICS, type Payload } from '@tickpath/wire';

const RECEIVE_MARK = 200_000;
/** What is read is to be judged whole, also on a machine that has little time for it. */
const PATIENT = { maxHeld: 65_536, retryMs: 200, maxTries: 100 };

/** A book as it follows from what is published of it. */
export interface ReadBook {
  readonly isValid: boolean;
  readonly venueSeq: number | null;
  readonly bids: ShownLevels;
  readonly asks: ShownLevels;
}

export interface FeedReaderOptions {
  readonly connect: { readonly stream: string; readonly control: string };
  readonly heartbeatMs: number;
  /** After each `book` message, with the book that follows from it. */
  readonly onBook?: (symbol: string, book: ReadBook) => void;
}

/** Reads all that market-data publishes, as any follower does, and puts together what a trader would see. */
export class FeedReader {
  readonly trades = new Map<string, Payload<'trade'>[]>();
  /** Messages by kind. */
  readonly counts = new Map<Envelope['kind'], number>();
  readonly dataStates = new Map<string, Payload<'dataState'>[]>();
  /** Why books were said not to be valid, in order. */
  readonly bookFaults: string[] = [];
  lost = 0;
  readonly #options: FeedReaderOptions;
  readonly #follower: MarketFollower;
  readonly #sides = new Map<string, { bids: Map<string, string>; asks: Map<string, string> }>();
  readonly #books = new Map<string, ReadBook>();

  constructor(options: FeedReaderOptions) {
    this.#options = options;
    this.#follower = new MarketFollower({
      name: 'feed-reader',
      epoch: 1,
      connect: options.connect,
      prefixes: [''],
      nowNs: () => process.hrtime.bigint(),
      metrics: NO_METRICS,
      receiveHighWaterMark: RECEIVE_MARK,
      heartbeatMs: options.heartbeatMs,
      limits: PATIENT,
      deliver: (topic, envelope) => this.#take(topic, envelope),
      onLost: () => {
        this.lost += 1;
      },
      onRebase: (topic, envelope) => {
        // What is read anew may begin with a change: it leads nowhere before the next full book.
        if (topic.endsWith('/book')) this.#sides.delete(topic.slice(0, topic.indexOf('/')));
        if (envelope !== null) this.#take(topic, envelope);
      },
      onRun: () => {},
    });
  }

  /** Whether what is published from now on is read from the first message on. */
  get hasJoined(): boolean {
    return this.#follower.joined;
  }

  book(symbol: string): ReadBook | undefined {
    return this.#books.get(symbol);
  }

  isDataValid(symbol: string): boolean {
    return this.dataStates.get(symbol)?.at(-1)?.valid === true;
  }

  close(): void {
    this.#follower.close();
  }

  #take(topic: string, { kind, payload }: Envelope): void {
    const symbol = topic.slice(0, topic.indexOf('/'));
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
    if (kind === 'trade') listOf(this.trades, symbol).push(payload);
    else if (kind === 'dataState') listOf(this.dataStates, symbol).push(payload);
    else if (kind === 'book') this.#takeBook(symbol, payload);
  }

  #takeBook(symbol: string, { snapshot, valid, reason, bids, asks, venueSeq }: Payload<'book'>): void {
    if (!valid) this.bookFaults.push(reason ?? '');
    const known = this.#sides.get(symbol);
    const isStart = snapshot || known === undefined;
    // A change that a snapshot has not come before, as when joining, leads nowhere.
    if (known === undefined && !snapshot) return;
    const sides = isStart ? { bids: new Map<string, string>(), asks: new Map<string, string>() } : known;
    this.#sides.set(symbol, sides);
    for (const { px, sz } of bids) setLevel(sides.bids, px, sz);
    for (const { px, sz } of asks) setLevel(sides.asks, px, sz);
    const book = { isValid: valid, venueSeq, bids: sorted(sides.bids, -1), asks: sorted(sides.asks, 1) };
    this.#books.set(symbol, book);
    this.#options.onBook?.(symbol, book);
  }
}

function setLevel(side: Map<string, string>, px: string, sz: string): void {
  if (sz === '0') assert.ok(side.delete(px), `the level ${px} is removed that was not there`);
  else side.set(px, sz);
}

function sorted(side: Map<string, string>, direction: 1 | -1): ShownLevels {
  return [...side].sort(([a], [b]) => direction * (Number(a) - Number(b)));
}

function listOf<T>(lists: Map<string, T[]>, key: string): T[] {
  const found = lists.get(key);
  if (found !== undefined) return found;
  const list: T[] = [];
  lists.set(key, list);
  return list;
}
