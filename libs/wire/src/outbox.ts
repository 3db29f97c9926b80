/** What became of a message that was handed over: gone to ZeroMQ's queue, waiting in ours, or dropped and counted. */
export type SendResult = 'sent' | 'queued' | 'dropped' | 'closed';

/** What to give up when the queue is full: the message that comes, or the one that has waited longest. */
export type FullPolicy = 'drop-newest' | 'drop-oldest';

export interface OutboxOptions {
  /** Messages that may wait while ZeroMQ takes none. */
  readonly capacity: number;
  readonly whenFull: FullPolicy;
  readonly onDrop: (reason: 'queue-full' | 'unreachable') => void;
}

interface Target {
  readonly closed: boolean;
  send(frames: Buffer[]): Promise<void>;
}

/**
 * The one writer of a socket. ZeroMQ allows a single send at a time; the outbox sends at once when none is under way
 * and queues otherwise, in order, up to its capacity. Buffers handed over must not be written to again.
 */
export class Outbox {
  readonly #socket: Target;
  readonly #options: OutboxOptions;
  #queue: Buffer[][] = [];
  #head = 0;
  #sending = false;

  constructor(socket: Target, options: OutboxOptions) {
    this.#socket = socket;
    this.#options = options;
  }

  /** Messages that wait. */
  get depth(): number {
    return this.#queue.length - this.#head;
  }

  offer(frames: Buffer[]): SendResult {
    if (this.#socket.closed) return 'closed';
    if (!this.#sending) {
      this.#sending = true;
      this.#send(frames);
      return 'sent';
    }
    if (this.depth >= this.#options.capacity) {
      this.#options.onDrop('queue-full');
      if (this.#options.whenFull === 'drop-newest') return 'dropped';
      this.#take();
    }
    this.#queue.push(frames);
    return 'queued';
  }

  #send(frames: Buffer[]): void {
    this.#socket.send(frames).then(
      () => this.#sendNext(),
      () => {
        if (!this.#socket.closed) this.#options.onDrop('unreachable');
        this.#sendNext();
      },
    );
  }

  #sendNext(): void {
    const next = this.#socket.closed ? undefined : this.#take();
    if (next === undefined) this.#sending = false;
    else this.#send(next);
  }

  #take(): Buffer[] | undefined {
    const frames = this.#queue[this.#head];
    if (frames === undefined) return undefined;
    this.#head += 1;
    if (this.#head === this.#queue.length) {
      this.#queue = [];
      this.#head = 0;
    } else if (this.#head >= 1024) {
      this.#queue = this.#queue.slice(this.#head);
      this.#head = 0;
    }
    return frames;
  }
}
