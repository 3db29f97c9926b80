import { Dealer, Subscriber } from 'zeromq';
import { type DecodeFault, decodeFrame, type Envelope, encodeEnvelope } from './envelope.ts';
import type { WireMetrics } from './metrics-port.ts';
import { Outbox } from './outbox.ts';
import { GapDetector } from './sequence.ts';
import { messages } from './socket.ts';
import { HEARTBEAT_TOPIC, POSITION_TOPIC } from './topics.ts';

export interface MarketFollowerOptions {
  /** The name under which lag is reported: the service. */
  readonly name: string;
  readonly epoch: number;
  readonly connect: { readonly stream: string; readonly control: string };
  /** Topic prefixes: `AAPL/`, or the empty prefix for everything. */
  readonly prefixes: readonly string[];
  readonly nowNs: () => bigint;
  readonly metrics: WireMetrics;
  readonly receiveHighWaterMark: number;
  /** Called in order for each envelope of a subscribed topic, system topics apart. Must not throw. */
  readonly deliver: (topic: string, envelope: Envelope) => void;
  /** Called with the run of the feed, at the first beat and whenever it changes. */
  readonly onRun: (run: string) => void;
  /** Called when `[from, to]` of a topic did not arrive. */
  readonly onGap: (topic: string, from: number, to: number) => void;
}

/**
 * The receiving side of a market stream: SUB for the stream, DEALER to report how far it has come. `$hb` is subscribed
 * last; since ZeroMQ keeps the order of subscriptions, the first beat proves that every other one is in force, and only
 * then does the follower report itself. Messages before the first beat are delivered as well.
 */
export class MarketFollower {
  readonly #options: MarketFollowerOptions;
  readonly #stream: Subscriber;
  readonly #control = new Dealer({ linger: 0 });
  readonly #gaps = new GapDetector();
  readonly #reports: Outbox;
  #run: string | undefined;
  #count = 0;
  #counted = 0;

  constructor(options: MarketFollowerOptions) {
    this.#options = options;
    this.#stream = new Subscriber({ linger: 0, receiveHighWaterMark: options.receiveHighWaterMark });
    this.#stream.connect(options.connect.stream);
    this.#control.connect(options.connect.control);
    // A report replaces the one before it.
    const onDrop = options.metrics.dropped;
    this.#reports = new Outbox(this.#control, { capacity: 1, whenFull: 'drop-oldest', onDrop });
    for (const prefix of options.prefixes) this.#stream.subscribe(prefix);
    this.#stream.subscribe(POSITION_TOPIC);
    this.#stream.subscribe(HEARTBEAT_TOPIC);
    void this.#read();
  }

  close(): void {
    this.#stream.close();
    this.#control.close();
  }

  async #read(): Promise<void> {
    let topic = '';
    const onEnvelope = (envelope: Envelope) => this.#take(topic, envelope);
    const onFault = (reason: DecodeFault) => this.#options.metrics.dropped(reason);
    for await (const [topicFrame, payload] of messages(this.#stream)) {
      if (topicFrame === undefined || payload === undefined) {
        this.#options.metrics.dropped('frames');
        continue;
      }
      topic = topicFrame.toString();
      decodeFrame(payload, onEnvelope, onFault);
    }
  }

  #take(topic: string, envelope: Envelope): void {
    const arrival = this.#gaps.judge(topic, envelope.epoch, envelope.seq);
    if (arrival.type === 'duplicate' || arrival.type === 'stale-epoch')
      return this.#options.metrics.dropped(arrival.type);
    if (arrival.type === 'gap') this.#missed(topic, arrival.from, arrival.to);
    if (arrival.type === 'new-epoch' && arrival.missed > 0) this.#missed(topic, 1, arrival.missed);
    if (envelope.kind === 'heartbeat') return this.#beat(envelope);
    if (envelope.kind === 'position') return this.#report(envelope.epoch, envelope.payload.position);
    this.#count += 1;
    this.#options.deliver(topic, envelope);
  }

  #missed(topic: string, from: number, to: number): void {
    this.#options.metrics.missed('market', to - from + 1);
    this.#options.onGap(topic, from, to);
  }

  #beat(envelope: Envelope<'heartbeat'>): void {
    const { run, position } = envelope.payload;
    if (run !== '' && run !== this.#run) {
      this.#run = run;
      this.#options.onRun(run);
    }
    this.#options.metrics.received('market', this.#count - this.#counted);
    this.#counted = this.#count;
    this.#report(envelope.epoch, position);
  }

  #report(publisherEpoch: number, position: number): void {
    const { name, epoch, nowNs } = this.#options;
    const header = { source: name, epoch, seq: 0, tsNs: nowNs(), traceparent: null };
    this.#reports.offer([encodeEnvelope('lagReport', header, { follower: name, publisherEpoch, position })]);
  }
}
