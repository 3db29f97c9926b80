/**
 * A small seeded generator: sfc32 (Chris Doty-Humphrey, PractRand), its four words of state as plain data, so that a
 * market can be copied, compared and written down.
 */
export interface RandomState {
  a: number;
  b: number;
  c: number;
  counter: number;
}

/** FNV-1a over UTF-16 units, 32 bits. */
export function hash32(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

/** A generator for (seed, stream): streams of one seed do not depend on each other. */
export function createRandom(seed: number, stream = ''): RandomState {
  const state = { a: hash32(stream), b: seed >>> 0, c: Math.floor(seed / 2 ** 32) >>> 0, counter: 1 };
  for (let i = 0; i < 15; i++) nextUint32(state);
  return state;
}

/** The next 32 random bits. */
export function nextUint32(state: RandomState): number {
  const sum = (((state.a + state.b) | 0) + state.counter) | 0;
  state.counter = (state.counter + 1) | 0;
  state.a = state.b ^ (state.b >>> 9);
  state.b = (state.c + (state.c << 3)) | 0;
  state.c = ((state.c << 21) | (state.c >>> 11)) + sum;
  return sum >>> 0;
}

/** An integer in [low, high]; `high - low` must be far below 2^32, since the scaling is not exactly uniform. */
export function nextInt(state: RandomState, low: number, high: number): number {
  return low + Math.floor((nextUint32(state) / 2 ** 32) * (high - low + 1));
}
