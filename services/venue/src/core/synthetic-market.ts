import type { MarketEvent } from './market-event.ts';
import { createRandom, nextInt, nextUint32, type RandomState } from './random.ts';

export interface SyntheticSymbol {
  readonly symbol: string;
  /** Price at the start and the one the market keeps coming back to, in cents. */
  readonly priceCents: number;
}

export interface SyntheticConfig {
  readonly seed: number;
  readonly symbols: readonly SyntheticSymbol[];
  /** Trades and quotes per second and symbol, on average. */
  readonly ticksPerSecond: number;
  /** Unix nanoseconds of the first instant; the only thing that ties the series to a clock. */
  readonly startNs: bigint;
}

interface SymbolState {
  readonly symbol: string;
  readonly anchorPips: number;
  readonly random: RandomState;
  /** Fair price in pips (1/10,000 dollar): a hundred steps within the cent that the market shows. */
  pips: number;
  driftPipsPerSecond: number;
  /** Drift not yet in `pips`, in millionths of a pip: at high rates one tick's drift is less than a pip. */
  driftRest: number;
  regimeEndsUs: number;
  lastTickUs: number;
  nextTickUs: number;
  bidCents: number;
  askCents: number;
  tradeId: number;
}

/** The market as plain data: a copy of it goes on exactly as the original would. */
export interface SyntheticMarket {
  readonly startNs: bigint;
  readonly meanGapUs: number;
  /** Noise per tick in parts of the anchor price; it shrinks with the gap so that a second is as rough at every rate. */
  readonly noiseShare: number;
  readonly symbols: SymbolState[];
}

const PIPS_PER_CENT = 100;
const US_PER_SECOND = 1_000_000;
const EXCHANGE = 'V';
const TAPE = 'C';
const TRADE_CONDITIONS = ['@'] as const;
const QUOTE_CONDITIONS = ['R'] as const;
/** A regime drifts 1 to 4 basis points a second for 4 to 12 seconds: slow against ticks, fast against bars of one second. */
const REGIME_US = [4 * US_PER_SECOND, 12 * US_PER_SECOND] as const;
const DRIFT_CENTI_BP = [100, 400] as const;
/** How far, in per cent of the anchor, the price may stray before every new regime leads back. */
const STRAY_PERCENT = 5;
const NOISE_SHARE_PER_SECOND = 0.0002;
const TRADE_SHARE_PERCENT = 35;
const LOWEST_PIPS = 10 * PIPS_PER_CENT;

export function createSyntheticMarket(config: SyntheticConfig): SyntheticMarket {
  const meanGapUs = Math.max(1, Math.round(US_PER_SECOND / config.ticksPerSecond));
  return {
    startNs: config.startNs,
    meanGapUs,
    noiseShare: NOISE_SHARE_PER_SECOND * Math.sqrt(meanGapUs / US_PER_SECOND),
    symbols: config.symbols.map(({ symbol, priceCents }) => ({
      symbol,
      anchorPips: priceCents * PIPS_PER_CENT,
      random: createRandom(config.seed, symbol),
      pips: priceCents * PIPS_PER_CENT,
      driftPipsPerSecond: 0,
      driftRest: 0,
      regimeEndsUs: 0,
      lastTickUs: 0,
      nextTickUs: 0,
      bidCents: 0,
      askCents: 0,
      tradeId: 0,
    })),
  };
}

/** Unix nanoseconds of the next event. */
export function nextEventNs(market: SyntheticMarket): bigint {
  return market.startNs + BigInt(earliest(market).nextTickUs) * 1000n;
}

/**
 * The events due up to and including `untilNs`, in time order (ties in the order of the symbols), at most `limit` of
 * them; call again until none come. Changes `market` in place. Times have microsecond grain.
 */
export function advance(market: SyntheticMarket, untilNs: bigint, limit: number): MarketEvent[] {
  const untilUs = Number((untilNs - market.startNs) / 1000n);
  const events: MarketEvent[] = [];
  while (events.length < limit) {
    const state = earliest(market);
    if (state.nextTickUs > untilUs) break;
    events.push(tick(market, state));
  }
  return events;
}

function earliest(market: SyntheticMarket): SymbolState {
  let first = market.symbols[0];
  if (first === undefined) throw new RangeError('a synthetic market needs at least one symbol');
  for (const state of market.symbols) if (state.nextTickUs < first.nextTickUs) first = state;
  return first;
}

function tick(market: SyntheticMarket, state: SymbolState): MarketEvent {
  const nowUs = state.nextTickUs;
  const isFirst = state.bidCents === 0;
  if (nowUs >= state.regimeEndsUs) startRegime(state, nowUs);
  move(state, nowUs, market.noiseShare);
  state.lastTickUs = nowUs;
  state.nextTickUs = nowUs + 1 + nextInt(state.random, 0, 2 * (market.meanGapUs - 1));
  const tsNs = market.startNs + BigInt(nowUs) * 1000n;
  const isTrade = !isFirst && nextInt(state.random, 0, 99) < TRADE_SHARE_PERCENT;
  return isTrade ? trade(state, tsNs) : quote(state, tsNs);
}

function startRegime(state: SymbolState, nowUs: number): void {
  const centiBp = nextInt(state.random, DRIFT_CENTI_BP[0], DRIFT_CENTI_BP[1]);
  const size = Math.max(1, Math.round((state.anchorPips * centiBp) / 1_000_000));
  const strayPercent = Math.trunc(((state.pips - state.anchorPips) * 100) / state.anchorPips);
  let up = nextUint32(state.random) % 2 === 0;
  if (strayPercent >= STRAY_PERCENT) up = false;
  if (strayPercent <= -STRAY_PERCENT) up = true;
  state.driftPipsPerSecond = up ? size : -size;
  state.regimeEndsUs = nowUs + nextInt(state.random, REGIME_US[0], REGIME_US[1]);
}

function move(state: SymbolState, nowUs: number, noiseShare: number): void {
  state.driftRest += state.driftPipsPerSecond * (nowUs - state.lastTickUs);
  const drift = Math.trunc(state.driftRest / US_PER_SECOND);
  state.driftRest -= drift * US_PER_SECOND;
  const noise = Math.max(1, Math.trunc(state.anchorPips * noiseShare));
  state.pips = Math.max(LOWEST_PIPS, state.pips + drift + nextInt(state.random, -noise, noise));
}

function quote(state: SymbolState, tsNs: bigint): MarketEvent {
  const midCents = Math.trunc(state.pips / PIPS_PER_CENT);
  state.bidCents = midCents - nextInt(state.random, 0, 1);
  state.askCents = midCents + nextInt(state.random, 1, 2);
  return {
    kind: 'quote',
    symbol: state.symbol,
    tsNs,
    updates: 'both',
    bidPx: centsText(state.bidCents),
    bidSz: String(nextInt(state.random, 1, 10) * 100),
    askPx: centsText(state.askCents),
    askSz: String(nextInt(state.random, 1, 10) * 100),
    bidExchange: EXCHANGE,
    askExchange: EXCHANGE,
    conditions: QUOTE_CONDITIONS,
    tape: TAPE,
  };
}

/** A trade takes the side of the last quote that the drift leans to, three times in five. */
function trade(state: SymbolState, tsNs: bigint): MarketEvent {
  state.tradeId += 1;
  const withDrift = nextInt(state.random, 1, 5) <= 3;
  const lifts = state.driftPipsPerSecond > 0 === withDrift;
  return {
    kind: 'trade',
    symbol: state.symbol,
    tsNs,
    id: state.tradeId,
    price: centsText(lifts ? state.askCents : state.bidCents),
    size: String(nextInt(state.random, 1, 300)),
    exchange: EXCHANGE,
    conditions: TRADE_CONDITIONS,
    tape: TAPE,
  };
}

/** Integer cents as canonical decimal text: `19000` → `190`, `19050` → `190.5`. */
export function centsText(cents: number): string {
  const whole = Math.trunc(cents / 100);
  const rest = cents % 100;
  if (rest === 0) return String(whole);
  if (rest % 10 === 0) return `${whole}.${rest / 10}`;
  return `${whole}.${rest < 10 ? '0' : ''}${rest}`;
}
