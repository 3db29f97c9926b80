import type { AssetClass } from '@tickpath/trading';
import type { WorkingOrder } from './order-queue.ts';
import type { SymbolMarket } from './symbol-market.ts';
import type { MatchDecision, SlippageModel, TradingPhase } from './types.ts';

export interface MatcherRules {
  readonly slippage: SlippageModel;
}

/** All that matching knows. Plain data; only the functions of `matcher.ts` change it. */
export interface MatcherState {
  readonly rules: MatcherRules;
  /** In the order in which the symbols first came up. */
  readonly markets: Map<string, SymbolMarket>;
  /** Every order that may still fill, by order id. */
  readonly orders: Map<string, WorkingOrder>;
  readonly phases: Record<AssetClass, TradingPhase>;
  /** What the call under way has decided so far. */
  decisions: MatchDecision[];
}
