import { Deque } from './deque.ts';

interface TopicRing {
  readonly envelopes: Deque<Buffer>;
  /** Seq of the oldest envelope that is kept, or of the next one when none is. */
  firstSeq: number;
}

/** What the ring has of a range: the envelopes from the first it still has, in order, and how far it has nothing. */
export interface RingRange {
  /** The last seq of the range that is gone for good; below the range when nothing is. */
  readonly lostTo: number;
  readonly envelopes: readonly Buffer[];
}

/** Bytes that an envelope costs beside its own. */
const OVERHEAD_BYTES = 64;

/**
 * The last envelopes of every topic, for those who missed some: bounded in bytes over all topics together, so that a
 * busy topic pushes out old envelopes of any other. Sequence numbers of a topic are pushed without holes.
 */
export class RetransmitRing {
  readonly #maxBytes: number;
  readonly #topics = new Map<string, TopicRing>();
  /** The topics in the order in which their envelopes came. */
  readonly #order = new Deque<TopicRing>();
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Bytes that are held, overhead included. */
  get sizeBytes(): number {
    return this.#bytes;
  }

  push(topic: string, seq: number, envelope: Buffer): void {
    let ring = this.#topics.get(topic);
    if (ring === undefined) {
      ring = { envelopes: new Deque(), firstSeq: seq };
      this.#topics.set(topic, ring);
    }
    ring.envelopes.push(envelope);
    this.#order.push(ring);
    this.#bytes += envelope.length + OVERHEAD_BYTES;
    while (this.#bytes > this.#maxBytes) this.#evictOldest();
  }

  /** Envelopes `from … to` of a topic as far as they are kept, at least one if any is and then no more than `maxBytes`. */
  range(topic: string, from: number, to: number, maxBytes: number): RingRange {
    const ring = this.#topics.get(topic);
    if (ring === undefined) return { lostTo: to, envelopes: [] };
    const lostTo = Math.min(to, ring.firstSeq - 1);
    const envelopes: Buffer[] = [];
    let bytes = 0;
    for (let seq = Math.max(from, ring.firstSeq); seq <= to; seq += 1) {
      const envelope = ring.envelopes.at(seq - ring.firstSeq);
      if (envelope === undefined) break;
      bytes += envelope.length;
      if (envelopes.length > 0 && bytes > maxBytes) break;
      envelopes.push(envelope);
    }
    return { lostTo, envelopes };
  }

  #evictOldest(): void {
    const ring = this.#order.shift();
    const envelope = ring?.envelopes.shift();
    if (ring === undefined || envelope === undefined) throw new Error('the ring counts bytes it does not hold');
    ring.firstSeq += 1;
    this.#bytes -= envelope.length + OVERHEAD_BYTES;
  }
}
