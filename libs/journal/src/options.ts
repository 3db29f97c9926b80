import type { EventMap, EventTypes } from './events.ts';
import type { Retention } from './retention.ts';
import type { RandomBytes } from './uuid.ts';

export interface JournalOptions<T extends EventMap> {
  /** `DIR/NAME.sqlite`. The folder must be there; `-wal`, `-shm` and `.lock` come to lie beside it. */
  readonly path: string;
  readonly types: EventTypes<T>;
  /** Unix time in ns. */
  readonly nowNs: () => bigint;
  readonly random: RandomBytes;
  /** Names this start of the machine: `/proc/sys/kernel/random/boot_id` on Linux. */
  readonly bootId: string;
  readonly snapshot?: SnapshotOptions;
  readonly retention?: Retention;
  readonly metrics?: JournalMetrics;
  /** What failed beside the calls: a checkpoint, the proof of a snapshot, a compaction. The journal goes on if it can. */
  readonly onFault?: (error: Error) => void;
  readonly onProgress?: (progress: JournalProgress) => void;
}

/** When a snapshot is due. Whichever comes first; without either only who calls `saveSnapshot` makes any. */
export interface SnapshotOptions {
  readonly everyEvents?: number;
  readonly everyMs?: number;
  /** Of the state's shape, from 1, which is the default. A newer one in the file stops a recovery. */
  readonly schema?: number;
}

/** What takes long at a start. */
export type JournalProgress =
  /** The machine stopped without a clean end of the journal: everything is checked. */
  | { readonly phase: 'checking'; readonly done: number; readonly total: number }
  | { readonly phase: 'generation'; readonly generation: number; readonly lastSeq: number; readonly reason: string }
  | { readonly phase: 'recovering'; readonly done: number; readonly total: number };

/** What a metrics library may be told. Durations in ns. */
export interface JournalMetrics {
  committed(events: number, durationNs: bigint): void;
  /** One sync of the WAL, and how many waited for it. */
  flushed(commits: number): void;
  checkpointed(walBytes: number): void;
  snapshotProved(seq: number): void;
  compacted(events: number): void;
}

export const NO_METRICS: JournalMetrics = {
  committed: () => {},
  flushed: () => {},
  checkpointed: () => {},
  snapshotProved: () => {},
  compacted: () => {},
};
