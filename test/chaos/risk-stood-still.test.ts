import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { addresses } from '@tickpath/runtime';
import { eventually, freePortOffset, networkAt, TestProcess } from '@tickpath/testkit';
import { LogPublisher, MemoryLog, NO_METRICS, type Payload, Requester, Responder } from '@tickpath/wire';

const WORKSPACE = join(import.meta.dirname, '../..');
/** More than what risk takes for a stall. */
const PAUSE_MS = 1000;
const nowNs = () => BigInt(Date.now()) * 1_000_000n;

/** Risk as a process of its own, between an execution and a signal that are this test. */
async function aRiskProcess(t: TestContext) {
  const portOffset = await freePortOffset();
  const at = addresses(networkAt(portOffset));
  const log = new MemoryLog({ source: 'execution', identity: { uuid: randomUUID(), generation: 1 } });
  const common = { source: 'execution', epoch: 1, nowNs, metrics: NO_METRICS };
  const publisher = await LogPublisher.open({
    ...common,
    log,
    bind: { pub: at.bind('executionLog'), push: at.bind('executionPush') },
    heartbeatMs: 100,
    hintCapacity: 10,
  });
  t.after(() => publisher.close());
  /** What an answer to `since` waits for. */
  const held = { until: Promise.resolve() };
  const responder = await Responder.open({
    ...common,
    bind: at.bind('executionRequests'),
    handle: async ({ payload }) => {
      await held.until;
      return publisher.answerSince(payload as Payload<'since'>);
    },
  });
  t.after(() => responder.close());
  const taken = { reason: 'by test', accountId: 'account-1', cash: '100000', positions: [], openOrders: [] };
  const account = { ...taken, rebase: 1, generation: 1 };
  log.append('AccountRebased', account, nowNs(), null);
  log.append('TradingStateChanged', { state: 'ACTIVE', reasons: [] }, nowNs(), null);

  // No silence of execution is noticed while the test runs.
  const flags = [`--network.portOffset=${portOffset}`, '--tracing.exporter=none', '--risk.heartbeatMs=60000'];
  const risk = new TestProcess([process.execPath, 'services/risk/src/main.ts', ...flags], { cwd: WORKSPACE });
  t.after(async () => {
    risk.kill('SIGKILL');
    await risk.ended;
  });
  await risk.line(/"lifecycle":"ready"/);
  const connect = at.connect('riskRequests');
  const signal = new Requester({ source: 'signal', epoch: 1, connect, nowNs, timeoutMs: 30_000, retries: 0 });
  t.after(() => signal.close());
  const book = await signal.ask('portfolioQuery', { requestId: 'book' });
  assert.ok(book.ok && book.reply.kind === 'portfolio');
  const { uuid, generation } = book.reply.payload;
  publisher.hint(log.append('RiskGenerationSeen', { uuid, generation }, nowNs(), null));

  /** Why an order is refused. All are, since no price has come; but `NOT_READY` means that risk got no further than that. */
  const refusal = async (): Promise<string> => {
    const requestId = randomUUID();
    const ids = { requestId, clOrdId: `tp-${requestId.slice(0, 8)}`, strategy: 'test', cause: 'test' };
    const order = { symbol: 'IBM', side: 'BUY', orderQty: '10', ordType: 'MARKET', timeInForce: 'DAY' } as const;
    const times = { receivedNs: nowNs(), expiresNs: nowNs() + 60_000_000_000n };
    const result = await signal.ask('riskCheck', { ...ids, ...order, ...times });
    assert.ok(result.ok && result.reply.kind === 'riskDecision');
    return `${result.reply.payload.reason}: ${result.reply.payload.text}`;
  };
  const untilReady = () =>
    eventually('risk is ready', async () => ((await refusal()).startsWith('NO_REFERENCE_PRICE') ? true : undefined));
  return { risk, held, refusal, untilReady };
}

test('a check that waited while risk stood still is not decided before the execution log has been read again', async (t) => {
  const { risk, held, refusal, untilReady } = await aRiskProcess(t);
  await untilReady();
  const answered = Promise.withResolvers<void>();
  held.until = answered.promise;
  risk.kill('SIGSTOP');
  const refused = refusal();
  await pause(PAUSE_MS);
  risk.kill('SIGCONT');
  assert.equal(await refused, 'NOT_READY: the execution log has not been read to its end');
  answered.resolve();
  await untilReady();
});
