import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { createBinanceProtocol } from '../../src/core/feeds/binance.ts';
import { createCoinbaseProtocol } from '../../src/core/feeds/coinbase.ts';
import { createKrakenProtocol } from '../../src/core/feeds/kraken.ts';
import '../seed.ts';
import { DrivenFeed, type NaiveBook, naiveBook, setNaive } from './feed-observer.ts';

type SideName = 'bids' | 'asks';
type Change = readonly [side: SideName, price: string, size: string];

/** What the way from the exchange to us does to a message. */
type Fate = 'arrives' | 'is lost' | 'comes twice' | 'is overtaken';

interface Step {
  readonly changes: readonly Change[];
  readonly fate: Fate;
  /** REST answers what has been asked before this step; otherwise it takes longer. */
  readonly answers: boolean;
  readonly waitMs: number;
}

/** Ten prices a side, so that a checksum of the ten best levels covers the whole book. */
const change: fc.Arbitrary<Change> = fc
  .tuple(fc.constantFrom('bids' as const, 'asks' as const), fc.nat({ max: 9 }), fc.nat({ max: 3 }))
  .map(([side, at, size]) => [side, side === 'bids' ? `0.9${at}` : `1.1${at}`, `${size}.00`]);

const steps = fc.array(
  fc.record({
    changes: fc.array(change, { minLength: 1, maxLength: 4 }),
    fate: fc.oneof(
      { weight: 12, arbitrary: fc.constant<Fate>('arrives') },
      fc.constantFrom<Fate>('is lost', 'comes twice', 'is overtaken'),
    ),
    answers: fc.boolean(),
    waitMs: fc.nat({ max: 4_000 }),
  }),
  { maxLength: 80 },
);

function spelled({ bids, asks }: NaiveBook): string {
  const sorted = (side: Map<string, string>) => [...side].sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([sorted(bids), sorted(asks)]);
}

function levelsOf(book: NaiveBook, side: SideName): [string, string][] {
  const direction = side === 'asks' ? 1 : -1;
  return [...book[side]].sort(([a], [b]) => direction * (Number(a) - Number(b)));
}

/** An exchange and a line to it that is not to be relied on. */
abstract class Exchange {
  readonly book = naiveBook();
  readonly feed: DrivenFeed;
  /** What the book was after each numbered message. */
  readonly states = new Map<number, string>();
  protected seq = 0;
  #overtaken: unknown;
  compared = 0;

  constructor(feed: DrivenFeed) {
    this.feed = feed;
    for (let at = 0; at < 4; at += 1) {
      setNaive(this.book.bids, `0.9${at}`, '1');
      setNaive(this.book.asks, `1.1${at}`, '1');
    }
  }

  step({ changes, fate, answers, waitMs }: Step): void {
    if (answers) this.answer();
    for (const [side, price, size] of changes) setNaive(this.book[side], price, size);
    const message = this.message(changes);
    this.deliver(message, fate);
    this.feed.wait(waitMs);
    this.check();
  }

  protected deliver(message: unknown, fate: Fate): void {
    if (fate === 'is overtaken' && this.#overtaken === undefined) {
      this.#overtaken = message;
      return;
    }
    for (let times = fate === 'is lost' ? 0 : fate === 'comes twice' ? 2 : 1; times > 0; times -= 1)
      this.receive(message);
    const late = this.#overtaken;
    this.#overtaken = undefined;
    if (late !== undefined) this.receive(late);
  }

  /** The book that is handed on is the exchange's of the moment that it claims to be of. */
  check(): void {
    const ours = this.feed.books.get('BTC-USD');
    if (ours === undefined) return;
    this.compared += 1;
    assert.equal(spelled(ours), this.states.get(this.shownSeq()));
  }

  protected receive(message: unknown): void {
    this.feed.receive(message);
    this.check();
  }

  protected shownSeq(): number {
    return Number(this.feed.events('book').at(-1)?.venueSeq);
  }

  protected abstract message(changes: readonly Change[]): unknown;
  abstract answer(): void;
}

class BinanceExchange extends Exchange {
  #answered = 0;

  constructor() {
    super(new DrivenFeed(createBinanceProtocol({ market: 'spot', snapshotDepth: 100 })));
    this.states.set(0, spelled(this.book));
    this.feed.subscribe('BTC-USD');
    this.feed.connect();
    this.feed.receive({ result: null, id: 1 });
  }

  protected message(changes: readonly Change[]): unknown {
    const of = (side: SideName) => changes.filter((one) => one[0] === side).map(([, price, size]) => [price, size]);
    const U = this.seq + 1;
    this.seq += changes.length;
    this.states.set(this.seq, spelled(this.book));
    const data = { e: 'depthUpdate', E: this.seq, s: 'BTCUSD', U, u: this.seq, b: of('bids'), a: of('asks') };
    return { stream: 'btcusd@depth@100ms', data };
  }

  answer(): void {
    const asked = this.feed.of('fetch').filter(({ path }) => path.includes('/depth'));
    const { bids, asks } = this.book;
    const body = JSON.stringify({ lastUpdateId: this.seq, bids: [...bids], asks: [...asks] });
    for (const { requestId } of asked.slice(this.#answered)) {
      this.feed.take(this.feed.protocol.fetched(requestId, { ok: true, body }));
    }
    this.#answered = asked.length;
    this.check();
  }
}

const TIME = '2026-08-09T21:05:48.170326Z';

class CoinbaseExchange extends Exchange {
  #sent = 0;

  constructor() {
    super(new DrivenFeed(createCoinbaseProtocol()));
    this.feed.subscribe('BTC-USD');
    this.feed.connect();
  }

  protected message(changes: readonly Change[]): unknown {
    return this.#numbered('update', changes);
  }

  #numbered(type: 'snapshot' | 'update', changes: readonly Change[]): unknown {
    const updates = changes.map(([side, price_level, new_quantity]) => {
      return { side: side === 'bids' ? 'bid' : 'offer', event_time: TIME, price_level, new_quantity };
    });
    this.states.set(this.seq, spelled(this.book));
    const event = { type, product_id: 'BTC-USD', updates };
    const message = { channel: 'l2_data', timestamp: TIME, sequence_num: this.seq, events: [event] };
    this.seq += 1;
    return message;
  }

  /** A subscription is answered by a snapshot. */
  answer(): void {
    const sent = this.feed.sent();
    const asked = sent.slice(this.#sent).some(({ type, channel }) => type === 'subscribe' && channel === 'level2');
    this.#sent = sent.length;
    if (!asked) return;
    const of = (side: SideName) => [...this.book[side]].map(([price, size]): Change => [side, price, size]);
    this.receive(this.#numbered('snapshot', [...of('bids'), ...of('asks')]));
  }
}

class KrakenExchange extends Exchange {
  #sent = 0;
  #shown = 0;

  constructor() {
    super(new DrivenFeed(createKrakenProtocol({ depth: 10 })));
    this.feed.subscribe('BTC-USD');
    this.feed.connect();
  }

  protected message(changes: readonly Change[]): unknown {
    const digits = (text: string) => Number(text).toFixed(2).replace('.', '').replace(/^0+/, '');
    const texts = (['asks', 'bids'] as const).flatMap((side) =>
      levelsOf(this.book, side).map(([price, size]) => digits(price) + digits(size)),
    );
    const of = (side: SideName) =>
      changes.filter((one) => one[0] === side).map(([, price, size]) => [price, size, '1618678133.365913']);
    const payload = { a: of('asks'), b: of('bids'), c: String(crc32(texts.join(''))) };
    return this.#remembered([0, payload, 'book-10', 'XBT/USD']);
  }

  #remembered(frame: unknown): unknown {
    this.seq += 1;
    this.states.set(this.seq, spelled(this.book));
    return { frame, seq: this.seq };
  }

  /** The venue numbers nothing: the test remembers which message a book came from. */
  protected override receive(message: unknown): void {
    const { frame, seq } = message as { frame: unknown; seq: number };
    const before = this.feed.events('book').length;
    this.feed.receive(frame);
    if (this.feed.events('book').length > before) this.#shown = seq;
    this.check();
  }

  protected override shownSeq(): number {
    return this.#shown;
  }

  answer(): void {
    const sent = this.feed.sent();
    const isBook = ({ event, subscription }: Record<string, unknown>) =>
      event === 'subscribe' && (subscription as { name: string }).name === 'book';
    const asked = sent.slice(this.#sent).some(isBook);
    this.#sent = sent.length;
    if (!asked) return;
    const of = (side: SideName) =>
      levelsOf(this.book, side).map((level) => [...level.map((one) => Number(one).toFixed(2)), '1618678133.365913']);
    this.receive(this.#remembered([0, { as: of('asks'), bs: of('bids') }, 'book-10', 'XBT/USD']));
  }
}

const EXCHANGES = [
  ['Binance', () => new BinanceExchange()],
  ['Coinbase', () => new CoinbaseExchange()],
  ['Kraken', () => new KrakenExchange()],
] as const;

for (const [name, open] of EXCHANGES) {
  test(`${name}: a book that is not declared invalid is the exchange's own, whatever is lost, doubled or overtaken`, () => {
    let compared = 0;
    let holes = 0;
    fc.assert(
      fc.property(steps, (list) => {
        const exchange = open();
        for (const step of list) exchange.step(step);
        compared += exchange.compared;
        const found = ['sequence', 'checksum'];
        holes += exchange.feed.of('book-invalid').filter(({ reason }) => found.includes(reason)).length;
        // Once the line is good again, so is the book.
        for (let at = 0; at < 20; at += 1) {
          exchange.step({ changes: [['bids', '0.90', '1.00']], fate: 'arrives', answers: true, waitMs: 5_000 });
        }
        assert.ok(exchange.feed.books.has('BTC-USD'), 'the book came back');
      }),
      { numRuns: 300 },
    );
    assert.ok(compared > 100 && holes > 0, `${compared} books compared, ${holes} holes found`);
  });
}
