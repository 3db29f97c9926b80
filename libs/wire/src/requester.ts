import { Request } from 'zeromq';
import { decodeFrame, type Envelope, encodeEnvelope, MAX_FRAME_BYTES } from './envelope.ts';
import type { Kind, Payload } from './messages.ts';
import { type ClientOptions, type ClientSecurity, clientOptionsOf } from './security.ts';

export type RequesterOptions = ClientSecurity & {
  readonly source: string;
  readonly epoch: number;
  readonly connect: string;
  readonly nowNs: () => bigint;
  /** How long a try waits for a connection, and then again for the reply. */
  readonly timeoutMs: number;
  /** Further tries after the first, each on a fresh socket. */
  readonly retries: number;
  /** Bound of the whole, from the call of `ask` on, the wait for earlier requests included. None if left out. */
  readonly deadlineMs?: number;
  readonly backOff?: BackOff;
  /** Jitter: uniform in [0, 1). */
  readonly random?: () => number;
};

/** The pause before retry n is between half and all of `minMs` · 2^(n−1), at most `maxMs`. */
export interface BackOff {
  readonly minMs: number;
  readonly maxMs: number;
}

/**
 * What became of a request:
 * - `UNAVAILABLE`: no try was handed to a connected peer, so it was not executed on account of this call.
 * - `TIMEOUT`: it was handed over and not answered. It may have been executed: repeat it under the same id, or treat its
 *   outcome as unknown.
 * - `BAD_REPLY`: answered, but not with what was asked for. With `failure`, the service says why in its own words
 *   (`NOT_READY`, `BAD_REQUEST`, …); one with an answer store has then committed nothing. Without, the reply cannot be
 *   read or bears another id, and the request may have been executed.
 * - `CLOSED`: this requester was closed meanwhile; the request may have been executed.
 */
export type RequestResult =
  | { readonly ok: true; readonly reply: Envelope; readonly attached: readonly Envelope[] }
  | { readonly ok: false; readonly code: 'UNAVAILABLE' | 'TIMEOUT' | 'CLOSED'; readonly text: string }
  | { readonly ok: false; readonly code: 'BAD_REPLY'; readonly text: string; readonly failure: StatedFailure | null };

/** The `failure` that a service answered, apart from our own codes. */
export interface StatedFailure {
  readonly code: string;
  readonly text: string;
}

const DEFAULT_BACK_OFF: BackOff = { minMs: 20, maxMs: 1000 };

type Outcome = { readonly type: 'answered'; readonly frames: Buffer[] } | Unanswered;
interface Unanswered {
  readonly type: 'not-sent' | 'not-answered';
  readonly cause: string;
}

/**
 * Asks over REQ, one request at a time in the order of the calls (Lazy Pirate): a REQ that has timed out cannot send
 * again, so each retry takes a fresh socket, and the reply to an earlier try finds its connection gone. All tries send
 * the same bytes. `ask` rejects only when the payload cannot be encoded.
 */
export class Requester {
  readonly #options: RequesterOptions;
  readonly #keys: ClientOptions;
  #socket: Request | undefined;
  #tail: Promise<unknown> = Promise.resolve();
  #closed = false;
  #endPause: () => void = () => {};

  constructor(options: RequesterOptions) {
    this.#options = options;
    this.#keys = clientOptionsOf(options);
  }

  ask<K extends Kind>(
    kind: K,
    payload: Payload<K> & { requestId: string },
    traceparent: string | null = null,
  ): Promise<RequestResult> {
    const askedMs = performance.now();
    const result = this.#tail.then(() => {
      const { source, epoch, nowNs } = this.#options;
      const frame = encodeEnvelope(kind, { source, epoch, seq: 0, tsNs: nowNs(), traceparent }, payload);
      return this.#tryAll(frame, { kind, requestId: payload.requestId, askedMs });
    });
    this.#tail = result.catch(() => {});
    return result;
  }

  /** What is being asked, and what waits to be, resolves to `CLOSED`. */
  close(): void {
    this.#closed = true;
    this.#socket?.close();
    this.#endPause();
  }

  async #tryAll(
    frame: Buffer,
    { kind, requestId, askedMs }: { kind: Kind; requestId: string; askedMs: number },
  ): Promise<RequestResult> {
    const { connect, retries, deadlineMs = Number.POSITIVE_INFINITY } = this.#options;
    const endMs = askedMs + deadlineMs;
    let wasSent = false;
    let tries = 0;
    let cause = 'the deadline passed while earlier requests were asked';
    while (tries <= retries && !this.#closed) {
      if (tries > 0) await this.#pause(Math.min(this.#backOffMs(tries), endMs - performance.now()));
      if (this.#closed || performance.now() >= endMs) break;
      tries += 1;
      const outcome = await this.#try(frame, endMs);
      if (outcome.type === 'answered') return this.#readReply(outcome.frames, requestId);
      wasSent ||= outcome.type === 'not-answered';
      cause = outcome.cause;
    }
    if (this.#closed) return { ok: false, code: 'CLOSED', text: 'the requester was closed' };
    const tookMs = Math.round(performance.now() - askedMs);
    const text = `${kind} to ${connect}, ${tries} tries in ${tookMs} ms, at last: ${cause}`;
    return { ok: false, code: wasSent ? 'TIMEOUT' : 'UNAVAILABLE', text };
  }

  async #try(frame: Buffer, endMs: number): Promise<Outcome> {
    let type: Unanswered['type'] = 'not-sent';
    try {
      const socket = this.#openSocket();
      socket.sendTimeout = this.#timeoutMs(endMs);
      await socket.send(frame);
      type = 'not-answered';
      return { type: 'answered', frames: await this.#receive(socket, endMs) };
    } catch (error) {
      this.#dropSocket();
      const { code, message } = error as NodeJS.ErrnoException;
      if (code !== 'EAGAIN') return { type, cause: message };
      return { type, cause: type === 'not-sent' ? 'no connection' : 'no reply' };
    }
  }

  /**
   * A stale reply that `correlate` discards wakes the socket and leaves nothing to read, which zeromq.js reports like a
   * timeout: until the time is really over it is waited on.
   */
  async #receive(socket: Request, endMs: number): Promise<Buffer[]> {
    const untilMs = performance.now() + this.#timeoutMs(endMs);
    for (;;) {
      try {
        socket.receiveTimeout = this.#timeoutMs(untilMs);
        return await socket.receive();
      } catch (error) {
        const isEarly = (error as NodeJS.ErrnoException).code === 'EAGAIN' && performance.now() < untilMs - 1;
        if (!isEarly || socket.closed) throw error;
      }
    }
  }

  /** Whole milliseconds, because ZeroMQ takes no others, and at least 1, because 0 does not wait at all. */
  #timeoutMs(endMs: number): number {
    return Math.max(1, Math.ceil(Math.min(this.#options.timeoutMs, endMs - performance.now())));
  }

  #openSocket(): Request {
    if (this.#socket === undefined) {
      // `immediate`: a message goes to a peer that is there or nowhere. `correlate`: a reply sent twice is not taken for
      // the reply to the next request.
      const options = { linger: 0, immediate: true, correlate: true, maxMessageSize: 2 * MAX_FRAME_BYTES };
      this.#socket = new Request({ ...options, ...this.#keys });
      this.#socket.connect(this.#options.connect);
    }
    return this.#socket;
  }

  #dropSocket(): void {
    this.#socket?.close();
    this.#socket = undefined;
  }

  #backOffMs(retry: number): number {
    const { backOff = DEFAULT_BACK_OFF, random = Math.random } = this.#options;
    const longestMs = Math.min(backOff.maxMs, backOff.minMs * 2 ** (retry - 1));
    return longestMs * (0.5 + random() / 2);
  }

  async #pause(ms: number): Promise<void> {
    if (ms <= 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#endPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #readReply(frames: readonly Buffer[], requestId: string): RequestResult {
    const envelopes: Envelope[] = [];
    let fault: string | undefined = frames.length === 1 ? undefined : `${frames.length} frames`;
    for (const frame of frames) {
      decodeFrame(
        frame,
        (envelope) => envelopes.push(envelope),
        (reason) => {
          fault ??= reason;
        },
      );
    }
    const [reply, ...attached] = envelopes;
    if (fault !== undefined || reply === undefined) return this.#badReply(`reply not read: ${fault ?? 'empty'}`);
    const answered = (reply.payload as { requestId?: string }).requestId;
    // A service that could not read a request does not know its id.
    const isOurs = answered === requestId || (reply.kind === 'failure' && answered === '');
    if (!isOurs) return this.#badReply(`reply to ${answered} came for ${requestId}`);
    if (reply.kind !== 'failure') return { ok: true, reply, attached };
    const { code, text } = reply.payload;
    return { ok: false, code: 'BAD_REPLY', text: `${code}: ${text}`, failure: { code, text } };
  }

  /** Whoever answers like that is not talked to further on this connection. */
  #badReply(text: string): RequestResult {
    this.#dropSocket();
    return { ok: false, code: 'BAD_REPLY', text, failure: null };
  }
}
