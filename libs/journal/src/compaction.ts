import { rowChecksum } from './checksum.ts';
import type { Database } from './database.ts';
import { firstSeqOf, lastSeqOf } from './event-table.ts';
import { firstSeqToKeep, isCapBlocked, type Retention, type RetentionFacts } from './retention.ts';
import { deleteAnswers } from './side-tables.ts';
import { deleteSnapshot, listSnapshots, SNAPSHOTS_KEPT } from './snapshot-table.ts';

export interface CompactionOptions {
  readonly database: Database;
  readonly retention: Retention;
  readonly nowNs: () => bigint;
  readonly held: () => readonly number[];
  /** Runs `work` in one transaction; returns when it is committed. */
  readonly commit: <R>(rows: number, work: () => R) => R;
}

export interface Compacted {
  readonly events: number;
  readonly answers: number;
  readonly firstSeq: number;
  /** The cap is exceeded, and no snapshot allows to remove more. */
  readonly isCapBlocked: boolean;
}

/** A slice removes so many rows at most; a millisecond or two. */
const SLICE_ROWS = 200;
/** Events looked at for their age in one slice. */
const AGE_ROWS = 5000;
/** The estimate of what a cap allows settles after a few rounds. */
const MAX_ROUNDS = 5;

/** Yields after each slice, so that whoever runs it can let others have a turn. Ends when nothing more may go. */
export function* compact(options: CompactionOptions): Generator<void, Compacted, undefined> {
  const { database, retention } = options;
  let events = 0;
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const keep = firstSeqToKeep(retention, yield* factsOf(options));
    let first = firstSeqOf(database);
    if (first >= keep) break;
    for (; first < keep; first = Math.min(keep, first + SLICE_ROWS)) {
      const until = Math.min(keep, first + SLICE_ROWS);
      options.commit(until - first, () => deleteEvents(database, until));
      events += until - first;
      yield;
    }
  }
  const answers = yield* forgetAnswers(options);
  const facts = yield* factsOf(options);
  return { events, answers, firstSeq: facts.firstSeq, isCapBlocked: isCapBlocked(retention, facts) };
}

/** Removes the snapshots that are not kept, once the newest has been proved. */
export function dropOldSnapshots(database: Database): void {
  for (const { id } of listSnapshots(database).slice(SNAPSHOTS_KEPT)) deleteSnapshot(database, id);
}

function* factsOf({ database, retention, nowNs, held }: CompactionOptions): Generator<void, RetentionFacts, undefined> {
  const firstSeq = firstSeqOf(database);
  const lastSeq = lastSeqOf(database);
  const { maxAgeMs } = retention;
  const youngNs = maxAgeMs === undefined ? undefined : nowNs() - BigInt(Math.round(maxAgeMs * 1e6));
  const firstYoungSeq = youngNs === undefined ? undefined : yield* firstYoung(database, youngNs, firstSeq, lastSeq);
  // Not before there are two: one that is damaged later must not be the only way back.
  const snapshotSeq = listSnapshots(database)[SNAPSHOTS_KEPT - 1]?.seq ?? 0;
  return { firstSeq, lastSeq, snapshotSeq, firstYoungSeq, usedBytes: usedBytes(database), held: held() };
}

function* firstYoung(database: Database, youngNs: bigint, firstSeq: number, lastSeq: number) {
  for (let from = firstSeq; from <= lastSeq; from += AGE_ROWS) {
    const sql = 'SELECT seq FROM event WHERE seq >= ? AND seq < ? AND ts_ns >= ? ORDER BY seq LIMIT 1';
    const seq = database.number(sql, from, from + AGE_ROWS, youngNs);
    if (seq !== undefined) return seq;
    yield;
  }
  return lastSeq + 1;
}

/** Bytes of the pages that hold something. Free ones stay in the file and are used again. */
export function usedBytes(database: Database): number {
  const read = (name: string) => database.number(`PRAGMA ${name}`) ?? 0;
  return (read('page_count') - read('freelist_count')) * read('page_size');
}

/** What remains of a removed event is the version its stream has reached. */
function deleteEvents(database: Database, beforeSeq: number): void {
  const floors = new Map<string, number>();
  const going = database.all('SELECT stream, version FROM event WHERE seq < ? ORDER BY seq', beforeSeq);
  for (const [stream, version] of going as readonly (readonly [string, number])[]) floors.set(stream, version);
  for (const [stream, version] of floors) {
    const cells = [stream, version];
    database.run('INSERT OR REPLACE INTO stream_floor VALUES (?, ?, ?)', ...cells, rowChecksum(cells));
  }
  database.run('DELETE FROM event WHERE seq < ?', beforeSeq);
}

function* forgetAnswers({ database, retention, nowNs, commit }: CompactionOptions): Generator<void, number, undefined> {
  const { maxAnswerAgeMs } = retention;
  if (maxAnswerAgeMs === undefined) return 0;
  const beforeNs = nowNs() - BigInt(Math.round(maxAnswerAgeMs * 1e6));
  let forgotten = 0;
  for (;;) {
    const count = commit(SLICE_ROWS, () => deleteAnswers(database, beforeNs, SLICE_ROWS));
    forgotten += count;
    if (count < SLICE_ROWS) return forgotten;
    yield;
  }
}
