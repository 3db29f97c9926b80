import { setTimeout as pause } from 'node:timers/promises';
import { type JournalReader, openJournalReader, type StoredEvent } from '@tickpath/journal';
import type { Bound, EventFilter } from './journal-arguments.ts';
import { rfc3339 } from './journal-arguments.ts';
import type { JournalFile } from './journal-files.ts';
import type { LineOutput } from './line-output.ts';

const FOLLOW_EVERY_MS = 200;
const LAST_NS = 2n ** 63n - 1n;
const FIRST_NS = -(2n ** 63n);

export interface CatOptions {
  readonly filter: EventFilter;
  readonly follow: boolean;
  readonly output: LineOutput;
  /** Told what else is to be known. */
  readonly note: (text: string) => void;
}

/**
 * Writes the events that are wanted as lines of JSON, one journal after the other, each in the order of its numbers. With
 * `follow` goes on with what is appended later, until nobody reads any more.
 */
export async function catJournals(files: readonly JournalFile[], options: CatOptions): Promise<void> {
  const open = files.map((file) => new Tail(file, openJournalReader(file.path), files.length > 1, options));
  try {
    for (const tail of open) if (!(await tail.catch())) return;
    await options.output.end();
    while (options.follow) {
      await pause(FOLLOW_EVERY_MS);
      for (const tail of open) if (!(await tail.catch())) return;
      await options.output.end();
    }
  } finally {
    for (const tail of open) tail.close();
  }
}

/** A journal, and how far it has been written out. */
class Tail {
  readonly #file: JournalFile;
  readonly #reader: JournalReader;
  readonly #isNamed: boolean;
  readonly #options: CatOptions;
  #next: number;

  constructor(file: JournalFile, reader: JournalReader, isNamed: boolean, options: CatOptions) {
    this.#file = file;
    this.#reader = reader;
    this.#isNamed = isNamed;
    this.#options = options;
    const { from } = options.filter;
    const { firstSeq } = reader;
    this.#next = Math.max(seqOf(from) ?? firstSeq, firstSeq);
    if (firstSeq > 1 && (from === undefined || (seqOf(from) ?? firstSeq) < firstSeq)) {
      options.note(`${file.name}: retention has removed the events before ${firstSeq}`);
    }
  }

  /** Writes what there is now. False when nobody reads any more. */
  async catch(): Promise<boolean> {
    const { filter, output } = this.#options;
    const lastSeq = this.#reader.lastSeq;
    for (const event of this.#events(lastSeq)) {
      // The writer may be ahead of `lastSeq` by now.
      this.#next = event.seq + 1;
      if (isPast(event, filter.to)) break;
      if (isWanted(event, filter) && !(await output.line(this.#text(event)))) return false;
    }
    return true;
  }

  close(): void {
    this.#reader.close();
  }

  #events(lastSeq: number): Iterable<StoredEvent> {
    const { from, to } = this.#options.filter;
    if (this.#next > lastSeq) return [];
    // What comes while it is followed is read by number: a search by time begins at the first event.
    const isSearch = !this.#options.follow && (isTime(from) || isTime(to));
    if (!isSearch) return this.#reader.readAll(this.#next);
    return this.#reader.readTime(isTime(from) ? from.tsNs : FIRST_NS, isTime(to) ? to.tsNs + 1n : LAST_NS);
  }

  #text({ tsNs, payload, checksum: _, ...header }: StoredEvent): string {
    const name = this.#isNamed ? { journal: this.#file.name } : {};
    const { seq, stream, version, type, schema, eventId, correlationId, causationId } = header;
    const who = { eventId, correlationId, causationId };
    return JSON.stringify({ ...name, seq, stream, version, time: rfc3339(tsNs), type, schema, ...who, payload });
  }
}

/** Numbers rise, times need not. */
function isPast({ seq }: StoredEvent, to: Bound | undefined): boolean {
  return seq > (seqOf(to) ?? Number.POSITIVE_INFINITY);
}

function isWanted({ stream, type, tsNs, seq }: StoredEvent, { streams, types, from, to }: EventFilter): boolean {
  if (streams.length > 0 && !streams.includes(stream)) return false;
  if (types.length > 0 && !types.includes(type)) return false;
  if (isTime(from) ? tsNs < from.tsNs : seq < (from?.seq ?? 0)) return false;
  return !isTime(to) || tsNs <= to.tsNs;
}

function isTime(bound: Bound | undefined): bound is { readonly tsNs: bigint } {
  return bound !== undefined && 'tsNs' in bound;
}

function seqOf(bound: Bound | undefined): number | undefined {
  return bound !== undefined && 'seq' in bound ? bound.seq : undefined;
}
