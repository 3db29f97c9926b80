/** What is done to messages. What is left out is not done. */
export interface Faults {
  /** Share of messages that vanish, 0 to 1. */
  readonly drop?: number;
  /** Share of messages that come twice, the copy right behind. */
  readonly duplicate?: number;
  /** Share of messages held back until up to `window` later ones have come. */
  readonly reorder?: { readonly rate: number; readonly window: number };
  /** Least and most time a message spends on the way. Order is kept: who is caught up with holds up the others. */
  readonly delayMs?: readonly [min: number, max: number];
}

/** What becomes of one message. */
export interface Fate {
  readonly isDropped: boolean;
  readonly copies: 1 | 2;
  /** Later messages that it waits for. */
  readonly heldFor: number;
  readonly delayMs: number;
}

const SALTS = { drop: 1, duplicate: 2, reorder: 3, window: 4, delay: 5 };

/**
 * The fate of message `index` of a lane: a function of its arguments alone, so that a seed repeats it whatever came
 * before, and one rate changes nothing for the others.
 */
export function fateOf({ drop = 0, duplicate = 0, reorder, delayMs }: Faults, position: Position): Fate {
  const draw = (salt: number): number => uniform([position.seed, position.lane, position.index, salt]);
  const isHeld = reorder !== undefined && draw(SALTS.reorder) < reorder.rate;
  const [minMs, maxMs] = delayMs ?? [0, 0];
  return {
    isDropped: draw(SALTS.drop) < drop,
    copies: draw(SALTS.duplicate) < duplicate ? 2 : 1,
    heldFor: isHeld ? 1 + Math.floor(draw(SALTS.window) * reorder.window) : 0,
    delayMs: minMs + draw(SALTS.delay) * (maxMs - minMs),
  };
}

export interface Position {
  readonly seed: number;
  readonly lane: number;
  /** Messages of this lane before this one. */
  readonly index: number;
}

/** Throws a RangeError that names the first fault that cannot be. */
export function checkFaults({ drop = 0, duplicate = 0, reorder, delayMs }: Faults): void {
  for (const [name, share] of Object.entries({ drop, duplicate, 'reorder.rate': reorder?.rate ?? 0 })) {
    if (!(share >= 0 && share <= 1)) throw new RangeError(`${name} ${share} is not within 0 to 1`);
  }
  if (reorder !== undefined && !(Number.isInteger(reorder.window) && reorder.window >= 1)) {
    throw new RangeError(`reorder.window ${reorder.window} is not 1 or more`);
  }
  const [minMs, maxMs] = delayMs ?? [0, 0];
  if (!(minMs >= 0 && maxMs >= minMs)) throw new RangeError(`delayMs [${minMs}, ${maxMs}] is no range`);
}

/** A number in [0, 1) that the words decide: MurmurHash3 (32 bit) over them. */
function uniform(words: readonly number[]): number {
  let hash = 0;
  for (const word of words) {
    let mixed = Math.imul(word, 0xcc9e2d51);
    mixed = Math.imul((mixed << 15) | (mixed >>> 17), 0x1b873593);
    hash ^= mixed;
    hash = (Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64) | 0;
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}
