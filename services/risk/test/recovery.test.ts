import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { EventMap, JournalEvent } from '@tickpath/journal';
import fc from 'fast-check';
import {
  openRisk,
  portfolioOf,
  type RiskInput,
  type RiskSnapshot,
  type RiskState,
  replayRisk,
  restoreRisk,
  snapshotOf,
  stepRisk,
  tradingState,
} from '../src/core/index.ts';
import { fromJournal, type RiskJournalEvent, toJournal } from '../src/journal-events.ts';
import { anyInputs } from './any-inputs.ts';
import { anAccount, aRisk, EXECUTION_LOG, effects, inWords, LIMITS, RISK_LOG } from './builders.ts';
import './seed.ts';

const CONFIG = { log: 'risk-log/1', limits: LIMITS };

/** What a file gives back of a value. */
function throughJson<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}

/** The events of our log as the journal gives them back. */
function journaled(state: RiskState, input: RiskInput): RiskJournalEvent[] {
  const appends = stepRisk(state, input).filter((output) => output.type === 'append');
  const stored = appends.map((append) => throughJson(toJournal(append, null)));
  return stored as unknown as JournalEvent<EventMap>[] as RiskJournalEvent[];
}

/** The state after a start: from the snapshot, if there is one, and the events behind it. */
function recovered(snapshot: RiskSnapshot | undefined, events: readonly RiskJournalEvent[]): RiskState {
  const state = snapshot === undefined ? openRisk(CONFIG) : restoreRisk(CONFIG, snapshot);
  for (const event of events) replayRisk(state, fromJournal(event));
  return state;
}

test('at any point the state is that of the snapshot before and the events since, and a snapshot gives itself back', () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(anyInputs, fc.infiniteStream(fc.nat(9)), (inputs, choices) => {
      const live = openRisk(CONFIG);
      let snapshot: RiskSnapshot | undefined;
      let since: RiskJournalEvent[] = [];
      for (const input of inputs) {
        const events = journaled(live, input);
        since.push(...events);
        for (const { type } of events) seen.add(type);
        const now = snapshotOf(live);
        assert.deepEqual(throughJson(now), now);
        assert.deepEqual(snapshotOf(restoreRisk(CONFIG, throughJson(now))), now);
        assert.deepEqual(snapshotOf(recovered(snapshot, since)), now);
        if (choices.next().value !== 0) continue;
        snapshot = throughJson(now);
        since = [];
      }
    }),
    { numRuns: 400 },
  );
  assert.equal(seen.size, 7, `every kind of event was among them: ${[...seen].join(', ')}`);
});

test('the same inputs give the same outputs, byte for byte, also from a snapshot on', () => {
  const text = (value: unknown) =>
    JSON.stringify(value, (_key, item) => (typeof item === 'bigint' ? `${item}n` : item));
  const play = (state: RiskState, inputs: readonly RiskInput[]) =>
    text([inputs.map((input) => stepRisk(state, input)), portfolioOf(state), snapshotOf(state)]);
  fc.assert(
    fc.property(anyInputs, anyInputs, (before, inputs) => {
      assert.equal(play(openRisk(CONFIG), inputs), play(openRisk(CONFIG), inputs));
      const lived = openRisk(CONFIG);
      for (const input of before) stepRisk(lived, input);
      const snapshot = snapshotOf(lived);
      assert.equal(
        play(restoreRisk(CONFIG, snapshot), inputs),
        play(restoreRisk(CONFIG, throughJson(snapshot)), inputs),
      );
    }),
  );
});

/** Its process dies and comes back: what it had in memory alone is gone. */
function restarted({ state, journal }: Pick<ReturnType<typeof aRisk>, 'state' | 'journal'>) {
  const back = recovered(
    undefined,
    journal.map((append) => throughJson(toJournal(append, null)) as unknown as RiskJournalEvent),
  );
  assert.deepEqual(snapshotOf(back), snapshotOf(state));
  return { back, run: (input: RiskInput) => effects(stepRisk(back, input)).map(inWords) };
}

describe('a risk that comes back', () => {
  test('has its positions, its realised P&L and what it had reserved', () => {
    const risk = aRisk();
    risk.hold(10);
    const { clOrdId } = risk.order('SELL', '4');
    risk.say('submitted', clOrdId);
    risk.fill(clOrdId, '4', '110');
    risk.order('BUY', '7');
    const { back } = restarted(risk);
    const [before, after] = [portfolioOf(risk.state), portfolioOf(back)];
    for (const field of ['positions', 'openOrders', 'cash', 'netDeposits', 'executionSeq', 'realizedPnl'] as const) {
      assert.deepEqual(after[field], before[field]);
    }
    assert.equal(after.realizedPnl, '40');
  });

  test('says at once that it is not ready, if its log says that it is', () => {
    const risk = aRisk();
    const { run } = restarted(risk);
    assert.deepEqual(run({ type: 'started' }), ['append TradingStateChanged']);
    assert.deepEqual(run({ type: 'started' }), []);
  });

  test('is ready when it has read the execution log, without another word of execution', () => {
    const risk = aRisk();
    const { back, run } = restarted(risk);
    run({ type: 'started' });
    assert.equal(tradingState(back).state, 'CATCHING_UP');
    assert.deepEqual(run({ type: 'execution-caught-up', log: EXECUTION_LOG }), ['append TradingStateChanged']);
    assert.equal(tradingState(back).state, 'ACTIVE');
  });

  test('is still halted, and no longer after a rebase, whatever restarts follow', () => {
    const risk = aRisk();
    risk.run({ type: 'halt', reason: 'by hand' });
    const { back } = restarted(risk);
    assert.deepEqual(tradingState(back), { state: 'HALTED', reasons: ['by hand'] });
    risk.run({ type: 'rebase' });
    assert.equal(tradingState(restarted(risk).back).state, 'CATCHING_UP');
  });
});

describe('a generation of the execution log that was raised', () => {
  const RAISED = { ...EXECUTION_LOG, generation: 2 };

  test('counts from the account that was taken in it: what stands before is read and passed over', () => {
    const risk = aRisk();
    risk.hold(10);
    const before = snapshotOf(risk.state);
    risk.run({ type: 'execution-log-changed' });
    risk.readsFrom(RAISED);
    assert.deepEqual(risk.execution('AccountRebased', anAccount()), []);
    assert.deepEqual(risk.execution('TradingStateChanged', { state: 'ACTIVE', reasons: [] }), []);
    assert.deepEqual(risk.fill('o-1', '10'), []);
    assert.deepEqual({ ...snapshotOf(risk.state), said: before.said }, before);
    risk.run({ type: 'execution-caught-up', log: RAISED });
    const notReady = 'it has not taken the account in generation 2 of its log';
    assert.equal(risk.order('BUY', '1').text, `execution is not ready: ${notReady}`);
    risk.rebase({ rebase: 5 });
    const [approval] = risk.outputs();
    assert.ok(approval?.type === 'append' && approval.kind === 'OrderApproved');
    assert.equal(approval.payload.executionLog, 'execution-log/2/5');
  });

  test('does not take the word of the one before that it trades', () => {
    const risk = aRisk();
    risk.run({ type: 'execution-log-changed' });
    risk.readsFrom(RAISED);
    risk.run({ type: 'execution-caught-up', log: RAISED });
    risk.execution('AccountRebased', anAccount({ generation: 2, rebase: 2 }));
    risk.execution('RiskGenerationSeen', RISK_LOG);
    assert.match(risk.order('BUY', '1').text ?? '', /has not taken the account/);
    risk.execution('TradingStateChanged', { state: 'ACTIVE', reasons: [] });
    assert.equal(risk.order('BUY', '1').approved, true);
  });
});

describe('an execution log that was never followed', () => {
  const OTHER = { uuid: 'other-log', generation: 1 };
  const unknown = { type: 'execution-log-unknown', known: EXECUTION_LOG, stated: OTHER } as const;

  test('stops trading, and the reason names both and what to do', () => {
    const risk = aRisk();
    risk.run(unknown);
    const text = 'execution has log other-log/1, execution-log/1 was followed: run `tickpath rebase`';
    assert.deepEqual(tradingState(risk.state), { state: 'CATCHING_UP', reasons: [text] });
    const { reason } = risk.order('SELL', '1');
    assert.equal(reason, 'NOT_READY');
  });

  test('is followed after a rebase, from its first account on', () => {
    const risk = aRisk();
    risk.hold(10);
    risk.run(unknown);
    risk.run({ type: 'rebase' });
    risk.readsFrom(OTHER);
    assert.deepEqual(risk.execution('TradingStateChanged', { state: 'ACTIVE', reasons: [] }), []);
    risk.rebase({ cash: '7', rebase: 1 });
    risk.run({ type: 'execution-caught-up', log: OTHER });
    assert.equal(portfolioOf(risk.state).cash, '7');
    assert.equal(tradingState(risk.state).state, 'ACTIVE');
  });

  test('is no matter any more when the known one is back', () => {
    const risk = aRisk();
    risk.run(unknown);
    risk.run({ type: 'execution-caught-up', log: EXECUTION_LOG });
    assert.equal(tradingState(risk.state).state, 'ACTIVE');
  });
});

test('behind a hole in the execution log nothing counts until the account is taken', () => {
  const risk = aRisk();
  risk.hold(10);
  risk.run({ type: 'execution-log-compacted', firstSeq: 40 });
  const text = 'events up to 39 of the execution log have gone before they were applied: run `tickpath rebase`';
  assert.deepEqual(tradingState(risk.state), { state: 'CATCHING_UP', reasons: [text] });
  assert.deepEqual(risk.fill('o-9', '5'), []);
  risk.run({ type: 'execution-caught-up', log: EXECUTION_LOG });
  assert.equal(risk.order('SELL', '1').text, text);
  risk.rebase({ cash: '99000', positions: [{ symbol: 'IBM', qty: '10', cost: '1000' }] });
  assert.equal(risk.order('SELL', '1').approved, true);
});

test('every event of the execution log that is applied is named first, and with it the whole input is kept', () => {
  const risk = aRisk();
  const [applied, ...more] = risk.execution('TradingStateChanged', { state: 'ACTIVE', reasons: [] });
  assert.ok(applied?.type === 'append' && applied.kind === 'ExecutionApplied');
  assert.deepEqual(applied.payload, { ...EXECUTION_LOG, seq: 4, kind: 'TradingStateChanged' });
  assert.deepEqual(more, []);
  const { type, payload } = toJournal(applied, null);
  const event = { state: 'ACTIVE', reasons: [] };
  assert.deepEqual([type, payload], ['ExecutionApplied', { ...applied.payload, event, decidedBefore: false }]);
});
