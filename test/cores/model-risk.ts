import assert from 'node:assert/strict';
import {
  openRisk,
  portfolioOf,
  type RiskAppend,
  type RiskInput,
  type RiskSnapshot,
  type RiskState,
  replayRisk,
  restoreRisk,
  snapshotOf,
  stepRisk,
} from '@tickpath/risk/core';

const LIMITS = {
  maxOrderNotionalUsd: '1000000',
  maxPositionQty: '100000',
  maxPositionNotionalUsd: '10000000',
  maxGrossNotionalUsd: '100000000',
};
const PRICES = { IBM: '100', SPY: '50' };

/** The core of risk with its log, which outlives every restart of it; the state comes back from a snapshot and the log. */
export class ModelRisk {
  readonly log = { uuid: 'risk', generation: 1, events: [] as RiskAppend[] };
  readonly #config = { log: 'risk/1', limits: LIMITS };
  readonly #decided = new Set<string>();
  #snapshot: { readonly state: RiskSnapshot; readonly seq: number } | undefined;
  #state = openRisk(this.#config);

  constructor() {
    this.#showPrices();
  }

  get state(): RiskState {
    return this.#state;
  }

  isDecided(clOrdId: string): boolean {
    return this.#decided.has(clOrdId);
  }

  /** What it appends is in the log when this returns. */
  step(input: RiskInput): RiskAppend[] {
    const appends = stepRisk(this.#state, input).filter((output) => output.type === 'append');
    for (const append of appends) {
      this.log.events.push(append);
      if (append.clOrdId !== null) this.#decided.add(append.clOrdId);
    }
    assert.equal(portfolioOf(this.#state).imbalance, '0');
    assert.equal(this.#state.halted, undefined);
    return appends;
  }

  takeSnapshot(): void {
    this.#snapshot = { state: structuredClone(snapshotOf(this.#state)), seq: this.log.events.length };
  }

  /** Dies and comes back: nothing that was committed is lost, and nothing else is kept. */
  restart(): void {
    const before = snapshotOf(this.#state);
    const { state, seq } = this.#snapshot ?? { state: undefined, seq: 0 };
    this.#state = state === undefined ? openRisk(this.#config) : restoreRisk(this.#config, state);
    for (const event of this.log.events.slice(seq)) replayRisk(this.#state, event);
    assert.deepEqual(snapshotOf(this.#state), before);
    this.step({ type: 'started' });
    this.#showPrices();
  }

  #showPrices(): void {
    for (const [symbol, px] of Object.entries(PRICES)) this.step({ type: 'trade', symbol, px });
  }
}
