import type { Instrument } from '@tickpath/trading';
import {
  createMatcher,
  type EnteringOrder,
  enterOrder,
  type MatcherState,
  type OrderType,
  removeOrder,
  type SourceEvent,
  setPhase,
  showMarket,
} from '@tickpath/venue/core';

const SYMBOLS = 10;
const MOST_RESTING = 100;
/** Inputs prepared beforehand and played again and again: as many as fit in the caches of no processor. */
const INPUTS = 200_000;

type Input = SourceEvent | EnteringOrder | 'oldest order leaves';

export interface MatchingRound {
  readonly eventsPerSecond: number;
  readonly decisions: number;
}

/**
 * The matcher alone on one core: 70 % quotes, 25 % trades, 5 % orders entering or leaving, over 10 symbols with at most
 * 100 orders at rest. Prices walk by a cent about a spread of two, so that orders rest near the market and are met.
 */
export function matchingRound(eventCount: number, seed = 1): MatchingRound {
  const inputs = preparedInputs(seed);
  const state = createMatcher({ slippage: { model: 'none' } });
  setPhase(state, 'us_equity', 'regular');
  play(state, inputs, INPUTS);
  const begun = process.hrtime.bigint();
  const decisions = play(state, inputs, eventCount);
  const seconds = Number(process.hrtime.bigint() - begun) / 1e9;
  if (decisions === 0) throw new Error('no order was met: the mix measures nothing');
  return { eventsPerSecond: eventCount / seconds, decisions };
}

function play(state: MatcherState, inputs: readonly Input[], count: number): number {
  let decisions = 0;
  let entered = 0;
  for (let i = 0; i < count; i += 1) {
    const input = inputs[i % inputs.length];
    if (input === undefined) throw new Error(`no input ${i} among ${inputs.length}`);
    if (input === 'oldest order leaves') {
      leave(state);
    } else if ('kind' in input) {
      decisions += showMarket(state, input).length;
    } else {
      if (state.orders.size >= MOST_RESTING) leave(state);
      entered += 1;
      decisions += enterOrder(state, { ...input, orderId: `order ${entered} of ${count}` }).length;
    }
  }
  return decisions;
}

function leave(state: MatcherState): void {
  for (const orderId of state.orders.keys()) {
    removeOrder(state, orderId);
    return;
  }
}

function preparedInputs(seed: number): Input[] {
  const random = randomFrom(seed);
  const instruments = Array.from({ length: SYMBOLS }, (_, index): Instrument => {
    return { symbol: `SYM${index}`, assetClass: 'us_equity', priceDecimals: 6, qtyDecimals: 9 };
  });
  const cents = instruments.map(() => 19_000);
  return Array.from({ length: INPUTS }, () => {
    const pick = random(0, SYMBOLS - 1);
    const instrument = instruments[pick];
    if (instrument === undefined) throw new Error(`no instrument ${pick} among ${SYMBOLS}`);
    const middle = (cents[pick] ?? 0) + random(-1, 1);
    cents[pick] = middle;
    const draw = random(1, 1000);
    if (draw <= 700) return quote(instrument, middle, random);
    if (draw <= 950) return trade(instrument, middle, random);
    return draw <= 985 ? order(instrument, middle, random) : 'oldest order leaves';
  });
}

/** An integer from `low` to `high`. */
type Random = (low: number, high: number) => number;

/** The linear congruential generator of Numerical Recipes: good enough for a mix, and the same mix every time. */
function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  return (low, high) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return low + Math.floor((state / 2 ** 32) * (high - low + 1));
  };
}

const CENT = 10_000;
const SHARE = 1_000_000_000;

function quote(instrument: Instrument, middle: number, random: Random): SourceEvent {
  return {
    kind: 'quote',
    instrument,
    tsNs: 0n,
    updates: 'both',
    bidPx: (middle - 1) * CENT,
    bidSz: random(1, 10) * 100 * SHARE,
    askPx: (middle + 1) * CENT,
    askSz: random(1, 10) * 100 * SHARE,
    bidExchange: 'V',
    askExchange: 'V',
    conditions: [],
    tape: 'C',
  };
}

function trade(instrument: Instrument, middle: number, random: Random): SourceEvent {
  return {
    kind: 'trade',
    instrument,
    tsNs: 0n,
    id: 1,
    px: (middle + random(-1, 1)) * CENT,
    sz: random(1, 300) * SHARE,
    exchange: 'V',
    conditions: [],
    tape: 'C',
    takerSide: null,
    isLastSale: true,
  };
}

const TYPES: readonly OrderType[] = [
  'market',
  'limit',
  'limit',
  'limit',
  'limit',
  'stop',
  'stop_limit',
  'trailing_stop',
];

function order(instrument: Instrument, middle: number, random: Random): EnteringOrder {
  const type = TYPES[random(0, TYPES.length - 1)] ?? 'limit';
  const isBuy = random(0, 1) === 1;
  const away = random(1, 30) * (isBuy ? 1 : -1);
  return {
    orderId: '',
    instrument,
    side: isBuy ? 'buy' : 'sell',
    type,
    timeInForce: 'gtc',
    leavesQty: random(1, 500) * SHARE,
    limitPx: type === 'limit' || type === 'stop_limit' ? (middle - away) * CENT : null,
    stopPx: type === 'stop' || type === 'stop_limit' ? (middle + away) * CENT : null,
    trail: type === 'trailing_stop' ? { by: 'price', px: Math.abs(away) * CENT } : null,
    hwmPx: null,
    isTriggered: false,
    extendedHours: false,
    isShortSale: false,
  };
}
