import { closeSync, openSync, rmSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { JournalError, journalError, toJournalError } from './errors.ts';

/** SQLite says "I/O error" for much that the system can tell apart: asks it why a write may have failed. */
export function refineFault(error: unknown, path: string): Error {
  const fault = toJournalError(error, path, 'cannot be written');
  if (!(fault instanceof JournalError) || fault.code !== 'JOURNAL_FAILED') return fault;
  try {
    probeFolder(path);
    if (statfsSync(dirname(path)).bavail === 0) {
      return journalError('JOURNAL_DISK_FULL', path, `a write failed, no block is free: ${fault.message}`, error);
    }
  } catch (denied) {
    return toJournalError(denied, path, `a write failed: ${fault.message}`);
  }
  return fault;
}

/** Makes a file and removes it: a file system that went read-only after an error says so to nothing less. */
function probeFolder(path: string): void {
  const probe = `${path}.probe`;
  closeSync(openSync(probe, 'w'));
  rmSync(probe);
}

/** True if the error left everything as it was before, so that work may go on. */
export function leavesJournalWhole(error: unknown): boolean {
  return error instanceof JournalError && (error.code === 'JOURNAL_DISK_FULL' || error.code === 'JOURNAL_BUSY');
}
