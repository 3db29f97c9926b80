/** The last good price and the trades that may become the next one. */
export interface JumpState {
  /** Undefined before the first trade. */
  goodPx: number | undefined;
  /** Of the trades in a row that are too far from the good price and near each other: the last price, and how many. */
  candidatePx: number;
  candidates: number;
}

export interface JumpLimits {
  readonly maxRatio: number;
  readonly confirmations: number;
}

/**
 * `good`: near the last good price, or the first. `rebased`: the jump has been confirmed by so many trades near each other
 * and is the market now. `jumped`: too far, and not confirmed yet.
 */
export type JumpFinding = 'good' | 'rebased' | 'jumped';

export function openJump(): JumpState {
  return { goodPx: undefined, candidatePx: 0, candidates: 0 };
}

/** Judges a price above 0. A rule that never took a new price would reject the market for ever after one real jump. */
export function judgeJump(state: JumpState, price: number, limits: JumpLimits): JumpFinding {
  const { maxRatio, confirmations } = limits;
  if (state.goodPx === undefined || isNear(price, state.goodPx, maxRatio)) return takeGood(state, price, 'good');
  const continues = state.candidates > 0 && isNear(price, state.candidatePx, maxRatio);
  state.candidates = continues ? state.candidates + 1 : 1;
  state.candidatePx = price;
  return state.candidates >= confirmations ? takeGood(state, price, 'rebased') : 'jumped';
}

function takeGood(state: JumpState, price: number, finding: JumpFinding): JumpFinding {
  state.goodPx = price;
  state.candidates = 0;
  return finding;
}

function isNear(price: number, reference: number, maxRatio: number): boolean {
  return Math.abs(price - reference) <= maxRatio * reference;
}
