import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import type { SourceEvent } from '../core/market/event.ts';
import type { InstrumentOf, ReaderSetup, RowCounts, RowReader } from './row-reader.ts';
import { TapeError } from './tape-error.ts';
import { formatOf, type TapeFormat } from './tape-format.ts';
import { openTapeText, type TapeText } from './tape-text.ts';

/** What has been read of one file so far. */
export interface TapeFileStats extends RowCounts {
  readonly file: string;
  trades: number;
  quotes: number;
  /** Books and changes of them. */
  books: number;
  statuses: number;
  /** Rows older than the row before them in the same file; they are played where they stand. */
  outOfOrder: number;
}

/** One or several files as one series of events. */
export interface Tape {
  readonly files: readonly TapeFileStats[];
  /** The same for the same tape: a hash of the base names of its files, their sizes and the time of the first event. */
  readonly sourceId: string;
  /** Unix nanoseconds of the first event, `null` for an empty tape. */
  readonly firstNs: bigint | null;
  /**
   * The events in groups, merged by time: at equal times the file given first goes first, and each file keeps its own
   * order. Reads the files at the caller's pace and holds a few groups in memory. Rejects with `TapeError`.
   */
  batches(): AsyncGenerator<SourceEvent[], void, void>;
  /** Closes the files, also in the middle of the tape. */
  close(): Promise<void>;
}

/** A file being read, with the group of events that is next. */
interface Cursor {
  readonly source: AsyncGenerator<SourceEvent[], void, void>;
  group: SourceEvent[];
  index: number;
  /** Where this file stands in the merge: the latest time it has shown, so that a row gone back in time does not jump the queue. */
  atNs: bigint;
}

const BATCH_EVENTS = 1024;

/** Opens every file and reads its beginning, so that a missing or foreign file is found before anything is played. */
export async function openTape(
  files: readonly string[],
  { instrumentOf }: { readonly instrumentOf: InstrumentOf },
): Promise<Tape> {
  const stats = files.map(statsOf);
  const cursors: Cursor[] = [];
  const close = async () => {
    await Promise.all(cursors.map(({ source }) => source.return()));
  };
  try {
    for (const file of stats) {
      const source = eventsOf(file, await openTapeText(file.file), instrumentOf);
      const cursor: Cursor = { source, group: [], index: 0, atNs: 0n };
      cursors.push(cursor);
      await refill(cursor);
    }
    const firstNs = earliest(cursors)?.atNs ?? null;
    return { files: stats, sourceId: await sourceIdOf(files, firstNs), firstNs, batches: () => merge(cursors), close };
  } catch (error) {
    await close();
    throw error;
  }
}

function statsOf(file: string): TapeFileStats {
  return { file, trades: 0, quotes: 0, books: 0, statuses: 0, suspicious: 0, outOfOrder: 0 };
}

async function sourceIdOf(files: readonly string[], firstNs: bigint | null): Promise<string> {
  const hash = createHash('sha256');
  for (const file of files) hash.update(`${basename(file)}\n${(await stat(file)).size}\n`);
  return `tape-${hash.update(String(firstNs)).digest('hex').slice(0, 16)}`;
}

/** Makes the next event of a cursor ready, if its file has one. */
async function refill(cursor: Cursor): Promise<void> {
  while (cursor.index >= cursor.group.length) {
    const next = await cursor.source.next();
    if (next.done === true) return;
    cursor.group = next.value;
    cursor.index = 0;
  }
  enter(cursor);
}

function enter(cursor: Cursor): void {
  const event = cursor.group[cursor.index];
  if (event !== undefined && event.tsNs > cursor.atNs) cursor.atNs = event.tsNs;
}

function earliest(cursors: readonly Cursor[]): Cursor | null {
  let first: Cursor | null = null;
  for (const cursor of cursors) {
    if (cursor.index < cursor.group.length && (first === null || cursor.atNs < first.atNs)) first = cursor;
  }
  return first;
}

async function* merge(cursors: readonly Cursor[]): AsyncGenerator<SourceEvent[], void, void> {
  let batch: SourceEvent[] = [];
  for (;;) {
    const cursor = earliest(cursors);
    if (cursor === null) break;
    const event = cursor.group[cursor.index];
    if (event !== undefined) batch.push(event);
    cursor.index += 1;
    if (cursor.index < cursor.group.length) enter(cursor);
    if (batch.length >= BATCH_EVENTS) {
      yield batch;
      batch = [];
    }
    if (cursor.index >= cursor.group.length) await refill(cursor);
  }
  if (batch.length > 0) yield batch;
}

async function* eventsOf(
  stats: TapeFileStats,
  text: TapeText,
  instrumentOf: InstrumentOf,
): AsyncGenerator<SourceEvent[], void, void> {
  const { file } = stats;
  let read: RowReader | null = null;
  let line = 0;
  let lastNs = 0n;
  for await (const lines of text.lines) {
    const events: SourceEvent[] = [];
    for (const row of lines) {
      line += 1;
      if (read === null) {
        const format = formatAt(file, row, { entryName: text.entryName, setup: { instrumentOf, counts: stats } });
        read = format.read;
        if (format.hasHeader) continue;
      }
      try {
        read(row, events);
      } catch (error) {
        throw located(error, { file, line });
      }
    }
    for (const event of events) {
      count(stats, event);
      if (event.tsNs < lastNs) stats.outOfOrder += 1;
      lastNs = event.tsNs;
    }
    yield events;
  }
  if (read === null) throw new TapeError('TAPE_MALFORMED', { file }, 'is empty, expected a header line');
}

/** Says in which file and line a row is at fault. */
function located(error: unknown, where: { file: string; line: number }): unknown {
  return error instanceof RangeError ? new TapeError('TAPE_MALFORMED', where, error.message, error) : error;
}

function formatAt(file: string, row: string, at: { entryName: string; setup: ReaderSetup }): TapeFormat {
  try {
    return formatOf(row, at.entryName, at.setup);
  } catch (error) {
    throw located(error, { file, line: 1 });
  }
}

function count(stats: TapeFileStats, { kind }: SourceEvent): void {
  if (kind === 'trade') stats.trades += 1;
  else if (kind === 'quote') stats.quotes += 1;
  else if (kind === 'book') stats.books += 1;
  else if (kind === 'status') stats.statuses += 1;
}
