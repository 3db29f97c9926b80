import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ACCOUNT_ID, aFill, anExecution, aWord, MAX_IN_FLIGHT_NS, NOW_NS, RETRY_NS } from './builders.ts';

const ALL_OF_IT = [
  ['4', '4'],
  ['10', '6'],
] as const;

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
  const filled = { filledQty: '10', status: 'filled' };

  test('are fetched and booked, and the order is closed by the last of them', () => {
    const { lookedUp, fetched, update, status } = anUnanswered();
    assert.deepEqual(lookedUp(NOW_NS, filled), ['OrderAccepted', 'fetch-fills of v-1 beyond 0 from 0']);
    assert.deepEqual(fetched(NOW_NS, ALL_OF_IT), [
      'OrderFilled 4 to 4, leaves 6, PARTIALLY_FILLED',
      'OrderFilled 6 to 10, leaves 0, FILLED',
    ]);
    assert.equal(status(), 'FILLED');
    assert.deepEqual(update(aFill('4', '4')), [], 'that the stream brings them late is nothing new');
    assert.deepEqual(update(aFill('10', '6')), []);
  });

  test('are booked once when the stream brings them first', () => {
    const { lookedUp, fetched, update } = anUnanswered();
    lookedUp(NOW_NS, filled);
    update(aFill('4', '4'));
    assert.deepEqual(fetched(NOW_NS, ALL_OF_IT), ['OrderFilled 6 to 10, leaves 0, FILLED']);
  });

  test('are asked for again while the venue does not answer, as often as it takes', () => {
    const { lookedUp, fetched, state } = anUnanswered();
    lookedUp(NOW_NS, filled);
    for (const begunNs of [NOW_NS, 10n * RETRY_NS, 20n * RETRY_NS]) {
      assert.deepEqual(fetched(begunNs), [`fetch-fills of v-1 beyond 0 from ${begunNs + RETRY_NS}`]);
    }
    assert.equal(state.taking, undefined);
  });

  test('have the account taken anew when the activities do not explain them at the second try, and nothing is booked', () => {
    const { lookedUp, fetched, status, state } = anUnanswered();
    lookedUp(NOW_NS, { filledQty: '4', status: 'partially_filled' });
    const asked = [`fetch-fills of v-1 beyond 0 from ${NOW_NS + RETRY_NS}`];
    assert.deepEqual(fetched(NOW_NS, []), asked);
    const fault = 'order tp-1: the venue has filled 4, its activities explain 0';
    assert.deepEqual(fetched(NOW_NS + RETRY_NS, [['4', '3']]), [
      `warn ${fault}`,
      `read-account 1 from ${NOW_NS + MAX_IN_FLIGHT_NS}: ${fault}`,
      'TradingStateChanged CATCHING_UP',
    ]);
    assert.equal(state.halted, undefined);
    assert.equal(status(), 'NEW');
  });

  test('are no fault while each try brings some of them', () => {
    const { lookedUp, fetched, state } = anUnanswered();
    lookedUp(NOW_NS, filled);
    fetched(NOW_NS, []);
    const [booked, again] = fetched(NOW_NS + RETRY_NS, [['4', '4']]);
    assert.equal(booked, 'OrderFilled 4 to 4, leaves 6, PARTIALLY_FILLED');
    assert.equal(again, `fetch-fills of v-1 beyond 4 from ${NOW_NS + 2n * RETRY_NS}`);
    fetched(NOW_NS + 2n * RETRY_NS, ALL_OF_IT);
    assert.equal(state.accountId, ACCOUNT_ID);
  });

  test('after the order was closed are booked as well', () => {
    const execution = anExecution();
    execution.approve();
    execution.accepted();
    execution.update(aWord('canceled'));
    assert.deepEqual(execution.update(aFill('10', '6')), ['fetch-fills of v-1 beyond 0 from 0']);
    assert.deepEqual(execution.fetched(NOW_NS, ALL_OF_IT), [
      'OrderFilled 4 to 4, leaves 6, CANCELED',
      'OrderFilled 6 to 10, leaves 0, CANCELED',
    ]);
  });

  test('of more than was ordered halt', () => {
    const { lookedUp, fetched } = anUnanswered();
    lookedUp(NOW_NS, { filledQty: '12', status: 'filled' });
    assert.equal(fetched(NOW_NS, [['12', '12']])[0], 'warn order tp-1: filled 12 of 10 while NEW');
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
  const orders = ['tp-3', 'tp-2', 'tp-1'].map((clOrdId) => ({ clOrdId, decidedBefore: true, shown: undefined }));
  const input = { type: 'venue-orders', connection: 2, accountId: ACCOUNT_ID, orders } as const;
  const lookups = execution.run(input).filter((output) => output.type === 'lookup');
  assert.deepEqual(
    lookups.map(({ clOrdId }) => clOrdId),
    ['tp-1', 'tp-3'],
  );
});
