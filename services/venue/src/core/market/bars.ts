import { barRuleOf, hasBarCondition, type Instrument } from '@tickpath/trading';
import { addToAggregate } from './bars-aggregate.ts';
import {
  dayOf,
  type HeldTrade,
  insertTrade,
  isPending,
  letGo,
  MINUTE_NS,
  minuteOf,
  type Rules,
  recompute,
  type SymbolBars,
  showDays,
  showMinutes,
  showRevised,
} from './bars-minutes.ts';
import type { MarketBar, MarketCancelError, MarketCorrection, MarketTrade, SourceEvent } from './event.ts';

/** The bars of a market under construction. */
export interface Bars {
  /** Takes what the source shows, in order; answers with the bars that were due before it. */
  add(event: SourceEvent): MarketBar[];
  /**
   * The bars that are due by the market's time, in order of publication: each minute (`bar`) once it is over, with it the
   * days that have changed (`dailyBar`), and half a minute later the minutes that late trades, corrections and cancels have
   * changed since they were shown (`updatedBar`). A bar that a cancel has left without a price is not shown anew.
   */
  advance(nowNs: bigint): MarketBar[];
  /** Corrections and cancels of trades that are no longer held: they have changed no bar. */
  missedRevisions(): number;
  /** Forgets everything: another run begins. */
  clear(): void;
}

const HALF_MINUTE_NS = 30_000_000_000n;
/** Trades of a symbol that are held for revisions, by default. */
const HELD_TRADES = 20_000;
/** Kinds of trades whose rules are remembered before all are forgotten. */
const MOST_RULES = 10_000;
const NONE: MarketBar[] = [];

const PRICELESS: Rules = {
  minute: { openClose: 'never', highLow: false, volume: true },
  daily: { openClose: 'never', highLow: false, volume: true },
};

/** Bars by the market's own time. `heldTrades`: trades of a symbol that a correction or cancel can still find. */
export function createBars({ heldTrades = HELD_TRADES }: { readonly heldTrades?: number } = {}): Bars {
  const bySymbol = new Map<string, SymbolBars>();
  /** Symbols with something to show at the next full or half minute. */
  const pending = new Set<SymbolBars>();
  const rulesOf = createRules();
  let clockNs = 0n;
  let dueNs: bigint | null = null;
  let missed = 0;

  const advance = (nowNs: bigint): MarketBar[] => {
    if (dueNs === null) {
      clockNs = nowNs;
      dueNs = nextHalfMinute(nowNs);
      return NONE;
    }
    if (nowNs < dueNs) return NONE;
    const fromNs = clockNs;
    clockNs = nowNs;
    dueNs = nextHalfMinute(nowNs);
    if (pending.size === 0) return NONE;
    const isMinuteOver = nowNs - (nowNs % MINUTE_NS) > fromNs;
    const isHalfOver = nowNs - ((nowNs + HALF_MINUTE_NS) % MINUTE_NS) > fromNs;
    const shown: MarketBar[] = [];
    for (const symbol of pending) {
      if (isMinuteOver) showMinutes(symbol, nowNs, shown);
      if (isHalfOver) showRevised(symbol, shown);
      if (isMinuteOver) showDays(symbol, shown);
      if (!isPending(symbol)) pending.delete(symbol);
    }
    return shown;
  };

  const symbolOf = (instrument: Instrument): SymbolBars => {
    let symbol = bySymbol.get(instrument.symbol);
    if (symbol === undefined) {
      symbol = { instrument, minutes: [], days: [], held: 0 };
      bySymbol.set(instrument.symbol, symbol);
    }
    return symbol;
  };

  const addTrade = (trade: MarketTrade): void => {
    const symbol = symbolOf(trade.instrument);
    const { tsNs, id, px, sz, isLastSale } = trade;
    const held: HeldTrade = { tsNs, id, px, sz, isLastSale, rules: rulesOf(trade, isLastSale) };
    const day = dayOf(symbol, tsNs);
    const minute = minuteOf(symbol, tsNs, clockNs);
    pending.add(symbol);
    if (day !== undefined) day.isChanged = true;
    if (minute === undefined) {
      if (day !== undefined) addToAggregate(day.past, held, held.rules.daily);
      return;
    }
    if (minute.isShown) minute.isRevised = true;
    insertTrade(symbol, minute, held);
    if (symbol.held > heldTrades) letGo(symbol);
  };

  const revise = (event: MarketCorrection | MarketCancelError): void => {
    const symbol = symbolOf(event.instrument);
    const minute = symbol.minutes.find(({ startNs, endNs }) => startNs <= event.originalNs && event.originalNs < endNs);
    const id = event.kind === 'correction' ? event.original.id : event.id;
    const trades = minute?.trades ?? [];
    const found = trades.findLastIndex((trade) => trade.id === id && trade.tsNs === event.originalNs);
    const original = trades[found];
    if (minute === undefined || original === undefined) {
      missed += 1;
      return;
    }
    if (event.kind === 'cancelError') {
      trades.splice(found, 1);
      symbol.held -= 1;
    } else {
      const { id: newId, px, sz, conditions } = event.corrected;
      const rules = rulesOf({ conditions, tape: event.tape }, original.isLastSale);
      trades[found] = { ...original, id: newId, px, sz, rules };
    }
    recompute(minute);
    const day = dayOf(symbol, event.originalNs);
    if (day !== undefined) day.isChanged = true;
    if (minute.isShown) minute.isRevised = true;
    pending.add(symbol);
  };

  return {
    advance,
    add(event) {
      const due = event.tsNs > clockNs ? advance(event.tsNs) : NONE;
      if (event.kind === 'trade') addTrade(event);
      else if (event.kind === 'correction' || event.kind === 'cancelError') revise(event);
      return due;
    },
    missedRevisions: () => missed,
    clear() {
      bySymbol.clear();
      pending.clear();
      clockNs = 0n;
      dueNs = null;
    },
  };
}

function nextHalfMinute(tsNs: bigint): bigint {
  return tsNs - (tsNs % HALF_MINUTE_NS) + HALF_MINUTE_NS;
}

/**
 * How a trade counts, by its conditions. A print that its source does not count as a sale and of whose conditions the
 * rules know none (a recording's flags) brings volume and no price.
 */
function createRules(): (trade: Pick<MarketTrade, 'conditions' | 'tape'>, isLastSale: boolean) => Rules {
  const known = new Map<string, Rules>();
  return ({ conditions, tape }, isLastSale) => {
    const list = conditions.length === 1 ? `1${conditions[0]}` : JSON.stringify(conditions);
    const key = `${isLastSale} ${tape} ${list}`;
    const before = known.get(key);
    if (before !== undefined) return before;
    const rules =
      !isLastSale && !hasBarCondition(conditions, tape)
        ? PRICELESS
        : { minute: barRuleOf('minute', conditions, tape), daily: barRuleOf('daily', conditions, tape) };
    if (known.size >= MOST_RULES) known.clear();
    known.set(key, rules);
    return rules;
  };
}
