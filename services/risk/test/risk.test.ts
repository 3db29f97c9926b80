import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { portfolioOf } from '../src/core/index.ts';
import { aRisk, EXECUTION_LOG } from './builders.ts';

describe('a clOrdId that was decided before', () => {
  test('is refused as a duplicate, which changes no reservation', () => {
    const risk = aRisk();
    risk.check();
    const duplicate = ['append IntentRefused tp-1', 'reply DUPLICATE_ORDER: clOrdId tp-1 was decided before'];
    assert.deepEqual(risk.check({}, 'q-2'), duplicate);
    assert.deepEqual(risk.check({ orderQty: '11' }, 'q-3'), duplicate);
    assert.equal(risk.state.reservations.get('tp-1')?.leavesQty.toFixed(), '10');
  });

  test('is a duplicate also after its order has ended, or was refused', () => {
    const risk = aRisk();
    risk.check();
    risk.say('submitted', 'tp-1');
    risk.fill('tp-1', '10');
    assert.match(risk.check({}, 'q-2').at(-1) ?? '', /^reply DUPLICATE_ORDER/);
    risk.check({ clOrdId: 'tp-2', orderQty: '0' });
    assert.match(risk.check({ clOrdId: 'tp-2' }, 'q-2').at(-1) ?? '', /^reply DUPLICATE_ORDER/);
  });

  test('is free when risk only said that it is not ready, which nobody remembers', () => {
    const risk = aRisk();
    risk.run({ type: 'execution-cut' });
    assert.deepEqual(risk.check(), ['reply NOT_READY: the execution log has not been read to its end']);
    risk.run({ type: 'execution-caught-up', log: EXECUTION_LOG });
    assert.deepEqual(risk.check({}, 'q-2'), ['append OrderApproved tp-1', 'reply approved']);
  });
});

describe('a reservation', () => {
  test('is kept by every event that does not end the order', () => {
    const risk = aRisk();
    risk.check();
    for (const said of ['unknown', 'accepted'] as const) assert.deepEqual(risk.say(said, 'tp-1'), []);
    assert.deepEqual(risk.fill('tp-1', '4'), ['append PositionUpdated tp-1']);
    const [open, ...others] = portfolioOf(risk.state).openOrders;
    assert.deepEqual(open, { clOrdId: 'tp-1', symbol: 'IBM', side: 'BUY', leavesQty: '6' });
    assert.deepEqual(others, []);
  });

  test('is freed by the last fill, after the position was updated', () => {
    const risk = aRisk();
    risk.check();
    risk.say('submitted', 'tp-1');
    const [position, freed] = risk.filled('tp-1', '10', '101');
    assert.deepEqual(position, {
      type: 'append',
      kind: 'PositionUpdated',
      clOrdId: 'tp-1',
      payload: {
        symbol: 'IBM',
        qty: '10',
        avgPx: '101',
        cost: '1010',
        realizedPnl: '0',
        cash: '98990',
        clOrdId: 'tp-1',
        executionSeq: 5,
      },
    });
    const payload = { clOrdId: 'tp-1', symbol: 'IBM', ordStatus: 'FILLED', receivedNs: 9_000n, executionSeq: 5 };
    assert.deepEqual(freed, { type: 'append', kind: 'ReservationFreed', payload, clOrdId: 'tp-1' });
    assert.deepEqual(portfolioOf(risk.state).openOrders, []);
  });

  test('is freed by each way an order ends unfilled, once', () => {
    const ways = [
      ['submitted', 'canceled'],
      ['submitted', 'expired'],
      ['submitted', 'rejected'],
      ['unknown', 'refused'],
    ] as const;
    for (const [first, last] of ways) {
      const risk = aRisk();
      risk.check();
      risk.say(first, 'tp-1');
      assert.deepEqual(risk.say(last, 'tp-1'), ['append ReservationFreed tp-1']);
      assert.deepEqual(risk.say(last, 'tp-1'), []);
      assert.equal(risk.state.grossExposure.toFixed(), '0');
    }
  });

  test('that ends while there is no price to value it at leaves no exposure behind', () => {
    const risk = aRisk({ priced: false });
    risk.run({ type: 'quote', symbol: 'IBM', bidPx: null, askPx: '100' });
    risk.check();
    assert.equal(risk.state.grossExposure.toFixed(), '1000');
    risk.say('submitted', 'tp-1');
    risk.say('canceled', 'tp-1');
    assert.equal(risk.state.grossExposure.toFixed(), '0');
  });
});

test('the portfolio says how far the execution log has been applied', () => {
  assert.equal(portfolioOf(aRisk({ ready: false }).state).executionSeq, 0);
  const risk = aRisk();
  assert.equal(portfolioOf(risk.state).executionSeq, 3);
  risk.check();
  risk.say('submitted', 'tp-1');
  risk.say('canceled', 'tp-1');
  assert.equal(portfolioOf(risk.state).executionSeq, 5);
  risk.rebase();
  assert.equal(portfolioOf(risk.state).executionSeq, 8);
});

test('a fill after the cancel is booked, and frees nothing twice', () => {
  const risk = aRisk();
  risk.check();
  risk.say('submitted', 'tp-1');
  risk.say('canceled', 'tp-1');
  const late = { side: 'BUY', cumQty: '4', leavesQty: '6', ordStatus: 'CANCELED' } as const;
  assert.deepEqual(risk.fill('tp-1', '4', '100', late), ['append PositionUpdated tp-1']);
  assert.equal(portfolioOf(risk.state).positions[0]?.qty, '4');
});

test('a fill that flips the position closes the old lot at its cost and opens the rest at its price', () => {
  const risk = aRisk();
  risk.hold(10);
  const { clOrdId } = risk.order('SELL', '15');
  risk.say('submitted', clOrdId);
  risk.fill(clOrdId, '15', '110');
  const { positions, cash, equity, realizedPnl, imbalance } = portfolioOf(risk.state);
  assert.deepEqual(positions, [{ symbol: 'IBM', qty: '-5', avgPx: '110', cost: '-550', realizedPnl: '100' }]);
  assert.deepEqual(
    { cash, equity, realizedPnl, imbalance },
    {
      cash: '100650',
      equity: '100150',
      realizedPnl: '100',
      imbalance: '0',
    },
  );
});

test('a clOrdId that a venue would not give back unchanged is refused, with what was found and what is allowed', () => {
  for (const clOrdId of ['', 'x'.repeat(49), 'with space', 'näme']) {
    const reply = aRisk().check({ clOrdId }).at(-1) ?? '';
    assert.match(reply, /^reply INVALID_CL_ORD_ID: clOrdId ".*" has \d+ characters, allowed are 1 to 48/);
  }
});
