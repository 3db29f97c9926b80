import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { addresses } from '@tickpath/runtime';
import { eventually, freePortOffset, networkAt, TestProcess } from '@tickpath/testkit';
import { type Envelope, type Payload, Requester } from '@tickpath/wire';
import { recompute } from '../e2e/independent-ledger.ts';
import { seededNumbers, wholeNumber } from '../journal/seeded.ts';
import { ExecutionStandIn, INITIAL_CASH, nowNs, openStillMarket } from './execution-stand-in.ts';

const SEED = Number(process.env.TICKPATH_SEED ?? Math.floor(Math.random() * 2 ** 31));
const KILLS = 5 * Number(process.env.TICKPATH_SOAK ?? 1);
const MOST_DECISIONS = 80;
const CLIENTS = 2;
const WORKSPACE = join(import.meta.dirname, '../..');

type Check = Payload<'riskCheck'>;

/** Risk as the process it is, between an execution and a market that outlive it, and clients who ask it. */
async function aRisk(t: TestContext, env: NodeJS.ProcessEnv = {}) {
  const dataDir = mkdtempSync(join(tmpdir(), 'tickpath-risk-'));
  const portOffset = await freePortOffset();
  const random = seededNumbers(SEED);
  const execution = await ExecutionStandIn.open(portOffset, random);
  const market = await openStillMarket(portOffset);
  const flags = [`--network.portOffset=${portOffset}`, `--data.dir=${dataDir}`, '--tracing.exporter=none'];
  const command = [process.execPath, join(WORKSPACE, 'services/risk/src/main.ts'), ...flags] as const;
  let process_: TestProcess | undefined;
  const launch = () => {
    process_ = new TestProcess(command, { cwd: WORKSPACE, env: { ...process.env, ...env } });
    return process_;
  };
  const end = async () => {
    process_?.kill('SIGKILL');
    await process_?.ended;
  };
  t.after(async () => {
    await end();
    execution.close();
    market.close();
    rmSync(dataDir, { recursive: true });
  });

  const answered = new Map<string, { readonly check: Check; readonly reply: Envelope }>();
  const unanswered: Check[] = [];
  let asked = 0;
  const connect = addresses(networkAt(portOffset)).connect('riskRequests');
  const asking = async <R>(use: (requester: Requester) => Promise<R>): Promise<R> => {
    const requester = new Requester({ source: 'test', epoch: 1, connect, nowNs, timeoutMs: 2000, retries: 0 });
    try {
      return await use(requester);
    } finally {
      requester.close();
    }
  };
  const portfolio = () =>
    asking(async (requester) => {
      const result = await requester.ask('portfolioQuery', { requestId: 'portfolio' });
      return result.ok && result.reply.kind === 'portfolio' ? result.reply.payload : undefined;
    });
  const aCheck = (): Check => {
    asked += 1;
    return {
      ...{ requestId: `q-${asked}`, clOrdId: `tp-${asked}`, symbol: 'IBM', side: random() < 0.5 ? 'BUY' : 'SELL' },
      ...{ orderQty: `${wholeNumber(random, 1, 90)}`, ordType: 'MARKET', timeInForce: 'DAY' },
      ...{ strategy: 's', cause: `trade:${asked}`, receivedNs: nowNs(), expiresNs: nowNs() + 60_000_000_000n },
    };
  };
  /** Asks one check after the other until risk is gone. */
  const trade = () =>
    asking(async (requester) => {
      for (;;) {
        const check = aCheck();
        const result = await requester.ask('riskCheck', check);
        if (result.ok) answered.set(check.requestId, { check, reply: result.reply });
        else return void unanswered.push(check);
      }
    });

  return {
    execution,
    answered,
    unanswered,
    aCheck,
    asking,
    trade,
    end,
    portOffset,
    launch,
    async start(): Promise<TestProcess> {
      const started = launch();
      await started.line(/"msg":"trading is ACTIVE"/, { boundMs: 60_000 });
      await eventually('risk has a price', async () => {
        const check = aCheck();
        const result = await asking((requester) => requester.ask('riskCheck', check));
        assert.ok(result.ok);
        answered.set(check.requestId, { check, reply: result.reply });
        return decisionOf(result.reply).reason === 'NO_REFERENCE_PRICE' ? undefined : true;
      });
      return started;
    },
    portfolio,
    /** The book is what the fills make of it, and whoever asks again is told again what he was told. */
    async audit(): Promise<void> {
      const book = await eventually('both logs read to their end', async () => {
        const found = await portfolio();
        const isRead = found?.executionSeq === execution.lastSeq && found.lastSeq === execution.riskLog.length;
        return isRead && found.state === 'ACTIVE' ? found : undefined;
      });
      const { cash, positions } = recompute(INITIAL_CASH, execution.fills);
      assert.equal(book.cash, cash);
      assert.deepEqual(
        book.positions.map(({ symbol, qty, cost, realizedPnl }) => [symbol, { qty, cost, realizedPnl }]),
        [...positions],
      );
      assert.deepEqual([book.imbalance, book.openOrders], ['0', []]);
      await asking(async (requester) => {
        for (const { check, reply } of answered.values()) {
          if (decisionOf(reply).reason === 'NOT_READY') continue;
          const again = await requester.ask('riskCheck', check);
          assert.deepEqual(again.ok && again.reply, reply);
        }
      });
      this.auditLog();
    },
    /** No order is approved twice, none that was refused is, and each event of execution is applied once, in order. */
    auditLog(): void {
      const approved = execution.riskLog.filter(({ kind }) => kind === 'OrderApproved').map(clOrdIdOf);
      assert.equal(new Set(approved).size, approved.length);
      for (const { check, reply } of answered.values()) {
        assert.equal(approved.includes(check.clOrdId), decisionOf(reply).approved, check.clOrdId);
      }
      const applied = execution.riskLog.filter(({ kind }) => kind === 'ExecutionApplied');
      assert.deepEqual(
        applied.map(({ payload }) => (payload as Payload<'ExecutionApplied'>).seq),
        applied.map((_event, index) => index + 1),
      );
    },
  };
}

function decisionOf({ payload }: Envelope): Payload<'riskDecision'> {
  return payload as Payload<'riskDecision'>;
}

function clOrdIdOf({ payload }: Envelope): string {
  return (payload as { readonly clOrdId: string }).clOrdId;
}

test(`a risk killed ${KILLS} times under orders has the book that the fills make, and answers as before (seed ${SEED})`, {
  timeout: 60_000 * KILLS,
}, async (t) => {
  console.log(`TICKPATH_SEED=${SEED}`);
  const random = seededNumbers(SEED + 1);
  const risk = await aRisk(t);
  let decided = 0;
  for (let kill = 0; kill < KILLS; kill += 1) {
    await risk.start();
    const known = risk.answered.size;
    const clients = Array.from({ length: CLIENTS }, () => risk.trade());
    const decisions = wholeNumber(random, 1, MOST_DECISIONS);
    await eventually(`${decisions} decisions`, () => risk.answered.size >= known + decisions || undefined, 30_000, 1);
    await risk.end();
    await Promise.all(clients);

    await risk.start();
    await risk.audit();
    // Nobody knows of these whether they were decided: who asks again has one answer, and one order at most.
    await risk.asking(async (requester) => {
      for (const check of risk.unanswered.splice(0)) {
        const result = await requester.ask('riskCheck', check);
        assert.ok(result.ok, check.requestId);
        risk.answered.set(check.requestId, { check, reply: result.reply });
        decided += 1;
      }
    });
    await risk.audit();
    await risk.end();
  }
  const approved = [...risk.answered.values()].filter(({ reply }) => decisionOf(reply).approved).length;
  console.log(
    `${KILLS} kills: ${risk.answered.size} decisions, ${approved} approvals, ${decided} asked again, ` +
      `${risk.execution.fills.length} fills, ${risk.execution.riskLog.length} events in the risk log`,
  );
  assert.ok(approved > 0 && approved < risk.answered.size);
});

for (const point of ['before-commit', 'after-commit', 'after-publish', 'before-apply-commit', 'after-apply-commit']) {
  test(`a risk that dies at ${point} decides once and applies once`, { timeout: 120_000 }, async (t) => {
    const failpoints = mkdtempSync(join(tmpdir(), 'tickpath-failpoints-'));
    t.after(() => rmSync(failpoints, { recursive: true }));
    const risk = await aRisk(t, { TICKPATH_FAILPOINTS_DIR: failpoints });
    const process_ = await risk.start();
    const client = risk.trade();
    await eventually('some orders', () => risk.answered.size > 10 || undefined);
    const file = join(failpoints, `risk.${point}`);
    writeFileSync(file, '');
    assert.deepEqual(await process_.ended, { code: null, signal: 'SIGKILL' });
    assert.ok(!existsSync(file), 'it died there');
    await client;

    await risk.start();
    await risk.audit();
    const [check] = risk.unanswered;
    assert.ok(check !== undefined);
    const isOf = (event: Envelope) => event.kind !== 'ExecutionApplied' && clOrdIdOf(event) === check.clOrdId;
    const isDecided = risk.execution.riskLog.some(isOf);
    if (point === 'before-commit') assert.ok(!isDecided, 'nothing was kept');
    if (point === 'after-commit' || point === 'after-publish') assert.ok(isDecided, 'what was committed is there');
    const result = await risk.asking((requester) => requester.ask('riskCheck', check));
    assert.ok(result.ok);
    risk.answered.set(check.requestId, { check, reply: result.reply });
    await risk.audit();
  });
}

test('a log of execution that risk has never followed stops it, over a restart too, until it is told to rebase', {
  timeout: 120_000,
}, async (t) => {
  const risk = await aRisk(t);
  let process_ = await risk.start();
  await risk.audit();
  risk.execution.close();
  const other = await ExecutionStandIn.open(risk.portOffset, seededNumbers(SEED), 'another-execution');
  t.after(() => other.close());
  const why = /execution has log another-execution\/1, execution-stand-in\/1 was followed: run `tickpath rebase`/;
  await process_.line(why);
  await risk.end();
  process_ = risk.launch();
  await process_.line(why);
  const refused = await risk.asking((requester) => requester.ask('riskCheck', risk.aCheck()));
  assert.ok(refused.ok);
  assert.equal(decisionOf(refused.reply).reason, 'NOT_READY');
  assert.match(decisionOf(refused.reply).text ?? '', why);

  const asked = { requestId: 'rebase-1', reason: 'by test' };
  const done = await risk.asking((requester) => requester.ask('rebase', asked));
  assert.ok(done.ok && done.reply.kind === 'rebaseReply');
  assert.equal(done.reply.payload.text, "execution's log another-execution/1 is followed from now on");
  await process_.line(/"msg":"trading is ACTIVE"/);
  const again = await risk.asking((requester) => requester.ask('rebase', asked));
  assert.deepEqual(again.ok && again.reply, done.reply);
  const book = await risk.portfolio();
  assert.deepEqual([book?.cash, book?.executionSeq], [INITIAL_CASH, other.lastSeq]);
  await risk.end();
  await risk.start();
});
