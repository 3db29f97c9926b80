import type { DepthSnapshot, DepthUpdate } from './binance-messages.ts';
import { isRejected } from './levels.ts';
import type { BookEvent, BookFault, FeedOutput, FetchAnswer, Rejected, SourcedTime } from './protocol.ts';
import { rejected } from './reading.ts';
import { createSnapshotBudget } from './snapshot-budget.ts';
import { timeOf } from './venue-time.ts';

/** Changes that may wait for a snapshot; ten minutes at ten a second. Beyond them it is begun anew. */
export const MAX_BUFFERED_UPDATES = 6_000;
const RETRY_FIRST_NS = 1_000_000_000n;
const RETRY_LAST_NS = 30_000_000_000n;
const ANSWER_NS = 30_000_000_000n;

/** One symbol's book in the making. */
export interface DepthJoin {
  /** The stream is subscribed: from now on nothing is missed, so a snapshot may be fetched. */
  begin(): void;
  update(update: DepthUpdate): void;
  /** Begins anew, after telling that the book is not to be used. */
  restart(reason: BookFault): void;
  /** The connection is gone: nothing is asked for until `begin`. */
  stop(reason: BookFault): void;
  clock(): void;
}

export interface DepthJoinPort {
  readonly symbol: string;
  nowNs(): bigint;
  /** The time for what bears none, as a snapshot. */
  timeNow(): SourcedTime;
  /** Asks for a snapshot and returns a function that forgets the request. */
  fetchSnapshot(onAnswer: (answer: FetchAnswer) => void): () => void;
  readSnapshot(body: string): DepthSnapshot | Rejected;
  emit(output: FeedOutput): void;
}

/**
 * Joins a REST snapshot and the stream of changes as Binance documents it ("How to manage a local order book
 * correctly", spot and futures). Spot: changes with u ≤ lastUpdateId are dropped, the first one applied has
 * U ≤ lastUpdateId + 1 ≤ u, then each has U = the previous u + 1. Futures number changes over all symbols, so each
 * names the one before it: pu = the previous u; the first one applied has pu ≤ lastUpdateId ≤ u, which also holds for
 * the documented U ≤ lastUpdateId ≤ u.
 */
export function createDepthJoin(port: DepthJoinPort): DepthJoin {
  const { symbol } = port;
  const budget = createSnapshotBudget();
  let buffer: DepthUpdate[] = [];
  /** Last update id in the book handed on; undefined while there is none. */
  let lastId: number | undefined;
  /** First update id of the last change handed on. */
  let lastFirstId = 0;
  /** True until the first change after a snapshot, which may overlap it. */
  let joining = false;
  let running = false;
  let forget: (() => void) | undefined;
  let failures = 0;
  /** When a snapshot is asked for again; while one is under way, when it is given up. */
  let retryAtNs: bigint | undefined;

  const ask = () => {
    retryAtNs = port.nowNs() + ANSWER_NS;
    forget = port.fetchSnapshot((answer) => {
      forget = undefined;
      const snapshot = answer.ok ? port.readSnapshot(answer.body) : rejected('fetch', answer.reason);
      if (isRejected(snapshot)) {
        port.emit(snapshot);
        retryLater();
      } else take(snapshot);
    });
  };

  const retryLater = () => {
    if (failures === 0) port.emit({ kind: 'book-invalid', symbol, reason: 'no-snapshot' });
    const delayNs = RETRY_FIRST_NS << BigInt(Math.min(failures, 5));
    retryAtNs = port.nowNs() + (delayNs < RETRY_LAST_NS ? delayNs : RETRY_LAST_NS);
    failures += 1;
  };

  const isHole = (update: DepthUpdate, afterId: number): boolean => {
    if (update.previousId === undefined) return update.firstId > afterId + 1;
    return joining ? update.previousId > afterId : update.previousId !== afterId;
  };

  const isOld = (update: DepthUpdate, afterId: number): boolean =>
    joining && update.previousId !== undefined ? update.lastId < afterId : update.lastId <= afterId;

  /**
   * Changes follow on each other, so once joined none overlaps another. One that does proves a wrong number: had the
   * change before claimed too much, those that it claims to hold would pass for old ones.
   */
  const isOverlap = (update: DepthUpdate, afterId: number): boolean => {
    if (joining || update.previousId !== undefined || update.firstId > afterId) return false;
    return update.lastId > afterId || update.firstId > lastFirstId;
  };

  const take = (snapshot: DepthSnapshot) => {
    joining = true;
    const first = buffer.find((update) => !isOld(update, snapshot.lastId));
    // Older than the first change after it: what lies between the two is in neither.
    if (first !== undefined && isHole(first, snapshot.lastId)) return retryLater();
    failures = 0;
    retryAtNs = undefined;
    lastId = snapshot.lastId;
    const { bids, asks } = snapshot;
    // The newest change that the snapshot holds tells its time.
    const held = buffer.findLast((update) => update.lastId <= snapshot.lastId);
    const time = held === undefined ? port.timeNow() : timeOf(held.venueTsNs, 'inferred');
    handOn({ snapshot: true, bids, asks, ...time, venueSeq: lastId });
    const waiting = buffer;
    buffer = [];
    for (const update of waiting) if (!isOld(update, snapshot.lastId)) apply(update);
  };

  const apply = (update: DepthUpdate) => {
    if (lastId === undefined) return keep(update);
    if (isOverlap(update, lastId)) {
      restart('sequence');
      return keep(update);
    }
    if (isOld(update, lastId)) {
      if (!joining) port.emit({ kind: 'duplicate', symbol, what: 'book' });
      return;
    }
    if (isHole(update, lastId)) {
      // Futures do not say which ids in between were this symbol's.
      const to = update.previousId ?? update.firstId - 1;
      port.emit({ kind: 'lost', symbol, topic: 'book', from: lastId + 1, to });
      restart('sequence');
      return keep(update);
    }
    joining = false;
    lastFirstId = update.firstId;
    lastId = update.lastId;
    const { bids, asks, venueTsNs } = update;
    handOn({ snapshot: false, bids, asks, ...timeOf(venueTsNs, 'venue'), venueSeq: lastId });
  };

  const handOn = (book: Omit<BookEvent, 'kind' | 'symbol' | 'checksum'>) => {
    port.emit({ kind: 'event', event: { kind: 'book', symbol, ...book, checksum: null }, recovered: false });
  };

  const keep = (update: DepthUpdate) => {
    if (buffer.length === MAX_BUFFERED_UPDATES) {
      port.emit({
        kind: 'lost',
        symbol,
        topic: 'book',
        from: buffer[0]?.firstId ?? null,
        to: buffer.at(-1)?.lastId ?? null,
      });
      buffer = [];
    }
    buffer.push(update);
  };

  const reset = (reason: BookFault) => {
    port.emit({ kind: 'book-invalid', symbol, reason });
    forget?.();
    forget = undefined;
    lastId = undefined;
    joining = false;
    buffer = [];
    retryAtNs = undefined;
    failures = 0;
  };

  const restart = (reason: BookFault) => {
    reset(reason);
    if (!running) return;
    retryAtNs = budget.take(port.nowNs());
    if (retryAtNs === undefined) ask();
  };

  const begin = () => {
    if (running) return;
    running = true;
    ask();
  };

  return {
    begin,
    update(update) {
      // A change proves that the stream is subscribed, also before the answer that says so.
      begin();
      apply(update);
    },
    restart,
    stop(reason) {
      running = false;
      reset(reason);
    },
    clock() {
      if (retryAtNs === undefined || port.nowNs() < retryAtNs) return;
      if (forget !== undefined) {
        forget();
        forget = undefined;
        port.emit(rejected('fetch', `no snapshot of ${symbol} within ${ANSWER_NS / 1_000_000_000n} s`));
        retryLater();
      } else ask();
    },
  };
}
