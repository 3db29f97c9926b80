import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Tape } from '../tape/tape.ts';

/** How much there is on a tape. */
export interface TapeLength {
  readonly events: number;
  /** The latest time on it. */
  readonly lastNs: bigint;
}

/** Reads a tape to its end, leaving the event loop to others in between, and closes it. Rejects with `TapeError`. */
export async function lengthOf(tape: Tape): Promise<TapeLength> {
  let events = 0;
  let lastNs = tape.firstNs ?? 0n;
  try {
    for await (const batch of tape.batches()) {
      events += batch.length;
      for (const { tsNs } of batch) if (tsNs > lastNs) lastNs = tsNs;
      await nextTurn();
    }
  } finally {
    await tape.close();
  }
  return { events, lastNs };
}
