import type { Flushed, JournalEvent } from '@tickpath/journal';
import { type BookEntry, type MarketAt, record, type VenueJournal } from './book.ts';
import type { VenueEvents } from './core/orders/journal-events.ts';

export interface BookkeeperOptions {
  /** Where every entry goes before anybody hears of it. */
  readonly journal: Pick<VenueJournal, 'transact' | 'flushed'>;
  /** How far the market has come by the journal, as JSON text. */
  readonly noted: string;
  /** Where a test may have the process die. */
  readonly failpoint: (point: 'before-commit' | 'after-commit' | 'after-flush') => void;
  /** Called with the entries once they survive the loss of power; in order. */
  readonly tell: (entries: readonly BookEntry[]) => void;
  /** Called when the journal did not take entries: the book is ahead of it. */
  readonly onFatal: (error: unknown) => void;
}

/**
 * Brings what happens into the journal, one transaction and one sync for all that happens in one turn of the event loop.
 * Nothing that has been told can be lost: what a turn led to is told when it is on the disk, and all of it is there or none.
 */
export interface Bookkeeper {
  /** Takes the entries of one step, and how far the market had come by then. Throws once the journal has failed. */
  enter(entries: readonly BookEntry[], marketAt: MarketAt | null): void;
  /** Notes how far the market has come, if it has moved since that was last noted. */
  note(marketAt: MarketAt): void;
  /** Takes no more entries: those of a step that broke off would be missing among them. */
  fail(error: unknown): void;
  /** Resolves when all that was entered so far has been told. Rejects if that cannot be. */
  settled(): Promise<void>;
}

/** What one turn of the event loop has led to. */
interface Page {
  readonly entries: BookEntry[];
  marketAt: MarketAt | null;
  readonly flushed: PromiseWithResolvers<Flushed<readonly BookEntry[], JournalEvent<VenueEvents>>>;
}

export function createBookkeeper(options: BookkeeperOptions): Bookkeeper {
  const { journal, failpoint, tell, onFatal } = options;
  let { noted } = options;
  let told: Promise<void> = Promise.resolve();
  let page: Page | null = null;
  let failure: { readonly error: unknown } | null = null;

  const fail = (error: unknown): void => {
    failure ??= { error };
    onFatal(error);
  };

  /** The page that is open. What is told comes in order of the pages; one sync serves all that were committed while the one before it ran. */
  const openPage = (): Page => {
    if (failure !== null) throw failure.error;
    if (page !== null) return page;
    const opened: Page = { entries: [], marketAt: null, flushed: Promise.withResolvers() };
    page = opened;
    told = Promise.all([opened.flushed.promise, told]).then(([{ value }]) => {
      failpoint('after-flush');
      tell(value);
    });
    told.catch(fail);
    setImmediate(closePage, opened);
    return opened;
  };

  const closePage = ({ entries, marketAt, flushed }: Page): void => {
    page = null;
    try {
      failpoint('before-commit');
      const committed = record(journal, entries, moved(marketAt));
      failpoint('after-commit');
      flushed.resolve(journal.flushed(committed, 'at-once'));
    } catch (error) {
      // Before the next step: nothing more may be entered behind what is missing.
      failure ??= { error };
      flushed.reject(error);
    }
  };

  const moved = (marketAt: MarketAt | null): MarketAt | null => {
    if (marketAt === null) return null;
    const text = JSON.stringify(marketAt);
    if (text === noted) return null;
    noted = text;
    return marketAt;
  };

  return {
    enter(entries, marketAt) {
      const open = openPage();
      for (const entry of entries) open.entries.push(entry);
      open.marketAt = marketAt;
    },
    note(marketAt) {
      if (JSON.stringify(marketAt) !== noted) openPage().marketAt = marketAt;
    },
    fail,
    settled: () => told,
  };
}
