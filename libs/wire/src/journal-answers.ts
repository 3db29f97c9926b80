import { hash } from 'node:crypto';
import type { AnswerStore } from './answers.ts';

/** A transaction that can keep an answer with whatever else it writes. */
export interface AnswerTransaction {
  answer(requestId: string, reply: Uint8Array): void;
}

/** What is needed of a journal; that of `libs/journal` has it. `C` is the proof of a commit. */
export interface AnswerJournal<T extends AnswerTransaction, C> {
  readonly answers: { get(requestId: string): Uint8Array | undefined };
  transact(work: (transaction: T) => void): C;
}

/** What any journal takes for an id. */
const PLAIN_ID = /^[\x20-\x7e]{1,256}$/;

/** Answers kept in a journal, each in one transaction with what its request did. */
export class JournalAnswers<T extends AnswerTransaction, C> implements AnswerStore {
  readonly #journal: AnswerJournal<T, C>;
  readonly #afterCommit: (committed: C) => void;
  #transaction: T | undefined;

  /** `afterCommit` runs between the commit and the answer: it is for the hints. */
  constructor(journal: AnswerJournal<T, C>, afterCommit: (committed: C) => void) {
    this.#journal = journal;
    this.#afterCommit = afterCommit;
  }

  /** The transaction of the effect that is running: an effect writes through it and begins none of its own. */
  get transaction(): T {
    if (this.#transaction === undefined) throw new Error('there is a transaction only while an effect runs');
    return this.#transaction;
  }

  find(requestId: string): Uint8Array | undefined {
    return this.#journal.answers.get(keyOf(requestId));
  }

  commit(requestId: string, answer: Uint8Array, effect: () => void): void {
    const committed = this.#journal.transact((transaction) => {
      this.#transaction = transaction;
      try {
        effect();
      } finally {
        this.#transaction = undefined;
      }
      transaction.answer(keyOf(requestId), answer);
    });
    this.#afterCommit(committed);
  }
}

/** An asker may name its request as it likes; what is no plain name is kept under its hash. */
function keyOf(requestId: string): string {
  return PLAIN_ID.test(requestId) ? requestId : `sha256:${hash('sha256', requestId)}`;
}
