import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MatcherState } from '../../src/core/matching/matcher-state.ts';
import type { WorkingOrder } from '../../src/core/matching/order-queue.ts';
import type { SymbolMarket } from '../../src/core/matching/symbol-market.ts';
import type { MatchDecision } from '../../src/core/matching/types.ts';
import { firstDifference, type Observer, scriptText, shrink } from './comparison.ts';
import { invariants } from './invariants.ts';
import { CoreMatcher, type MatchInput } from './match-input.ts';
import { randomScript } from './random-inputs.ts';

const SEED = Number(process.env.TICKPATH_SEED ?? Math.floor(Math.random() * 2 ** 31));
const RUNS = 1000 * Number(process.env.TICKPATH_SOAK ?? 1);
console.log(`TICKPATH_SEED=${SEED}`);

/** Counts what the sequences have come across. */
function tally(seen: Map<string, number>): (input: MatchInput, decisions: readonly MatchDecision[]) => void {
  const count = (what: string) => seen.set(what, (seen.get(what) ?? 0) + 1);
  return (input, decisions) => {
    if (input.do === 'show' && input.event.kind === 'status') count(input.event.effect);
    for (const decision of decisions) {
      count(decision.kind === 'fill' ? `${decision.liquidity} fill by ${whatOf(input)}` : decision.kind);
    }
  };
}

function whatOf(input: MatchInput): string {
  return input.do === 'show' ? input.event.kind : input.do;
}

const EXPECTED = [
  ...['taker fill by enter', 'taker fill by quote', 'taker fill by book', 'taker fill by trade', 'taker fill by phase'],
  ...['maker fill by quote', 'maker fill by book', 'maker fill by trade', 'maker fill by phase'],
  ...['triggered', 'trailed', 'expired-at-once', 'halt', 'resume', 'short-sale-restriction'],
];

test(`${RUNS} random sequences are decided as the naive matcher decides them, and break no invariant`, () => {
  const seen = new Map<string, number>();
  const counted = tally(seen);
  for (let index = 0; index < RUNS; index += 1) {
    const script = randomScript(SEED, index);
    const checked = invariants(script.slippage);
    const observe: Observer = (input, decisions, naive) => {
      counted(input, decisions);
      checked(input, decisions, naive);
    };
    const difference = firstDifference(script, new CoreMatcher(script.slippage), observe);
    if (difference === null) continue;
    const shortest = shrink(script, ({ slippage }) => new CoreMatcher(slippage));
    assert.fail(
      `sequence ${index} of seed ${SEED}:\n${scriptText(shortest)}\nfirst differed at input ${difference.at}: ` +
        `found [${difference.found}], expected [${difference.expected}]`,
    );
  }
  for (const [what, times] of [...seen].sort()) console.log(`${what}: ${times}`);
  for (const what of EXPECTED) assert.ok((seen.get(what) ?? 0) > 0, `no ${what} in ${RUNS} sequences`);
});

function forEachMarket(state: MatcherState, spoil: (market: SymbolMarket) => void): void {
  for (const market of state.markets.values()) spoil(market);
}

function worseBy(a: WorkingOrder, b: WorkingOrder): number {
  return a.sign * (b.limitPx - a.limitPx);
}

function arrivalOf({ orderId }: WorkingOrder): number {
  return Number(orderId.slice(1));
}

const FAULTS: readonly (readonly [name: string, sabotage: (state: MatcherState) => void])[] = [
  [
    'forgets what it has taken',
    (state) =>
      forEachMarket(state, ({ bid, ask }) => {
        bid.taken.clear();
        ask.taken.clear();
      }),
  ],
  [
    'has every order first in its queue',
    (state) =>
      forEachMarket(state, ({ buys, sells }) => {
        for (const order of [...buys.limits, ...sells.limits]) order.aheadQty = 0;
      }),
  ],
  [
    'serves the last to come first',
    (state) =>
      forEachMarket(state, ({ buys, sells }) => {
        for (const { limits } of [buys, sells]) limits.sort((a, b) => worseBy(a, b) || arrivalOf(b) - arrivalOf(a));
      }),
  ],
  [
    'trades on in a halt',
    (state) =>
      forEachMarket(state, (market) => {
        market.isHalted = false;
      }),
  ],
  [
    'knows no short-sale restriction',
    (state) =>
      forEachMarket(state, (market) => {
        market.isShortSaleRestricted = false;
      }),
  ],
  [
    'loses the mark of trailing stops',
    (state) =>
      forEachMarket(state, ({ stops }) => {
        for (const order of stops) if (order.trail !== null) order.hwmPx = 0;
      }),
  ],
];

for (const [name, sabotage] of FAULTS) {
  test(`a matcher that ${name} is found out`, () => {
    for (let index = 0; index < 300; index += 1) {
      const script = randomScript(SEED, index);
      const broken = ({ slippage }: typeof script) => new CoreMatcher(slippage, sabotage);
      if (firstDifference(script, broken(script)) === null) continue;
      const { inputs } = shrink(script, broken);
      assert.ok(inputs.length <= 12, `${inputs.length} inputs are not short`);
      return;
    }
    assert.fail('300 sequences did not find it');
  });
}
