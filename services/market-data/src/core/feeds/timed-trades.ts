import type { FeedOutput, TradeEvent } from './protocol.ts';
import { HOLD_NS, MAX_HELD_TRADES } from './sequenced-trades.ts';

/** Trades of a symbol that are remembered to know a duplicate by. */
const REMEMBERED = 2_048;
/** How far before the newest time of a lost connection its gap begins: venues write trades down out of order. */
export const OVERLAP_NS = 1_000_000_000n;

interface Memory {
  /** Times of the remembered trades of a key. */
  readonly times: Map<string, bigint[]>;
  /** In the order they came; `first` is the oldest still remembered. */
  readonly order: { key: string; tsNs: bigint }[];
}

/** Symbols whose trades are fetched together after a connection was lost. */
export interface TradeGap {
  readonly symbols: ReadonlySet<string>;
  readonly startNs: bigint;
  readonly openedNs: bigint;
  readonly fetched: TradeEvent[];
  readonly held: TradeEvent[];
}

export interface TimedTrades {
  /** A streamed trade: handed on, held while its symbol's gap is open, or dropped as a duplicate. */
  take(trade: TradeEvent): void;
  /** Symbols of which a trade has been handed on. */
  known(): readonly string[];
  open(symbols: readonly string[], newestNs: bigint): TradeGap;
  /** More trades of a gap. False when it has been given up meanwhile. */
  add(gap: TradeGap, trades: readonly TradeEvent[]): boolean;
  /** Hands on what was fetched, then what was held; when not `complete` the gap's symbols are declared lost. */
  close(gap: TradeGap, complete: boolean): void;
  isOpen(gap: TradeGap): boolean;
  /** Gives up gaps that have been open too long. */
  clock(): void;
  forget(symbol: string): void;
}

/**
 * Merges streamed and fetched trades of a venue whose ids do not say what is missing. With `by: 'id'` the key names one
 * trade, wherever it comes from, and a repeated one is a duplicate. With `by: 'value'` the venue's stream has no ids:
 * two streamed trades are never the same, and a fetched one stands for one streamed with an equal key at a time at most
 * `toleranceNs` away.
 */
export function createTimedTrades(port: {
  readonly by: 'id' | 'value';
  readonly toleranceNs: bigint;
  nowNs(): bigint;
  /** Undefined for a trade that cannot be told from others. */
  keyOf(trade: TradeEvent): string | undefined;
  emit(output: FeedOutput): void;
}): TimedTrades {
  const memories = new Map<string, Memory>();
  const gaps = new Map<string, TradeGap>();

  const memoryOf = (symbol: string): Memory => {
    let memory = memories.get(symbol);
    if (memory === undefined) {
      memory = { times: new Map(), order: [] };
      memories.set(symbol, memory);
    }
    return memory;
  };

  const remember = (memory: Memory, key: string, tsNs: bigint) => {
    const times = memory.times.get(key);
    if (times === undefined) memory.times.set(key, [tsNs]);
    else times.push(tsNs);
    memory.order.push({ key, tsNs });
    if (memory.order.length < 2 * REMEMBERED) return;
    for (const old of memory.order.splice(0, REMEMBERED)) remove(memory, old.key, old.tsNs);
  };

  const remove = (memory: Memory, key: string, tsNs: bigint) => {
    const times = memory.times.get(key);
    const at = times?.indexOf(tsNs) ?? -1;
    if (times === undefined || at < 0) return;
    if (times.length === 1) memory.times.delete(key);
    else times.splice(at, 1);
  };

  /** True when the trade was handed on before; by value, what it matched is then used up. */
  const isRemembered = (memory: Memory, key: string, tsNs: bigint): boolean => {
    const found = memory.times.get(key)?.find((one) => (one < tsNs ? tsNs - one : one - tsNs) <= port.toleranceNs);
    if (found === undefined) return false;
    if (port.by === 'value') remove(memory, key, found);
    return true;
  };

  const handOn = (trade: TradeEvent, recovered: boolean) => {
    const key = port.keyOf(trade);
    const memory = memoryOf(trade.symbol);
    if (key !== undefined) remember(memory, key, trade.venueTsNs);
    port.emit({ kind: 'event', event: trade, recovered });
  };

  const isKnown = (trade: TradeEvent): boolean => {
    const key = port.keyOf(trade);
    return key !== undefined && isRemembered(memoryOf(trade.symbol), key, trade.venueTsNs);
  };

  const handOnOnce = (trade: TradeEvent) => {
    if (isKnown(trade)) port.emit({ kind: 'duplicate', symbol: trade.symbol, what: 'trade' });
    else handOn(trade, false);
  };

  /** Trades before this may have been forgotten: what is fetched of them cannot be told from a duplicate. */
  const startOf = (symbol: string, startNs: bigint): bigint => {
    const order = memories.get(symbol)?.order;
    if (order === undefined || order.length < REMEMBERED) return startNs;
    let oldestNs = order[0]?.tsNs ?? startNs;
    for (const { tsNs } of order) if (tsNs < oldestNs) oldestNs = tsNs;
    return oldestNs > startNs ? oldestNs : startNs;
  };

  const close = (gap: TradeGap, complete: boolean) => {
    for (const symbol of gap.symbols) if (gaps.get(symbol) === gap) gaps.delete(symbol);
    const ofSymbol = new Map([...gap.symbols].map((symbol) => [symbol, startOf(symbol, gap.startNs)]));
    const fetched = gap.fetched.filter(
      ({ symbol, venueTsNs }) => venueTsNs >= (ofSymbol.get(symbol) ?? venueTsNs + 1n),
    );
    fetched.sort((a, b) => (a.venueTsNs < b.venueTsNs ? -1 : a.venueTsNs > b.venueTsNs ? 1 : 0));
    if (!complete) {
      for (const symbol of gap.symbols) port.emit({ kind: 'lost', symbol, topic: 'trade', from: null, to: null });
    }
    // By value, a fetched trade stands for a streamed one, never for another fetched one: each pass on its own.
    const news = port.by === 'id' ? fetched : fetched.filter((trade) => !isKnown(trade));
    const ids = new Set<string>();
    for (const trade of news) {
      const id = `${trade.symbol} ${trade.exchange} ${trade.tradeId}`;
      // Two pages may overlap.
      if (trade.tradeId !== '' && ids.has(id)) continue;
      ids.add(id);
      if (port.by === 'value' || !isKnown(trade)) handOn(trade, true);
    }
    for (const trade of gap.held) handOnOnce(trade);
  };

  return {
    take(trade) {
      const gap = gaps.get(trade.symbol);
      if (gap !== undefined) {
        gap.held.push(trade);
        if (gap.held.length > MAX_HELD_TRADES) close(gap, false);
        return;
      }
      if (port.by === 'id') handOnOnce(trade);
      else handOn(trade, false);
    },

    known: () => [...memories.keys()],

    open(symbols, newestNs) {
      for (const symbol of symbols) {
        const before = gaps.get(symbol);
        if (before !== undefined) close(before, false);
      }
      const startNs = newestNs > OVERLAP_NS ? newestNs - OVERLAP_NS : 0n;
      const gap = { symbols: new Set(symbols), startNs, openedNs: port.nowNs(), fetched: [], held: [] };
      for (const symbol of symbols) gaps.set(symbol, gap);
      return gap;
    },

    add(gap, trades) {
      const isOpen = [...gap.symbols].some((symbol) => gaps.get(symbol) === gap);
      if (isOpen) gap.fetched.push(...trades);
      return isOpen;
    },

    close,
    isOpen: (gap) => [...gap.symbols].some((symbol) => gaps.get(symbol) === gap),

    clock() {
      for (const gap of new Set(gaps.values())) if (port.nowNs() - gap.openedNs > HOLD_NS) close(gap, false);
    },

    forget(symbol) {
      memories.delete(symbol);
    },
  };
}
