import { fdatasync } from 'node:fs';

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Brings the WAL to the disk off the event loop. Those who ask while one sync runs share the next: it begins after their
 * commits were written, so it covers them. What a checkpoint has moved out of the WAL it had synced in the main file first.
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

  /** Resolves when all that had been committed before the call is on the disk. */
  flush(): Promise<void> {
    if (this.#fault !== undefined) return Promise.reject(this.#fault);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#running ??= this.#run();
    });
  }

  /** Resolves when no sync runs and none is waited for. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  async #run(): Promise<void> {
    // Those who commit in the same turn of the event loop share the first sync.
    await new Promise<void>((resolve) => setImmediate(resolve));
    while (this.#waiting.length > 0) {
      const waiters = this.#waiting;
      this.#waiting = [];
      const error = await this.#sync();
      // After a failed sync the system may have dropped what it could not write: a second one proves nothing.
      if (error !== null && this.#fault === undefined) this.#fault = this.#onFault(error);
      for (const { resolve, reject } of waiters) this.#fault === undefined ? resolve() : reject(this.#fault);
      this.#onSync(waiters.length);
    }
    this.#running = undefined;
  }

  /**
   * Twice: an ext4 that fails and goes read-only while it syncs may answer once that all is well, with nothing on the disk.
   * By the second time it knows; on a healthy one there is nothing left to write.
   */
  async #sync(): Promise<Error | null> {
    return (await this.#syncOnce()) ?? (await this.#syncOnce());
  }

  #syncOnce(): Promise<Error | null> {
    return new Promise((resolve) => fdatasync(this.#descriptor, resolve));
  }
}
