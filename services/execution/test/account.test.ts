import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { executionTradingState } from '../src/core/index.ts';
import {
  ACCOUNT_ID,
  aFill,
  anExecution,
  anOpenVenueOrder,
  aVenueAccount,
  aWord,
  MAX_IN_FLIGHT_NS,
  NOW_NS,
  STARTED_NS,
} from './builders.ts';

const NEW_JOURNAL = 'the journal of this execution is new';

describe('an execution whose journal is new', () => {
  test('takes the account when everything one before it may have written has landed', () => {
    const execution = anExecution({ connected: false });
    assert.deepEqual(execution.connect(), [
      `read-account 1 from ${STARTED_NS + MAX_IN_FLIGHT_NS}: ${NEW_JOURNAL}`,
      'TradingStateChanged CATCHING_UP',
    ]);
    assert.deepEqual(executionTradingState(execution.state).reasons, ["the venue's account has not been read"]);
  });

  test('begins its log with the account, the risk log it follows, and whether it may trade', () => {
    const execution = anExecution({ connected: false });
    execution.connect();
    const account = aVenueAccount({
      positions: [{ symbol: 'IBM', qty: '-3', cost: '-300.5' }],
      openOrders: [anOpenVenueOrder({ clOrdId: 'tp-9', cumQty: '4', ordStatus: 'PARTIALLY_FILLED' })],
      latestClOrdIds: ['tp-9', 'someone-elses', 'tp-8'],
    });
    const { accountId, cash, positions, openOrders } = account;
    assert.deepEqual(execution.run({ type: 'account', connection: 1, reason: NEW_JOURNAL, account }), [
      {
        type: 'append',
        kind: 'AccountRebased',
        payload: { reason: NEW_JOURNAL, accountId, cash, positions, openOrders, rebase: 1, generation: 1 },
        kept: { settled: ['tp-8'] },
      },
      { type: 'append', kind: 'RiskGenerationSeen', payload: { uuid: 'risk-log', generation: 1 } },
      {
        type: 'append',
        kind: 'TradingStateChanged',
        payload: { state: 'ACTIVE', reasons: [] },
        kept: { halted: null, taking: null },
      },
    ]);
  });

  test('that has not read the risk log to its end says so, and later which one it follows', () => {
    const execution = anExecution({ connected: false, caughtUp: false });
    execution.connect();
    assert.deepEqual(execution.takeAccount(), [
      `AccountRebased 1 in 1: ${NEW_JOURNAL}`,
      'TradingStateChanged CATCHING_UP',
    ]);
    const riskLog = { uuid: 'risk-log', generation: 4 };
    assert.deepEqual(execution.step({ type: 'caught-up', riskLog }), [
      'RiskGenerationSeen risk-log/4',
      'TradingStateChanged ACTIVE',
    ]);
  });

  test('goes on with the orders of ours that are open, and only with those', () => {
    const openOrders = [anOpenVenueOrder({ cumQty: '4', ordStatus: 'PARTIALLY_FILLED' })];
    const execution = anExecution({ account: { openOrders, latestClOrdIds: ['tp-1', 'tp-0'] } });
    assert.deepEqual(execution.update(aWord('acknowledged')), [], 'it had been acknowledged');
    assert.deepEqual(execution.update(aFill('4', '4')), [], 'and filled so far');
    assert.deepEqual(execution.update(aFill('10', '6')), ['OrderFilled 6 to 10, leaves 0, FILLED']);
    assert.deepEqual(execution.update(aFill('10', '10', { clOrdId: 'tp-0' })), []);
  });
});

describe('what the venue says while its account is read', () => {
  test('is applied on top of it: what it holds already, once', () => {
    const execution = anExecution({ connected: false });
    execution.connect();
    for (const update of [aWord('acknowledged'), aFill('4', '4'), aFill('7', '3')]) {
      assert.deepEqual(execution.update(update), []);
    }
    const openOrders = [anOpenVenueOrder({ cumQty: '4', ordStatus: 'PARTIALLY_FILLED' })];
    assert.deepEqual(execution.takeAccount({ openOrders }), [
      `AccountRebased 1 in 1: ${NEW_JOURNAL}`,
      'RiskGenerationSeen risk-log/1',
      'OrderFilled 3 to 7, leaves 3, PARTIALLY_FILLED',
      'TradingStateChanged ACTIVE',
    ]);
    assert.equal(execution.state.held.length, 0);
  });

  test('of an order that the account has closed changes nothing more', () => {
    const execution = anExecution({ connected: false });
    execution.connect();
    execution.update(aFill('10', '10'));
    const words = execution.takeAccount({ latestClOrdIds: ['tp-1'] });
    assert.equal(words.filter((word) => word.startsWith('OrderFilled')).length, 0);
    assert.equal(execution.state.accountId, ACCOUNT_ID);
  });

  test('with a hole to what the account holds has its executions fetched', () => {
    const execution = anExecution({ connected: false });
    execution.connect();
    execution.update(aFill('10', '2'));
    const words = execution.takeAccount({ openOrders: [anOpenVenueOrder()] });
    assert.deepEqual(words.slice(-2), ['fetch-fills of v-1 beyond 0 from 0', 'TradingStateChanged ACTIVE']);
  });

  test('in answer to what was asked before is dropped', () => {
    const execution = anExecution();
    execution.approve();
    execution.disconnect();
    execution.connect();
    execution.listed([], { accountId: 'account-2' });
    assert.deepEqual(execution.accepted(), []);
    assert.deepEqual(execution.unanswered(), []);
    assert.deepEqual(execution.lookedUp(NOW_NS + MAX_IN_FLIGHT_NS), []);
    assert.deepEqual(execution.step({ type: 'rejected', clOrdId: 'tp-1', reason: '403: no' }), []);
  });
});

describe('an answer of the venue about its account or its orders', () => {
  test('that belongs to an earlier connection counts for nothing', () => {
    const execution = anExecution({ connected: false });
    execution.connect();
    execution.disconnect();
    assert.deepEqual(execution.takeAccount(), [], 'nobody listens now: what was read may be old when they do');
    execution.connect();
    assert.deepEqual(execution.takeAccount({}, 1), []);
    assert.match(execution.takeAccount({}, 2)[0] ?? '', /^AccountRebased 1 in 1/);
    execution.disconnect();
    execution.connect();
    assert.deepEqual(execution.listed(['tp-foreign'], { connection: 2 }), []);
    assert.deepEqual(execution.listed([], { connection: 3 }), ['TradingStateChanged ACTIVE']);
  });

  test('that nobody asked for any more counts for nothing', () => {
    const execution = anExecution();
    assert.deepEqual(execution.takeAccount({ cash: '7' }), []);
    assert.equal(execution.state.rebase, 1);
  });
});

describe('after a reconnection the account is taken anew', () => {
  const reconnected = () => {
    const execution = anExecution({ account: { latestClOrdIds: ['tp-0'] } });
    execution.approve();
    execution.accepted();
    execution.disconnect();
    execution.connect();
    return execution;
  };
  const differences = {
    'when it is another account': [['tp-1', 'tp-0'], 'account-2', /has account account-2, we traded on account-1/],
    'when the venue has an order of ours that the log does not know': [['tp-2', 'tp-1'], ACCOUNT_ID, /order tp-2 of/],
    'when the venue no longer knows an order it had acknowledged': [['tp-0'], ACCOUNT_ID, /no longer knows order tp-1/],
  } as const;
  for (const [when, [clOrdIds, accountId, difference]] of Object.entries(differences)) {
    test(when, () => {
      const execution = reconnected();
      const [asked, trading] = execution.listed(clOrdIds, { accountId });
      assert.match(asked ?? '', /^read-account 2 from 11000: the venue /);
      assert.match(asked ?? '', difference);
      assert.equal(trading, 'TradingStateChanged CATCHING_UP', 'for another reason than before');
      const [rebased] = execution.takeAccount({ accountId });
      assert.match(rebased ?? '', /^AccountRebased 2 in 1: /);
      assert.match(rebased ?? '', difference);
      assert.equal(execution.status(), undefined, 'the account has settled what was open');
    });
  }

  test('when the venue has an order that was refused as never sent', () => {
    const refused = anExecution({ caughtUp: false });
    refused.approve();
    refused.lookedUp(NOW_NS + MAX_IN_FLIGHT_NS);
    refused.caughtUp();
    refused.disconnect();
    refused.connect();
    assert.match(refused.listed(['tp-1'])[0] ?? '', /^read-account 2 .*tp-1, which was refused here as never sent/);
  });

  test('but not for what it shows of others, or of what was closed before it was read', () => {
    const execution = reconnected();
    assert.deepEqual(execution.listed(['someone-elses', 'tp-1', 'tp-0', 'tpx-1']), [
      'lookup from 0',
      'TradingStateChanged ACTIVE',
    ]);
  });

  test('with the reason that was found, also when the connection is lost before it has been read', () => {
    const execution = reconnected();
    execution.listed([], { accountId: 'account-2' });
    execution.disconnect();
    const reason = 'the venue has account account-2, we traded on account-1';
    assert.equal(execution.connect()[0], `read-account 3 from ${NOW_NS + MAX_IN_FLIGHT_NS}: ${reason}`);
  });
});

test('an update about an order of ours that nobody knows has the account taken anew: it was sent before this log', () => {
  const execution = anExecution();
  const [asked, trading] = execution.update(aFill('10', '10', { clOrdId: 'tp-late' }));
  assert.match(asked ?? '', /^read-account 1 from \d+: the venue speaks of order tp-late of ours/);
  assert.equal(trading, 'TradingStateChanged CATCHING_UP');
});

test('what was approved for an earlier taking of the account does nothing', () => {
  const execution = anExecution();
  execution.disconnect();
  execution.connect();
  execution.listed([], { accountId: 'account-2' });
  assert.deepEqual(execution.approve(), []);
  execution.takeAccount({ accountId: 'account-2' });
  assert.deepEqual(execution.approve(), []);
  assert.match(execution.approve({ executionLog: 'execution-log/1/2' })[0] ?? '', /^submit/);
});

test('every change of what it may do is in its log once', () => {
  const execution = anExecution();
  assert.deepEqual(execution.disconnect(), ['TradingStateChanged CATCHING_UP']);
  assert.deepEqual(execution.disconnect(), []);
  assert.deepEqual(execution.step({ type: 'halt', reason: 'by hand' }), ['TradingStateChanged HALTED']);
  assert.deepEqual(execution.step({ type: 'halt', reason: 'again' }), []);
});
