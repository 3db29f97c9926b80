import { randomBytes } from 'node:crypto';
import { type Committed, type JournalEvent, openJournal } from '@tickpath/journal';
import { type BenchLog, type BenchPayload, type BenchState, streamOf } from './log.ts';

type BenchEvents = { readonly OrderApproved: BenchPayload };

const NS_PER_MS = 1e6;
/** Enough that nothing is removed: the events are counted at the end. */
const RETENTION = { keepBehindSnapshot: 1_000_000_000 };

/** libs/journal as a service uses it: its own checkpoints, versions checked, ids, times and checksums. */
export async function openJournalLog(path: string): Promise<BenchLog> {
  // As the services do: anchored once, and monotonic after that.
  const anchorNs = BigInt(Math.round(performance.timeOrigin * NS_PER_MS));
  const journal = await openJournal<BenchEvents>({
    path,
    types: { OrderApproved: { schema: 1 } },
    nowNs: () => anchorNs + BigInt(Math.round(performance.now() * NS_PER_MS)),
    random: randomBytes,
    bootId: 'bench',
    retention: RETENTION,
    onFault: (error) => console.error(error),
  });
  let transactions = 0;
  let last: Committed<void, JournalEvent<BenchEvents>> | undefined;
  return {
    get lastSeq() {
      return journal.lastSeq;
    },
    commit(payloads) {
      const stream = streamOf(transactions++);
      last = journal.transact((tx) => {
        const events = payloads.map((payload) => ({ type: 'OrderApproved' as const, payload }));
        tx.append(stream, events, tx.versionOf(stream));
      });
    },
    async flush() {
      if (last !== undefined) await journal.flushed(last);
    },
    read(afterSeq, visit) {
      let count = 0;
      for (const { payload } of journal.readAll(afterSeq + 1)) {
        visit(payload);
        count += 1;
      }
      return count;
    },
    saveSnapshot: (state) => journal.saveSnapshot(state),
    loadSnapshot() {
      const snapshot = journal.loadSnapshot();
      return snapshot && { seq: snapshot.seq, state: snapshot.state as BenchState };
    },
    // It checkpoints by itself, while it works; that is part of what is measured.
    settle: () => {},
    close: () => journal.close(),
  };
}
