import type { Instrument } from '@tickpath/trading';
import { bestPx, displayedAt, type ShownSide, type Sign, UNKNOWN_QTY } from './shown-side.ts';
import { HIGHEST_PX, LOWEST_PX, protectiveLimitPx, trailedStopPx } from './stop-prices.ts';
import type { EnteringOrder, TimeInForce, Trail } from './types.ts';

/** An order of ours while it may still fill. */
export interface WorkingOrder {
  readonly orderId: string;
  readonly instrument: Instrument;
  readonly sign: Sign;
  readonly timeInForce: TimeInForce;
  readonly extendedHours: boolean;
  readonly isShortSale: boolean;
  readonly trail: Trail | null;
  /** Its worst price; without a limit, the bound of all prices. */
  readonly limitPx: number;
  /** Takes whenever it can and never makes. A buy `stop` does so within its protective limit. */
  readonly isMarket: boolean;
  /** Waits to be elected. */
  isStop: boolean;
  stopPx: number;
  /** Mark of a trailing stop; 0 before the first. */
  hwmPx: number;
  leavesQty: number;
  /** Displayed size of others to be served first at its price; `UNKNOWN_QTY` until that can be told. */
  aheadQty: number;
}

/** Resting orders of one side, in priority. */
export interface OrderQueue {
  /** In order of arrival. */
  readonly markets: WorkingOrder[];
  /** By price, the most ready to pay first; then in order of arrival. */
  readonly limits: WorkingOrder[];
}

export function createQueue(): OrderQueue {
  return { markets: [], limits: [] };
}

/** Throws when the order lacks a price of its type or has nothing to fill. */
export function workingOrder(entering: EnteringOrder): WorkingOrder {
  const { orderId, instrument, type, leavesQty, trail, hwmPx } = entering;
  if (!Number.isSafeInteger(leavesQty) || leavesQty <= 0) {
    throw new RangeError(`order ${orderId}: leaves ${leavesQty} are not between 1 and ${Number.MAX_SAFE_INTEGER}`);
  }
  if (type === 'trailing_stop' && trail === null) throw new Error(`order ${orderId} is a trailing_stop without trail`);
  const sign: Sign = entering.side === 'buy' ? 1 : -1;
  const hasStopPx = type === 'stop' || type === 'stop_limit';
  const trailed = trail !== null && hwmPx !== null ? trailedStopPx(trail, hwmPx, sign) : 0;
  return {
    orderId,
    instrument,
    sign,
    timeInForce: entering.timeInForce,
    extendedHours: entering.extendedHours,
    isShortSale: entering.isShortSale,
    trail,
    limitPx: worstPx(entering),
    isMarket: type !== 'limit' && type !== 'stop_limit',
    isStop: type !== 'market' && type !== 'limit' && !entering.isTriggered,
    stopPx: hasStopPx ? priceOf(entering, 'stopPx') : trailed,
    hwmPx: hwmPx ?? 0,
    leavesQty,
    aheadQty: UNKNOWN_QTY,
  };
}

function worstPx(entering: EnteringOrder): number {
  if (entering.type === 'limit' || entering.type === 'stop_limit') return priceOf(entering, 'limitPx');
  if (entering.side === 'sell') return LOWEST_PX;
  if (entering.type !== 'stop') return HIGHEST_PX;
  return protectiveLimitPx(priceOf(entering, 'stopPx'), entering.instrument);
}

function priceOf(entering: EnteringOrder, name: 'limitPx' | 'stopPx'): number {
  const px = entering[name];
  if (px === null) throw new Error(`order ${entering.orderId} is a ${entering.type} without ${name}`);
  return px;
}

/** Behind all orders of its kind and price. */
export function enqueue(queue: OrderQueue, order: WorkingOrder): void {
  if (order.isMarket) {
    queue.markets.push(order);
    return;
  }
  const { limits } = queue;
  let low = 0;
  let high = limits.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const other = limits[middle];
    if (other !== undefined && order.sign * other.limitPx < order.sign * order.limitPx) high = middle;
    else low = middle + 1;
  }
  limits.splice(low, 0, order);
}

export function dequeue(queue: OrderQueue, order: WorkingOrder): void {
  const orders = order.isMarket ? queue.markets : queue.limits;
  const index = orders.indexOf(order);
  if (index >= 0) orders.splice(index, 1);
}

/**
 * Cuts what is ahead of each order to what its own side shows now; it never grows. An unknown position is told when the
 * order's price becomes the best. `gone` are prices whose level the book has just lost.
 */
export function settlePositions({ limits }: OrderQueue, own: ShownSide, gone: readonly number[]): void {
  for (const order of limits) {
    // Behind the quote and without a book, nothing can be told of this order and those after it.
    if (own.quotePx !== 0 && own.bookPx.length === 0 && gone.length === 0 && isBehindBest(own, order)) return;
    settlePosition(order, own, gone);
  }
}

function settlePosition(order: WorkingOrder, own: ShownSide, gone: readonly number[]): void {
  const displayed = displayedAt(own, order.limitPx);
  if (order.aheadQty === UNKNOWN_QTY) {
    if (bestPx(own) !== 0 && !isBehindBest(own, order)) order.aheadQty = displayed;
  } else if (displayed < order.aheadQty) {
    order.aheadQty = displayed;
  } else if (displayed === UNKNOWN_QTY && gone.includes(order.limitPx)) {
    order.aheadQty = 0;
  }
}

function isBehindBest(own: ShownSide, order: WorkingOrder): boolean {
  return own.sign * order.limitPx > own.sign * bestPx(own);
}

/** After a halt nobody knows who is ahead. */
export function forgetPositions({ limits }: OrderQueue): void {
  for (const order of limits) order.aheadQty = UNKNOWN_QTY;
}
