/** Trades of a symbol that are remembered to know a duplicate by. */
export const REMEMBERED = 2_048;

/**
 * The last trades of a symbol by key and time, in a ring of columns. Keys are put in order only when one is looked for whose
 * time may have been there before: a stream that goes on by time asks for none. Changed in place by the functions of this file.
 */
export interface TradeMemory {
  /** The number of the newest trade of a key, of those before `indexed`; trades are numbered from 0 as they come. */
  readonly newest: Map<string, number>;
  indexed: number;
  /** By number, modulo the capacity. */
  readonly keys: string[];
  times: BigInt64Array;
  /** The number of the trade before it with the same key; -1 for none. */
  before: Float64Array;
  /** 1 where a newer one with the same key has been put in order. */
  superseded: Uint8Array;
  /** 1 where another trade stands for it already. */
  matched: Uint8Array;
  /** Of the next trade. */
  next: number;
  /** Latest time of all trades so far; undefined before the first. */
  latestNs: bigint | undefined;
  /** Latest time of the trades that have been forgotten; undefined while all are remembered. */
  forgottenNs: bigint | undefined;
}

const FIRST_ROOM = 16;
const NONE = -1;

export function tradeMemory(): TradeMemory {
  return {
    ...{ newest: new Map(), indexed: 0, keys: [], next: 0, latestNs: undefined, forgottenNs: undefined },
    ...{ times: new BigInt64Array(FIRST_ROOM), before: new Float64Array(FIRST_ROOM) },
    ...{ superseded: new Uint8Array(FIRST_ROOM), matched: new Uint8Array(FIRST_ROOM) },
  };
}

/** Once there are `REMEMBERED`, the oldest is forgotten for it. */
export function remember(memory: TradeMemory, key: string, tsNs: bigint): void {
  const { keys, next, latestNs } = memory;
  if (next === memory.times.length && next < REMEMBERED) grow(memory);
  const slot = next % REMEMBERED;
  const forgotten = next - REMEMBERED;
  if (forgotten >= memory.indexed) memory.indexed = forgotten + 1;
  else if (forgotten >= 0 && memory.superseded[slot] === 0) memory.newest.delete(keys[slot] as string);
  if (forgotten >= 0) {
    const oldNs = memory.times[slot] as bigint;
    if (memory.forgottenNs === undefined || oldNs > memory.forgottenNs) memory.forgottenNs = oldNs;
  }
  keys[slot] = key;
  memory.times[slot] = tsNs;
  memory.superseded[slot] = 0;
  memory.matched[slot] = 0;
  memory.next = next + 1;
  if (latestNs === undefined || tsNs > latestNs) memory.latestNs = tsNs;
}

/** The number of the oldest remembered trade of that key at a time so near; undefined when there is none. */
export function recall(memory: TradeMemory, key: string, { tsNs, toleranceNs }: Near): number | undefined {
  const { latestNs, next } = memory;
  if (latestNs === undefined || tsNs > latestNs + toleranceNs) return undefined;
  putInOrder(memory);
  const { newest, times, before, matched } = memory;
  let found: number | undefined;
  // What lies further back has been forgotten, and its place taken by another key's.
  for (let number = newest.get(key) ?? NONE; number >= Math.max(0, next - REMEMBERED); ) {
    const slot = number % REMEMBERED;
    const one = times[slot] as bigint;
    if (matched[slot] === 0 && (one < tsNs ? tsNs - one : one - tsNs) <= toleranceNs) found = number;
    number = before[slot] as number;
  }
  return found;
}

function putInOrder(memory: TradeMemory): void {
  const { newest, keys, before, superseded, next } = memory;
  for (let number = memory.indexed; number < next; number += 1) {
    const slot = number % REMEMBERED;
    const key = keys[slot] as string;
    const same = newest.get(key) ?? NONE;
    before[slot] = same;
    if (same !== NONE) superseded[same % REMEMBERED] = 1;
    newest.set(key, number);
  }
  memory.indexed = next;
}

export interface Near {
  readonly tsNs: bigint;
  readonly toleranceNs: bigint;
}

/** A trade that another stands for is not found until it is released. */
export function match({ matched }: TradeMemory, number: number): void {
  matched[number % REMEMBERED] = 1;
}

/** Nothing happens when it has been forgotten meanwhile. */
export function release({ matched, next }: TradeMemory, number: number): void {
  if (number >= next - REMEMBERED) matched[number % REMEMBERED] = 0;
}

/** The earliest time that is remembered, once there may have been earlier ones that are not; undefined before. */
export function oldestNs({ times, next }: TradeMemory): bigint | undefined {
  if (next < REMEMBERED) return undefined;
  let oldest = times[0] as bigint;
  for (const tsNs of times) if (tsNs < oldest) oldest = tsNs;
  return oldest;
}

function grow(memory: TradeMemory): void {
  const { times, before, superseded, matched } = memory;
  const room = Math.min(REMEMBERED, 2 * times.length);
  memory.times = new BigInt64Array(room);
  memory.before = new Float64Array(room);
  memory.superseded = new Uint8Array(room);
  memory.matched = new Uint8Array(room);
  memory.times.set(times);
  memory.before.set(before);
  memory.superseded.set(superseded);
  memory.matched.set(matched);
}
