export type JournalFault =
  /** Another process writes this journal, or holds SQLite's write lock. */
  | 'JOURNAL_BUSY'
  /** The file is no journal of ours. */
  | 'JOURNAL_FOREIGN'
  /** The file does not say what was written into it. */
  | 'JOURNAL_DAMAGED'
  /** An event of a type that this version does not know. */
  | 'JOURNAL_UNKNOWN_TYPE'
  /** An event, a snapshot or the file's format is newer than this version. */
  | 'JOURNAL_NEWER_SCHEMA'
  | 'JOURNAL_DISK_FULL'
  | 'JOURNAL_READ_ONLY'
  | 'JOURNAL_NO_PERMISSION'
  /** There is no file, or no folder to make one in. */
  | 'JOURNAL_MISSING'
  | 'JOURNAL_CLOSED'
  /** The system failed in a way that leaves open what is on the disk; only a reopened journal knows. */
  | 'JOURNAL_FAILED'
  /** A fault of the program that calls: nothing was written. */
  | 'JOURNAL_MISUSE'
  /** Retention has removed what was asked for: fetch the owner's state instead. */
  | 'COMPACTED';

/** What stays as it is until a person has done something: opening the journal again finds the same. */
const LASTING: ReadonlySet<JournalFault> = new Set([
  'JOURNAL_FOREIGN',
  'JOURNAL_DAMAGED',
  'JOURNAL_UNKNOWN_TYPE',
  'JOURNAL_NEWER_SCHEMA',
  'JOURNAL_READ_ONLY',
  'JOURNAL_NO_PERMISSION',
]);

/** An operational fault of a journal. `code` is stable; the message names the file and says what to do. */
export class JournalError extends Error {
  readonly code: JournalFault;
  /** Whether a service that ends with it should be left ended: starting it again cannot help. */
  readonly unrecoverable: boolean;

  constructor(code: JournalFault, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'JournalError';
    this.code = code;
    this.unrecoverable = LASTING.has(code);
  }
}

/** Somebody else has appended to the stream since the caller looked. Nothing of the append was kept. */
export class ConcurrencyConflict extends Error {
  readonly code = 'CONCURRENCY_CONFLICT';
  readonly stream: string;
  readonly expectedVersion: number;
  readonly actualVersion: number;

  constructor(stream: string, expectedVersion: number, actualVersion: number) {
    super(`stream ${stream} is at version ${actualVersion}, expected ${expectedVersion}`);
    this.name = 'ConcurrencyConflict';
    this.stream = stream;
    this.expectedVersion = expectedVersion;
    this.actualVersion = actualVersion;
  }
}

const PRIMARY_CODES: ReadonlyMap<number, JournalFault> = new Map([
  [3, 'JOURNAL_NO_PERMISSION'],
  [5, 'JOURNAL_BUSY'],
  [6, 'JOURNAL_BUSY'],
  [8, 'JOURNAL_READ_ONLY'],
  [11, 'JOURNAL_DAMAGED'],
  [13, 'JOURNAL_DISK_FULL'],
  [19, 'JOURNAL_DAMAGED'],
  [23, 'JOURNAL_NO_PERMISSION'],
  [26, 'JOURNAL_FOREIGN'],
]);

const ADVICE: Readonly<Record<JournalFault, string>> = {
  JOURNAL_BUSY: 'another process writes it: end that one, or wait until it has ended',
  JOURNAL_FOREIGN: 'it is no journal of Tickpath: name another path, or move the file away',
  JOURNAL_DAMAGED:
    'keep a copy, see `tickpath journal verify`, and restore it from a backup or rebuild it from its sources',
  JOURNAL_UNKNOWN_TYPE: 'start the version that wrote it, or one that knows the type',
  JOURNAL_NEWER_SCHEMA: 'start the version that wrote it, or a newer one',
  JOURNAL_DISK_FULL: 'free some space; nothing of this was kept, and what was acknowledged before is safe',
  JOURNAL_READ_ONLY: 'the file system or the file is read-only: see the system log, remount it writable',
  JOURNAL_NO_PERMISSION: 'give the user of this process the right to read and write the file and its folder',
  JOURNAL_MISSING: 'check the path',
  JOURNAL_CLOSED: 'it is closed: open it again',
  JOURNAL_FAILED: 'see the system log for the disk; restart the service, which reads again what is there',
  JOURNAL_MISUSE: 'mend the program',
  COMPACTED: "fetch the owner's state",
};

/** An error that names the file, what was found, and what to do. */
export function journalError(code: JournalFault, path: string, found: string, cause?: unknown): JournalError {
  return new JournalError(code, `${path}: ${found}; ${ADVICE[code]}`, cause);
}

/** What an error of node:sqlite or of the file system means. Errors that are ours already pass through. */
export function toJournalError(error: unknown, path: string, doing: string): Error {
  if (error instanceof JournalError || error instanceof ConcurrencyConflict) return error;
  const { errcode, code, message } = error as { errcode?: number; code?: string; message?: string };
  const fault = faultOf(errcode, code);
  const detail = errcode === undefined ? (code ?? '') : `SQLite ${errcode}`;
  return journalError(
    fault,
    path,
    `${doing}: ${message ?? String(error)}${detail === '' ? '' : ` (${detail})`}`,
    error,
  );
}

function faultOf(errcode: number | undefined, code: string | undefined): JournalFault {
  // The low byte is the primary code; the extended ones refine it.
  if (errcode !== undefined) return PRIMARY_CODES.get(errcode & 0xff) ?? 'JOURNAL_FAILED';
  // node:sqlite refuses to read an integer that a number cannot hold: no column of ours has one.
  if (code === 'ERR_OUT_OF_RANGE') return 'JOURNAL_DAMAGED';
  return SYSTEM_CODES.get(code ?? '') ?? 'JOURNAL_FAILED';
}

const SYSTEM_CODES: ReadonlyMap<string, JournalFault> = new Map([
  ['EROFS', 'JOURNAL_READ_ONLY'],
  ['EACCES', 'JOURNAL_NO_PERMISSION'],
  ['EPERM', 'JOURNAL_NO_PERMISSION'],
  ['ENOSPC', 'JOURNAL_DISK_FULL'],
  ['EDQUOT', 'JOURNAL_DISK_FULL'],
  ['ENOENT', 'JOURNAL_MISSING'],
  ['ENOTDIR', 'JOURNAL_MISSING'],
]);
