import { type BarSpan, isWithin } from './bar-spans.ts';
import type { PricedTrade } from './bar-sums.ts';

/** A trade as bars take it. */
export interface BarTrade extends PricedTrade {
  /** As the venue names it; what a correction or a cancel finds it by. */
  readonly tradeId: string;
  readonly conditions: readonly string[];
  readonly tape: string;
}

/**
 * The newest trades of a symbol, in the order they came: what bars are made from again when a trade is taken back. A ring
 * in columns, whose room grows to the capacity as trades come. Changed in place by the functions of this file.
 */
export interface HeldTrades {
  readonly capacity: number;
  /** 64 bits of ns, as all times of venues. */
  times: BigInt64Array;
  prices: Float64Array;
  sizes: Float64Array;
  /** Undefined in the place of a trade that was taken back. */
  readonly ids: (string | undefined)[];
  readonly conditions: (readonly string[])[];
  readonly tapes: string[];
  /** Where the next trade goes, and the oldest is, once the ring is full. */
  next: number;
  /** Latest time of a trade that had to make room, null before the first: from later on, the trades here are all there were. */
  droppedNs: bigint | null;
}

const FIRST_ROOM = 16;
const NO_CONDITIONS: readonly string[] = [];

export function heldTrades(capacity: number): HeldTrades {
  if (!(Number.isSafeInteger(capacity) && capacity > 0)) {
    throw new RangeError(`${capacity} held trades: allowed is a whole number above 0`);
  }
  const room = Math.min(capacity, FIRST_ROOM);
  return {
    ...{ capacity, times: new BigInt64Array(room), prices: new Float64Array(room), sizes: new Float64Array(room) },
    ...{ ids: [], conditions: [], tapes: [], next: 0, droppedNs: null },
  };
}

export function holdTrade(held: HeldTrades, trade: BarTrade): void {
  const { next, ids } = held;
  if (ids[next] !== undefined) {
    const droppedNs = held.times[next] as bigint;
    if (held.droppedNs === null || droppedNs > held.droppedNs) held.droppedNs = droppedNs;
  }
  if (next === held.times.length) grow(held);
  setTrade(held, next, trade);
  held.next = next + 1 === held.capacity ? 0 : next + 1;
}

export function setTrade(held: HeldTrades, slot: number, trade: BarTrade): void {
  held.times[slot] = trade.tsNs;
  held.prices[slot] = trade.px;
  held.sizes[slot] = trade.sz;
  held.ids[slot] = trade.tradeId;
  // Most have none, and each brings an empty list of its own.
  held.conditions[slot] = trade.conditions.length === 0 ? NO_CONDITIONS : trade.conditions;
  held.tapes[slot] = trade.tape;
}

/** Takes a trade back: its place stays empty. */
export function removeTrade(held: HeldTrades, slot: number): void {
  held.ids[slot] = undefined;
}

/** The slot of the newest trade of that id, undefined when none is held. */
export function findTrade({ ids, next }: HeldTrades, tradeId: string): number | undefined {
  for (let slot = next - 1; slot >= 0; slot -= 1) if (ids[slot] === tradeId) return slot;
  for (let slot = ids.length - 1; slot >= next; slot -= 1) if (ids[slot] === tradeId) return slot;
  return undefined;
}

/** The trade of a slot, undefined when it was taken back. */
export function tradeAt(held: HeldTrades, slot: number): BarTrade | undefined {
  const tradeId = held.ids[slot];
  if (tradeId === undefined) return undefined;
  return {
    tradeId,
    tsNs: held.times[slot] as bigint,
    px: held.prices[slot] as number,
    sz: held.sizes[slot] as number,
    conditions: held.conditions[slot] as readonly string[],
    tape: held.tapes[slot] as string,
  };
}

/** The trades held of a span of time, in the order they came. */
export function* tradesWithin(held: HeldTrades, span: BarSpan): Generator<BarTrade> {
  const { length } = held.ids;
  const oldest = length < held.capacity ? 0 : held.next;
  for (let i = 0; i < length; i += 1) {
    const slot = (oldest + i) % length;
    const trade = isWithin(span, held.times[slot] as bigint) ? tradeAt(held, slot) : undefined;
    if (trade !== undefined) yield trade;
  }
}

function grow(held: HeldTrades): void {
  const room = Math.min(held.capacity, 2 * held.times.length);
  const { times, prices, sizes } = held;
  held.times = new BigInt64Array(room);
  held.prices = new Float64Array(room);
  held.sizes = new Float64Array(room);
  held.times.set(times);
  held.prices.set(prices);
  held.sizes.set(sizes);
}
