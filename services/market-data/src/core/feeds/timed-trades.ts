import type { FeedOutput, TradeEvent } from './protocol.ts';
import { HOLD_NS, MAX_HELD_TRADES } from './sequenced-trades.ts';
import { match, oldestNs, recall, release, remember, type TradeMemory, tradeMemory } from './trade-memory.ts';

/** How far before the newest time of a lost connection its gap begins: venues write trades down out of order. */
export const OVERLAP_NS = 1_000_000_000n;

/** Symbols whose trades are fetched together after a connection was lost. */
export interface TradeGap {
  readonly symbols: ReadonlySet<string>;
  readonly startNs: bigint;
  readonly openedNs: bigint;
  readonly fetched: TradeEvent[];
  readonly held: TradeEvent[];
  /** Of the time before the symbols were subscribed: what cannot be had of it is not lost. */
  readonly isPast: boolean;
}

export interface TimedTrades {
  /** A streamed trade: handed on, held while its symbol's gap is open, or dropped as a duplicate. */
  take(trade: TradeEvent): void;
  open(symbols: readonly string[], newestNs: bigint): TradeGap;
  /** As `open`, for the time before the symbols were subscribed, from `startNs` on. */
  openPast(symbols: readonly string[], startNs: bigint): TradeGap;
  /** More trades of a gap. False when it has been given up meanwhile. */
  add(gap: TradeGap, trades: readonly TradeEvent[]): boolean;
  /** Hands on what was fetched, then what was held; when not `complete` the gap's symbols are declared lost. */
  close(gap: TradeGap, complete: boolean): void;
  isOpen(gap: TradeGap): boolean;
  /** Symbols whose trades are still held for the gap: none once it is closed, and none that have been forgotten. */
  symbolsOf(gap: TradeGap): readonly string[];
  /** Whether the symbol's trades are held until what they are missing has come. */
  hasGap(symbol: string): boolean;
  /** Whether every trade handed on is still known, so that what is fetched of them can be told from others. */
  remembersAll(symbol: string): boolean;
  /** Gives up gaps that have been open too long. */
  clock(): void;
  /** The symbol is not subscribed any more: what is held or still fetched of it is not handed on. */
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
  const memories = new Map<string, TradeMemory>();
  const gaps = new Map<string, TradeGap>();

  const memoryOf = (symbol: string): TradeMemory => {
    let memory = memories.get(symbol);
    if (memory === undefined) {
      memory = tradeMemory();
      memories.set(symbol, memory);
    }
    return memory;
  };

  /** Those that trades of the gap being closed stand for. */
  const matched: { readonly memory: TradeMemory; readonly number: number }[] = [];

  /** True when the trade was handed on before; by value, no other trade of the gap stands for the same one. */
  const isRemembered = (memory: TradeMemory, key: string, tsNs: bigint): boolean => {
    const number = recall(memory, key, { tsNs, toleranceNs: port.toleranceNs });
    if (number === undefined) return false;
    if (port.by === 'value') {
      match(memory, number);
      matched.push({ memory, number });
    }
    return true;
  };

  const handOnAs = (key: string | undefined, trade: TradeEvent, recovered: boolean) => {
    const memory = memoryOf(trade.symbol);
    if (key !== undefined) remember(memory, key, trade.venueTsNs);
    port.emit({ kind: 'event', event: trade, recovered });
  };

  const handOn = (trade: TradeEvent, recovered: boolean) => handOnAs(port.keyOf(trade), trade, recovered);

  const isKnownAs = (key: string | undefined, trade: TradeEvent): boolean =>
    key !== undefined && isRemembered(memoryOf(trade.symbol), key, trade.venueTsNs);

  const isKnown = (trade: TradeEvent): boolean => isKnownAs(port.keyOf(trade), trade);

  const handOnOnce = (trade: TradeEvent) => {
    const key = port.keyOf(trade);
    if (isKnownAs(key, trade)) port.emit({ kind: 'duplicate', symbol: trade.symbol, what: 'trade' });
    else handOnAs(key, trade, false);
  };

  /** Trades before this may have been forgotten: what is fetched of them cannot be told from a duplicate. */
  const startOf = (symbol: string, startNs: bigint): bigint => {
    const forgottenNs = memories.get(symbol)?.forgottenNs;
    return forgottenNs !== undefined && forgottenNs >= startNs ? forgottenNs + 1n : startNs;
  };

  const remembersAll = (symbol: string): boolean => {
    const memory = memories.get(symbol);
    return memory === undefined || oldestNs(memory) === undefined;
  };

  /** By value: what was fetched a moment ago. An answer may be faster than the stream, which then tells the same trades. */
  let stillUnheard: { readonly closedNs: bigint; readonly unheard: Unheard }[] = [];

  const isOpen = (gap: TradeGap): boolean => [...gap.symbols].some((symbol) => gaps.get(symbol) === gap);

  const symbolsOf = (gap: TradeGap): readonly string[] => [...gap.symbols].filter((symbol) => gaps.get(symbol) === gap);

  const close = (gap: TradeGap, complete: boolean) => {
    const symbols = new Set(symbolsOf(gap));
    for (const symbol of symbols) gaps.delete(symbol);
    // Of the past all that was streamed is to be known: one trade that has been forgotten would come twice.
    const filled = [...symbols].filter((symbol) => !gap.isPast || remembersAll(symbol));
    const ofSymbol = new Map(filled.map((symbol) => [symbol, startOf(symbol, gap.startNs)]));
    const fetched = gap.fetched.filter(
      ({ symbol, venueTsNs }) => venueTsNs >= (ofSymbol.get(symbol) ?? venueTsNs + 1n),
    );
    fetched.sort((a, b) => (a.venueTsNs < b.venueTsNs ? -1 : a.venueTsNs > b.venueTsNs ? 1 : 0));
    // So much has come since the hole that what was streamed behind it has been forgotten: the hole may lie in that.
    const isCut = (symbol: string) => (ofSymbol.get(symbol) ?? 0n) > gap.startNs + OVERLAP_NS;
    for (const symbol of gap.isPast ? [] : symbols) {
      if (!complete || isCut(symbol)) port.emit({ kind: 'lost', symbol, topic: 'trade', from: null, to: null });
    }
    // A fetched trade stands for a streamed one, never for another fetched one: each pass on its own.
    const news = onceEach(fetched.filter((trade) => !isKnown(trade)));
    // More may have been fetched than is remembered: what waited is told from all of it.
    const unheard = createUnheard(news, port);
    for (const trade of news) handOn(trade, true);
    for (const trade of gap.held) {
      if (!symbols.has(trade.symbol)) continue;
      if (unheard.take(trade)) port.emit({ kind: 'duplicate', symbol: trade.symbol, what: 'trade' });
      else handOnOnce(trade);
    }
    if (port.by === 'value' && news.length > 0) stillUnheard.push({ closedNs: port.nowNs(), unheard });
    // The next gap may begin before the end of this one, and fetch the same trades.
    for (const { memory, number } of matched.splice(0)) release(memory, number);
  };

  const openGap = (symbols: readonly string[], { startNs, isPast }: Pick<TradeGap, 'startNs' | 'isPast'>): TradeGap => {
    for (const symbol of symbols) {
      const before = gaps.get(symbol);
      if (before !== undefined) close(before, false);
    }
    const gap = { symbols: new Set(symbols), startNs, openedNs: port.nowNs(), fetched: [], held: [], isPast };
    for (const symbol of symbols) gaps.set(symbol, gap);
    return gap;
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
      else if (stillUnheard.some(({ unheard }) => unheard.take(trade))) {
        port.emit({ kind: 'duplicate', symbol: trade.symbol, what: 'trade' });
      } else handOn(trade, false);
    },

    open: (symbols, newestNs) =>
      openGap(symbols, { startNs: newestNs > OVERLAP_NS ? newestNs - OVERLAP_NS : 0n, isPast: false }),
    openPast: (symbols, startNs) => openGap(symbols, { startNs, isPast: true }),

    add(gap, trades) {
      if (!isOpen(gap)) return false;
      gap.fetched.push(...trades);
      return true;
    },

    close,
    hasGap: (symbol) => gaps.has(symbol),
    remembersAll,
    isOpen,
    symbolsOf,

    clock() {
      stillUnheard = stillUnheard.filter(({ closedNs }) => port.nowNs() - closedNs <= HOLD_NS);
      for (const gap of new Set(gaps.values())) if (port.nowNs() - gap.openedNs > HOLD_NS) close(gap, false);
    },

    forget(symbol) {
      memories.delete(symbol);
      gaps.delete(symbol);
    },
  };
}

/** Without those that two pages have both. */
function onceEach(trades: readonly TradeEvent[]): TradeEvent[] {
  const ids = new Set<string>();
  return trades.filter(({ symbol, exchange, tradeId }) => {
    const id = `${symbol} ${exchange} ${tradeId}`;
    const isNew = tradeId === '' || !ids.has(id);
    ids.add(id);
    return isNew;
  });
}

interface Unheard {
  /** True when the trade is the twin of one. */
  take(trade: TradeEvent): boolean;
}

/** Fetched trades whose streamed twins may still come; each has one. */
function createUnheard(
  fetched: readonly TradeEvent[],
  { toleranceNs, keyOf }: { readonly toleranceNs: bigint; keyOf(trade: TradeEvent): string | undefined },
): Unheard {
  const keyed = (trade: TradeEvent) => {
    const key = keyOf(trade);
    return key === undefined ? undefined : `${trade.symbol} ${key}`;
  };
  const byKey = Map.groupBy(fetched, keyed);
  return {
    take(trade) {
      const key = keyed(trade);
      const same = key === undefined ? undefined : byKey.get(key);
      const at =
        same?.findIndex(({ venueTsNs }) => {
          const apart = venueTsNs - trade.venueTsNs;
          return (apart < 0n ? -apart : apart) <= toleranceNs;
        }) ?? -1;
      if (at >= 0) same?.splice(at, 1);
      return at >= 0;
    },
  };
}
