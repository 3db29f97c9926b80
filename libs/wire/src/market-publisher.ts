import { Publisher, Router } from 'zeromq';
import { type DecodeFault, decodeFrame, encodeEnvelope } from './envelope.ts';
import { FlowControl, type FlowLimits } from './flow-control.ts';
import type { Kind, Payload } from './messages.ts';
import type { WireMetrics } from './metrics-port.ts';
import { Sequencer } from './sequence.ts';
import { bindSocket, messages } from './socket.ts';
import { HEARTBEAT_TOPIC, POSITION_TOPIC } from './topics.ts';

export interface MarketPublisherOptions {
  readonly source: string;
  readonly epoch: number;
  readonly bind: { readonly stream: string; readonly control: string };
  readonly nowNs: () => bigint;
  readonly metrics: WireMetrics;
  /** Envelopes a subscriber's queue holds before ZeroMQ drops for it. */
  readonly sendHighWaterMark: number;
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

/** Largest payload frame that envelopes are gathered into. */
const BATCH_BYTES = 65_536;

interface Waiting {
  readonly topic: string;
  readonly envelopes: Buffer[];
}

/**
 * The sending side of a market stream: PUB for the stream, ROUTER for what its followers ask and report.
 *
 * `publish` numbers and encodes at once and never blocks; what was published within one turn of the event loop leaves
 * together, one message a topic, topics in the order of their first envelope. Order is kept within a topic and, for
 * `$position`, after everything counted in it. PUB drops for a subscriber whose queue is full; followers see that as a gap.
 */
export class MarketPublisher {
  readonly #options: MarketPublisherOptions;
  readonly #stream: Publisher;
  readonly #control = new Router({ linger: 0 });
  readonly #sequencer = new Sequencer();
  readonly #waiting = new Map<string, Waiting>();
  readonly #activeTopics = new Set<string>();
  readonly #flow: FlowControl;
  readonly #heartbeat: NodeJS.Timeout;
  #identity: FeedIdentity = { run: '', pace: 'live' };
  #position = 0;
  #countedPosition = 0;
  #flushing = false;
  #closed = false;

  private constructor(options: MarketPublisherOptions) {
    this.#options = options;
    this.#stream = new Publisher({ linger: 0, sendHighWaterMark: options.sendHighWaterMark });
    this.#flow = new FlowControl(options.flow, options.onFlow);
    this.#heartbeat = setInterval(() => this.#beat(), options.heartbeatMs);
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
    void publisher.#readControl();
    return publisher;
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

  /** Resolves when each of the required followers has reported that it receives the stream. */
  whenFollowed(): Promise<void> {
    return this.#flow.whenComplete();
  }

  publish<K extends Kind>(topic: string, kind: K, payload: Payload<K>): void {
    this.#append(topic, kind, payload);
    this.#activeTopics.add(topic);
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

  #append<K extends Kind>(topic: string, kind: K, payload: Payload<K>): void {
    const { source, epoch, nowNs } = this.#options;
    const header = { source, epoch, seq: this.#sequencer.next(topic), tsNs: nowNs(), traceparent: null };
    const envelope = encodeEnvelope(kind, header, payload);
    const waiting = this.#waiting.get(topic);
    if (waiting === undefined) this.#waiting.set(topic, { topic, envelopes: [envelope] });
    else waiting.envelopes.push(envelope);
    if (this.#flushing) return;
    this.#flushing = true;
    queueMicrotask(() => void this.#flush());
  }

  /** The one writer of the stream: what is published while a send is under way leaves with the next round. */
  async #flush(): Promise<void> {
    while (this.#waiting.size > 0 && !this.#closed) {
      const round = Array.from(this.#waiting.values());
      this.#waiting.clear();
      for (const { topic, envelopes } of round) {
        for (const payload of framesOf(envelopes)) {
          if (this.#closed) return;
          await this.#stream.send([topic, payload]);
        }
      }
    }
    this.#flushing = false;
  }

  #mark(): void {
    this.#append(POSITION_TOPIC, 'position', { position: this.#position });
    this.#flow.published(this.#position);
  }

  #beat(): void {
    const topics = Array.from(this.#activeTopics, (topic) => ({ topic, lastSeq: this.#sequencer.last(topic) }));
    this.#activeTopics.clear();
    this.#append(HEARTBEAT_TOPIC, 'heartbeat', { ...this.#identity, position: this.#position, topics });
    if (this.#identity.pace === 'replay') this.#flow.published(this.#position);
    this.#options.metrics.published('market', this.#position - this.#countedPosition);
    this.#countedPosition = this.#position;
  }

  async #readControl(): Promise<void> {
    const drop = (reason: DecodeFault) => this.#options.metrics.dropped(reason);
    for await (const frames of messages(this.#control)) {
      const frame = frames.at(-1);
      if (frame === undefined) continue;
      decodeFrame(
        frame,
        (envelope) => {
          if (envelope.kind !== 'lagReport') return this.#options.metrics.dropped('unexpected-kind');
          const { follower, publisherEpoch, position } = envelope.payload;
          if (publisherEpoch === this.#options.epoch) this.#flow.reported(follower, position);
        },
        drop,
      );
    }
  }
}

/** The envelopes of a topic in as few frames as their size allows. */
function framesOf(envelopes: readonly Buffer[]): Buffer[] {
  const frames: Buffer[] = [];
  for (let from = 0; from < envelopes.length; ) {
    let to = from;
    let bytes = 0;
    do {
      bytes += (envelopes[to] as Buffer).length;
      to += 1;
    } while (to < envelopes.length && bytes + (envelopes[to] as Buffer).length <= BATCH_BYTES);
    frames.push(to - from === 1 ? (envelopes[from] as Buffer) : Buffer.concat(envelopes.slice(from, to), bytes));
    from = to;
  }
  return frames;
}
