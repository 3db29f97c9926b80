import type { EventRow } from './checksum.ts';
import type { Database } from './database.ts';
import { journalError } from './errors.ts';
import { rowsBySeq } from './event-table.ts';
import { nextTurn } from './follow.ts';
import type { Snapshot } from './snapshot-table.ts';
import { newestSnapshot } from './snapshot-table.ts';

/** How a service takes up its state again. Both are called in order, on this thread, in turns of a millisecond or so. */
export interface RecoverySteps<E> {
  /** The newest snapshot that can be read, before any event; not called if there is none. */
  readonly snapshot: (snapshot: Snapshot) => void;
  /** Each event that the snapshot does not hold. */
  readonly event: (event: E) => void;
}

export interface Recovered {
  /** 0: without a snapshot. */
  readonly snapshotSeq: number;
  readonly events: number;
  /** What was wrong with snapshots newer than the one used. */
  readonly damagedSnapshots: readonly Error[];
}

export interface RecoverySource<E> {
  readonly database: Database;
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly snapshotSchema: number;
  readonly decode: (row: EventRow) => E;
  readonly onProgress: (done: number, total: number) => void;
}

const PAGE = 256;
const PROGRESS_EVENTS = 16_384;

/** The newest snapshot that reads back and is of a known schema. Throws if none does and events it held are gone. */
export function usableSnapshot(source: Omit<RecoverySource<unknown>, 'decode' | 'onProgress'>): {
  readonly snapshot: Snapshot | undefined;
  readonly damaged: readonly Error[];
} {
  const { database, firstSeq, lastSeq, snapshotSchema } = source;
  const found = newestSnapshot(database);
  const { snapshot } = found;
  if (snapshot !== undefined && snapshot.schema > snapshotSchema) {
    const text = `snapshot at ${snapshot.seq} has schema ${snapshot.schema}, newer than ${snapshotSchema}`;
    throw journalError('JOURNAL_NEWER_SCHEMA', database.path, text);
  }
  const from = (snapshot?.seq ?? 0) + 1;
  if (from < firstSeq || from > lastSeq + 1) {
    const text = `no snapshot reaches the events ${firstSeq} to ${lastSeq}${found.damaged.map((e) => `; ${e.message}`).join('')}`;
    throw journalError('JOURNAL_DAMAGED', database.path, text);
  }
  return found;
}

export async function recoverFrom<E>(source: RecoverySource<E>, steps: RecoverySteps<E>): Promise<Recovered> {
  const { database, lastSeq, decode, onProgress } = source;
  const { snapshot, damaged } = usableSnapshot(source);
  if (snapshot !== undefined) steps.snapshot(snapshot);
  const snapshotSeq = snapshot?.seq ?? 0;
  const total = lastSeq - snapshotSeq;
  let done = 0;
  onProgress(done, total);
  while (done < total) {
    const rows = rowsBySeq(database, snapshotSeq + done + 1, lastSeq, PAGE);
    for (const row of rows) steps.event(decode(row));
    const before = done;
    done += rows.length;
    if (Math.floor(before / PROGRESS_EVENTS) < Math.floor(done / PROGRESS_EVENTS) || done === total)
      onProgress(done, total);
    await nextTurn();
  }
  return { snapshotSeq, events: total, damagedSnapshots: damaged };
}
