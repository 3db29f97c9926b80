/** What is done about a violation besides counting it: nothing, a tag on the event, or a tag and the symbol's data invalid. */
export const SEVERITIES = ['count', 'tag', 'halt'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** The rules by the name that metrics and flags carry. */
export const RULES = ['price-jump', 'crossed-quote', 'stale', 'future-time', 'not-positive', 'outlier', 'gap'] as const;
export type Rule = (typeof RULES)[number];

export interface QualityConfig {
  readonly priceJump: {
    readonly severity: Severity;
    /** How far a trade may be from the last good price, as a part of that. */
    readonly maxRatio: number;
    /** Trades in a row, the first that jumped included, which agree with each other and so become the good price. */
    readonly confirmations: number;
  };
  readonly crossedQuote: { readonly severity: Severity };
  /** By our own clock since the last event came; looked at only while the feed is subscribed at live pace. */
  readonly stale: { readonly severity: Severity; readonly afterMs: number };
  /** How far the venue's clock may be ahead of ours; looked at only at live pace. */
  readonly futureTime: { readonly severity: Severity; readonly toleranceMs: number };
  readonly notPositive: { readonly severity: Severity };
  readonly outlier: {
    readonly severity: Severity;
    /** Trades that the median and the deviation are taken of; nothing is judged before there are so many. */
    readonly window: number;
    readonly maxScore: number;
    /** A price nearer to the median than this part of it is no outlier, however still the market was. */
    readonly minRatio: number;
  };
  /** Trades that the venue had and we did not get: there is no event to tag, the bars of that time are incomplete. */
  readonly gap: { readonly severity: Severity };
  /** Data that was invalid is valid again when nothing has been wrong with it for so long, by the market's time. */
  readonly cleanMs: number;
}

/** One rule broken by one event; `text` has what was found and what is allowed. */
export interface Violation {
  readonly rule: Rule;
  readonly severity: Severity;
  readonly text: string;
}
