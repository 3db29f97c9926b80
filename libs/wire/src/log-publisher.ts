import { Publisher, Push } from 'zeromq';
import { encodeEnvelope, MAX_FRAME_BYTES } from './envelope.ts';
import type { LogRecord, LogSource } from './log.ts';
import type { Payload } from './messages.ts';
import type { WireMetrics } from './metrics-port.ts';
import { Outbox } from './outbox.ts';
import type { Reply } from './responder.ts';
import { NO_SECURITY, type WireSecurity } from './security.ts';
import { bindSocket, SOCKET_LIMITS } from './socket.ts';
import { HEARTBEAT_TOPIC, logTopic } from './topics.ts';

export interface LogPublisherOptions {
  readonly source: string;
  readonly log: LogSource;
  /** PUB for any number of followers; PUSH for the one follower that must be told first. */
  readonly bind: { readonly pub: string; readonly push?: string };
  readonly nowNs: () => bigint;
  readonly metrics: WireMetrics;
  readonly security?: WireSecurity;
  readonly heartbeatMs: number;
  /** Hints that may wait for a slow follower before further ones are dropped. */
  readonly hintCapacity: number;
}

/** Largest `since` answer in bytes of events; the follower asks again for the rest. */
const MAX_SINCE_BYTES = 512 * 1024;

/**
 * Publishes a log: hints over PUB (and PUSH), a heartbeat with the last seq each second, and the answer to `since`.
 * Hints are `drop-newest`: a dead or slow follower never holds up the owner; what it misses it fetches with `since`.
 */
export class LogPublisher {
  readonly #options: LogPublisherOptions;
  readonly #pub: Publisher;
  readonly #push: Push | undefined;
  readonly #outboxes: Outbox[];
  #heartbeat: NodeJS.Timeout | undefined;
  readonly #topic: Buffer;

  private constructor(options: LogPublisherOptions) {
    this.#options = options;
    this.#topic = Buffer.from(logTopic(options.log.identity.uuid));
    const { security = NO_SECURITY } = options;
    this.#pub = new Publisher({ ...SOCKET_LIMITS, linger: 200, ...security.serverOptions() });
    this.#push =
      options.bind.push === undefined
        ? undefined
        : new Push({ ...SOCKET_LIMITS, linger: 0, ...security.serverOptions() });
    const onDrop = options.metrics.dropped;
    const sockets = [this.#pub, this.#push].filter((socket) => socket !== undefined);
    for (const socket of sockets) security.watch(socket);
    this.#outboxes = sockets.map(
      (socket) => new Outbox(socket, { capacity: options.hintCapacity, whenFull: 'drop-newest', onDrop }),
    );
    this.#outboxes.forEach((outbox, i) => {
      options.metrics.queue(i === 0 ? 'log' : 'log-push', () => outbox.depth);
    });
  }

  /** Rejects with code `ADDRESS_IN_USE` when a port is taken. */
  static async open(options: LogPublisherOptions): Promise<LogPublisher> {
    const publisher = new LogPublisher(options);
    try {
      await bindSocket(publisher.#pub, options.bind.pub);
      if (publisher.#push !== undefined) await bindSocket(publisher.#push, options.bind.push as string);
    } catch (error) {
      publisher.close();
      throw error;
    }
    // Not before: a socket that is being bound takes no message.
    publisher.#heartbeat = setInterval(() => publisher.#beat(), options.heartbeatMs);
    return publisher;
  }

  /** Tells followers of events that have been committed, in order of seq: in one message, or as few as they fit into. */
  hint(...records: readonly LogRecord[]): void {
    for (const frame of framesOf(records)) {
      for (const outbox of this.#outboxes) outbox.offer([this.#topic, frame]);
    }
  }

  answerSince(request: Payload<'since'>): Reply<'sinceReply'> {
    const { log } = this.#options;
    const records = log.since(request.after, Math.min(request.maxBytes, MAX_SINCE_BYTES));
    return {
      kind: 'sinceReply',
      payload: {
        requestId: request.requestId,
        ...log.identity,
        lastSeq: log.lastSeq,
        count: records.length,
        firstSeq: log.firstSeq,
      },
      attached: records.map((record) => record.bytes),
    };
  }

  close(): void {
    clearInterval(this.#heartbeat);
    this.#pub.close();
    this.#push?.close();
  }

  #beat(): void {
    const { source, log, nowNs } = this.#options;
    const header = { source, epoch: log.identity.generation, seq: 0, tsNs: nowNs(), traceparent: null };
    const beat = encodeEnvelope('logHeartbeat', header, { ...log.identity, lastSeq: log.lastSeq });
    for (const outbox of this.#outboxes) outbox.offer([Buffer.from(HEARTBEAT_TOPIC), beat]);
  }
}

/** A message costs its sender and every follower a wake-up, an event in it next to nothing. */
function framesOf(records: readonly LogRecord[]): readonly Buffer[] {
  if (records.length <= 1) return records.map(({ bytes }) => bytes);
  const frames: Buffer[][] = [];
  let roomBytes = 0;
  for (const { bytes } of records) {
    if (bytes.length > roomBytes) {
      frames.push([]);
      roomBytes = MAX_FRAME_BYTES;
    }
    frames.at(-1)?.push(bytes);
    roomBytes -= bytes.length;
  }
  return frames.map((frame) => (frame.length === 1 ? (frame[0] as Buffer) : Buffer.concat(frame)));
}
