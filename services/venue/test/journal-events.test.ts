import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Decimal, decimal } from '@tickpath/trading';
import fc from 'fast-check';
import { accountIdentity, alpacaAccount, alpacaPositions } from '../src/core/account.ts';
import { journaled, type OrderJournalEvent, orderEventOf } from '../src/core/journal-events.ts';
import { type MatchingInput, type MatchingState, type OrderEvent, replay, step } from '../src/core/matching.ts';
import { aMatching } from './builders.ts';
import { actions, inputOf } from './random-session.ts';

const SEED = Date.now() % 2 ** 31;
console.log(`journal event properties: seed ${SEED}`);
const IDENTITY = accountIdentity('run', 1n);

/** The event as it comes back from a file. */
function stored(event: OrderEvent): OrderEvent {
  return orderEventOf(JSON.parse(JSON.stringify(journaled(event))) as OrderJournalEvent);
}

/** What a restart has to give back: all but the market shown and the count behind the next ids. */
function lasting(state: MatchingState): object {
  const { idScope: _scope, idCount: _count, markets: _markets, ...rest } = state;
  return { ...rest, orders: [...rest.orders], open: [...rest.open], positions: [...rest.ledger.positions] };
}

/** Shares by the billionth and prices by the millionth of a cent, so that amounts have many digits. */
function finer(input: MatchingInput): MatchingInput {
  const text = (value: string, factor: string) => decimal(value).times(factor).toFixed();
  if (input.kind === 'submit') {
    return { ...input, order: { ...input.order, orderQty: input.order.orderQty.times('0.333333333') } };
  }
  if (input.kind !== 'quote') return input;
  const { bidPx, askPx, bidSz, askSz } = input;
  const prices = { bidPx: text(bidPx, '1.000000123457'), askPx: text(askPx, '1.000000123457') };
  return { ...input, ...prices, bidSz: text(bidSz, '0.271828182'), askSz: text(askSz, '0.271828182') };
}

test('the fold of the events of any session is the state that led to them, at any step', () => {
  const seen = { fills: 0, canceled: 0 };
  fc.assert(
    fc.property(actions, fc.boolean(), fc.nat(60), (script, isFine, looked) => {
      const live = aMatching();
      const folded = aMatching();
      for (const [index, action] of script.entries()) {
        const input = inputOf(action, { index, orders: live.orders.size });
        for (const output of step(live, isFine ? finer(input) : input)) {
          if (output.kind === 'refused') continue;
          const event = stored(output);
          assert.deepEqual(event, output);
          replay(folded, event);
          if (output.kind === 'canceled') seen.canceled += 1;
        }
        if (index === looked) assert.deepEqual(lasting(folded), lasting(live));
      }
      assert.deepEqual(lasting(folded), lasting(live));
      seen.fills += live.fills.length;
      assert.deepEqual(alpacaAccount(folded, IDENTITY), alpacaAccount(live, IDENTITY));
      assert.deepEqual(alpacaPositions(folded), alpacaPositions(live));
    }),
    { seed: SEED, numRuns: 150 },
  );
  assert.ok(seen.fills > 150 && seen.canceled > 20, `the sessions test nothing: ${JSON.stringify(seen)}`);
});

test('an amount with more digits than the wire takes comes back whole', () => {
  const notional = new Decimal(`${'9'.repeat(40)}.${'1'.repeat(45)}`);
  const [received] = step(
    aMatching(),
    inputOf({ do: 'submit', symbol: 'AAPL', side: 'buy', qty: 3 }, { index: 0, orders: 0 }),
  );
  assert.ok(received !== undefined && received.kind === 'pending_new');
  const event: OrderEvent = { ...received, order: { ...received.order, notional } };
  assert.equal(stored(event).order.notional.toFixed(), notional.toFixed());
});
