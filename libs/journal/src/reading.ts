import type { EventRow } from './checksum.ts';
import type { Database } from './database.ts';
import { compacted, firstSeqOf, floorOf, lastSeqOf, rowsBySeq, rowsByStream, rowsByTime } from './event-table.ts';

/** A page has at most so many rows, and about so many characters of payload: what a reader holds in memory. */
const MAX_PAGE_ROWS = 256;
const MAX_PAGE_LENGTH = 512 * 1024;
const FIRST_PAGE_ROWS = 16;
/** Rows that one page of a search by time looks through: a few milliseconds. */
const SEARCH_ROWS = 10_000;
/** What an event takes beside its payload, about. */
const HEADER_LENGTH = 200;

export type Decode<E> = (row: EventRow) => E;

/** Reads events page by page; no transaction is open between two pages. */
export class EventReading<E> {
  readonly #database: Database;
  readonly #decode: Decode<E>;

  constructor(database: Database, decode: Decode<E>) {
    this.#database = database;
    this.#decode = decode;
  }

  /** From `fromSeq`, inclusive, to the last event there is at the start. */
  *bySeq(fromSeq?: number): Generator<E, void, undefined> {
    const toSeq = lastSeqOf(this.#database);
    const size = new PageSize();
    let next = fromSeq ?? firstSeqOf(this.#database);
    while (next <= toSeq) {
      const rows = size.adapt(rowsBySeq(this.#database, next, toSeq, size.rows));
      next += rows.length;
      for (const row of rows) yield this.#decode(row);
    }
  }

  *byStream(stream: string, fromVersion?: number): Generator<E, void, undefined> {
    const floor = floorOf(this.#database, stream);
    if (fromVersion !== undefined && fromVersion <= floor) {
      throw compacted(this.#database.path, `the versions of stream ${stream} up to ${floor}`);
    }
    const size = new PageSize();
    const toSeq = lastSeqOf(this.#database);
    let next = fromVersion ?? floor + 1;
    for (;;) {
      const rows = size.adapt(rowsByStream(this.#database, stream, next, size.rows));
      if (rows.length === 0) return;
      next += rows.length;
      for (const row of rows) {
        if (row[0] > toSeq) return;
        yield this.#decode(row);
      }
    }
  }

  /** In the order of seq. Looks at every event: a clock may have been set back, so times are not ordered. */
  *byTime(fromNs: bigint, toNs: bigint): Generator<E, void, undefined> {
    const lastSeq = lastSeqOf(this.#database);
    const size = new PageSize();
    let next = firstSeqOf(this.#database);
    while (next <= lastSeq) {
      const toSeq = Math.min(lastSeq, next + SEARCH_ROWS - 1);
      const { rows: limit } = size;
      const rows = size.adapt(rowsByTime(this.#database, { fromSeq: next, toSeq, fromNs, toNs }, limit));
      next = rows.length < limit ? toSeq + 1 : (rows.at(-1)?.[0] ?? toSeq) + 1;
      for (const row of rows) yield this.#decode(row);
    }
  }

  /** Events after `seq` up to `toSeq`, at least one if there is any, and then no more than `maxBytes`, about. */
  after(seq: number, toSeq: number, maxBytes: number): E[] {
    const events: E[] = [];
    const size = new PageSize();
    let bytes = 0;
    for (let next = seq + 1; next <= toSeq; ) {
      const rows = size.adapt(rowsBySeq(this.#database, next, toSeq, size.rows));
      for (const row of rows) {
        bytes += lengthOf(row);
        if (events.length > 0 && bytes > maxBytes) return events;
        events.push(this.#decode(row));
      }
      next += rows.length;
    }
    return events;
  }
}

/** Chooses how many rows to read at once by how large those before were. */
class PageSize {
  rows = FIRST_PAGE_ROWS;

  adapt(page: readonly EventRow[]): readonly EventRow[] {
    if (page.length === 0) return page;
    let length = 0;
    for (const row of page) length += lengthOf(row);
    const fitting = Math.floor((MAX_PAGE_LENGTH * page.length) / length);
    this.rows = Math.max(1, Math.min(fitting, MAX_PAGE_ROWS, this.rows * 4));
    return page;
  }
}

function lengthOf(row: EventRow): number {
  return HEADER_LENGTH + String(row[9]).length;
}
