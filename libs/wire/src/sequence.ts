/** Numbers the messages of each topic of one sender's incarnation, from 1. */
export class Sequencer {
  readonly #last = new Map<string, number>();

  next(topic: string): number {
    const seq = (this.#last.get(topic) ?? 0) + 1;
    this.#last.set(topic, seq);
    return seq;
  }

  /** The last number given out for the topic; 0 before the first. */
  last(topic: string): number {
    return this.#last.get(topic) ?? 0;
  }

  topics(): IterableIterator<[topic: string, lastSeq: number]> {
    return this.#last.entries();
  }
}

/** What a sequence number says about the stream of one (source, topic). */
export type Arrival =
  | { readonly type: 'in-order' }
  | { readonly type: 'duplicate' }
  /** `from … to` inclusive did not arrive before this message. */
  | { readonly type: 'gap'; readonly from: number; readonly to: number }
  /** First message of a newer incarnation; `missed` = its messages before this one that did not arrive. */
  | { readonly type: 'new-epoch'; readonly missed: number }
  /** Of an incarnation that has been replaced. */
  | { readonly type: 'stale-epoch' };

const IN_ORDER: Arrival = { type: 'in-order' };
const DUPLICATE: Arrival = { type: 'duplicate' };
const STALE: Arrival = { type: 'stale-epoch' };

interface Track {
  epoch: number;
  seq: number;
}

/**
 * Judges arrivals by (source, epoch, topic, seq). The first message of a topic that is ever seen sets the base: whoever
 * joins late has missed nothing it could name. After a gap the track stands at the newest message.
 */
export class GapDetector {
  readonly #tracks = new Map<string, Track>();

  judge(topic: string, epoch: number, seq: number): Arrival {
    const track = this.#tracks.get(topic);
    if (track === undefined) {
      this.#tracks.set(topic, { epoch, seq });
      return IN_ORDER;
    }
    if (epoch < track.epoch) return STALE;
    if (epoch > track.epoch) {
      track.epoch = epoch;
      track.seq = seq;
      return { type: 'new-epoch', missed: seq - 1 };
    }
    if (seq <= track.seq) return DUPLICATE;
    const from = track.seq + 1;
    track.seq = seq;
    return seq === from ? IN_ORDER : { type: 'gap', from, to: seq - 1 };
  }
}
