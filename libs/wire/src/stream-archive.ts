import { encodeEnvelope } from './envelope.ts';
import type { Kind, Payload } from './messages.ts';
import type { Reply } from './responder.ts';
import { RetransmitRing } from './retransmit-ring.ts';
import { SYSTEM_PREFIX } from './topics.ts';

export interface StreamArchiveOptions {
  readonly source: string;
  readonly epoch: number;
  readonly ringBytes: number;
}

interface TopicState {
  lastSeq: number;
  envelope: Buffer;
}

/** Bytes of envelopes in one answer; whoever wants more asks again. */
const ANSWER_BYTES = 256 * 1024;

/**
 * What a publisher remembers of its stream, as bookkeeping alone: the numbers given out, the ring of what was sent, and
 * the last envelope of each topic, which is the topic's state. Answers those who missed something or came late.
 */
export class StreamArchive {
  readonly #options: StreamArchiveOptions;
  readonly #ring: RetransmitRing;
  readonly #topics = new Map<string, TopicState>();
  readonly #systemSeqs = new Map<string, number>();
  readonly #moved = new Set<string>();

  constructor(options: StreamArchiveOptions) {
    this.#options = options;
    this.#ring = new RetransmitRing(options.ringBytes);
  }

  /** Bytes the ring holds. */
  get ringBytes(): number {
    return this.#ring.sizeBytes;
  }

  /** Numbers and encodes an envelope and keeps it. System topics are numbered and not kept. */
  append<K extends Kind>(topic: string, message: { kind: K; payload: Payload<K>; tsNs: bigint }): Buffer {
    const { source, epoch } = this.#options;
    const { kind, payload, tsNs } = message;
    const system = topic.startsWith(SYSTEM_PREFIX);
    const state = system ? undefined : this.#topics.get(topic);
    const seq = 1 + (system ? (this.#systemSeqs.get(topic) ?? 0) : (state?.lastSeq ?? 0));
    const envelope = encodeEnvelope(kind, { source, epoch, seq, tsNs, traceparent: null }, payload);
    if (system) {
      this.#systemSeqs.set(topic, seq);
      return envelope;
    }
    this.#ring.push(topic, seq, envelope);
    this.#moved.add(topic);
    if (state === undefined) this.#topics.set(topic, { lastSeq: seq, envelope });
    else {
      state.lastSeq = seq;
      state.envelope = envelope;
    }
    return envelope;
  }

  /** The topics that have moved since the last call, for a beat. */
  takeMoved(): { topic: string; lastSeq: number }[] {
    const moved = Array.from(this.#moved, (topic) => ({ topic, lastSeq: this.#topics.get(topic)?.lastSeq ?? 0 }));
    this.#moved.clear();
    return moved;
  }

  answerRetransmit(request: Payload<'retransmit'>): Reply<'retransmitted'> {
    const { requestId, topic, from, to } = request;
    const last = Math.min(to, this.#topics.get(topic)?.lastSeq ?? 0);
    const { lostTo, envelopes } = this.#ring.range(topic, from, last, ANSWER_BYTES);
    const payload = { requestId, topic, from, to, lostTo: lostTo >= from ? lostTo : 0 };
    return { kind: 'retransmitted', payload, attached: envelopes };
  }

  /** One page of the topics that match, from the `first`-th on; `next` is where the following page begins, 0 after the last. */
  answerSnapshot(request: Payload<'snapshotQuery'>): Reply<'snapshot'> {
    const { requestId, prefixes, first, values } = request;
    const topics: { topic: string; lastSeq: number }[] = [];
    const attached: Buffer[] = [];
    let index = 0;
    let bytes = 0;
    for (const [topic, { lastSeq, envelope }] of this.#topics) {
      index += 1;
      if (index <= first || !prefixes.some((prefix) => topic.startsWith(prefix))) continue;
      bytes += topic.length + (values ? envelope.length : 0);
      if (topics.length > 0 && bytes > ANSWER_BYTES) {
        return { kind: 'snapshot', payload: { requestId, topics, next: index - 1 }, attached };
      }
      topics.push({ topic, lastSeq });
      if (values) attached.push(envelope);
    }
    return { kind: 'snapshot', payload: { requestId, topics, next: 0 }, attached };
  }
}
