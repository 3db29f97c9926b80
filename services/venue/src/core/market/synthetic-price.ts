import { isDrawn, nextInt, nextNormal, nextUint32, nextUnit } from '../random.ts';
import { drawWaitNs } from './synthetic-arrivals.ts';
import { type Mood, NS_PER_SECOND, PIPS_PER_CENT, type SymbolState, type SyntheticMarket } from './synthetic-state.ts';

/** A trend drifts 1 to 4 basis points a second for 4 to 12 seconds: slow against ticks, fast against bars of one second. */
const TREND_SECONDS = [4, 12] as const;
const DRIFT_CENTI_BP = [100, 400] as const;
/** How far, in parts of the anchor, the price may stray before every new trend and every jump leads back. */
const STRAY = 0.05;
/** The price never leaves this range of the anchor. */
const LOWEST = 0.8;
const HIGHEST = 1.25;
const LOWEST_PIPS = 10 * PIPS_PER_CENT;
const JUMP_CENTI_BP = [5_000, 20_000] as const;
const REFERENCE_SECONDS = 300;

/** How rough each mood is, in times of the usual noise, and how long it lasts, in seconds. */
const MOODS: Readonly<Record<Mood, { readonly roughness: number; readonly seconds: readonly [number, number] }>> = {
  calm: { roughness: 0.5, seconds: [30, 180] },
  usual: { roughness: 1, seconds: [30, 180] },
  wild: { roughness: 2, seconds: [10, 40] },
};

/** Times of the usual noise that the price moves with now. */
export function roughnessOf(state: SymbolState): number {
  return MOODS[state.mood].roughness;
}

/** Moves the fair price on to `nowNs`: trend, noise, and a jump when one has fallen due. */
export function movePrice(market: SyntheticMarket, state: SymbolState, nowNs: number): void {
  if (nowNs >= state.moodEndsNs) beginMood(state, nowNs, nextMood(state));
  if (nowNs >= state.trendEndsNs) beginTrend(state, nowNs);
  const seconds = (nowNs - state.lastNs) / NS_PER_SECOND;
  const noise = state.anchorPips * market.noiseShare * roughnessOf(state) * nextNormal(state.random);
  let pips = state.fairPips + state.driftPipsPerSecond * seconds + noise;
  if (nowNs >= state.nextJumpNs) {
    pips += jump(state);
    beginMood(state, nowNs, 'wild');
    state.nextJumpNs = nowNs + drawWaitNs(state, market.jumpsPerSecond);
  }
  state.fairPips = withinBounds(state, pips);
  const weight = seconds / (REFERENCE_SECONDS + seconds);
  state.referencePips += (state.fairPips - state.referencePips) * weight;
  state.lastNs = nowNs;
}

/** Moves the price as it may move while nothing trades, by up to a per cent. */
export function reopenPrice(state: SymbolState): void {
  state.fairPips = withinBounds(state, state.fairPips * (1 + (nextUnit(state.random) - 0.5) / 50));
  state.referencePips = state.fairPips;
}

function withinBounds(state: SymbolState, pips: number): number {
  const low = Math.max(LOWEST_PIPS, state.anchorPips * LOWEST);
  const bounded = Math.min(Math.max(pips, low), state.anchorPips * HIGHEST);
  if (state.band === null) return bounded;
  // A cent inside the band, so that both sides of a quote find room.
  const { downCents, upCents } = state.band;
  return Math.min(Math.max(bounded, (downCents + 1) * PIPS_PER_CENT), (upCents - 1) * PIPS_PER_CENT);
}

/** 1 up, −1 down; far from the anchor always the way back. */
function direction(state: SymbolState): 1 | -1 {
  const strayed = state.fairPips / state.anchorPips - 1;
  if (strayed >= STRAY) return -1;
  if (strayed <= -STRAY) return 1;
  return nextUint32(state.random) % 2 === 0 ? 1 : -1;
}

function beginTrend(state: SymbolState, nowNs: number): void {
  const centiBp = nextInt(state.random, DRIFT_CENTI_BP[0], DRIFT_CENTI_BP[1]);
  state.driftPipsPerSecond = (direction(state) * state.anchorPips * centiBp) / 1_000_000;
  state.trendEndsNs = nowNs + lengthNs(state, TREND_SECONDS);
}

function nextMood(state: SymbolState): Mood {
  if (isDrawn(state.random, 0.2)) return 'wild';
  return isDrawn(state.random, 0.5) ? 'calm' : 'usual';
}

function beginMood(state: SymbolState, nowNs: number, mood: Mood): void {
  state.mood = mood;
  state.moodEndsNs = nowNs + lengthNs(state, MOODS[mood].seconds);
}

function jump(state: SymbolState): number {
  const centiBp = nextInt(state.random, JUMP_CENTI_BP[0], JUMP_CENTI_BP[1]);
  return (direction(state) * state.anchorPips * centiBp) / 1_000_000;
}

function lengthNs(state: SymbolState, [least, most]: readonly [number, number]): number {
  return Math.round((least + (most - least) * nextUnit(state.random)) * NS_PER_SECOND);
}
