import { fdatasync } from 'node:fs';

/** When a sync that is not under way yet begins. */
export type FlushBegin = 'after-turn' | 'at-once';

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Brings the WAL to the disk off the event loop. Each sync serves all who were there when it began: it covers their commits,
 * which were written before. What a checkpoint has moved out of the WAL it had synced in the main file first.
 *
 * Who waits is told after two syncs: an ext4 that fails and goes read-only while it syncs may answer once that all is well,
 * with nothing on the disk. By the second time it knows. One that comes while others wait shares their second.
 */
export class Flusher {
  readonly #descriptor: number;
  readonly #onSync: (waiters: number) => void;
  readonly #onFault: (error: Error) => Error;
  #waiting: Waiter[] = [];
  #running: Promise<void> | undefined;
  #fault: Error | undefined;

  /** `onFault` is told of the first failed sync and says what those who wait, then and later, are told. */
  constructor(descriptor: number, onSync: (waiters: number) => void, onFault: (error: Error) => Error) {
    this.#descriptor = descriptor;
    this.#onSync = onSync;
    this.#onFault = onFault;
  }

  /**
   * Resolves when all that had been committed before the call is on the disk. `at-once` is for who has gathered what the
   * turn of the event loop had to commit; else those who commit in the same turn share the first sync.
   */
  flush(begin: FlushBegin = 'after-turn'): Promise<void> {
    if (this.#fault !== undefined) return Promise.reject(this.#fault);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#running ??= this.#run(begin);
    });
  }

  /** Resolves when no sync runs and none is waited for. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  async #run(begin: FlushBegin): Promise<void> {
    if (begin === 'after-turn') await new Promise<void>((resolve) => setImmediate(resolve));
    let syncedOnce: Waiter[] = [];
    while (this.#waiting.length > 0 || syncedOnce.length > 0) {
      const begun = this.#waiting;
      this.#waiting = [];
      const error = await this.#sync();
      // After a failed sync the system may have dropped what it could not write: a second one proves nothing.
      if (error !== null) {
        this.#fault = this.#onFault(error);
        for (const { reject } of [...syncedOnce, ...begun, ...this.#waiting]) reject(this.#fault);
        this.#waiting = [];
        break;
      }
      for (const { resolve } of syncedOnce) resolve();
      if (syncedOnce.length > 0) this.#onSync(syncedOnce.length);
      syncedOnce = begun;
    }
    this.#running = undefined;
  }

  #sync(): Promise<Error | null> {
    return new Promise((resolve) => fdatasync(this.#descriptor, resolve));
  }
}
