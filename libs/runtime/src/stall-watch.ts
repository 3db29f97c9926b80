export interface StallWatchOptions {
  /** The wall clock: it goes on while the machine sleeps. */
  readonly nowMs: () => number;
  /** Milliseconds without a turn of the event loop that count as a stall. */
  readonly boundMs: number;
  readonly onStall: (stalledMs: number) => void;
}

const CHECKS_PER_BOUND = 5;

/**
 * Tells when this process stood still: stopped, swapped out, or on a machine that slept. What waits in its sockets then
 * is read in any order, so whoever acts on one calls `check` first. Told once a stall, by whoever sees it first.
 */
export class StallWatch {
  readonly #options: StallWatchOptions;
  readonly #timer: NodeJS.Timeout;
  #lastMs: number;

  constructor(options: StallWatchOptions) {
    this.#options = options;
    this.#lastMs = options.nowMs();
    this.#timer = setInterval(() => this.check(), options.boundMs / CHECKS_PER_BOUND).unref();
  }

  check(): void {
    const { nowMs, boundMs, onStall } = this.#options;
    const stalledMs = nowMs() - this.#lastMs;
    this.#lastMs += stalledMs;
    if (stalledMs > boundMs) onStall(stalledMs);
  }

  close(): void {
    clearInterval(this.#timer);
  }
}
