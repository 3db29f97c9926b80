import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Decimal, ledgerImbalance } from '@tickpath/trading';
import fc from 'fast-check';
import { openRisk, portfolioOf, type RiskInput, stepRisk } from '../src/core/index.ts';
import { aRisk, EXECUTION_LOG } from './builders.ts';
import './seed.ts';

const sides = fc.constantFrom('BUY' as const, 'SELL' as const);
const symbols = fc.constantFrom('IBM', 'SPY');

test('a stop, an exit and a flatten that each only reduce never flip the position together, in whatever order they fill', () => {
  const exits = fc.array(fc.tuple(sides, fc.integer({ min: 1, max: 60 })), { minLength: 1, maxLength: 12 });
  const position = fc.integer({ min: -100, max: 100 });
  let severalTogether = 0;
  fc.assert(
    fc.property(position, exits, fc.infiniteStream(fc.nat(100)), (held, asked, choices) => {
      const risk = aRisk();
      if (held !== 0) risk.hold(held);
      // While execution is silent nothing but exits is approved.
      risk.run({ type: 'execution-silent', silent: true });
      const approved = asked.map(([side, qty]) => risk.order(side, `${qty}`)).filter((decision) => decision.approved);
      if (approved.length > 1) severalTogether += 1;
      for (const { clOrdId } of approved) risk.say('submitted', clOrdId);
      for (let next = choices.next(); risk.state.reservations.size > 0; next = choices.next()) {
        const choice = next.value ?? 0;
        const open = [...risk.state.reservations.values()];
        const order = open[choice % open.length];
        const leaves = order?.leavesQty.toNumber() ?? 0;
        risk.fill(order?.clOrdId ?? '', `${1 + (choice % leaves)}`);
        const now = risk.state.ledger.positions.get('IBM')?.qty.toNumber() ?? 0;
        assert.ok(now === 0 || Math.sign(now) === Math.sign(held), `${held} became ${now}`);
        assert.ok(Math.abs(now) < Math.abs(held));
      }
    }),
  );
  assert.ok(severalTogether > 0, 'several exits were approved together at least once');
});

/** One thing that happens to risk; the numbers choose among the orders that are open. */
type Happening =
  | { readonly what: 'check'; readonly side: 'BUY' | 'SELL'; readonly symbol: string; readonly qty: number }
  | { readonly what: 'fill' | 'end'; readonly pick: number; readonly px: number }
  | { readonly what: 'price'; readonly symbol: string; readonly px: number };

const happenings: fc.Arbitrary<Happening[]> = fc.array(
  fc.oneof(
    fc.record({
      what: fc.constant('check' as const),
      side: sides,
      symbol: symbols,
      qty: fc.integer({ min: 1, max: 90 }),
    }),
    fc.record({
      what: fc.constantFrom('fill' as const, 'end' as const),
      pick: fc.nat(1000),
      px: fc.integer({ min: 7, max: 150 }),
    }),
    fc.record({ what: fc.constant('price' as const), symbol: symbols, px: fc.integer({ min: 7, max: 150 }) }),
  ),
  { maxLength: 60 },
);

/** The largest |quantity| that the symbol's position could become, from what was filled and is open. */
function couldBecome(position: number, open: readonly { side: string; leaves: number }[]): number {
  const sum = (side: string) =>
    open.filter((order) => order.side === side).reduce((total, { leaves }) => total + leaves, 0);
  return Math.max(Math.abs(position + sum('BUY')), Math.abs(position - sum('SELL')));
}

test('after any interleaving of checks, executions and prices the books balance and the exposure is that of a naive count', () => {
  fc.assert(
    fc.property(happenings, (list) => {
      const risk = aRisk();
      const price = new Map([
        ['IBM', 100],
        ['SPY', 100],
      ]);
      const position = new Map([
        ['IBM', 0],
        ['SPY', 0],
      ]);
      const open = new Map<string, { side: 'BUY' | 'SELL'; symbol: string; leaves: number }>();
      const exposure = new Map([
        ['IBM', 0],
        ['SPY', 0],
      ]);
      const value = (symbol: string) => {
        const ofSymbol = [...open.values()].filter((order) => order.symbol === symbol);
        exposure.set(symbol, couldBecome(position.get(symbol) ?? 0, ofSymbol) * (price.get(symbol) ?? 0));
      };
      for (const happening of list) {
        if (happening.what === 'price') {
          price.set(happening.symbol, happening.px);
          risk.run({ type: 'trade', symbol: happening.symbol, px: `${happening.px}` });
          continue;
        }
        if (happening.what === 'check') {
          const { side, symbol, qty } = happening;
          const { approved, clOrdId } = risk.order(side, `${qty}`, symbol);
          if (!approved) continue;
          open.set(clOrdId, { side, symbol, leaves: qty });
          risk.say('submitted', clOrdId);
          value(symbol);
          continue;
        }
        const { pick, px } = happening;
        const [clOrdId, order] = [...open][pick % Math.max(open.size, 1)] ?? [];
        if (clOrdId === undefined || order === undefined) continue;
        if (happening.what === 'end') {
          risk.say('canceled', clOrdId);
          open.delete(clOrdId);
        } else {
          const qty = 1 + (pick % order.leaves);
          risk.fill(clOrdId, `${qty}`, `${px}.07`);
          order.leaves -= qty;
          if (order.leaves === 0) open.delete(clOrdId);
          position.set(order.symbol, (position.get(order.symbol) ?? 0) + (order.side === 'BUY' ? qty : -qty));
        }
        value(order.symbol);
        assert.equal(ledgerImbalance(risk.state.ledger).toFixed(), '0');
      }
      const gross = [...exposure.values()].reduce((sum, part) => sum + part, 0);
      assert.equal(risk.state.grossExposure.toNumber(), gross);
      assert.deepEqual([...risk.state.reservations.keys()].toSorted(), [...open.keys()].toSorted());
      for (const [symbol, qty] of position) {
        assert.equal(risk.state.ledger.positions.get(symbol)?.qty.toNumber() ?? 0, qty);
      }
    }),
    { numRuns: 300 },
  );
});

test('no approval that opens lets a position, with all that is open, go past its limit', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(sides, fc.integer({ min: 1, max: 90 }), fc.boolean()), { maxLength: 30 }),
      (asked) => {
        const risk = aRisk();
        for (const [side, qty, fills] of asked) {
          const { approved, clOrdId } = risk.order(side, `${qty}`);
          if (!approved) continue;
          risk.say('submitted', clOrdId);
          if (fills) risk.fill(clOrdId, `${qty}`);
          const position = risk.state.ledger.positions.get('IBM')?.qty.toNumber() ?? 0;
          const open = [...risk.state.reservations.values()].map((order) => ({
            side: order.side,
            leaves: order.leavesQty.toNumber(),
          }));
          assert.ok(couldBecome(position, open) <= 150);
        }
      },
    ),
  );
});

test('the same inputs give the same outputs, byte for byte', () => {
  const inputs = fc.array(
    fc.oneof(
      fc.record({
        type: fc.constant('check' as const),
        requestId: fc.constantFrom('q-1', 'q-2'),
        intent: fc.record({
          clOrdId: fc.nat(8).map((n) => `tp-${n}`),
          symbol: symbols,
          side: sides,
          orderQty: fc.integer({ min: 0, max: 120 }).map(String),
          ordType: fc.constantFrom('MARKET' as const, 'LIMIT' as const),
          timeInForce: fc.constant('DAY' as const),
          strategy: fc.constant('s'),
          cause: fc.constant('c'),
          expiresNs: fc.bigInt({ min: 0n, max: 20n }),
        }),
        nowNs: fc.bigInt({ min: 0n, max: 12n }),
      }),
      fc.record({
        type: fc.constant('trade' as const),
        symbol: symbols,
        px: fc.integer({ min: 1, max: 200 }).map(String),
      }),
      fc.record({ type: fc.constant('execution-silent' as const), silent: fc.boolean() }),
      fc.record({ type: fc.constant('execution-caught-up' as const), executionLog: fc.constant(EXECUTION_LOG) }),
      fc.nat(8).map((n): RiskInput => {
        const payload = { clOrdId: `tp-${n}`, symbol: 'IBM', riskSeq: n };
        return { type: 'execution', event: { kind: 'OrderSubmitted', seq: n + 1, payload } };
      }),
    ),
    { maxLength: 50 },
  );
  const play = (list: readonly RiskInput[]) => {
    const limits = { maxOrderNotionalUsd: '9000', maxPositionQty: '99', maxPositionNotionalUsd: '9000' };
    const state = openRisk({ initialCashUsd: '1000', limits: { ...limits, maxGrossNotionalUsd: '12000' } });
    const outputs = list.map((input) => stepRisk(state, input));
    const text = (_key: string, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value);
    return JSON.stringify([outputs, portfolioOf(state)], text);
  };
  fc.assert(fc.property(inputs, (list) => assert.equal(play(list), play(list))));
});

test('gross exposure is the sum of the exposures of the symbols', () => {
  const risk = aRisk();
  risk.hold(50);
  risk.order('SELL', '80', 'SPY');
  const sum = [...risk.state.exposures.values()].reduce((total, part) => total.plus(part), new Decimal(0));
  assert.deepEqual([risk.state.grossExposure.toFixed(), sum.toFixed()], ['13000', '13000']);
});
