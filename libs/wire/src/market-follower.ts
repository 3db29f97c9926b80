import { Subscriber } from 'zeromq';
import { decodeFrame, type Envelope, encodeEnvelope } from './envelope.ts';
import { MarketControl } from './market-control.ts';
import type { Kind, Payload } from './messages.ts';
import type { WireMetrics } from './metrics-port.ts';
import { type ClientOptions, type ClientSecurity, clientOptionsOf } from './security.ts';
import { messages, SOCKET_LIMITS } from './socket.ts';
import { type LossReason, type SnapshotTopic, StreamTracker, type TrackerLimits } from './stream-tracker.ts';
import { HEARTBEAT_TOPIC, POSITION_TOPIC } from './topics.ts';

/** With keys, `server` is the publisher of the stream. */
export type MarketFollowerOptions = ClientSecurity & {
  /** The name under which lag is reported: the service. */
  readonly name: string;
  readonly epoch: number;
  readonly connect: { readonly stream: string; readonly control: string };
  /** Topic prefixes: `AAPL/`, or the empty prefix for everything. */
  readonly prefixes: readonly string[];
  readonly nowNs: () => bigint;
  readonly metrics: WireMetrics;
  readonly receiveHighWaterMark: number;
  /** Milliseconds between the publisher's beats: three without one, and the sockets are made anew. */
  readonly heartbeatMs: number;
  readonly limits?: TrackerLimits;
  /** Called once for each envelope of a subscribed topic, in the order of the topic. Must not throw. */
  readonly deliver: (topic: string, envelope: Envelope) => void;
  /** `[from, to]` of a topic will not be delivered; `to` null: the epoch ended somewhere behind `from`. */
  readonly onLost: (topic: string, from: number, to: number | null, reason: LossReason) => void;
  /**
   * Where deliveries of a topic go on from, after joining or a loss: its last envelope as of `lastSeq`, which itself is
   * not delivered when joining, since it came before.
   */
  readonly onRebase?: (topic: string, envelope: Envelope | null, lastSeq: number) => void;
  /** Called with the run of the feed, at the first beat and whenever it changes. */
  readonly onRun: (run: string) => void;
  /** Called when nothing has come for three beats, and again when something has. */
  readonly onSilence?: (silent: boolean) => void;
};

const DEFAULT_LIMITS: TrackerLimits = { maxHeld: 65_536, retryMs: 200, maxTries: 10 };
const SILENT_BEATS = 3;
/** Times a snapshot may have been asked for again before the first of these questions is forgotten. */
const MAX_SNAPSHOT_QUESTIONS = 64;

/** A snapshot that was asked for, and the pages that have come. */
interface SnapshotQuestion {
  readonly prefixes: readonly string[];
  readonly complete: boolean;
  readonly values: boolean;
  readonly topics: SnapshotTopic[];
}

/**
 * The receiving side of a market stream: SUB for the stream, DEALER to ask for what is missing and to report how far it
 * has come. What is delivered, in which order, and what is lost is decided by `StreamTracker`; this is its sockets.
 */
export class MarketFollower {
  readonly #options: MarketFollowerOptions;
  readonly #keys: ClientOptions;
  readonly #control: MarketControl;
  readonly #tracker: StreamTracker;
  readonly #timer: NodeJS.Timeout;
  readonly #snapshots = new Map<string, SnapshotQuestion>();
  #stream: Subscriber;
  #lastRequest = 0;
  /** The time of the last tick: exact enough for retries, and cheaper than a clock a message. */
  #nowMs = performance.now();
  #lastHeardMs = performance.now();
  #heard = false;
  #silent = false;
  #run: string | undefined;
  #received = 0;
  #counted = 0;

  constructor(options: MarketFollowerOptions) {
    this.#options = options;
    const limits = options.limits ?? DEFAULT_LIMITS;
    const { metrics } = options;
    const tickMs = limits.retryMs / 2;
    this.#keys = clientOptionsOf(options);
    this.#control = new MarketControl({
      connect: options.connect.control,
      keys: this.#keys,
      metrics,
      patienceTicks: Math.ceil((SILENT_BEATS * options.heartbeatMs) / tickMs),
      onAnswer: (frames) => this.#takeAnswer(frames),
    });
    this.#tracker = new StreamTracker(
      {
        deliver: options.deliver,
        lost: (topic, from, to, reason) => {
          metrics.lost('market', reason, to === null ? 1 : to - from + 1);
          options.onLost(topic, from, to, reason);
        },
        rebase: (topic, envelope, lastSeq) => options.onRebase?.(topic, envelope, lastSeq),
        askRetransmit: (topic, from, to) => {
          metrics.missed('market', to - from + 1);
          this.#ask('retransmit', { requestId: this.#newRequestId(), topic, from, to });
        },
        askSnapshot: (topics, values) => this.#askSnapshot(topics, values),
        dropped: metrics.dropped,
      },
      limits,
    );
    this.#stream = this.#subscribe();
    this.#timer = setInterval(() => this.#tick(), tickMs);
  }

  /** Whether it is known where each topic begins: everything published from now on is delivered or told as lost. */
  get joined(): boolean {
    return this.#tracker.joined;
  }

  close(): void {
    clearInterval(this.#timer);
    this.#stream.close();
    this.#control.close();
  }

  /** `$hb` is subscribed last: ZeroMQ keeps the order, so the first beat finds every other subscription in force. */
  #subscribe(): Subscriber {
    const { connect, prefixes, receiveHighWaterMark } = this.#options;
    const stream = new Subscriber({ ...SOCKET_LIMITS, linger: 0, receiveHighWaterMark, ...this.#keys });
    stream.connect(connect.stream);
    for (const prefix of [...prefixes, POSITION_TOPIC, HEARTBEAT_TOPIC]) stream.subscribe(prefix);
    void this.#readStream(stream);
    return stream;
  }

  async #readStream(stream: Subscriber): Promise<void> {
    const { metrics } = this.#options;
    let topic = '';
    const take = (envelope: Envelope) => this.#take(topic, envelope);
    for await (const [topicFrame, payload] of messages(stream)) {
      this.#heard = true;
      if (topicFrame === undefined || payload === undefined) {
        metrics.dropped('frames');
        continue;
      }
      topic = topicFrame.toString('latin1');
      decodeFrame(payload, take, metrics.dropped);
    }
  }

  #take(topic: string, envelope: Envelope): void {
    if (envelope.kind === 'heartbeat') return this.#beat(envelope);
    if (envelope.kind === 'position') return this.#report(envelope.epoch, envelope.payload.position);
    this.#received += 1;
    this.#tracker.message(topic, envelope, this.#nowMs);
  }

  #beat(envelope: Envelope<'heartbeat'>): void {
    const { epoch, seq } = envelope;
    const { run, position, topics } = envelope.payload;
    const { prefixes, metrics, onRun } = this.#options;
    const followed = topics.filter(({ topic }) => prefixes.some((prefix) => topic.startsWith(prefix)));
    this.#tracker.beat({ epoch, seq, topics: followed }, this.#nowMs);
    if (run !== '' && run !== this.#run) {
      this.#run = run;
      onRun(run);
    }
    metrics.received('market', this.#received - this.#counted);
    this.#counted = this.#received;
    this.#report(epoch, position);
  }

  /** Reports a position that has been passed, once it is known where each topic begins. */
  #report(publisherEpoch: number, position: number): void {
    if (!this.#tracker.joined) return;
    this.#control.tell(this.#encode('lagReport', { follower: this.#options.name, publisherEpoch, position }));
  }

  #takeAnswer(frames: readonly Buffer[]): void {
    const { metrics } = this.#options;
    const envelopes: Envelope[] = [];
    decodeFrame(frames.at(-1) ?? Buffer.alloc(0), (envelope) => envelopes.push(envelope), metrics.dropped);
    const [reply, ...attached] = envelopes;
    if (reply?.kind === 'retransmitted') {
      const { topic, lostTo } = reply.payload;
      metrics.recovered('market', attached.length);
      const answer = { epoch: reply.epoch, lostTo, envelopes: attached };
      this.#tracker.retransmitted(topic, answer, performance.now());
    } else if (reply?.kind === 'snapshot') this.#takeSnapshot(reply, attached);
    else if (reply !== undefined) metrics.dropped('unexpected-kind');
  }

  #askSnapshot(topics: readonly string[] | null, values: boolean): void {
    const prefixes = topics ?? this.#options.prefixes;
    const question = { prefixes, complete: topics === null, values, topics: [] };
    // An answer may take longer than the tracker waits: one to the same question, asked before, is as good.
    for (const [requestId, asked] of this.#snapshots) {
      const isOld = this.#snapshots.size >= MAX_SNAPSHOT_QUESTIONS;
      if (isOld || !asksTheSame(asked, question)) this.#snapshots.delete(requestId);
    }
    this.#askPage(question, 0);
  }

  #askPage(question: SnapshotQuestion, first: number): void {
    const requestId = this.#newRequestId();
    this.#snapshots.set(requestId, question);
    this.#ask('snapshotQuery', { requestId, prefixes: question.prefixes, first, values: question.values });
  }

  #takeSnapshot(reply: Envelope<'snapshot'>, attached: readonly Envelope[]): void {
    const { requestId, topics, next } = reply.payload;
    const question = this.#snapshots.get(requestId);
    if (question === undefined) return;
    this.#snapshots.delete(requestId);
    topics.forEach(({ topic, lastSeq }, i) => {
      question.topics.push({ topic, lastSeq, envelope: attached[i] ?? null });
    });
    if (next > 0) return this.#askPage(question, next);
    this.#snapshots.clear();
    this.#tracker.snapshot({ ...question, epoch: reply.epoch }, performance.now());
  }

  #tick(): void {
    const nowMs = performance.now();
    this.#nowMs = nowMs;
    if (this.#heard) {
      this.#lastHeardMs = nowMs;
      this.#setSilent(false);
    }
    this.#heard = false;
    this.#control.tick();
    this.#tracker.tick(nowMs);
    if (nowMs - this.#lastHeardMs < SILENT_BEATS * this.#options.heartbeatMs) return;
    // A SUB can stay silent for ever after a refusal or a network event, and so can its DEALER: fresh ones do not.
    this.#lastHeardMs = nowMs;
    this.#setSilent(true);
    this.#options.metrics.reconnected('market');
    this.#stream.close();
    this.#stream = this.#subscribe();
    this.#control.reopen();
    this.#tracker.check(nowMs);
  }

  #setSilent(silent: boolean): void {
    if (this.#silent === silent) return;
    this.#silent = silent;
    this.#options.onSilence?.(silent);
  }

  #newRequestId(): string {
    this.#lastRequest += 1;
    return `${this.#options.name}-${this.#options.epoch}-${this.#lastRequest}`;
  }

  #ask<K extends Kind>(kind: K, payload: Payload<K>): void {
    this.#control.ask(this.#encode(kind, payload));
  }

  #encode<K extends Kind>(kind: K, payload: Payload<K>): Buffer {
    const { name, epoch, nowNs } = this.#options;
    return encodeEnvelope(kind, { source: name, epoch, seq: 0, tsNs: nowNs(), traceparent: null }, payload);
  }
}

function asksTheSame(one: SnapshotQuestion, other: SnapshotQuestion): boolean {
  return (
    one.complete === other.complete &&
    one.values === other.values &&
    one.prefixes.length === other.prefixes.length &&
    one.prefixes.every((prefix, i) => prefix === other.prefixes[i])
  );
}
