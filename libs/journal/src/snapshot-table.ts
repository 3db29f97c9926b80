import { rowChecksum } from './checksum.ts';
import type { Database } from './database.ts';
import { journalError } from './errors.ts';
import { checkRow } from './side-tables.ts';

/** A state that has every event up to and with `seq`. */
export interface Snapshot<S = unknown> {
  readonly seq: number;
  readonly tsNs: bigint;
  /** Of the state's shape, as the journal was opened with when it was taken. */
  readonly schema: number;
  readonly state: S;
}

export interface SnapshotToWrite {
  readonly seq: number;
  readonly tsNs: bigint;
  readonly schema: number;
  readonly text: string;
}

export interface SnapshotEntry {
  readonly id: number;
  readonly seq: number;
}

/** Snapshots that stay once a newer one has been proved: the newest, and one more in case that one fails later. */
export const SNAPSHOTS_KEPT = 2;

const COLUMNS = 'id, seq, ts_ns, schema, state, checksum';

/** Returns the id it is written under. */
export function insertSnapshot(database: Database, { seq, tsNs, schema, text }: SnapshotToWrite): number {
  const id = (database.number('SELECT max(id) FROM snapshot') ?? 0) + 1;
  const cells: (string | number)[] = [id, seq, String(tsNs), schema, text];
  database.run('INSERT INTO snapshot VALUES (?, ?, ?, ?, ?, ?)', ...cells, rowChecksum(cells));
  return id;
}

/** Newest first. */
export function listSnapshots(database: Database): readonly SnapshotEntry[] {
  const rows = database.all('SELECT id, seq FROM snapshot ORDER BY id DESC');
  return rows.map(([id, seq]) => ({ id: id as number, seq: seq as number }));
}

/** Throws `JOURNAL_DAMAGED` unless it reads back as what was written. */
export function readSnapshot(database: Database, id: number): Snapshot {
  const row = database.get(`SELECT ${COLUMNS} FROM snapshot WHERE id = ?`, id);
  if (row === undefined) throw journalError('JOURNAL_DAMAGED', database.path, `snapshot ${id} is missing`);
  checkRow(database.path, `snapshot ${id}`, row);
  const [, seq, tsNs, schema, text] = row as readonly [number, number, string, number, string];
  return { seq, tsNs: BigInt(tsNs), schema, state: JSON.parse(text) };
}

export function deleteSnapshot(database: Database, id: number): void {
  database.run('DELETE FROM snapshot WHERE id = ?', id);
}

/** The newest snapshot that reads back, and what was wrong with those newer than it. */
export function newestSnapshot(database: Database): { snapshot: Snapshot | undefined; damaged: readonly Error[] } {
  const damaged: Error[] = [];
  for (const { id } of listSnapshots(database)) {
    try {
      return { snapshot: readSnapshot(database, id), damaged };
    } catch (error) {
      damaged.push(error as Error);
    }
  }
  return { snapshot: undefined, damaged };
}
