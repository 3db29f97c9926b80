import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { OrderWatch } from './order-watch.ts';
import { symbolsOf, TickTape } from './ticks.ts';
import type { Progress, Variant } from './variant.ts';

/**
 * Enough symbols that what a process reads in one turn (64 KiB, some 450 frames of one tick) has none twice: since
 * messages of one topic that wait together leave together, only then is every tick a message of its own.
 */
export const THROUGHPUT_SYMBOLS = symbolsOf(512);

export type ThroughputMode = 'single' | 'batched';

const MODES = {
  single: { symbols: THROUGHPUT_SYMBOLS, ticksPerFrame: 1 },
  batched: { symbols: THROUGHPUT_SYMBOLS.slice(0, 8), ticksPerFrame: 256 },
} as const satisfies Record<ThroughputMode, object>;

/** What is sent in a round. `ticks` is rounded down to a multiple of `orders`. */
export interface ThroughputLoad {
  readonly ticks: number;
  readonly orders?: number;
}

export interface ThroughputRound {
  readonly ticksPerSecond: number;
  /** Ticks that the store did not get, and messages that any follower knows it missed. */
  readonly lost: number;
  /** Orders that did not come. */
  readonly missing: number;
}

/** Few: they show that orders still come while ticks pour in. The last tick causes the last of them. */
const ORDERS = 10;
/** Between two ticks by the tape's clock: a second's bar of each symbol every 50,000 ticks. */
const TAPE_STEP_NS = 20_000n;
const YIELD_TICKS = 256;
const POLL_MS = 20;
const STALL_POLL_MS = 1000;
const STALLED_AFTER_MS = 6000;
/** Longer than two beats of the stack: its counts have come to rest. */
const REST_MS = 300;

/**
 * The tape's clock, over all rounds. It begins with the first, behind what has been sent to see that orders flow: ticks
 * older than that would be late, and each revise a bar.
 */
let tapeNs: bigint | undefined;

/**
 * Sends ticks as fast as the reader takes them. Over when every order has come, that of the last tick too, and every
 * follower of the stream has every tick.
 */
export async function throughputRound(
  variant: Variant,
  mode: ThroughputMode,
  load: ThroughputLoad,
): Promise<ThroughputRound> {
  const { frames, orders, ticks } = prepare(variant, mode, load);
  const { ticksPerFrame } = MODES[mode];
  await sleep(REST_MS);
  const before = await variant.progress();
  const watch = new OrderWatch(variant.venue, () => {});
  const startNs = process.hrtime.bigint();
  for (const clOrdId of orders) watch.expect(clOrdId, startNs);
  const yieldEvery = Math.max(1, Math.floor(YIELD_TICKS / ticksPerFrame));
  for (const [index, frame] of frames.entries()) {
    const full = variant.venue.sendPaced(frame);
    if (full !== undefined) await full;
    else if (index % yieldEvery === 0) await nextTurn();
  }
  const after = await untilThrough(variant, { watch, before, ticks });
  const seconds = Number(process.hrtime.bigint() - startNs) / 1e9;
  const lost = ticks - (after.ticks - before.ticks) + after.lost - before.lost;
  return { ticksPerSecond: ticks / seconds, lost, missing: watch.missing };
}

interface Prepared {
  readonly frames: readonly Buffer[];
  readonly orders: readonly string[];
  readonly ticks: number;
}

function prepare(variant: Variant, mode: ThroughputMode, load: ThroughputLoad): Prepared {
  const { symbols, ticksPerFrame } = MODES[mode];
  const { orders: wantedOrders = ORDERS } = load;
  const markEvery = Math.floor(load.ticks / wantedOrders);
  const ticks = markEvery * wantedOrders;
  const tape = new TickTape({ symbols, markEvery, markAt: 'end' });
  const frames: Buffer[] = [];
  const orders: string[] = [];
  let texts: string[] = [];
  tapeNs ??= BigInt(Date.now()) * 1_000_000n;
  for (let i = 1; i <= ticks; i += 1) {
    tapeNs += TAPE_STEP_NS;
    const { text, cause } = tape.next(tapeNs);
    texts.push(text);
    if (cause !== undefined) orders.push(variant.clOrdIdOf(cause));
    if (texts.length < ticksPerFrame && i < ticks) continue;
    frames.push(Buffer.from(`[${texts.join(',')}]`));
    texts = [];
  }
  return { frames, orders, ticks };
}

interface Wanted {
  readonly watch: OrderWatch;
  readonly before: Progress;
  readonly ticks: number;
}

/**
 * Waits until everything is through, or until nothing has moved for some seconds. Asks the followers often only when the
 * orders have come: until then answering would cost them.
 */
async function untilThrough(variant: Variant, { watch, before, ticks }: Wanted): Promise<Progress> {
  let seen = '';
  let movedMs = performance.now();
  for (;;) {
    const polledMs = performance.now();
    while (watch.missing > 0 && performance.now() - polledMs < STALL_POLL_MS) await sleep(1);
    const now = await variant.progress();
    const received = Object.entries(now.received).map(([name, count]) => count - (before.received[name] ?? 0));
    const isThrough = now.ticks - before.ticks >= ticks && received.every((count) => count === received[0]);
    if (isThrough && watch.missing === 0) return now;
    const moved = JSON.stringify([now, watch.missing]);
    if (moved !== seen) movedMs = performance.now();
    seen = moved;
    if (performance.now() - movedMs > STALLED_AFTER_MS) return now;
    if (watch.missing === 0) await sleep(POLL_MS);
  }
}
