/** Whether a trade moves a bar's open and close: always, only while the bar has none, or never. */
export type BarPriceUse = 'always' | 'first' | 'never';

/** What one trade does to a bar. `tradeCount` goes with `volume`; the VWAP is of the trades that move both `highLow` and `volume`. */
export interface BarRule {
  readonly openClose: BarPriceUse;
  readonly highLow: boolean;
  readonly volume: boolean;
}

export type BarPeriod = 'minute' | 'daily';

/** Sale conditions that have the same effect on bars of these periods, on these tapes. */
export interface BarConditionRow extends BarRule {
  readonly conditions: string;
  readonly tapes: string;
  readonly periods: readonly BarPeriod[];
}

const BOTH: readonly BarPeriod[] = ['minute', 'daily'];
const MINUTE: readonly BarPeriod[] = ['minute'];
const DAILY: readonly BarPeriod[] = ['daily'];

const REGULAR: BarRule = { openClose: 'always', highLow: true, volume: true };
const FIRST_ONLY: BarRule = { openClose: 'first', highLow: true, volume: true };
const VOLUME_ONLY: BarRule = { openClose: 'never', highLow: false, volume: true };
const PRICE_ONLY: BarRule = { openClose: 'always', highLow: true, volume: false };
const NOTHING: BarRule = { openClose: 'never', highLow: false, volume: false };

/**
 * Which sale conditions count in a bar, and for what. A condition is one character. Source: Alpaca's Market Data FAQ,
 * section on bar aggregation; the conditions are those of CTA (tapes A and B) and UTP (tapes C and O).
 */
export const BAR_CONDITIONS: readonly BarConditionRow[] = [
  { conditions: ' E', tapes: 'AB', periods: BOTH, ...REGULAR },
  { conditions: '@', tapes: 'CO', periods: BOTH, ...REGULAR },
  { conditions: 'ABDY', tapes: 'C', periods: BOTH, ...REGULAR },
  { conditions: 'FKLOX56', tapes: 'ABC', periods: BOTH, ...REGULAR },
  { conditions: 'B', tapes: 'AB', periods: BOTH, ...VOLUME_ONLY },
  { conditions: 'W', tapes: 'CO', periods: BOTH, ...VOLUME_ONLY },
  { conditions: 'HV7', tapes: 'ABC', periods: BOTH, ...VOLUME_ONLY },
  { conditions: 'CINRU', tapes: 'ABCO', periods: BOTH, ...VOLUME_ONLY },
  { conditions: 'MQ', tapes: 'ABC', periods: BOTH, ...NOTHING },
  { conditions: 'T', tapes: 'ABCO', periods: MINUTE, ...REGULAR },
  { conditions: 'T', tapes: 'ABCO', periods: DAILY, ...VOLUME_ONLY },
  { conditions: 'G', tapes: 'C', periods: MINUTE, ...VOLUME_ONLY },
  { conditions: 'G', tapes: 'C', periods: DAILY, ...FIRST_ONLY },
  { conditions: 'P', tapes: 'ABCO', periods: MINUTE, ...VOLUME_ONLY },
  { conditions: 'P', tapes: 'ABCO', periods: DAILY, ...FIRST_ONLY },
  { conditions: 'Z4', tapes: 'ABC', periods: MINUTE, ...VOLUME_ONLY },
  { conditions: 'Z4', tapes: 'ABC', periods: DAILY, ...FIRST_ONLY },
  { conditions: '9', tapes: 'ABC', periods: MINUTE, ...NOTHING },
  { conditions: '9', tapes: 'ABC', periods: DAILY, ...PRICE_ONLY },
];

function rulesByKey(): ReadonlyMap<string, BarRule> {
  const byKey = new Map<string, BarRule>();
  for (const { conditions, tapes, periods, openClose, highLow, volume } of BAR_CONDITIONS) {
    for (const condition of conditions) {
      for (const tape of tapes) {
        for (const period of periods) byKey.set(keyOf(period, condition, tape), { openClose, highLow, volume });
      }
    }
  }
  return byKey;
}

function keyOf(period: BarPeriod, condition: string, tape: string): string {
  return `${period} ${tape} ${condition}`;
}

const RULE_BY_KEY = rulesByKey();
const STRICTNESS: Readonly<Record<BarPriceUse, number>> = { always: 0, first: 1, never: 2 };

/** True when the table knows one of the conditions on that tape. */
export function hasBarCondition(conditions: readonly string[], tape: string): boolean {
  return conditions.some((condition) => RULE_BY_KEY.has(keyOf('minute', condition, tape)));
}

/**
 * What a trade with these conditions does to a bar. With several the strictest counts, field by field; one that the table
 * does not know on that tape restricts nothing, as a regular sale.
 */
export function barRuleOf(period: BarPeriod, conditions: readonly string[], tape: string): BarRule {
  let { openClose, highLow, volume } = REGULAR;
  for (const condition of conditions) {
    const rule = RULE_BY_KEY.get(keyOf(period, condition, tape));
    if (rule === undefined) continue;
    if (STRICTNESS[rule.openClose] > STRICTNESS[openClose]) openClose = rule.openClose;
    highLow &&= rule.highLow;
    volume &&= rule.volume;
  }
  return { openClose, highLow, volume };
}
