import { JournalError, openJournalReader } from '@tickpath/journal';
import { type JournalFile, sizeOnDisk } from './journal-files.ts';
import { tableLines } from './text-table.ts';

/** A line of `tickpath journal ls`. */
export type JournalEntry =
  | {
      readonly name: string;
      readonly uuid: string;
      readonly generation: number;
      readonly firstSeq: number;
      readonly lastSeq: number;
      readonly streams: number;
      readonly snapshots: number;
      readonly sizeBytes: number;
      /** Ended by its writer; else it has one now, or one that was killed. */
      readonly closed: boolean;
    }
  /** It is none, or cannot be read. */
  | { readonly name: string; readonly code: string; readonly message: string };

export function entryOf({ name, path }: JournalFile): JournalEntry {
  try {
    const reader = openJournalReader(path);
    try {
      const { uuid, generation, firstSeq, lastSeq, snapshots, clean } = reader.info();
      const streams = reader.countStreams();
      const numbers = { firstSeq, lastSeq, streams, snapshots: snapshots.length, sizeBytes: sizeOnDisk(path) };
      return { name, uuid, generation, ...numbers, closed: clean };
    } finally {
      reader.close();
    }
  } catch (error) {
    if (error instanceof JournalError) return { name, code: error.code, message: error.message };
    throw error;
  }
}

export function entryTable(entries: readonly JournalEntry[]): string[] {
  const right = (title: string) => ({ title, align: 'right' as const });
  const left = (title: string) => ({ title, align: 'left' as const });
  const columns = [
    ...[left('journal'), left('uuid'), right('generation'), right('first'), right('last'), right('streams')],
    ...[right('snapshots'), right('bytes'), left('state')],
  ];
  const rows = entries.map((entry) => {
    if ('code' in entry) return [entry.name, '', '', '', '', '', '', '', entry.code];
    const { name, uuid, generation, firstSeq, lastSeq, streams, snapshots, sizeBytes, closed } = entry;
    const numbers = [generation, firstSeq, lastSeq, streams, snapshots, sizeBytes].map(String);
    return [name, uuid, ...numbers, closed ? 'closed' : 'open or killed'];
  });
  return tableLines(columns, rows);
}
