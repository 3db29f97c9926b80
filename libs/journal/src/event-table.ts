import type { SQLInputValue } from 'node:sqlite';
import type { EventRow } from './checksum.ts';
import type { Database } from './database.ts';
import { journalError } from './errors.ts';
import { EVENT_COLUMNS } from './schema.ts';

const ROW = '(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)';
const INSERT = `INSERT INTO event VALUES ${ROW}`;
/** So many rows at most in one statement, and then what is left in halves of it: a row then takes half the time. */
const BATCH_ROWS = [32, 16, 8, 4, 2] as const;
const BATCHES = BATCH_ROWS.map((count) => ({
  count,
  insert: `INSERT INTO event VALUES ${Array.from({ length: count }, () => ROW).join(', ')}`,
}));
const BY_SEQ = `SELECT ${EVENT_COLUMNS} FROM event WHERE seq >= ? AND seq <= ? ORDER BY seq LIMIT ?`;
const BY_STREAM = `SELECT ${EVENT_COLUMNS} FROM event WHERE stream = ? AND version >= ? ORDER BY version LIMIT ?`;
const BY_TIME = `SELECT ${EVENT_COLUMNS} FROM event
  WHERE seq >= ? AND seq <= ? AND ts_ns >= ? AND ts_ns < ? ORDER BY seq LIMIT ?`;

export function insertEvents(database: Database, rows: readonly EventRow[]): void {
  let next = 0;
  database.guard('cannot be written', () => {
    for (const { count, insert } of BATCHES) {
      for (; next + count <= rows.length; next += count) {
        const cells: SQLInputValue[] = [];
        for (let i = next; i < next + count; i += 1) cells.push(...(rows[i] as EventRow));
        database.statement(insert).run(...cells);
      }
    }
    for (; next < rows.length; next += 1) database.statement(INSERT).run(...(rows[next] as EventRow));
  });
}

/** 1 for a journal that has never had an event: retention always leaves the last. */
export function firstSeqOf(database: Database): number {
  return database.number('SELECT min(seq) FROM event') ?? 1;
}

export function lastSeqOf(database: Database): number {
  return database.number('SELECT max(seq) FROM event') ?? 0;
}

/** Version of a stream's last event that is still there. */
export function keptVersionOf(database: Database, stream: string): number | undefined {
  return database.number('SELECT max(version) FROM event WHERE stream = ?', stream);
}

/** Version of the last event of a stream that retention has removed; 0 for none. */
export function floorOf(database: Database, stream: string): number {
  return database.number('SELECT version FROM stream_floor WHERE stream = ?', stream) ?? 0;
}

/** True if retention has removed an event. */
export function hasFloors(database: Database): boolean {
  return database.get('SELECT 1 FROM stream_floor LIMIT 1') !== undefined;
}

/** Up to `limit` events from `fromSeq` to `toSeq`. Throws `COMPACTED` or `JOURNAL_DAMAGED` rather than skip one. */
export function rowsBySeq(database: Database, fromSeq: number, toSeq: number, limit: number): readonly EventRow[] {
  const rows = database.all(BY_SEQ, fromSeq, toSeq, limit) as unknown as readonly EventRow[];
  for (const [i, row] of rows.entries()) {
    if (row[0] !== fromSeq + i) throw hole(database, fromSeq + i, row[0]);
  }
  if (rows.length === 0 && fromSeq <= toSeq) throw hole(database, fromSeq, toSeq + 1);
  return rows;
}

/** Up to `limit` events of a stream from a version on. */
export function rowsByStream(
  database: Database,
  stream: string,
  fromVersion: number,
  limit: number,
): readonly EventRow[] {
  const rows = database.all(BY_STREAM, stream, fromVersion, limit) as unknown as readonly EventRow[];
  for (const [i, row] of rows.entries()) {
    const expected = fromVersion + i;
    if (row[2] === stream && row[3] === expected) continue;
    if (floorOf(database, stream) >= expected)
      throw compacted(database.path, `version ${expected} of stream ${stream}`);
    throw journalError('JOURNAL_DAMAGED', database.path, `version ${expected} of stream ${stream} is missing`);
  }
  return rows;
}

export interface TimeWindow {
  readonly fromSeq: number;
  readonly toSeq: number;
  /** Inclusive. */
  readonly fromNs: bigint;
  /** Exclusive. */
  readonly toNs: bigint;
}

export function rowsByTime(database: Database, window: TimeWindow, limit: number): readonly EventRow[] {
  const { fromSeq, toSeq, fromNs, toNs } = window;
  return database.all(BY_TIME, fromSeq, toSeq, fromNs, toNs, limit) as unknown as readonly EventRow[];
}

export function compacted(path: string, what: string): Error {
  return journalError('COMPACTED', path, `retention has removed ${what}`);
}

function hole(database: Database, expected: number, found: number): Error {
  const firstSeq = firstSeqOf(database);
  if (expected < firstSeq) return compacted(database.path, `event ${expected}, the first is ${firstSeq}`);
  return journalError('JOURNAL_DAMAGED', database.path, `event ${expected} is missing, the next is ${found}`);
}
