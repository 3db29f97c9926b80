import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Decimal, decimal, decimalText, ledgerImbalance } from '@tickpath/trading';
import type { Payload } from '@tickpath/wire';
import fc from 'fast-check';
import { portfolioOf } from '../src/core/index.ts';
import { anAccount, anOpenVenueOrder, aRisk } from './builders.ts';
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
  | { readonly what: 'price'; readonly symbol: string; readonly px: number }
  /** The account is taken anew: the venue closed or filled some orders unseen, and has one that risk does not know. */
  | { readonly what: 'rebase'; readonly pick: number; readonly px: number; readonly foreign: boolean };

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
    fc.record({
      what: fc.constant('rebase' as const),
      pick: fc.nat(1000),
      px: fc.integer({ min: 7, max: 150 }),
      foreign: fc.boolean(),
    }),
  ),
  { maxLength: 60 },
);

/** The largest |quantity| that the symbol's position could become, from what was filled and is open. */
function couldBecome(position: number, open: readonly { side: string; leaves: number }[]): number {
  const sum = (side: string) =>
    open.filter((order) => order.side === side).reduce((total, { leaves }) => total + leaves, 0);
  return Math.max(Math.abs(position + sum('BUY')), Math.abs(position - sum('SELL')));
}

/** The account of a venue, counted naively: whole numbers of hundredths, and a cost that is what was paid or got. */
class NaiveVenue {
  cashCents = 10_000_000;
  readonly held = new Map<string, { qty: number; costCents: number }>();
  readonly open = new Map<string, { side: 'BUY' | 'SELL'; symbol: string; qty: number; leaves: number }>();

  fill(clOrdId: string, qty: number, cents: number): void {
    const order = this.open.get(clOrdId);
    assert.ok(order !== undefined);
    order.leaves -= qty;
    if (order.leaves === 0) this.open.delete(clOrdId);
    const signed = order.side === 'BUY' ? qty : -qty;
    this.cashCents -= signed * cents;
    const before = this.held.get(order.symbol) ?? { qty: 0, costCents: 0 };
    this.held.set(order.symbol, { qty: before.qty + signed, costCents: before.costCents + signed * cents });
  }

  account(): Payload<'AccountRebased'> {
    const positions = [...this.held]
      .filter(([, { qty }]) => qty !== 0)
      .map(([symbol, { qty, costCents }]) => ({ symbol, qty: `${qty}`, cost: decimalText(centsOf(costCents)) }));
    const openOrders = [...this.open].map(([clOrdId, { symbol, side, qty, leaves }]) =>
      anOpenVenueOrder(clOrdId, {
        symbol,
        side,
        orderQty: `${qty}`,
        cumQty: `${qty - leaves}`,
        ordStatus: leaves === qty ? 'NEW' : 'PARTIALLY_FILLED',
      }),
    );
    return anAccount({ cash: decimalText(centsOf(this.cashCents)), positions, openOrders });
  }
}

function centsOf(cents: number): Decimal {
  return decimal(`${cents}`).div(100);
}

test('after any interleaving of checks, executions, prices and rebases the books balance and the exposure is that of a naive count', () => {
  let rebases = 0;
  fc.assert(
    fc.property(happenings, (list) => {
      const risk = aRisk();
      const venue = new NaiveVenue();
      const { held, open } = venue;
      const price = new Map([
        ['IBM', 100],
        ['SPY', 100],
      ]);
      const exposure = new Map([
        ['IBM', 0],
        ['SPY', 0],
      ]);
      let generation = 1;
      const value = (symbol: string) => {
        const ofSymbol = [...open.values()].filter((order) => order.symbol === symbol);
        exposure.set(symbol, couldBecome(held.get(symbol)?.qty ?? 0, ofSymbol) * (price.get(symbol) ?? 0));
      };
      /** What the venue does to an order without risk hearing of it. */
      const unseen = (pick: number, px: number) => {
        for (const [clOrdId, { leaves }] of [...open]) {
          if ((pick + clOrdId.length) % 3 === 0) open.delete(clOrdId);
          else if (pick % 2 === 0) venue.fill(clOrdId, 1 + (pick % leaves), px * 100 + 7);
        }
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
          open.set(clOrdId, { side, symbol, qty, leaves: qty });
          risk.say('submitted', clOrdId);
          value(symbol);
          continue;
        }
        if (happening.what === 'rebase') {
          rebases += 1;
          generation += 1;
          unseen(happening.pick, happening.px);
          const foreign = { side: 'BUY', symbol: 'SPY', qty: 3, leaves: 3 } as const;
          if (happening.foreign) open.set(`foreign-${generation}`, { ...foreign });
          const account = venue.account();
          risk.rebase(account);
          for (const symbol of price.keys()) value(symbol);
          const { cash, positions, imbalance, openOrders } = portfolioOf(risk.state);
          assert.equal(cash, account.cash);
          const taken = positions.filter(({ qty }) => qty !== '0').map(({ symbol, qty, cost }) => [symbol, qty, cost]);
          const there = account.positions.map(({ symbol, qty, cost }) => [symbol, qty, cost]);
          assert.deepEqual(taken.toSorted(), there.toSorted());
          assert.equal(imbalance, '0');
          const left = [...open].map(([clOrdId, { leaves }]) => [clOrdId, `${leaves}`]);
          assert.deepEqual(
            openOrders.map(({ clOrdId, leavesQty }) => [clOrdId, leavesQty]).toSorted(),
            left.toSorted(),
          );
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
          venue.fill(clOrdId, qty, px * 100 + 7);
        }
        value(order.symbol);
        assert.equal(ledgerImbalance(risk.state.ledger).toFixed(), '0');
      }
      const gross = [...exposure.values()].reduce((sum, part) => sum + part, 0);
      assert.equal(risk.state.grossExposure.toNumber(), gross);
      assert.deepEqual([...risk.state.reservations.keys()].toSorted(), [...open.keys()].toSorted());
      assert.equal(portfolioOf(risk.state).cash, venue.account().cash);
      for (const [symbol, { qty }] of held) {
        assert.equal(risk.state.ledger.positions.get(symbol)?.qty.toNumber() ?? 0, qty);
      }
    }),
    { numRuns: 300 },
  );
  assert.ok(rebases > 0);
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

test('gross exposure is the sum of the exposures of the symbols', () => {
  const risk = aRisk();
  risk.hold(50);
  risk.order('SELL', '80', 'SPY');
  const sum = [...risk.state.exposures.values()].reduce((total, part) => total.plus(part), new Decimal(0));
  assert.deepEqual([risk.state.grossExposure.toFixed(), sum.toFixed()], ['13000', '13000']);
});
