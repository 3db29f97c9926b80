import type { DropReason, FullPolicy, SendResult } from '../src/outbox.ts';

/** What an outbox does, said plainly: arrays, and one message at a time with the socket. */
export class NaiveOutbox {
  readonly taken: number[] = [];
  readonly drops: DropReason[] = [];
  readonly queue: number[] = [];
  /** What each `send` has resolved to so far. */
  readonly results = new Map<number, SendResult>();
  readonly #capacity: number;
  readonly #whenFull: FullPolicy;
  readonly #waiting: number[] = [];
  #pending: number | undefined;
  #closed = false;
  #comingWhileOverHalf = 0;

  constructor(capacity: number, whenFull: FullPolicy) {
    this.#capacity = capacity;
    this.#whenFull = whenFull;
  }

  offer(number: number): SendResult {
    if (this.#closed) return 'closed';
    if (this.#pending === undefined) {
      this.#give(number);
      return 'sent';
    }
    if (typeof this.#whenFull === 'object') {
      const isOverHalf = this.queue.length > this.#capacity / 2;
      this.#comingWhileOverHalf = isOverHalf ? this.#comingWhileOverHalf + 1 : 0;
      if (this.#comingWhileOverHalf % this.#whenFull.sample !== 0) {
        this.drops.push('sampled');
        return 'dropped';
      }
    }
    if (this.queue.length < this.#capacity) {
      this.queue.push(number);
      return 'queued';
    }
    if (this.#whenFull === 'block') return 'full';
    this.drops.push('queue-full');
    if (this.#whenFull !== 'drop-oldest') return 'dropped';
    this.queue.push(number);
    this.queue.shift();
    return 'queued';
  }

  send(number: number): void {
    const result = this.offer(number);
    if (result === 'full') this.#waiting.push(number);
    else this.results.set(number, result);
  }

  settle(isRefused: boolean): void {
    if (this.#pending === undefined) return;
    this.#pending = undefined;
    if (isRefused) this.drops.push('unreachable');
    const next = this.queue.shift();
    const admitted = this.#waiting.shift();
    if (admitted !== undefined) {
      this.queue.push(admitted);
      this.results.set(admitted, 'queued');
    }
    if (next !== undefined) this.#give(next);
  }

  close(): void {
    this.#closed = true;
    const lost = (this.#pending === undefined ? 0 : 1) + this.queue.length;
    for (let i = 0; i < lost; i += 1) this.drops.push('closed');
    for (const number of this.#waiting) this.results.set(number, 'closed');
    this.#pending = undefined;
    this.queue.length = 0;
    this.#waiting.length = 0;
  }

  #give(number: number): void {
    this.#pending = number;
    this.taken.push(number);
  }
}
