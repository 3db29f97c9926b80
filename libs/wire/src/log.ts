import { encodeEnvelope } from './envelope.ts';
import type { Kind, Payload } from './messages.ts';

/** What names a log: the journal's UUID, made with it, and its generation, raised when a tail may have been lost. */
export interface LogIdentity {
  readonly uuid: string;
  readonly generation: number;
}

/** How far a follower has come in a log. Kept in one transaction with what the events did. */
export interface LogPosition extends LogIdentity {
  readonly seq: number;
}

export interface LogRecord {
  readonly seq: number;
  /** The event as an encoded envelope whose `epoch` is the generation and whose `seq` is the log's. */
  readonly bytes: Buffer;
}

/** The port a journal fills: numbered events, readable from any number on. */
export interface LogSource {
  readonly identity: LogIdentity;
  /** Of the oldest event that is still there; 1 if none has gone. */
  readonly firstSeq: number;
  readonly lastSeq: number;
  /** Events after `seq` in order, at least one if there is any, and then no more than `maxBytes`. None if the next one has gone. */
  since(seq: number, maxBytes: number): readonly LogRecord[];
}

export interface MemoryLogOptions {
  readonly source: string;
  readonly identity: LogIdentity;
}

/** A log in memory: it ends with its process. For tests and tools; `JournalLog` stands behind the same port. */
export class MemoryLog implements LogSource {
  readonly #source: string;
  #identity: LogIdentity;
  #records: LogRecord[] = [];

  constructor(options: MemoryLogOptions) {
    this.#identity = options.identity;
    this.#source = options.source;
  }

  get identity(): LogIdentity {
    return this.#identity;
  }

  get firstSeq(): number {
    return 1;
  }

  get lastSeq(): number {
    return this.#records.length;
  }

  append<K extends Kind>(kind: K, payload: Payload<K>, tsNs: bigint, traceparent: string | null): LogRecord {
    const seq = this.lastSeq + 1;
    const header = { source: this.#source, epoch: this.#identity.generation, seq, tsNs, traceparent };
    const record = { seq, bytes: encodeEnvelope(kind, header, payload) };
    this.#records.push(record);
    return record;
  }

  /** Forgets what was written and begins again at 1 under the next generation: followers take the log anew. */
  beginGeneration(): LogIdentity {
    this.#identity = { ...this.#identity, generation: this.#identity.generation + 1 };
    this.#records = [];
    return this.#identity;
  }

  since(seq: number, maxBytes: number): readonly LogRecord[] {
    const records: LogRecord[] = [];
    let bytes = 0;
    for (let i = Math.max(0, seq); i < this.#records.length; i += 1) {
      const record = this.#records[i] as LogRecord;
      if (records.length > 0 && bytes + record.bytes.length > maxBytes) break;
      records.push(record);
      bytes += record.bytes.length;
    }
    return records;
  }
}
