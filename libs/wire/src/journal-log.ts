import { encodeEnvelope } from './envelope.ts';
import type { LogIdentity, LogRecord, LogSource } from './log.ts';
import { fromJson, type PayloadJson } from './message-json.ts';
import { type Kind, MESSAGES } from './messages.ts';

/** An event of a journal whose type is a kind of message and whose payload is that kind's JSON form (`toJson`). */
export interface LoggedEvent {
  readonly seq: number;
  readonly tsNs: bigint;
  readonly type: string;
  readonly payload: unknown;
  readonly correlationId: string | null;
}

/** What is needed of a journal; that of `libs/journal` has it. */
export interface LogJournal<E extends LoggedEvent = LoggedEvent> {
  readonly identity: LogIdentity;
  readonly firstSeq: number;
  readonly lastSeq: number;
  since(
    seq: number,
    maxBytes: number,
  ): { readonly status: 'EVENTS'; readonly events: readonly E[] } | { readonly status: 'COMPACTED' };
}

export interface JournalLogOptions<E extends LoggedEvent> {
  readonly source: string;
  readonly journal: LogJournal<E>;
  /** The span in which the event was logged, always the same for the same event; null for an event of no order. */
  readonly traceparentOf: (event: E) => string | null;
}

/** A journal as the log that others follow: the numbers, and every event, are the journal's. */
export class JournalLog<E extends LoggedEvent> implements LogSource {
  readonly #options: JournalLogOptions<E>;

  constructor(options: JournalLogOptions<E>) {
    this.#options = options;
  }

  get identity(): LogIdentity {
    return this.#options.journal.identity;
  }

  get firstSeq(): number {
    return this.#options.journal.firstSeq;
  }

  get lastSeq(): number {
    return this.#options.journal.lastSeq;
  }

  /** An event that has been committed, as it goes to followers. Throws for a type that is no kind of message. */
  record(event: E): LogRecord {
    const { source, traceparentOf } = this.#options;
    const { seq, tsNs, type, payload } = event;
    if (!isKind(type)) throw new Error(`event ${seq} is of type ${type}, which is no kind of message`);
    const header = { source, epoch: this.identity.generation, seq, tsNs, traceparent: traceparentOf(event) };
    return { seq, bytes: encodeEnvelope(type, header, fromJson(type, payload as PayloadJson)) };
  }

  since(seq: number, maxBytes: number): readonly LogRecord[] {
    const found = this.#options.journal.since(Math.max(0, seq), maxBytes);
    if (found.status === 'COMPACTED') return [];
    const records: LogRecord[] = [];
    let bytes = 0;
    for (const event of found.events) {
      const record = this.record(event);
      bytes += record.bytes.length;
      // The journal counts characters of JSON: as messages the same events may take more.
      if (records.length > 0 && bytes > maxBytes) break;
      records.push(record);
    }
    return records;
  }
}

function isKind(type: string): type is Kind {
  return Object.hasOwn(MESSAGES, type);
}
