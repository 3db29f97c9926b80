import { Dealer } from 'zeromq';
import type { WireMetrics } from './metrics-port.ts';
import { Outbox } from './outbox.ts';
import type { ClientOptions } from './security.ts';
import { messages, SOCKET_LIMITS } from './socket.ts';

export interface MarketControlOptions {
  readonly connect: string;
  readonly keys: ClientOptions;
  readonly metrics: WireMetrics;
  /** Ticks that a question waits without any answer before the socket is made anew. */
  readonly patienceTicks: number;
  readonly onAnswer: (frames: readonly Buffer[]) => void;
}

/** Questions that may wait for the publisher; unanswered ones are asked again anyway. */
const QUESTION_CAPACITY = 1_000;

/**
 * The DEALER over which a follower speaks to its publisher. A DEALER that was refused, or cut off unseen, takes a few
 * messages and then no more, for ever: so one that brings no answer is replaced, together with the outbox that waits for it.
 */
export class MarketControl {
  readonly #options: MarketControlOptions;
  #socket: Dealer;
  #outbox: Outbox;
  /** Since the first question that nothing has come back for; undefined when nothing is asked. */
  #ticksUnanswered: number | undefined;

  constructor(options: MarketControlOptions) {
    this.#options = options;
    [this.#socket, this.#outbox] = this.#open();
  }

  /** Sends what is not answered. */
  tell(frame: Buffer): void {
    this.#outbox.offer([frame]);
  }

  ask(frame: Buffer): void {
    this.#ticksUnanswered ??= 0;
    this.tell(frame);
  }

  /** Ticks are counted, not milliseconds: while this process stands still, answers wait unread. */
  tick(): void {
    if (this.#ticksUnanswered === undefined) return;
    this.#ticksUnanswered += 1;
    if (this.#ticksUnanswered >= this.#options.patienceTicks) this.reopen();
  }

  reopen(): void {
    const { metrics } = this.#options;
    this.#socket.close();
    [this.#socket, this.#outbox] = this.#open();
    this.#ticksUnanswered = undefined;
    metrics.reconnected('market-control');
  }

  close(): void {
    this.#socket.close();
  }

  #open(): [Dealer, Outbox] {
    const { connect, keys, metrics } = this.#options;
    const socket = new Dealer({ ...SOCKET_LIMITS, linger: 0, ...keys });
    socket.connect(connect);
    void this.#read(socket);
    const outbox = { capacity: QUESTION_CAPACITY, whenFull: 'drop-oldest', onDrop: metrics.dropped } as const;
    return [socket, new Outbox(socket, outbox)];
  }

  async #read(socket: Dealer): Promise<void> {
    for await (const frames of messages(socket)) {
      this.#ticksUnanswered = undefined;
      this.#options.onAnswer(frames);
    }
  }
}
