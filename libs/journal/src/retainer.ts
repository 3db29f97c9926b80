import { type Compacted, compact } from './compaction.ts';
import { nextTurn } from './follow.ts';
import type { JournalMetrics } from './options.ts';
import type { Retention } from './retention.ts';
import type { Writer } from './writer.ts';

export interface RetainerOptions {
  readonly retention: Retention;
  readonly nowNs: () => bigint;
  readonly writer: Writer;
  readonly metrics: JournalMetrics;
}

/** Runs compactions, one at a time, and knows for whom they wait. */
export class Retainer {
  readonly #options: RetainerOptions;
  readonly #held = new Map<string, number>();
  #running: Promise<Compacted> | undefined;
  #isStopped = false;

  constructor(options: RetainerOptions) {
    this.#options = options;
  }

  hold(follower: string, seq: number): void {
    this.#held.set(follower, seq);
  }

  release(follower: string): void {
    this.#held.delete(follower);
  }

  /** Joins the one that runs, if any. */
  compact(): Promise<Compacted> {
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  /** Ends a running compaction after its slice. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#running?.catch(() => {});
  }

  async #run(): Promise<Compacted> {
    const { retention, nowNs, writer, metrics } = this.#options;
    const commit = <R>(rows: number, work: () => R) => {
      const result = writer.commit(rows, false, work);
      writer.compacted();
      return result;
    };
    const held = () => [...this.#held.values()];
    const slices = compact({ database: writer.database, retention, nowNs, held, commit });
    for (;;) {
      const slice = slices.next();
      if (slice.done) {
        metrics.compacted(slice.value.events);
        return slice.value;
      }
      if (this.#isStopped) return { events: 0, answers: 0, firstSeq: writer.firstSeq, isCapBlocked: false };
      await nextTurn();
    }
  }
}
