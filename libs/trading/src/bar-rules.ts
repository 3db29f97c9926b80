import { type BarPeriod, type BarRule, barRuleOf } from './bar-conditions.ts';
import type { BarTrade } from './bar-trades.ts';

/** Whether sale conditions decide what a trade does to a bar, by Alpaca's table (`BAR_CONDITIONS`), or all count alike. */
export type BarConditionUse = 'alpaca' | 'none';

export type BarRules = Readonly<Record<BarPeriod, BarRule>>;

/** Far more combinations than venues use; the table is started anew beyond it, since conditions come from outside. */
const MOST_RULES = 4096;
const REGULAR: BarRule = { openClose: 'always', highLow: true, volume: true };
const ALL_REGULAR: BarRules = { minute: REGULAR, daily: REGULAR };

/** What trades do to bars; every combination of conditions and tape is worked out once. */
export function barRules(use: BarConditionUse): (trade: Pick<BarTrade, 'conditions' | 'tape'>) => BarRules {
  const byConditions = new Map<string, BarRules>();
  return ({ conditions, tape }) => {
    if (use === 'none' || conditions.length === 0) return ALL_REGULAR;
    const key = `${tape} ${conditions.join('\n')}`;
    const known = byConditions.get(key);
    if (known !== undefined) return known;
    if (byConditions.size === MOST_RULES) byConditions.clear();
    const rules = { minute: barRuleOf('minute', conditions, tape), daily: barRuleOf('daily', conditions, tape) };
    byConditions.set(key, rules);
    return rules;
  };
}
