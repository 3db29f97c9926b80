import { open } from 'node:fs/promises';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { type BenchLog, type BenchPayload, type BenchState, streamOf } from './log.ts';

const TABLES = `
  PRAGMA journal_mode = WAL;
  CREATE TABLE IF NOT EXISTS events (
    seq INTEGER PRIMARY KEY, stream TEXT NOT NULL, version INTEGER NOT NULL, tsNs INTEGER NOT NULL,
    type TEXT NOT NULL, payload TEXT NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS snapshots (seq INTEGER PRIMARY KEY, state TEXT NOT NULL) STRICT;
`;

export interface BareLogOptions {
  readonly path: string;
  /** Pages of WAL after which a commit also brings them into the main file; 0 for never. SQLite's own default is 1000. */
  readonly autoCheckpoint: number;
}

/**
 * The least that node:sqlite can do: one table, no index, no checksum, one insert an event, commits that do not wait
 * for the disk.
 */
export async function openBareLog({ path, autoCheckpoint }: BareLogOptions): Promise<BenchLog> {
  const database = new DatabaseSync(path);
  database.exec(`PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = ${autoCheckpoint}; ${TABLES}`);
  const begin = database.prepare('BEGIN IMMEDIATE');
  const end = database.prepare('COMMIT');
  const insert = database.prepare('INSERT INTO events VALUES (?, ?, ?, ?, ?, ?)');
  const rows = database.prepare('SELECT payload FROM events WHERE seq > ? ORDER BY seq');
  const last = database.prepare('SELECT coalesce(max(seq), 0) AS seq FROM events');
  const keep = database.prepare('INSERT INTO snapshots VALUES (?, ?)');
  const kept = database.prepare('SELECT seq, state FROM snapshots ORDER BY seq DESC LIMIT 1');
  const versions = new Map<string, number>();
  let seq = Number(last.get()?.seq);
  let transactions = 0;
  const wal = await open(`${path}-wal`);
  return {
    get lastSeq() {
      return seq;
    },
    commit(payloads) {
      const stream = streamOf(transactions++);
      let version = versions.get(stream) ?? 0;
      const tsNs = process.hrtime.bigint();
      begin.run();
      for (const payload of payloads) {
        const row: SQLInputValue[] = [++seq, stream, ++version, tsNs, 'OrderApproved', JSON.stringify(payload)];
        insert.run(...row);
      }
      end.run();
      versions.set(stream, version);
    },
    flush: () => wal.datasync(),
    read(afterSeq, visit) {
      let count = 0;
      for (const { payload } of rows.iterate(afterSeq)) {
        visit(JSON.parse(String(payload)) as BenchPayload);
        count += 1;
      }
      return count;
    },
    saveSnapshot: (state) => void keep.run(seq, JSON.stringify(state)),
    loadSnapshot() {
      const row = kept.get();
      return row && { seq: Number(row.seq), state: JSON.parse(String(row.state)) as BenchState };
    },
    settle: () => void database.exec('PRAGMA wal_checkpoint(TRUNCATE)'),
    async close() {
      await wal.close();
      database.close();
    },
  };
}
