import type { Instrument } from '@tickpath/trading';
import { createQueue, type OrderQueue, type WorkingOrder } from './order-queue.ts';
import { createShownSide, type ShownSide, type Sign } from './shown-side.ts';

/** What the matcher knows of one symbol: the market shown, and our orders in it. */
export interface SymbolMarket {
  readonly instrument: Instrument;
  readonly bid: ShownSide;
  readonly ask: ShownSide;
  readonly buys: OrderQueue;
  readonly sells: OrderQueue;
  /** Stops not elected yet, in order of submission. */
  readonly stops: WorkingOrder[];
  /** Price of the last eligible trade; 0 before the first. */
  lastSalePx: number;
  /** Σ size of the eligible trades; only slippage looks at it, so it may leave the safe integers. */
  volumeQty: number;
  isHalted: boolean;
  /** Stays until `liftShortSaleRestriction`: no status says when Rule 201 ends. */
  isShortSaleRestricted: boolean;
}

export function createSymbolMarket(instrument: Instrument): SymbolMarket {
  return {
    instrument,
    bid: createShownSide(-1),
    ask: createShownSide(1),
    buys: createQueue(),
    sells: createQueue(),
    stops: [],
    lastSalePx: 0,
    volumeQty: 0,
    isHalted: false,
    isShortSaleRestricted: false,
  };
}

/** Resting orders of one side. */
export function queueOf(market: SymbolMarket, sign: Sign): OrderQueue {
  return sign === 1 ? market.buys : market.sells;
}

/** The side of the market beside which orders rest: bids for buys. */
export function ownSideOf(market: SymbolMarket, sign: Sign): ShownSide {
  return sign === 1 ? market.bid : market.ask;
}

/** The side of the market from which orders take: asks for buys. */
export function otherSideOf(market: SymbolMarket, sign: Sign): ShownSide {
  return sign === 1 ? market.ask : market.bid;
}
