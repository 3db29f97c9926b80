import { type Faults, fateOf } from './fault-plan.ts';

/** What a proxy has done so far. Every message it took is forwarded, dropped, lost, or still on the way. */
export interface FaultStats {
  /** Messages handed to the other socket, a duplicated one counted once. The last before a cut may not have arrived. */
  readonly forwarded: number;
  readonly dropped: number;
  readonly duplicated: number;
  /** Messages that left after one that had come later. */
  readonly reordered: number;
  readonly delayed: number;
  readonly cuts: number;
  /** Messages that were on the way when a connection was cut, or found nobody to go to. */
  readonly lost: number;
}

export type FaultCounts = { -readonly [K in keyof FaultStats]: number };

export type Send = (frames: Buffer[]) => Promise<'passed' | 'lost'>;

interface Message {
  readonly index: number;
  readonly frames: Buffer[];
  readonly send: Send;
  readonly copies: 1 | 2;
  readonly delayMs: number;
}

/** How long a held message waits when no later one comes. */
const MAX_HOLD_MS = 100;
/** Messages on the way above which a lane does not take the next one yet, so that back-pressure passes through. */
const ROOM = 1000;

/** One direction of a proxy: takes messages in order, does to each what the seed decides, and passes them on. */
export class FaultLane {
  readonly #seed: number;
  readonly #lane: number;
  readonly #counts: FaultCounts;
  #faults: Faults = {};
  #taken = 0;
  /** Messages held back, with the index of the message that lets them go. */
  #held: { readonly message: Message; readonly until: number; readonly dueMs: number }[] = [];
  #leaving: { readonly message: Message; readonly dueMs: number }[] = [];
  #latestIndex = -1;
  #latestDueMs = 0;
  #isWriting = false;
  #holdTimer: NodeJS.Timeout | undefined;
  #onRoom: (() => void)[] = [];
  #wake: () => void = () => {};

  constructor(seed: number, lane: number, counts: FaultCounts) {
    this.#seed = seed;
    this.#lane = lane;
    this.#counts = counts;
  }

  set faults(faults: Faults) {
    this.#faults = faults;
  }

  /** Resolves when the next message may be taken. `isSpared` messages keep their place and take no number. */
  async take(frames: Buffer[], send: Send, isSpared: boolean): Promise<void> {
    if (isSpared) this.#leave({ index: this.#latestIndex, frames, send, copies: 1, delayMs: 0 });
    else this.#takeFaulty(frames, send);
    if (this.#leaving.length + this.#held.length < ROOM) return;
    await new Promise<void>((resolve) => this.#onRoom.push(resolve));
  }

  /** Everything on the way is lost. */
  cut(): void {
    this.#counts.lost += this.#held.length + this.#leaving.length;
    this.#held = [];
    this.#leaving = [];
    clearTimeout(this.#holdTimer);
    this.#holdTimer = undefined;
    this.#wake();
    this.#tellRoom();
  }

  #takeFaulty(frames: Buffer[], send: Send): void {
    const index = this.#taken;
    this.#taken += 1;
    const fate = fateOf(this.#faults, { seed: this.#seed, lane: this.#lane, index });
    const message: Message = { index, frames, send, copies: fate.copies, delayMs: fate.delayMs };
    if (fate.isDropped) this.#counts.dropped += 1;
    else if (fate.heldFor > 0) {
      this.#held.push({ message, until: index + fate.heldFor, dueMs: performance.now() + MAX_HOLD_MS });
      this.#holdTimer ??= setTimeout(() => this.#releaseOverdue(), MAX_HOLD_MS);
    } else this.#leave(message);
    this.#release(({ until }) => until <= index);
  }

  #releaseOverdue(): void {
    this.#holdTimer = undefined;
    const nowMs = performance.now();
    this.#release(({ dueMs }) => dueMs <= nowMs);
    const [next] = this.#held;
    if (next !== undefined) this.#holdTimer = setTimeout(() => this.#releaseOverdue(), Math.max(1, next.dueMs - nowMs));
  }

  #release(isDue: (held: { readonly until: number; readonly dueMs: number }) => boolean): void {
    if (this.#held.length === 0) return;
    const due = this.#held.filter(isDue);
    this.#held = this.#held.filter((held) => !isDue(held));
    for (const { message } of due) this.#leave(message);
  }

  #leave(message: Message): void {
    if (message.index < this.#latestIndex) this.#counts.reordered += 1;
    this.#latestIndex = Math.max(this.#latestIndex, message.index);
    if (message.delayMs > 0) this.#counts.delayed += 1;
    if (message.copies === 2) this.#counts.duplicated += 1;
    this.#latestDueMs = Math.max(this.#latestDueMs, performance.now() + message.delayMs);
    this.#leaving.push({ message, dueMs: this.#latestDueMs });
    if (!this.#isWriting) void this.#write();
  }

  async #write(): Promise<void> {
    this.#isWriting = true;
    for (let next = this.#leaving[0]; next !== undefined; next = this.#leaving[0]) {
      const waitMs = next.dueMs - performance.now();
      if (waitMs > 0) {
        await this.#sleep(waitMs);
        continue;
      }
      this.#leaving.shift();
      const { frames, send, copies } = next.message;
      const outcome = await send(frames);
      if (copies === 2) await send(frames);
      if (outcome === 'passed') this.#counts.forwarded += 1;
      else this.#counts.lost += 1;
      if (this.#leaving.length + this.#held.length < ROOM) this.#tellRoom();
    }
    this.#isWriting = false;
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #tellRoom(): void {
    const told = this.#onRoom;
    this.#onRoom = [];
    for (const resolve of told) resolve();
  }
}
