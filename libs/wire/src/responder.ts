import { Router } from 'zeromq';
import { decodeFrame, type Envelope, encodeEnvelope } from './envelope.ts';
import type { Kind, Payload } from './messages.ts';
import type { WireMetrics } from './metrics-port.ts';
import { Outbox } from './outbox.ts';
import { bindSocket, messages } from './socket.ts';

/** A reply: its kind, its payload, and encoded envelopes that follow it in the same frame (`sinceReply`). */
export interface Reply<K extends Kind = Kind> {
  readonly kind: K;
  readonly payload: Payload<K>;
  readonly traceparent?: string | null;
  readonly attached?: readonly Uint8Array[];
}

export type AnyReply = { [K in Kind]: Reply<K> }[Kind];

export type RequestHandler = (request: Envelope) => AnyReply | Promise<AnyReply>;

export interface ResponderOptions {
  readonly source: string;
  readonly epoch: number;
  readonly bind: string;
  readonly nowNs: () => bigint;
  readonly metrics: WireMetrics;
  readonly handle: RequestHandler;
}

/**
 * Answers requests over ROUTER, to which plain REQ and DEALER sockets can talk. Many requests may be in flight; each is
 * answered when its handler is done. A request that cannot be read is answered with `failure`, so that its asker does
 * not wait in vain.
 */
export class Responder {
  readonly #options: ResponderOptions;
  readonly #router = new Router({ linger: 200, handover: true });
  readonly #replies: Outbox;

  private constructor(options: ResponderOptions) {
    this.#options = options;
    // ROUTER itself drops what is addressed to a peer that has gone.
    this.#replies = new Outbox(this.#router, {
      capacity: 10_000,
      whenFull: 'drop-newest',
      onDrop: options.metrics.dropped,
    });
  }

  /** Rejects with code `ADDRESS_IN_USE` when the port is taken. */
  static async open(options: ResponderOptions): Promise<Responder> {
    const responder = new Responder(options);
    try {
      await bindSocket(responder.#router, options.bind);
    } catch (error) {
      responder.close();
      throw error;
    }
    void responder.#serve();
    return responder;
  }

  close(): void {
    this.#router.close();
  }

  async #serve(): Promise<void> {
    for await (const frames of messages(this.#router)) {
      const payload = frames.at(-1);
      if (payload === undefined || frames.length < 2) {
        this.#options.metrics.dropped('frames');
        continue;
      }
      const route = frames.slice(0, -1);
      decodeFrame(
        payload,
        (request) => void this.#answer(route, request),
        (reason) => {
          this.#options.metrics.dropped(reason);
          this.#send(route, failure('', 'BAD_REQUEST', `request not read: ${reason}`), null);
        },
      );
    }
  }

  async #answer(route: readonly Buffer[], request: Envelope): Promise<void> {
    let reply: AnyReply;
    try {
      const answer = this.#options.handle(request);
      reply = answer instanceof Promise ? await answer : answer;
    } catch (error) {
      const { requestId } = request.payload as { requestId?: string };
      reply = failure(requestId ?? '', 'INTERNAL', (error as Error).message);
    }
    this.#send(route, reply, reply.traceparent ?? request.traceparent);
  }

  #send(route: readonly Buffer[], reply: AnyReply, traceparent: string | null): void {
    const { source, epoch, nowNs } = this.#options;
    const header = { source, epoch, seq: 0, tsNs: nowNs(), traceparent };
    const head = encodeEnvelope(reply.kind, header, reply.payload as never);
    const frame = reply.attached === undefined ? head : Buffer.concat([head, ...reply.attached]);
    this.#replies.offer([...route, frame]);
  }
}

export function failure(requestId: string, code: string, text: string): Reply<'failure'> {
  return { kind: 'failure', payload: { requestId, code, text } };
}
