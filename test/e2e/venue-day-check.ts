import { type DayFill, type DayOrder, firstRowAt } from './venue-day-orders.ts';
import { type DayRow, dayMs } from './venue-day-tape.ts';

/** How the tape accounts for a fill. */
export type Explanation = 'taker' | 'maker, print through' | 'maker, print at' | 'maker, quote';

export const EXPLANATIONS = ['taker', 'maker, print through', 'maker, print at', 'maker, quote'] as const;

/** What is wrong with a fill that the tape does not account for. */
export type Fault = 'order' | 'time' | 'limit' | 'stop' | 'price' | 'size' | 'fok';

export interface Exception {
  readonly fill: DayFill;
  readonly fault: Fault;
}

export interface Verdict {
  readonly exceptions: readonly Exception[];
  /** How each fill is accounted for, those with an exception left out. */
  readonly explained: ReadonlyMap<DayFill, Explanation>;
}

/**
 * Holds every fill, in the order in which they happened, against the rows of its own millisecond.
 *
 * - A taker paid the price shown on the other side and took no more than was left of it. What orders took of a price counts
 *   as gone while that price is shown without a break; a print at it brings its size back.
 * - A maker got its own limit: from a print at or through it, all makers of a print together no more than its size, or from a
 *   quote at or through it, no more than was left of that.
 * - A stop acts after a print at or beyond it. An IOC or FOK fills in the millisecond of its arrival only.
 *
 * Rows of one millisecond cannot be told apart by time. Each fill is placed at the first of them that accounts for it, not
 * before the fill ahead of it: later ones then have no less left than they really had.
 */
export function checkDay(
  rows: readonly DayRow[],
  orders: ReadonlyMap<string, DayOrder>,
  fills: readonly DayFill[],
): Verdict {
  const market = new Market(rows);
  const exceptions: Exception[] = [];
  const explained = new Map<DayFill, Explanation>();
  const filled = new Map<string, number>();
  for (const fill of fills) {
    const order = orders.get(fill.orderId);
    const found = order === undefined ? { fault: 'order' as const } : placed(market, order, fill);
    if ('fault' in found) exceptions.push({ fill, fault: found.fault });
    else explained.set(fill, found.explanation);
    filled.set(fill.orderId, (filled.get(fill.orderId) ?? 0) + fill.qty);
  }
  for (const fill of fills) {
    const order = orders.get(fill.orderId);
    const sum = filled.get(fill.orderId) ?? 0;
    if (order === undefined) continue;
    if (sum > order.qty) exceptions.push({ fill, fault: 'size' });
    if (order.timeInForce === 'fok' && sum !== order.qty) exceptions.push({ fill, fault: 'fok' });
  }
  return { exceptions, explained };
}

type Placed = { readonly explanation: Explanation } | { readonly fault: Fault };

function placed(market: Market, order: DayOrder, fill: DayFill): Placed {
  const ms = dayMs(fill.time);
  if (ms < order.arrivalMs || !market.reach(ms)) return { fault: 'time' };
  if (order.limitPx !== null && (order.isBuy ? fill.px > order.limitPx : fill.px < order.limitPx)) {
    return { fault: 'limit' };
  }
  const isImmediate = order.timeInForce === 'ioc' || order.timeInForce === 'fok';
  if (isImmediate && ms !== order.arrivalMs) return { fault: 'time' };
  if (order.electedRow === null || order.electedRow >= market.endOf(ms)) return { fault: 'stop' };
  const terms = { mayTake: mayTake(market, order, ms), mayMake: !isImmediate && fill.px === order.limitPx };
  if (!terms.mayTake && !terms.mayMake) return { fault: 'price' };
  let fault: Fault = 'price';
  for (const row of market.candidates(ms)) {
    if (row < order.electedRow) continue;
    const explanation = market.explain(row, order.isBuy, { fill, ...terms });
    if (explanation === 'short') fault = 'size';
    else if (explanation !== undefined) return { explanation };
  }
  return { fault };
}

/** A limit takes as it arrives; what has no limit takes whenever there is something. */
function mayTake(market: Market, order: DayOrder, ms: number): boolean {
  if (order.type === 'market' || order.type === 'trailing_stop' || order.type === 'stop') return true;
  if (ms === order.arrivalMs) return true;
  // A stop limit takes as it arrives, with the print that elects it.
  const { isBuy, stopPx } = order;
  if (order.type !== 'stop_limit' || stopPx === null) return false;
  return market.prints(ms).some((px) => (isBuy ? px >= stopPx : px <= stopPx));
}

interface Claim {
  readonly fill: DayFill;
  readonly mayTake: boolean;
  readonly mayMake: boolean;
}

/** The day as it goes by, with what the fills took of it. */
class Market {
  readonly #rows: readonly DayRow[];
  #row = -1;
  #takenOfBid = 0;
  #takenOfAsk = 0;
  #leftOfPrint = 0;

  constructor(rows: readonly DayRow[]) {
    this.#rows = rows;
  }

  startOf(ms: number): number {
    return firstRowAt(this.#rows, ms);
  }

  endOf(ms: number): number {
    return firstRowAt(this.#rows, ms + 1);
  }

  /** The prices traded in a millisecond. */
  prints(ms: number): number[] {
    return this.#rows
      .slice(this.startOf(ms), this.endOf(ms))
      .flatMap(({ trade }) => (trade === null ? [] : [trade.px]));
  }

  /** Goes on to the first row of a millisecond; false when there is none, or when it has gone by. */
  reach(ms: number): boolean {
    const [start, end] = [this.startOf(ms), this.endOf(ms)];
    if (start === end || end <= this.#row) return false;
    while (this.#row < start) this.#advance();
    return true;
  }

  /** The rows of a millisecond that have not gone by, each of them reached as it is given. */
  *candidates(ms: number): Generator<number> {
    const end = this.endOf(ms);
    yield this.#row;
    while (this.#row + 1 < end) {
      this.#advance();
      yield this.#row;
    }
  }

  /** Accounts for a fill at the row reached, and takes it away; `short` if only the size is wrong. */
  explain(row: number, isBuy: boolean, { fill, mayTake, mayMake }: Claim): Explanation | 'short' | undefined {
    const { trade, shown } = this.#rows[row] ?? { trade: null, shown: { bidPx: 0, bidSz: 0, askPx: 0, askSz: 0 } };
    const { px, qty } = fill;
    let isShort = false;
    if (mayMake && trade !== null && (isBuy ? trade.px <= px : trade.px >= px)) {
      if (qty <= this.#leftOfPrint) {
        this.#leftOfPrint -= qty;
        return trade.px === px ? 'maker, print at' : 'maker, print through';
      }
      isShort = true;
    }
    const [otherPx, otherSz] = isBuy ? [shown.askPx, shown.askSz] : [shown.bidPx, shown.bidSz];
    const isThere = otherPx > 0 && otherSz > 0;
    const takes = mayTake && otherPx === px;
    const isMet = mayMake && (isBuy ? otherPx <= px : otherPx >= px);
    if (!isThere || (!takes && !isMet)) return isShort ? 'short' : undefined;
    if (qty > otherSz - (isBuy ? this.#takenOfAsk : this.#takenOfBid)) return 'short';
    if (isBuy) this.#takenOfAsk += qty;
    else this.#takenOfBid += qty;
    return takes ? 'taker' : 'maker, quote';
  }

  #advance(): void {
    const before = this.#rows[this.#row]?.shown;
    this.#row += 1;
    const { trade, shown } = this.#rows[this.#row] ?? { trade: null, shown: undefined };
    if (shown === undefined) throw new Error(`row ${this.#row} of ${this.#rows.length}`);
    if (before?.bidPx !== shown.bidPx) this.#takenOfBid = 0;
    if (before?.askPx !== shown.askPx) this.#takenOfAsk = 0;
    this.#leftOfPrint = trade?.sz ?? 0;
    if (trade === null) return;
    if (trade.px === shown.bidPx) this.#takenOfBid = Math.max(0, this.#takenOfBid - trade.sz);
    if (trade.px === shown.askPx) this.#takenOfAsk = Math.max(0, this.#takenOfAsk - trade.sz);
  }
}
