import { type EventRow, eventChecksum } from './checksum.ts';
import { encodeJson, MAX_PAYLOAD_LENGTH } from './codec.ts';
import { ConcurrencyConflict, JournalError } from './errors.ts';
import type { EventMap, EventTypes, FollowerPosition, JournalEvent, NewEvent } from './events.ts';
import { checkId, checkName } from './names.ts';

/** What one transaction writes. All of it is kept, or nothing. */
export interface Transaction<T extends EventMap> {
  /** The seq of the last event, those of this transaction included. */
  readonly lastSeq: number;
  /** Version of a stream's last event, those of this transaction included; 0 for a stream without events. */
  versionOf(stream: string): number;
  /**
   * Appends events to a stream, in order, and returns them as they will be read. `expectedVersion` is the version that the
   * caller has seen (0: none), or `'any'` for who needs no check. Throws `ConcurrencyConflict`, and keeps none of these
   * events. Who catches that may go on with the transaction; else all of it is dropped.
   */
  append(stream: string, events: readonly NewEvent<T>[], expectedVersion: number | 'any'): readonly JournalEvent<T>[];
  /** Keeps the answer to a request. Throws `JOURNAL_MISUSE` if there is one already: it was executed. */
  answer(requestId: string, reply: Uint8Array): void;
  /** Keeps how far this follower has come in another journal. */
  position(follower: string, position: FollowerPosition): void;
  /** Keeps a state that has every event up to and with this transaction's. JSON; encoded now, on this thread. */
  snapshot(state: unknown): void;
}

/** What a transaction is made of, before anything has touched the file. */
export interface Changes<T extends EventMap> {
  readonly rows: EventRow[];
  readonly events: JournalEvent<T>[];
  readonly versions: Map<string, number>;
  readonly answers: Map<string, Uint8Array>;
  readonly positions: Map<string, FollowerPosition>;
  state: string | undefined;
}

/** What a transaction has to know of the journal. */
export interface Ground<T extends EventMap> {
  readonly types: EventTypes<T>;
  readonly lastSeq: number;
  readonly tsNs: bigint;
  newEventId(tsNs: bigint): string;
  versionOf(stream: string): number;
  hasAnswer(requestId: string): boolean;
}

/** Largest state of a snapshot, as JSON text. */
export const MAX_STATE_LENGTH = 256 * 1024 * 1024;

/**
 * Collects changes in memory. The file is written only after the caller's function has returned, so a function that throws
 * costs nothing, and one that returns a promise is found out before anything is written.
 */
export class PendingTransaction<T extends EventMap> implements Transaction<T> {
  readonly changes: Changes<T> = {
    rows: [],
    events: [],
    versions: new Map(),
    answers: new Map(),
    positions: new Map(),
    state: undefined,
  };
  readonly #ground: Ground<T>;
  readonly #tsText: string;
  #isOpen = true;

  constructor(ground: Ground<T>) {
    this.#ground = ground;
    this.#tsText = String(ground.tsNs);
  }

  /** Lets `work` say what to change. After that the transaction takes nothing more. */
  collect<R>(work: (transaction: Transaction<T>) => R): R {
    let value: R;
    try {
      value = work(this);
    } finally {
      this.#isOpen = false;
    }
    if (!isPromiseLike(value)) return value;
    value.then(undefined, () => {});
    throw new JournalError('JOURNAL_MISUSE', 'the function of a transaction returned a promise: nothing was written');
  }

  get lastSeq(): number {
    return this.#ground.lastSeq + this.changes.rows.length;
  }

  versionOf(stream: string): number {
    return this.changes.versions.get(stream) ?? this.#ground.versionOf(stream);
  }

  append(stream: string, events: readonly NewEvent<T>[], expectedVersion: number | 'any'): readonly JournalEvent<T>[] {
    this.#checkOpen();
    checkName('stream', stream);
    const actual = this.versionOf(stream);
    if (expectedVersion !== 'any' && expectedVersion !== actual) {
      throw new ConcurrencyConflict(stream, expectedVersion, actual);
    }
    const firstSeq = this.lastSeq + 1;
    const rows = events.map((event, i) => this.#rowOf(stream, event, firstSeq + i, actual + 1 + i));
    const made = rows.map((row, i) => eventOf(row, events[i] as NewEvent<T>, this.#ground.tsNs));
    for (const row of rows) this.changes.rows.push(row);
    for (const event of made) this.changes.events.push(event);
    if (rows.length > 0) this.changes.versions.set(stream, actual + rows.length);
    return made;
  }

  answer(requestId: string, reply: Uint8Array): void {
    this.#checkOpen();
    checkName('request id', requestId);
    if (this.changes.answers.has(requestId) || this.#ground.hasAnswer(requestId)) {
      throw new JournalError('JOURNAL_MISUSE', `request ${requestId} has an answer already: it was executed before`);
    }
    this.changes.answers.set(requestId, Uint8Array.from(reply));
  }

  position(follower: string, position: FollowerPosition): void {
    this.#checkOpen();
    checkName('follower', follower);
    checkName('uuid', position.uuid);
    checkNumber('generation', position.generation, 1);
    checkNumber('seq', position.seq, 0);
    const { uuid, generation, seq } = position;
    this.changes.positions.set(follower, { uuid, generation, seq });
  }

  snapshot(state: unknown): void {
    this.#checkOpen();
    this.changes.state = encodeJson('snapshot', state, MAX_STATE_LENGTH);
  }

  #rowOf(stream: string, event: NewEvent<T>, seq: number, version: number): EventRow {
    const { type, payload, correlationId = null, causationId = null } = event;
    const entry = Object.hasOwn(this.#ground.types, type) ? this.#ground.types[type] : undefined;
    if (entry === undefined)
      throw new JournalError('JOURNAL_MISUSE', `event type ${type} is not in the journal's table`);
    checkId('correlation id', correlationId);
    checkId('causation id', causationId);
    const { tsNs } = this.#ground;
    const text = encodeJson(type, payload, MAX_PAYLOAD_LENGTH);
    const id = this.#ground.newEventId(tsNs);
    const checksum = eventChecksum([
      seq,
      id,
      stream,
      version,
      this.#tsText,
      correlationId,
      causationId,
      type,
      entry.schema,
      text,
    ]);
    return [seq, id, stream, version, tsNs, correlationId, causationId, type, entry.schema, text, checksum];
  }

  #checkOpen(): void {
    if (!this.#isOpen)
      throw new JournalError('JOURNAL_MISUSE', 'the transaction is over: use it inside its function only');
  }
}

function eventOf<T extends EventMap>(row: EventRow, event: NewEvent<T>, tsNs: bigint): JournalEvent<T> {
  const [seq, eventId, stream, version, , correlationId, causationId, type, schema, , checksum] = row;
  // One literal: a spread would cost as much as the checksum.
  return {
    eventId,
    stream,
    version,
    seq,
    tsNs,
    correlationId,
    causationId,
    checksum,
    type,
    schema,
    payload: event.payload,
  } as JournalEvent<T>;
}

function checkNumber(what: string, value: number, from: number): void {
  if (Number.isSafeInteger(value) && value >= from) return;
  throw new JournalError('JOURNAL_MISUSE', `${what} ${value} is not an integer from ${from}`);
}

function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function';
}
