import type { PricedTrade } from './bar-sums.ts';

/** A trade as bars take it. */
export interface BarTrade extends PricedTrade {
  /** As the venue names it; what a correction or a cancel finds it by. */
  readonly tradeId: string;
  readonly conditions: readonly string[];
  readonly tape: string;
}

/** The newest trades of a symbol, in the order they came: what bars are made from again when a trade is taken back. */
export interface HeldTrades {
  readonly capacity: number;
  /** A ring once it is full; a trade that was taken back leaves its place empty. */
  readonly slots: (BarTrade | undefined)[];
  /** Where the next trade goes, and the oldest is, once the ring is full. */
  next: number;
  /** Latest time of a trade that had to make room, null before the first: from later on, the trades here are all there were. */
  droppedNs: bigint | null;
}

export function heldTrades(capacity: number): HeldTrades {
  if (!(Number.isSafeInteger(capacity) && capacity > 0)) {
    throw new RangeError(`${capacity} held trades: allowed is a whole number above 0`);
  }
  return { capacity, slots: [], next: 0, droppedNs: null };
}

export function holdTrade(held: HeldTrades, trade: BarTrade): void {
  const dropped = held.slots[held.next];
  if (dropped !== undefined && (held.droppedNs === null || dropped.tsNs > held.droppedNs))
    held.droppedNs = dropped.tsNs;
  held.slots[held.next] = trade;
  held.next = (held.next + 1) % held.capacity;
}

/** The slot of the newest trade of that id, undefined when none is held. */
export function findTrade({ slots, next }: HeldTrades, tradeId: string): number | undefined {
  for (let back = 1; back <= slots.length; back += 1) {
    const slot = (next - back + slots.length) % slots.length;
    if (slots[slot]?.tradeId === tradeId) return slot;
  }
  return undefined;
}

/** Every trade held, in the order they came. */
export function* tradesInOrder({ slots, next, capacity }: HeldTrades): Generator<BarTrade> {
  const oldest = slots.length < capacity ? 0 : next;
  for (let i = 0; i < slots.length; i += 1) {
    const trade = slots[(oldest + i) % slots.length];
    if (trade !== undefined) yield trade;
  }
}
