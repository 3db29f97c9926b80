import { setImmediate as nextTurn } from 'node:timers/promises';
import { Publisher, Router } from 'zeromq';
import { decodeFrame, type Envelope, encodeEnvelope } from './envelope.ts';
import { FlowControl, type FlowLimits } from './flow-control.ts';
import type { Kind, Payload } from './messages.ts';
import type { WireMetrics } from './metrics-port.ts';
import { Outbox } from './outbox.ts';
import type { AnyReply } from './responder.ts';
import { NO_SECURITY, type WireSecurity } from './security.ts';
import { BURST_MS, bindSocket, messages, SOCKET_LIMITS } from './socket.ts';
import { StreamArchive } from './stream-archive.ts';
import { HEARTBEAT_TOPIC, POSITION_TOPIC, SYSTEM_PREFIX } from './topics.ts';

export interface MarketPublisherOptions {
  readonly source: string;
  readonly epoch: number;
  readonly bind: { readonly stream: string; readonly control: string };
  readonly nowNs: () => bigint;
  readonly metrics: WireMetrics;
  readonly security?: WireSecurity;
  /** Messages a subscriber's queue holds before ZeroMQ drops for it. */
  readonly sendHighWaterMark: number;
  /** Bytes of past envelopes that are kept for retransmission, over all topics. */
  readonly ringBytes: number;
  /** Bytes that may wait for the socket; beyond them the newest are not sent, and reach followers by retransmission. */
  readonly queueBytes: number;
  /** Envelopes of a topic that wait together are gathered into payload frames of up to this size; 0: one a frame. */
  readonly batchBytes: number;
  readonly heartbeatMs: number;
  readonly flow: FlowLimits;
  /** Called when a required follower's lag crosses the limit, and again when it has fallen back. */
  readonly onFlow: (paused: boolean) => void;
}

/** What a beat says of the feed behind the stream. */
export interface FeedIdentity {
  readonly run: string;
  readonly pace: 'live' | 'replay';
}

/** Answers that may wait for slow askers; who gets none asks again. */
const ANSWER_CAPACITY = 1_000;

/**
 * The sending side of a market stream: PUB for the stream, ROUTER for what its followers ask and report.
 *
 * `publish` numbers, encodes and keeps at once and never blocks; what was published within one turn of the event loop
 * leaves together, one message a topic, topics in the order of their first envelope. Order is kept within a topic and,
 * for `$position`, after everything counted in it. PUB drops for a subscriber whose queue is full: its follower asks again.
 */
export class MarketPublisher {
  readonly #options: MarketPublisherOptions;
  readonly #stream: Publisher;
  readonly #control: Router;
  readonly #answers: Outbox;
  readonly #archive: StreamArchive;
  readonly #flow: FlowControl;
  #heartbeat: NodeJS.Timeout | undefined;
  readonly #waiting = new Map<string, Buffer[]>();
  #waitingBytes = 0;
  #identity: FeedIdentity = { run: '', pace: 'live' };
  #position = 0;
  #positionBytes = 0;
  #countedPosition = 0;
  #flushing = false;
  #closed = false;

  private constructor(options: MarketPublisherOptions) {
    this.#options = options;
    const { security = NO_SECURITY, sendHighWaterMark } = options;
    this.#stream = new Publisher({
      ...SOCKET_LIMITS,
      linger: 0,
      sendTimeout: 0,
      sendHighWaterMark,
      ...security.serverOptions(),
    });
    this.#control = new Router({ ...SOCKET_LIMITS, linger: 0, ...security.serverOptions() });
    for (const socket of [this.#stream, this.#control]) security.watch(socket);
    const onDrop = options.metrics.dropped;
    this.#answers = new Outbox(this.#control, { capacity: ANSWER_CAPACITY, whenFull: 'drop-newest', onDrop });
    options.metrics.queue('market', () => this.#waitingEnvelopes());
    options.metrics.queue('market-answers', () => this.#answers.depth);
    this.#archive = new StreamArchive(options);
    this.#flow = new FlowControl(options.flow, options.onFlow);
  }

  /** Binds both sockets. Rejects with code `ADDRESS_IN_USE` when a port is taken. */
  static async open(options: MarketPublisherOptions): Promise<MarketPublisher> {
    const publisher = new MarketPublisher(options);
    try {
      await bindSocket(publisher.#stream, options.bind.stream);
      await bindSocket(publisher.#control, options.bind.control);
    } catch (error) {
      publisher.close();
      throw error;
    }
    // Not before: a socket that is being bound takes no message.
    publisher.#heartbeat = setInterval(() => publisher.#beat(), options.heartbeatMs);
    void publisher.#readControl();
    return publisher;
  }

  #waitingEnvelopes(): number {
    let sum = 0;
    for (const envelopes of this.#waiting.values()) sum += envelopes.length;
    return sum;
  }

  /** Names the run and pace that the next beats carry, and starts flow control for a replay. */
  identify(identity: FeedIdentity): void {
    this.#identity = identity;
    this.#beat();
  }

  /** Envelopes published since the start, system topics apart. */
  get position(): number {
    return this.#position;
  }

  /** Bytes the retransmission ring holds. */
  get ringBytes(): number {
    return this.#archive.ringBytes;
  }

  /** Resolves when each of the required followers has reported that it receives the stream. */
  whenFollowed(): Promise<void> {
    return this.#flow.whenComplete();
  }

  publish<K extends Kind>(topic: string, kind: K, payload: Payload<K>): void {
    this.#positionBytes += this.#append(topic, kind, payload);
    this.#position += 1;
    if (this.#identity.pace === 'replay' && this.#position % this.#options.flow.markEvery === 0) this.#mark();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#heartbeat);
    this.#stream.close();
    this.#control.close();
  }

  #append<K extends Kind>(topic: string, kind: K, payload: Payload<K>): number {
    const envelope = this.#archive.append(topic, { kind, payload, tsNs: this.#options.nowNs() });
    const bytes = envelope.length;
    if (this.#waitingBytes + bytes > this.#options.queueBytes) {
      this.#options.metrics.dropped('queue-full');
      return bytes;
    }
    this.#waitingBytes += bytes;
    const waiting = this.#waiting.get(topic) ?? [];
    waiting.push(envelope);
    // A beat and a mark speak of what was published before them: they leave behind all of it.
    if (topic.startsWith(SYSTEM_PREFIX)) this.#waiting.delete(topic);
    if (waiting.length === 1 || topic.startsWith(SYSTEM_PREFIX)) this.#waiting.set(topic, waiting);
    if (!this.#flushing) {
      this.#flushing = true;
      queueMicrotask(() => void this.#flush());
    }
    return bytes;
  }

  /** The one writer of the stream: what is published while it sends leaves with the next round. It yields each millisecond. */
  async #flush(): Promise<void> {
    let burstEndMs = performance.now() + BURST_MS;
    while (this.#waiting.size > 0) {
      const round = Array.from(this.#waiting);
      this.#waiting.clear();
      this.#waitingBytes = 0;
      for (const [topic, envelopes] of round) {
        for (const payload of framesOf(envelopes, this.#options.batchBytes)) {
          if (this.#closed) return;
          await this.#stream.send([topic, payload]).catch(() => this.#options.metrics.dropped('unreachable'));
          if (performance.now() < burstEndMs) continue;
          await nextTurn();
          burstEndMs = performance.now() + BURST_MS;
        }
      }
    }
    this.#flushing = false;
  }

  #mark(): void {
    this.#append(POSITION_TOPIC, 'position', { position: this.#position });
    this.#flow.published(this.#position, this.#positionBytes);
  }

  #beat(): void {
    const beat = { ...this.#identity, position: this.#position, topics: this.#archive.takeMoved() };
    this.#append(HEARTBEAT_TOPIC, 'heartbeat', beat);
    if (this.#identity.pace === 'replay') this.#flow.published(this.#position, this.#positionBytes);
    this.#options.metrics.published('market', this.#position - this.#countedPosition);
    this.#countedPosition = this.#position;
  }

  async #readControl(): Promise<void> {
    const { metrics } = this.#options;
    for await (const frames of messages(this.#control)) {
      const frame = frames.at(-1);
      const route = frames.slice(0, -1);
      if (frame === undefined || route.length === 0) metrics.dropped('frames');
      else decodeFrame(frame, (request) => this.#answer(route, request), metrics.dropped);
    }
  }

  #answer(route: readonly Buffer[], request: Envelope): void {
    const { source, epoch, nowNs, metrics } = this.#options;
    if (request.kind === 'lagReport') {
      const { follower, publisherEpoch, position } = request.payload;
      if (publisherEpoch === epoch) this.#flow.reported(follower, position);
      return;
    }
    const reply = this.#replyTo(request);
    if (reply === undefined) return metrics.dropped('unexpected-kind');
    const head = encodeEnvelope(
      reply.kind,
      { source, epoch, seq: 0, tsNs: nowNs(), traceparent: null },
      reply.payload as never,
    );
    this.#answers.offer([...route, Buffer.concat([head, ...(reply.attached ?? [])])]);
  }

  #replyTo(request: Envelope): AnyReply | undefined {
    if (request.kind === 'retransmit') return this.#archive.answerRetransmit(request.payload);
    if (request.kind === 'snapshotQuery') return this.#archive.answerSnapshot(request.payload);
    return undefined;
  }
}

/** The envelopes of a topic in as few frames as their size allows. */
function framesOf(envelopes: readonly Buffer[], batchBytes: number): Buffer[] {
  const frames: Buffer[] = [];
  for (let from = 0; from < envelopes.length; ) {
    let to = from;
    let bytes = 0;
    do {
      bytes += (envelopes[to] as Buffer).length;
      to += 1;
    } while (to < envelopes.length && bytes + (envelopes[to] as Buffer).length <= batchBytes);
    frames.push(to - from === 1 ? (envelopes[from] as Buffer) : Buffer.concat(envelopes.slice(from, to), bytes));
    from = to;
  }
  return frames;
}
