import type { EventRow } from './checksum.ts';
import type { Database } from './database.ts';
import { compacted, rowsBySeq } from './event-table.ts';
import type { EventMap, FollowerPosition, JournalEvent } from './events.ts';
import { followFrom, LogEnd } from './follow.ts';
import { EventReading } from './reading.ts';
import { readAnswer, readPosition } from './side-tables.ts';

/** What `since` answers. */
export type Since<T extends EventMap> =
  | { readonly status: 'EVENTS'; readonly events: readonly JournalEvent<T>[] }
  /** Retention has removed the next event: fetch the owner's full state and reconcile. */
  | { readonly status: 'COMPACTED'; readonly firstSeq: number };

/** Rows a follower reads at once. */
const FOLLOW_ROWS = 128;

export interface ReadSource<T extends EventMap> {
  readonly database: Database;
  /** Where the journal begins and ends now. */
  readonly ends: { readonly firstSeq: number; readonly lastSeq: number };
  readonly decode: (row: EventRow) => JournalEvent<T>;
}

/** What can be read of an open journal. */
export abstract class JournalReads<T extends EventMap> {
  readonly #source: ReadSource<T>;
  readonly #reading: EventReading<JournalEvent<T>>;
  protected readonly end = new LogEnd();

  constructor(source: ReadSource<T>) {
    this.#source = source;
    this.#reading = new EventReading(source.database, source.decode);
  }

  /** Throws `JOURNAL_CLOSED`. */
  protected abstract checkOpen(): void;

  /** Of the last event; 0 if there has been none. */
  get lastSeq(): number {
    return this.#source.ends.lastSeq;
  }

  /** Of the oldest event that retention has left; 1 if there has been none. */
  get firstSeq(): number {
    return this.#source.ends.firstSeq;
  }

  /** Events of a stream in order, from a version on (default: the oldest left). Throws `COMPACTED` below that. */
  readStream(stream: string, fromVersion?: number): IterableIterator<JournalEvent<T>> {
    this.checkOpen();
    return this.#reading.byStream(stream, fromVersion);
  }

  /** Events in global order, from a seq on (default: the oldest left) to the last of now. Throws `COMPACTED` below that. */
  readAll(fromSeq?: number): IterableIterator<JournalEvent<T>> {
    this.checkOpen();
    return this.#reading.bySeq(fromSeq);
  }

  /** Events with `fromNs` ≤ tsNs < `toNs`, in global order. */
  readTime(fromNs: bigint, toNs: bigint): IterableIterator<JournalEvent<T>> {
    this.checkOpen();
    return this.#reading.byTime(fromNs, toNs);
  }

  /** Every event from `fromSeq` on, in order, once, without end: stops when the signal is aborted. Throws `COMPACTED`. */
  follow(fromSeq: number, signal?: AbortSignal): AsyncIterableIterator<JournalEvent<T>> {
    const page = (next: number): readonly EventRow[] => {
      this.checkOpen();
      if (next < this.firstSeq)
        throw compacted(this.#source.database.path, `event ${next}, the first is ${this.firstSeq}`);
      return next > this.lastSeq ? [] : rowsBySeq(this.#source.database, next, this.lastSeq, FOLLOW_ROWS);
    };
    return followFrom({ end: this.end, page, decode: this.#source.decode }, fromSeq, signal);
  }

  /** Events after `seq`, at least one if there is any, and then no more than `maxBytes`, about. */
  since(seq: number, maxBytes: number): Since<T> {
    this.checkOpen();
    if (seq + 1 < this.firstSeq) return { status: 'COMPACTED', firstSeq: this.firstSeq };
    return { status: 'EVENTS', events: this.#reading.after(seq, this.lastSeq, maxBytes) };
  }

  /** Answers to requests, kept in one transaction with what the request did. */
  readonly answers = {
    get: (requestId: string): Uint8Array | undefined => {
      this.checkOpen();
      return readAnswer(this.#source.database, requestId);
    },
  };

  /** How far a follower of ours has come in another journal. */
  positionOf(follower: string): FollowerPosition | undefined {
    this.checkOpen();
    return readPosition(this.#source.database, follower);
  }
}
