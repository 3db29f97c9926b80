import { Deque } from './deque.ts';

export interface FlowLimits {
  /** Followers that must receive the stream before a replay starts, and whose lag holds it back. */
  readonly requiredFollowers: readonly string[];
  /** Envelopes a follower may be behind before the replay pauses: at most half the socket's high-water mark. */
  readonly maxLag: number;
  /** Bytes of envelopes a follower may be behind: at most half the ring. */
  readonly maxLagBytes: number;
  /** Envelopes between two position marks. */
  readonly markEvery: number;
}

interface Mark {
  readonly position: number;
  readonly bytes: number;
}

/**
 * Flow control of a replay (DESIGN §6): pure bookkeeping of how far each required follower is behind. A follower that
 * has died stops reporting and so holds the replay until it is back; there is no timeout, because a replay can wait.
 */
export class FlowControl {
  readonly #limits: FlowLimits;
  readonly #onFlow: (paused: boolean) => void;
  readonly #positions = new Map<string, number>();
  /** Marks that not every follower has reached, oldest first. */
  readonly #marks = new Deque<Mark>();
  readonly #complete = Promise.withResolvers<void>();
  #published: Mark = { position: 0, bytes: 0 };
  #reached: Mark = { position: 0, bytes: 0 };
  #paused = false;

  constructor(limits: FlowLimits, onFlow: (paused: boolean) => void) {
    this.#limits = limits;
    this.#onFlow = onFlow;
    if (limits.requiredFollowers.length === 0) this.#complete.resolve();
  }

  whenComplete(): Promise<void> {
    return this.#complete.promise;
  }

  /** A mark that followers will report: `position` envelopes, `bytes` in all of them. */
  published(position: number, bytes: number): void {
    this.#published = { position, bytes };
    this.#marks.push(this.#published);
    this.#judge();
  }

  reported(follower: string, position: number): void {
    if (!this.#limits.requiredFollowers.includes(follower)) return;
    // What has been passed stays passed: a late or false report does not hold up a replay.
    this.#positions.set(follower, Math.max(position, this.#positions.get(follower) ?? 0));
    if (this.#positions.size === this.#limits.requiredFollowers.length) this.#complete.resolve();
    this.#judge();
  }

  /** How far the slowest required follower is behind. */
  get lag(): { readonly envelopes: number; readonly bytes: number } {
    const { position, bytes } = this.#published;
    return { envelopes: position - this.#reached.position, bytes: bytes - this.#reached.bytes };
  }

  #judge(): void {
    const slowest = Math.min(this.#published.position, ...this.#positions.values());
    for (let mark = this.#marks.at(0); mark !== undefined && mark.position <= slowest; mark = this.#marks.at(0)) {
      this.#reached = mark;
      this.#marks.shift();
    }
    const { envelopes, bytes } = this.lag;
    const { maxLag, maxLagBytes } = this.#limits;
    // Resume at half the limit, so that a replay does not stutter at the edge.
    const share = this.#paused ? 0.5 : 1;
    const paused = envelopes > maxLag * share || bytes > maxLagBytes * share;
    if (paused === this.#paused) return;
    this.#paused = paused;
    this.#onFlow(paused);
  }
}
