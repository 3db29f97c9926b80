import { ln } from './exact-math.ts';

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

/** A number in (0, 1] on a grid of 2^-32. */
export function nextUnit(state: RandomState): number {
  return (nextUint32(state) + 1) / 2 ** 32;
}

/** True with a probability between 0 and 1. */
export function isDrawn(state: RandomState, probability: number): boolean {
  return nextUint32(state) < probability * 2 ** 32;
}

/** Exponentially distributed with mean 1. */
export function nextExponential(state: RandomState): number {
  return -ln(nextUnit(state));
}

/** Normally distributed with mean 0 and variance 1, by Marsaglia's polar method; the second number of each pair is not used. */
export function nextNormal(state: RandomState): number {
  for (;;) {
    const x = 2 * nextUnit(state) - 1;
    const y = 2 * nextUnit(state) - 1;
    const square = x * x + y * y;
    if (square > 0 && square < 1) return x * Math.sqrt((-2 * ln(square)) / square);
  }
}
