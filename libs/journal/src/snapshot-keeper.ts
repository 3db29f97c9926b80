import { dropOldSnapshots } from './compaction.ts';
import type { Database } from './database.ts';
import type { JournalMetrics, SnapshotOptions } from './options.ts';
import type { Retainer } from './retainer.ts';
import { deleteSnapshot } from './snapshot-table.ts';
import { SnapshotSchedule } from './snapshots.ts';
import type { WriterThread } from './thread.ts';
import type { Writer } from './writer.ts';

export interface SnapshotKeeperOptions {
  readonly schedule: SnapshotOptions | undefined;
  readonly nowNs: () => bigint;
  readonly writer: Writer;
  readonly thread: WriterThread;
  /** Undefined: nothing is ever removed. */
  readonly retainer: Retainer | undefined;
  readonly metrics: JournalMetrics;
  readonly onFault: (error: Error) => void;
}

/** Has each new snapshot read back, and only then lets go of what it makes superfluous. */
export class SnapshotKeeper {
  readonly schedule: SnapshotSchedule;
  readonly #options: SnapshotKeeperOptions;
  readonly #database: Database;
  #proofs: Promise<void> = Promise.resolve();
  #isStopped = false;

  constructor(options: SnapshotKeeperOptions) {
    const { schedule, nowNs, onFault, writer } = options;
    this.#options = options;
    this.#database = writer.database;
    const lastSeq = () => writer.lastSeq;
    this.schedule = new SnapshotSchedule({ ...schedule, database: writer.database, nowNs, onFault, lastSeq });
  }

  /** To be called when a snapshot has been committed. */
  taken(snapshotId: number): void {
    const seq = this.#options.writer.lastSeq;
    this.schedule.taken(seq);
    const proof = this.#proofs.catch(() => {}).then(() => this.#prove(snapshotId, seq));
    proof.catch(this.#options.onFault);
    this.#proofs = proof;
  }

  /** Settles with the proof of the snapshot taken last, and with the retention that follows from it. */
  get proved(): Promise<void> {
    return this.#proofs;
  }

  /** Begins nothing more, and waits for what has begun. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.schedule.stop();
    await this.#options.retainer?.stop();
    await this.#proofs.catch(() => {});
  }

  async #prove(snapshotId: number, seq: number): Promise<void> {
    const { thread, writer, metrics } = this.#options;
    try {
      await thread.ask({ type: 'prove', snapshotId });
    } catch (error) {
      if (writer.fault === undefined) writer.commit(1, true, () => deleteSnapshot(this.#database, snapshotId));
      throw error;
    }
    writer.commit(1, false, () => dropOldSnapshots(this.#database));
    metrics.snapshotProved(seq);
    if (!this.#isStopped) await this.#retain();
  }

  async #retain(): Promise<void> {
    const { retainer, onFault } = this.#options;
    const { isCapBlocked = false } = (await retainer?.compact()) ?? {};
    if (isCapBlocked)
      onFault(new Error(`${this.#database.path}: more than its cap, and no two snapshots hold the rest`));
  }
}
