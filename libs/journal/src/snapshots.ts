import type { Database } from './database.ts';
import type { SnapshotOptions } from './options.ts';
import { listSnapshots } from './snapshot-table.ts';

export interface SnapshotScheduleOptions extends SnapshotOptions {
  readonly database: Database;
  readonly nowNs: () => bigint;
  readonly lastSeq: () => number;
  readonly onFault: (error: Error) => void;
}

/** Knows when the next snapshot is due, and has it made if somebody said how. */
export class SnapshotSchedule {
  readonly #options: SnapshotScheduleOptions;
  #seq: number;
  #atNs: bigint;
  #make: (() => void) | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isAsked = false;

  constructor(options: SnapshotScheduleOptions) {
    this.#options = options;
    this.#seq = listSnapshots(options.database)[0]?.seq ?? 0;
    this.#atNs = options.nowNs();
  }

  /** True if there are new events, and enough of them or old enough ones. */
  get isDue(): boolean {
    const { everyEvents, everyMs, nowNs, lastSeq } = this.#options;
    const events = lastSeq() - this.#seq;
    if (events <= 0) return false;
    if (everyEvents !== undefined && events >= everyEvents) return true;
    return everyMs !== undefined && nowNs() - this.#atNs >= BigInt(Math.round(everyMs * 1e6));
  }

  /** Calls `make` in a turn of its own whenever one is due. */
  auto(make: () => void): void {
    this.#make = make;
    const { everyMs } = this.#options;
    if (everyMs === undefined) return;
    clearInterval(this.#timer);
    this.#timer = setInterval(() => this.#run(), everyMs).unref();
  }

  committed(): void {
    const { everyEvents, lastSeq } = this.#options;
    if (this.#make === undefined || everyEvents === undefined || this.#isAsked) return;
    if (lastSeq() - this.#seq < everyEvents) return;
    this.#isAsked = true;
    setImmediate(() => this.#run());
  }

  taken(seq: number): void {
    this.#seq = seq;
    this.#atNs = this.#options.nowNs();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#make = undefined;
  }

  #run(): void {
    this.#isAsked = false;
    if (this.#make === undefined || !this.isDue) return;
    try {
      this.#make();
    } catch (error) {
      this.#options.onFault(error as Error);
    }
  }
}
