import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
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
        publish: ({ seq }) => done.push(`publish ${seq}`),
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
  return { ...file, execution, done, approve };
}

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

test('when nothing can be committed nobody is told, and the process ends', async (t) => {
  const { execution, done } = await trading(t);
  await execution.close();
  assert.throws(() => execution.step({ type: 'disconnected' }), { code: 'JOURNAL_CLOSED' });
  assert.deepEqual(done, []);
});
