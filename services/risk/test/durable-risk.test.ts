import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { openJournalReader } from '@tickpath/journal';
import { type ExecutionEvent, snapshotOf, stepRisk } from '../src/core/index.ts';
import { DurableRisk } from '../src/durable-risk.ts';
import { isName, orderStream, toJournal } from '../src/journal-events.ts';
import { anAccount, anIntent, EXECUTION_LOG, LIMITS, RISK_LOG } from './builders.ts';

/** Opens the journal of one risk again and again. */
function aFile(t: TestContext) {
  const dir = mkdtempSync(join(tmpdir(), 'tickpath-risk-'));
  t.after(() => rmSync(dir, { recursive: true }));
  const path = join(dir, 'risk.sqlite');
  const onFault = (error: Error) => assert.fail(error);
  const journal = { path, nowNs: process.hrtime.bigint, random: randomBytes, bootId: 'boot-1', onFault };
  const onFatal = (error: unknown): never => {
    throw error;
  };
  return { path, open: () => DurableRisk.open({ journal, limits: LIMITS, onFatal, failpoint: () => {} }) };
}

/** Applies events as the execution log would have them, from seq 1 on. */
function feeder(risk: DurableRisk, how: 'commit' | 'gather' = 'commit') {
  let seq = 0;
  return <K extends ExecutionEvent['kind']>(kind: K, payload: Extract<ExecutionEvent, { kind: K }>['payload']) => {
    seq += 1;
    const event = { kind, seq, payload } as unknown as ExecutionEvent;
    const decidedBefore = 'clOrdId' in event.payload && risk.isDecided(event.payload.clOrdId);
    const input = { type: 'execution', log: EXECUTION_LOG, event, decidedBefore } as const;
    risk[how]({ input, outputs: stepRisk(risk.state, input), position: { ...EXECUTION_LOG, seq } });
  };
}

test('a risk that closes and opens again goes on where it was, from a snapshot when there is one', async (t) => {
  const file = aFile(t);
  const risk = await file.open();
  const apply = feeder(risk, 'gather');
  apply('AccountRebased', anAccount());
  apply('RiskGenerationSeen', RISK_LOG);
  const events = 20_000;
  const fillLate = () => {
    const rest = { execId: 'y', side: 'BUY', lastPx: '99.5', venueTsNs: 1n, ordStatus: 'FILLED' } as const;
    const order = { clOrdId: 'o-19900', orderId: null, symbol: 'IBM' };
    apply('OrderFilled', { ...rest, ...order, lastQty: '2', cumQty: '3', leavesQty: '0' });
  };
  for (let i = 0; i < events; i += 1) {
    const order = { clOrdId: `o-${i}`, symbol: 'IBM' };
    if (i % 100 === 0) {
      apply('OrderSubmitted', { ...order, side: 'BUY', orderQty: '3', receivedNs: 7n, riskSeq: 1 });
    } else if (i % 100 === 1) {
      const { clOrdId } = { clOrdId: `o-${i - 1}` };
      const fill = {
        ...order,
        clOrdId,
        orderId: null,
        execId: 'x',
        side: 'BUY',
        lastPx: '99.5',
        venueTsNs: 1n,
      } as const;
      apply('OrderFilled', { ...fill, lastQty: '1', cumQty: '1', leavesQty: '2', ordStatus: 'PARTIALLY_FILLED' });
    } else apply('OrderAccepted', { ...order, orderId: null, venueTsNs: 1n });
    if (i % 1000 === 0) await nextTurn();
    // Waits to be committed when the turn of the snapshot comes: in it before its event is, it would be applied twice.
    if (i === 19_000) setImmediate(fillLate);
  }
  await nextTurn();
  apply('OrderCanceled', { clOrdId: 'o-0', orderId: null, symbol: 'IBM', venueTsNs: 1n });
  const before = snapshotOf(risk.state);
  const { log } = risk;
  await risk.close();
  const position = { ...EXECUTION_LOG, seq: events + 4 };

  const reader = openJournalReader(file.path);
  const { snapshots, lastSeq } = reader.info();
  reader.close();
  assert.ok(snapshots.length > 0 && (snapshots[0]?.seq ?? 0) < lastSeq, 'a snapshot and events behind it');
  const again = await file.open();
  t.after(() => again.close());
  assert.deepEqual(snapshotOf(again.state), before);
  assert.deepEqual(again.position, position);
  assert.equal(before.reservations.length, 198);
  assert.deepEqual([again.log.identity, again.log.lastSeq], [log.identity, lastSeq]);
  assert.equal(again.isDecided('o-0'), true);
  assert.equal(again.isDecided('o-1'), false, 'an order that was only accepted is none of ours');
});

test('what a step says is in the journal before anyone is told, and a step that says nothing is not', async (t) => {
  const risk = await aFile(t).open();
  t.after(() => risk.close());
  const told: [number, string][] = [];
  const recorded: unknown[] = [];
  const recorder = { record: (input: unknown) => void recorded.push(input), close: () => {} };
  risk.attach(recorder, (events) => {
    for (const { seq, type } of events) {
      assert.ok(risk.log.lastSeq >= seq);
      told.push([seq, type]);
    }
  });
  risk.step({ type: 'trade', symbol: 'IBM', px: '100' });
  feeder(risk)('AccountRebased', anAccount());
  assert.deepEqual(told, [[1, 'ExecutionApplied']]);
  assert.equal(recorded.length, 2);
});

describe('steps that come together', () => {
  /** A risk that may approve, whose tellings are noted with what had been committed by then. */
  async function active(t: TestContext) {
    const risk = await aFile(t).open();
    t.after(() => risk.close());
    const apply = feeder(risk, 'gather');
    apply('AccountRebased', anAccount());
    apply('RiskGenerationSeen', { ...risk.log.identity });
    apply('TradingStateChanged', { state: 'ACTIVE', reasons: [] });
    risk.step({ type: 'execution-caught-up', log: EXECUTION_LOG });
    const told: string[][] = [];
    risk.attach({ record: () => {}, close: () => {} }, (events) => {
      assert.equal(risk.log.lastSeq, events.at(-1)?.seq);
      told.push(events.map(({ type }) => type));
    });
    return { risk, apply, told };
  }
  const submitted = {
    clOrdId: 'tp-9',
    symbol: 'IBM',
    side: 'BUY',
    orderQty: '3',
    receivedNs: 7n,
    riskSeq: 1,
  } as const;
  const accepted = { clOrdId: 'tp-9', symbol: 'IBM', orderId: null, venueTsNs: 1n };

  test('are one transaction, with the place in the execution log, told of in one piece', async (t) => {
    const { risk, apply, told } = await active(t);
    const { lastSeq } = risk.log;
    apply('OrderSubmitted', submitted);
    apply('OrderAccepted', accepted);
    assert.deepEqual([risk.log.lastSeq, risk.position?.seq, told], [lastSeq, 3, []], 'nothing yet');
    while (told.length === 0) await nextTurn();
    assert.equal(risk.position?.seq, 5);
    assert.equal(told.length, 1);
    assert.deepEqual(
      told[0]?.filter((type) => type === 'ExecutionApplied'),
      ['ExecutionApplied', 'ExecutionApplied'],
    );
  });

  test('are committed with the answer to a request that comes between, before what it led to', async (t) => {
    const { risk, apply, told } = await active(t);
    apply('OrderSubmitted', submitted);
    const intent = anIntent();
    const input = { type: 'check', requestId: 'q', intent, nowNs: 1n, decidedBefore: risk.isDecided('tp-1') } as const;
    const outputs = stepRisk(risk.state, input);
    risk.answers.commit('q', Buffer.from('answer'), risk.effectOf({ input, outputs }));
    assert.equal(told.length, 1);
    assert.equal(told[0]?.[0], 'ExecutionApplied');
    const decision = outputs.find((output) => output.type === 'append');
    assert.equal(told[0]?.at(-1), decision?.type === 'append' ? decision.kind : '');
    assert.equal(risk.position?.seq, 4);
    assert.equal(Buffer.from(risk.answers.find('q') ?? []).toString(), 'answer');
  });

  test('have their orders decided before the journal says so', async (t) => {
    const { risk, apply } = await active(t);
    assert.equal(risk.isDecided('tp-9'), false);
    apply('OrderSubmitted', submitted);
    const early = risk.isDecided('tp-9');
    risk.settle();
    assert.equal(early, risk.isDecided('tp-9'));
    assert.equal(early, true, 'an order that execution has and risk had not is adopted');
  });

  test('wait only until there are many', async (t) => {
    const { risk, apply, told } = await active(t);
    for (let i = 0; i < 256; i += 1) apply('OrderAccepted', accepted);
    assert.equal(told.length, 1);
    assert.equal(risk.position?.seq, 259);
  });
});

test('a commit that fails is fatal: the state is ahead of what is kept', async (t) => {
  const risk = await aFile(t).open();
  await risk.close();
  assert.throws(() => feeder(risk)('AccountRebased', anAccount()), { code: 'JOURNAL_CLOSED' });
});

describe('names that others choose', () => {
  test('are taken as they are, or not at all', () => {
    for (const name of ['q-1', 'ä', 'a b', 'x'.repeat(256)]) assert.ok(isName(name), name);
    for (const name of ['', 'x'.repeat(257), 'a\nb', '\u0000', '\u007f', '\ud800']) assert.ok(!isName(name));
    assert.equal(orderStream('tp-1'), 'order/tp-1');
    assert.equal(orderStream(`tp\u0000${'x'.repeat(300)}`), undefined);
  });

  test('never keep a refusal from being journaled', async (t) => {
    const risk = await aFile(t).open();
    t.after(() => risk.close());
    const apply = feeder(risk);
    apply('AccountRebased', anAccount());
    apply('RiskGenerationSeen', { ...risk.log.identity });
    apply('TradingStateChanged', { state: 'ACTIVE', reasons: [] });
    risk.step({ type: 'execution-caught-up', log: EXECUTION_LOG });
    for (const clOrdId of ['', 'a\u0000b', 'x'.repeat(1000)]) {
      const intent = anIntent({ clOrdId, cause: '\u0007'.repeat(1000) });
      const input = {
        type: 'check',
        requestId: 'q',
        intent,
        nowNs: 1n,
        decidedBefore: risk.isDecided(clOrdId),
      } as const;
      const outputs = stepRisk(risk.state, input);
      const [refused] = outputs;
      assert.ok(refused?.type === 'append' && refused.kind === 'IntentRefused');
      assert.equal(toJournal(refused, intent.cause).causationId, null);
      risk.commit({ input, outputs });
    }
    const [last] = risk.log.since(risk.log.lastSeq - 1, 1);
    assert.equal(last?.seq, risk.log.lastSeq);
  });
});
