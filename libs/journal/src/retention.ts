/** What may go. None of it removes an event that two snapshots do not hold, nor the last event. */
export interface Retention {
  /** Events older than this go, unless a live follower still has to read them. */
  readonly maxAgeMs?: number;
  /** Of the events that two snapshots hold, so many stay; the others go, unless a live follower still has to read them. */
  readonly keepBehindSnapshot?: number;
  /** Bytes in use in the main file. Beyond them the oldest events go, whoever may still have to read them. */
  readonly maxBytes?: number;
  /** Answers older than this are forgotten. A repeat of such a request would be executed again. */
  readonly maxAnswerAgeMs?: number;
}

/** What is known when it is decided. */
export interface RetentionFacts {
  readonly firstSeq: number;
  readonly lastSeq: number;
  /** What two snapshots hold; 0 if there are not two. */
  readonly snapshotSeq: number;
  /** First event that is young enough; undefined: not asked. */
  readonly firstYoungSeq: number | undefined;
  readonly usedBytes: number;
  /** What live followers have read: each needs the events behind its own. */
  readonly held: readonly number[];
}

/** Beyond the cap it goes this much below it, so that not every event makes work. */
const SLACK = 0.9;

/** The first seq to keep: everything before it may go. Never below `firstSeq`. */
export function firstSeqToKeep(retention: Retention, facts: RetentionFacts): number {
  const { firstSeq, lastSeq, snapshotSeq, firstYoungSeq, held } = facts;
  const { keepBehindSnapshot } = retention;
  const byAge = firstYoungSeq ?? firstSeq;
  const bySnapshot = keepBehindSnapshot === undefined ? firstSeq : snapshotSeq + 1 - keepBehindSnapshot;
  const patient = Math.min(Math.max(byAge, bySnapshot), ...held.map((seq) => seq + 1));
  const wanted = Math.max(patient, firstWithinCap(retention.maxBytes, facts));
  const allowed = Math.min(wanted, snapshotSeq + 1, lastSeq);
  return Math.max(allowed, firstSeq);
}

/** True if the cap cannot be kept because no two snapshots hold the events that would have to go. */
export function isCapBlocked(retention: Retention, facts: RetentionFacts): boolean {
  const { firstSeq, lastSeq, snapshotSeq } = facts;
  return firstWithinCap(retention.maxBytes, facts) > Math.max(firstSeq, Math.min(snapshotSeq + 1, lastSeq));
}

/** Takes all bytes for events of one size: wrong at first, and right after it has been asked a few times. */
function firstWithinCap(maxBytes: number | undefined, facts: RetentionFacts): number {
  const { firstSeq, lastSeq, usedBytes } = facts;
  const events = lastSeq - firstSeq + 1;
  if (maxBytes === undefined || usedBytes <= maxBytes || events < 1) return firstSeq;
  const excess = usedBytes - maxBytes * SLACK;
  return firstSeq + Math.min(events, Math.ceil((excess / usedBytes) * events));
}
