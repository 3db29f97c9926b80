import { expMinus, ln } from '../exact-math.ts';
import { nextExponential, nextUnit } from '../random.ts';
import { NS_PER_SECOND, type SymbolState } from './synthetic-state.ts';

/**
 * When ticks come: a Hawkes process (Hawkes, Biometrika 1971) with an exponential kernel. Each tick raises the rate by
 * `BRANCHING × DECAY`, which fades with e^(−DECAY·t): it causes `BRANCHING` further ticks on average, so that the mean rate
 * is the constant one divided by 1 − BRANCHING, and counts over a second have about 1 / (1 − BRANCHING)² times the variance
 * of independent ticks. Half of what happens in a market is caused by what happened: Filimonov and Sornette 2012.
 */
const BRANCHING = 0.5;
const DECAY_PER_SECOND = 10;

/** The excess of the rate that a market has which has been running for long. */
export function meanExcessRate(ticksPerSecond: number): number {
  return BRANCHING * ticksPerSecond;
}

/**
 * Draws the gap to the next tick, in whole nanoseconds from 1, and moves the rate on to right after it. Exact, by the
 * composition of Dassios and Zhao, Exact simulation of Hawkes process with exponentially decaying intensity, 2013.
 */
export function drawGapNs(state: SymbolState, ticksPerSecond: number): number {
  const constantRate = ticksPerSecond * (1 - BRANCHING);
  let seconds = nextExponential(state.random) / constantRate;
  // The excess may fade without causing a tick.
  const left = 1 + (DECAY_PER_SECOND * ln(nextUnit(state.random))) / state.excessRate;
  if (left > 0) {
    const caused = -ln(left) / DECAY_PER_SECOND;
    if (caused < seconds) seconds = caused;
  }
  state.excessRate = state.excessRate * expMinus(DECAY_PER_SECOND * seconds) + BRANCHING * DECAY_PER_SECOND;
  return Math.max(1, Math.round(seconds * NS_PER_SECOND));
}

/** Nanoseconds until an event that comes with this rate on average; infinite for rate 0. */
export function drawWaitNs(state: SymbolState, perSecond: number): number {
  const exponential = nextExponential(state.random);
  return perSecond === 0 ? Number.POSITIVE_INFINITY : Math.ceil((exponential / perSecond) * NS_PER_SECOND);
}
