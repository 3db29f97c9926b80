import { JournalError } from './errors.ts';
import type { StoredEvent } from './events.ts';

/**
 * What a transaction gave, and the proof that it survives the death of any process. Only a journal makes one. What has an
 * effect outside (a reply, a publish, a call) should take a `Committed` or a `Flushed`: then it cannot come too early.
 */
export class Committed<R, E = StoredEvent> {
  /** What the transaction's function returned. */
  readonly value: R;
  /** The events that were appended, in order of seq. */
  readonly events: readonly E[];
  readonly #journal: object;
  readonly #commit: number;

  constructor(journal: object, commit: number, value: R, events: readonly E[]) {
    this.#journal = journal;
    this.#commit = commit;
    this.value = value;
    this.events = events;
  }

  /** Which commit of the journal it was. Throws `JOURNAL_MISUSE` if it was another journal's. */
  static commitOf<R, E>(committed: Committed<R, E>, journal: object): number {
    if (committed.#journal === journal) return committed.#commit;
    throw new JournalError(
      'JOURNAL_MISUSE',
      'it was committed to another journal, or to this one before it was reopened',
    );
  }
}

/** As `Committed`, and the proof that it survives the loss of power as well. */
export class Flushed<R, E = StoredEvent> {
  readonly value: R;
  readonly events: readonly E[];
  // Makes the type nominal: nothing else is a Flushed.
  readonly #committed: Committed<R, E>;

  constructor(committed: Committed<R, E>) {
    this.#committed = committed;
    this.value = committed.value;
    this.events = committed.events;
  }

  get committed(): Committed<R, E> {
    return this.#committed;
  }
}
