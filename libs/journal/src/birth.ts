import { closeSync, fsyncSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { rowChecksum } from './checksum.ts';
import type { Database } from './database.ts';
import { journalError } from './errors.ts';
import type { JournalIdentity } from './events.ts';
import { APPLICATION_ID, FORMAT, PAGE_BYTES, TABLES } from './schema.ts';

/** The row of table `journal`. */
export interface Birth extends JournalIdentity {
  /** Of the machine that wrote last. */
  readonly bootId: string;
  /** Closed by its writer, everything flushed. */
  readonly clean: boolean;
  readonly createdNs: bigint;
}

/** What kind of file it is. Throws `JOURNAL_FOREIGN`, `JOURNAL_NEWER_SCHEMA`, `JOURNAL_DAMAGED`; changes nothing. */
export function inspectFile(database: Database): 'new' | 'journal' {
  const application = database.number('PRAGMA application_id');
  const { path } = database;
  if (application === APPLICATION_ID) {
    const format = database.number('PRAGMA user_version') ?? 0;
    if (format === FORMAT) return 'journal';
    if (format < 1) throw journalError('JOURNAL_DAMAGED', path, `it has format ${format}`);
    throw journalError('JOURNAL_NEWER_SCHEMA', path, `it has format ${format}, this version knows ${FORMAT}`);
  }
  const tables = database.number('SELECT count(*) FROM sqlite_schema') ?? 0;
  if (application === 0 && tables === 0) return 'new';
  throw journalError('JOURNAL_FOREIGN', path, `it is an SQLite file with application id ${application}`);
}

/** Makes the tables and the first row, and has them on the disk when it returns, the file's name included. */
export function createJournal(database: Database, birth: Birth): void {
  database.exec(`PRAGMA page_size = ${PAGE_BYTES}; PRAGMA journal_mode = WAL`);
  database.transaction(() => {
    database.exec(TABLES);
    database.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${FORMAT}`);
    writeBirth(database, birth);
  });
  database.truncateWal();
  syncFolder(dirname(database.path));
}

export function readBirth(database: Database): Birth {
  const row = database.get('SELECT uuid, generation, boot_id, clean, created_ns, checksum FROM journal WHERE id = 1');
  const [uuid, generation, bootId, clean, createdNs, checksum] = (row ?? []) as readonly (string | number)[];
  const isWhole = row !== undefined && rowChecksum(row.slice(0, 5) as (string | number)[]) === checksum;
  if (!isWhole) throw journalError('JOURNAL_DAMAGED', database.path, 'its own row does not match its checksum');
  return {
    uuid: uuid as string,
    generation: generation as number,
    bootId: bootId as string,
    clean: clean === 1,
    createdNs: BigInt(createdNs as string),
  };
}

export function writeBirth(database: Database, birth: Birth): void {
  const cells = [birth.uuid, birth.generation, birth.bootId, birth.clean ? 1 : 0, String(birth.createdNs)];
  database.run('INSERT OR REPLACE INTO journal VALUES (1, ?, ?, ?, ?, ?, ?)', ...cells, rowChecksum(cells));
}

/** A new file is only as durable as its name in the folder. */
function syncFolder(folder: string): void {
  const descriptor = openSync(folder, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
