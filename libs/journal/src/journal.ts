import type { EventRow } from './checksum.ts';
import { decodeEvent } from './codec.ts';
import { Committed, Flushed } from './committed.ts';
import type { Compacted } from './compaction.ts';
import { JournalError, journalError, toJournalError } from './errors.ts';
import type { EventMap, JournalEvent, JournalIdentity } from './events.ts';
import { type FlushBegin, Flusher } from './flusher.ts';
import { JournalReads } from './journal-reads.ts';
import { closeFile, markClean, type OpenFile, openFile } from './opening.ts';
import { type JournalMetrics, type JournalOptions, NO_METRICS } from './options.ts';
import { type Recovered, type RecoverySteps, recoverFrom, usableSnapshot } from './recovery.ts';
import { Retainer } from './retainer.ts';
import { SnapshotKeeper } from './snapshot-keeper.ts';
import type { Snapshot } from './snapshot-table.ts';
import { verifyInThread } from './thread.ts';
import { type Ground, PendingTransaction, type Transaction } from './transaction.ts';
import type { Verified, VerifyProgress } from './verification.ts';
import { Writer } from './writer.ts';

/** Opens a journal to write, or makes it. Rejects with a `JournalError`; the event loop is free meanwhile. */
export async function openJournal<T extends EventMap>(options: JournalOptions<T>): Promise<Journal<T>> {
  return new Journal(options, await openFile(options));
}

/** A durable log with one writer: this process. README.md says what it promises. */
export class Journal<T extends EventMap> extends JournalReads<T> {
  readonly identity: JournalIdentity;
  readonly #options: JournalOptions<T>;
  readonly #file: OpenFile;
  readonly #writer: Writer;
  readonly #flusher: Flusher;
  readonly #decode: (row: EventRow) => JournalEvent<T>;
  readonly #keeper: SnapshotKeeper;
  readonly #retainer: Retainer;
  readonly #metrics: JournalMetrics;
  readonly #onFault: (error: Error) => void;
  #flushedCommit = 0;
  #isInTransaction = false;
  #closing: Promise<void> | undefined;

  constructor(options: JournalOptions<T>, file: OpenFile) {
    const {
      metrics = NO_METRICS,
      onFault = () => {},
      snapshot: schedule,
      retention = {},
      nowNs,
      types,
      path,
    } = options;
    const { database, walDescriptor, birth, thread } = file;
    const onCheckpoint = metrics.checkpointed.bind(metrics);
    const writer = new Writer({ file, snapshotSchema: schedule?.schema ?? 1, onCheckpoint, onFault });
    const decode = (row: EventRow) => decodeEvent(row, types, path);
    super({ database, decode, ends: writer });
    this.identity = { uuid: birth.uuid, generation: birth.generation };
    this.#options = options;
    this.#file = file;
    this.#metrics = metrics;
    this.#onFault = onFault;
    this.#writer = writer;
    this.#decode = decode;
    this.#flusher = new Flusher(walDescriptor, metrics.flushed.bind(metrics), (error) => this.#failFlush(error));
    this.#retainer = new Retainer({ retention, nowNs, writer, metrics });
    const retainer = options.retention === undefined ? undefined : this.#retainer;
    this.#keeper = new SnapshotKeeper({ schedule, nowNs, writer, thread, retainer, metrics, onFault });
  }

  /** Version of a stream's last event; 0 for none. */
  versionOf(stream: string): number {
    this.checkOpen();
    return this.#writer.versions.get(stream);
  }

  /**
   * Runs `work`, then commits all it asked for, in one synchronous step: when this returns, it survives the death of any
   * process. Whatever throws, nothing is kept. `work` must not return a promise (`JOURNAL_MISUSE`) nor begin another
   * transaction. Throws `ConcurrencyConflict`, or a `JournalError` that says why nothing can be written.
   */
  transact<R>(work: (transaction: Transaction<T>) => R): Committed<R, JournalEvent<T>> {
    this.#checkWritable();
    const tsNs = this.#options.nowNs();
    const pending = new PendingTransaction<T>(this.#groundAt(tsNs));
    const value = this.#run(pending, work);
    const { changes } = pending;
    const snapshotId = this.#writer.write(changes, tsNs);
    if (snapshotId !== undefined) this.#keeper.taken(snapshotId);
    this.#metrics.committed(changes.rows.length, this.#metrics === NO_METRICS ? 0n : this.#options.nowNs() - tsNs);
    this.#keeper.schedule.committed();
    if (changes.rows.length > 0) this.end.moved();
    return new Committed<R, JournalEvent<T>>(this, this.#writer.commits, value, changes.events);
  }

  /**
   * Resolves when it survives the loss of power: the WAL is synced off the event loop, once for all who wait. The sync begins
   * behind this turn of the event loop, or `at-once` for who has committed all that the turn led to.
   */
  async flushed<R>(
    committed: Committed<R, JournalEvent<T>>,
    begin: FlushBegin = 'after-turn',
  ): Promise<Flushed<R, JournalEvent<T>>> {
    this.checkOpen();
    const commit = Committed.commitOf(committed, this);
    if (commit > this.#flushedCommit) {
      const covered = this.#writer.commits;
      await this.#flusher.flush(begin);
      this.#flushedCommit = Math.max(this.#flushedCommit, covered);
    }
    return new Flushed(committed);
  }

  /**
   * Commits a state that has every event so far, at once, and resolves when it has been read back from the file and what
   * retention then allows has gone; older snapshots stay until then. JSON; encoding holds up the event loop, about 15 ms a megabyte.
   */
  async saveSnapshot(state: unknown): Promise<void> {
    this.transact((transaction) => transaction.snapshot(state));
    await this.#keeper.proved;
  }

  /** Resolves when no snapshot waits for its proof and no retention follows from one. */
  async settled(): Promise<void> {
    await this.#keeper.proved.catch(() => {});
  }

  /** True when `snapshot.everyEvents` or `everyMs` has come. */
  get snapshotDue(): boolean {
    return this.#keeper.schedule.isDue;
  }

  /** From now on takes a snapshot whenever one is due, in a turn of its own. `capture` gives a state with every event. */
  snapshotWhenDue(capture: () => unknown): void {
    this.#keeper.schedule.auto(() => void this.saveSnapshot(capture()).catch(this.#onFault));
  }

  /** The newest snapshot that can be read. Throws if none can although events before the first have gone. */
  loadSnapshot(): Snapshot | undefined {
    this.checkOpen();
    const { snapshot, damaged } = usableSnapshot(this.#recoverySource());
    for (const error of damaged) this.#onFault(error);
    return snapshot;
  }

  /** Snapshot, then the events behind it; the event loop is free between pages. An unknown event ends it with an error. */
  async recover(steps: RecoverySteps<JournalEvent<T>>): Promise<Recovered> {
    this.checkOpen();
    const onProgress = (done: number, total: number) =>
      this.#options.onProgress?.({ phase: 'recovering', done, total });
    const recovered = await recoverFrom({ ...this.#recoverySource(), decode: this.#decode, onProgress }, steps);
    for (const error of recovered.damagedSnapshots) this.#onFault(error);
    return recovered;
  }

  /** A live follower has read up to `seq`: age and snapshots remove nothing behind that. The cap does. */
  hold(follower: string, seq: number): void {
    this.#retainer.hold(follower, seq);
  }

  /** The follower is gone: nothing waits for it. */
  release(follower: string): void {
    this.#retainer.release(follower);
  }

  /** Removes what retention allows, a few milliseconds at a time. Runs by itself after each proved snapshot. */
  async compact(): Promise<Compacted> {
    this.#checkWritable();
    return await this.#retainer.compact();
  }

  /** Checks everything in a thread of its own. Rejects with `JOURNAL_DAMAGED` at the first fault. */
  async verify(onProgress?: (progress: VerifyProgress) => void): Promise<Verified> {
    this.checkOpen();
    return await verifyInThread(this.#options.path, onProgress);
  }

  /** Flushes everything, marks the end as clean and lets another writer in. Takes the disk's time; does not reject. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.end.moved();
    await this.#keeper.stop();
    await this.#retainer.stop();
    await this.#flusher.idle();
    await this.#writer.close();
    await this.#file.thread.close();
    try {
      if (this.#writer.fault === undefined) markClean(this.#file);
    } catch (error) {
      // What was committed is in the file; the next one to open it takes this for the death of a process.
      this.#onFault(error as Error);
    }
    closeFile(this.#file);
  }

  #run<R>(pending: PendingTransaction<T>, work: (transaction: Transaction<T>) => R): R {
    this.#isInTransaction = true;
    try {
      return pending.collect(work);
    } catch (error) {
      this.#writer.abort();
      throw error;
    } finally {
      this.#isInTransaction = false;
    }
  }

  #failFlush(error: Error): Error {
    const fault = toJournalError(error, this.#options.path, 'a sync failed, so nothing more is taken');
    this.#writer.fail(fault);
    this.#onFault(fault);
    return fault;
  }

  #groundAt(tsNs: bigint): Ground<T> {
    const { newEventId } = this.#file;
    const versionOf = (stream: string) => this.#writer.versionToAppendTo(stream);
    const hasAnswer = (requestId: string) => this.#writer.hasAnswer(requestId);
    return { types: this.#options.types, lastSeq: this.lastSeq, tsNs, newEventId, versionOf, hasAnswer };
  }

  #recoverySource() {
    const { firstSeq, lastSeq } = this;
    return { database: this.#file.database, firstSeq, lastSeq, snapshotSchema: this.#options.snapshot?.schema ?? 1 };
  }

  protected override checkOpen(): void {
    if (this.#closing !== undefined) throw journalError('JOURNAL_CLOSED', this.#options.path, 'it cannot be used');
  }

  #checkWritable(): void {
    this.checkOpen();
    if (this.#writer.fault !== undefined) throw this.#writer.fault;
    if (this.#isInTransaction) throw new JournalError('JOURNAL_MISUSE', 'a transaction inside a transaction');
  }
}
