import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type Addresses, addresses } from '@tickpath/runtime';
import { eventually, freePortOffset, networkAt, TestProcess } from '@tickpath/testkit';
import {
  type Envelope,
  failure,
  LogPublisher,
  MemoryLog,
  NO_METRICS,
  type Payload,
  Requester,
  Responder,
} from '@tickpath/wire';
import { VenueWitness } from '../chaos/venue-witness.ts';

const KEYS = { keyId: 'PKTEST', secretKey: 'execution-away' };
const SERVICES = join(import.meta.dirname, '../../services');
const ALL = Number.MAX_SAFE_INTEGER;
const nowNs = () => BigInt(Date.now()) * 1_000_000n;

interface Activity {
  readonly id: string;
  readonly order_id: string;
  readonly cum_qty: string;
  readonly qty: string;
  readonly price: string;
}

/** A risk log that approves what the test wants; it is not asked what it thinks of it. */
class ScriptedRisk {
  readonly #log: MemoryLog;
  readonly #publisher: LogPublisher;
  readonly #responder: Responder;

  private constructor(log: MemoryLog, publisher: LogPublisher, responder: Responder) {
    this.#log = log;
    this.#publisher = publisher;
    this.#responder = responder;
  }

  static async start(at: Addresses): Promise<ScriptedRisk> {
    const common = { source: 'risk', epoch: 1, nowNs, metrics: NO_METRICS };
    const log = new MemoryLog({ source: 'risk', identity: { uuid: randomUUID(), generation: 1 } });
    const bind = { pub: at.bind('riskLog') };
    const publisher = await LogPublisher.open({ ...common, log, bind, heartbeatMs: 200, hintCapacity: 100 });
    const handle = ({ kind, payload }: Envelope) =>
      kind === 'since' ? publisher.answerSince(payload as Payload<'since'>) : failure('', 'BAD_REQUEST', kind);
    return new ScriptedRisk(log, publisher, await Responder.open({ ...common, bind: at.bind('riskRequests'), handle }));
  }

  approve(clOrdId: string, orderQty: string, executionLog: string): void {
    const terms = { clOrdId, symbol: 'AAPL', side: 'BUY', orderQty, ordType: 'MARKET', timeInForce: 'DAY' } as const;
    const times = { receivedNs: nowNs(), expiresNs: nowNs() + 60_000_000_000n };
    const payload = { ...terms, ...times, strategy: 'test', cause: 'test', executionLog };
    this.#publisher.hint(this.#log.append('OrderApproved', payload, nowNs(), null));
  }

  get uuid(): string {
    return this.#log.identity.uuid;
  }

  close(): void {
    this.#publisher.close();
    this.#responder.close();
  }
}

describe('execution is killed beside a venue that goes on', { timeout: 180_000 }, () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'tickpath-away-'));
  const processes: TestProcess[] = [];
  let at: Addresses;
  let flags: readonly string[];
  let risk: ScriptedRisk;
  let venue: VenueWitness;
  let requester: Requester;
  let execution: TestProcess;

  const start = (service: string, args: readonly string[]): TestProcess => {
    const main = join(SERVICES, service, 'src/main.ts');
    const started = new TestProcess([process.execPath, main, ...flags, ...args]);
    processes.push(started);
    return started;
  };
  const startExecution = () =>
    start('execution', [
      '--execution.requestTimeoutMs=1000',
      '--execution.maxInFlightMs=1000',
      '--execution.heartbeatMs=200',
    ]);

  before(async () => {
    const portOffset = await freePortOffset();
    at = addresses(networkAt(portOffset));
    const keys = [`--alpaca.keyId=${KEYS.keyId}`, `--alpaca.secretKey=${KEYS.secretKey}`];
    flags = [`--network.portOffset=${portOffset}`, `--data.dir=${dataDir}`, ...keys];
    start('venue', ['--venue.synthetic.ticksPerSecond=40']);
    risk = await ScriptedRisk.start(at);
    execution = startExecution();
    venue = new VenueWitness(at.httpUrl('venue'), KEYS);
    const connect = at.connect('executionRequests');
    requester = new Requester({ source: 'test', epoch: 1, connect, nowNs, timeoutMs: 1000, retries: 20 });
    await trading();
  });

  after(async () => {
    requester?.close();
    risk?.close();
    for (const started of processes) started.kill('SIGKILL');
    await Promise.all(processes.map(({ ended }) => ended));
    rmSync(dataDir, { recursive: true });
  });

  /** Everything that execution's log says, and of which log. */
  async function readLog(): Promise<{ uuid: string; generation: number; events: readonly Envelope[] }> {
    const events: Envelope[] = [];
    for (;;) {
      const request = { requestId: randomUUID(), after: events.length, maxBytes: ALL };
      const result = await requester.ask('since', request);
      assert.ok(result.ok && result.reply.kind === 'sinceReply', result.ok ? result.reply.kind : result.text);
      const { uuid, generation, lastSeq } = result.reply.payload;
      events.push(...result.attached);
      if (events.length >= lastSeq) return { uuid, generation, events };
    }
  }

  function payloadsOf<K extends Envelope['kind']>(events: readonly Envelope[], kind: K): Payload<K>[] {
    return events.filter((event) => event.kind === kind).map(({ payload }) => payload as unknown as Payload<K>);
  }

  /** Waits until execution may trade, and gives its log as approvals are to name it. */
  async function trading(): Promise<string> {
    return eventually('execution is ACTIVE', async () => {
      const { uuid, generation, events } = await readLog();
      const said = payloadsOf(events, 'TradingStateChanged').at(-1);
      const taken = payloadsOf(events, 'AccountRebased').at(-1);
      return said?.state === 'ACTIVE' ? `${uuid}/${generation}/${taken?.rebase}` : undefined;
    });
  }

  const fillsOf = (events: readonly Envelope[], id: string) =>
    payloadsOf(events, 'OrderFilled').filter(({ clOrdId }) => clOrdId === id);

  const activities = async (): Promise<readonly Activity[]> =>
    (await venue.get('/v2/account/activities/FILL?direction=asc')) as Activity[];

  async function kill(): Promise<void> {
    execution.kill('SIGKILL');
    await execution.ended;
  }

  test('what was filled meanwhile is booked from the activities, in order and once; what was in doubt is looked up', async () => {
    const log = await trading();
    risk.approve('tp-long', '6000', log);
    await eventually('a first fill', async () => fillsOf((await readLog()).events, 'tp-long')[0]);
    const identity = await readLog();
    await kill();
    const known = fillsOf(identity.events, 'tp-long').length;
    risk.approve('tp-doubt', '1', log);
    await eventually('fills that nobody hears', async () =>
      (await activities()).length >= known + 4 ? true : undefined,
    );
    execution = startExecution();
    const events = await eventually('both orders have ended', async () => {
      const read = await readLog();
      const isRefused = payloadsOf(read.events, 'OrderRefused').some(({ clOrdId }) => clOrdId === 'tp-doubt');
      return isRefused && fillsOf(read.events, 'tp-long').at(-1)?.leavesQty === '0' ? read.events : undefined;
    });
    const told = await activities();
    assert.deepEqual(
      fillsOf(events, 'tp-long').map(({ cumQty, lastQty, lastPx }) => [cumQty, lastQty, lastPx]),
      told.map(({ cum_qty, qty, price }) => [cum_qty, qty, price]),
    );
    const fetched = fillsOf(events, 'tp-long').filter(({ execId }) => told.some(({ id }) => id === execId));
    assert.ok(fetched.length >= 3, `${fetched.length} executions came from the activities`);
    assert.deepEqual(
      payloadsOf(events, 'OrderRefused').map(({ clOrdId, reason }) => [clOrdId, reason]),
      [['tp-doubt', 'NEVER_SENT']],
    );
    assert.deepEqual(
      (await venue.orders()).map(({ client_order_id }) => client_order_id),
      ['tp-long'],
    );
    const { uuid, generation } = await readLog();
    assert.deepEqual([uuid, generation], [identity.uuid, identity.generation]);
    assert.equal(payloadsOf(events, 'AccountRebased').length, 1, 'the account is not taken again');
    console.log(`${fetched.length} of ${told.length} executions came from the activities`);
  });

  test('killed again and again under orders it sends none twice and books each execution once', async () => {
    const log = await trading();
    const asked: string[] = [];
    for (let round = 0; round < 6; round += 1) {
      for (let n = 0; n < 5; n += 1) {
        asked.push(`tp-${round}-${n}`);
        risk.approve(asked.at(-1) ?? '', '7', log);
      }
      // Every other time in the midst of it, else before any of it.
      if (round % 2 === 0) {
        await eventually('some of them are sent', async () => {
          const { events } = await readLog();
          const isSent = payloadsOf(events, 'OrderSubmitted').some(({ clOrdId }) => clOrdId.startsWith(`tp-${round}-`));
          return isSent || undefined;
        });
      }
      await kill();
      execution = startExecution();
      await trading();
    }
    const ends = new Set(['OrderRefused', 'OrderRejected', 'OrderCanceled', 'OrderExpired']);
    const events = await eventually('every order has ended', async () => {
      const read = (await readLog()).events;
      const ended = read.filter(({ kind, payload }) => {
        return ends.has(kind) || (kind === 'OrderFilled' && (payload as Payload<'OrderFilled'>).leavesQty === '0');
      });
      const ids = ended.map(({ payload }) => (payload as { clOrdId: string }).clOrdId);
      if (!asked.every((clOrdId) => ids.includes(clOrdId))) return undefined;
      assert.equal(new Set(ids).size, ids.length, 'each order ends once');
      return read;
    });
    const sent = await venue.orders();
    assert.ok(sent.length > 1, 'some of them came to the venue');
    assert.equal(new Set(sent.map(({ client_order_id }) => client_order_id)).size, sent.length);
    for (const { client_order_id: clOrdId, filled_qty } of sent) {
      const fills = fillsOf(events, clOrdId);
      assert.equal(String(fills.reduce((sum, { lastQty }) => sum + Number(lastQty), 0)), filled_qty, clOrdId);
    }
    assert.equal(payloadsOf(events, 'AccountRebased').length, 1, 'the account is not taken again');
    console.log(`${sent.length - 1} of ${asked.length} orders came to the venue`);
  });

  test('another risk log is followed only after a rebase, which is done once however often it is asked for', async () => {
    const log = await trading();
    const known = risk.uuid;
    risk.close();
    risk = await ScriptedRisk.start(at);
    const reason = await eventually('execution stops', async () => {
      const said = payloadsOf((await readLog()).events, 'TradingStateChanged').at(-1);
      return said?.state === 'CATCHING_UP' ? said.reasons.join() : undefined;
    });
    assert.equal(reason, `risk has log ${risk.uuid}, this execution follows ${known}: run \`tickpath rebase\``);
    const request = { requestId: randomUUID(), reason: 'risk lost its disk' };
    const answers = [];
    for (let n = 0; n < 3; n += 1) {
      const result = await requester.ask('rebase', request);
      assert.ok(result.ok && result.reply.kind === 'rebaseReply', result.ok ? result.reply.kind : result.text);
      answers.push(result.reply.payload.text);
    }
    const text = `the account is taken anew from the venue: risk lost its disk; risk's log ${risk.uuid} is followed from its first event`;
    assert.deepEqual(answers, [text, text, text]);
    const anew = await trading();
    assert.notEqual(anew, log);
    const { events } = await readLog();
    assert.deepEqual(
      payloadsOf(events, 'AccountRebased').map(({ rebase, reason: why }) => [rebase, why]),
      [
        [1, 'the journal of this execution is new'],
        [2, 'asked for: risk lost its disk'],
      ],
    );
    risk.approve('tp-old', '1', log);
    risk.approve('tp-anew', '1', anew);
    await eventually('a fill of the new order', async () => fillsOf((await readLog()).events, 'tp-anew')[0]);
    const sent = (await venue.orders()).map(({ client_order_id }) => client_order_id);
    assert.ok(!sent.includes('tp-old') && sent.includes('tp-anew'));
  });
});
