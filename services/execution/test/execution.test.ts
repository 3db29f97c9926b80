import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { executionTradingState } from '../src/core/index.ts';
import {
  aFill,
  anApproval,
  anExecution,
  anOpenVenueOrder,
  aWord,
  LOG,
  MAX_IN_FLIGHT_NS,
  NOW_NS,
  RETRY_NS,
  STARTED_NS,
} from './builders.ts';

describe('an approval', () => {
  test('that is fresh is written to the venue, and right after that in the log', () => {
    const execution = anExecution();
    const outputs = execution.run({
      type: 'approved',
      riskSeq: 3,
      approval: anApproval(),
      decidedBefore: false,
      nowNs: NOW_NS,
    });
    const { clOrdId, symbol, side, orderQty, receivedNs } = anApproval();
    const terms = { clOrdId, symbol, side, orderQty, receivedNs };
    assert.deepEqual(outputs, [
      { type: 'submit', approval: anApproval() },
      { type: 'append', kind: 'OrderSubmitted', payload: { ...terms, riskSeq: 3 } },
    ]);
  });

  test('that comes a second time does nothing', () => {
    const execution = anExecution();
    execution.approve();
    assert.deepEqual(execution.approve(), []);
  });

  test('from before the risk log was read to its end is in doubt: looked up, never written', () => {
    const execution = anExecution({ caughtUp: false });
    const words = ['OrderUnknown approved before this execution followed the risk log', 'lookup from 0'];
    assert.deepEqual(execution.approve(), words);
    assert.equal(execution.status(), 'UNKNOWN');
  });

  test('for another incarnation of the execution log is neither sent nor followed: the account settles it', () => {
    for (const executionLog of [null, 'execution-log/1', 'execution-log/1/2', 'execution-log/2/1', 'other/1/1']) {
      for (const caughtUp of [true, false]) {
        const execution = anExecution({ caughtUp });
        assert.deepEqual(execution.approve({ executionLog }), []);
        assert.equal(execution.status(), undefined);
      }
    }
    assert.match(anExecution().approve({ executionLog: LOG })[0] ?? '', /^submit/);
  });

  test('while the account is unread is neither sent nor followed, whichever log it names', () => {
    for (const executionLog of [null, 'execution-log/1/0', LOG]) {
      assert.deepEqual(anExecution({ connected: false }).approve({ executionLog }), []);
    }
  });

  test('of an order that the venue had closed before the account was read is refused as a duplicate', () => {
    const execution = anExecution({ account: { latestClOrdIds: ['tp-1'] } });
    assert.deepEqual(execution.approve(), ['OrderRefused DUPLICATE: clOrdId tp-1 was closed before']);
    assert.equal(execution.status(), undefined);
  });

  test('of an order that has ended under this log is refused as a duplicate, that of an open one does nothing', () => {
    const execution = anExecution();
    execution.approve();
    execution.update(aFill('10', '10'));
    assert.deepEqual(execution.approve(), ['OrderRefused DUPLICATE: clOrdId tp-1 was FILLED before']);
    assert.equal(execution.status(), 'FILLED');
    assert.deepEqual(anExecution({ account: { openOrders: [anOpenVenueOrder()] } }).approve(), []);
  });

  test('in doubt is looked up even while halted, without connection, or past its expiry', () => {
    const execution = anExecution({ caughtUp: false });
    execution.disconnect();
    execution.step({ type: 'halt', reason: 'by hand' });
    assert.match(execution.approve({}, 99_999n)[0] ?? '', /^OrderUnknown/);
  });

  test('past its expiry is refused, with both times', () => {
    const refused = ['OrderRefused EXPIRED: now 20000 >= expiry 20000'];
    assert.deepEqual(anExecution().approve({}, 20_000n), refused);
    assert.match(anExecution().approve({}, 19_999n)[0] ?? '', /^submit/);
  });

  test('is refused while the order updates of the venue are not connected', () => {
    const execution = anExecution();
    execution.disconnect();
    const refused = ["OrderRefused CATCHING_UP: the venue's order updates are not connected"];
    assert.deepEqual(execution.approve(), refused);
    assert.equal(execution.status(), undefined, 'nothing of it is anywhere');
  });

  test("is refused while the venue's orders have not been held against ours", () => {
    const execution = anExecution();
    execution.disconnect();
    execution.connect();
    const refused = ["OrderRefused CATCHING_UP: the venue's orders have not been held against ours"];
    assert.deepEqual(execution.approve(), refused);
  });

  test('is refused while halted, with the first reason given', () => {
    const execution = anExecution();
    execution.step({ type: 'halt', reason: 'by hand' });
    execution.step({ type: 'halt', reason: 'again' });
    assert.deepEqual(execution.approve(), ['OrderRefused HALTED: by hand']);
  });
});

describe("the venue's answer", () => {
  test('acknowledges the order once, whether the update or the HTTP answer comes first', () => {
    const answerFirst = anExecution();
    answerFirst.approve();
    assert.deepEqual(answerFirst.accepted(), ['OrderAccepted']);
    assert.deepEqual(answerFirst.update(aWord('acknowledged')), []);

    const updateFirst = anExecution();
    updateFirst.approve();
    assert.deepEqual(updateFirst.update(aWord('acknowledged')), ['OrderAccepted']);
    assert.deepEqual(updateFirst.accepted(), []);
  });

  test('that comes after the fill changes nothing', () => {
    const execution = anExecution();
    execution.approve();
    const filled = ['OrderAccepted', 'OrderFilled 10 to 10, leaves 0, FILLED'];
    assert.deepEqual(execution.update(aFill('10', '10')), filled);
    assert.deepEqual(execution.accepted(), []);
    assert.equal(execution.status(), 'FILLED');
  });

  test('of rejection ends the order, which was never accepted', () => {
    const byAnswer = anExecution();
    byAnswer.approve();
    assert.deepEqual(byAnswer.step({ type: 'rejected', clOrdId: 'tp-1', reason: '403: no' }), [
      'OrderRejected 403: no',
    ]);

    const byUpdate = anExecution();
    byUpdate.approve();
    assert.deepEqual(byUpdate.update(aWord('rejected')), ['OrderRejected rejected by the venue']);
    assert.deepEqual(byUpdate.update(aWord('rejected')), []);
    assert.deepEqual(byUpdate.step({ type: 'rejected', clOrdId: 'tp-1', reason: '403: no' }), []);
  });

  test('about an order that is not ours, or was closed before the account was read, is passed over', () => {
    const execution = anExecution({ account: { latestClOrdIds: ['tp-1'] } });
    assert.deepEqual(execution.update(aFill('10', '10', { clOrdId: 'someone-elses' })), []);
    assert.deepEqual(execution.update(aFill('10', '10')), []);
    assert.deepEqual(execution.accepted(), []);
    assert.deepEqual(execution.lookedUp(NOW_NS), []);
  });
});

describe('fills', () => {
  test('are booked in turn until nothing is left', () => {
    const execution = anExecution();
    execution.approve();
    execution.accepted();
    assert.deepEqual(execution.update(aFill('4', '4')), ['OrderFilled 4 to 4, leaves 6, PARTIALLY_FILLED']);
    assert.deepEqual(execution.update(aFill('10', '6')), ['OrderFilled 6 to 10, leaves 0, FILLED']);
  });

  test('that are repeated, also after the end, are booked once', () => {
    const execution = anExecution();
    execution.approve();
    const updates = [aWord('acknowledged'), aFill('4', '4'), aFill('10', '6')];
    for (const update of updates) execution.update(update);
    for (const update of updates) assert.deepEqual(execution.update(update), []);
  });

  test('after a cancel are applied, and the order stays canceled', () => {
    const execution = anExecution();
    execution.approve();
    execution.accepted();
    assert.deepEqual(execution.update(aWord('canceled')), ['OrderCanceled']);
    assert.deepEqual(execution.update(aFill('4', '4')), ['OrderFilled 4 to 4, leaves 6, CANCELED']);
    assert.deepEqual(execution.update(aFill('10', '6')), ['OrderFilled 6 to 10, leaves 0, CANCELED']);
    assert.equal(execution.state.halted, undefined);
  });

  test('with a hole before them are fetched from the activities, and booked in turn', () => {
    const execution = anExecution();
    execution.approve();
    execution.accepted();
    assert.deepEqual(execution.update(aFill('6', '2')), ['fetch-fills of v-1 beyond 0 from 0']);
    assert.deepEqual(execution.update(aFill('7', '1')), [], 'they are being fetched');
    const fetched = execution.fetched(NOW_NS, [
      ['4', '4'],
      ['6', '2'],
      ['7', '1'],
    ]);
    assert.deepEqual(fetched, [
      'OrderFilled 4 to 4, leaves 6, PARTIALLY_FILLED',
      'OrderFilled 2 to 6, leaves 4, PARTIALLY_FILLED',
      'OrderFilled 1 to 7, leaves 3, PARTIALLY_FILLED',
      'lookup from 0',
    ]);
    assert.deepEqual(execution.update(aFill('10', '3')), ['OrderFilled 3 to 10, leaves 0, FILLED']);
  });

  test('of more than was ordered halt, and nothing is booked', () => {
    const execution = anExecution();
    execution.approve();
    execution.accepted();
    assert.deepEqual(execution.update(aFill('12', '12')), [
      'warn order tp-1: filled 12 of 10 while NEW',
      'TradingStateChanged HALTED',
    ]);
    assert.equal(execution.status(), 'NEW');
    assert.deepEqual(execution.approve({ clOrdId: 'tp-2' }), [
      'OrderRefused HALTED: order tp-1: filled 12 of 10 while NEW',
    ]);
  });

  test('of an order that was rejected halt: no venue does that', () => {
    const rejected = anExecution();
    rejected.approve();
    rejected.update(aWord('rejected'));
    const [warning, state] = rejected.update(aFill('4', '4')).slice(-2);
    assert.equal(warning, 'warn order tp-1: filled 4 of 10 while REJECTED');
    assert.equal(state, 'TradingStateChanged HALTED');
  });

  test('of an order that was refused have the account taken anew: it was sent after all', () => {
    const refused = anExecution({ caughtUp: false });
    refused.approve();
    refused.lookedUp(NOW_NS + MAX_IN_FLIGHT_NS);
    assert.equal(refused.status(), 'REFUSED');
    const fault = 'order tp-1: refused here, but the venue says acknowledged of v-1';
    const words = refused.update(aWord('acknowledged'));
    assert.deepEqual(words.slice(0, 2), [
      `warn ${fault}`,
      `read-account 1 from ${STARTED_NS + MAX_IN_FLIGHT_NS}: ${fault}`,
    ]);
    assert.equal(refused.state.halted, undefined);
  });
});

describe('an order that the venue has closed', () => {
  test('is closed when the update says so', () => {
    for (const [type, kind] of [
      ['canceled', 'OrderCanceled'],
      ['expired', 'OrderExpired'],
    ] as const) {
      const execution = anExecution();
      execution.approve();
      execution.update(aFill('4', '4'));
      assert.deepEqual(execution.update(aWord(type, { filledQty: '4' })), [kind]);
      assert.deepEqual(execution.update(aWord(type, { filledQty: '4' })), []);
    }
  });

  test('before all of its executions have come is looked up, and closed when they have', () => {
    const execution = anExecution();
    execution.approve();
    execution.accepted();
    const canceled = { status: 'canceled', filledQty: '4' };
    assert.deepEqual(execution.update(aWord('canceled', canceled)), ['lookup from 0']);
    assert.deepEqual(execution.lookedUp(NOW_NS, canceled), ['fetch-fills of v-1 beyond 0 from 0']);
    assert.deepEqual(execution.update(aFill('4', '4')), ['OrderFilled 4 to 4, leaves 6, PARTIALLY_FILLED']);
    assert.deepEqual(execution.fetched(NOW_NS + RETRY_NS, [['4', '4']]), ['lookup from 0']);
    assert.deepEqual(execution.lookedUp(NOW_NS + RETRY_NS, canceled), ['OrderCanceled']);
    assert.equal(execution.state.halted, undefined);
  });

  test('while its updates were not connected is closed by the lookup', () => {
    for (const [status, kind] of [
      ['canceled', 'OrderCanceled'],
      ['expired', 'OrderExpired'],
    ] as const) {
      const execution = anExecution();
      execution.approve();
      execution.accepted();
      execution.disconnect();
      assert.deepEqual(execution.connect(), ['list-orders 2', 'TradingStateChanged CATCHING_UP']);
      assert.deepEqual(execution.listed(['tp-1']), ['lookup from 0', 'TradingStateChanged ACTIVE']);
      assert.deepEqual(execution.lookedUp(NOW_NS, { status }), [kind]);
      execution.disconnect();
      execution.connect();
      assert.deepEqual(execution.listed(['tp-1']), ['TradingStateChanged ACTIVE'], 'what is closed is not looked up');
    }
  });
});

test('an order acknowledged under another name halts trading', () => {
  const execution = anExecution();
  execution.approve();
  assert.match(execution.accepted({ clOrdId: 'made-up' })[0] ?? '', /order tp-1 was acknowledged as "made-up"/);
  assert.equal(executionTradingState(execution.state).state, 'HALTED');
});
