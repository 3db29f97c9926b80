import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

/** Slots of equal length from a start, in ns of `process.hrtime`. */
export interface Schedule {
  readonly startNs: bigint;
  readonly slotNs: bigint;
  readonly slots: number;
}

/**
 * Calls on schedule, to some tens of microseconds and without burning a core: a thread sleeps in `Atomics.wait`, which
 * has the kernel's resolution where a timer has a millisecond, and tells this thread by a message. A call that comes
 * late moves no later one.
 */
export class Pacer {
  readonly #thread = new Worker(new URL('./pacer-thread.ts', import.meta.url));

  async open(): Promise<void> {
    await once(this.#thread, 'online');
  }

  /** Calls `onSlot` for every slot, in order; resolves after the last. */
  run(schedule: Schedule, onSlot: (slot: number) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      const take = (slot: number) => {
        try {
          onSlot(slot);
        } catch (error) {
          this.#thread.off('message', take);
          return reject(error);
        }
        if (slot < schedule.slots - 1) return;
        this.#thread.off('message', take);
        resolve();
      };
      this.#thread.on('message', take);
      this.#thread.postMessage(schedule);
    });
  }

  async close(): Promise<void> {
    await this.#thread.terminate();
  }
}
