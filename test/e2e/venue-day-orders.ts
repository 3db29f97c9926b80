import type { Order } from '../chaos/venue-load-trader.ts';
import { type DayRow, dayMs } from './venue-day-tape.ts';

/** A fill as the venue told it. */
export interface DayFill {
  readonly orderId: string;
  readonly time: string;
  /** In ten-thousandths of a dollar. */
  readonly px: number;
  readonly qty: number;
}

/** An order in the tape's units: prices in ten-thousandths of a dollar. */
export interface DayOrder {
  readonly id: string;
  readonly isBuy: boolean;
  readonly type: string;
  readonly timeInForce: string;
  readonly qty: number;
  readonly limitPx: number | null;
  /** Of a stop that does not trail. */
  readonly stopPx: number | null;
  readonly arrivalMs: number;
  /** The first row after which a stop may act; `null` for one that never may. Orders of other types may at once. */
  readonly electedRow: number | null;
}

const PX_PER_USD = 10_000;
/** Above its stop a buy stop pays at most so much more, in thousandths, below and from 50 dollars. */
const COLLAR = { from: 50 * PX_PER_USD, below: 40, above: 25 };

export function pxOf(text: string): number {
  const px = Number(text) * PX_PER_USD;
  if (Math.abs(px - Math.round(px)) > 1e-6) throw new Error(`${text} is finer than the tape's prices`);
  return Math.round(px);
}

function pxOrNull(text: string | null): number | null {
  return text === null ? null : pxOf(text);
}

/** The listed orders with what the tape says of their stops. */
export function dayOrders(listed: readonly Order[], rows: readonly DayRow[]): Map<string, DayOrder> {
  const byId = new Map(listed.map((order) => [order.id, order]));
  const orders = new Map<string, DayOrder>();
  // Oldest first: an order comes after the one that it replaces.
  for (const order of listed) {
    const { id, side, type, time_in_force: timeInForce, qty } = order;
    const isBuy = side === 'buy';
    const before = order.replaces === null ? undefined : orders.get(order.replaces);
    const elected = type.includes('stop') ? electedRow(order, rows, firstOf(order, byId)) : 0;
    orders.set(id, {
      ...{ id, isBuy, type, timeInForce, qty: Number(qty) },
      limitPx: type === 'stop' && isBuy ? collarOf(order.stop_price) : pxOrNull(order.limit_price),
      stopPx: type === 'trailing_stop' ? null : pxOrNull(order.stop_price),
      arrivalMs: dayMs(order.created_at),
      // One that had been elected stays so when it is replaced.
      electedRow: earlier(elected, before?.electedRow ?? null),
    });
  }
  return orders;
}

function earlier(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b;
  return Math.min(a, b);
}

function collarOf(stop: string | null): number | null {
  const stopPx = pxOrNull(stop);
  if (stopPx === null) return null;
  const thousandths = stopPx < COLLAR.from ? COLLAR.below : COLLAR.above;
  return Math.floor((stopPx * (1000 + thousandths)) / 1000);
}

/** The order that a chain of replacements began with. */
function firstOf(order: Order, byId: ReadonlyMap<string, Order>): Order {
  const before = order.replaces === null ? undefined : byId.get(order.replaces);
  return before === undefined ? order : firstOf(before, byId);
}

/**
 * The first row with a print at or beyond the stop. Times are known to the millisecond, so prints of the millisecond of
 * arrival count as later ones: an order is never accused for what may have been.
 */
function electedRow(order: Order, rows: readonly DayRow[], first: Order): number | null {
  const stopAt = order.type === 'trailing_stop' ? trailingStop(order, rows, first) : fixedStop(order);
  const isBuy = order.side === 'buy';
  for (let index = firstRowAt(rows, dayMs(order.created_at)); index < rows.length; index += 1) {
    const px = rows[index]?.trade?.px;
    if (px === undefined) continue;
    const stop = stopAt(px);
    if (isBuy ? px >= stop : px <= stop) return index;
  }
  return null;
}

type StopAt = (printPx: number) => number;

function fixedStop({ stop_price: stop }: Order): StopAt {
  const px = pxOf(stop ?? '');
  return () => px;
}

/** Told each print from the order's arrival on: where the stop then stands. */
function trailingStop(order: Order, rows: readonly DayRow[], first: Order): StopAt {
  const isBuy = order.side === 'buy';
  const best = isBuy ? Math.min : Math.max;
  let mark: number | undefined;
  const see = (px: number) => {
    mark = mark === undefined ? px : best(mark, px);
    return mark;
  };
  const from = firstRowAt(rows, dayMs(first.created_at));
  const to = firstRowAt(rows, dayMs(order.created_at) + 1);
  const last = lastPrintBefore(rows, from);
  if (last !== undefined) see(last);
  for (const { trade } of rows.slice(from, to)) if (trade !== null) see(trade.px);
  const trailPx = pxOrNull(order.trail_price);
  const percent = Number(order.trail_percent ?? 0);
  return (px) => {
    const markPx = see(px);
    const distance = trailPx ?? (markPx * percent) / 100;
    // The stop itself lies on a grid of a millionth, a hundredth of this unit, on the far side.
    return isBuy ? Math.ceil((markPx + distance) * 100) / 100 : Math.floor((markPx - distance) * 100) / 100;
  };
}

function lastPrintBefore(rows: readonly DayRow[], row: number): number | undefined {
  for (let index = row - 1; index >= 0; index -= 1) {
    const trade = rows[index]?.trade;
    if (trade) return trade.px;
  }
  return undefined;
}

/** Index of the first row at or after a millisecond. */
export function firstRowAt(rows: readonly DayRow[], ms: number): number {
  let [low, high] = [0, rows.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((rows[middle]?.ms ?? 0) < ms) low = middle + 1;
    else high = middle;
  }
  return low;
}
