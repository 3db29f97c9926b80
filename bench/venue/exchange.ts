import {
  type Asset,
  accountIdentity,
  createAssets,
  createExchangeState,
  createRandom,
  type ExchangeInput,
  type ExchangeState,
  type NewOrder,
  nextInt,
  phaseAtFor,
  type RandomState,
  type SourceEvent,
  step,
  type VenueRules,
} from '@tickpath/venue/core';

const SYMBOLS = Array.from({ length: 10 }, (_, index) => `SYM${index}`);
const MOST_OPEN = 100;
const INPUTS = 100_000;
const START_NS = 1_750_000_000_000_000_000n;
const STEP_NS = 20_000n;
const CENT = 10_000;
const SHARE = 1_000_000_000;

const RULES: VenueRules = {
  hours: 'always',
  multiplier: 4,
  shorting: true,
  latency: { orderNs: 0n, cancelNs: 0n, jitterNs: 0n, seed: 1 },
  slippage: { model: 'none' },
  fees: { perShareUsd: '0', makerBps: '0', takerBps: '0', regulatory: false },
};

export interface ExchangeRound {
  readonly eventsPerSecond: number;
  readonly fills: number;
}

/**
 * The whole core without its journal: checks, accounts, ids and life cycles around the matcher. 70 % quotes, 25 % trades,
 * 5 % orders that come or are canceled, over 10 symbols with at most 100 orders open.
 */
export function exchangeRound(eventCount: number, seed = 1): ExchangeRound {
  const assets = createAssets([], { symbols: SYMBOLS });
  const random = createRandom(seed, 'exchange bench');
  const inputs = preparedInputs(assets.all(), random);
  const state = createExchangeState({
    ...{ idScope: 'bench', rules: RULES, assetOf: assets.assetOf, phaseAt: phaseAtFor(RULES.hours) },
    ...{ account: accountIdentity('bench', START_NS), cashUsd: '1000000000000' },
  });
  const clock = { tsNs: START_NS, orders: 0 };
  play(state, { inputs, clock, count: inputs.length });
  const fillsBefore = state.fills.length;
  const begun = process.hrtime.bigint();
  play(state, { inputs, clock, count: eventCount });
  const seconds = Number(process.hrtime.bigint() - begun) / 1e9;
  const fills = state.fills.length - fillsBefore;
  if (fills === 0) throw new Error('no order was filled: the mix measures nothing');
  return { eventsPerSecond: eventCount / seconds, fills };
}

type Input = SourceEvent | NewOrder;

interface Playing {
  readonly inputs: readonly Input[];
  readonly clock: { tsNs: bigint; orders: number };
  readonly count: number;
}

function play(state: ExchangeState, { inputs, clock, count }: Playing): void {
  for (let i = 0; i < count; i += 1) {
    const input = inputs[i % inputs.length];
    if (input === undefined) throw new Error(`no input ${i} among ${inputs.length}`);
    clock.tsNs += STEP_NS;
    const { tsNs } = clock;
    if ('kind' in input) {
      step(state, { kind: 'market', event: { ...input, tsNs }, tsNs });
      continue;
    }
    if (state.open.size >= MOST_OPEN) cancelOldest(state, tsNs);
    clock.orders += 1;
    step(state, submission(input, clock));
  }
}

function submission(order: NewOrder, { tsNs, orders }: Playing['clock']): ExchangeInput {
  return { kind: 'submit', order: { ...order, clOrdId: `name ${orders}` }, orderId: `order ${orders}`, tsNs };
}

function cancelOldest(state: ExchangeState, tsNs: bigint): void {
  for (const orderId of state.open) {
    step(state, { kind: 'cancel', orderId, tsNs });
    return;
  }
}

function preparedInputs(assets: readonly Asset[], random: RandomState): Input[] {
  const cents = assets.map(() => 19_000);
  return Array.from({ length: INPUTS }, () => {
    const pick = nextInt(random, 0, assets.length - 1);
    const asset = assets[pick];
    if (asset === undefined) throw new Error(`no asset ${pick} among ${assets.length}`);
    const middle = (cents[pick] ?? 0) + nextInt(random, -1, 1);
    cents[pick] = middle;
    const draw = nextInt(random, 1, 100);
    if (draw <= 70) return quote(asset, middle, random);
    return draw <= 95 ? trade(asset, middle, random) : order(asset, middle, random);
  });
}

function quote(instrument: Asset, middle: number, random: RandomState): SourceEvent {
  return {
    ...{ kind: 'quote', instrument, tsNs: 0n, updates: 'both' },
    ...{ bidPx: (middle - 1) * CENT, bidSz: nextInt(random, 1, 10) * 100 * SHARE },
    ...{ askPx: (middle + 1) * CENT, askSz: nextInt(random, 1, 10) * 100 * SHARE },
    ...{ bidExchange: 'V', askExchange: 'V', conditions: [], tape: 'C' },
  };
}

function trade(instrument: Asset, middle: number, random: RandomState): SourceEvent {
  return {
    ...{ kind: 'trade', instrument, tsNs: 0n, id: 1, exchange: 'V', conditions: [], tape: 'C' },
    ...{ px: (middle + nextInt(random, -1, 1)) * CENT, sz: nextInt(random, 1, 300) * SHARE },
    ...{ takerSide: null, isLastSale: true },
  };
}

function order(asset: Asset, middle: number, random: RandomState): NewOrder {
  const isMarket = nextInt(random, 1, 4) === 1;
  // A position flips in no single order, so that some of the sells are refused as they would be in earnest.
  const isBuy = nextInt(random, 1, 10) <= 6;
  const away = nextInt(random, 1, 20) * (isBuy ? 1 : -1);
  return {
    ...{ asset, side: isBuy ? 'buy' : 'sell', type: isMarket ? 'market' : 'limit', timeInForce: 'gtc' },
    orderQty: nextInt(random, 1, 500) * SHARE,
    limitPx: isMarket ? null : (middle - away) * CENT,
    ...{ stopPx: null, trail: null, extendedHours: false, positionIntent: null, clOrdId: null },
  };
}
