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
function feeder(risk: DurableRisk) {
  let seq = 0;
  return <K extends ExecutionEvent['kind']>(kind: K, payload: Extract<ExecutionEvent, { kind: K }>['payload']) => {
    seq += 1;
    const event = { kind, seq, payload } as unknown as ExecutionEvent;
    const decidedBefore = 'clOrdId' in event.payload && risk.isDecided(event.payload.clOrdId);
    const input = { type: 'execution', log: EXECUTION_LOG, event, decidedBefore } as const;
    risk.commit({ input, outputs: stepRisk(risk.state, input), position: { ...EXECUTION_LOG, seq } });
  };
}

test('a risk that closes and opens again goes on where it was, from a snapshot when there is one', async (t) => {
  const file = aFile(t);
  const risk = await file.open();
  const apply = feeder(risk);
  apply('AccountRebased', anAccount());
  apply('RiskGenerationSeen', RISK_LOG);
  const events = 20_000;
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
  }
  await nextTurn();
  apply('OrderCanceled', { clOrdId: 'o-0', orderId: null, symbol: 'IBM', venueTsNs: 1n });
  const before = snapshotOf(risk.state);
  const { position, log } = risk;
  await risk.close();

  const reader = openJournalReader(file.path);
  const { snapshots, lastSeq } = reader.info();
  reader.close();
  assert.ok(snapshots.length > 0 && (snapshots[0]?.seq ?? 0) < lastSeq, 'a snapshot and events behind it');
  const again = await file.open();
  t.after(() => again.close());
  assert.deepEqual(snapshotOf(again.state), before);
  assert.deepEqual(again.position, position);
  assert.deepEqual([position?.seq, before.reservations.length], [events + 3, 199]);
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
