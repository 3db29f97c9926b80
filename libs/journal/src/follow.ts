import type { EventRow } from './checksum.ts';

/** Where the end of a journal is, and when it moves. */
export class LogEnd {
  #waiting: (() => void)[] = [];

  /** Lets everyone who waits look again. */
  moved(): void {
    if (this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }

  /** Resolves at the next `moved`, or when the signal is aborted. */
  wait(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        signal?.removeEventListener('abort', wake);
        resolve();
      };
      signal?.addEventListener('abort', wake, { once: true });
      this.#waiting.push(wake);
    });
  }
}

export interface FollowSource<E> {
  readonly end: LogEnd;
  /** Rows from a seq on: none at the end. Throws `COMPACTED` below the first, and when the journal is closed. */
  page(fromSeq: number): readonly EventRow[];
  decode(row: EventRow): E;
}

/**
 * Every event from `fromSeq` on, in order, once: first what is there, then what comes. It reads what it gives from the
 * file, so there is no seam between history and live, and a slow consumer holds nothing in memory but a page. Other work
 * gets a turn after each page.
 */
export async function* followFrom<E>(
  source: FollowSource<E>,
  fromSeq: number,
  signal?: AbortSignal,
): AsyncGenerator<E, void, undefined> {
  let next = fromSeq;
  const isAborted = () => signal?.aborted === true;
  while (!isAborted()) {
    const rows = source.page(next);
    if (rows.length === 0) {
      await source.end.wait(signal);
      continue;
    }
    for (const row of rows) {
      yield source.decode(row);
      if (isAborted()) return;
    }
    next += rows.length;
    await nextTurn();
  }
}

export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
