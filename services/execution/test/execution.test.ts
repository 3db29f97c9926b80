import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { executionTradingState } from '../src/core/index.ts';
import { aFill, anApproval, anExecution, aWord, LOG, MAX_IN_FLIGHT_NS, NOW_NS, RETRY_NS } from './builders.ts';

describe('an approval', () => {
  test('that is fresh is written to the venue, and right after that in the log', () => {
    const execution = anExecution();
    const outputs = execution.run({ type: 'approved', riskSeq: 3, approval: anApproval(), nowNs: NOW_NS });
    assert.deepEqual(outputs, [
      { type: 'submit', approval: anApproval() },
      { type: 'append', kind: 'OrderSubmitted', payload: { clOrdId: 'tp-1', symbol: 'IBM', riskSeq: 3 } },
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

  test('for another incarnation of the execution log is in doubt', () => {
    for (const executionLog of [null, 'execution-log/2', 'other/1']) {
      const execution = anExecution();
      assert.match(execution.approve({ executionLog })[0] ?? '', /^OrderUnknown/);
    }
    assert.match(anExecution().approve({ executionLog: LOG })[0] ?? '', /^submit/);
  });

  test('in doubt is looked up even while halted, without connection, or past its expiry', () => {
    const execution = anExecution({ caughtUp: false, listening: false });
    execution.step({ type: 'halt', reason: 'by hand' });
    assert.match(execution.approve({}, 99_999n)[0] ?? '', /^OrderUnknown/);
  });

  test('past its expiry is refused, with both times', () => {
    const refused = ['OrderRefused EXPIRED: now 20000 >= expiry 20000'];
    assert.deepEqual(anExecution().approve({}, 20_000n), refused);
    assert.match(anExecution().approve({}, 19_999n)[0] ?? '', /^submit/);
  });

  test('is refused while the order updates of the venue are not connected', () => {
    const execution = anExecution({ listening: false });
    const refused = ["OrderRefused CATCHING_UP: the venue's order updates are not connected"];
    assert.deepEqual(execution.approve(), refused);
    assert.equal(execution.status(), 'REFUSED');
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

  test('about an order that is not ours is passed over', () => {
    const execution = anExecution();
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

  test('with a hole before them halt, and nothing is booked', () => {
    const execution = anExecution();
    execution.approve();
    execution.accepted();
    const fault = 'order tp-1: cumulative 10 came with last 6, known is 0';
    assert.deepEqual(execution.update(aFill('10', '6')), [`warn ${fault}`, 'TradingStateChanged']);
    assert.deepEqual(executionTradingState(execution.state), { state: 'HALTED', reasons: [fault] });
    assert.equal(execution.status(), 'NEW');
    assert.deepEqual(execution.approve({ clOrdId: 'tp-2' }), [`OrderRefused HALTED: ${fault}`]);
    assert.deepEqual(execution.update(aFill('4', '4')), ['OrderFilled 4 to 4, leaves 6, PARTIALLY_FILLED']);
  });

  test('of more than was ordered halt, and nothing is booked', () => {
    const execution = anExecution();
    execution.approve();
    execution.accepted();
    assert.deepEqual(execution.update(aFill('12', '12')), [
      'warn order tp-1: filled 12 of 10 while NEW',
      'TradingStateChanged',
    ]);
    assert.equal(execution.status(), 'NEW');
  });

  test('of an order that was rejected or refused halt: it is not what it was said to be', () => {
    const rejected = anExecution();
    rejected.approve();
    rejected.update(aWord('rejected'));
    assert.match(rejected.update(aFill('4', '4')).at(-2) ?? '', /^warn order tp-1: filled 4 of 10 while REJECTED$/);

    const refused = anExecution({ caughtUp: false });
    refused.approve();
    refused.lookedUp(NOW_NS + MAX_IN_FLIGHT_NS);
    assert.equal(refused.status(), 'REFUSED');
    const fault = 'warn order tp-1: refused here, but the venue says';
    assert.deepEqual(refused.update(aWord('acknowledged')), [`${fault} acknowledged of v-1`, 'TradingStateChanged']);
    assert.deepEqual(refused.update(aFill('4', '4')), [`${fault} fill of v-1`]);
    assert.equal(executionTradingState(refused.state).state, 'HALTED');
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
    assert.deepEqual(execution.lookedUp(NOW_NS, canceled), [`lookup from ${NOW_NS + RETRY_NS}`]);
    assert.deepEqual(execution.update(aFill('4', '4')), ['OrderFilled 4 to 4, leaves 6, PARTIALLY_FILLED']);
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
      assert.deepEqual(execution.step({ type: 'listening', up: false }), []);
      assert.deepEqual(execution.step({ type: 'listening', up: true }), ['lookup from 0']);
      assert.deepEqual(execution.lookedUp(NOW_NS, { status }), [kind]);
      assert.deepEqual(execution.step({ type: 'listening', up: true }), [], 'what is closed is not looked up');
    }
  });
});

describe("the venue's latest orders, held against the log before anything is sent", () => {
  test('halt it when the venue has an order of ours that the log does not know, and risk is told', () => {
    const execution = anExecution({ listening: false });
    const said = execution.step({ type: 'venue-orders', clOrdIds: ['someone-elses', 'tp-before'] });
    assert.deepEqual(said, ['TradingStateChanged']);
    execution.step({ type: 'listening', up: true });
    assert.match(execution.approve().at(-1) ?? '', /^OrderRefused HALTED: the venue has order tp-before of ours/);
  });

  test('halt it when the venue no longer knows an order that it had acknowledged', () => {
    const execution = anExecution();
    execution.approve();
    execution.accepted();
    execution.step({ type: 'listening', up: false });
    assert.deepEqual(execution.step({ type: 'venue-orders', clOrdIds: ['tp-1'] }), []);
    assert.deepEqual(execution.step({ type: 'venue-orders', clOrdIds: [] }), ['TradingStateChanged']);
    assert.match(executionTradingState(execution.state).reasons[0] ?? '', /no longer knows order tp-1/);
  });
});

test('an order acknowledged under another name halts trading', () => {
  const execution = anExecution();
  execution.approve();
  assert.match(execution.accepted({ clOrdId: 'made-up' })[0] ?? '', /order tp-1 was acknowledged as "made-up"/);
});
