export interface FlowLimits {
  /** Followers that must receive the stream before a replay starts, and whose lag holds it back. */
  readonly requiredFollowers: readonly string[];
  /** Envelopes a follower may be behind before the replay pauses. */
  readonly maxLag: number;
  /** Envelopes between two position marks. */
  readonly markEvery: number;
}

/**
 * Flow control of a replay (DESIGN §6): pure bookkeeping of how far each required follower is behind. A follower that
 * has died stops reporting and so holds the replay until it is back; there is no timeout, because a replay can wait.
 */
export class FlowControl {
  readonly #limits: FlowLimits;
  readonly #onFlow: (paused: boolean) => void;
  readonly #positions = new Map<string, number>();
  #published = 0;
  #paused = false;
  #complete: { readonly promise: Promise<void>; readonly resolve: () => void };

  constructor(limits: FlowLimits, onFlow: (paused: boolean) => void) {
    this.#limits = limits;
    this.#onFlow = onFlow;
    this.#complete = Promise.withResolvers<void>();
    if (limits.requiredFollowers.length === 0) this.#complete.resolve();
  }

  whenComplete(): Promise<void> {
    return this.#complete.promise;
  }

  published(position: number): void {
    this.#published = position;
    this.#judge();
  }

  reported(follower: string, position: number): void {
    if (!this.#limits.requiredFollowers.includes(follower)) return;
    this.#positions.set(follower, position);
    if (this.#positions.size === this.#limits.requiredFollowers.length) this.#complete.resolve();
    this.#judge();
  }

  /** Envelopes the slowest required follower is behind. */
  get lag(): number {
    let slowest = this.#published;
    for (const position of this.#positions.values()) slowest = Math.min(slowest, position);
    return this.#published - slowest;
  }

  #judge(): void {
    const { lag } = this;
    // Resume at half the limit, so that a replay does not stutter at the edge.
    const paused = this.#paused ? lag > this.#limits.maxLag / 2 : lag > this.#limits.maxLag;
    if (paused === this.#paused) return;
    this.#paused = paused;
    this.#onFlow(paused);
  }
}
