import { randomBytes } from 'node:crypto';
import { openJournal, openJournalReader } from '@tickpath/journal';
import { EVENT_TYPES, FOLLOWER, requestIdOf, type StepEvents } from './journal-types.ts';
import { EMPTY_FOLD, type Fold, folded, type StepPayload } from './workload.ts';
import { BOOT_ID } from './writer-protocol.ts';

/** Everything that a journal tells who asks it, as text that can be compared. */
export interface Told {
  readonly events: readonly string[];
  /** Identity, numbers, positions, and the state that snapshots and events give. */
  readonly state: string;
  /** To each request; empty for none. */
  readonly answers: readonly string[];
}

/** Asks a journal as its service does when it starts. Rejects with what was found wrong. */
export async function askedAsWriter(path: string, transactions: number): Promise<Told> {
  const journal = await openJournal<StepEvents>({
    path,
    types: EVENT_TYPES,
    nowNs: () => BigInt(Date.now()) * 1_000_000n,
    random: randomBytes,
    bootId: BOOT_ID,
  });
  try {
    const snapshot = journal.loadSnapshot();
    const start = (snapshot?.state as { readonly fold: Fold } | undefined)?.fold ?? EMPTY_FOLD;
    let fold = start;
    for (const event of journal.readAll((snapshot?.seq ?? 0) + 1)) fold = folded(fold, event);
    const answers = numbers(transactions).map((number) => textOf(journal.answers.get(requestIdOf(number))));
    const { identity, firstSeq, lastSeq } = journal;
    const state = { identity, firstSeq, lastSeq, fold, position: journal.positionOf(FOLLOWER) };
    return { events: Array.from(journal.readAll(), asText), state: JSON.stringify(state), answers };
  } finally {
    await journal.close();
  }
}

/** Asks a journal as a tool does that only looks. */
export function askedAsReader(path: string, transactions: number): Told {
  const reader = openJournalReader(path);
  try {
    const { identity, firstSeq, lastSeq } = reader;
    const events = Array.from(reader.readAll(), asText);
    const folds = reader.info().snapshots.map(({ id }) => {
      const { seq, state } = reader.snapshot(id);
      let { fold } = state as { readonly fold: Fold };
      for (const { payload } of reader.readAll(seq + 1)) fold = folded(fold, { payload: payload as StepPayload });
      return fold;
    });
    const answers = numbers(transactions).map((number) => textOf(reader.answer(requestIdOf(number))));
    const state = { identity, firstSeq, lastSeq, folds, position: reader.positions().get(FOLLOWER) };
    return { events, state: JSON.stringify(state), answers };
  } finally {
    reader.close();
  }
}

export function asText(event: object): string {
  return JSON.stringify(event, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
}

function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index + 1);
}

function textOf(bytes: Uint8Array | undefined): string {
  return bytes === undefined ? '' : Buffer.from(bytes).toString('base64');
}
