import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ACCOUNT_ID, aFill, anExecution, aWord, MAX_IN_FLIGHT_NS, NOW_NS, RETRY_NS } from './builders.ts';

/** A fresh order whose submission was not answered. */
function anUnanswered() {
  const execution = anExecution();
  execution.approve();
  const words = execution.unanswered();
  return { ...execution, words };
}

describe('an order whose submission was not answered', () => {
  test('is unknown and looked up at once', () => {
    const { words, status } = anUnanswered();
    assert.deepEqual(words, ['OrderUnknown ETIMEDOUT', 'lookup from 0']);
    assert.equal(status(), 'UNKNOWN');
  });

  test('is accepted when it is found', () => {
    const { lookedUp, accepted } = anUnanswered();
    assert.deepEqual(lookedUp(NOW_NS, {}), ['OrderAccepted']);
    assert.deepEqual(lookedUp(NOW_NS, {}), []);
    assert.deepEqual(accepted(), []);
  });

  test('is rejected when it is found rejected', () => {
    assert.deepEqual(anUnanswered().lookedUp(NOW_NS, { status: 'rejected' }), ['OrderRejected rejected by the venue']);
  });

  test('is refused as never sent only by a lookup that began after everything in flight had landed', () => {
    const { lookedUp, status } = anUnanswered();
    const conclusiveNs = NOW_NS + MAX_IN_FLIGHT_NS;
    assert.deepEqual(lookedUp(NOW_NS), [`lookup from ${conclusiveNs}`]);
    assert.deepEqual(lookedUp(conclusiveNs - 1n), [`lookup from ${conclusiveNs}`]);
    assert.equal(status(), 'UNKNOWN');
    assert.deepEqual(lookedUp(conclusiveNs), ['OrderRefused NEVER_SENT']);
    assert.equal(status(), 'REFUSED');
    assert.deepEqual(lookedUp(conclusiveNs + 1n), []);
  });

  test('is looked up again when a lookup fails, as often as it takes', () => {
    const { step, status } = anUnanswered();
    for (const begunNs of [NOW_NS, 10n * RETRY_NS]) {
      const outcome = { type: 'failed', text: 'ECONNRESET' } as const;
      assert.deepEqual(step({ type: 'looked-up', clOrdId: 'tp-1', begunNs, outcome }), [
        `lookup from ${begunNs + RETRY_NS}`,
      ]);
    }
    assert.equal(status(), 'UNKNOWN');
  });

  test('counts its window from the last moment at which it could have been written', () => {
    const { unanswered, lookedUp } = anUnanswered();
    assert.deepEqual(unanswered(NOW_NS + 500n), ['lookup from 0']);
    const conclusiveNs = NOW_NS + 500n + MAX_IN_FLIGHT_NS;
    assert.deepEqual(lookedUp(NOW_NS + MAX_IN_FLIGHT_NS), [`lookup from ${conclusiveNs}`]);
  });

  test('is known again by its update, and a lookup from before then refuses nothing', () => {
    const { update, lookedUp, status } = anUnanswered();
    assert.deepEqual(update(aWord('acknowledged')), ['OrderAccepted']);
    assert.match(lookedUp(NOW_NS)[0] ?? '', /^lookup from/);
    const fault = 'order tp-1: the venue does not know it, here it is NEW';
    assert.deepEqual(lookedUp(NOW_NS + MAX_IN_FLIGHT_NS), [
      `warn ${fault}`,
      `read-account 1 from ${NOW_NS + MAX_IN_FLIGHT_NS}: ${fault}`,
      'TradingStateChanged CATCHING_UP',
    ]);
    assert.equal(status(), 'NEW');
  });

  test('after its update had come is not unknown, but looked up', () => {
    const execution = anExecution();
    execution.approve();
    execution.update(aWord('acknowledged'));
    assert.deepEqual(execution.unanswered(), ['lookup from 0']);
    assert.equal(execution.status(), 'NEW');
  });
});

describe('executions that a lookup shows and the stream has not brought', () => {
  test('are waited for, and booked when they come', () => {
    const { lookedUp, update, state } = anUnanswered();
    const filled = { filledQty: '10', status: 'filled' };
    assert.deepEqual(lookedUp(NOW_NS, filled), ['OrderAccepted', `lookup from ${NOW_NS + RETRY_NS}`]);
    assert.deepEqual(update(aFill('10', '10')), ['OrderFilled 10 to 10, leaves 0, FILLED']);
    assert.deepEqual(lookedUp(NOW_NS + RETRY_NS, filled), []);
    assert.equal(state.halted, undefined);
  });

  test('have the account taken anew when a later lookup still shows them, and nothing is booked', () => {
    const { lookedUp, status, state } = anUnanswered();
    const partly = { filledQty: '4', status: 'partially_filled' };
    lookedUp(NOW_NS, partly);
    assert.deepEqual(lookedUp(NOW_NS + 1n, partly), [`lookup from ${NOW_NS + 1n + RETRY_NS}`], 'too early to say');
    const fault = 'order tp-1: the venue has filled 4, known is 0';
    assert.deepEqual(lookedUp(NOW_NS + RETRY_NS, partly), [
      `warn ${fault}`,
      `read-account 1 from ${NOW_NS + MAX_IN_FLIGHT_NS}: ${fault}`,
      'TradingStateChanged CATCHING_UP',
    ]);
    assert.equal(state.halted, undefined);
    assert.equal(status(), 'NEW');
  });

  test('are no fault while the stream keeps bringing those seen before', () => {
    const { lookedUp, update, state } = anUnanswered();
    const seen = (filledQty: string) => ({ filledQty, status: 'partially_filled' });
    lookedUp(NOW_NS, seen('4'));
    update(aFill('4', '4'));
    assert.deepEqual(lookedUp(NOW_NS + RETRY_NS, seen('7')), [`lookup from ${NOW_NS + 2n * RETRY_NS}`]);
    update(aFill('7', '3'));
    assert.deepEqual(lookedUp(NOW_NS + 2n * RETRY_NS, seen('7')), []);
    assert.equal(state.accountId, ACCOUNT_ID);
  });
});

test('an approval in doubt that is found is accepted and goes on like any other', () => {
  const execution = anExecution({ caughtUp: false });
  execution.approve();
  assert.deepEqual(execution.lookedUp(NOW_NS, {}), ['OrderAccepted']);
  assert.deepEqual(execution.update(aFill('10', '10')), ['OrderFilled 10 to 10, leaves 0, FILLED']);
});

test('when the updates are connected again every open order is looked up', () => {
  const execution = anExecution();
  for (const clOrdId of ['tp-1', 'tp-2', 'tp-3']) execution.approve({ clOrdId });
  execution.update(aFill('10', '10', { clOrdId: 'tp-2' }));
  execution.disconnect();
  execution.connect();
  const clOrdIds = ['tp-3', 'tp-2', 'tp-1'];
  const input = { type: 'venue-orders', connection: 2, accountId: ACCOUNT_ID, clOrdIds } as const;
  const lookups = execution.run(input).filter((output) => output.type === 'lookup');
  assert.deepEqual(
    lookups.map(({ clOrdId }) => clOrdId),
    ['tp-1', 'tp-3'],
  );
});
