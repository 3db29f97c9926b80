import { type Committed, type Journal, JournalError, type JournalEvent } from '@tickpath/journal';
import { type DecimalText, decimal } from '@tickpath/trading';
import type { AccountIdentity } from './core/account.ts';
import { accountOf, accountOpened, journaled, orderEventOf, type VenueEvents } from './core/journal-events.ts';
import { createMatching, type MatchingState, type OrderEvent, replay } from './core/matching.ts';

export type VenueJournal = Journal<VenueEvents>;

/** The account and all that became of its orders, as the journal has them. */
export interface Book {
  readonly account: AccountIdentity;
  readonly state: MatchingState;
}

export interface BookSettings {
  /** Makes the ids of this start's executions and events differ from those of every other. */
  readonly idScope: string;
  readonly symbols: ReadonlySet<string> | null;
  /** What a new journal begins with. One that has an account keeps it. */
  readonly newAccount: AccountIdentity;
  readonly initialCashUsd: DecimalText;
  readonly log: { warn(fields: object, message: string): void };
}

const ACCOUNT_STREAM = 'account';

/** The book as it was when the journal was last written, or a new one. */
export async function openBook(journal: VenueJournal, settings: BookSettings): Promise<Book> {
  const { idScope, symbols, newAccount, initialCashUsd, log } = settings;
  if (journal.lastSeq === 0) {
    const opening = accountOpened(newAccount, initialCashUsd);
    // Before the first client: the account it is told of is on the disk.
    await journal.flushed(journal.transact((tx) => tx.append(ACCOUNT_STREAM, [opening], 0)));
  }
  const [opened] = journal.readAll();
  if (opened?.type !== 'AccountOpened') {
    throw new JournalError('JOURNAL_FOREIGN', `the venue's journal begins with ${opened?.type}, not AccountOpened`);
  }
  const { cash } = opened.payload;
  if (!decimal(cash).eq(decimal(initialCashUsd))) {
    const text = `the account was opened with ${cash} USD and keeps that; venue.initialCashUsd ${initialCashUsd} is for a new one`;
    log.warn({ openedWith: cash, configured: initialCashUsd }, text);
  }
  const state = createMatching({ idScope, symbols, initialCashUsd: cash });
  await journal.recover({
    snapshot: ({ seq }) => {
      throw new JournalError(
        'JOURNAL_FOREIGN',
        `the venue's journal has a snapshot at event ${seq}; the venue makes none`,
      );
    },
    event: (event) => {
      if (event.type !== 'AccountOpened') replay(state, orderEventOf(event));
    },
  });
  return { account: accountOf(opened.payload), state };
}

/** Commits the events of one step together: all of them are there after a start, or none. */
export function record(
  journal: Pick<VenueJournal, 'transact'>,
  events: readonly OrderEvent[],
): Committed<readonly OrderEvent[], JournalEvent<VenueEvents>> {
  return journal.transact((tx) => {
    for (const event of events) {
      const { orderId, clOrdId } = event.order;
      tx.append(`order/${orderId}`, [{ ...journaled(event), correlationId: clOrdId }], 'any');
    }
    return events;
  });
}
