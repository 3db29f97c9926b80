import type { LiveSource } from './config.ts';
import { binanceSymbol } from './core/feeds/binance.ts';
import { BINANCE_MAX_SYMBOLS } from './core/feeds/binance-subscriptions.ts';
import { krakenSymbol } from './core/feeds/kraken-pair.ts';

/** What a source can be asked for. */
export interface SymbolRules {
  /** Most symbols that its one connection takes; null where the venue names no number. */
  readonly maxSymbols: number | null;
  /** Its own name of a symbol. What it says bears that one, so two symbols that share it cannot be told apart. */
  readonly venueSymbolOf: (symbol: string) => string;
}

const ANY_SYMBOLS: SymbolRules = { maxSymbols: null, venueSymbolOf: (symbol) => symbol };
const RULES: Readonly<Partial<Record<LiveSource, SymbolRules>>> = {
  binance: { maxSymbols: BINANCE_MAX_SYMBOLS, venueSymbolOf: binanceSymbol },
  kraken: { maxSymbols: null, venueSymbolOf: krakenSymbol },
};

/** Of a recording there are none of its own: it has what it has. */
export function symbolRulesOf(source: LiveSource | 'recording'): SymbolRules {
  return (source === 'recording' ? undefined : RULES[source]) ?? ANY_SYMBOLS;
}
