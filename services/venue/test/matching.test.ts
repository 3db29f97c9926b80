import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decimalText, ZERO } from '@tickpath/trading';
import fc from 'fast-check';
import { averagePx, heldQty, type MatchingInput, type MatchingOutput, step } from '../src/core/matching.ts';
import { aMatching, aQuote } from './builders.ts';
import { type Action, actions, inputOf, order } from './random-session.ts';

const SEED = Date.now() % 2 ** 31;
console.log(`matching properties: seed ${SEED}`);

function summary(outputs: readonly MatchingOutput[]): string[] {
  return outputs.map((output) => {
    if (output.kind === 'refused')
      return `refused ${output.refusal.status} ${output.refusal.code} ${output.refusal.message}`;
    if (output.kind === 'fill' || output.kind === 'partial_fill') {
      const { lastQty, lastPx, positionQty } = output;
      return `${output.kind} ${output.order.clOrdId} ${lastQty}@${lastPx} position ${positionQty}`;
    }
    return `${output.kind} ${output.order.clOrdId}`;
  });
}

test('a buy fills at the ask and a sell at the bid', () => {
  const state = aMatching();
  step(state, aQuote());
  assert.deepEqual(summary(step(state, order('buy', '50', 'b'))), [
    'pending_new b',
    'new b',
    'fill b 50@190.01 position 50',
  ]);
  assert.deepEqual(summary(step(state, order('sell', '80', 's'))), [
    'pending_new s',
    'new s',
    'fill s 80@189.99 position -30',
  ]);
});

test('an order larger than the displayed size fills in part and goes on with the next quote', () => {
  const state = aMatching();
  step(state, aQuote({ askSz: '30' }));
  assert.deepEqual(summary(step(state, order('buy', '50', 'b'))).at(-1), 'partial_fill b 30@190.01 position 30');
  assert.deepEqual(summary(step(state, aQuote({ askPx: '190.05', askSz: '100' }))), ['fill b 20@190.05 position 50']);
  const filled = state.orders.get('order-b');
  assert.ok(filled);
  assert.equal(filled.status, 'filled');
  assert.equal(decimalText(averagePx(filled) ?? ZERO), '190.026');
});

test('an average price that does not come out even is rounded half-even at 1e-12', () => {
  const state = aMatching();
  step(state, aQuote({ askPx: '10', askSz: '1' }));
  step(state, order('buy', '3', 'b'));
  step(state, aQuote({ askPx: '10.01', askSz: '2' }));
  const filled = state.orders.get('order-b');
  assert.equal(decimalText((filled && averagePx(filled)) ?? ZERO), '10.006666666667');
});

test('a side carried over from the quote before shows no new size', () => {
  const state = aMatching();
  step(state, aQuote({ askSz: '30' }));
  step(state, order('buy', '50', 'b'));
  assert.deepEqual(step(state, aQuote({ askSz: '30', updates: 'bid' })), []);
  assert.deepEqual(summary(step(state, aQuote({ askSz: '30', updates: 'ask' }))), ['fill b 20@190.01 position 50']);
});

test('an order rests as new while its side of the market is absent', () => {
  const state = aMatching();
  assert.deepEqual(summary(step(state, order('buy', '5', 'before any quote'))).length, 2);
  assert.deepEqual(step(state, aQuote({ askPx: '0', askSz: '0' })), []);
  assert.equal(state.orders.get('order-before any quote')?.status, 'new');
  assert.equal(step(state, aQuote()).length, 1);
});

test('orders of one side are served in order of arrival', () => {
  const state = aMatching();
  for (const id of ['first', 'second', 'third']) step(state, order('sell', '40', id));
  assert.deepEqual(summary(step(state, aQuote({ bidSz: '100' }))), [
    'fill first 40@189.99 position -40',
    'fill second 40@189.99 position -80',
    'partial_fill third 20@189.99 position -100',
  ]);
});

test('a canceled order fills no more and cannot be canceled again', () => {
  const state = aMatching();
  step(state, order('buy', '5', 'b'));
  assert.deepEqual(summary(step(state, { kind: 'cancel', orderId: 'order-b', tsNs: 3n })), ['canceled b']);
  assert.deepEqual(step(state, aQuote()), []);
  assert.deepEqual(summary(step(state, { kind: 'cancel', orderId: 'order-b', tsNs: 4n })), [
    'refused 422 42210000 order is already in "canceled" state',
  ]);
  assert.deepEqual(summary(step(state, { kind: 'cancel', orderId: 'nobody', tsNs: 4n })), [
    'refused 404 40410000 order not found for nobody',
  ]);
});

test('a client_order_id is taken once, also after its order is done', () => {
  const state = aMatching();
  step(state, aQuote());
  step(state, order('buy', '5', 'b'));
  assert.deepEqual(summary(step(state, order('sell', '1', 'b'))), [
    'refused 422 40010001 client_order_id must be unique',
  ]);
  assert.equal(state.orders.size, 1);
});

test('an instrument that the market does not have is refused', () => {
  const state = aMatching(new Set(['AAPL']));
  assert.deepEqual(summary(step(state, order('buy', '5', 'b', 'TSLA'))), [
    'refused 422 42210000 asset "TSLA" not found',
  ]);
});

test('the same inputs give the same outputs, ids included', () => {
  const run = () => {
    const state = aMatching();
    return [aQuote({ askSz: '3' }), order('buy', '5', 'a'), aQuote()].flatMap((input) => step(state, input));
  };
  assert.deepEqual(run(), run());
  const ids = run().map((output) => (output.kind === 'refused' ? '' : output.eventId));
  assert.deepEqual(ids, [...new Set(ids)].sort());
});

/** The rule of matching in whole cents and shares, said as plainly as possible: every share is an entry in a list. */
class NaiveVenue {
  readonly shares = new Map<string, number[]>();
  readonly orders: { symbol: string; side: 'buy' | 'sell'; left: number; open: boolean; paid: number[] }[] = [];
  displayed = 0;

  #sideOf(symbol: string, side: 'buy' | 'sell'): string {
    return `${symbol} ${side === 'buy' ? 'ask' : 'bid'}`;
  }

  quote(action: Extract<Action, { do: 'quote' }>): void {
    const { symbol, bid, bidSz, spread, askSz, updates } = action;
    const showAt = (key: string, px: number, size: number) => {
      this.shares.set(key, px === 0 ? [] : Array.from({ length: size }, () => px));
      this.displayed += px === 0 ? 0 : size;
    };
    if (updates !== 'ask') showAt(`${symbol} bid`, bid, bidSz);
    if (updates !== 'bid') showAt(`${symbol} ask`, bid + spread, askSz);
    this.match();
  }

  match(): void {
    for (const one of this.orders) {
      const shown = this.shares.get(this.#sideOf(one.symbol, one.side)) ?? [];
      while (one.open && one.left > 0 && shown.length > 0) {
        one.paid.push(shown.pop() ?? 0);
        one.left -= 1;
      }
      if (one.left === 0) one.open = false;
    }
  }
}

test('matching agrees with a naive reference and conserves quantity and cash', () => {
  let fillsSeen = 0;
  fc.assert(
    fc.property(actions, (script) => {
      const state = aMatching();
      const naive = new NaiveVenue();
      let cash = ZERO;
      let filled = 0;
      const apply = (input: MatchingInput) => {
        for (const output of step(state, input)) {
          if (output.kind !== 'fill' && output.kind !== 'partial_fill') continue;
          const amount = output.lastPx.times(output.lastQty);
          cash = output.order.side === 'buy' ? cash.minus(amount) : cash.plus(amount);
          filled += output.lastQty.toNumber();
          fillsSeen += 1;
          assert.ok(output.lastQty.gt(0));
          assert.ok(output.order.cumQty.lte(output.order.orderQty));
        }
      };
      for (const [index, action] of script.entries()) {
        if (action.do === 'quote') naive.quote(action);
        if (action.do === 'submit') {
          naive.orders.push({ symbol: action.symbol, side: action.side, left: action.qty, open: true, paid: [] });
          naive.match();
        }
        const one = action.do === 'cancel' ? naive.orders[action.pick] : undefined;
        if (one !== undefined) one.open = false;
        apply(inputOf(action, { index, orders: state.orders.size }));
      }
      let naiveCash = 0;
      const naivePositions = new Map<string, number>();
      for (const [index, one] of naive.orders.entries()) {
        const real = state.orders.get(`order-${index}`);
        assert.ok(real);
        const paid = one.paid.reduce((sum, px) => sum + px, 0);
        assert.equal(real.cumQty.toNumber(), one.paid.length, `filled quantity of order ${index}`);
        assert.equal(real.notional.times(100).toNumber(), paid, `notional of order ${index}`);
        assert.equal(real.status === 'filled', one.left === 0, `status of order ${index}`);
        const sign = one.side === 'buy' ? 1 : -1;
        naiveCash -= sign * paid;
        naivePositions.set(one.symbol, (naivePositions.get(one.symbol) ?? 0) + sign * one.paid.length);
      }
      assert.equal(cash.times(100).toNumber(), naiveCash, 'cash in cents');
      for (const [symbol, qty] of naivePositions) {
        assert.equal(heldQty(state, symbol).toNumber(), qty, `position in ${symbol}`);
      }
      assert.ok(filled <= naive.displayed, `filled ${filled} > displayed ${naive.displayed}`);
    }),
    { seed: SEED, numRuns: 300 },
  );
  assert.ok(fillsSeen > 300, `only ${fillsSeen} fills in all runs: the scripts test nothing`);
});
