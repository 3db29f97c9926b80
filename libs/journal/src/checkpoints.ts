import { fstatSync } from 'node:fs';
import { Database } from './database.ts';
import type { WriterThread } from './thread.ts';

export interface CheckpointOptions {
  readonly database: Database;
  readonly thread: WriterThread;
  /** Of the WAL, open for the life of the journal. */
  readonly walDescriptor: number;
  readonly onCheckpoint: (walBytes: number) => void;
  readonly onFault: (error: Error) => void;
}

/** From this size on the WAL is copied into the main file. */
const SOFT_BYTES = 4 * 1024 * 1024;
/**
 * If commits never pause for as long as a checkpoint takes, what is left of it is copied and synced on the event loop:
 * little at first, more as the WAL grows, since a WAL of any size would take longer still one day.
 */
const FORCED: readonly { readonly fromBytes: number; readonly restFrames: number }[] = [
  { fromBytes: 64 * 1024 * 1024, restFrames: Number.POSITIVE_INFINITY },
  { fromBytes: 16 * 1024 * 1024, restFrames: 2048 },
  { fromBytes: 8 * 1024 * 1024, restFrames: 512 },
];
/** Rows between two looks at the WAL's size. */
const LOOK_ROWS = 64;

/**
 * Empties the WAL without a commit ever waiting for the disk. The thread copies it into the main file and syncs both; when
 * it has all of it and nothing was committed meanwhile, the WAL is cut to nothing here, which waits for no disk.
 *
 * While it is at work a reader of ours stays at the WAL's end of before (the pin). It keeps SQLite from beginning the WAL
 * anew in place by itself: that is safe only with a sync of the WAL's header on this thread, which `synchronous = OFF`
 * leaves out. Wherever there is no pin and the WAL is not empty, the connection is at `NORMAL`.
 */
export class Checkpoints {
  readonly #options: CheckpointOptions;
  readonly #pin: Database;
  #isPinned = false;
  #isRunning = false;
  #mustPin = false;
  #rows = 0;
  #askAtBytes = SOFT_BYTES;
  #idle: Promise<void> = Promise.resolve();

  constructor(options: CheckpointOptions) {
    this.#options = options;
    this.#pin = new Database(options.database.path, { readOnly: true });
    // A reader of another process kept the WAL from being emptied at the start.
    this.#mustPin = options.database.walState().frames > 0;
    options.database.exec(`PRAGMA synchronous = ${this.#mustPin ? 'NORMAL' : 'OFF'}`);
  }

  /** To be called after each commit. */
  committed(rows: number): void {
    if (this.#mustPin) this.#setPin();
    this.#rows += rows + 2;
    if (this.#rows < LOOK_ROWS) return;
    this.#rows = 0;
    if (this.#isRunning || this.#walBytes() < this.#askAtBytes) return;
    this.#isRunning = true;
    this.#idle = this.#run();
  }

  /** Waits for the thread, then lets go of the WAL. */
  async close(): Promise<void> {
    await this.#idle;
    this.#releasePin();
    this.#pin.close();
  }

  async #run(): Promise<void> {
    const { thread, onFault, onCheckpoint } = this.#options;
    try {
      do {
        this.#setPin();
        await thread.ask({ type: 'checkpoint' });
      } while (this.#cut() === 'again');
      onCheckpoint(this.#walBytes());
    } catch (error) {
      this.#askAtBytes = this.#walBytes() + SOFT_BYTES;
      onFault(error as Error);
    } finally {
      this.#isRunning = false;
    }
  }

  #cut(): 'done' | 'later' | 'again' {
    const { database } = this.#options;
    const { frames, copied } = database.walState();
    const rest = frames - copied;
    const walBytes = this.#walBytes();
    const allowedRest = FORCED.find(({ fromBytes }) => walBytes >= fromBytes)?.restFrames ?? 0;
    if (rest > allowedRest) {
      // Below the size from which it is pressing, the next pause will do.
      this.#askAtBytes = walBytes + SOFT_BYTES / 16;
      return allowedRest > 0 ? 'again' : 'later';
    }
    this.#releasePin();
    database.exec('PRAGMA synchronous = NORMAL');
    if (database.truncateWal()) {
      database.exec('PRAGMA synchronous = OFF');
      this.#askAtBytes = SOFT_BYTES;
      return 'done';
    }
    // A reader of another process is in the way.
    this.#mustPin = true;
    this.#askAtBytes = walBytes + SOFT_BYTES / 4;
    return 'later';
  }

  #setPin(): void {
    this.#releasePin();
    this.#pin.exec('BEGIN');
    this.#pin.get('SELECT 1 FROM journal');
    this.#isPinned = true;
    if (!this.#mustPin) return;
    this.#mustPin = false;
    this.#options.database.exec('PRAGMA synchronous = OFF');
  }

  #releasePin(): void {
    if (this.#isPinned) this.#pin.exec('COMMIT');
    this.#isPinned = false;
  }

  #walBytes(): number {
    return fstatSync(this.#options.walDescriptor).size;
  }
}
