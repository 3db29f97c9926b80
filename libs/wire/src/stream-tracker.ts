import type { Envelope } from './envelope.ts';

/** Why a range of a topic is gone. */
export type LossReason =
  /** The publisher's ring no longer had it. */
  | 'ring'
  /** The publisher did not answer. */
  | 'unanswered'
  /** The publisher was started anew: what the old incarnation still had to say is not known. */
  | 'epoch';

/** What a tracker does, in order. Between two re-bases every seq of a topic is delivered once or named in one loss. */
export interface TrackerPort {
  deliver(topic: string, envelope: Envelope): void;
  /** `[from, to]` will not be delivered; `to` null: everything from `from` on in an epoch that has ended. */
  lost(topic: string, from: number, to: number | null, reason: LossReason): void;
  /** The topic's state as of `lastSeq`; deliveries go on behind it. Null when the publisher keeps no state for it. */
  rebase(topic: string, envelope: Envelope | null, lastSeq: number): void;
  askRetransmit(topic: string, from: number, to: number): void;
  /** Asks for the last seqs, and for the state too if `values`; of the topics given, or of all that are followed. */
  askSnapshot(topics: readonly string[] | null, values: boolean): void;
  /** An arrival that is of no use; `hold-back`: there was no room to hold it, it will be asked for when its turn comes. */
  dropped(reason: 'duplicate' | 'stale-epoch' | 'hold-back'): void;
}

export interface TrackerLimits {
  /** Envelopes that may wait behind gaps, over all topics. */
  readonly maxHeld: number;
  /** How long an unanswered question waits before it is asked again. */
  readonly retryMs: number;
  /** How often a retransmission is asked for before the range counts as lost. */
  readonly maxTries: number;
}

export interface SnapshotTopic {
  readonly topic: string;
  readonly lastSeq: number;
  readonly envelope: Envelope | null;
}

/** The publisher's answer to `askSnapshot`, with what was asked. */
export interface SnapshotReply {
  readonly epoch: number;
  /** Whether all topics that are followed were asked for, and whether their state was. */
  readonly complete: boolean;
  readonly values: boolean;
  readonly topics: readonly SnapshotTopic[];
}

/** A beat: which topics, of those that are followed, had moved to which seq. */
export interface Beat {
  readonly epoch: number;
  readonly seq: number;
  readonly topics: readonly { readonly topic: string; readonly lastSeq: number }[];
}

export interface RetransmitReply {
  readonly epoch: number;
  /** The last seq of the range asked for that the publisher no longer has; 0 when it has all. */
  readonly lostTo: number;
  readonly envelopes: readonly Envelope[];
}

interface Question {
  askedMs: number;
  tries: number;
}

interface Track {
  /** The seq that is delivered next. */
  next: number;
  /** The highest seq that is known to exist. */
  known: number;
  readonly held: Map<number, Envelope>;
  asked: Question | undefined;
  /** After a loss: deliveries wait until a snapshot says where the state is to be put. */
  awaitsSnapshot: boolean;
  /** A snapshot whose place in the order has not been reached. */
  rebaseAt: SnapshotTopic | undefined;
}

/** A retransmission is asked for this many seqs at most, with whatever further gaps there are in them. */
const ASK_SPAN = 256;
/** With more topics than this to re-base, all are asked for. */
const MANY_TOPICS = 64;

/**
 * The receiving side of a market stream as bookkeeping alone (DESIGN §6): what is delivered, what is held behind a gap,
 * what is asked for again and what is declared lost. In order, once, or declared lost, whatever is dropped, repeated,
 * reordered or delayed on the way. Time comes in as milliseconds of any monotonic clock.
 */
export class StreamTracker {
  readonly #port: TrackerPort;
  readonly #limits: TrackerLimits;
  #tracks = new Map<string, Track>();
  #epoch: number | undefined;
  /** Until the first snapshot of an epoch has come everything is held: it says where each topic begins for us. */
  #joining = false;
  /** When the snapshot was asked for that has not come; one at a time. */
  #snapshotAskedMs: number | undefined;
  #awaitingSnapshot = new Set<string>();
  /** All last seqs are to be asked for. */
  #checkWanted = false;
  #lastBeat = 0;
  #held = 0;

  constructor(port: TrackerPort, limits: TrackerLimits) {
    this.#port = port;
    this.#limits = limits;
  }

  /** True once it is known where each topic begins. */
  get joined(): boolean {
    return this.#epoch !== undefined && !this.#joining;
  }

  /** Envelopes that are held back now. */
  get heldCount(): number {
    return this.#held;
  }

  /** One envelope of a sequenced topic, as it arrived. */
  message(topic: string, envelope: Envelope, nowMs: number): void {
    if (envelope.epoch !== this.#epoch && !this.#enterEpoch(envelope.epoch, nowMs)) return;
    const track = this.#tracks.get(topic) ?? this.#begin(topic);
    const { seq } = envelope;
    if (seq < track.next || track.held.has(seq)) return this.#port.dropped('duplicate');
    if (seq > track.known) track.known = seq;
    if (seq === track.next && !this.#joining && !track.awaitsSnapshot) this.#deliver(topic, track, envelope);
    else this.#hold(track, envelope);
    if (track.next <= track.known) this.#advance(topic, track, nowMs);
  }

  /** A missed beat may have told of topics that are silent since: then all last seqs are asked for. */
  beat({ epoch, seq, topics }: Beat, nowMs: number): void {
    if (epoch !== this.#epoch && !this.#enterEpoch(epoch, nowMs)) return;
    const missed = seq > this.#lastBeat + 1;
    this.#lastBeat = Math.max(this.#lastBeat, seq);
    if (this.#joining) return;
    for (const { topic, lastSeq } of topics) this.#learn(topic, lastSeq, nowMs);
    if (missed) this.check(nowMs);
  }

  /** Asks for all last seqs: after a missed beat, or an interruption. */
  check(nowMs: number): void {
    this.#checkWanted = true;
    if (this.joined && this.#snapshotAskedMs === undefined) this.#askSnapshot(nowMs);
  }

  snapshot(reply: SnapshotReply, nowMs: number): void {
    const { epoch, complete, values, topics } = reply;
    // Of a newer incarnation, the answer to an old question may lack topics: entering it asks for all.
    if (epoch !== this.#epoch) return void this.#enterEpoch(epoch, nowMs);
    if (this.#joining) {
      if (!complete || !values) return;
      this.#join(topics, nowMs);
    } else {
      for (const state of topics) this.#learnState(state, values, nowMs);
    }
    this.#snapshotAskedMs = undefined;
    if (complete) this.#checkWanted = false;
    if (this.#checkWanted || this.#awaitingSnapshot.size > 0) this.#askSnapshot(nowMs);
  }

  /** The publisher's answer to `askRetransmit`: what it still has, and up to where it has nothing any more. */
  retransmitted(topic: string, reply: RetransmitReply, nowMs: number): void {
    const track = this.#tracks.get(topic);
    if (track === undefined || reply.epoch !== this.#epoch || this.#joining) return;
    const before = track.next + track.held.size;
    if (reply.lostTo >= track.next) this.#lose(topic, track, { to: reply.lostTo, reason: 'ring', nowMs });
    for (const envelope of reply.envelopes) {
      if (envelope.seq >= track.next && !track.held.has(envelope.seq)) this.message(topic, envelope, nowMs);
    }
    // An answer that brought nothing leaves the question open until it is due again.
    if (track.next + track.held.size > before) track.asked = undefined;
    this.#advance(topic, track, nowMs);
  }

  /** Repeats questions that were not answered in time. Call it a few times per `retryMs`. */
  tick(nowMs: number): void {
    const { retryMs, maxTries } = this.#limits;
    if (this.#snapshotAskedMs !== undefined && nowMs - this.#snapshotAskedMs >= retryMs) this.#askSnapshot(nowMs);
    for (const [topic, track] of this.#tracks) {
      const { asked } = track;
      if (asked === undefined || nowMs - asked.askedMs < retryMs) continue;
      const to = this.#missingEnd(track);
      if (asked.tries >= maxTries) {
        this.#lose(topic, track, { to, reason: 'unanswered', nowMs });
      } else {
        asked.askedMs = nowMs;
        asked.tries += 1;
        this.#port.askRetransmit(topic, track.next, to);
      }
    }
  }

  /** False for an incarnation that has been replaced. A newer one ends what the old one may still have had to say. */
  #enterEpoch(epoch: number, nowMs: number): boolean {
    if (this.#epoch !== undefined && epoch < this.#epoch) {
      this.#port.dropped('stale-epoch');
      return false;
    }
    const ended = this.joined ? this.#tracks : new Map<string, Track>();
    for (const [topic, track] of ended) {
      this.#skipTo(topic, track, { to: track.known, reason: 'epoch' });
      this.#port.lost(topic, track.next, null, 'epoch');
    }
    this.#epoch = epoch;
    this.#tracks = new Map();
    this.#awaitingSnapshot = new Set();
    this.#held = 0;
    this.#lastBeat = 0;
    this.#joining = true;
    this.#checkWanted = false;
    this.#askSnapshot(nowMs);
    return true;
  }

  /** The snapshot says where each topic begins; what it already holds is dropped. */
  #join(topics: readonly SnapshotTopic[], nowMs: number): void {
    this.#joining = false;
    // The snapshot may be older than the beats that came while it was waited for: the next beat counts as missed.
    this.#lastBeat = 0;
    for (const { topic, lastSeq, envelope } of topics) {
      const track = this.#tracks.get(topic) ?? this.#begin(topic);
      for (const seq of track.held.keys()) if (seq <= lastSeq && track.held.delete(seq)) this.#held -= 1;
      track.next = lastSeq + 1;
      track.known = Math.max(track.known, lastSeq);
      this.#port.rebase(topic, envelope, lastSeq);
    }
    for (const [topic, track] of this.#tracks) this.#advance(topic, track, nowMs);
  }

  #learnState(state: SnapshotTopic, values: boolean, nowMs: number): void {
    const { topic, lastSeq } = state;
    const track = this.#tracks.get(topic);
    // A snapshot that was asked for before the loss is too old to stand behind it.
    if (track?.awaitsSnapshot === true && values && lastSeq >= track.next - 1) {
      track.awaitsSnapshot = false;
      this.#awaitingSnapshot.delete(topic);
      track.rebaseAt = state;
      this.#rebaseIfReached(topic, track);
    }
    this.#learn(topic, lastSeq, nowMs);
  }

  #learn(topic: string, lastSeq: number, nowMs: number): void {
    const track = this.#tracks.get(topic) ?? this.#begin(topic);
    track.known = Math.max(track.known, lastSeq);
    this.#advance(topic, track, nowMs);
  }

  #begin(topic: string): Track {
    const track: Track = {
      next: 1,
      known: 0,
      held: new Map(),
      asked: undefined,
      awaitsSnapshot: false,
      rebaseAt: undefined,
    };
    this.#tracks.set(topic, track);
    return track;
  }

  #hold(track: Track, envelope: Envelope): void {
    if (this.#held >= this.#limits.maxHeld) return this.#port.dropped('hold-back');
    track.held.set(envelope.seq, envelope);
    this.#held += 1;
  }

  /** Delivers what is held and in order, and asks for what is missing before the rest. */
  #advance(topic: string, track: Track, nowMs: number): void {
    if (this.#joining || track.awaitsSnapshot) return;
    for (let envelope = track.held.get(track.next); envelope !== undefined; envelope = track.held.get(track.next)) {
      track.held.delete(track.next);
      this.#held -= 1;
      track.asked = undefined;
      this.#deliver(topic, track, envelope);
    }
    if (track.next > track.known) track.asked = undefined;
    else if (track.asked === undefined) {
      track.asked = { askedMs: nowMs, tries: 1 };
      this.#port.askRetransmit(topic, track.next, this.#missingEnd(track));
    }
  }

  #deliver(topic: string, track: Track, envelope: Envelope): void {
    track.next += 1;
    this.#port.deliver(topic, envelope);
    if (track.rebaseAt !== undefined) this.#rebaseIfReached(topic, track);
  }

  #rebaseIfReached(topic: string, track: Track): void {
    const { rebaseAt } = track;
    if (rebaseAt === undefined || rebaseAt.lastSeq !== track.next - 1) return;
    track.rebaseAt = undefined;
    this.#port.rebase(topic, rebaseAt.envelope, rebaseAt.lastSeq);
  }

  /** Declares what is missing up to `to` lost. What comes after waits for a snapshot of the topic's state. */
  #lose(topic: string, track: Track, loss: { to: number; reason: LossReason; nowMs: number }): void {
    track.rebaseAt = undefined;
    this.#skipTo(topic, track, loss);
    track.asked = undefined;
    track.awaitsSnapshot = true;
    this.#awaitingSnapshot.add(topic);
    if (this.#snapshotAskedMs === undefined) this.#askSnapshot(loss.nowMs);
  }

  /** Moves past `to`: held envelopes are delivered in order, the runs between them declared lost. */
  #skipTo(topic: string, track: Track, { to, reason }: { to: number; reason: LossReason }): void {
    let from = track.next;
    const survivors = Array.from(track.held.keys()).filter((seq) => seq <= to);
    for (const seq of survivors.sort((a, b) => a - b)) {
      if (seq > from) this.#port.lost(topic, from, seq - 1, reason);
      from = seq + 1;
      this.#port.deliver(topic, track.held.get(seq) as Envelope);
      track.held.delete(seq);
      this.#held -= 1;
    }
    if (to >= from) this.#port.lost(topic, from, to, reason);
    track.next = Math.max(track.next, to + 1);
  }

  /** The last missing seq within the span of one question. */
  #missingEnd(track: Track): number {
    let last = track.next;
    const end = Math.min(track.known, track.next + ASK_SPAN - 1);
    for (let seq = track.next; seq <= end; seq += 1) if (!track.held.has(seq)) last = seq;
    return last;
  }

  #askSnapshot(nowMs: number): void {
    this.#snapshotAskedMs = nowMs;
    if (this.#joining) return this.#port.askSnapshot(null, true);
    if (this.#checkWanted) return this.#port.askSnapshot(null, false);
    const few = this.#awaitingSnapshot.size <= MANY_TOPICS;
    this.#port.askSnapshot(few ? Array.from(this.#awaitingSnapshot) : null, true);
  }
}
