import { closeSync, openSync } from 'node:fs';
import { type Birth, createJournal, inspectFile, readBirth, writeBirth } from './birth.ts';
import { Database } from './database.ts';
import { journalError, toJournalError } from './errors.ts';
import { lastSeqOf } from './event-table.ts';
import type { EventMap } from './events.ts';
import { checkNoRowHidden } from './hidden-rows.ts';
import { checkName } from './names.ts';
import type { JournalOptions } from './options.ts';
import { verifyInThread, WriterThread } from './thread.ts';
import { checkEventTypes } from './upcast.ts';
import { uuidV7Source } from './uuid.ts';
import { walHasLostCommits } from './wal-file.ts';
import { takeWriterLock, type WriterLock } from './writer-lock.ts';

/** A file that is ours to write. */
export interface OpenFile {
  readonly database: Database;
  readonly thread: WriterThread;
  readonly lock: WriterLock;
  readonly walDescriptor: number;
  readonly birth: Birth;
  readonly newEventId: (tsNs: bigint) => string;
}

/**
 * Opens or makes a journal's file. When it returns, the file says that it is in use by this start of the machine, on the
 * disk: from then on only `markClean` makes an end of the machine a clean one.
 */
export async function openFile<T extends EventMap>(options: JournalOptions<T>): Promise<OpenFile> {
  const { path } = options;
  checkEventTypes(options.types);
  checkName('boot id', options.bootId);
  const lock = takeWriterLock(path);
  const undo: (() => unknown)[] = [() => lock.release()];
  try {
    const database = new Database(path);
    undo.push(() => database.close());
    const newEventId = uuidV7Source(options.random);
    const isNew = inspectFile(database) === 'new';
    database.configure('FULL');
    if (isNew) createJournal(database, newBirth(options, newEventId));
    const birth = await takeOver(database, options, isNew);
    const walDescriptor = openSync(`${path}-wal`, 'r');
    undo.push(() => closeSync(walDescriptor));
    return { database, thread: new WriterThread(path), lock, walDescriptor, birth, newEventId };
  } catch (error) {
    for (const step of undo.reverse()) step();
    throw toJournalError(error, path, 'cannot be opened');
  }
}

/** Writes that all of it is on the disk, which it is when this returns, in the WAL. Nothing may be written after it. */
export function markClean({ database, birth }: OpenFile): void {
  database.configure('FULL');
  database.transaction(() => writeBirth(database, { ...birth, clean: true }));
}

/** Lets go of everything, the lock last. */
export function closeFile({ database, walDescriptor, lock }: OpenFile): void {
  try {
    database.close();
  } finally {
    closeSync(walDescriptor);
    lock.release();
  }
}

function newBirth<T extends EventMap>({ nowNs, bootId }: JournalOptions<T>, newId: (tsNs: bigint) => string): Birth {
  const createdNs = nowNs();
  return { uuid: newId(createdNs), generation: 1, bootId, clean: true, createdNs };
}

async function takeOver<T extends EventMap>(
  database: Database,
  options: JournalOptions<T>,
  isNew: boolean,
): Promise<Birth> {
  const found = readBirth(database);
  const { path, bootId } = options;
  const isUnclean = !isNew && !found.clean;
  const hasMachineStopped = isUnclean && found.bootId !== bootId;
  if (!hasMachineStopped && walHasLostCommits(`${path}-wal`, database.walState().frames)) {
    throw journalError('JOURNAL_DAMAGED', path, 'its WAL is damaged before its end: commits behind that are lost');
  }
  if (hasMachineStopped) await checkAll(options);
  else checkNoRowHidden(database);
  if (isUnclean) database.cutWal();
  const generation = found.generation + (hasMachineStopped ? 1 : 0);
  const birth = { ...found, generation, bootId, clean: false };
  database.transaction(() => writeBirth(database, birth));
  // A reader may be in the way: then the WAL is cut by a later checkpoint.
  database.truncateWal();
  if (hasMachineStopped) {
    const reason = `the machine stopped without a clean end of ${path}: its last events may be lost`;
    options.onProgress?.({ phase: 'generation', generation, lastSeq: lastSeqOf(database), reason });
  }
  return birth;
}

async function checkAll<T extends EventMap>({ path, onProgress }: JournalOptions<T>): Promise<void> {
  await verifyInThread(path, ({ done, total }) => onProgress?.({ phase: 'checking', done, total }));
}
