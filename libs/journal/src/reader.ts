import { accessSync, constants, existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Birth, inspectFile, readBirth } from './birth.ts';
import type { EventRow } from './checksum.ts';
import { decodeStored } from './codec.ts';
import { usedBytes } from './compaction.ts';
import { Database } from './database.ts';
import { journalError, toJournalError } from './errors.ts';
import { firstSeqOf, lastSeqOf } from './event-table.ts';
import type { FollowerPosition, JournalIdentity, StoredEvent } from './events.ts';
import { checkNoRowHidden } from './hidden-rows.ts';
import { EventReading } from './reading.ts';
import { allPositions, readAnswer } from './side-tables.ts';
import { listSnapshots, readSnapshot, type Snapshot, type SnapshotEntry } from './snapshot-table.ts';
import { verifyInThread } from './thread.ts';
import { type Verified, type VerifyProgress, verifyDatabase } from './verification.ts';

const COUNT_STREAMS = `WITH RECURSIVE each(stream) AS (
    SELECT min(stream) FROM event
    UNION ALL SELECT (SELECT min(stream) FROM event WHERE stream > each.stream) FROM each WHERE each.stream IS NOT NULL
  ) SELECT count(stream) FROM each`;

/** What a journal is, seen from outside. */
export interface JournalInfo extends JournalIdentity {
  readonly path: string;
  readonly firstSeq: number;
  readonly lastSeq: number;
  /** Bytes in use in the main file; the WAL is not counted. */
  readonly usedBytes: number;
  readonly createdNs: bigint;
  /** False while it is written, and after a writer that was killed. */
  readonly clean: boolean;
  readonly snapshots: readonly SnapshotEntry[];
  readonly positions: ReadonlyMap<string, FollowerPosition>;
}

/** Looks into a journal without writing it, while another process does or when none does. Nothing is upcast. */
export class JournalReader {
  readonly #database: Database;
  readonly #reading: EventReading<StoredEvent>;
  /** Opened from a file that nobody can change, as a CD-ROM: verified in this thread. */
  readonly #isImmutable: boolean;

  constructor(database: Database, isImmutable: boolean) {
    this.#database = database;
    this.#isImmutable = isImmutable;
    this.#reading = new EventReading(database, (row: EventRow) => decodeStored(row, database.path));
  }

  get identity(): JournalIdentity {
    const { uuid, generation } = this.#birth();
    return { uuid, generation };
  }

  get lastSeq(): number {
    return lastSeqOf(this.#database);
  }

  get firstSeq(): number {
    return firstSeqOf(this.#database);
  }

  info(): JournalInfo {
    const { uuid, generation, clean, createdNs } = this.#birth();
    const { firstSeq, lastSeq } = this;
    const identity = { uuid, generation, clean, createdNs, path: this.#database.path };
    const snapshots = listSnapshots(this.#database);
    return {
      ...identity,
      firstSeq,
      lastSeq,
      usedBytes: usedBytes(this.#database),
      snapshots,
      positions: this.positions(),
    };
  }

  /** As `Journal.readStream`. */
  readStream(stream: string, fromVersion?: number): IterableIterator<StoredEvent> {
    return this.#reading.byStream(stream, fromVersion);
  }

  /** As `Journal.readAll`: to the last event of now. For what comes later, read on from the next seq. */
  readAll(fromSeq?: number): IterableIterator<StoredEvent> {
    return this.#reading.bySeq(fromSeq);
  }

  /** As `Journal.readTime`. */
  readTime(fromNs: bigint, toNs: bigint): IterableIterator<StoredEvent> {
    return this.#reading.byTime(fromNs, toNs);
  }

  /** Streams that have events. Jumps from one to the next in the index: a few microseconds each. */
  countStreams(): number {
    return this.#database.number(COUNT_STREAMS) ?? 0;
  }

  answer(requestId: string): Uint8Array | undefined {
    return readAnswer(this.#database, requestId);
  }

  positions(): ReadonlyMap<string, FollowerPosition> {
    return allPositions(this.#database);
  }

  /** Throws `JOURNAL_DAMAGED` unless it reads back. */
  snapshot(id: number): Snapshot {
    return readSnapshot(this.#database, id);
  }

  async verify(onProgress?: (progress: VerifyProgress) => void): Promise<Verified> {
    if (!this.#isImmutable) return await verifyInThread(this.#database.path, onProgress);
    const check = verifyDatabase(this.#database);
    for (;;) {
      const step = check.next();
      if (step.done) return step.value;
      onProgress?.(step.value);
    }
  }

  close(): void {
    this.#database.close();
  }

  #birth(): Birth {
    return readBirth(this.#database);
  }
}

/** Throws a `JournalError` if there is no journal at the path, or not one that can be read. */
export function openJournalReader(path: string): JournalReader {
  if (!existsSync(path)) throw journalError('JOURNAL_MISSING', path, 'there is no such file');
  const isImmutable = !canShare(path) && !existsSync(`${path}-wal`);
  const location = isImmutable ? `${pathToFileURL(path).href}?immutable=1` : path;
  const database = new Database(path, { readOnly: true, location });
  try {
    database.configure('NORMAL');
    if (inspectFile(database) === 'new') throw journalError('JOURNAL_FOREIGN', path, 'the file is empty');
    readBirth(database);
    checkNoRowHidden(database);
    return new JournalReader(database, isImmutable);
  } catch (error) {
    database.close();
    throw toJournalError(error, path, 'cannot be read');
  }
}

/** Readers of a WAL need a file they share with the writer, and make it if there is none. */
function canShare(path: string): boolean {
  if (existsSync(`${path}-shm`)) return true;
  try {
    accessSync(dirname(path), constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
