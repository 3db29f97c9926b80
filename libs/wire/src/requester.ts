import { Request } from 'zeromq';
import { decodeFrame, type Envelope, encodeEnvelope } from './envelope.ts';
import type { Kind, Payload } from './messages.ts';

export interface RequesterOptions {
  readonly source: string;
  readonly epoch: number;
  readonly connect: string;
  readonly nowNs: () => bigint;
  readonly timeoutMs: number;
  /** Further tries after the first, each on a fresh socket. */
  readonly retries: number;
}

/**
 * What became of a request. `TIMEOUT` says nothing about whether it was executed: the asker repeats it under the same
 * id, or treats its outcome as unknown. `CLOSED`: this requester was closed meanwhile.
 */
export type RequestResult =
  | { readonly ok: true; readonly reply: Envelope; readonly attached: readonly Envelope[] }
  | { readonly ok: false; readonly code: 'TIMEOUT' | 'BAD_REPLY' | 'CLOSED'; readonly text: string };

/**
 * Asks over REQ, one request at a time in the order of the calls (Lazy Pirate): a REQ that has timed out cannot send
 * again, so each retry takes a fresh socket. A reply that does not carry the request's id is BAD_REPLY.
 */
export class Requester {
  readonly #options: RequesterOptions;
  #socket: Request | undefined;
  #tail: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(options: RequesterOptions) {
    this.#options = options;
  }

  ask<K extends Kind>(
    kind: K,
    payload: Payload<K> & { requestId: string },
    traceparent: string | null = null,
  ): Promise<RequestResult> {
    const result = this.#tail.then(() => this.#attempt(kind, payload, traceparent));
    this.#tail = result;
    return result;
  }

  close(): void {
    this.#closed = true;
    this.#socket?.close();
  }

  async #attempt<K extends Kind>(
    kind: K,
    payload: Payload<K> & { requestId: string },
    traceparent: string | null,
  ): Promise<RequestResult> {
    const { source, epoch, nowNs, timeoutMs, retries } = this.#options;
    const frame = encodeEnvelope(kind, { source, epoch, seq: 0, tsNs: nowNs(), traceparent }, payload);
    for (let attempt = 0; attempt <= retries && !this.#closed; attempt += 1) {
      const socket = this.#freshOrOpen();
      try {
        await socket.send(frame);
        const [reply] = await socket.receive();
        return readReply(reply, payload.requestId);
      } catch (error) {
        socket.close();
        this.#socket = undefined;
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN' && !this.#closed) throw error;
      }
    }
    if (this.#closed) return { ok: false, code: 'CLOSED', text: 'the requester was closed' };
    const text = `no reply to ${kind} from ${this.#options.connect} in ${retries + 1} × ${timeoutMs} ms`;
    return { ok: false, code: 'TIMEOUT', text };
  }

  #freshOrOpen(): Request {
    if (this.#socket === undefined) {
      const { timeoutMs } = this.#options;
      this.#socket = new Request({ linger: 0, sendTimeout: timeoutMs, receiveTimeout: timeoutMs });
      this.#socket.connect(this.#options.connect);
    }
    return this.#socket;
  }
}

function readReply(frame: Buffer | undefined, requestId: string): RequestResult {
  const envelopes: Envelope[] = [];
  let fault: string | undefined;
  if (frame !== undefined) {
    decodeFrame(
      frame,
      (envelope) => envelopes.push(envelope),
      (reason) => {
        fault = reason;
      },
    );
  }
  const [reply, ...attached] = envelopes;
  if (fault !== undefined || reply === undefined) {
    return { ok: false, code: 'BAD_REPLY', text: `reply not read: ${fault ?? 'empty'}` };
  }
  const answered = (reply.payload as { requestId?: string }).requestId;
  if (reply.kind === 'failure') {
    return { ok: false, code: 'BAD_REPLY', text: `${reply.payload.code}: ${reply.payload.text}` };
  }
  if (answered !== requestId) {
    return { ok: false, code: 'BAD_REPLY', text: `reply to ${answered} came for ${requestId}` };
  }
  return { ok: true, reply, attached };
}
