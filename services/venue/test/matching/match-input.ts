import type { AssetClass } from '@tickpath/trading';
import type { SourceEvent } from '../../src/core/market/event.ts';
import {
  amendOrder,
  createMatcher,
  enterOrder,
  type MatcherState,
  removeOrder,
  resumeOrder,
  setPhase,
  showMarket,
} from '../../src/core/matching/matcher.ts';
import type { EnteringOrder, MatchDecision, SlippageModel, TradingPhase } from '../../src/core/matching/types.ts';

/** A call of the matcher as plain data. */
export type MatchInput =
  | { readonly do: 'show'; readonly event: SourceEvent }
  | { readonly do: 'enter' | 'resume'; readonly order: EnteringOrder }
  | { readonly do: 'amend'; readonly orderId: string; readonly leavesQty: number }
  | { readonly do: 'remove'; readonly orderId: string }
  | { readonly do: 'phase'; readonly assetClass: AssetClass; readonly phase: TradingPhase };

/** Anything that follows the rules, or does not. */
export interface Subject {
  apply(input: MatchInput): readonly MatchDecision[];
}

/** The matcher; `sabotage` may spoil its state after each input, to see that somebody notices. */
export class CoreMatcher implements Subject {
  readonly state: MatcherState;
  readonly #sabotage: (state: MatcherState) => void;

  constructor(slippage: SlippageModel, sabotage: (state: MatcherState) => void = () => {}) {
    this.state = createMatcher({ slippage });
    this.#sabotage = sabotage;
  }

  apply(input: MatchInput): readonly MatchDecision[] {
    const decisions = this.#call(input);
    this.#sabotage(this.state);
    return decisions;
  }

  #call(input: MatchInput): readonly MatchDecision[] {
    const { state } = this;
    switch (input.do) {
      case 'show':
        return showMarket(state, input.event);
      case 'enter':
        return enterOrder(state, input.order);
      case 'resume':
        resumeOrder(state, input.order);
        return [];
      case 'amend':
        amendOrder(state, input.orderId, { leavesQty: input.leavesQty });
        return [];
      case 'remove':
        removeOrder(state, input.orderId);
        return [];
      case 'phase':
        return setPhase(state, input.assetClass, input.phase);
    }
  }
}
