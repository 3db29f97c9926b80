import assert from 'node:assert/strict';
import type { EnteringOrder, MatchDecision, SlippageModel } from '../../src/core/matching/types.ts';
import type { Observer } from './comparison.ts';
import type { MatchInput } from './match-input.ts';
import type { NaiveMatcher } from './naive-matcher.ts';

type Fill = Extract<MatchDecision, { kind: 'fill' }>;

interface Taken {
  /** The most ever shown at the level since it came up. */
  shown: number;
  tradedBack: number;
  taken: number;
}

/** Holds every decision against what must be true of it whatever the rules are in detail. */
export function invariants(slippage: SlippageModel): Observer {
  const orders = new Map<string, { readonly is: EnteringOrder; leaves: number }>();
  const levels = new Map<string, Taken>();
  const halted = new Set<string>();
  const phases = { us_equity: 'closed', crypto: 'closed' };

  const keepLevels = (naive: NaiveMatcher) => {
    const shown = new Set<string>();
    for (const market of naive.markets) {
      for (const [taker, side] of [['buy', market.asks] as const, ['sell', market.bids] as const]) {
        for (const { px, sz } of [...(side.quote === null ? [] : [side.quote]), ...side.book]) {
          const key = `${market.symbol} ${taker} ${px}`;
          shown.add(key);
          const level = levels.get(key) ?? { shown: 0, tradedBack: 0, taken: 0 };
          level.shown = Math.max(level.shown, Number(sz));
          levels.set(key, level);
        }
      }
    }
    for (const key of levels.keys()) if (!shown.has(key)) levels.delete(key);
  };

  const checkFill = (fill: Fill, input: MatchInput) => {
    const order = orders.get(fill.orderId);
    assert.ok(order, `a fill of ${fill.orderId}, which is not open`);
    const { side, type, limitPx, instrument, extendedHours } = order.is;
    order.leaves -= fill.lastQty;
    assert.ok(fill.lastQty > 0 && order.leaves >= 0, `${fill.orderId} filled beyond its leaves by ${-order.leaves}`);
    if (type === 'limit' || type === 'stop_limit') {
      assert.ok(limitPx !== null);
      assert.ok(side === 'buy' ? fill.lastPx <= limitPx : fill.lastPx >= limitPx, `limit ${limitPx} passed`);
      if (fill.liquidity === 'maker') assert.equal(fill.lastPx, limitPx);
    } else {
      assert.equal(fill.liquidity, 'taker');
    }
    assert.ok(!halted.has(instrument.symbol), 'filled in a halt');
    const phase = phases[instrument.assetClass];
    assert.ok(phase === 'regular' || (phase === 'extended' && extendedHours), `filled while ${phase}`);
    if (fill.liquidity === 'maker' || slippage.model !== 'none') return;
    const level = levels.get(`${instrument.symbol} ${side} ${fill.lastPx}`);
    assert.ok(level, `${fill.orderId} took at ${fill.lastPx}, where nothing is shown`);
    level.taken += fill.lastQty;
    const most = level.shown + level.tradedBack;
    assert.ok(level.taken <= most, `${level.taken} taken of ${most} by ${JSON.stringify(input.do)}`);
  };

  return (input, decisions, naive) => {
    if (input.do === 'phase') phases[input.assetClass] = input.phase;
    if (input.do === 'enter' || input.do === 'resume') {
      orders.set(input.order.orderId, { is: input.order, leaves: input.order.leavesQty });
    }
    if (input.do === 'remove') orders.delete(input.orderId);
    if (input.do === 'amend') {
      const order = orders.get(input.orderId);
      if (order !== undefined) order.leaves = input.leavesQty;
    }
    if (input.do === 'show') {
      const { event } = input;
      const { symbol } = event.instrument;
      if (event.kind === 'status' && event.effect === 'halt') halted.add(symbol);
      if (event.kind === 'status' && event.effect === 'resume') {
        halted.delete(symbol);
        for (const key of levels.keys()) if (key.startsWith(`${symbol} `)) levels.delete(key);
      }
      keepLevels(naive);
      for (const taker of event.kind === 'trade' && event.isLastSale ? ['buy', 'sell'] : []) {
        const level = event.kind === 'trade' ? levels.get(`${symbol} ${taker} ${event.px}`) : undefined;
        if (level !== undefined && event.kind === 'trade') level.tradedBack += event.sz;
      }
    }
    for (const decision of decisions) {
      if (decision.kind === 'fill') checkFill(decision, input);
      if (decision.kind === 'expired-at-once') {
        const order = orders.get(decision.orderId);
        assert.ok(order && ['ioc', 'fok'].includes(order.is.timeInForce), `${decision.orderId} expired at once`);
        orders.delete(decision.orderId);
      }
    }
  };
}
