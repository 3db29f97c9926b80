import assert from 'node:assert/strict';
import {
  type BookHistory,
  type Exchange,
  type ExchangeEvent,
  type ExchangeFault,
  ExchangeServer,
  eventually,
  type ShownLevels,
  seededRandom,
} from '@tickpath/testkit';
import type { Payload } from '@tickpath/wire';
import { type DeclaredLoss, FeedProcess } from './feed-process.ts';
import type { ReadBook } from './feed-reader.ts';

/** Best levels of each side that are compared: all that is published. */
export const SHOWN_LEVELS = 50;
const FAULTS_A_ROUND = 10;
const RECOVERY_MS = 30_000;
/** Faults after which no book can be right without a new snapshot. */
const SPOILING: readonly ExchangeFault[] = ['close', 'reset', 'half-open', 'lie', 'truncated'];

const SHORT_WAITS = {
  'connection.backoffFirstMs': 20,
  'connection.backoffLastMs': 100,
  'connection.pingMs': 400,
  'connection.idleMs': 1_500,
  'rest.timeoutMs': 1_000,
  'rest.retries': 2,
  'rest.requestsPerMinute': 6_000,
  'quality.cleanMs': 50,
  // The market is played faster than it was recorded, so its clock runs ahead of ours.
  'quality.futureTime.toleranceMs': 1_000_000_000,
  bookSnapshotMs: 500,
};

/** A trade of an exchange; `key` tells it from the symbol's others, as the published one bears it too. */
export interface ChaosTrade {
  readonly symbol: string;
  readonly key: string;
  readonly price: number;
  readonly size: number;
}

/** A fault, and what the harmed frames tell of; left to chance when it is not given. */
export type ChaosFault = readonly [fault: ExchangeFault, kind?: 'book' | 'trade'];

export interface ChaosVenue {
  readonly source: string;
  /** In Tickpath's spelling. */
  readonly symbols: readonly string[];
  readonly exchange: Exchange<ExchangeEvent>;
  readonly eventsATick: number;
  /** What the venue's protocol gives a client the means to notice. */
  readonly faults: readonly ChaosFault[];
  readonly history: BookHistory;
  /** Name of a symbol's book in the history; undefined where the venue has no books. */
  nameOf(symbol: string): string | undefined;
  shown(symbol: string): Readonly<Record<'bids' | 'asks', ShownLevels>>;
  trades(): readonly ChaosTrade[];
  keyOf(trade: Payload<'trade'>): string;
  /** Whether the declared loss can be this trade's. */
  isOf(loss: DeclaredLoss, trade: Pick<ChaosTrade, 'symbol' | 'key'>): boolean;
  /** Keys between the first and the last published ones, where keys are numbers without a hole. */
  keysBetween?(first: string, last: string): readonly string[];
}

export interface ChaosRunOptions {
  readonly faults: number;
  readonly seed: number;
}

interface Run extends ChaosRunOptions {
  readonly venue: ChaosVenue;
  readonly server: ExchangeServer;
  readonly feed: FeedProcess;
  readonly told: string[];
}

/** Harms a venue's stream again and again; throws when a book or trade is published wrong, twice, or silently not at all. */
export async function runFeedChaos(venue: ChaosVenue, { faults, seed }: ChaosRunOptions): Promise<void> {
  const server = await ExchangeServer.open({ exchange: venue.exchange, seed });
  const wrong: string[] = [];
  let compared = 0;
  const onBook = (symbol: string, book: ReadBook) => {
    const name = venue.nameOf(symbol);
    if (!book.isValid || name === undefined) return;
    compared += 1;
    if (venue.history.follow(name, book) === undefined) wrong.push(wrongBook(venue, symbol, book));
  };
  const { source, symbols } = venue;
  const where = { source, streamUrl: server.streamUrl, restUrl: server.restUrl, symbols: symbols.join(',') };
  const feed = await FeedProcess.start({ ...where, ...SHORT_WAITS }, onBook);
  const run: Run = { venue, server, feed, seed, faults, told: [] };
  try {
    await feed.ready();
    server.play(venue.eventsATick);
    await recovered(run, 'the start', venue.trades().length);
    const random = seededRandom(seed);
    const next = faultsOf(venue.faults, random);
    for (let at = 0; at < faults; at += 1) {
      await harm(run, next.next().value as ChaosFault);
      assert.deepEqual(wrong, [], `after ${run.told.slice(-5).join(', ')}: each valid book is the exchange's own`);
      if ((at + 1) % FAULTS_A_ROUND === 0) await standsStill(run);
    }
    await recovered(run, 'the last fault', venue.trades().length);
    await standsStill(run);
    server.pause();
    const judged = await judgeTrades(run);
    assert.deepEqual(wrong, []);
    if (symbols.some((symbol) => venue.nameOf(symbol) !== undefined)) assert.ok(compared > 4 * faults);
    assert.equal(feed.reader.lost, 0);
    console.log(`${source}: ${judged}, ${compared} books compared`, JSON.stringify(server.done));
  } catch (error) {
    console.log(run.told.slice(-10).join(', '), JSON.stringify(server.done));
    console.log(feed.process.lines.slice(-30).join('\n'));
    throw error;
  } finally {
    await feed.stop();
    await server.close();
  }
}

/** Every one in turn, each time in another order. */
function* faultsOf(all: readonly ChaosFault[], random: () => number): Generator<ChaosFault> {
  for (;;) {
    const left = [...all];
    while (left.length > 0) yield left.splice(Math.floor(random() * left.length), 1)[0] as ChaosFault;
  }
}

async function harm(run: Run, [fault, kind]: ChaosFault): Promise<void> {
  const { venue, server, feed, told } = run;
  const name = kind === undefined ? fault : `${fault} of a ${kind}`;
  told.push(name);
  const before = server.done[fault];
  const faultsBefore = feed.reader.bookFaults.length;
  const begunMs = performance.now();
  server.inject(fault, kind);
  await eventually(`${name} is done`, () => (server.done[fault] > before ? true : undefined));
  const mark = venue.trades().length;
  const hasBooks = venue.symbols.some((symbol) => venue.nameOf(symbol) !== undefined);
  // A wrong id of a trade says nothing of a book.
  const isSpoiling = SPOILING.includes(fault) && !(fault === 'lie' && kind === 'trade');
  if (hasBooks && isSpoiling) {
    await eventually(`a book is said not to be valid after ${name}`, () =>
      feed.reader.bookFaults.length > faultsBefore ? true : undefined,
    );
  }
  await recovered(run, name, mark);
  console.log(`${name}: valid again after ${Math.round(performance.now() - begunMs)} ms`);
}

/** Until every book and all data are valid, and a trade has come that the exchange made after its first `mark` ones. */
async function recovered({ venue, feed, told }: Run, after: string, mark: number): Promise<void> {
  await eventually(
    `valid data again after ${after}; last: ${told.slice(-5).join(', ')}`,
    () => {
      feed.assertAlive();
      const { reader } = feed;
      const isValid = venue.symbols.every((symbol) => {
        const hasBook = venue.nameOf(symbol) !== undefined;
        return !hasBook || (reader.book(symbol)?.isValid === true && reader.isDataValid(symbol));
      });
      if (!isValid) return undefined;
      const newer = new Set(
        venue
          .trades()
          .slice(mark)
          .map(({ symbol, key }) => `${symbol} ${key}`),
      );
      const isNewer = (symbol: string) =>
        (reader.trades.get(symbol) ?? []).slice(-100).some((trade) => newer.has(`${symbol} ${venue.keyOf(trade)}`));
      return venue.symbols.some(isNewer) ? true : undefined;
    },
    RECOVERY_MS,
  );
}

async function standsStill({ venue, server, feed }: Run): Promise<void> {
  server.pause();
  for (const symbol of venue.symbols) {
    if (venue.nameOf(symbol) === undefined) continue;
    await eventually(`the published book of ${symbol} is the exchange's own while both stand still`, () => {
      feed.assertAlive();
      const book = feed.reader.book(symbol);
      return book?.isValid === true && isSame(book, venue.shown(symbol)) ? true : undefined;
    });
  }
  server.play(venue.eventsATick);
}

/** Every trade of the exchange since the first published one is published once, as it was, or declared lost. */
async function judgeTrades({ venue, feed }: Run): Promise<string> {
  const all = venue.trades();
  const last = all.at(-1);
  assert.ok(last !== undefined);
  const keysOf = (symbol: string) => (feed.reader.trades.get(symbol) ?? []).map(venue.keyOf);
  await eventually('the last trade', () => (keysOf(last.symbol).includes(last.key) ? true : undefined));
  // What is being fetched over REST comes later than what is streamed meanwhile.
  const bySymbol = Map.groupBy(all, (trade) => trade.symbol);
  await eventually('each missing trade has come or is declared lost', () =>
    silentlyMissing(venue, feed, bySymbol).length === 0 ? true : undefined,
  ).catch(() => assert.deepEqual(silentlyMissing(venue, feed, bySymbol), [], 'each missing trade was declared lost'));
  feed.assertAlive();
  let count = 0;
  let recoveredCount = 0;
  for (const [symbol, own] of bySymbol) {
    const published = feed.reader.trades.get(symbol) ?? [];
    const keys = published.map(venue.keyOf);
    assert.equal(new Set(keys).size, keys.length, `no trade of ${symbol} came twice: ${repeated(keys, published)}`);
    assert.equal(new Set(published.map(({ tradeId }) => tradeId)).size, keys.length, `ids of ${symbol} are its own`);
    const byKey = new Map(own.map((trade) => [trade.key, trade]));
    for (const [at, { price, size }] of published.entries()) {
      const trade = byKey.get(keys[at] ?? '');
      assert.deepEqual([Number(price), Number(size)], [trade?.price, trade?.size], `trade ${keys[at]} of ${symbol}`);
    }
    count += published.length;
    recoveredCount += published.filter(({ flags }) => flags?.includes('recovered')).length;
  }
  assert.ok(recoveredCount > 0, 'trades were recovered');
  const missing = missingTrades(venue, feed, bySymbol).length;
  const losses = tradeLosses(feed).length;
  return `${count} trades, ${recoveredCount} of them recovered, ${missing} missing, ${losses} losses declared`;
}

type MissingTrade = Pick<ChaosTrade, 'symbol' | 'key'>;
type TradesBySymbol = ReadonlyMap<string, readonly ChaosTrade[]>;

function tradeLosses(feed: FeedProcess): readonly DeclaredLoss[] {
  return feed.losses().filter(({ topic }) => topic === 'trade');
}

function silentlyMissing(venue: ChaosVenue, feed: FeedProcess, bySymbol: TradesBySymbol): readonly MissingTrade[] {
  const losses = tradeLosses(feed);
  return missingTrades(venue, feed, bySymbol).filter((trade) => !losses.some((loss) => venue.isOf(loss, trade)));
}

/** Those since the first published one of their symbol. */
function missingTrades(venue: ChaosVenue, feed: FeedProcess, bySymbol: TradesBySymbol): readonly MissingTrade[] {
  const missing: MissingTrade[] = [];
  for (const [symbol, own] of bySymbol) {
    const seen = new Set((feed.reader.trades.get(symbol) ?? []).map(venue.keyOf));
    const keys = new Set(own.map(({ key }) => key));
    const first = own.findIndex(({ key }) => seen.has(key));
    missing.push(...own.slice(first < 0 ? own.length : first).filter(({ key }) => !seen.has(key)));
    for (const key of venue.keysBetween?.(own[first]?.key ?? '', own.at(-1)?.key ?? '') ?? []) {
      if (!seen.has(key) && !keys.has(key)) missing.push({ symbol, key });
    }
  }
  return missing;
}

function repeated(keys: readonly string[], published: readonly Payload<'trade'>[]): string {
  const again = keys.flatMap((key, at) => (keys.indexOf(key) === at ? [] : [at]));
  return again
    .slice(0, 5)
    .map((at) => {
      const first = keys.indexOf(keys[at] ?? '');
      const flags = [first, at].map((one) => published[one]?.flags?.join(' ') ?? 'none');
      return `${keys[at]}, number ${first} (flags ${flags[0]}) and number ${at} (flags ${flags[1]})`;
    })
    .join('; ');
}

function isSame(book: ReadBook, { bids, asks }: ReturnType<ChaosVenue['shown']>): boolean {
  return JSON.stringify([book.bids, book.asks]) === JSON.stringify([bids, asks]);
}

function wrongBook(venue: ChaosVenue, symbol: string, book: ReadBook): string {
  const now = venue.shown(symbol);
  const differing = (['bids', 'asks'] as const).flatMap((side) => {
    const own = new Map(now[side]);
    return book[side].filter(([price, size]) => own.get(price) !== size).map((level) => `${side} ${level.join(' × ')}`);
  });
  return `${symbol} of ${book.venueSeq}: not the exchange's now: ${differing.slice(0, 10).join(', ')}`;
}
