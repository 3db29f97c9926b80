import { randomBytes } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openJournal } from '@tickpath/journal';
import { type Book, type BookSettings, openBook, type VenueJournal } from '../src/book.ts';
import { accountIdentity } from '../src/core/account/identity.ts';
import { VENUE_EVENT_TYPES, type VenueEvents } from '../src/core/orders/journal-events.ts';
import { phaseAtFor } from '../src/core/sessions.ts';
import { ASSETS, PLAIN_RULES } from './builders.ts';

export function dataFolder(): string {
  return mkdtempSync(join(tmpdir(), 'tickpath-venue-data-'));
}

/** The journal in a folder and the book that is in it. Who opens it closes it. */
export async function openTestBook(
  dataDir: string,
  settings: Partial<BookSettings> = {},
): Promise<{ readonly journal: VenueJournal; readonly book: Book }> {
  const journal = await openJournal<VenueEvents>({
    path: join(dataDir, 'venue.sqlite'),
    types: VENUE_EVENT_TYPES,
    nowNs: () => BigInt(Date.now()) * 1_000_000n,
    random: randomBytes,
    bootId: 'this boot',
    onFault: (error) => {
      throw error;
    },
  });
  const book = await openBook(journal, {
    idScope: 'run',
    rules: PLAIN_RULES,
    assets: ASSETS,
    phaseAt: phaseAtFor(settings.rules?.hours ?? 'always'),
    newAccount: accountIdentity('run', 1n),
    initialCashUsd: '1000000',
    log: { warn() {} },
    ...settings,
  });
  return { journal, book };
}
