import { Router } from 'zeromq';
import { type AnswerStore, AnswerStoreFull, fingerprintOf, openAnswer, sealAnswer } from './answers.ts';
import { decodeFrame, type Envelope, encodeEnvelope, MAX_FRAME_BYTES } from './envelope.ts';
import type { Kind, Payload } from './messages.ts';
import type { WireMetrics } from './metrics-port.ts';
import { Outbox } from './outbox.ts';
import { NO_SECURITY, type WireSecurity } from './security.ts';
import { bindSocket, messages } from './socket.ts';

/** A reply: its kind, its payload, and encoded envelopes that follow it in the same frame (`sinceReply`). */
export interface Reply<K extends Kind = Kind> {
  readonly kind: K;
  readonly payload: Payload<K>;
  readonly traceparent?: string | null;
  readonly attached?: readonly Uint8Array[];
  /**
   * What the request changes. It is committed together with this reply before the reply is sent, and a repeat of the
   * request gets the same bytes. A reply without an effect is not remembered. Synchronous; needs `answers`.
   */
  readonly effect?: () => void;
}

export type AnyReply = { [K in Kind]: Reply<K> }[Kind];

export type RequestHandler = (request: Envelope) => AnyReply | Promise<AnyReply>;

export interface ResponderOptions {
  readonly source: string;
  readonly epoch: number;
  readonly bind: string;
  readonly nowNs: () => bigint;
  readonly metrics: WireMetrics;
  readonly security?: WireSecurity;
  readonly handle: RequestHandler;
  /** Where replies with an effect are committed. */
  readonly answers?: AnswerStore;
  /** Told of each error that was answered with `failure` INTERNAL: the handler, an effect or a commit threw. */
  readonly onError?: (error: unknown, request: Envelope) => void;
}

/** Well within what a text on the wire may have. */
const MAX_ERROR_TEXT = 500;

/** The frames before the payload: where to send the reply. */
type Route = readonly Buffer[];

/** A request whose handler has not settled, and everyone who has asked it. */
interface Running {
  readonly fingerprint: Buffer;
  readonly routes: Route[];
}

/**
 * Answers requests over ROUTER, to which plain REQ and DEALER sockets can talk; a message holds one request. Many may be
 * in flight; each is answered when its handler is done. What cannot be read is answered with `failure` BAD_REQUEST, so
 * that its asker does not wait in vain.
 *
 * With `answers` a request id is executed once: copies that come while the first is being handled wait for its reply,
 * later ones get the committed answer. An id that comes back with another request is answered `failure`
 * REQUEST_ID_REUSED and not executed.
 */
export class Responder {
  readonly #options: ResponderOptions;
  readonly #router: Router;
  readonly #replies: Outbox;
  readonly #running = new Map<string, Running>();

  private constructor(options: ResponderOptions) {
    this.#options = options;
    const { security = NO_SECURITY } = options;
    // A reply to a peer that has gone or does not read is refused (`mandatory`) at once (no timeout) and counted: it
    // neither vanishes unseen nor holds up the replies to others.
    this.#router = new Router({
      linger: 200,
      handover: true,
      mandatory: true,
      sendTimeout: 0,
      maxMessageSize: 2 * MAX_FRAME_BYTES,
      ...security.serverOptions(),
    });
    security.watch(this.#router);
    this.#replies = new Outbox(this.#router, {
      capacity: 10_000,
      whenFull: 'drop-newest',
      onDrop: options.metrics.dropped,
    });
    options.metrics.queue('replies', () => this.#replies.depth);
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
      const request = readRequest(payload);
      if (typeof request !== 'string') {
        this.#accept(route, request);
        continue;
      }
      this.#options.metrics.dropped(request);
      this.#send([route], this.#encode(failure('', 'BAD_REQUEST', `request not read: ${request}`), null));
    }
  }

  #accept(route: Route, request: Envelope): void {
    try {
      if (this.#answerRepeat([route], request) || this.#joinRunning(route, request)) return;
      const reply = this.#options.handle(request);
      if (reply instanceof Promise) this.#run(route, request, reply);
      else this.#finish([route], request, reply);
    } catch (error) {
      this.#fail([route], request, error);
    }
  }

  /** True if the request's id has been answered before. */
  #answerRepeat(routes: readonly Route[], request: Envelope): boolean {
    const requestId = requestIdOf(request);
    const stored = requestId === '' ? undefined : this.#options.answers?.find(requestId);
    if (stored === undefined) return false;
    const frame = openAnswer(request, stored);
    if (frame !== undefined) this.#send(routes, frame);
    else {
      const reused = failure(requestId, 'REQUEST_ID_REUSED', `${requestId} has been answered to another request`);
      this.#send(routes, this.#encode(reused, request.traceparent));
    }
    return true;
  }

  #joinRunning(route: Route, request: Envelope): boolean {
    const running = this.#running.get(requestIdOf(request));
    if (running === undefined || !running.fingerprint.equals(fingerprintOf(request))) return false;
    running.routes.push(route);
    return true;
  }

  #run(route: Route, request: Envelope, reply: Promise<AnyReply>): void {
    const requestId = requestIdOf(request);
    const routes: Route[] = [route];
    const isShared = this.#options.answers !== undefined && requestId !== '' && !this.#running.has(requestId);
    if (isShared) this.#running.set(requestId, { fingerprint: fingerprintOf(request), routes });
    const settle = (answer: () => void): void => {
      // In the same step as the answer, so that no copy joins a request that has been answered.
      if (isShared) this.#running.delete(requestId);
      try {
        answer();
      } catch (error) {
        this.#fail(routes, request, error);
      }
    };
    reply.then(
      (settled) => settle(() => this.#finishLate(routes, request, settled)),
      (error) => settle(() => this.#fail(routes, request, error)),
    );
  }

  /** Another request may have been committed under this id since the handler began. */
  #finishLate(routes: readonly Route[], request: Envelope, reply: AnyReply): void {
    if (reply.effect !== undefined && this.#answerRepeat(routes, request)) return;
    this.#finish(routes, request, reply);
  }

  #finish(routes: readonly Route[], request: Envelope, reply: AnyReply): void {
    const frame = this.#encode(reply, reply.traceparent ?? request.traceparent);
    if (reply.effect !== undefined) this.#commit(request, frame, reply.effect);
    this.#send(routes, frame);
  }

  #commit(request: Envelope, frame: Buffer, effect: () => unknown): void {
    const requestId = requestIdOf(request);
    const { answers } = this.#options;
    if (answers === undefined) throw new Error(`the reply to ${request.kind} has an effect, but there is no store`);
    if (requestId === '') throw new Error(`the reply to ${request.kind} has an effect, but the request has no id`);
    answers.commit(requestId, sealAnswer(request, frame), () => {
      // Thrown inside the transaction, so that nothing of a half-done effect is committed.
      if (effect() instanceof Promise) throw new TypeError(`the effect of ${request.kind} is not synchronous`);
    });
  }

  #fail(routes: readonly Route[], request: Envelope, error: unknown): void {
    const isFull = error instanceof AnswerStoreFull;
    if (!isFull) this.#options.onError?.(error, request);
    const text = (error instanceof Error ? error.message : String(error)).slice(0, MAX_ERROR_TEXT);
    const reply = failure(requestIdOf(request), isFull ? error.code : 'INTERNAL', text);
    this.#send(routes, this.#encode(reply, request.traceparent));
  }

  #encode(reply: AnyReply, traceparent: string | null): Buffer {
    const { source, epoch, nowNs } = this.#options;
    const header = { source, epoch, seq: 0, tsNs: nowNs(), traceparent };
    const head = encodeEnvelope(reply.kind, header, reply.payload as never);
    const frame = reply.attached === undefined ? head : Buffer.concat([head, ...reply.attached]);
    if (frame.length <= MAX_FRAME_BYTES) return frame;
    throw new RangeError(`${reply.kind} of ${frame.length} bytes > ${MAX_FRAME_BYTES}`);
  }

  #send(routes: readonly Route[], frame: Buffer): void {
    for (const route of routes) this.#replies.offer([...route, frame]);
  }
}

export function failure(requestId: string, code: string, text: string): Reply<'failure'> {
  return { kind: 'failure', payload: { requestId, code, text } };
}

/** The one request of a frame, or why there is none. */
function readRequest(frame: Buffer): Envelope | string {
  const requests: Envelope[] = [];
  let fault: string | undefined;
  decodeFrame(
    frame,
    (envelope) => requests.push(envelope),
    (reason) => {
      fault ??= reason;
    },
  );
  const [request] = requests;
  if (fault !== undefined || request === undefined) return fault ?? 'empty';
  return requests.length === 1 ? request : 'several-requests';
}

function requestIdOf(request: Envelope): string {
  return (request.payload as { requestId?: string }).requestId ?? '';
}
