/**
 * A durable log on SQLite: events in streams and in one order (events), written in transactions (transaction, committed),
 * read, followed and recovered from (journal); what may go (retention); what can be wrong (errors); looking into a
 * journal without writing it (reader), and taking it elsewhere (export).
 */
export type { Committed, Flushed } from './committed.ts';
export type { Compacted } from './compaction.ts';
export { ConcurrencyConflict, JournalError, type JournalFault } from './errors.ts';
export type * from './events.ts';
export { exportJournal, readExport, readExportManifest, verifyExport } from './export.ts';
export type { ExportedFile, ExportManifest } from './export-format.ts';
export { type Journal, openJournal } from './journal.ts';
export type { Since } from './journal-reads.ts';
export type { JournalMetrics, JournalOptions, JournalProgress, SnapshotOptions } from './options.ts';
export { type JournalInfo, type JournalReader, openJournalReader } from './reader.ts';
export type { Recovered, RecoverySteps } from './recovery.ts';
export type { Retention } from './retention.ts';
export type { Snapshot, SnapshotEntry } from './snapshot-table.ts';
export type { Transaction } from './transaction.ts';
export type { RandomBytes } from './uuid.ts';
export type { Verified, VerifyProgress } from './verification.ts';
export { LOCK_SUFFIX, lockFolder, type WriterLock } from './writer-lock.ts';
