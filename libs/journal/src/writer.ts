import { Checkpoints } from './checkpoints.ts';
import type { Database } from './database.ts';
import { JournalError, journalError } from './errors.ts';
import { firstSeqOf, floorOf, hasFloors, insertEvents, keptVersionOf, lastSeqOf } from './event-table.ts';
import type { EventMap } from './events.ts';
import { leavesJournalWhole, refineFault } from './faults.ts';
import type { OpenFile } from './opening.ts';
import { hasAnswer, insertAnswers, writePositions } from './side-tables.ts';
import { insertSnapshot } from './snapshot-table.ts';
import { StreamVersions } from './stream-versions.ts';
import type { Changes } from './transaction.ts';

export interface WriterOptions {
  readonly file: OpenFile;
  readonly snapshotSchema: number;
  readonly onCheckpoint: (walBytes: number) => void;
  readonly onFault: (error: Error) => void;
}

/** The one that changes the file. Its counters move only when a commit has succeeded. */
export class Writer {
  readonly database: Database;
  readonly #options: WriterOptions;
  readonly #checkpoints: Checkpoints;
  readonly versions: StreamVersions;
  #firstSeq: number;
  #lastSeq: number;
  #hasFloors: boolean;
  #commits = 0;
  #fault: Error | undefined;

  constructor(options: WriterOptions) {
    const { database, thread, walDescriptor } = options.file;
    const { onCheckpoint, onFault } = options;
    this.#options = options;
    this.database = database;
    this.#hasFloors = hasFloors(database);
    this.versions = new StreamVersions((stream) => this.#readVersion(stream));
    this.#firstSeq = firstSeqOf(database);
    this.#lastSeq = lastSeqOf(database);
    this.#checkpoints = new Checkpoints({ database, thread, walDescriptor, onCheckpoint, onFault });
  }

  get firstSeq(): number {
    return this.#firstSeq;
  }

  get lastSeq(): number {
    return this.#lastSeq;
  }

  /** Commits so far, of any kind. */
  get commits(): number {
    return this.#commits;
  }

  /** Why nothing can be written any more. */
  get fault(): Error | undefined {
    return this.#fault;
  }

  /** From now on every write is refused with this error. */
  fail(error: Error): void {
    this.#fault ??= error;
  }

  /** Commits what a transaction has collected. Returns the snapshot's id if there is one. */
  write<T extends EventMap>(changes: Changes<T>, tsNs: bigint): number | undefined {
    const { rows, answers, positions, state: text } = changes;
    const size = rows.length + answers.size + positions.size;
    if (size === 0 && text === undefined) {
      this.abort();
      return undefined;
    }
    const seq = this.#lastSeq + rows.length;
    const isSingle = rows.length === 1 && size === 1 && text === undefined;
    const snapshotId = this.commit(size, isSingle, () => {
      insertEvents(this.database, rows);
      insertAnswers(this.database, answers, tsNs);
      writePositions(this.database, positions);
      if (text === undefined) return undefined;
      return insertSnapshot(this.database, { seq, tsNs, schema: this.#options.snapshotSchema, text });
    });
    this.#lastSeq = seq;
    for (const [stream, version] of changes.versions) this.versions.set(stream, version);
    return snapshotId;
  }

  /** Ends what a look into the file has begun for a transaction that writes nothing. */
  abort(): void {
    this.database.rollback();
  }

  /** True if the request has an answer. Begins the transaction that is to write one. */
  hasAnswer(requestId: string): boolean {
    this.database.begin();
    return hasAnswer(this.database, requestId);
  }

  /** As `versions.get`, but begins the transaction that is to append if the file has to be asked. */
  versionToAppendTo(stream: string): number {
    const known = this.versions.known(stream);
    if (known !== undefined) return known;
    this.database.begin();
    return this.versions.get(stream);
  }

  /** One transaction: throws a `JournalError`, and then nothing of it was kept. Single: `work` is one statement. */
  commit<R>(rows: number, isSingle: boolean, work: () => R): R {
    if (this.#fault !== undefined) throw this.#fault;
    let result: R;
    try {
      result = isSingle ? this.database.single(work) : this.database.transaction(work);
    } catch (error) {
      throw this.#failed(error);
    }
    this.#commits += 1;
    this.#afterCommit(rows);
    return result;
  }

  /** The first seq has moved. */
  compacted(): void {
    this.#firstSeq = firstSeqOf(this.database);
    this.#hasFloors = hasFloors(this.database);
  }

  async close(): Promise<void> {
    await this.#checkpoints.close();
  }

  #readVersion(stream: string): number {
    return keptVersionOf(this.database, stream) ?? (this.#hasFloors ? floorOf(this.database, stream) : 0);
  }

  /** What was committed stays committed, whatever becomes of a checkpoint. */
  #afterCommit(rows: number): void {
    try {
      this.#checkpoints.committed(rows);
    } catch (error) {
      this.#options.onFault(error as Error);
    }
  }

  /** Work goes on only if the file is certainly as it was before. */
  #failed(error: unknown): Error {
    const { path } = this.database;
    const fault = refineFault(error, path);
    if (fault instanceof JournalError && leavesJournalWhole(fault) && this.#isAsBefore()) return fault;
    const code = fault instanceof JournalError ? fault.code : 'JOURNAL_FAILED';
    const found = `a commit failed and may be on the disk or not, so nothing more is taken: ${fault.message}`;
    this.fail(journalError(code === 'JOURNAL_BUSY' ? 'JOURNAL_FAILED' : code, path, found, error));
    return this.#fault ?? fault;
  }

  #isAsBefore(): boolean {
    try {
      this.database.rollback();
      this.database.cutWal();
      return lastSeqOf(this.database) === this.#lastSeq;
    } catch {
      return false;
    }
  }
}
