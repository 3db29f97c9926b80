import type { FeedOutput, TradeEvent } from './protocol.ts';

/** Trades that may be missing in a row and still be fetched; of a longer hole the older part is declared lost. */
export const MAX_RECOVERED_TRADES = 10_000;
/** Live trades that wait behind a hole at most, and how long: then the hole is declared lost and they go on. */
export const MAX_HELD_TRADES = 10_000;
export const HOLD_NS = 5_000_000_000n;

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
  lastId: number;
  lastTsNs: bigint;
  /** Trades behind a hole, by id; empty when there is no hole. */
  readonly held: Map<number, Held>;
  openedNs: bigint;
  requestId: string | undefined;
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
    state.lastTsNs = trade.venueTsNs;
    port.emit({ kind: 'event', event: trade, recovered });
  };

  const lose = (symbol: string, state: SymbolTrades, toId: number) => {
    port.emit({ kind: 'lost', symbol, topic: 'trade', from: state.lastId + 1, to: toId });
    state.lastId = toId;
  };

  const drain = (state: SymbolTrades) => {
    for (let next = state.held.get(state.lastId + 1); next !== undefined; next = state.held.get(state.lastId + 1)) {
      state.held.delete(state.lastId + 1);
      handOn(state, state.lastId + 1, next);
    }
    if (state.held.size === 0) state.requestId = undefined;
  };

  const giveUp = (symbol: string, state: SymbolTrades) => {
    const ids = [...state.held.keys()].sort((a, b) => a - b);
    for (const id of ids) {
      const held = state.held.get(id);
      if (held === undefined) continue;
      if (id > state.lastId + 1) lose(symbol, state, id - 1);
      handOn(state, id, held);
    }
    state.held.clear();
    state.requestId = undefined;
  };

  const ask = (symbol: string, state: SymbolTrades) => {
    const toId = Math.min(...state.held.keys()) - 1;
    if (toId - state.lastId > MAX_RECOVERED_TRADES) lose(symbol, state, toId - MAX_RECOVERED_TRADES);
    state.requestId = port.request({ symbol, fromId: state.lastId + 1, toId, afterNs: state.lastTsNs });
    if (state.requestId === undefined) giveUp(symbol, state);
  };

  const take = (id: number, trade: TradeEvent, recovered: boolean): void => {
    const { symbol } = trade;
    const state = symbols.get(symbol);
    if (state === undefined) {
      const fresh = freshState(id, trade);
      symbols.set(symbol, fresh);
      return handOn(fresh, id, { trade, recovered });
    }
    if (id <= state.lastId || state.held.has(id)) return port.emit({ kind: 'duplicate', symbol, what: 'trade' });
    if (state.held.size === 0 && id === state.lastId + 1) return handOn(state, id, { trade, recovered });
    const opens = state.held.size === 0;
    state.held.set(id, { trade, recovered });
    if (opens) {
      state.openedNs = port.nowNs();
      return ask(symbol, state);
    }
    drain(state);
    if (state.held.size > MAX_HELD_TRADES) giveUp(symbol, state);
  };

  const ofRequest = (requestId: string): [string, SymbolTrades] | undefined => {
    for (const entry of symbols) if (entry[1].requestId === requestId) return entry;
    return undefined;
  };

  return {
    take,

    history(trades) {
      const known = new Set(symbols.keys());
      for (const [id, trade] of trades) {
        const state = symbols.get(trade.symbol);
        if (state === undefined) symbols.set(trade.symbol, freshState(id, trade));
        else if (!known.has(trade.symbol)) {
          state.lastId = Math.max(state.lastId, id);
          state.lastTsNs = trade.venueTsNs;
        } else if (id > state.lastId && !state.held.has(id)) take(id, trade, true);
      }
    },

    page(requestId, trades) {
      const found = ofRequest(requestId);
      if (found === undefined) return false;
      const [symbol, state] = found;
      const before = state.lastId;
      const newestHeld = Math.max(...state.held.keys());
      for (const [id, trade] of trades) {
        // What is newer than all that was streamed will be streamed as well.
        if (id <= state.lastId || id > newestHeld || state.held.has(id)) continue;
        state.held.set(id, { trade, recovered: true });
      }
      drain(state);
      if (state.held.size === 0) return true;
      if (state.lastId > before) ask(symbol, state);
      else giveUp(symbol, state);
      return true;
    },

    failed(requestId) {
      const found = ofRequest(requestId);
      if (found !== undefined) giveUp(...found);
      return found !== undefined;
    },

    clock() {
      for (const [symbol, state] of symbols) {
        if (state.held.size > 0 && port.nowNs() - state.openedNs > HOLD_NS) giveUp(symbol, state);
      }
    },

    forget(symbol) {
      symbols.delete(symbol);
    },
  };
}

function freshState(lastId: number, { venueTsNs }: TradeEvent): SymbolTrades {
  return { lastId, lastTsNs: venueTsNs, held: new Map(), openedNs: 0n, requestId: undefined };
}
