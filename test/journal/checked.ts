import assert from 'node:assert/strict';
import { openJournalReader } from '@tickpath/journal';
import type { ExpectedLog } from './expected-log.ts';
import type { Said } from './writer-protocol.ts';

/** What a writer has said of its work before it was killed: the least that must be there. */
export interface Acknowledged {
  readonly lastSeq: number;
  readonly flushedSeq: number;
  readonly firstSeq: number;
}

export const NOTHING_ACKNOWLEDGED: Acknowledged = { lastSeq: 0, flushedSeq: 0, firstSeq: 1 };

export function acknowledgedIn(said: readonly Said[], before = NOTHING_ACKNOWLEDGED): Acknowledged {
  let { lastSeq, flushedSeq, firstSeq } = before;
  for (const line of said) {
    if (line.at === 'committed') lastSeq = Math.max(lastSeq, line.lastSeq);
    if (line.at === 'flushed') flushedSeq = Math.max(flushedSeq, line.lastSeq);
    if (line.at === 'compacted') firstSeq = Math.max(firstSeq, line.firstSeq);
  }
  return { lastSeq, flushedSeq, firstSeq };
}

export interface Found {
  readonly uuid: string;
  readonly generation: number;
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly events: number;
}

/**
 * Reads the journal as another process would, and holds it against what must be in it: everything from its first event to
 * its last is the workload, in order, once; it ends where a transaction ends; nothing before `leastSeq` is missing.
 */
export async function checkedJournal(path: string, expected: ExpectedLog, leastSeq: number): Promise<Found> {
  const reader = openJournalReader(path);
  try {
    const { firstSeq, lastSeq } = reader;
    assert.ok(lastSeq >= leastSeq, `${leastSeq} was acknowledged, ${lastSeq} is the last there is`);
    let seq = firstSeq - 1;
    const ids = new Set<string>();
    for (const event of reader.readAll(firstSeq)) {
      seq += 1;
      const { stream, version, type, payload } = event;
      const found = { seq: event.seq, stream, version, type, payload };
      const planned = expected.event(seq);
      if (JSON.stringify(found) !== JSON.stringify(planned && inOrder(planned))) {
        assert.deepEqual(found, planned, `event ${seq}`);
      }
      ids.add(event.eventId);
    }
    assert.equal(seq, lastSeq, 'the last event read');
    assert.equal(ids.size, lastSeq - firstSeq + 1, 'event ids are unique');
    assert.ok(expected.endingAt(lastSeq) !== undefined, `the journal breaks off within a transaction, at ${lastSeq}`);
    return { ...reader.identity, firstSeq, lastSeq, events: ids.size };
  } finally {
    reader.close();
  }
}

function inOrder({ seq, stream, version, type, payload }: NonNullable<ReturnType<ExpectedLog['event']>>) {
  return { seq, stream, version, type, payload };
}
