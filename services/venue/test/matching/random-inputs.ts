import type { Instrument } from '@tickpath/trading';
import type { BookLevel, QuoteSides, SourceEvent } from '../../src/core/market/event.ts';
import type { EnteringOrder, OrderType, SlippageModel, Trail } from '../../src/core/matching/types.ts';
import { createRandom, isDrawn, nextInt, type RandomState } from '../../src/core/random.ts';
import type { MatchInput } from './match-input.ts';
import { AAA, anOrder, book, ETH, quote, status, trade } from './matching-builders.ts';

/** Something to be matched, reproducible from its two numbers. */
export interface Script {
  readonly slippage: SlippageModel;
  readonly inputs: readonly MatchInput[];
}

interface Scene {
  readonly random: RandomState;
  /** Where the prices of a symbol are about: all things happen within a few units of it. */
  readonly middle: Map<string, number>;
  readonly halted: Set<string>;
  /** Orders that were entered, with the least that amendments have left of them. */
  readonly entered: { readonly orderId: string; leavesQty: number }[];
}

const SLIPPAGES: readonly SlippageModel[] = [
  { model: 'none' },
  { model: 'none' },
  { model: 'fixed-bps', bps: 100 },
  { model: 'square-root', bps: 300 },
];

/** From 20 to 200 inputs. Prices and sizes come from so small ranges that ties, crosses and boundaries are common. */
export function randomScript(seed: number, index: number): Script {
  const random = createRandom(seed, `matching ${index}`);
  const scene: Scene = { random, middle: new Map(), halted: new Set(), entered: [] };
  const inputs: MatchInput[] = [];
  for (const assetClass of ['us_equity', 'crypto'] as const) {
    if (!isDrawn(random, 0.05)) inputs.push({ do: 'phase', assetClass, phase: 'regular' });
  }
  const count = nextInt(random, 20, 200);
  while (inputs.length < count) inputs.push(nextInput(scene));
  return { slippage: oneOf(random, SLIPPAGES), inputs };
}

function nextInput(scene: Scene): MatchInput {
  const { random } = scene;
  const instrument = isDrawn(random, 0.7) ? AAA : ETH;
  const draw = nextInt(random, 1, 100);
  if (draw <= 28) return { do: 'show', event: randomQuote(scene, instrument) };
  if (draw <= 50) return { do: 'show', event: randomTrade(scene, instrument) };
  if (draw <= (instrument === ETH ? 62 : 54)) return { do: 'show', event: randomBook(scene, instrument) };
  if (draw <= 65) return { do: 'show', event: randomStatus(scene, instrument) };
  if (draw <= 67) return randomPhase(random);
  if (draw <= 90) return { do: 'enter', order: randomOrder(scene, instrument) };
  if (draw <= 93) return { do: 'resume', order: resumed(scene, instrument) };
  return randomChange(scene, instrument);
}

function px(scene: Scene, instrument: Instrument, spread = 4): number {
  const middle = scene.middle.get(instrument.symbol) ?? 100;
  return middle + nextInt(scene.random, -spread, spread);
}

function sz({ random }: Scene): number {
  return isDrawn(random, 0.05) ? 0 : nextInt(random, 1, 12);
}

function randomQuote(scene: Scene, instrument: Instrument): SourceEvent {
  const { random } = scene;
  const before = scene.middle.get(instrument.symbol) ?? 100;
  if (isDrawn(random, 0.2)) scene.middle.set(instrument.symbol, before + nextInt(random, -2, 2));
  const bidPx = isDrawn(random, 0.05) ? 0 : px(scene, instrument, 2);
  const askPx = isDrawn(random, 0.05) ? 0 : bidPx + nextInt(random, isDrawn(random, 0.1) ? -1 : 1, 3);
  const updates = oneOf<QuoteSides>(random, ['both', 'both', 'bid', 'ask']);
  return quote({ instrument, updates, bidPx, bidSz: sz(scene), askPx: Math.max(0, askPx), askSz: sz(scene) });
}

function randomTrade(scene: Scene, instrument: Instrument): SourceEvent {
  const { random } = scene;
  return trade(px(scene, instrument), nextInt(random, 1, 15), {
    instrument,
    takerSide: oneOf(random, [null, null, 'B', 'S']),
    isLastSale: !isDrawn(random, 0.1),
  });
}

function randomBook(scene: Scene, instrument: Instrument): SourceEvent {
  const { random } = scene;
  const levels = (): BookLevel[] =>
    Array.from({ length: nextInt(random, 0, 4) }, () => [
      px(scene, instrument, 5),
      isDrawn(random, 0.3) ? 0 : sz(scene),
    ]);
  return book({ bids: levels(), asks: levels() }, { instrument, reset: isDrawn(random, 0.1) });
}

function randomStatus(scene: Scene, instrument: Instrument): SourceEvent {
  const { random, halted } = scene;
  if (halted.has(instrument.symbol)) {
    halted.delete(instrument.symbol);
    return status('resume', instrument);
  }
  if (isDrawn(random, 0.15)) return status('short-sale-restriction', instrument);
  if (isDrawn(random, 0.3)) return status('none', instrument);
  if (isDrawn(random, 0.1)) return status('resume', instrument);
  halted.add(instrument.symbol);
  return status('halt', instrument);
}

function randomPhase(random: RandomState): MatchInput {
  const phase = oneOf(random, ['closed', 'extended', 'regular', 'regular', 'regular'] as const);
  return { do: 'phase', assetClass: oneOf(random, ['us_equity', 'crypto'] as const), phase };
}

function randomOrder(scene: Scene, instrument: Instrument): EnteringOrder {
  const { random, entered } = scene;
  const type = oneOf<OrderType>(random, ['market', 'limit', 'limit', 'limit', 'stop', 'stop_limit', 'trailing_stop']);
  const side = oneOf(random, ['buy', 'sell'] as const);
  const order = anOrder({
    orderId: `o${entered.length}`,
    instrument,
    side,
    type,
    timeInForce: oneOf(random, ['day', 'gtc', 'gtc', 'ioc', 'fok'] as const),
    leavesQty: nextInt(random, 1, 20),
    limitPx: type === 'limit' || type === 'stop_limit' ? px(scene, instrument) : null,
    stopPx: type === 'stop' || type === 'stop_limit' ? px(scene, instrument) : null,
    trail: type === 'trailing_stop' ? randomTrail(random) : null,
    extendedHours: isDrawn(random, 0.3),
    isShortSale: side === 'sell' && isDrawn(random, 0.3),
  });
  entered.push({ orderId: order.orderId, leavesQty: order.leavesQty });
  return order;
}

function randomTrail(random: RandomState): Trail {
  if (isDrawn(random, 0.5)) return { by: 'price', px: nextInt(random, 1, 3) };
  return { by: 'percent', milliPercent: nextInt(random, 100, 3000) };
}

function resumed(scene: Scene, instrument: Instrument): EnteringOrder {
  const order = randomOrder(scene, instrument);
  const isTriggered = order.stopPx !== null && isDrawn(scene.random, 0.5);
  const hwmPx = order.trail !== null && isDrawn(scene.random, 0.7) ? px(scene, instrument) : null;
  return { ...order, timeInForce: 'gtc', isTriggered, hwmPx };
}

/** Takes an order out or lowers it; it may be one that is out already. */
function randomChange(scene: Scene, instrument: Instrument): MatchInput {
  const { random, entered } = scene;
  const one = entered[entered.length - nextInt(random, 1, 8)];
  if (one === undefined) return { do: 'show', event: randomQuote(scene, instrument) };
  if (isDrawn(random, 0.5)) return { do: 'remove', orderId: one.orderId };
  one.leavesQty = nextInt(random, 1, one.leavesQty);
  return { do: 'amend', orderId: one.orderId, leavesQty: one.leavesQty };
}

function oneOf<T>(random: RandomState, choices: readonly T[]): T {
  const choice = choices[nextInt(random, 0, choices.length - 1)];
  if (choice === undefined) throw new Error('nothing to choose from');
  return choice;
}
