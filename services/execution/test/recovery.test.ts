import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  type ExecutionEvent,
  type ExecutionInput,
  type ExecutionOutput,
  type ExecutionState,
  executionTradingState,
  replayExecution,
  restoreExecution,
  snapshotOf,
  stepExecution,
} from '../src/core/index.ts';
import { type ExecutionJournalEvent, fromJournal, toJournal } from '../src/journal-events.ts';
import {
  ACCOUNT_ID,
  aFill,
  anApproval,
  anExecution,
  anOpenVenueOrder,
  aVenueAccount,
  aVenueFill,
  aVenueOrder,
  aWord,
  CONFIG,
  drive,
  MAX_IN_FLIGHT_NS,
  NOW_NS,
  RISK_LOG,
} from './builders.ts';
import './seed.ts';

/** The event as it comes back from the journal's file. */
function stored(event: ExecutionEvent): ExecutionEvent {
  const json = JSON.parse(JSON.stringify(toJournal(event, undefined)));
  return fromJournal(json as ExecutionJournalEvent);
}

function isAppended(output: ExecutionOutput): output is Extract<ExecutionOutput, { type: 'append' }> {
  return output.type === 'append';
}

/** The process has died and is back: what it committed is there. `said` is what it appends first. */
function restarted(execution: { readonly state: ExecutionState }, config = CONFIG) {
  const state = restoreExecution(config, JSON.parse(JSON.stringify(snapshotOf(execution.state))));
  const driven = drive(state);
  return { ...driven, state, said: driven.step({ type: 'started' }) };
}

const clOrdIds = fc.constantFrom('tp-1', 'tp-2', 'tp-3', 'other-1');
const quantities = fc.constantFrom('0', '3', '4', '10', '12');
const statuses = fc.constantFrom('new', 'partially_filled', 'filled', 'canceled', 'expired', 'rejected');
const times = fc.constantFrom(NOW_NS, NOW_NS + MAX_IN_FLIGHT_NS, NOW_NS + 10n ** 9n);
const venueOrders = fc.record({ clOrdId: clOrdIds, filledQty: quantities, status: statuses }).map(aVenueOrder);
const updates = fc.oneof(
  fc.tuple(quantities, quantities, clOrdIds).map(([cum, last, clOrdId]) => aFill(cum, last, { clOrdId })),
  fc
    .tuple(fc.constantFrom('acknowledged', 'canceled', 'expired', 'rejected', 'other'), clOrdIds, quantities)
    .map(([type, clOrdId, filledQty]) => aWord(type, { clOrdId, filledQty })),
);
const logs = fc.constantFrom(RISK_LOG, { ...RISK_LOG, generation: 2 }, { uuid: 'other', generation: 1 });

/** Anything, in any order; what names a connection or a taking of the account is completed from the state. */
const inputs: fc.Arbitrary<(state: ExecutionState) => ExecutionInput> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .record({ clOrdId: clOrdIds, decidedBefore: fc.boolean(), nowNs: times, old: fc.boolean() })
      .map(({ clOrdId, decidedBefore, nowNs, old }) => ({ config, rebase }: ExecutionState) => {
        const executionLog = `${config.uuid}/${config.generation}/${old ? 0 : rebase}`;
        const approval = anApproval({ clOrdId, executionLog, expiresNs: NOW_NS + 500n });
        return { type: 'approved', riskSeq: 1, approval, decidedBefore, nowNs } as const;
      }),
  },
  {
    weight: 4,
    arbitrary: fc
      .record({ type: fc.constant('update' as const), update: updates, decidedBefore: fc.boolean() })
      .map((input) => () => input),
  },
  {
    weight: 2,
    arbitrary: fc
      .oneof(
        fc.record({ type: fc.constant('accepted' as const), clOrdId: clOrdIds, order: venueOrders }),
        fc.record({ type: fc.constant('rejected' as const), clOrdId: clOrdIds, reason: fc.constant('403: no') }),
        fc.record({
          type: fc.constant('unanswered' as const),
          clOrdId: clOrdIds,
          reason: fc.constant('late'),
          nowNs: times,
        }),
        fc.record({
          type: fc.constant('looked-up' as const),
          clOrdId: clOrdIds,
          begunNs: times,
          outcome: fc.oneof(
            venueOrders.map((order) => ({ type: 'found' as const, order })),
            fc.constant({ type: 'not-found' as const }),
            fc.constant({ type: 'failed' as const, text: 'no' }),
          ),
        }),
      )
      .map((input) => () => input),
  },
  {
    weight: 2,
    arbitrary: fc
      .record({
        clOrdId: clOrdIds,
        begunNs: times,
        fills: fc.array(fc.tuple(quantities, quantities), { maxLength: 3 }),
      })
      .map(({ clOrdId, begunNs, fills }) => ({ connection }: ExecutionState) => {
        const orders = [{ clOrdId, orderId: 'v-1', knownQty: '0' }];
        const asked = { type: 'fetch-fills', connection, orders, fromNs: null, notBeforeNs: 0n } as const;
        const found = fills.map(([cum, last]) => ({ ...aVenueFill(cum, last), clOrdId }));
        return { type: 'fills', asked, begunNs, fills: found } as const;
      }),
  },
  {
    weight: 3,
    arbitrary: fc
      .array(fc.tuple(venueOrders, fc.boolean()), { maxLength: 3 })
      .map((orders) => ({ connection }: ExecutionState) => ({
        type: 'venue-orders' as const,
        connection,
        accountId: ACCOUNT_ID,
        orders: orders.map(([order, decidedBefore]) => ({
          clOrdId: order.clOrdId,
          decidedBefore,
          shown: { ...order, createdNs: 1n },
        })),
      })),
  },
  {
    weight: 3,
    arbitrary: fc.boolean().map((isOpen) => ({ connection, taking }: ExecutionState) => {
      const openOrders = isOpen ? [anOpenVenueOrder({ clOrdId: 'tp-2' })] : [];
      const account = aVenueAccount({ openOrders, latestClOrdIds: ['tp-2', 'tp-3'] });
      return { type: 'account' as const, connection, reason: taking ?? '', account };
    }),
  },
  {
    weight: 4,
    arbitrary: fc
      .oneof(
        fc.constant({ type: 'connected' as const }),
        fc.constant({ type: 'disconnected' as const }),
        fc.record({ type: fc.constant('caught-up' as const), riskLog: logs }),
        fc.record({ type: fc.constant('risk-log-changed' as const), known: fc.constant(RISK_LOG), stated: logs }),
        fc.record({ type: fc.constant('risk-log-compacted' as const), firstSeq: fc.nat(9) }),
      )
      .map((input) => () => input),
  },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom({ type: 'halt' as const, reason: 'by hand' }, { type: 'rebase' as const, reason: 'by hand' })
      .map((input) => () => input),
  },
);

test('whatever happens, the log alone gives the state back, from its first event or from a snapshot on', () => {
  const kinds = new Set<string>();
  fc.assert(
    fc.property(fc.array(inputs, { minLength: 20, maxLength: 80 }), fc.nat(80), (list, snapshotAt) => {
      const live = restoreExecution(CONFIG);
      const fromFirst = restoreExecution(CONFIG);
      let fromSnapshot = restoreExecution(CONFIG);
      const take = (input: ExecutionInput) => {
        for (const event of stepExecution(live, input).filter(isAppended)) {
          kinds.add(event.kind);
          for (const follower of [fromFirst, fromSnapshot]) replayExecution(follower, stored(event));
        }
      };
      take({ type: 'started' });
      take({ type: 'connected' });
      for (const [index, inputOf] of list.entries()) {
        take(inputOf(live));
        assert.deepEqual(snapshotOf(fromFirst), snapshotOf(live));
        assert.deepEqual(snapshotOf(fromSnapshot), snapshotOf(live));
        if (index === snapshotAt) {
          fromSnapshot = restoreExecution(CONFIG, JSON.parse(JSON.stringify(snapshotOf(live))));
        }
      }
    }),
    { numRuns: 1500 },
  );
  assert.equal(kinds.size, 11, `every kind of event was appended: ${[...kinds].join(' ')}`);
});

test('of orders that have ended the latest stay in memory, the open ones all', () => {
  const execution = anExecution();
  execution.approve({ clOrdId: 'tp-open' });
  for (let n = 0; n < 1100; n += 1) {
    execution.approve({ clOrdId: `tp-${n}` });
    execution.update(aFill('10', '10', { clOrdId: `tp-${n}` }));
  }
  const back = restarted(execution);
  for (const { state } of [execution, back]) {
    assert.equal(state.orders.size, 1001);
    assert.deepEqual([...state.orders.keys()].slice(0, 2), ['tp-open', 'tp-100']);
  }
  assert.deepEqual(snapshotOf(back.state).orders, snapshotOf(execution.state).orders);
  assert.deepEqual(execution.approve({ clOrdId: 'tp-0' }, NOW_NS, true), [
    'OrderRefused DUPLICATE: clOrdId tp-0 was closed before',
  ]);
  assert.deepEqual(execution.update(aWord('acknowledged', { clOrdId: 'tp-0' }), true), []);
  const late = execution.update(aFill('10', '10', { clOrdId: 'tp-0' }), true);
  assert.match(late[0] ?? '', /^read-account .*the venue fills order tp-0, which was closed long ago/);
});

describe('an execution that is back', () => {
  test('first says that it may not trade yet, and goes on without taking the account', () => {
    const back = restarted(anExecution());
    assert.deepEqual(back.said, ['TradingStateChanged CATCHING_UP']);
    assert.deepEqual(back.connect(), ['TradingStateChanged CATCHING_UP']);
    assert.deepEqual(back.caughtUp(), ['list-orders 1', 'TradingStateChanged CATCHING_UP']);
    assert.deepEqual(back.listed([]), ['TradingStateChanged ACTIVE']);
    assert.match(back.approve()[0] ?? '', /^submit tp-1/);
  });

  test('says nothing that its log said last', () => {
    const back = restarted(restarted(anExecution()));
    assert.deepEqual(back.said, []);
  });

  test('looks up what was open, and what the process before it may have written', () => {
    const execution = anExecution();
    execution.approve({ clOrdId: 'tp-1' });
    execution.approve({ clOrdId: 'tp-2' });
    execution.update(aWord('acknowledged', { clOrdId: 'tp-2', orderId: 'v-2' }));
    const back = restarted(execution);
    back.connect();
    const doubt = ['OrderUnknown approved before this execution followed the risk log', 'lookup from 0'];
    assert.deepEqual(back.approve({ clOrdId: 'tp-3' }), doubt);
    back.caughtUp();
    assert.deepEqual(back.listed(['tp-2'], { decided: ['tp-2'], shown: [{ orderId: 'v-2' }] }), [
      'lookup from 0',
      'lookup from 0',
      'lookup from 0',
      'TradingStateChanged ACTIVE',
    ]);
    const conclusiveNs = NOW_NS + MAX_IN_FLIGHT_NS;
    assert.deepEqual(back.lookedUp(NOW_NS), [`lookup from ${conclusiveNs}`]);
    assert.deepEqual(back.lookedUp(conclusiveNs), [
      'OrderUnknown the venue does not know it',
      'OrderRefused NEVER_SENT',
    ]);
  });

  test('books what was filled meanwhile before anything that is said since', () => {
    const execution = anExecution();
    execution.approve();
    execution.update(aFill('3', '3'));
    const back = restarted(execution);
    back.connect();
    back.caughtUp();
    assert.deepEqual(back.listed(['tp-1'], { shown: [{ filledQty: '7', status: 'partially_filled' }] }), [
      'fetch-fills of v-1 beyond 3 for 1 from 0',
    ]);
    assert.deepEqual(back.update(aFill('10', '1')), []);
    const fills = [
      ['7', '4'],
      ['9', '2'],
    ] as const;
    assert.deepEqual(back.fetched(NOW_NS, fills, 1), [
      'OrderFilled 4 to 7, leaves 3, PARTIALLY_FILLED',
      'OrderFilled 2 to 9, leaves 1, PARTIALLY_FILLED',
      'OrderFilled 1 to 10, leaves 0, FILLED',
      'TradingStateChanged ACTIVE',
    ]);
  });

  test('holds what the venue says of an order that the risk log may still name', () => {
    const execution = anExecution();
    const back = restarted(execution);
    back.connect();
    assert.deepEqual(back.update(aWord('acknowledged')), []);
    back.approve();
    assert.deepEqual(back.caughtUp(), ['list-orders 1', 'TradingStateChanged CATCHING_UP']);
    const words = back.listed(['tp-1'], { shown: [{}] });
    assert.deepEqual(words, ['OrderAccepted', 'lookup from 0', 'TradingStateChanged ACTIVE']);
  });

  test('goes on with what it had found out about the account, and stays halted', () => {
    const doubted = anExecution();
    doubted.disconnect();
    doubted.connect();
    doubted.listed([], { accountId: 'account-2' });
    const back = restarted(doubted);
    const reason = 'the venue has account account-2, we traded on account-1';
    assert.match(back.connect()[0] ?? '', new RegExp(`^read-account 1 from 6000: ${reason}`));
    assert.match(back.takeAccount({ accountId: 'account-2' })[0] ?? '', /^AccountRebased 2 in 1/);

    const halted = anExecution();
    halted.step({ type: 'halt', reason: 'by hand' });
    assert.equal(executionTradingState(restarted(halted).state).state, 'HALTED');
  });

  test('takes the account anew when the end of its log may be lost', () => {
    const back = restarted(anExecution(), { ...CONFIG, generation: 2 });
    const reason = 'our log is in generation 2, the account was taken in 1: its end may be lost';
    assert.match(back.connect()[0] ?? '', new RegExp(`^read-account 1 .*${reason}`));
    assert.match(back.takeAccount()[0] ?? '', /^AccountRebased 2 in 2/);
    const again = restarted(back, { ...CONFIG, generation: 2 });
    assert.deepEqual(again.connect(), ['TradingStateChanged CATCHING_UP'], 'once');
  });
});

describe('when risk states another log', () => {
  const known = RISK_LOG;

  test('whose end may be lost, the account is taken anew, and only then the log is named', () => {
    const execution = anExecution();
    const stated = { ...known, generation: 2 };
    const [asked, trading] = execution.step({ type: 'risk-log-changed', known, stated });
    assert.match(asked ?? '', /^read-account 1 .*risk's log is in generation 2, 1 was followed: its end may be lost/);
    assert.equal(trading, 'TradingStateChanged CATCHING_UP');
    assert.deepEqual(execution.approve(), []);
    assert.deepEqual(execution.caughtUp(stated), ['TradingStateChanged CATCHING_UP']);
    assert.deepEqual(execution.takeAccount().slice(1), ['RiskGenerationSeen risk-log/2', 'TradingStateChanged ACTIVE']);
  });

  test('that was never followed, nothing is sent until a person says so', () => {
    const execution = anExecution();
    const stated = { uuid: 'risk-log-2', generation: 1 };
    assert.deepEqual(execution.step({ type: 'risk-log-changed', known, stated }), ['TradingStateChanged CATCHING_UP']);
    assert.deepEqual(executionTradingState(execution.state).reasons, [
      'risk has log risk-log-2, this execution follows risk-log: run `tickpath rebase`',
    ]);
    assert.match(execution.step({ type: 'rebase', reason: 'asked for' })[0] ?? '', /^read-account 1 .*: asked for$/);
    execution.caughtUp(stated);
    assert.deepEqual(execution.takeAccount(), [
      'AccountRebased 2 in 1: asked for',
      'RiskGenerationSeen risk-log-2/1',
      'TradingStateChanged ACTIVE',
    ]);
  });

  test('of which events have gone unread, the account settles what they approved', () => {
    const execution = anExecution();
    const [asked] = execution.step({ type: 'risk-log-compacted', firstSeq: 7 });
    assert.match(asked ?? '', /^read-account 1 .*risk's log begins at 7: events that had not been read have gone/);
  });

  test('that is the known one again, it goes on', () => {
    const execution = anExecution();
    execution.step({ type: 'risk-log-changed', known, stated: { uuid: 'risk-log-2', generation: 1 } });
    assert.deepEqual(execution.caughtUp(), ['TradingStateChanged ACTIVE']);
  });
});

test('a rebase that is asked for ends a halt', () => {
  const execution = anExecution();
  execution.step({ type: 'halt', reason: 'by hand' });
  const words = execution.step({ type: 'rebase', reason: 'asked for' });
  assert.deepEqual(words.slice(-1), ['TradingStateChanged CATCHING_UP']);
  execution.takeAccount();
  assert.equal(executionTradingState(execution.state).state, 'ACTIVE');
});
