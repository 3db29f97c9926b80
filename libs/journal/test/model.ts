import type { FollowerPosition } from '../src/index.ts';

export interface ModelEvent {
  readonly seq: number;
  readonly stream: string;
  readonly version: number;
  readonly tsNs: bigint;
  readonly payload: unknown;
}

/** A journal as plainly as it can be said: everything in lists, nothing ever forgotten, a mark for what retention took. */
export class ModelJournal {
  events: ModelEvent[] = [];
  firstSeq = 1;
  readonly answers = new Map<string, string>();
  readonly positions = new Map<string, FollowerPosition>();
  snapshots: { readonly seq: number; readonly state: unknown }[] = [];

  get lastSeq(): number {
    return this.events.length;
  }

  versionOf(stream: string): number {
    return this.events.filter((event) => event.stream === stream).length;
  }

  append(stream: string, payload: unknown, tsNs: bigint): void {
    this.events.push({ seq: this.lastSeq + 1, stream, version: this.versionOf(stream) + 1, tsNs, payload });
  }

  kept(): ModelEvent[] {
    return this.events.filter(({ seq }) => seq >= this.firstSeq);
  }

  snapshot(state: unknown): void {
    this.snapshots = [...this.snapshots, { seq: this.lastSeq, state }].slice(-2);
  }

  /** Age and distance from the older of two snapshots, as far as holds allow. */
  compact(youngNs: bigint, keepBehindSnapshot: number | undefined, held: readonly number[]): void {
    const snapshotSeq = this.snapshots.length < 2 ? 0 : (this.snapshots[0]?.seq ?? 0);
    const young = this.kept().find(({ tsNs }) => tsNs >= youngNs)?.seq ?? this.lastSeq + 1;
    const behind = keepBehindSnapshot === undefined ? 0 : snapshotSeq + 1 - keepBehindSnapshot;
    const wanted = Math.min(Math.max(young, behind), ...held.map((seq) => seq + 1));
    this.firstSeq = Math.max(this.firstSeq, Math.min(wanted, snapshotSeq + 1, this.lastSeq));
  }
}
