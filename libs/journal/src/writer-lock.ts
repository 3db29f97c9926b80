import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Database } from './database.ts';
import { JournalError, journalError, toJournalError } from './errors.ts';

/** Beside the journal, for the life of its writer. It holds nothing; only SQLite's lock on it counts. */
export const LOCK_SUFFIX = '.lock';

export interface WriterLock {
  release(): void;
}

/**
 * Makes this the only writer of the journal until `release` or the end of the process, however it ends: the lock is the
 * system's. Throws `JOURNAL_BUSY` if there is another, in this process or elsewhere. Readers are not affected.
 */
export function takeWriterLock(path: string): WriterLock {
  checkAccess(path);
  let database: Database | undefined;
  try {
    database = new Database(`${path}${LOCK_SUFFIX}`);
    database.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    database?.close();
    if (error instanceof JournalError && error.code === 'JOURNAL_BUSY') {
      throw journalError('JOURNAL_BUSY', path, 'it has a writer already', error);
    }
    throw error;
  }
  const held = database;
  return { release: () => held.close() };
}

/**
 * The same for a whole folder of journals, for whoever starts their writers: `JOURNAL_BUSY` if somebody else holds it. The
 * journals' own locks are not touched.
 */
export function lockFolder(folder: string): WriterLock {
  return takeWriterLock(join(folder, 'folder'));
}

/** SQLite opens read-only what it may not write, so ask first. `access` opens nothing: it leaves SQLite's locks alone. */
function checkAccess(path: string): void {
  try {
    accessSync(dirname(path), constants.R_OK | constants.W_OK | constants.X_OK);
    if (!existsSync(path)) return;
    accessSync(path, constants.R_OK | constants.W_OK);
  } catch (error) {
    throw toJournalError(error, path, 'cannot be written');
  }
  if (!statSync(path).isFile()) throw journalError('JOURNAL_FOREIGN', path, 'it is no file');
}
