import type { FeedOutput, TradeEvent } from './protocol.ts';
import { rejected } from './reading.ts';

/** Trades that may be missing in a row and still be fetched; of a longer hole the older part is declared lost. */
export const MAX_RECOVERED_TRADES = 10_000;
/** Live trades that wait behind a hole at most, and how long: then the hole is declared lost and they go on. */
export const MAX_HELD_TRADES = 10_000;
export const HOLD_NS = 5_000_000_000n;
/** Trades with ids in a row that make it sure that the venue's numbers are those now. */
export const CONFIRMED_BY = 3;
/** Stream and records of a venue may spell a time with more or fewer digits. */
const PAGE_TOLERANCE_NS = 1_000_000_000n;
/** Trades with ids that cannot be believed yet; of more the oldest is rejected. */
const MAX_SUSPECTS = 100;
const MAX_DOUBTFUL = 200;

/** A hole in a symbol's trade ids. */
export interface TradeHole {
  readonly symbol: string;
  readonly fromId: number;
  readonly toId: number;
  /** Venue time of the last trade before it. */
  readonly afterNs: bigint;
}

interface Held {
  readonly trade: TradeEvent;
  readonly recovered: boolean;
}

interface SymbolTrades {
  readonly symbol: string;
  lastId: number;
  /** Times of the last trade handed on and of the one before it. */
  lastTsNs: bigint;
  beforeTsNs: bigint;
  /** Trades behind a hole, by id; empty when there is no hole. */
  readonly held: Map<number, Held>;
  /** No id held is above it. */
  heldTo: number;
  openedNs: bigint;
  requestId: string | undefined;
  /** Trades whose ids do not go on from the last one, in order of arrival. */
  readonly suspects: Map<number, Held>;
  /** The newest trades that were handed on after they had been held: another may come and have the right to its id. */
  readonly doubtful: Map<number, TradeEvent>;
}

export interface SequencedTrades {
  /** A trade of a stream whose ids rise by one within a symbol. */
  take(id: number, trade: TradeEvent, recovered: boolean): void;
  /**
   * Trades, by rising id, that a venue shows at the beginning of a subscription. On a symbol's first one they happened
   * before we listened and are not handed on; later, those not handed on before are what a lost connection missed.
   */
  history(trades: readonly (readonly [id: number, trade: TradeEvent])[]): void;
  /** Trades fetched for a hole, in any order. True when the request was one of ours. */
  page(requestId: string, trades: readonly (readonly [id: number, trade: TradeEvent])[]): boolean;
  failed(requestId: string): boolean;
  /** Gives up holes that have been open too long. */
  clock(): void;
  forget(symbol: string): void;
}

/**
 * Puts a stream of trades whose ids rise by one into order: drops what was handed on before, holds back what comes
 * after a hole until the hole is filled (by late trades or by `request`), and declares lost what cannot be had.
 *
 * A venue may also be wrong about an id, and one wrong id that was believed would make all the right ones behind it pass
 * for old. So an id farther ahead than can be fetched, or one that has been but bears a later time, is suspected: trades
 * that go on from the last id refute it (`rejected`, reason `sequence`), and so many in a row that go on from it confirm
 * that the venue's numbers have jumped or begun anew. Within reach, a hole is not believed in for a single trade either:
 * it is rejected when the trades before it turn out to be later than it. A right trade that is rejected for its company
 * leaves a hole in the ids, and is fetched or declared lost like any other.
 */
export function createSequencedTrades(port: {
  nowNs(): bigint;
  /** Asks for the trades of a hole; undefined when there is no way to get them. */
  request(hole: TradeHole): string | undefined;
  emit(output: FeedOutput): void;
}): SequencedTrades {
  const symbols = new Map<string, SymbolTrades>();

  const handOn = (state: SymbolTrades, id: number, { trade, recovered }: Held) => {
    state.lastId = id;
    state.beforeTsNs = state.lastTsNs;
    state.lastTsNs = trade.venueTsNs;
    port.emit({ kind: 'event', event: trade, recovered });
  };

  const reject = (state: SymbolTrades, id: number, trade: TradeEvent) => {
    port.emit(rejected('sequence', `trade ${id} of ${state.symbol}, the last one was ${state.lastId}`));
    if (!isRefuted(state, id, trade)) return;
    state.doubtful.delete(id);
    port.emit({ kind: 'lost', symbol: state.symbol, topic: 'trade', from: id, to: id });
  };

  const doubt = ({ doubtful }: SymbolTrades, id: number, trade: TradeEvent) => {
    doubtful.set(id, trade);
    const [oldest] = doubtful.keys();
    if (doubtful.size > MAX_DOUBTFUL && oldest !== undefined) doubtful.delete(oldest);
  };

  const lose = (state: SymbolTrades, toId: number) => {
    port.emit({ kind: 'lost', symbol: state.symbol, topic: 'trade', from: state.lastId + 1, to: toId });
    state.lastId = toId;
  };

  const drain = (state: SymbolTrades) => {
    for (let next = state.held.get(state.lastId + 1); next !== undefined; next = state.held.get(state.lastId + 1)) {
      state.held.delete(state.lastId + 1);
      if (!next.recovered) doubt(state, state.lastId + 1, next.trade);
      handOn(state, state.lastId + 1, next);
    }
    if (state.held.size === 0) state.requestId = undefined;
  };

  /** Hands on what is held up to an id, and declares the holes in between lost. */
  const giveUp = (state: SymbolTrades, upToId: number) => {
    const ids = [...state.held.keys()].filter((id) => id <= upToId).sort((a, b) => a - b);
    for (const id of ids) {
      const held = state.held.get(id);
      if (held === undefined) continue;
      state.held.delete(id);
      if (id > state.lastId + 1) lose(state, id - 1);
      doubt(state, id, held.trade);
      handOn(state, id, held);
    }
    state.requestId = undefined;
  };

  /** The hole cannot be filled: it is given up as far as more than one trade says that it is there. */
  const giveUpConfirmed = (state: SymbolTrades) => {
    state.requestId = undefined;
    let lastId = -1;
    for (const id of state.held.keys()) if (id > lastId && state.held.has(id - 1)) lastId = id;
    if (lastId < 0) return;
    giveUp(state, lastId);
    if (state.held.size > 0) open(state);
  };

  const ask = (state: SymbolTrades) => {
    const toId = lowest(state.held) - 1;
    if (toId - state.lastId > MAX_RECOVERED_TRADES) lose(state, toId - MAX_RECOVERED_TRADES);
    const { symbol, lastTsNs } = state;
    state.requestId = port.request({ symbol, fromId: state.lastId + 1, toId, afterNs: lastTsNs });
    if (state.requestId === undefined) giveUpConfirmed(state);
  };

  const open = (state: SymbolTrades) => {
    state.openedNs = port.nowNs();
    ask(state);
  };

  /** Ids rise with time: a held trade without a neighbour that is older than one of a lower id has a wrong one. */
  const rejectContradicted = (state: SymbolTrades, { id, venueTsNs }: { id: number; venueTsNs: bigint }) => {
    const { held } = state;
    for (const [heldId, { trade }] of held) {
      const isAlone = !held.has(heldId - 1) && !held.has(heldId + 1);
      if (!isAlone || heldId < id || trade.venueTsNs >= venueTsNs) continue;
      held.delete(heldId);
      reject(state, heldId, trade);
    }
    state.heldTo = highest(held);
    if (held.size === 0) state.requestId = undefined;
  };

  const refuteSuspects = (state: SymbolTrades) => {
    for (const [id, { trade }] of state.suspects) reject(state, id, trade);
    state.suspects.clear();
  };

  const suspect = (state: SymbolTrades, id: number, held: Held) => {
    const { suspects } = state;
    suspects.set(id, held);
    let firstId = id;
    while (suspects.has(firstId - 1)) firstId -= 1;
    let endId = id + 1;
    while (suspects.has(endId)) endId += 1;
    if (endId - firstId >= CONFIRMED_BY) return confirm(state, firstId);
    const [oldest] = suspects;
    if (suspects.size <= MAX_SUSPECTS || oldest === undefined) return;
    suspects.delete(oldest[0]);
    reject(state, oldest[0], oldest[1].trade);
  };

  /** The venue's ids are those from `firstId` on: what is suspected and near it counts, the rest was wrong. */
  const confirm = (state: SymbolTrades, firstId: number) => {
    giveUp(state, Number.POSITIVE_INFINITY);
    const isAnew = firstId <= state.lastId;
    const fromId = isAnew ? firstId : Math.max(state.lastId + 1, firstId - MAX_RECOVERED_TRADES);
    let newestNs = 0n;
    for (const [id, held] of [...state.suspects].sort(([a], [b]) => a - b)) {
      const { trade } = held;
      const isNear = id >= fromId && id <= firstId + MAX_RECOVERED_TRADES;
      if (isNear && trade.venueTsNs >= newestNs) {
        newestNs = trade.venueTsNs;
        doubt(state, id, trade);
        state.held.set(id, held);
      } else reject(state, id, trade);
    }
    state.heldTo = highest(state.held);
    state.suspects.clear();
    if (isAnew) {
      // Nobody can say how many came before the first one that was seen of the new numbers.
      port.emit({ kind: 'lost', symbol: state.symbol, topic: 'trade', from: null, to: firstId - 1 });
      state.lastId = firstId - 1;
    }
    drain(state);
    if (state.held.size > 0) open(state);
  };

  const begin = (id: number, trade: TradeEvent): SymbolTrades => {
    const times = { lastTsNs: trade.venueTsNs, beforeTsNs: trade.venueTsNs, openedNs: 0n };
    const waiting = { held: new Map<number, Held>(), suspects: new Map<number, Held>(), heldTo: 0 };
    const doubtful = new Map<number, TradeEvent>();
    const state: SymbolTrades = {
      symbol: trade.symbol,
      lastId: id,
      requestId: undefined,
      doubtful,
      ...times,
      ...waiting,
    };
    symbols.set(trade.symbol, state);
    return state;
  };

  /** Two trades with one id: which of them is right, if any, the venue's records tell. */
  const rejectBoth = (state: SymbolTrades, id: number, trades: readonly TradeEvent[]) => {
    state.held.delete(id);
    state.suspects.delete(id);
    for (const trade of trades) reject(state, id, trade);
    if (state.held.size === 0) state.requestId = undefined;
  };

  const isRepeated = (state: SymbolTrades, id: number, trade: TradeEvent): boolean =>
    state.held.has(id) || state.suspects.has(id) || (id <= state.lastId && !isAfter(state, trade));

  const hold = (state: SymbolTrades, id: number, held: Held) => {
    const isFirst = state.held.size === 0;
    state.held.set(id, held);
    state.heldTo = isFirst ? id : Math.max(state.heldTo, id);
    if (isFirst) return open(state);
    drain(state);
    if (state.held.size > MAX_HELD_TRADES) giveUp(state, Number.POSITIVE_INFINITY);
    else if (state.held.size > 0 && state.requestId === undefined) giveUpConfirmed(state);
  };

  const take = (id: number, trade: TradeEvent, recovered: boolean): void => {
    const state = symbols.get(trade.symbol);
    const one = { trade, recovered };
    if (state === undefined) return handOn(begin(id, trade), id, one);
    // As almost all are: the next one, and nothing is in doubt.
    if (id === state.lastId + 1 && state.held.size === 0 && state.suspects.size === 0) return handOn(state, id, one);
    if (isRepeated(state, id, trade)) {
      const held = state.held.get(id) ?? state.suspects.get(id);
      if (held !== undefined && !isSame(held.trade, trade, 0n)) return rejectBoth(state, id, [held.trade, trade]);
      if (isRefuted(state, id, trade)) return reject(state, id, trade);
      return port.emit({ kind: 'duplicate', symbol: trade.symbol, what: 'trade' });
    }
    if (id <= state.lastId || id > state.lastId + MAX_RECOVERED_TRADES + 1) return suspect(state, id, one);
    if (state.suspects.size > 0) refuteSuspects(state);
    if (state.held.size > 0 && id < state.heldTo) rejectContradicted(state, { id, venueTsNs: trade.venueTsNs });
    if (id === state.lastId + 1 && state.held.size === 0) return handOn(state, id, one);
    hold(state, id, one);
  };

  const ofRequest = (requestId: string): SymbolTrades | undefined => {
    for (const state of symbols.values()) if (state.requestId === requestId) return state;
    return undefined;
  };

  return {
    take,

    history(trades) {
      const known = new Set(symbols.keys());
      for (const [id, trade] of trades) {
        const state = symbols.get(trade.symbol);
        if (state === undefined) begin(id, trade);
        else if (!known.has(trade.symbol)) {
          state.lastId = Math.max(state.lastId, id);
          state.lastTsNs = trade.venueTsNs;
        } else if (!isRepeated(state, id, trade)) take(id, trade, true);
      }
    },

    page(requestId, trades) {
      const state = ofRequest(requestId);
      if (state === undefined) return false;
      const before = state.lastId;
      for (const [id, trade] of trades) {
        // What is newer than all that was streamed will be streamed as well.
        if (id <= state.lastId || id > state.heldTo) continue;
        const held = state.held.get(id);
        if (held !== undefined && isSame(held.trade, trade, PAGE_TOLERANCE_NS)) continue;
        // The venue's records are right about what they have.
        if (held !== undefined) reject(state, id, held.trade);
        state.held.set(id, { trade, recovered: true });
      }
      drain(state);
      if (state.held.size === 0) return true;
      if (state.lastId > before) ask(state);
      else giveUpConfirmed(state);
      return true;
    },

    failed(requestId) {
      const state = ofRequest(requestId);
      if (state !== undefined) giveUpConfirmed(state);
      return state !== undefined;
    },

    clock() {
      for (const state of symbols.values()) {
        if (state.held.size > 0 && port.nowNs() - state.openedNs > HOLD_NS) giveUp(state, Number.POSITIVE_INFINITY);
      }
    },

    forget(symbol) {
      symbols.delete(symbol);
    },
  };
}

/** Another trade has been handed on under its id, one of which it was not sure. */
function isRefuted({ doubtful }: SymbolTrades, id: number, trade: TradeEvent): boolean {
  const known = doubtful.get(id);
  return known !== undefined && !isSame(known, trade, PAGE_TOLERANCE_NS);
}

/** Later than both trades handed on last: one wrong time does not count. */
function isAfter({ lastTsNs, beforeTsNs }: SymbolTrades, { venueTsNs }: TradeEvent): boolean {
  return venueTsNs > lastTsNs && venueTsNs > beforeTsNs;
}

function isSame(a: TradeEvent, b: TradeEvent, toleranceNs: bigint): boolean {
  const apartNs = a.venueTsNs - b.venueTsNs;
  return a.price === b.price && a.size === b.size && apartNs <= toleranceNs && -apartNs <= toleranceNs;
}

function lowest(held: ReadonlyMap<number, Held>): number {
  let least = Number.POSITIVE_INFINITY;
  for (const id of held.keys()) if (id < least) least = id;
  return least;
}

function highest(held: ReadonlyMap<number, Held>): number {
  let most = 0;
  for (const id of held.keys()) if (id > most) most = id;
  return most;
}
