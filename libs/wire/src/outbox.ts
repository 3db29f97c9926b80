import { Deque } from './deque.ts';

/**
 * What became of a message that was handed over:
 * - `sent`: ZeroMQ has it, nothing waited before it.
 * - `queued`: it waits its turn, in order.
 * - `dropped`: the policy gave it up; `onDrop` has counted it. Go on, or slow down.
 * - `full`: under `block`, of `offer` only: not taken and not counted. Keep it and `send` it.
 * - `closed`: the socket is closed; not taken and not counted.
 */
export type SendResult = 'sent' | 'queued' | 'dropped' | 'full' | 'closed';

/**
 * What gives way when messages come faster than ZeroMQ takes them:
 * - `block`: the sender, which waits in `send`.
 * - `drop-newest`: the message that comes (each is worth the same, or can be fetched again).
 * - `drop-oldest`: the one that has waited longest (a newer one replaces it).
 * - `{ sample: n }`: while the queue is over half full, all but every n-th message that comes; when it is full, that one too.
 */
export type FullPolicy = 'block' | 'drop-newest' | 'drop-oldest' | { readonly sample: number };

/** `unreachable`: ZeroMQ refused the message; `closed`: the socket was closed while the message waited. */
export type DropReason = 'queue-full' | 'sampled' | 'unreachable' | 'closed';

export interface OutboxOptions {
  /** Messages that may wait while ZeroMQ takes none; at least 1. */
  readonly capacity: number;
  readonly whenFull: FullPolicy;
  /** Called once for each message that was taken and is given up. Must not throw. */
  readonly onDrop: (reason: DropReason) => void;
}

/** What an outbox needs of a socket. A send that rejects while the socket is open means: this message is lost. */
export interface OutboxTarget {
  readonly closed: boolean;
  send(frames: Buffer[]): Promise<void>;
}

interface Waiting {
  readonly frames: Buffer[];
  readonly resolve: (result: 'queued' | 'closed') => void;
}

/**
 * The one writer of a socket. ZeroMQ allows a single send at a time; the outbox sends at once when none is under way and
 * queues otherwise, up to its capacity. What is not dropped leaves in the order of the calls. Buffers handed over must
 * not be written to again. A long burst yields to timers and other sockets after a millisecond.
 *
 * It ends with its socket, which its owner closes: what then waits is dropped as `closed`, and so is who waits in `send`.
 * To lose nothing, `drain` first.
 */
export class Outbox {
  readonly #socket: OutboxTarget;
  readonly #options: OutboxOptions;
  readonly #queue = new Deque<Buffer[]>();
  /** Only while the queue is full, so that nobody overtakes them. */
  readonly #waiting = new Deque<Waiting>();
  readonly #turn = new Turn();
  #sending = false;
  #sinceHalfFull = 0;
  #onDrained: (() => void)[] = [];

  constructor(socket: OutboxTarget, options: OutboxOptions) {
    const { capacity, whenFull } = options;
    if (!Number.isInteger(capacity) || capacity < 1) throw new RangeError(`capacity ${capacity} is not 1 or more`);
    if (typeof whenFull === 'object' && !(Number.isInteger(whenFull.sample) && whenFull.sample >= 1)) {
      throw new RangeError(`sample ${whenFull.sample} is not 1 or more`);
    }
    this.#socket = socket;
    this.#options = options;
  }

  /** Messages that wait, without the one that ZeroMQ is being given and without those still in the hands of `send`. */
  get depth(): number {
    return this.#queue.length;
  }

  /** Hands a message over and never waits. A caller that offers in a synchronous loop keeps the event loop itself. */
  offer(frames: Buffer[]): SendResult {
    if (this.#socket.closed) return 'closed';
    if (!this.#sending) {
      this.#sending = true;
      void this.#write(frames);
      return 'sent';
    }
    const { capacity, whenFull, onDrop } = this.#options;
    if (typeof whenFull === 'object' && this.#isThinnedOut(whenFull.sample)) {
      onDrop('sampled');
      return 'dropped';
    }
    if (this.#queue.length === capacity) {
      if (whenFull === 'block') return 'full';
      onDrop('queue-full');
      if (whenFull !== 'drop-oldest') return 'dropped';
      this.#queue.shift();
    }
    this.#queue.push(frames);
    return 'queued';
  }

  /**
   * Hands a message over at once, in the order of the calls, and resolves when the caller may go on: under `block` when
   * there is room, and after a millisecond of continuous sending in a later turn of the event loop. Never rejects.
   * One call waits per message, so a caller that does not await makes the queue unbounded.
   */
  async send(frames: Buffer[]): Promise<Exclude<SendResult, 'full'>> {
    const result = this.offer(frames);
    if (result === 'full') return new Promise((resolve) => this.#waiting.push({ frames, resolve }));
    if (this.#turn.isOver()) await nextTurn();
    return result;
  }

  /** Resolves when ZeroMQ has everything that was handed over until then and meanwhile, or the socket is closed. */
  drain(): Promise<void> {
    if (!this.#sending) return Promise.resolve();
    return new Promise((resolve) => this.#onDrained.push(resolve));
  }

  async #write(first: Buffer[]): Promise<void> {
    let next: Buffer[] | undefined = first;
    while (next !== undefined) {
      try {
        await this.#socket.send(next);
      } catch {
        this.#options.onDrop(this.#socket.closed ? 'closed' : 'unreachable');
      }
      if (this.#queue.length > 0 && this.#turn.isOver()) await nextTurn();
      next = this.#socket.closed ? this.#giveUp() : this.#take();
    }
    this.#sending = false;
    const drained = this.#onDrained;
    this.#onDrained = [];
    for (const resolve of drained) resolve();
  }

  #take(): Buffer[] | undefined {
    const next = this.#queue.shift();
    const waiting = this.#waiting.shift();
    if (waiting !== undefined) {
      this.#queue.push(waiting.frames);
      waiting.resolve('queued');
    }
    return next;
  }

  #giveUp(): undefined {
    while (this.#queue.shift() !== undefined) this.#options.onDrop('closed');
    for (let waiting = this.#waiting.shift(); waiting !== undefined; waiting = this.#waiting.shift()) {
      waiting.resolve('closed');
    }
  }

  /** Counts messages from the moment the queue was over half full: the n-th, 2n-th … stay. */
  #isThinnedOut(sample: number): boolean {
    if (this.#queue.length * 2 <= this.#options.capacity) {
      this.#sinceHalfFull = 0;
      return false;
    }
    this.#sinceHalfFull += 1;
    return this.#sinceHalfFull % sample !== 0;
  }
}

/** How long an outbox sends before timers and other sockets get their turn. */
const BURST_MS = 1;

/** Whether this turn of the event loop, counted from the first question in it, has lasted its time. */
class Turn {
  #endMs = 0;
  #running = false;
  readonly #end = (): void => {
    this.#running = false;
  };

  isOver(): boolean {
    const nowMs = performance.now();
    if (!this.#running) {
      this.#running = true;
      this.#endMs = nowMs + BURST_MS;
      setImmediate(this.#end);
    }
    return nowMs >= this.#endMs;
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
