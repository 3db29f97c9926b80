import { readBirth } from './birth.ts';
import { rowChecksum } from './checksum.ts';
import { decodeStored } from './codec.ts';
import type { Database } from './database.ts';
import { journalError } from './errors.ts';
import { firstSeqOf, lastSeqOf, rowsBySeq } from './event-table.ts';
import { checkRow } from './side-tables.ts';
import { listSnapshots, readSnapshot } from './snapshot-table.ts';

/** What a check found, with nothing wrong. */
export interface Verified {
  readonly events: number;
  readonly snapshots: number;
  readonly answers: number;
}

export interface VerifyProgress {
  readonly done: number;
  readonly total: number;
}

const PAGE = 500;
const VERSIONS = `SELECT e.stream, count(*), min(e.version), max(e.version), coalesce(f.version, 0)
  FROM event e LEFT JOIN stream_floor f ON f.stream = e.stream GROUP BY e.stream`;

/**
 * Reads all of a journal: SQLite's own check of every page and index, each event's checksum, no hole in seq or versions,
 * snapshots, answers, positions. Throws `JOURNAL_DAMAGED` at the first fault. Retention may go on meanwhile.
 */
export function* verifyDatabase(database: Database): Generator<VerifyProgress, Verified, undefined> {
  const { path } = database;
  readBirth(database);
  const verdicts = database.all('PRAGMA integrity_check(3)').map(([text]) => String(text));
  if (verdicts[0] !== 'ok') throw journalError('JOURNAL_DAMAGED', path, `integrity check: ${verdicts.join('; ')}`);
  const events = yield* verifyEvents(database);
  for (const [stream, count, min, max, floor] of database.all(VERSIONS) as readonly (readonly number[])[]) {
    if (min === (floor ?? 0) + 1 && (max ?? 0) - (min ?? 0) + 1 === count) continue;
    const found = `stream ${stream} has ${count} events of versions ${min} to ${max} after ${floor}`;
    throw journalError('JOURNAL_DAMAGED', path, found);
  }
  const snapshots = listSnapshots(database);
  for (const { id } of snapshots) readSnapshot(database, id);
  for (const row of database.all('SELECT * FROM stream_floor')) checkRow(path, `the floor of stream ${row[0]}`, row);
  for (const row of database.all('SELECT * FROM position')) checkRow(path, `the position of ${row[0]}`, row);
  return { events, snapshots: snapshots.length, answers: verifyAnswers(database) };
}

function* verifyEvents(database: Database): Generator<VerifyProgress, number, undefined> {
  const lastSeq = lastSeqOf(database);
  let next = firstSeqOf(database);
  const firstSeq = next;
  while (next <= lastSeq) {
    // Retention may overtake the check: what it removes need not be checked.
    next = Math.max(next, firstSeqOf(database));
    const rows = rowsBySeq(database, next, lastSeq, PAGE);
    for (const row of rows) decodeStored(row, database.path);
    next += rows.length;
    yield { done: next - firstSeq, total: lastSeq - firstSeq + 1 };
  }
  return lastSeq - firstSeq + 1;
}

function verifyAnswers(database: Database): number {
  let last = 0;
  let count = 0;
  for (;;) {
    const rows = database.all(
      'SELECT id, request_id, ts_ns, reply, checksum FROM answer WHERE id > ? ORDER BY id LIMIT ?',
      last,
      PAGE,
    );
    if (rows.length === 0) return count;
    for (const [id, requestId, ts, reply, checksum] of rows as readonly (readonly [
      number,
      string,
      string,
      Uint8Array,
      number,
    ])[]) {
      last = id;
      if (rowChecksum([requestId, ts, reply]) === checksum) continue;
      throw journalError(
        'JOURNAL_DAMAGED',
        database.path,
        `the answer to request ${requestId} does not match its checksum`,
      );
    }
    count += rows.length;
  }
}
