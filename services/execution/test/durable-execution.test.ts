import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { openJournalReader } from '@tickpath/journal';
import type { LogPosition } from '@tickpath/wire';
import { snapshotOf } from '../src/core/index.ts';
import { DurableExecution } from '../src/durable-execution.ts';
import { ACCOUNT_ID, aFill, anApproval, aVenueAccount, CONFIG, inWords, NOW_NS, RISK_LOG } from './builders.ts';

/** Opens the journal of one execution again and again. `done` is what had an effect, in order. */
function aFile(t: TestContext) {
  const dir = mkdtempSync(join(tmpdir(), 'tickpath-execution-'));
  t.after(() => rmSync(dir, { recursive: true }));
  const path = join(dir, 'execution.sqlite');
  const onFault = (error: Error) => assert.fail(error);
  const journal = { path, nowNs: process.hrtime.bigint, random: randomBytes, bootId: 'boot-1', onFault };
  const { uuid: _uuid, generation: _generation, ...core } = CONFIG;
  const onFatal = (error: unknown): never => {
    throw error;
  };
  const open = async (failpoint: (point: string) => void = () => {}) => {
    const execution = await DurableExecution.open({ journal: journal as never, core, onFatal, failpoint });
    const done: string[] = [];
    execution.attach(
      { record: () => {}, close: () => {} },
      {
        submit: (output) => done.push(inWords(output)),
        publish: (records) => done.push(`publish ${records.map(({ seq }) => seq).join(' ')}`),
        appended: (output) => done.push(inWords(output)),
        ask: (output) => done.push(inWords(output)),
      },
    );
    return { execution, done };
  };
  return { path, open };
}

const at = (seq: number): LogPosition => ({ ...RISK_LOG, seq });

/** An execution that may trade, at seq 1 of the risk log. */
async function trading(t: TestContext, failpoint?: (point: string) => void) {
  const file = aFile(t);
  const { execution, done } = await file.open(failpoint);
  execution.step({ type: 'connected' });
  execution.step({ type: 'account', connection: 1, reason: 'new', account: aVenueAccount() });
  execution.reached(at(1));
  execution.step({ type: 'caught-up', riskLog: RISK_LOG });
  done.length = 0;
  const { uuid, generation } = execution.state.config;
  const approve = (seq: number) => {
    execution.reached(at(seq));
    const approval = anApproval({ executionLog: `${uuid}/${generation}/1` });
    const decidedBefore = execution.isDecided(approval.clOrdId);
    return execution.step({ type: 'approved', riskSeq: seq, approval, decidedBefore, nowNs: NOW_NS });
  };
  const gather = (seq: number, words: string[] = []) => {
    execution.reached(at(seq));
    const approval = anApproval({ executionLog: `${uuid}/${generation}/1` });
    const decidedBefore = execution.isDecided(approval.clOrdId);
    const input = { type: 'approved', riskSeq: seq, approval, decidedBefore, nowNs: NOW_NS } as const;
    execution.gather(input, (outputs) => words.push(`after ${outputs.map(inWords).join(', ')}`));
  };
  return { ...file, execution, done, approve, gather };
}

const FILLED = { type: 'update', update: aFill('10', '10', { status: 'filled' }), decidedBefore: true } as const;

test('an order is written, then what was done is committed with the place in the risk log, then it is told', async (t) => {
  const points: string[] = [];
  let look: ((point: string) => void) | undefined;
  const { execution, done, approve, path } = await trading(t, (point) => look?.(point));
  look = (point) => {
    const seen = openJournalReader(path);
    points.push(`${point} ${seen.positions().get('risk')?.seq}`);
    seen.close();
  };
  approve(7);
  const { lastSeq } = execution.log;
  assert.deepEqual(done, ['submit tp-1', `publish ${lastSeq}`, 'OrderSubmitted']);
  const steps = ['before-venue-call 1', 'after-venue-call 1', 'before-commit 1', 'after-commit 7', 'after-publish 7'];
  assert.deepEqual(points, steps);
  assert.deepEqual(approve(8), [], 'what leads to nothing');
  assert.deepEqual(execution.position, at(7), 'is not worth a commit');
  assert.equal(execution.isDecided('tp-1'), true);
  assert.equal(execution.isDecided('tp-2'), false);
  assert.equal(execution.isDecided('a\u0000b'), false, 'nor does a name that no stream can have');
  await execution.close();
});

test('an execution that closes and opens again has the same state and the same log, and goes on behind it', async (t) => {
  const { execution, approve, open, path } = await trading(t);
  approve(7);
  execution.step({ type: 'update', update: aFill('4', '4'), decidedBefore: true });
  const before = snapshotOf(execution.state);
  const { identity, lastSeq } = execution.log;
  const bytes = execution.log.since(0, Number.MAX_SAFE_INTEGER).map((record) => record.bytes.toString('hex'));
  await execution.close();

  const reader = openJournalReader(path);
  const stored = [...reader.readAll()];
  reader.close();
  const order = stored.filter(({ stream }) => stream === 'order/tp-1');
  assert.deepEqual(
    order.map(({ type, version, correlationId }) => [type, version, correlationId]),
    [
      ['OrderSubmitted', 1, 'tp-1'],
      ['OrderAccepted', 2, 'tp-1'],
      ['OrderFilled', 3, 'tp-1'],
    ],
  );
  assert.equal(order[0]?.causationId, 'risk-log/1/7');

  const again = (await open()).execution;
  t.after(() => again.close());
  assert.deepEqual(again.log.identity, identity);
  assert.equal(again.log.lastSeq, lastSeq + 1, 'it has said that it does not trade yet');
  const { said, ...kept } = snapshotOf(again.state);
  const { said: _said, ...expected } = before;
  assert.deepEqual(kept, expected);
  assert.equal(said?.state, 'CATCHING_UP');
  const bytesAgain = again.log.since(0, Number.MAX_SAFE_INTEGER).map((record) => record.bytes.toString('hex'));
  assert.deepEqual(bytesAgain.slice(0, -1), bytes, 'what was published is published again, byte for byte');
  assert.deepEqual(again.position, at(7));
});

test('the answer to a request is committed with what it did', async (t) => {
  const { execution, done, open } = await trading(t);
  let followed = 0;
  const effect = execution.effectOf({ type: 'rebase', reason: 'asked for' }, () => {
    followed += 1;
  });
  execution.answers.commit('request-1', Buffer.from('done'), effect);
  assert.equal(followed, 1);
  assert.match(done.join(), /^publish \d+,TradingStateChanged CATCHING_UP,read-account 1 .*: asked for$/);
  await execution.close();
  const again = (await open()).execution;
  t.after(() => again.close());
  assert.equal(Buffer.from(again.answers.find('request-1') ?? []).toString(), 'done');
  assert.equal(again.state.taking, 'asked for', 'and is still to be done');
  assert.equal(again.state.accountId, ACCOUNT_ID);
});

describe('steps that come together', () => {
  test('are one transaction, told of in one piece, and the order does not wait for it', async (t) => {
    const { execution, done, gather, path } = await trading(t);
    t.after(() => execution.close());
    const { lastSeq } = execution.log;
    gather(7, done);
    assert.deepEqual(done, ['submit tp-1'], 'written at once, and nobody is told of what is not committed');
    assert.equal(execution.log.lastSeq, lastSeq);
    assert.deepEqual(execution.position, at(1));
    execution.gather(FILLED, (outputs) => done.push(`after ${outputs.map(inWords).join(', ')}`));
    while (done.length === 1) await nextTurn();
    const filled = done.slice(4, -1);
    assert.deepEqual(
      filled.map((word) => word.split(' ')[0]),
      ['OrderAccepted', 'OrderFilled'],
    );
    const [first, second, third] = [lastSeq + 1, lastSeq + 2, lastSeq + 3];
    assert.deepEqual(done, [
      'submit tp-1',
      `publish ${first} ${second} ${third}`,
      'OrderSubmitted',
      'after submit tp-1, OrderSubmitted',
      ...filled,
      `after ${filled.join(', ')}`,
    ]);
    assert.deepEqual(execution.position, at(7));
    const reader = openJournalReader(path);
    const causes = [...reader.readAll()].filter(({ seq }) => seq > lastSeq).map(({ causationId }) => causationId);
    reader.close();
    assert.deepEqual(causes, ['risk-log/1/7', null, null], 'only the approval has its cause in the risk log');
  });

  test('have an order decided before the journal says so', async (t) => {
    const { execution, gather } = await trading(t);
    t.after(() => execution.close());
    gather(7);
    assert.equal(execution.isDecided('tp-1'), true);
    const words: string[] = [];
    gather(8, words);
    execution.settle();
    assert.deepEqual(words, ['after '], 'the same approval again is not sent again');
    assert.deepEqual(execution.position, at(8));
  });

  test('are committed before, or with, whatever does not wait', async (t) => {
    for (const way of ['step', 'answer', 'close', 'many'] as const) {
      const { execution, done, gather, open } = await trading(t);
      const { lastSeq } = execution.log;
      gather(7, done);
      if (way === 'step') execution.step({ type: 'disconnected' });
      else if (way === 'answer') {
        const effect = execution.effectOf({ type: 'rebase', reason: 'asked for' }, () => done.push('answered'));
        execution.answers.commit('request-1', Buffer.from('done'), effect);
        assert.equal(done.at(-1), 'answered');
      } else if (way === 'many') {
        for (let i = 0; i < 255; i += 1) execution.gather({ ...FILLED, decidedBefore: true }, () => {});
      }
      if (way !== 'close') assert.ok(done.includes('after submit tp-1, OrderSubmitted'), way);
      await execution.close();
      const again = (await open()).execution;
      t.after(() => again.close());
      assert.deepEqual(again.position, at(7), way);
      assert.equal(again.isDecided('tp-1'), true, way);
      assert.ok(again.log.lastSeq > lastSeq, way);
    }
  });
});

test('a snapshot has no event that the journal has only behind it', async (t) => {
  const { execution, path } = await trading(t);
  const { uuid, generation } = execution.state.config;
  // Runs in the turn of the snapshot, and before it.
  setImmediate(() => execution.gather(FILLED, () => {}));
  for (let i = 1; i <= 20_400; i += 1) {
    const approval = anApproval({ clOrdId: `tp-${i}`, executionLog: `${uuid}/${generation}/1` });
    execution.gather({ type: 'approved', riskSeq: i, approval, decidedBefore: false, nowNs: NOW_NS }, () => {});
  }
  await nextTurn();
  await execution.close();
  const reader = openJournalReader(path);
  const [snapshot] = reader.info().snapshots;
  const fill = [...reader.readAll()].find(({ type }) => type === 'OrderFilled');
  reader.close();
  assert.ok(snapshot !== undefined && fill !== undefined);
  assert.ok(fill.seq <= snapshot.seq, `the snapshot is of ${snapshot.seq}, and has the fill ${fill.seq} in it`);
});

test('when nothing can be committed nobody is told, and the process ends', async (t) => {
  const { execution, done } = await trading(t);
  await execution.close();
  assert.throws(() => execution.step({ type: 'disconnected' }), { code: 'JOURNAL_CLOSED' });
  assert.deepEqual(done, []);
});
