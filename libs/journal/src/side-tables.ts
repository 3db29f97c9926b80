import { rowChecksum } from './checksum.ts';
import type { Database } from './database.ts';
import { journalError } from './errors.ts';
import type { FollowerPosition } from './events.ts';

type Cell = string | number | Uint8Array;

export function insertAnswers(database: Database, answers: ReadonlyMap<string, Uint8Array>, tsNs: bigint): void {
  for (const [requestId, reply] of answers) {
    const cells: Cell[] = [requestId, String(tsNs), reply];
    database.run(
      'INSERT INTO answer (request_id, ts_ns, reply, checksum) VALUES (?, ?, ?, ?)',
      ...cells,
      rowChecksum(cells),
    );
  }
}

export function hasAnswer(database: Database, requestId: string): boolean {
  return database.get('SELECT 1 FROM answer WHERE request_id = ?', requestId) !== undefined;
}

export function readAnswer(database: Database, requestId: string): Uint8Array | undefined {
  const row = database.get('SELECT request_id, ts_ns, reply, checksum FROM answer WHERE request_id = ?', requestId);
  if (row === undefined) return undefined;
  checkRow(database.path, `the answer to request ${requestId}`, row);
  // A spoilt index may point at another row, whole in itself.
  if (row[0] !== requestId) {
    throw journalError('JOURNAL_DAMAGED', database.path, `the answer to request ${requestId} is one to ${row[0]}`);
  }
  return row[2] as Uint8Array;
}

/** Forgets the oldest answers, at most `limit` of those older than `beforeNs`; how many. Those behind a younger one wait. */
export function deleteAnswers(database: Database, beforeNs: bigint, limit: number): number {
  const oldest = database.all('SELECT id, ts_ns FROM answer ORDER BY id LIMIT ?', limit);
  const kept = oldest.findIndex(([, tsNs]) => BigInt(String(tsNs)) >= beforeNs);
  const count = kept < 0 ? oldest.length : kept;
  const last = oldest[count - 1]?.[0];
  if (last !== undefined) database.run('DELETE FROM answer WHERE id <= ?', last as number);
  return count;
}

export function writePositions(database: Database, positions: ReadonlyMap<string, FollowerPosition>): void {
  for (const [follower, { uuid, generation, seq }] of positions) {
    const cells: (string | number)[] = [follower, uuid, generation, seq];
    database.run('INSERT OR REPLACE INTO position VALUES (?, ?, ?, ?, ?)', ...cells, rowChecksum(cells));
  }
}

export function readPosition(database: Database, follower: string): FollowerPosition | undefined {
  const row = database.get('SELECT * FROM position WHERE follower = ?', follower);
  if (row === undefined) return undefined;
  checkRow(database.path, `the position of ${follower}`, row);
  const [, uuid, generation, seq] = row as readonly [string, string, number, number];
  return { uuid, generation, seq };
}

export function allPositions(database: Database): ReadonlyMap<string, FollowerPosition> {
  const found = new Map<string, FollowerPosition>();
  for (const [follower] of database.all('SELECT follower FROM position ORDER BY follower')) {
    const position = readPosition(database, follower as string);
    if (position !== undefined) found.set(follower as string, position);
  }
  return found;
}

/** Throws unless the last cell is the checksum of those before. */
export function checkRow(path: string, what: string, row: readonly unknown[]): void {
  const cells = row.slice(0, -1) as Cell[];
  if (rowChecksum(cells) === row.at(-1)) return;
  throw journalError('JOURNAL_DAMAGED', path, `${what} does not match its checksum`);
}
