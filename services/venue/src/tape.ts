import type { MarketEvent } from './core/market-event.ts';
import { TapeError } from './tape-error.ts';
import { leanRows, type RowReader, TAPE_HEADER, type TapeCounts, tapeRows } from './tape-formats.ts';
import { openTapeText, type TapeText } from './tape-lines.ts';

/** What has been read of one file so far. */
export interface TapeFileStats extends TapeCounts {
  readonly file: string;
  /** Rows older than the row before them in the same file; they are played where they stand. */
  outOfOrder: number;
}

/** One or several files as one series of events. */
export interface Tape {
  readonly files: readonly TapeFileStats[];
  /** Unix nanoseconds of the first event, `null` for an empty tape. */
  readonly firstNs: bigint | null;
  /**
   * The events in groups, merged by time: at equal times the file given first goes first, and each file keeps its own
   * order. Reads the files at the caller's pace and holds a few groups in memory. Rejects with `TapeError`.
   */
  batches(): AsyncGenerator<MarketEvent[], void, void>;
  /** Closes the files, also in the middle of the tape. */
  close(): Promise<void>;
}

/** A file being read, with the group of events that is next. */
interface Cursor {
  readonly source: AsyncGenerator<MarketEvent[], void, void>;
  group: MarketEvent[];
  index: number;
  /** Where this file stands in the merge: the latest time it has shown, so that a row gone back in time does not jump the queue. */
  atNs: bigint;
}

const BATCH_EVENTS = 1024;

/** Opens every file and reads its beginning, so that a missing or foreign file is found before anything is played. */
export async function openTape(files: readonly string[]): Promise<Tape> {
  const stats: TapeFileStats[] = files.map((file) => ({ file, trades: 0, quotes: 0, suspicious: 0, outOfOrder: 0 }));
  const cursors: Cursor[] = [];
  const close = async () => {
    await Promise.all(cursors.map(({ source }) => source.return()));
  };
  try {
    for (const file of stats) {
      const cursor = { source: eventsOf(file, await openTapeText(file.file)), group: [], index: 0, atNs: 0n };
      cursors.push(cursor);
      await refill(cursor);
    }
  } catch (error) {
    await close();
    throw error;
  }
  const first = earliest(cursors);
  return { files: stats, firstNs: first === null ? null : first.atNs, batches: () => merge(cursors), close };
}

/** Makes the next event of a cursor ready; false at the end of its file. */
async function refill(cursor: Cursor): Promise<boolean> {
  while (cursor.index >= cursor.group.length) {
    const next = await cursor.source.next();
    if (next.done === true) return false;
    cursor.group = next.value;
    cursor.index = 0;
  }
  enter(cursor);
  return true;
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

async function* merge(cursors: readonly Cursor[]): AsyncGenerator<MarketEvent[], void, void> {
  let batch: MarketEvent[] = [];
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

async function* eventsOf(stats: TapeFileStats, text: TapeText): AsyncGenerator<MarketEvent[], void, void> {
  let readRow: RowReader | null = leanRows(text.entryName);
  let line = 0;
  let lastNs = 0n;
  for await (const lines of text.lines) {
    const events: MarketEvent[] = [];
    for (const row of lines) {
      line += 1;
      if (readRow === null) {
        readRow = afterHeader(row, stats.file);
        continue;
      }
      const event = readEvent(readRow, row, { stats, line });
      if (event.tsNs < lastNs) stats.outOfOrder += 1;
      lastNs = event.tsNs;
      events.push(event);
    }
    yield events;
  }
  if (readRow === null) throw new TapeError('TAPE_MALFORMED', { file: stats.file }, 'is empty, expected a header line');
}

function afterHeader(row: string, file: string): RowReader {
  const header = row.replace(/^\uFEFF/, '');
  if (header === TAPE_HEADER) return tapeRows();
  const found = `found ${JSON.stringify(header.slice(0, 120))}, expected the header "${TAPE_HEADER}"`;
  throw new TapeError('TAPE_MALFORMED', { file, line: 1 }, found);
}

function readEvent(readRow: RowReader, row: string, at: { stats: TapeFileStats; line: number }): MarketEvent {
  try {
    return readRow(row, at.stats);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new TapeError('TAPE_MALFORMED', { file: at.stats.file, line: at.line }, error.message, error);
  }
}
