import type { Database } from './database.ts';
import { journalError } from './errors.ts';

/**
 * The numbers of these tables have no hole, and an index has an entry for each row. So a spoilt page that hides rows, at the
 * end of a table too, where nothing else would miss them, makes the two disagree. One statement each, so that a writer at
 * work is seen at one moment; it reads the index only: about 30 ms for a million rows.
 */
const COUNTS = [
  {
    what: 'events',
    sql: `SELECT (SELECT count(*) FROM event INDEXED BY event_by_stream),
      (SELECT coalesce(max(seq), 0) FROM event), (SELECT coalesce(min(seq), 1) FROM event)`,
  },
  {
    what: 'answers',
    sql: `SELECT (SELECT count(*) FROM answer INDEXED BY sqlite_autoindex_answer_1),
      (SELECT coalesce(max(id), 0) FROM answer), (SELECT coalesce(min(id), 1) FROM answer)`,
  },
] as const;

/** Each is one small tree without an index to hold against it: SQLite's own check of its pages. */
const SMALL_TABLES = ['journal', 'stream_floor', 'position'] as const;

/** Throws `JOURNAL_DAMAGED` if rows have become invisible, which no checksum of a row can tell. */
export function checkNoRowHidden(database: Database): void {
  for (const { what, sql } of COUNTS) {
    const [indexed = 0, last = 0, first = 1] = (database.get(sql) ?? []) as readonly number[];
    if (last - first + 1 === indexed) continue;
    const found = `it has ${what} ${first} to ${last}, and its index has ${indexed} of them`;
    throw journalError('JOURNAL_DAMAGED', database.path, found);
  }
  for (const table of SMALL_TABLES) {
    const verdict = String(database.get(`PRAGMA integrity_check(${table})`)?.[0]);
    if (verdict !== 'ok') throw journalError('JOURNAL_DAMAGED', database.path, `integrity check: ${verdict}`);
  }
}
