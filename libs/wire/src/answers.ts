import { hash } from 'node:crypto';
import { type Envelope, encodeEnvelope } from './envelope.ts';

/**
 * The port a service's book of record fills so that a request is executed once, whatever dies in between. Both calls are
 * synchronous; `answer` is opaque to the store.
 */
export interface AnswerStore {
  /** The answer committed under this id, byte for byte. */
  find(requestId: string): Uint8Array | undefined;
  /**
   * Runs `effect` and keeps `answer`, both or neither, and has committed them when it returns. Throws if neither is
   * committed. What must follow the commit and precede the answer (a hint to followers) belongs at its end.
   *
   * How long an answer is kept bounds for how long a repeat is safe: a request repeated after that is executed again.
   */
  commit(requestId: string, answer: Uint8Array, effect: () => void): void;
}

/** A store that may not forget an answer yet refuses the effect instead; shown to the asker as a `failure`. */
export class AnswerStoreFull extends Error {
  readonly code = 'ANSWER_STORE_FULL';

  constructor(capacity: number, keepMs: number) {
    super(`${capacity} answers are younger than ${keepMs} ms: nothing was executed, ask again later`);
    this.name = 'AnswerStoreFull';
  }
}

export interface MemoryAnswersOptions {
  /** Answers held at most. */
  readonly capacity: number;
  /** How long an answer is certainly held: longer than any asker goes on repeating a request. */
  readonly keepMs: number;
  /** A clock that never goes back. */
  readonly nowMs: () => number;
}

/**
 * Answers in memory, for services whose effects end with their process as well, and for tests.
 *
 * It never forgets an answer younger than `keepMs`; when it is full of those it refuses to execute (`AnswerStoreFull`).
 * Older ones go, oldest first, only to make room. `forgotten` counts them: a repeat of one of these executes again.
 */
export class MemoryAnswers implements AnswerStore {
  readonly #options: MemoryAnswersOptions;
  readonly #answers = new Map<string, { readonly answer: Uint8Array; readonly atMs: number }>();
  #forgotten = 0;
  #refused = 0;

  constructor(options: MemoryAnswersOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#answers.size;
  }

  get forgotten(): number {
    return this.#forgotten;
  }

  /** Commits refused because the store was full. */
  get refused(): number {
    return this.#refused;
  }

  find(requestId: string): Uint8Array | undefined {
    return this.#answers.get(requestId)?.answer;
  }

  /** The effect comes first: if it throws, nothing is kept. It has to undo itself then; memory has no transaction. */
  commit(requestId: string, answer: Uint8Array, effect: () => void): void {
    const atMs = this.#options.nowMs();
    const expired = this.#expiredIfFull(atMs);
    effect();
    if (expired !== undefined) {
      this.#answers.delete(expired);
      this.#forgotten += 1;
    }
    this.#answers.set(requestId, { answer, atMs });
  }

  #expiredIfFull(nowMs: number): string | undefined {
    const { capacity, keepMs } = this.#options;
    if (this.#answers.size < capacity) return undefined;
    const [oldest] = this.#answers;
    if (oldest !== undefined && nowMs - oldest[1].atMs >= keepMs) return oldest[0];
    this.#refused += 1;
    throw new AnswerStoreFull(capacity, keepMs);
  }
}

const FINGERPRINT_BYTES = 16;
const NO_HEADER = { source: '', epoch: 0, seq: 0, tsNs: 0n, traceparent: null };

/** What a request asks for, whoever asks and whenever: its kind and payload. */
export function fingerprintOf(request: Envelope): Buffer {
  const canonical = encodeEnvelope(request.kind, NO_HEADER, request.payload as never);
  return hash('sha256', canonical, 'buffer').subarray(0, FINGERPRINT_BYTES);
}

/** An answer as it is stored: what it answers, then the frame. */
export function sealAnswer(request: Envelope, frame: Uint8Array): Buffer {
  return Buffer.concat([fingerprintOf(request), frame]);
}

/** The frame of a stored answer, or undefined if it answers another request that bore the same id. */
export function openAnswer(request: Envelope, stored: Uint8Array): Buffer | undefined {
  const bytes = Buffer.from(stored.buffer, stored.byteOffset, stored.byteLength);
  const isSame = bytes.subarray(0, FINGERPRINT_BYTES).equals(fingerprintOf(request));
  return isSame ? bytes.subarray(FINGERPRINT_BYTES) : undefined;
}
